# SPDX-License-Identifier: Apache-2.0
"""Calendar feeds, well-behaved and not: what is mirrored, what is kept, and what a person is told."""
import datetime
import uuid

import harness
from feed_server import FeedServer
from ical import calendar, vevent

setUpModule = harness.start_cluster
UTC = datetime.timezone.utc


class FeedCase(harness.Case):
    WITH_EMULATOR = False

    def setUp(self):
        self.server = FeedServer()
        self.addCleanup(self.server.close)
        self.path = f"/{uuid.uuid4().hex}/feed.ics"
        self.owner = self.stack.new_owner()

    def publish(self, *events, **settings):
        self.server.publish(self.path, calendar(*events), **settings)

    def connected(self, *events):
        """The id of a connection to the feed with these events, synced once."""
        self.publish(*events)
        connection = self.stack.connect_feed(self.owner, self.server.url(self.path))
        self.stack.wait_synced(connection)
        return connection

    def rows(self, connection):
        """Live rows by title."""
        return {row["title"]: row for row in self.stack.events(connection).values()}

    def assertKept(self, connection, before, code, outcome):
        """The last sync failed with this code; rows are as before and a person is told how old they are."""
        self.assertTrue((outcome["error"] or "").startswith(code + ": "), outcome)
        self.assertEqual(self.stack.events(connection, everything=True), before)
        row, shown = self.stack.connection(connection), self.stack.shown(connection)
        self.assertEqual(row["last_error"], outcome["error"])
        self.assertGreaterEqual(row["error_count"], 1)
        self.assertTrue(row["sync_needed"])
        self.assertGreater(row["backoff_until"], row["updated_at"])
        self.assertEqual((shown["last_error"], shown["error_count"]), (row["last_error"], row["error_count"]))
        self.assertNotIn(shown["state"], ("active", "syncing", "pending"))
        self.assertTrue(shown["suggested_action"])
        if row["last_synced_at"]:
            age = (datetime.datetime.now(UTC) - row["last_synced_at"]).total_seconds()
            self.assertAlmostEqual(shown["age_seconds"], age, delta=2)
        self.stack.workers[0].wait_message("calendar sync failed", connection_id=connection, level="error", error_code=code)


class WellBehaved(FeedCase):
    def test_a_feed_is_mirrored_field_by_field(self):
        connection = self.connected(
            vevent("one@x", "Haircut\\, Mrs Lovelace", "20270301T090000Z", "20270301T094500Z", "LOCATION:12 rue de l’Été",
                   "DESCRIPTION:First visit\\;\\nmorning", "SEQUENCE:3", "TRANSP:TRANSPARENT", "CLASS:PRIVATE"),
            vevent("two@x", "Closed", "20270104", "20270106"),
            vevent("three@x", "Stand-up", "20270301T080000Z", "20270301T081500Z", "RRULE:FREQ=WEEKLY;BYDAY=MO,TU"))
        rows = self.rows(connection)
        self.assertEqual(set(rows), {"Haircut, Mrs Lovelace", "Closed", "Stand-up"})
        one = rows["Haircut, Mrs Lovelace"]
        self.assertEqual((one["ical_uid"], one["location"], one["description"]), ("one@x", "12 rue de l’Été", "First visit;\nmorning"))
        self.assertEqual((one["start_time"], one["end_time"]),
                         (datetime.datetime(2027, 3, 1, 9, tzinfo=UTC), datetime.datetime(2027, 3, 1, 9, 45, tzinfo=UTC)))
        self.assertEqual((one["sequence"], one["is_busy"], one["visibility"], one["status"], one["sync_status"]),
                         (3, False, "private", "confirmed", "SYNCED"))
        two = rows["Closed"]
        self.assertEqual((two["is_all_day"], two["start_date"], two["end_date"]),
                         (True, datetime.date(2027, 1, 4), datetime.date(2027, 1, 6)))
        self.assertEqual([line for line in rows["Stand-up"]["recurrence"]], ["RRULE:FREQ=WEEKLY;BYDAY=MO,TU"])
        self.assertEqual({row["provider"] for row in rows.values()}, {"ics"})
        self.assertEqual({str(row["provider_id"]) for row in rows.values()}, {self.owner})
        calendars = self.stack.app.get(f"/api/calendar/connections/{connection}/calendars").json()["calendars"]
        self.assertEqual([(one["name"], one["selected"], one["events"]) for one in calendars], [("A feed", True, 3)])

    def test_an_unchanged_feed_is_asked_for_with_its_validator_and_rewrites_nothing(self):
        connection = self.connected(vevent("one@x", "One"), vevent("two@x", "Two"))
        before = self.stack.events(connection, everything=True)
        for _ in range(3):
            self.assertIsNone(self.stack.sync(connection)["error"])
        conditional = [headers for headers in self.server.asked(self.path) if "If-None-Match" in headers]
        self.assertEqual(len(conditional), len(self.server.asked(self.path)) - 1)
        self.assertGreaterEqual(len(conditional), 3)
        self.assertEqual(self.stack.events(connection, everything=True), before)

    def test_a_feed_without_validators_rewrites_nothing_either(self):
        self.publish(vevent("one@x", "One"), etag=False)
        connection = self.stack.connect_feed(self.owner, self.server.url(self.path))
        self.stack.wait_synced(connection)
        before = self.stack.events(connection, everything=True)
        self.assertEqual(len(before), 1)
        self.assertIsNone(self.stack.sync(connection)["error"])
        self.assertGreaterEqual(len(self.server.asked(self.path)), 2)
        self.assertEqual(self.stack.events(connection, everything=True), before)

    def test_changed_added_and_removed_events(self):
        connection = self.connected(vevent("one@x", "One"), vevent("two@x", "Two"), vevent("three@x", "Three"))
        before = self.rows(connection)
        self.publish(vevent("one@x", "One"), vevent("two@x", "Two, later", "20270302T090000Z", "20270302T100000Z"),
                     vevent("four@x", "Four"))
        self.assertIsNone(self.stack.sync(connection)["error"])
        rows = self.rows(connection)
        self.assertEqual(set(rows), {"One", "Two, later", "Four"})
        self.assertEqual(rows["One"], before["One"])
        self.assertEqual(rows["Two, later"]["id"], before["Two"]["id"])
        self.assertEqual(rows["Two, later"]["start_time"], datetime.datetime(2027, 3, 2, 9, tzinfo=UTC))
        gone = [row for row in self.stack.events(connection, everything=True).values() if row["title"] == "Three"]
        self.assertEqual([(row["id"], row["status"], row["deleted_at"] is not None) for row in gone],
                         [(before["Three"]["id"], "cancelled", True)])
        run = self.sql.rows("SELECT * FROM calendar_sync_runs WHERE connection_id = %s ORDER BY finished_at DESC LIMIT 1", connection)[0]
        self.assertEqual((run["items_ingested"], run["items_updated"], run["items_deleted"], run["items_failed"]), (1, 1, 1, 0))

    def test_a_removed_event_that_returns_is_the_same_row(self):
        connection = self.connected(vevent("one@x", "One"), vevent("two@x", "Two"))
        first = self.rows(connection)["Two"]["id"]
        self.publish(vevent("one@x", "One"))
        self.stack.sync(connection)
        self.assertEqual(set(self.rows(connection)), {"One"})
        self.publish(vevent("one@x", "One"), vevent("two@x", "Two"))
        self.stack.sync(connection)
        self.assertEqual((set(self.rows(connection)), self.rows(connection)["Two"]["id"]), ({"One", "Two"}, first))

    def test_the_last_event_can_go_too(self):
        connection = self.connected(vevent("one@x", "One"))
        self.publish()
        self.assertIsNone(self.stack.sync(connection)["error"])
        self.assertEqual(self.rows(connection), {})

    def test_an_event_that_cannot_be_understood_fails_alone(self):
        connection = self.connected(vevent("one@x", "One"), vevent("bad@x", "Bad", "20271399T990000Z", "soon"), vevent("two@x", "Two"))
        events = self.stack.events(connection)
        failed = [row for row in events.values() if row["sync_status"] == "FAILED"]
        self.assertEqual(len(failed), 1)
        self.assertTrue(failed[0]["last_error"].startswith("malformed_response: "))
        self.assertIn("bad@x", str(failed[0]["raw_payload"]))
        self.assertFalse(failed[0]["is_busy"])
        self.assertEqual({row["title"] for row in events.values() if row["sync_status"] == "SYNCED"}, {"One", "Two"})
        self.assertEqual(self.stack.shown(connection)["failed_events"], 1)

    def test_webcal_addresses(self):
        self.publish(vevent("one@x", "One"))
        connection = self.stack.connect_feed(self.owner, self.server.url(self.path, scheme="webcal"))
        self.stack.wait_synced(connection)
        self.assertEqual(set(self.rows(connection)), {"One"})

    def test_redirects_are_followed_a_few_times(self):
        self.publish(vevent("one@x", "One"))
        self.server.publish("/moved.ics", b"", status=302, headers={"Location": self.path}, etag=False)
        connection = self.stack.connect_feed(self.owner, self.server.url("/moved.ics"))
        self.stack.wait_synced(connection)
        self.assertEqual(set(self.rows(connection)), {"One"})

    def test_the_same_address_again_is_the_same_connection(self):
        connection = self.connected(vevent("one@x", "One"))
        again = self.stack.app.post("/api/calendar/connections",
                                    {"provider_id": self.owner, "provider": "ics", "url": self.server.url(self.path)})
        self.assertEqual((again.status, again.json()["connection_id"], again.json()["created"]), (200, connection, False))
        self.assertEqual(self.sql.value("SELECT count(*) FROM external_calendar_connections WHERE provider_id = %s", self.owner), 1)

    def test_disconnecting_erases_everything_of_it(self):
        connection = self.connected(vevent("one@x", "One"), vevent("two@x", "Two"))
        answer = self.stack.app.delete(f"/api/calendar/connections/{connection}")
        self.assertEqual(answer.status, 200)
        self.assertEqual(answer.json()["deleted"], {"events": 2, "calendars": 1, "channels": 0})
        self.assertEqual((answer.json()["revoked"], answer.json()["revocation"]), (False, "not_needed"))
        for table, column in (("external_calendar_connections", "id"), ("external_calendar_events", "connection_id"),
                              ("external_calendars", "connection_id"), ("external_calendar_credentials", "connection_id")):
            self.assertEqual(self.sql.value(f"SELECT count(*) FROM {table} WHERE {column} = %s", connection), 0)
        self.assertAnswer(self.stack.app.get(f"/api/calendar/connections/{connection}"), 404)

    def test_the_address_is_a_secret(self):
        connection = self.connected(vevent("one@x", "A title that nobody may log"))
        secret = self.path.split("/")[1]
        self.assertNotIn(secret, self.stack.output())
        self.assertNotIn("nobody may log", self.stack.output())
        self.assertNotIn(secret, str(self.stack.shown(connection)))
        for table in self.sql.column("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"):
            self.assertEqual(self.sql.value(f"SELECT count(*) FROM {table} t WHERE t::text LIKE %s", f"%{secret}%"), 0, table)


class IllBehaved(FeedCase):
    CONFIG = {"providers": {"ics": {"max_bytes": 65536}}, "worker": {"request_seconds": 3}}

    def fails(self, code, **settings):
        """A feed that worked answers so from now on; its rows stay, and it recovers when the feed does."""
        self.path = f"/{uuid.uuid4().hex}/feed.ics"
        good = (vevent("one@x", "One"), vevent("two@x", "Two"))
        connection = self.connected(*good)
        before = self.stack.events(connection, everything=True)
        self.server.publish(self.path, settings.pop("text", b"oops"), **settings)
        self.assertKept(connection, before, code, self.stack.sync(connection))
        self.publish(*good, vevent("three@x", "Three"))
        self.assertIsNone(self.stack.retry(connection)["error"])
        row, shown = self.stack.connection(connection), self.stack.shown(connection)
        self.assertEqual((row["error_count"], row["last_error"], row["backoff_until"], row["sync_needed"]), (0, None, None, False))
        self.assertEqual(shown["state"], "active")
        self.assertEqual(set(self.rows(connection)), {"One", "Two", "Three"})
        self.stack.workers[0].wait_message("recovered", connection_id=connection, level="info")

    def test_servers_that_fail(self):
        for status, code in ((500, "provider_unavailable"), (502, "provider_unavailable"), (503, "provider_unavailable"),
                             (429, "rate_limited"), (404, "provider_rejected"), (410, "provider_rejected"), (403, "provider_rejected")):
            with self.subTest(status=status):
                self.fails(code, status=status, type="text/html", text=b"<html>no</html>")

    def test_a_page_instead_of_a_calendar(self):
        page = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body>Please sign in to see this calendar</body></html>"
        for kind in ("text/html", "text/calendar"):
            with self.subTest(type=kind):
                self.fails("malformed_response", type=kind, text=page)

    def test_nothing_and_nonsense_instead_of_a_calendar(self):
        for text in (b"", b"\x00\x01\x02\xff" * 100, b"BEGIN:VCARD\r\nEND:VCARD\r\n", b'{"items": []}', b"BEGIN:VEVENT\r\nEND:VEVENT\r\n"):
            with self.subTest(text=text[:20]):
                self.fails("malformed_response", text=text)

    def test_a_feed_cut_off_in_the_middle(self):
        whole = calendar(vevent("one@x", "One"), vevent("two@x", "Two")).replace("\n", "\r\n").encode()
        with self.subTest("the connection breaks"):
            self.fails("network_error", text=whole[:-60], promised=len(whole))
        with self.subTest("the file ends early"):
            self.fails("malformed_response", text=whole[:whole.index(b"UID:two")])

    def test_an_oversized_feed(self):
        events = [vevent(f"{number}@x", "x" * 100) for number in range(1000)]
        self.fails("malformed_response", text=calendar(*events))

    def test_endless_redirects(self):
        self.server.publish("/loop", b"", status=302, headers={"Location": "/loop"}, etag=False)
        self.fails("malformed_response", status=302, headers={"Location": "/loop"}, text=b"")

    def test_hosts_that_are_not_there(self):
        for url, code in (("http://no-such-host.invalid/feed.ics", "network_error"), ("http://127.0.0.1:9/feed.ics", "network_error")):
            with self.subTest(url=url):
                connection = self.stack.connect_feed(self.owner, url)
                self.stack.wait_row(connection, lambda row: row["error_count"] == 1, "the first run has failed")
                row, shown = self.stack.connection(connection), self.stack.shown(connection)
                self.assertTrue(row["last_error"].startswith(code + ": "), row["last_error"])
                self.assertEqual((row["last_synced_at"], shown["age_seconds"], shown["last_synced_at"]), (None, None, None))

    def test_retry_after_is_kept(self):
        connection = self.connected(vevent("one@x", "One"))
        self.server.publish(self.path, b"later", status=503, headers={"Retry-After": "1800"}, etag=False)
        self.stack.sync(connection)
        self.assertTrue(1800 <= self.stack.backoff_seconds(connection) <= 2200, self.stack.backoff_seconds(connection))


class NotPublic(FeedCase):
    """Without allow_private_addresses no feed can make the worker call into the operator's network."""
    CONFIG = {"allow_private_addresses": False}

    def test_private_addresses_are_refused(self):
        self.publish(vevent("one@x", "One"))
        port = self.server.port
        for host in ("127.0.0.1", "localhost", "[::1]", "127.1", "2130706433", "0x7f000001", "0.0.0.0", "[::ffff:127.0.0.1]", "10.0.0.1",
                     "169.254.169.254", "192.168.1.1", "100.64.0.1"):
            with self.subTest(host=host):
                answer = self.stack.app.post("/api/calendar/connections", {"provider_id": self.owner, "provider": "ics",
                                                                           "url": f"http://{host}:{port}{self.path}"})
                if answer.status == 422:
                    continue
                self.assertEqual(answer.status, 201, answer.text)
                connection = answer.json()["connection_id"]
                row = self.stack.wait_row(connection, lambda row: row["error_count"] >= 1, "the run was refused")
                self.assertRegex(row["last_error"], "not public|address|resolve|URL")
                self.assertIsNone(row["last_synced_at"])
        self.assertEqual(self.server.requests, [])
