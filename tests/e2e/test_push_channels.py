# SPDX-License-Identifier: Apache-2.0
"""The keeper of push channels: every selected calendar of an active connection has exactly one live channel at the provider, what the
provider says there reaches the mirror, and nothing is left behind at the end."""
import harness
from channels import ChannelCase
from events import timed
from harness import wait_until

setUpModule = harness.start_cluster


class Keeping(ChannelCase):
    def test_a_change_at_the_provider_reaches_the_mirror_without_a_poll(self):
        _, email, connection = self.watched([timed("one0000001", "One")])
        self.stack.set(connection, "sync_frequency_minutes = 10000")
        for number in range(5):
            self.emulator.put_event(email, email, timed("two0000001", f"Version {number}"))
            self.wait_title(connection, f"Version {number}")
        self.assertIsNotNone(self.stack.connection(connection)["last_webhook_received_at"])
        self.assertEqual(len(self.rows(connection)), 1)

    def test_the_secret_is_kept_as_a_hash_only(self):
        _, email, connection = self.watched()
        row, = self.rows(connection)
        token = self.provider_channels(email)[row["id"]]["token"]
        self.assertGreaterEqual(len(token), 43)
        self.assertNotIn(token, self.stack.output())
        self.assertEqual(self.sql.value("SELECT count(*) FROM calendar_push_channels p WHERE p::text LIKE %s", f"%{token}%"), 0)

    def test_channels_follow_the_selection(self):
        _, email, connection = self.connected([timed("one0000001", "One")])
        self.emulator.add_calendar(email, f"team-{email}", "Team", "UTC")
        self.stack.sync(connection)
        self.wait_channels(connection, email, [email, f"team-{email}"])
        path = f"/api/calendar/connections/{connection}"
        self.assertEqual(self.stack.app.patch(path, {"calendars": [email]}).status, 200)
        self.wait_channels(connection, email, [email])
        self.assertEqual(self.stack.app.patch(path, {"calendars": [email, f"team-{email}"]}).status, 200)
        channels = self.wait_channels(connection, email, [email, f"team-{email}"])
        self.assertNotEqual(channels[email]["id"], channels[f"team-{email}"]["id"])
        self.emulator.remove_calendar(email, f"team-{email}")
        self.stack.sync(connection)
        self.wait_channels(connection, email, [email])

    def test_a_new_calendar_is_watched_and_announces_its_changes(self):
        _, email, connection = self.watched()
        self.emulator.add_calendar(email, f"late-{email}", "Late", "UTC")
        self.stack.sync(connection)
        self.wait_channels(connection, email, [email, f"late-{email}"])
        self.emulator.put_event(email, f"late-{email}", timed("late000001", "Late one"))
        self.wait_title(connection, "Late one")

    def test_calendars_that_cannot_be_watched_are_polled_and_healthy(self):
        _, email, connection = self.watched()
        holidays = f"de.{email}#holiday@group.v.calendar.google.com"
        self.emulator.add_calendar(email, holidays, "Holidays", "UTC")
        self.emulator.put_event(email, holidays, timed("holiday001", "Day off"))
        self.stack.sync(connection)
        self.wait_title(connection, "Day off")
        self.wait_channels(connection, email, [email])
        wait_until(lambda: self.sql.value("SELECT watch_error FROM external_calendars WHERE connection_id = %s AND external_calendar_id = %s",
                                          connection, holidays), 10, "it was asked about once")
        self.stack.wait_synced(connection)
        watches = lambda: len([call for call in self.emulator.calls(account=email) if call["path"].endswith("/events/watch")])
        asked = watches()
        for _ in range(3):
            self.stack.sync(connection)
        self.assertEqual(watches(), asked, "it is remembered")
        row = self.sql.row("SELECT * FROM external_calendars WHERE connection_id = %s AND external_calendar_id = %s", connection, holidays)
        self.assertIsNone(row["last_error"])
        self.assertIn("cannot be watched", row["watch_error"])
        self.assertIsNone(self.stack.connection(connection)["last_error"])
        shown = {one["external_calendar_id"]: one for one in self.stack.app.get(f"/api/calendar/connections/{connection}/calendars").json()["calendars"]}
        self.assertEqual((shown[email]["push"], shown[email]["push_error"]), ("live", None))
        self.assertEqual(shown[holidays]["push"], "none")
        self.assertIn("cannot be watched", shown[holidays]["push_error"])

    def test_a_connection_made_by_plain_rows_gets_its_channel_too(self):
        """Whatever path created it: here the rows of channels vanish, and with them all that is known."""
        _, email, connection = self.watched()
        self.sql.execute("DELETE FROM calendar_push_channels WHERE connection_id = %s", connection)
        self.stack.sync(connection)
        self.assertEqual(len(self.rows(connection)), 1)
        self.emulator.put_event(email, email, timed("two0000001", "Two"))
        self.wait_title(connection, "Two")

    def test_the_first_message_may_come_before_the_answer(self):
        with self.emulator.settings(push_sync_before_answer=True):
            owner, email, connection = self.connected()
            self.wait_channels(connection, email, [email])
        delivered = self.emulator.control("GET", f"/push/deliveries?channel_id={self.rows(connection)[0]['id']}&state=sync")["deliveries"]
        self.assertEqual([one["status"] for one in delivered], [200])
        self.assertIsNotNone(self.rows(connection)[0]["last_message_at"])


class Ends(ChannelCase):
    def test_disconnecting_stops_the_channels_before_it_revokes(self):
        _, email, connection = self.watched([timed("one0000001", "One")])
        answer = self.stack.app.delete(f"/api/calendar/connections/{connection}")
        self.assertEqual((answer.status, answer.json()["deleted"]["channels"], answer.json()["revocation"]), (200, 1, "done"), answer.text)
        self.assertEqual(self.provider_channels(email), {})
        self.assertFalse(self.emulator.has_grant(email))
        paths = [call["path"] for call in self.emulator.calls() if call["path"] in ("/revoke", "/calendar/v3/channels/stop")]
        self.assertEqual(paths[-2:], ["/calendar/v3/channels/stop", "/revoke"])
        self.assertEqual(self.sql.value("SELECT count(*) FROM calendar_abandoned_channels"), 0)

    def test_a_connection_that_is_deleted_while_its_channel_opens_leaves_none_behind(self):
        email = self.account([timed("one0000001", "One")])
        owner = self.stack.new_owner()
        entered = []

        def delete_first(exchange):
            # The provider opens the channel, and its answer finds nobody.
            entered.append(exchange)
            self.sql.execute("DELETE FROM external_calendar_connections WHERE provider_id = %s", owner)
        with self.emulator.rule("api", delete_first, where=lambda call: call["path"].endswith("/events/watch"), count=1):
            self.stack.connect_google(owner, email)
            wait_until(lambda: entered, 15, "the channel is asked for")
        wait_until(lambda: [call for call in self.emulator.calls(account=email) if call["path"].endswith("/channels/stop")], 15, "the channel is stopped")
        wait_until(lambda: not self.provider_channels(email), 10, "the provider has no channel")

    def test_what_was_kept_for_a_dead_channel_goes_with_it(self):
        self.sql.execute("INSERT INTO calendar_abandoned_channels (id, resource_id, connection_id, provider, provider_id, sealed, expires_at)"
                         " VALUES ('gone', 'r', gen_random_uuid(), 'google', gen_random_uuid(), 'v1.k1.x.y', now() - interval '1 minute')")
        self.stack.start_workers(1)
        wait_until(lambda: self.sql.value("SELECT count(*) FROM calendar_abandoned_channels") == 0, 15, "the row is pruned")

    def test_a_deleted_row_or_owner_leaves_no_channel_behind(self):
        for statement in ("DELETE FROM external_calendar_connections WHERE id = %s",
                          "DELETE FROM profiles WHERE id = (SELECT provider_id FROM external_calendar_connections WHERE id = %s)"):
            with self.subTest(statement):
                _, email, connection = self.watched()
                self.sql.execute(statement, connection)
                wait_until(lambda: not self.provider_channels(email), 10, "the channel is stopped")
                wait_until(lambda: self.sql.value("SELECT count(*) FROM calendar_abandoned_channels") == 0, 10, "nothing is left to stop")

    def test_a_provider_that_is_away_is_told_later(self):
        _, email, connection = self.watched()
        with self.emulator.answered("api", status=503, body="down"):
            self.sql.execute("DELETE FROM external_calendar_connections WHERE id = %s", connection)
            wait_until(lambda: self.sql.value("SELECT last_error FROM calendar_abandoned_channels WHERE connection_id = %s", connection), 10,
                       "the failure is written down")
        self.assertIn("provider_unavailable", self.sql.value("SELECT last_error FROM calendar_abandoned_channels WHERE connection_id = %s", connection))
        self.sql.execute("UPDATE calendar_abandoned_channels SET next_attempt_at = now()")
        wait_until(lambda: not self.provider_channels(email), 10, "the channel is stopped")

    def test_a_dead_grant_ends_the_matter(self):
        _, email, connection = self.watched()
        self.emulator.revoke_grant(email)
        self.sql.execute("DELETE FROM external_calendar_connections WHERE id = %s", connection)
        wait_until(lambda: self.sql.value("SELECT count(*) FROM calendar_abandoned_channels") == 0, 10, "nobody tries for ever")

    def test_the_webhook_flag_stops_and_restores(self):
        _, email, connection = self.watched([timed("one0000001", "One")])
        _, other, second = self.watched()
        self.stack.reload(CALENDAR_WEBHOOK_ENABLED="false")
        try:
            for one, address in ((connection, email), (second, other)):
                self.wait_channels(one, address, [])
            self.emulator.put_event(email, email, timed("two0000001", "While off"))
            self.stack.sync(connection)
            self.assertEqual(self.provider_channels(email), {})
        finally:
            self.stack.reload(CALENDAR_WEBHOOK_ENABLED="true")
        for one, address in ((connection, email), (second, other)):
            self.wait_channels(one, address, [address])
        self.emulator.put_event(other, other, timed("on00000001", "On again"))
        self.wait_title(second, "On again")

    def test_without_scheduled_polling_channels_are_still_kept(self):
        self.stack.reload(CALENDAR_JOBS_ENABLED="false")
        try:
            _, email, connection = self.watched()
            old = self.rows(connection)[0]["id"]
            self.sql.execute("UPDATE calendar_push_channels SET renew_at = now() WHERE id = %s", old)
            wait_until(lambda: self.rows(connection) and self.rows(connection)[0]["id"] != old, 10, "the channel was replaced")
            self.wait_channels(connection, email, [email])
        finally:
            self.stack.reload(CALENDAR_JOBS_ENABLED="true")

    def test_without_scheduled_polling_a_refused_opening_is_tried_again(self):
        self.stack.reload(CALENDAR_JOBS_ENABLED="false")
        try:
            with self.emulator.rule("api", lambda exchange: exchange.answer(503, [], b"down"), where=lambda call: call["path"].endswith("/watch")):
                _, email, connection = self.connected()
                wait_until(lambda: self.sql.value("SELECT watch_attempts FROM external_calendars WHERE connection_id = %s", connection) == 1, 15,
                           "the refusal is on the calendar")
            self.sql.execute("UPDATE external_calendars SET watch_retry_at = now() WHERE connection_id = %s", connection)
            wait_until(lambda: self.rows(connection), 15, "the channel is open")
        finally:
            self.stack.reload(CALENDAR_JOBS_ENABLED="true")

    def test_everything_off_leaves_the_channels_alone(self):
        _, email, connection = self.watched()
        self.stack.reload(CALENDAR_SYNC_ENABLED="false")
        try:
            before = len(self.emulator.calls())
            self.sql.execute("UPDATE calendar_push_channels SET renew_at = now() WHERE connection_id = %s", connection)
            self.stack.worker_rounds(6)
            self.assertEqual(len(self.emulator.calls()), before, "nothing leaves the worker")
        finally:
            self.stack.reload(CALENDAR_SYNC_ENABLED="true")
        self.wait_channels(connection, email, [email])


class Configured(harness.Case):
    CONFIG = {"push": {"open_channels": True}, "allow_insecure_endpoints": True}

    def test_the_provider_refuses_plain_http(self):
        """As Google does: the emulator takes https addresses only unless it is told otherwise."""
        _, email, connection = self.connected([timed("one0000001", "One")])
        error = wait_until(lambda: self.sql.value("SELECT watch_error FROM external_calendars WHERE connection_id = %s", connection), 10,
                           "the refusal is on the calendar")
        self.assertIn("webhookUrlNotHttps", error)
        self.assertIsNone(self.stack.wait_synced(connection)["last_error"])


class Unwanted(ChannelCase):
    CONFIG = {"push": {"open_channels": False}}

    def test_no_channel_is_opened(self):
        _, email, connection = self.connected([timed("one0000001", "One")])
        self.stack.sync(connection)
        self.assertEqual(self.provider_channels(email), {})
        self.assertFalse([call for call in self.emulator.calls(account=email) if call["path"].endswith("/watch")])
