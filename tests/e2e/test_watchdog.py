# SPDX-License-Identifier: Apache-2.0
"""What the service manager hears of the daemons: ready, alive while the loop turns, and nothing once it hangs."""
import fcntl
import os
import signal
import socket
import subprocess
import time
import uuid

import harness
from client import send
from harness import wait_until
from stack import Stack

setUpModule = harness.start_cluster
LIMIT = 1.0


class Manager:
    """The service manager's end of sd_notify(3)."""

    def __init__(self):
        self.name = f"calsync-watchdog-{uuid.uuid4().hex}"
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind("\0" + self.name)

    def environment(self):
        return {"NOTIFY_SOCKET": "@" + self.name, "WATCHDOG_USEC": str(int(LIMIT * 1_000_000))}

    def hear(self, text, within):
        """The seconds until a message that holds `text`; None = it did not come."""
        begun = time.monotonic()
        while (left := begun + within - time.monotonic()) > 0:
            self.socket.settimeout(left)
            try:
                if text in self.socket.recv(4096).decode():
                    return time.monotonic() - begun
            except TimeoutError:
                break
        return None

    def forget(self):
        """What has been said so far."""
        self.socket.setblocking(False)
        try:
            while True:
                self.socket.recv(4096)
        except BlockingIOError:
            pass


class Watchdog(harness.Case):
    @classmethod
    def setUpClass(cls):
        cls.stack = Stack(harness.cluster(), harness.TEMPLATE, with_emulator=False)
        cls.addClassCleanup(cls.stack.close)

    def setUp(self):
        self.manager = Manager()
        self.addCleanup(self.manager.socket.close)

    def start(self, command, environment={}, **options):
        process = subprocess.Popen(command, env={**self.stack.environment, **self.manager.environment(), **environment}, stdin=subprocess.DEVNULL, **options)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        self.assertIsNotNone(self.manager.hear("READY=1", 20), "it is ready")
        return process

    def assertFed(self, beats=4):
        for _ in range(beats):
            took = self.manager.hear("WATCHDOG=1", 10 * LIMIT)
            self.assertIsNotNone(took)

    def assertSilent(self):
        """Longer than the limit: the service manager would have ended it by now."""
        self.manager.forget()
        self.assertIsNone(self.manager.hear("WATCHDOG=1", 2.5 * LIMIT))

    def test_both_feed_it_and_a_process_that_stands_still_does_not(self):
        for command in (self.stack.api_command("serve"), self.stack.worker_command("run")):
            with self.subTest(command=command[0].name):
                process = self.start(command, stdout=subprocess.DEVNULL)
                self.assertFed()
                process.send_signal(signal.SIGSTOP)
                self.assertSilent()
                process.send_signal(signal.SIGCONT)
                self.assertFed(1)
                process.terminate()
                self.assertIsNotNone(self.manager.hear("STOPPING=1", 10))
                self.assertEqual(process.wait(20), 0)

    def test_a_loop_that_is_stuck_does_not_feed_it(self):
        """The process lives, its one thread waits for somebody to read the log: a full pipe blocks the loop itself."""
        reading, writing = os.pipe()
        self.addCleanup(os.close, reading)
        fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
        # What it says at its start must fit into the pipe.
        process = self.start(self.stack.api_command("serve"), {"CALSYNC_LOG_LEVEL": "info"}, stdout=writing)
        os.close(writing)
        self.assertFed(2)

        def stuck():
            # Each signal leaves a line in the log.
            process.send_signal(signal.SIGHUP)
            self.manager.forget()
            return self.manager.hear("WATCHDOG=1", 1.5 * LIMIT) is None
        wait_until(stuck, 120, "the loop is stuck")
        with self.assertRaises(OSError):
            send("GET", self.stack.root + "/healthz", timeout=1)
        self.assertIsNone(process.poll())
        self.assertSilent()
        # Read again, it goes on as if nothing had been.
        os.read(reading, 1 << 20)
        self.assertFed(1)


class Reload(harness.Case):
    WORKERS = 1
    WITH_EMULATOR = False

    def test_a_file_that_cannot_be_read_changes_nothing(self):
        flags = self.stack.home / "flags.env"
        kept = flags.read_text()
        for broken in (None, "CALENDAR_SYNC_ENABLED=false\nno assignment at all\n"):
            for daemon in (self.stack.api_process, *self.stack.workers):
                with self.subTest(daemon=daemon.name, broken=broken):
                    flags.unlink(missing_ok=True) if broken is None else flags.write_text(broken)
                    mark = daemon.mark()
                    daemon.send(signal.SIGHUP)
                    line = daemon.wait_message("the old ones stand", after=mark)
                    self.assertEqual(line["error_code"], "configuration_error")
                    self.assertNotIn("a setting changed", [one["message"] for one in daemon.logs[mark:]])
        shown = self.stack.admin.get("/api/admin/calendar/status").json()
        self.assertTrue(all(shown["flags"].values()), shown["flags"])
        flags.write_text(kept.replace('CALENDAR_JOBS_ENABLED="true"', 'CALENDAR_JOBS_ENABLED="false"'))
        for daemon in (self.stack.api_process, *self.stack.workers):
            mark = daemon.mark()
            daemon.send(signal.SIGHUP)
            line = daemon.wait_message("a setting changed", after=mark)
            self.assertEqual(line["metadata"], {"name": "CALENDAR_JOBS_ENABLED", "before": "true", "after": "false"})
            daemon.wait_message("settings were read again", after=mark)
            self.assertEqual(len([one for one in daemon.logs[mark:] if one["message"] == "a setting changed"]), 1)
