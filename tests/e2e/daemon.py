# SPDX-License-Identifier: Apache-2.0
"""Processes under test: their life, their JSON log lines and their exit status."""
import json
import os
import signal
import subprocess
import threading

from waiting import announce, wait_until

RUNNING = []


class Daemon:
    """A started process. `logs` grows while it runs; a line that is not JSON lands in `noise`."""

    def __init__(self, name, command, environment):
        self.name = name
        self.logs, self.noise, self.raw = [], [], []
        self.process = subprocess.Popen([str(part) for part in command], env=environment, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8", errors="replace")
        self._readers = [threading.Thread(target=self._read, args=(stream, is_log), daemon=True)
                         for stream, is_log in ((self.process.stdout, True), (self.process.stderr, False))]
        for reader in self._readers:
            reader.start()
        RUNNING.append(self)

    def _read(self, stream, is_log):
        for line in stream:
            line = line.rstrip("\n")
            self.raw.append(line)
            self._keep(line, is_log)
            announce()
        announce()

    def _keep(self, line, is_log):
        if is_log and line.startswith("{"):
            try:
                self.logs.append(json.loads(line))
                return
            except ValueError:
                pass
        self.noise.append(line)

    def wait_log(self, predicate, what, timeout=15, after=0):
        """The first log line from index `after` on for which predicate(line) holds."""
        def look():
            # Asked before looking: what was written before the end has then been read.
            ended = not any(reader.is_alive() for reader in self._readers)
            for line in self.logs[after:]:
                if predicate(line):
                    return line
            if ended:
                raise AssertionError(f"{self.name} ended with {self.process.poll()} before: {what}; {self.raw[-5:]}")
            return None
        return wait_until(look, timeout, f"{self.name} logs {what}")

    def wait_message(self, text, timeout=15, after=0, **fields):
        """The first log line whose message contains `text` and which has these fields."""
        def wanted(line):
            return text in line["message"] and all(line.get(name) == value for name, value in fields.items())
        return self.wait_log(wanted, f"'{text}' {fields or ''}", timeout, after)

    def lines(self, **fields):
        return [line for line in list(self.logs) if all(line.get(name) == value for name, value in fields.items())]

    def mark(self):
        """Where the log stands now, for `after=`."""
        return len(self.logs)

    def alive(self):
        return self.process.poll() is None

    def send(self, number):
        self.process.send_signal(number)

    def kill(self):
        self.send(signal.SIGKILL)
        return self.wait()

    def terminate(self, timeout=40):
        self.send(signal.SIGTERM)
        return self.wait(timeout)

    def wait(self, timeout=40):
        """Exit status; also waits for the last log line."""
        status = self.process.wait(timeout)
        for reader in self._readers:
            reader.join(timeout)
        self.process.stdout.close()
        self.process.stderr.close()
        if self in RUNNING:
            RUNNING.remove(self)
        return status

    def end(self):
        """For clean-up: ends it whatever its state."""
        if self.alive():
            self.send(signal.SIGTERM)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.send(signal.SIGKILL)
        self.wait()


def run_to_end(command, environment, timeout=30):
    """(exit status, stdout, stderr) of a command that ends by itself."""
    done = subprocess.run([str(part) for part in command], env=environment, stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=timeout)
    return done.returncode, done.stdout, done.stderr


def base_environment():
    """What a daemon inherits: nothing of ours but the bare minimum."""
    return {name: os.environ[name] for name in ("PATH", "LANG", "TZ", "ASAN_OPTIONS", "TSAN_OPTIONS") if name in os.environ}
