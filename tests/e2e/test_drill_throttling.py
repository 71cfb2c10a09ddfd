# SPDX-License-Identifier: Apache-2.0
"""Drill: the provider asks for fewer calls. The wait that it asks for is kept, whoever asks meanwhile, and nothing is lost."""
import collections
import contextlib
import datetime
import email.utils
import threading

import harness
from counting import PUSHES, REQUESTS
from events import timed
from failing import FailureCase
from failing_microsoft import MicrosoftFailures
from harness import wait_until
from microsoft import daily, day
from provider_proxy import Rule

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


# Graph: 429 for a mailbox that has too many calls at a time or within ten minutes, 509 for too much traffic.
THROTTLED_AT_MICROSOFT = (
    *((kind, header, code, low, high) for kind, header, code, low, high in THROTTLED if kind == "too_many_requests"),
    ("mailbox_concurrency", None, "rate_limited", 1, 15),
    ("mailbox_concurrency", lambda: "90", "rate_limited", 90, 99),
    ("bandwidth_exceeded", None, "rate_limited", 1, 15),
    ("bandwidth_exceeded", lambda: http_date(600), "rate_limited", 595, 660),
)
CLASSES = {"too_many_requests": "429", "mailbox_concurrency": "429", "bandwidth_exceeded": "5xx"}  # else 4xx


class Throttling(FailureCase):
    CASES = THROTTLED

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

    def fails_halfway(self, connection, count=1, **bounds):
        """A run that is told to wait after the calendars were listed; no event is touched."""
        before, self.marks[connection] = self.stack.events(connection, everything=True), self.stack.workers[0].mark()
        self.stack.retry(connection)
        self.assertFailed("rate_limited", connection, count, after=self.marks[connection], **bounds)
        self.assertEqual(self.stack.events(connection, everything=True), before)

    def ask_again(self, one):
        """A person, a push and a job ask for a sync."""
        connection = one["who"][2]
        answer = self.stack.app.post("/api/calendar/sync", {"connection_id": connection}, wait=5)
        self.assertEqual((answer.status, answer.json()["status"]), (200, "pending"))
        self.assertEqual(self.push(one["channel"]).status, self.TAKEN)
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
            waiting = [self.throttle(faults, *case) for case in self.CASES]
            for one in waiting:
                self.ask_again(one)
            self.stack.worker_rounds()
            for one, (kind, header, *_) in zip(waiting, self.CASES):
                with self.subTest(kind=kind, header=header and header()):
                    self.assertKept(one)
        counts = collections.Counter(CLASSES.get(case[0], "4xx") for case in self.CASES)
        for status_class, count in counts.items():
            self.assertGrown(before, count, REQUESTS, provider=self.PROVIDER, operation="list_calendars", status_class=status_class)
        self.assertGrown(before, len(waiting), PUSHES, provider=self.PROVIDER, result="accepted")
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

    def test_a_page_that_is_throttled_ends_the_run_and_keeps_what_was(self):
        """The calendars were listed, and so was the first page."""
        owner, address, connection = self.connected([timed("one0000001", "One")])
        self.emulator.put_events(address, address, [timed(f"event{number:05}", f"Event {number}") for number in range(400)])
        with self.emulator.trouble("too_many_requests", match={"account": address, "page": 2}, retry_after="60"):
            self.fails_halfway(connection, low=60, high=66)
            asked = self.asked(address)
            self.stack.worker_rounds()
            self.assertEqual(self.asked(address), asked)
        self.recovers(owner, address, connection)


class RefusalsOfGoogle(FailureCase):
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


class ThrottlingAtMicrosoft(MicrosoftFailures, Throttling):
    CASES = THROTTLED_AT_MICROSOFT

    def test_one_part_of_a_run_is_throttled(self):
        """The series of a calendar are read one by one: the wait for one of them is the whole account's."""
        owner, address, connection = self.connected([timed("one0000001", "One")])
        self.emulator.control("POST", "/microsoft/events", {"email": address, "event": daily("Series", day(1), 5)})
        for count, operation in enumerate(("graph.event.get", "graph.event.instances"), 1):
            with self.subTest(operation), self.emulator.trouble("too_many_requests", address, operation=operation, retry_after="300"):
                self.fails_halfway(connection, count, low=300, high=330)
        self.recovers(owner, address, connection)

    def test_a_busy_server_is_waited_for(self):
        for kind, header, low, high in (("server_busy", "40", 40, 44), ("server_busy", None, 1, 15), ("unavailable", "50", 50, 55)):
            owner, address, connection = self.changed()
            with self.subTest(kind, header=header), self.emulator.trouble(kind, address, **({"retry_after": header} if header else {})):
                self.fails("provider_unavailable", connection, low=low, high=high)
                asked = self.asked(address)
                self.stack.worker_rounds()
                if high > 15:
                    self.assertEqual(self.asked(address), asked, "no call before the wait ends")
            self.recovers(owner, address, connection)

    def test_entra_throttles(self):
        """The token endpoint is a place of its own; its wait is the account's, and no proof against the grant."""
        owner, address, connection = self.changed()
        self.emulator.control("POST", "/microsoft/tokens/expire-access", {"email": address})
        self.stack.set(connection, "token_expiry = now() - interval '1 minute'")
        with self.emulator.trouble("too_many_requests", address, operation="entra.token", retry_after="70"):
            row = self.fails("rate_limited", connection, low=70, high=77)
            self.assertEqual(row["grant_refusals"], 0)
            asked = self.asked(address)
            self.stack.worker_rounds()
            self.assertEqual(self.asked(address), asked)
        self.recovers(owner, address, connection)


class OneMailbox(MicrosoftFailures):
    """Graph bears four calls of an application to one mailbox at a time; the emulator refuses the fifth."""
    WORKERS = 2
    OWNERS = 9

    def test_owners_who_share_a_mailbox_wait_for_one_another_across_workers(self):
        address = self.account([timed(f"event{number:05}", f"Event {number}") for number in range(30)])
        owners = [self.stack.new_owner() for _ in range(self.OWNERS)]
        connections = [self.connect(owner, address) for owner in owners]
        for connection in connections:
            self.stack.wait_synced(connection, 60)
        flights = Flights(self.emulator.proxy, address)
        self.addCleanup(self.emulator.proxy.rules.remove, flights.rule)
        mark = self.emulator.control("GET", "/calls")["last"]
        claims = self.sql.value("SELECT sum(lease_token) FROM external_calendar_connections")
        with self.emulator.settings(latency_ms=150, short_pages=5):
            for number in range(2):
                self.emulator.put_event(address, address, timed("event00001", f"Changed {number}"))
                self.sql.execute("UPDATE external_calendar_connections SET sync_needed = true, sync_cursor = NULL")
                for connection in connections:
                    self.stack.wait_synced(connection, 90)
        refused = self.emulator.control("GET", f"/calls?account={address}&status=429&since={mark}")["calls"]
        self.assertEqual(refused, [], "the mailbox has never been asked too much")
        self.assertTrue(2 <= flights.most <= 4, f"{flights.most} calls at a time")
        self.assertGreaterEqual(self.sql.value("SELECT sum(lease_token) FROM external_calendar_connections") - claims, 2 * self.OWNERS)
        worked = [any(line["message"] == "calendar sync completed" for line in worker.logs) for worker in self.stack.workers]
        self.assertEqual(worked, [True, True], "both workers have had runs")
        for owner, connection in zip(owners, connections):
            row = self.stack.connection(connection)
            self.assertEqual((row["error_count"], row["last_error"]), (0, None), "waiting for its turn is no failure")
            self.assertMirrors(owner, address, connection)


class Flights:
    """How many calls of an account are on their way at a time, as its provider sees it."""

    def __init__(self, proxy, account):
        self.now = self.most = 0
        self._lock = threading.Lock()
        self.rule = Rule(lambda call: call["account"] == account and call["path"].startswith("/graph/"), self._pass)
        self._proxy = proxy
        proxy.rules.append(self.rule)

    def _pass(self, exchange):
        with self._lock:
            self.now += 1
            self.most = max(self.most, self.now)
        try:
            call = exchange.call
            target = exchange.handler.path
            status, headers, content, promised = self._proxy.forward(call["method"], target, exchange.headers, exchange.body)
        finally:
            with self._lock:
                self.now -= 1
        exchange.answer(status, headers, content, promised)
