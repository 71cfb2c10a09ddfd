# SPDX-License-Identifier: Apache-2.0
"""Drill: a worker is killed in the middle of its runs. Another one takes over all of them; nothing is lost and nothing happens twice."""
import contextlib
import signal

import psycopg2

import harness
from counting import FAILURES, RUNS
from events import timed
from failing import FailureCase
from harness import wait_until

setUpModule = harness.start_cluster


class KilledWorker(FailureCase):
    WORKERS = 0
    CONFIG = {"worker": {"lease_seconds": 120}}

    def somebody_waits_for_a_lock(self):
        return self.sql.value("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'") > 0

    def assertCounted(self):
        """Not here: a worker that is killed takes with it what it has counted since its last report."""

    def test_its_runs_are_taken_over_once_wherever_they_were(self):
        """One waits for its first answer, one for its third page, one for the row that it is to settle."""
        first = self.stack.start_workers(1)[0]
        begun, paging, settling = everyone = [self.changed() for _ in range(3)]
        self.emulator.put_events(paging[1], paging[1], [timed(f"event{number:05}", f"Event {number}") for number in range(600)])
        shown = self.settled()
        runs = {one[2]: len(self.history(one[2])) for one in everyone}
        with contextlib.closing(psycopg2.connect(self.stack.database_url)) as blocker, \
                self.emulator.hold("api", account=begun[1]) as held, \
                self.emulator.hold("api", account=paging[1], after=3) as held_later, \
                self.emulator.hold("api", account=settling[1]) as held_first:
            for one in everyone:
                self.stack.set(one[2], "sync_needed = true")
            for hold in (held, held_later, held_first):
                hold.wait()
            blocker.cursor().execute("SELECT 1 FROM external_calendar_connections WHERE id = %s FOR UPDATE", (settling[2],))
            held_first.released.set()
            wait_until(self.somebody_waits_for_a_lock, 10, "the settlement waits for the row")
            claimed = {one[2]: self.stack.connection(one[2]) for one in everyone}
            second = self.stack.start_workers(1)[0]
            self.stack.worker_rounds(2)
            for one in everyone:
                self.assertEqual(self.stack.connection(one[2]), claimed[one[2]], "a live lease is left alone")
            self.assertEqual(first.kill(), -signal.SIGKILL)
            self.stack.workers.remove(first)
            # What is announced while nobody works on the connection is not lost either.
            self.emulator.put_event(begun[1], begun[1], timed("late000001", "Late"))
            self.assertEqual(self.push(self.channel(begun[2])).status, 200)
            asked = {one[2]: self.event_reads(one[1]) for one in everyone}
        # Dead after 15 s without a sign of life, long before the lease of 120 s ends.
        taken = [one for one in everyone if self.taken_over(one, claimed[one[2]]["lease_token"], runs[one[2]], second)]
        self.assertEqual(taken[:2], [begun, paging])
        self.assertEqual({one[2]: self.event_reads(one[1]) - asked[one[2]] for one in everyone},
                         {begun[2]: 1, paging[2]: 3, settling[2]: len(taken) - 2}, "every page is read once by the second worker")
        self.assertEqual(len(self.stack.events(paging[2], everything=True)), 602)
        self.assertGrown(shown, len(taken), RUNS, provider="google", outcome="complete")
        self.assertGrown(shown, 0, FAILURES)
        self.assertEqual([line for line in second.logs if line["level"] in ("warn", "error")], [])

    def taken_over(self, who, token, runs, second):
        """Waits until this connection is in step by exactly one run more, and says whether that is the second worker's. It is not
        where the settlement had reached the database before the death: that is taken for what it is."""
        row = self.stack.wait_row(who[2], lambda row: not row["sync_needed"] and row["lease_until"] is None, "it is in step", timeout=30)
        self.assertEqual((row["error_count"], row["last_error"], row["backoff_until"]), (0, None, None), "a death is nobody's failure")
        self.assertMirrors(*who)
        self.assertIn(row["lease_token"], (token, token + 1))
        run, = self.history(who[2])[runs:]
        self.assertEqual((run["outcome"], run["lease_token"]), ("complete", row["lease_token"]), "a run that died leaves no verdict")
        if row["lease_token"] == token:
            return False
        line = second.wait_message("calendar sync completed", connection_id=who[2], level="info")
        self.assertEqual(line["sync_id"], str(run["sync_id"]))
        return True
