# SPDX-License-Identifier: Apache-2.0
"""Faults of workers, machines and the database: each is told by every place with its cause, the right owner and one action, and that
action ends it."""
import contextlib
import os
import pathlib
import signal
import subprocess

import harness
from events import timed
from harness import wait_until
from oncall import ACTIONS, Counter, Fault, Gauge, Log, OnCall, table, text_of

setUpModule = harness.start_cluster
FAKETIME = pathlib.Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1")
SKEW = 600


def frozen_worker(case, who, planted):
    """It stops where it stands, in the middle of a run."""
    held = planted.enter_context(case.emulator.hold("api", account=who[1]))
    case.stack.set(who[2], "sync_needed = true")
    held.wait()
    case.stack.workers[0].send(signal.SIGSTOP)
    case.assertEqual(case.explained(who[2])["explanation"]["cause"], "syncing", "nobody can know it yet")
    wait_until(lambda: case.explained(who[2])["explanation"]["cause"] != "syncing", 25, "a worker that is silent for 15 s is noticed")


def another_worker(case, who, planted):
    planted.close()
    with case.other_port():
        case.stack.start_workers(1)
    case.stack.wait_synced(who[2])
    frozen, new = case.stack.workers
    frozen.send(signal.SIGCONT)
    case.assertEqual(new.terminate(), 0)
    case.stack.workers.remove(new)


def no_worker(case, who, planted):
    """For an hour."""
    case.stack.stop_workers()
    case.sql.execute("UPDATE external_calendar_connections SET last_synced_at = now() - interval '1 hour'")


def start_worker(case, who, planted):
    case.stack.start_workers(1)


def poison(case, who, planted):
    """Each worker that takes it dies of it."""
    case.stack.stop_workers()
    case.stack.set(who[2], "sync_needed = true")
    for _ in range(5):
        with case.emulator.hold("api", account=who[1]) as held:
            worker, = case.stack.start_workers(1)
            held.wait()
            case.stack.workers.remove(worker)
            worker.kill()
            # As after 15 s of silence, and at the end of the lease.
            case.sql.execute("UPDATE calendar_sync_workers SET heartbeat_at = now() - interval '1 minute'")
            case.sql.execute("UPDATE external_calendar_connections SET lease_until = now() WHERE id = %s", who[2])
    case.stack.start_workers(1)
    case.stack.wait_row(who[2], lambda row: row["last_error"] and row["lease_until"] is None, "it is suspended")


def cleared(case, who, planted):
    case.act(who[2], "clear-backoff")


def full_disk(case, who, planted):
    """The table of events lies on a small disk, which somebody else has filled."""
    with (case.disk / "somebody-else").open("wb") as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(1 << 16))
            file.flush()
    case.emulator.put_events(who[1], who[1], [timed(f"large{number:05}", "Large", description="x" * 4000) for number in range(400)])
    case.poll(who[2])


def freed(case, who, planted):
    (case.disk / "somebody-else").unlink()
    cleared(case, who, planted)


def read_only(case, who, planted):
    case.sql.execute("SET default_transaction_read_only = off")
    case.addCleanup(writable, case, who, planted)
    case.set_in_server("default_transaction_read_only = on")
    case.stack.set(who[2], "last_synced_at = now() - interval '6 minutes'")


def writable(case, who, planted):
    case.set_in_server("default_transaction_read_only = off")


def skewed_clock(case, who, planted):
    """The worker's machine is ten minutes ahead."""
    case.stack.stop_workers()
    right = case.stack.environment
    case.stack.environment = {**right, "LD_PRELOAD": str(FAKETIME), "FAKETIME": f"+{SKEW}", "FAKETIME_DONT_FAKE_MONOTONIC": "1", "NO_FAKE_STAT": "1"}
    case.stack.start_workers(1)
    case.stack.environment = right
    case.poll(who[2])


def right_clock(case, who, planted):
    case.stack.stop_workers()
    case.stack.start_workers(1)
    case.stack.sync(who[2])


NO_WORKER = Gauge("calendar_workers_alive", {}, 0)


@table(
    Fault("a worker that stands still", frozen_worker, "lease_stuck", "delayed", "operator", ("worker ", " holds it since ", "was last heard of at"),
          "start a sync-worker: it takes the connection over", None, NO_WORKER,
          ("No sync-worker is alive",), another_worker, ("CalsyncWorkersMissing",)),
    Fault("no worker at all", no_worker, "no_worker", "delayed", "operator", ("it is due since", "no worker is alive"), "start a sync-worker",
          Log("sync-worker stopped", named=False), NO_WORKER, ("No sync-worker is alive",), start_worker,
          ("CalsyncWorkersMissing", "CalsyncFreshnessBurnFast"),
          also=("CalsyncStalled", "CalsyncFreshnessBurnSlow", "CalsyncFreshnessCreep", "CalsyncQueueWaits", "CalsyncGrantsOverdue")),
    Fault("a connection that kills its workers", poison, "poison", "suspended", "operator", ("internal_error: the last 5 runs", "ended with their worker"),
          "read the last lines that its workers logged", Log("calendar sync needs a person", "internal_error"),
          Gauge("calendar_connections", {"state": "suspended"}, 1), ("internal_error operator",), cleared, ("CalsyncSuspended",)),
    Fault("a clock that is wrong", skewed_clock, "clock", "active", "operator", ("the clock of the worker's machine is", "seconds ahead of the database's"),
          "set the machines' clocks right", None, None, (), right_clock),
    Fault("a full disk", full_disk, "disk_full", "delayed", "operator", ("database_error: ", "No space left on device"),
          "free space on the database server's disk", Log("calendar sync failed", "database_error"),
          Counter("calendar_sync_failures_total", {"error_code": "database_error"}), ("database_error operator",), freed,
          issue="Database Errors"),
    Fault("a database that takes no writes", read_only, "database_read_only", "delayed", "operator", ("the database takes no writes",),
          "point DATABASE_URL at the primary", Log("the database cannot be reached", "database_error", named=False, metadata=("read-only transaction",)), NO_WORKER, ("No sync-worker is alive",), writable,
          ("CalsyncWorkersMissing",)),
)
class Machines(OnCall):
    """What runs, and on what."""

    @classmethod
    def setUpClass(cls):
        if os.getuid() != 0:
            raise cls.skipTest(cls, "a disk that can be filled takes root to mount")
        super().setUpClass()
        cls.disk = harness.cluster().home / "disk"
        cls.disk.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m,mode=0777", "tmpfs", cls.disk], check=True)
        cls.addClassCleanup(subprocess.run, ["umount", "-l", cls.disk], check=True)
        (cls.disk / "table").mkdir()
        subprocess.run(["chown", "postgres:", cls.disk / "table"], check=True)
        cls.stack.sql.execute(f"CREATE TABLESPACE small LOCATION '{cls.disk / 'table'}'")
        cls.stack.sql.execute("ALTER TABLE external_calendar_events SET TABLESPACE small")

    def tearDown(self):
        if not self.stack.workers:
            self.stack.start_workers(1)
        super().tearDown()

    def set_in_server(self, setting):
        self.sql.execute(f"ALTER SYSTEM SET {setting}")
        self.sql.execute("SELECT pg_reload_conf()")

    @contextlib.contextmanager
    def other_port(self):
        """For a second worker on this machine."""
        self.stack.config["worker"]["metrics_port"] = 0
        self.stack.write_config()
        try:
            yield
        finally:
            self.stack.config["worker"]["metrics_port"] = self.worker_port
            self.stack.write_config()


class DatabaseDown(OnCall):
    """Nobody can look at a row, so the places say it each for itself."""

    def test_each_place_says_it_and_the_daemons_come_back_by_themselves(self):
        owner, address, connection = who = self.somebody()
        self.page("/admin")
        self.marks = {id(daemon): len(daemon.logs) for daemon in self.stack.past}
        self.sql.close()
        harness.cluster().stop("fast")
        try:
            self.assertLogged(Log("the database cannot be reached", "database_error", named=False), connection)
            self.assertAnswer(self.stack.admin.get(f"/api/calendar/connections/{connection}/explain"), 503, "database_error")
            self.assertAnswer(self.stack.admin.post(f"{ACTIONS}/{connection}/sync", {"reason": "woken by an alert"}), 503, "database_error")
            status, _, error = self.stack.run_api("explain", connection)
            self.assertEqual(status, 1)
            self.assertIn("database", error)
            ready = self.assertAnswer(self.stack.stranger.get("/readyz"), 503)
            self.assertIn("database", ready.text)
            self.assertEqual(self.stack.stranger.get("/healthz").status, 200)
            for path in ("/admin", f"/admin/connections/{connection}"):
                self.assertIn("database", text_of(self.page(path, 503)).lower())
            for of_worker in (False, True):
                self.assertEqual(self.value(self.figures(Gauge("", {}, 0, of_worker)), Gauge("calendar_database_up", {}, 0)), 0)
            down = {("CalsyncDatabaseDown", "operator")}
            wait_until(lambda: self.prometheus.firing() == down, 40, lambda: f"that alert alone fires; there are {self.prometheus.alerts()}")
        finally:
            harness.cluster().start()
        wait_until(lambda: self.stack.stranger.get("/readyz").status == 200, 20, "the server is ready")
        self.assertMended(who)
        self.prometheus.wait_silent()
