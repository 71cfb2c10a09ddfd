# SPDX-License-Identifier: Apache-2.0
"""Cursors and pages: the meanings of 410, short and empty pages, items that come twice, and chains that break."""
import json

import harness
from compare import differences
from events import assorted, timed

setUpModule = harness.start_cluster


class ReadingCase(harness.Case):
    def assertMirrors(self, owner, email, connection, but=()):
        """Rows equal the emulator's truth in every field; calendars in `but` have no live row."""
        truth = {name: calendar for name, calendar in self.emulator.truth(email).items() if name not in but}
        same = {"provider": "google", "provider_id": owner, "connection_id": connection}
        self.assertEqual(differences(self.stack.events(connection), truth, same), [])

    def synced(self, connection):
        outcome = self.stack.sync(connection)
        self.assertEqual((outcome["served"], outcome["error"]), (True, None))

    def event_calls(self, email, after=0):
        return [call for call in self.emulator.calls(account=email)[after:] if call["path"].endswith("/events")]

    def many(self, count):
        return [timed(f"event{number:05}", f"Event {number}", begin="10:00", end="10:30") for number in range(count)]


class Cursors(ReadingCase):
    def expired(self, kind):
        """After the cursor is refused the calendar is read in full, once: what vanished meanwhile leaves, what stayed is not rewritten."""
        owner, email, connection = self.connected(assorted())
        before = self.stack.events(connection)
        self.emulator.delete_event(email, email, "plain00001")
        self.emulator.put_event(email, email, timed("new0000001", "New"))
        asked = len(self.event_calls(email))
        # What was deleted long ago is not even mentioned any more.
        with self.emulator.trouble(kind, email, "events.list", sync_token=True), self.emulator.bend(email, without_deleted):
            self.synced(connection)
        calls = self.event_calls(email, 0)[asked:]
        self.assertEqual([("syncToken" in call["query"], call["status"]) for call in calls], [(True, 410), (False, 200)])
        self.assertMirrors(owner, email, connection)
        after = self.stack.events(connection)
        self.assertEqual(after[email, "allday0001"], before[email, "allday0001"])
        self.assertEqual(self.stack.connection(connection)["error_count"], 0)
        self.emulator.put_event(email, email, timed("new0000002", "Newer"))
        self.synced(connection)
        self.assertIn("syncToken", self.event_calls(email)[-1]["query"])
        self.assertMirrors(owner, email, connection)

    def test_tokens_that_expired_at_the_provider(self):
        owner, email, connection = self.connected(assorted())
        self.emulator.expire_cursors(email)
        self.emulator.delete_event(email, email, "plain00001")
        self.synced(connection)
        self.assertMirrors(owner, email, connection)

    def test_410_full_sync_required(self):
        self.expired("gone_full_sync")

    def test_410_updated_min_too_long_ago(self):
        self.expired("gone_updated_min")

    def test_410_deleted_is_no_matter_of_cursors(self):
        """The calendar itself is gone, or so the provider says: its rows leave only when the list of calendars agrees."""
        owner, email, connection = self.connected([timed("one0000001", "One")])
        before = self.stack.events(connection, everything=True)
        with self.emulator.trouble("gone_deleted", email, "events.list"):
            outcome = self.stack.sync(connection)
        self.assertTrue((outcome["error"] or "").startswith("provider_rejected: "), outcome)
        self.assertEqual(self.stack.events(connection, everything=True), before)
        shown = self.stack.app.get(f"/api/calendar/connections/{connection}/calendars").json()["calendars"]
        self.assertTrue(shown[0]["last_error"].startswith("provider_rejected: "), shown)
        self.assertIsNone(self.stack.retry(connection)["error"])
        self.assertMirrors(owner, email, connection)

    def test_a_repair_storm_ends(self):
        """A calendar that refuses tokens minutes old is not read in full for ever: after a few rounds it rests."""
        owner, email, connection = self.connected(self.many(5))
        with self.emulator.trouble("gone_full_sync", email, "events.list", sync_token=True):
            for _ in range(6):
                self.synced(connection)
            asked = len(self.event_calls(email))
            self.synced(connection)
            self.assertEqual(len(self.event_calls(email)), asked, "the calendar rests")
        full = [call for call in self.event_calls(email) if "syncToken" not in call["query"]]
        self.assertLessEqual(len(full), 4)
        self.assertMirrors(owner, email, connection)

    def test_a_list_of_calendars_whose_cursor_expires(self):
        owner, email, connection = self.connected([timed("one0000001", "One")])
        second = "second@group.calendar.google.com"
        self.emulator.add_calendar(email, second, "Second", "Europe/Paris")
        with self.emulator.trouble("gone_full_sync", email, "calendarList.list", sync_token=True):
            self.synced(connection)
        self.assertMirrors(owner, email, connection)
        shown = self.stack.app.get(f"/api/calendar/connections/{connection}/calendars").json()["calendars"]
        self.assertEqual({one["external_calendar_id"] for one in shown}, {email, second})


class OneOfSeveral(ReadingCase):
    def test_a_calendar_that_cannot_be_read_stops_no_other(self):
        owner, email, connection = self.connected([timed("one0000001", "One")])
        second = "second@group.calendar.google.com"
        self.emulator.add_calendar(email, second, "Second", "Europe/Paris")
        self.emulator.put_event(email, second, timed("two0000001", "Two"))
        refusal = {"error": {"code": 403, "message": "Forbidden", "errors": [{"domain": "global", "reason": "forbidden", "message": "Forbidden"}]}}
        answer = lambda exchange: exchange.answer(403, [("Content-Type", "application/json")], json.dumps(refusal).encode())
        with self.emulator.rule("events", answer, email, where=lambda call: "second" in call["path"]):
            for round in range(3):
                self.emulator.put_event(email, email, timed("one0000001", f"One, {round}"))
                self.synced(connection)
                row = self.stack.connection(connection)
                self.assertEqual((row["error_count"], row["last_error"], row["backoff_until"]), (0, None, None))
                self.assertMirrors(owner, email, connection, but=(second,))
            self.assertTrue(self.calendar_error(connection, second).startswith("provider_rejected: "))
            self.assertIsNone(self.calendar_error(connection, email))
        self.synced(connection)
        self.assertIsNone(self.calendar_error(connection, second))
        self.assertMirrors(owner, email, connection)

    def calendar_error(self, connection, calendar_id):
        shown = self.stack.app.get(f"/api/calendar/connections/{connection}/calendars").json()["calendars"]
        return next(one["last_error"] for one in shown if one["external_calendar_id"] == calendar_id)


class Pages(ReadingCase):
    def paged(self, count=40, **settings):
        owner, email = self.stack.new_owner(), self.account()
        self.emulator.put_events(email, email, self.many(count))
        with self.emulator.settings(**settings):
            connection = self.stack.connect_google(owner, email)
            self.stack.wait_synced(connection)
            self.assertMirrors(owner, email, connection)
            self.assertEqual(len(self.stack.events(connection, everything=True)), count)
            asked = len(self.event_calls(email))
            self.emulator.put_events(email, email, [{**event, "summary": "Changed"} for event in self.many(count // 2)])
            self.synced(connection)
            self.assertMirrors(owner, email, connection)
            return self.event_calls(email)[:asked]

    def test_short_pages(self):
        calls = self.paged(short_pages=7)
        self.assertEqual(len(calls), 6)

    def test_empty_pages(self):
        calls = self.paged(short_pages=7, empty_pages=3)
        self.assertGreater(len(calls), 6)

    def test_items_that_come_twice(self):
        self.paged(short_pages=7, duplicate_items=True)

    def test_large_calendars(self):
        calls = self.paged(count=1200)
        self.assertGreater(len(calls), 1)

    def test_a_chain_that_breaks_in_the_middle_writes_nothing_and_starts_again(self):
        owner, email, connection = self.connected([timed("one0000001", "One")])
        before, cursor = self.stack.events(connection, everything=True), self.stack.connection(connection)["sync_cursor"]
        self.emulator.put_events(email, email, self.many(20))
        with self.emulator.settings(short_pages=5):
            with self.emulator.trouble("server_error", email, "events.list", after=2):
                outcome = self.stack.sync(connection)
            self.assertTrue((outcome["error"] or "").startswith("provider_unavailable: "), outcome)
            self.assertEqual(self.stack.events(connection, everything=True), before)
            self.assertEqual(self.stack.connection(connection)["sync_cursor"], cursor)
            self.assertIsNone(self.stack.retry(connection)["error"])
        self.assertMirrors(owner, email, connection)

    def test_a_cursor_that_expires_in_the_middle_of_a_chain(self):
        owner, email, connection = self.connected([timed("one0000001", "One")])
        self.emulator.put_events(email, email, self.many(20))
        with self.emulator.settings(short_pages=5), self.emulator.trouble("gone_full_sync", email, "events.list", after=2, times=1):
            self.synced(connection)
        self.assertMirrors(owner, email, connection)

    def test_our_own_pages(self):
        owner, email, connection = self.connected(self.many(23) + assorted())
        span = {"provider_id": owner, "from": "2027-01-01T00:00:00Z", "to": "2028-01-01T00:00:00Z", "limit": 7}
        found, token, pages = [], None, 0
        while True:
            answer = self.stack.app.get("/api/calendar/events", **span, **({"page_token": token} if token else {}))
            self.assertEqual(answer.status, 200, answer.text)
            page = answer.json()
            self.assertLessEqual(len(page["events"]), 7)
            found += [event["external_event_id"] for event in page["events"]]
            pages, token = pages + 1, page["next_page_token"]
            if token is None:
                break
        self.assertEqual(sorted(found), sorted(event["id"] for event in self.many(23) + assorted()))
        self.assertGreaterEqual(pages, 5)


def without_deleted(answer, call):
    answer["items"] = [item for item in answer["items"] if item.get("status") != "cancelled" or "recurringEventId" in item]
