# SPDX-License-Identifier: Apache-2.0
"""Drill: the provider asks for fewer calls. The wait that it asks for is kept, whoever asks meanwhile, and nothing is lost."""
import contextlib
import datetime
import email.utils

import harness
from counting import PUSHES, REQUESTS
from failing import FailureCase
from harness import wait_until

setUpModule = harness.start_cluster
WEEK = 7 * 86400


def http_date(seconds):
    moment = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
    return email.utils.format_datetime(moment, usegmt=True)


# (kind of fault, Retry-After or None, code, bounds of the wait in seconds)
THROTTLED = (
    ("too_many_requests", lambda: "120", "rate_limited", 120, 132),
    ("too_many_requests", lambda: "7200", "rate_limited", 7200, 7260),
    ("too_many_requests", lambda: http_date(300), "rate_limited", 295, 331),
    ("too_many_requests", None, "rate_limited", 1, 15),
    # Nobody means ten years.
    ("too_many_requests", lambda: "315360000", "rate_limited", WEEK, WEEK + 60),
    ("too_many_requests", lambda: http_date(315360000), "rate_limited", WEEK, WEEK + 60),
    # Never at once, and never for ever.
    ("too_many_requests", lambda: "0", "rate_limited", 1, 15),
    ("too_many_requests", lambda: "-5", "rate_limited", 1, 15),
    ("too_many_requests", lambda: "soon", "rate_limited", 1, 15),
    ("too_many_requests", lambda: "", "rate_limited", 1, 15),
    ("too_many_requests", lambda: "1e9", "rate_limited", 1, 15),
    ("too_many_requests", lambda: "120, 240", "rate_limited", 1, 15),
    ("too_many_requests", lambda: "99999999999999999999", "rate_limited", 1, 15),
    ("too_many_requests", lambda: "Thu, 01 Jan 1970 00:00:00 GMT", "rate_limited", 1, 15),
    ("forbidden_rate", None, "rate_limited", 1, 15),
    ("forbidden_user_rate", None, "rate_limited", 1, 15),
    ("forbidden_rate", lambda: "600", "rate_limited", 600, 660),
    ("forbidden_quota", None, "quota_exceeded", 3600, 7200),
    ("forbidden_daily", None, "quota_exceeded", 3600, 7200),
    ("forbidden_quota", lambda: "90", "quota_exceeded", 90, 99),
)


class Throttling(FailureCase):
    def throttle(self, faults, kind, header, code, low, high):
        """A connection that has just been told to wait: everything that is to be checked about it afterwards."""
        owner, address, connection = self.changed()
        order = {} if header is None else {"retry_after": header()}
        faults.enter_context(self.emulator.trouble(kind, address, **order))
        row = self.fails(code, connection, low=low, high=high)
        self.assertEqual(self.stack.shown(connection)["state"], "throttled")
        # The shortest waits would end during the test; what is to be seen is that nobody else ends them.
        if high <= 15:
            self.stack.set(connection, "backoff_until = now() + interval '10 minutes'")
            row = self.stack.connection(connection)
        return {"who": (owner, address, connection), "row": row, "asked": self.asked(address), "channel": self.channel(connection)}

    def ask_again(self, one):
        """A person, a push and a job ask for a sync."""
        connection = one["who"][2]
        answer = self.stack.app.post("/api/calendar/sync", {"connection_id": connection}, wait=5)
        self.assertEqual((answer.status, answer.json()["status"]), (200, "pending"))
        self.assertEqual(self.push(one["channel"]).status, 200)
        job = self.stack.admin.post("/api/admin/calendar/jobs/run", {"connection_id": connection, "wait_seconds": 5})
        self.assertEqual((job.status, job.json()["summary"]["connections_processed"]), (200, 0), job.text)

    def assertKept(self, one):
        _, address, connection = one["who"]
        after = self.stack.connection(connection)
        self.assertEqual(self.asked(address), one["asked"], "no call before the wait ends")
        self.assertEqual(after["backoff_until"], one["row"]["backoff_until"], "nobody pulls the retry forward")
        self.assertEqual((after["error_count"], after["sync_needed"], after["lease_until"]), (1, True, None))
        self.assertIsNotNone(after["last_webhook_received_at"])

    def test_the_wait_is_kept_whoever_asks_and_nothing_is_lost(self):
        before = self.settled()
        with contextlib.ExitStack() as faults:
            waiting = [self.throttle(faults, *case) for case in THROTTLED]
            for one in waiting:
                self.ask_again(one)
            self.stack.worker_rounds()
            for one, (kind, header, *_) in zip(waiting, THROTTLED):
                with self.subTest(kind=kind, header=header and header()):
                    self.assertKept(one)
        for kind, status_class in (("too_many_requests", "429"), ("forbidden", "4xx")):
            count = len([case for case in THROTTLED if case[0].startswith(kind)])
            self.assertGrown(before, count, REQUESTS, provider="google", operation="list_calendars", status_class=status_class)
        self.assertGrown(before, len(waiting), PUSHES, provider="google", result="accepted")
        self.assertEqual(self.figures().value("calendar_queue_backoff"), len(waiting))
        for one in waiting:
            # What was asked for meanwhile is served now, and cost no further failure.
            self.recovers(*one["who"])
            self.assertEqual([run["outcome"] for run in self.history(one["who"][2])].count("retry"), 1)
        self.assertEqual(self.figures().value("calendar_queue_backoff"), 0)

    def test_a_short_wait_ends_by_itself_and_not_before(self):
        """Eight accounts are told to wait two seconds: none calls earlier, and the first recovers without help."""
        everyone = [self.changed() for _ in range(8)]
        with self.emulator.trouble("too_many_requests", retry_after="2"):
            for _, _, connection in everyone:
                self.fails("rate_limited", connection, low=2, high=15)
            refused = {address: self.emulator.calls(account=address)[-1]["at"] for _, address, _ in everyone}
            asked = {address: self.asked(address) for _, address, _ in everyone}
        again = lambda: [one for one in everyone if self.asked(one[1]) > asked[one[1]]]
        first = wait_until(again, 17, "the first of them is tried again")[0]
        self.assertHealed(*first)
        for _, address, _ in everyone:
            for call in self.emulator.calls(account=address)[asked[address]:]:
                self.assertGreaterEqual(call["at"] - refused[address], 2)
        for one in everyone:
            self.recovers(*one)

    def test_refusals_that_are_no_throttling_are_told_apart(self):
        for kind, code, low, high in (("access_not_configured", "configuration_error", 300, 600), ("forbidden", "provider_rejected", 1, 15),
                                      ("not_a_calendar_user", "provider_rejected", 1, 15)):
            with self.subTest(kind=kind):
                owner, address, connection = self.changed()
                with self.emulator.trouble(kind, address):
                    self.fails(code, connection, low=low, high=high)
                    shown = self.stack.shown(connection)
                    self.assertEqual(shown["state"], "delayed")
                    self.assertTrue(shown["suggested_action"])
                self.recovers(owner, address, connection)
