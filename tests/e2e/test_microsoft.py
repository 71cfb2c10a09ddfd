# SPDX-License-Identifier: Apache-2.0
"""Microsoft accounts from the consent page to the mirror."""
import harness
from client import query_of
from harness import wait_until
from microsoft import MicrosoftCase, at, daily, day, meeting

setUpModule = harness.start_cluster
CONFIG = {"push": {"open_channels": False}}


class Connecting(MicrosoftCase):
    CONFIG = CONFIG

    def test_the_happy_path(self):
        owner, email = self.stack.new_owner(), self.mailbox([meeting("Dentist", day(3))])
        link = self.stack.oauth_link(owner, provider="microsoft")
        consent = query_of(harness.Browser().get(link).header("Location"))
        self.assertEqual({name: consent[name] for name in ("client_id", "response_type", "response_mode", "prompt", "code_challenge_method")},
                         {"client_id": "e2e-client", "response_type": "code", "response_mode": "query", "prompt": "select_account",
                          "code_challenge_method": "S256"})
        self.assertIn("offline_access", consent["scope"])
        connection = self.connect(owner, email)
        row = self.stack.wait_synced(connection)
        self.assertEqual((row["provider"], row["provider_email"]), ("microsoft", email))
        account = self.control("GET", f"/accounts/{email}")
        self.assertEqual(row["provider_user_id"], f"{account['oid']}@{account['tenant']}")
        self.assertEqual(self.titles(connection), ["Dentist"])
        self.assertEqual(self.connect(owner, email), connection)

    def test_a_refused_consent_connects_nobody(self):
        owner, email = self.stack.new_owner(), self.mailbox()
        answer = self.stack.finish_oauth(owner, email, provider="microsoft", deny=True)
        self.assertAnswer(answer, 400, "access_denied")

    def test_a_consent_without_calendars_says_what_is_missing(self):
        owner, email = self.stack.new_owner(), self.mailbox()
        answer = self.stack.finish_oauth(owner, email, provider="microsoft", scopes="openid profile email offline_access User.Read")
        self.assertAnswer(answer, 422, "insufficient_scope")
        self.assertIn("not every permission is granted", answer.json()["error"])

    def test_disconnecting_leaves_nothing(self):
        _, _, connection = self.connected([meeting("Dentist", day(3))])
        self.assertEqual(self.stack.app.delete(f"/api/calendar/connections/{connection}").status, 200)
        self.assertEqual(self.sql.value("SELECT count(*) FROM external_calendar_events WHERE connection_id = %s", connection), 0)


class Mirroring(MicrosoftCase):
    CONFIG = CONFIG

    def rows(self, connection):
        return {row["title"]: row for row in self.stack.events(connection).values()}

    def test_kinds_of_events(self):
        private = meeting("Private", day(2), zone="Pacific Standard Time", sensitivity="private", showAs="free")
        holiday = {"subject": "Holiday", "isAllDay": True, "start": at(day(5), 0), "end": at(day(7), 0), "showAs": "oof"}
        _, email, connection = self.connected([private, holiday, meeting("Declined", day(4), isOrganizer=False, responseStatus={"response": "declined"}),
                                               meeting("Maybe", day(4), showAs="tentative"), meeting("Zoë 💇 " + "x" * 200, day(6)),
                                               meeting("Called off", day(4), isCancelled=True)])
        rows = self.rows(connection)
        self.assertEqual((rows["Private"]["visibility"], rows["Private"]["is_busy"], rows["Private"]["time_zone"]),
                         ("private", False, "America/Los_Angeles"))
        self.assertEqual((rows["Holiday"]["is_all_day"], str(rows["Holiday"]["start_date"]), str(rows["Holiday"]["end_date"])),
                         (True, day(5), day(7)))
        self.assertFalse(rows["Declined"]["is_busy"])
        self.assertEqual((rows["Maybe"]["status"], rows["Maybe"]["is_busy"]), ("tentative", True))
        self.assertEqual((rows["Called off"]["status"], rows["Called off"]["is_busy"]), ("cancelled", False))
        self.assertEqual(len(rows), 6)

    def test_increments(self):
        _, email, connection = self.connected([meeting("One", day(1))])
        two = self.put(email, meeting("Two", day(2)))
        self.stack.sync(connection)
        self.wait_titles(connection, ["One", "Two"])
        self.edit(email, two, {"subject": "Two, renamed"})
        self.stack.sync(connection)
        self.wait_titles(connection, ["One", "Two, renamed"])
        self.edit(email, two, {"start": at(day(2000)), "end": at(day(2000), 10)})
        self.stack.sync(connection)
        self.wait_titles(connection, ["One"])
        self.edit(email, two, {"start": at(day(2)), "end": at(day(2), 10)})
        self.stack.sync(connection)
        self.wait_titles(connection, ["One", "Two, renamed"])
        self.remove(email, two)
        self.stack.sync(connection)
        self.wait_titles(connection, ["One"])

    def test_a_series_with_changed_and_deleted_occurrences(self):
        _, email, connection = self.connected()
        series = self.put(email, daily("Stand-up", day(1), 10))
        self.stack.sync(connection)
        self.wait_titles(connection, ["Stand-up"])
        self.assertEqual(self.rows(connection)["Stand-up"]["recurrence"], ["RRULE:FREQ=DAILY;COUNT=10"])
        self.edit(email, series, {"subject": "Stand-up, late", "start": at(day(3), 15), "end": at(day(3), 16)}, day=day(3))
        self.remove(email, series, day=day(5))
        self.stack.sync(connection)
        self.wait_titles(connection, ["Stand-up", "Stand-up, late"])
        rows = self.rows(connection)
        compact = day(5).replace("-", "")
        self.assertEqual(rows["Stand-up"]["recurrence"], ["RRULE:FREQ=DAILY;COUNT=10", f"EXDATE:{compact}T090000Z"])
        self.assertEqual(rows["Stand-up, late"]["recurring_event_id"], rows["Stand-up"]["external_event_id"])
        self.assertEqual(rows["Stand-up, late"]["original_start_time"].date().isoformat(), day(3))
        # The changed occurrence is deleted too, and no message names it.
        self.remove(email, series, day=day(3))
        self.stack.sync(connection)
        self.wait_titles(connection, ["Stand-up"])
        self.assertEqual(len(self.rows(connection)["Stand-up"]["recurrence"][1].split(",")), 2)
        self.remove(email, series)
        self.stack.sync(connection)
        self.wait_titles(connection, [])

    def test_an_expired_delta_and_a_full_read_find_the_same(self):
        _, email, connection = self.connected([meeting(f"Event {number}", day(number + 1)) for number in range(30)] + [daily("Series", day(1), 5)])
        before = self.stack.events(connection)
        self.assertEqual(len(before), 31)
        self.control("POST", "/tokens/expire-delta", {"email": email})
        extra = self.put(email, meeting("Extra", day(9)))
        self.stack.sync(connection)
        self.wait_titles(connection, [row["title"] for row in before.values()] + ["Extra"])
        self.remove(email, extra)
        self.stack.sync(connection)
        wait_until(lambda: {key: row["etag"] for key, row in self.stack.events(connection).items()} ==
                   {key: row["etag"] for key, row in before.items()}, 15, "the mirror is as before")

    def test_several_calendars(self):
        owner, email = self.stack.new_owner(), self.mailbox([meeting("Own", day(1))])
        for number in range(12):
            self.control("POST", "/calendars", {"email": email, "name": f"Calendar {number}"})
            self.put(email, meeting(f"Of {number}", day(2)), f"Calendar {number}")
        connection = self.connect(owner, email)
        self.stack.wait_synced(connection)
        self.wait_titles(connection, ["Own"] + [f"Of {number}" for number in range(12)])


class Tokens(MicrosoftCase):
    CONFIG = CONFIG

    def refresh_token(self, connection):
        return self.sql.value("SELECT sealed FROM external_calendar_credentials WHERE connection_id = %s AND kind = 'refresh_token'", connection)

    def test_refresh_tokens_rotate(self):
        _, email, connection = self.connected([meeting("One", day(1))])
        before = self.refresh_token(connection)
        self.control("POST", "/tokens/expire-access", {"email": email})
        self.put(email, meeting("Two", day(2)))
        self.stack.sync(connection)
        self.wait_titles(connection, ["One", "Two"])
        self.assertNotEqual(self.refresh_token(connection), before)

    def test_a_dead_grant_is_a_persons_matter(self):
        owner, email, connection = self.connected([meeting("One", day(1))])
        self.control("POST", "/tokens/revoke", {"email": email})
        self.stack.sync(connection)
        row = self.stack.wait_row(connection, lambda row: row["last_error"], "the refusal is recorded")
        self.assertTrue(row["last_error"].startswith("invalid_token: token expired or revoked"), row["last_error"])
        self.assertIn("AADSTS50173", row["last_error"])
        self.assertEqual(self.titles(connection), ["One"])
        self.assertEqual(self.connect(owner, email), connection)
        self.stack.wait_row(connection, lambda row: row["last_error"] is None, "it works again")

    def test_an_account_without_a_mailbox_says_so(self):
        owner, email = self.stack.new_owner(), self.mailbox(mailbox=False)
        connection = self.connect(owner, email)
        row = self.stack.wait_row(connection, lambda row: row["last_error"], "the refusal is recorded")
        self.assertIn("no mailbox", row["last_error"])
