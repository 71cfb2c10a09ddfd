# SPDX-License-Identifier: Apache-2.0
"""What is to hold once everything is healed, and the report."""
import contextlib
import time

import audit
from waiting import NotInTime, wait_until
from world import LEASE_SECONDS

POLL_SECONDS = 60
LARGEST_MIB = {"api": 100, "worker": 150}
GOAL_SECONDS = LEASE_SECONDS + 5


class Verdict:
    """`broken` are the sentences that fail the run."""

    def __init__(self, chaos, patient):
        self.chaos, self.world, self.everyone = chaos, chaos.world, chaos.everyone
        self.broken = []
        self.memory_at_end = self.world.crew.memory()
        self.heal()
        self.waited = self.wait(patient)
        self.judge()

    def heal(self):
        """All faults off; the runbook's statements for what stands by hand or backs off."""
        emulator, world = self.world.emulator, self.world
        emulator.control("DELETE", "/faults")
        emulator.control("DELETE", "/push/faults")
        for post in world.crew.posts:
            with post.lock:
                if not post.daemon.alive():
                    post.start()
        world.sql.execute("UPDATE external_calendar_connections SET sync_enabled = true WHERE NOT sync_enabled")
        world.sql.execute("UPDATE external_calendar_connections SET backoff_until = NULL WHERE backoff_until > now()")

    def wait(self, patient):
        """Seconds until every connection was healthy and in step; bounded by two polls and a lease."""
        begun = time.monotonic()
        bound = 2 * POLL_SECONDS + LEASE_SECONDS
        for one in self.everyone if not patient else ():
            self.chaos.people.request_sync(one)

        def settled():
            for one in self.everyone:
                # A verdict of the time before may still come.
                one.clear_backoff()
            if not any(one.faults_of_row() or one.differences() for one in self.everyone):
                return True
            time.sleep(0.3)
            return False
        # judge() says what is not in step.
        with contextlib.suppress(NotInTime):
            wait_until(settled, bound, "everything is in step")
        return time.monotonic() - begun

    def lasting_faults(self, one):
        """A push message that comes late wakes a healthy connection for a moment."""
        with contextlib.suppress(NotInTime):
            wait_until(lambda: not one.faults_of_row(), 3, "it is healthy")
        return one.faults_of_row()

    def judge(self):
        log, database = self.world.log, self.world.sql
        self.broken += log.violations
        differing = [line for one in self.everyone for line in one.differences()]
        self.lost = [line for line in differing if "lost:" in line]
        self.ghosts = [line for line in differing if "ghost:" in line]
        self.wrong = [line for line in differing if line not in self.lost and line not in self.ghosts]
        self.duplicates = self.everyone.duplicates()
        self.unhealthy = [f"{one.name[:14]}: {fault}" for one in self.everyone for fault in self.lasting_faults(one)]
        self.unhealthy += database.column("SELECT external_calendar_id || ': ' || last_error FROM external_calendars"
                                          " WHERE last_error IS NOT NULL AND deleted_at IS NULL")
        self.audit = [audit.sentence(row) for row in audit.found(database)]
        self.audit_counts = audit.counts(database)
        self.checked = audit.checked(database)
        self.leaks = self.world.seen.leaks(self.world.output().splitlines()) + self.world.seen.leaks_in_columns(database)
        self.bugs = [line[:400] for line in self.lines_of_those_that_ran() if '"internal_error"' in line or "AddressSanitizer" in line]
        self.heavy = [f"{post.name} held {post.largest_rss:.0f} MiB" for post in self.world.crew.posts
                      if post.largest_rss > LARGEST_MIB[post.kind]]
        for what in ("lost", "ghosts", "wrong", "duplicates", "unhealthy", "audit", "leaks", "bugs", "heavy"):
            found = getattr(self, what)
            if found:
                self.broken.append(f"{what}: {len(found)}, such as {found[:3]}")
        if not {"claim", "settle", "external_calendar_events"} <= set(self.checked):
            self.broken.append(f"the watch over leases saw only {self.checked}")

    def lines_of_those_that_ran(self):
        """A daemon that finds no database at its start says that this is fatal, and its supervisor starts it again."""
        excused = [daemon for post in self.world.crew.posts for daemon in post.failed_starts]
        return [line for daemon in self.world.past if daemon not in excused for line in list(daemon.raw)]

    def demand_all_kinds(self, names):
        missing = sorted(set(names) - set(self.chaos.scene.fired))
        if missing:
            self.broken.append(f"kinds of faults that never happened: {', '.join(missing)}")

    def demand_recovery(self):
        p99 = self.chaos.probes.quantile(0.99)
        if not p99 <= GOAL_SECONDS:
            self.broken.append(f"recovery p99 {p99:.2f} s is above {GOAL_SECONDS} s")

    # -- the report

    def stale_commits(self):
        return self.audit_counts["stale commit"]

    def summary(self):
        probes = self.chaos.probes
        return [f"lost {len(self.lost)}, ghosts {len(self.ghosts)}, duplicates {len(self.duplicates)}, stale commits {self.stale_commits()}",
                f"recovery p50 {probes.quantile(0.5):.2f} s, p99 {probes.quantile(0.99):.2f} s, longest {probes.quantile(1):.2f} s"
                f" (goal {GOAL_SECONDS} s; {len(probes.taken)} probes, {probes.helped()} had a backoff cleared)"]

    def table(self):
        probes, fired, helped = self.chaos.probes, self.chaos.scene.fired, self.chaos.probes.helped_by_kind()
        yield f"{'fault':<34} {'times':>5} {'p50 s':>7} {'longest s':>9} {'backoffs cleared':>16}"
        for name in sorted(fired):
            yield f"{name:<34} {fired[name]:>5} {probes.quantile(0.5, name):>7.2f} {probes.quantile(1, name):>9.2f} {helped[name]:>16}"
        yield f"{'all':<34} {fired.total():>5}"

    def details(self):
        memory = ", ".join(f"{name} {before:.0f} > {self.memory_at_end.get(name, 0):.0f} MiB"
                           for name, before in self.chaos.memory_at_begin.items())
        largest = ", ".join(f"{post.name} {post.largest_rss:.0f} MiB" for post in self.world.crew.posts)
        failed_starts = sum(len(post.failed_starts) for post in self.world.crew.posts)
        yield f"memory {memory}; largest {largest}"
        yield f"watched commits {self.checked}; other findings {dict(self.audit_counts)}"
        mutator = self.chaos.mutator
        yield f"changes {dict(mutator.done)}, refused {dict(mutator.refused)}; at Microsoft {dict(mutator.microsoft.done)}"
        yield f"deeds {dict(self.chaos.people.done)}; answers {dict(sorted(self.world.log.statuses.items()))}"
        yield (f"garbled {self.world.database_path.harmed} chunks on the path to the database and {self.world.provider_path.harmed} on that"
               f" to the provider; {len(self.world.seen)} secrets seen, {len(self.leaks)} leaked")
        yield f"{failed_starts} starts failed for want of a database; in step {self.waited:.1f} s after healing"

    def failure(self):
        yield f"seed {self.chaos.seed}; the last that happened:"
        yield from ("  " + line for line in self.world.log.last())
        yield from (f"BROKEN {line}" for line in self.broken)
