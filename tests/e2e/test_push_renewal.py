# SPDX-License-Identifier: Apache-2.0
"""Push channels in the long run: they are renewed, fall silent, are refused, and messages go astray."""
import time

import harness
from channels import ChannelCase
from events import timed
from harness import wait_until

setUpModule = harness.start_cluster


class Renewal(ChannelCase):
    def test_the_new_channel_opens_before_the_old_one_stops(self):
        _, email, connection = self.watched()
        old = self.rows(connection)[0]
        share = (old["renew_at"] - old["created_at"]) / (old["expires_at"] - old["created_at"])
        self.assertGreater(share, 0.4)
        self.assertLess(share, 0.6)
        begun = len(self.emulator.calls(account=email))
        self.sql.execute("UPDATE calendar_push_channels SET renew_at = now() WHERE id = %s", old["id"])
        wait_until(lambda: old["id"] not in self.provider_channels(email), 10, "the old channel is stopped")
        new = self.wait_channels(connection, email, [email])[email]
        self.assertNotEqual(new["id"], old["id"])
        paths = [call["path"].rsplit("/", 2)[-2:] for call in self.emulator.calls(account=email)[begun:]]
        self.assertLess(paths.index(["events", "watch"]), paths.index(["channels", "stop"]))
        # What happened between the last read and the first message of the new channel was announced to nobody.
        after = paths[paths.index(["channels", "stop"]):]
        wait_until(lambda: any(call["path"].endswith("/events") for call in self.emulator.calls(account=email)[begun + len(paths) - len(after):]), 10,
                   "an incremental read follows")

    def test_a_short_life_is_renewed_in_time(self):
        with self.emulator.settings(push_max_ttl_seconds=12):
            _, email, connection = self.connected()
            first = self.wait_channels(connection, email, [email])[email]
            second = wait_until(lambda: [row for row in self.rows(connection) if row["id"] != first["id"]], 15, "a second channel")[0]
            self.assertLess(second["created_at"], first["expires_at"])
        self.sql.execute("UPDATE calendar_push_channels SET renew_at = now() WHERE connection_id = %s", connection)
        self.wait_channels(connection, email, [email])

    def test_channels_of_another_address_are_replaced(self):
        _, email, connection = self.watched()
        old = self.rows(connection)[0]["id"]
        self.sql.execute("UPDATE calendar_push_channels SET address = 'https://old.example/api/webhooks/calendar/google',"
                         " created_at = now() - interval '6 minutes' WHERE id = %s", old)
        self.stack.sync(connection)
        self.assertNotEqual(self.wait_channels(connection, email, [email])[email]["id"], old)

    def test_a_refused_renewal_waits_and_keeps_the_old_channel(self):
        """Nobody may wake the connection again and again meanwhile."""
        _, email, connection = self.watched([timed("one0000001", "One")])
        old = self.rows(connection)[0]["id"]
        runs = lambda: self.sql.value("SELECT lease_token FROM external_calendar_connections WHERE id = %s", connection)
        refused = self.emulator.rule("api", lambda exchange: exchange.answer(503, [], b"down"), where=lambda call: call["path"].endswith("/watch"))
        with refused:
            self.sql.execute("UPDATE calendar_push_channels SET renew_at = now() WHERE id = %s", old)
            wait_until(lambda: self.sql.value("SELECT watch_attempts FROM external_calendars WHERE connection_id = %s", connection) == 1, 15,
                       "the refusal is on the calendar")
            self.stack.wait_synced(connection)
            self.sql.execute("UPDATE external_calendar_connections SET last_attempt_at = now() - interval '1 minute' WHERE id = %s", connection)
            before = runs()
            # The upkeep looks once a second.
            self.stack.worker_rounds(12)
            self.assertEqual(runs(), before)
            self.assertEqual([row["id"] for row in self.rows(connection)], [old])
        self.sql.execute("UPDATE external_calendars SET watch_retry_at = now() WHERE connection_id = %s", connection)
        wait_until(lambda: [row["id"] for row in self.rows(connection)] not in ([], [old]), 15, "the channel is renewed")
        self.wait_channels(connection, email, [email])

    def test_a_channel_that_cannot_be_stopped_wakes_nobody_before_its_time(self):
        _, email, connection = self.watched([timed("one0000001", "One")])
        old = self.rows(connection)[0]["id"]
        with self.emulator.rule("api", lambda exchange: exchange.answer(503, [], b"down"), where=lambda call: call["path"].endswith("/channels/stop")):
            self.sql.execute("UPDATE calendar_push_channels SET missed_at = now() - interval '1 minute' WHERE id = %s", old)
            state = lambda: self.sql.row("SELECT state, missed_at, retry_at, last_error FROM calendar_push_channels WHERE id = %s", old)
            wait_until(lambda: (state() or {}).get("retry_at"), 15, "the failure is on the channel")
            self.stack.wait_synced(connection)
        self.assertEqual((state()["state"], state()["missed_at"]), ("stopping", None))
        self.assertIn("provider_unavailable", state()["last_error"])
        self.sql.execute("UPDATE external_calendar_connections SET last_attempt_at = now() - interval '1 minute' WHERE id = %s", connection)
        before = self.sql.value("SELECT lease_token FROM external_calendar_connections WHERE id = %s", connection)
        self.stack.worker_rounds(12)
        self.assertEqual(self.sql.value("SELECT lease_token FROM external_calendar_connections WHERE id = %s", connection), before)
        self.sql.execute("UPDATE calendar_push_channels SET retry_at = now() WHERE id = %s", old)
        self.wait_channels(connection, email, [email])

    def test_a_channel_that_has_expired_is_made_anew(self):
        _, email, connection = self.watched()
        old = self.rows(connection)[0]["id"]
        self.emulator.control("POST", f"/channels/{old}/kill")
        self.sql.execute("UPDATE calendar_push_channels SET expires_at = now() - interval '1 minute' WHERE id = %s", old)
        self.poll(connection)
        self.assertNotIn(old, self.wait_channels(connection, email, [email])[email]["id"])

    def test_a_crash_between_asking_and_answering_leaves_no_orphan(self):
        _, email, connection = self.watched()
        old = self.rows(connection)[0]["id"]
        with self.emulator.hold("api", account=email) as held:
            self.sql.execute("UPDATE calendar_push_channels SET renew_at = now() WHERE id = %s", old)
            held.wait()
        wait_until(lambda: self.rows(connection)[0]["id"] != old, 10, "renewed")
        # As a worker that died after the provider had opened the channel leaves it.
        ghost = self.rows(connection)[0]["id"]
        self.sql.execute("UPDATE calendar_push_channels SET state = 'opening', resource_id = NULL, renew_at = NULL WHERE id = %s", ghost)
        self.stack.sync(connection)
        self.stack.sync(connection)
        self.wait_channels(connection, email, [email])
        self.assertNotIn(ghost, self.provider_channels(email))


class Silence(ChannelCase):
    def test_a_channel_that_was_killed_silently_is_noticed_and_replaced(self):
        _, email, connection = self.watched([timed("one0000001", "One")])
        old = self.rows(connection)[0]["id"]
        self.emulator.control("POST", f"/channels/{old}/kill")
        self.emulator.put_event(email, email, timed("two0000001", "Unannounced"))
        self.poll(connection)
        self.wait_title(connection, "Unannounced")
        wait_until(lambda: any(row["id"] != old for row in self.rows(connection)), 15, "the channel was replaced")
        self.wait_channels(connection, email, [email])
        self.stack.workers[0].wait_message("did not announce a change", connection_id=connection)
        self.emulator.put_event(email, email, timed("three00001", "Announced again"))
        self.wait_title(connection, "Announced again")

    def test_a_late_message_clears_the_suspicion(self):
        _, email, connection = self.watched([timed("one0000001", "One")])
        old = self.rows(connection)[0]["id"]
        with self.emulator.settings(push_delay_ms=500):
            self.emulator.put_event(email, email, timed("two0000001", "Two"))
            self.poll(connection)
            self.emulator.control("GET", f"/push/wait?channel_id={old}&state=exists&outcome=delivered&count=1&timeout_ms=5000")
        self.stack.wait_synced(connection)
        self.assertEqual([(row["id"], row["missed_at"]) for row in self.rows(connection)], [(old, None)])

    def test_a_lost_message_is_found_by_the_poll(self):
        _, email, connection = self.watched([timed("one0000001", "One")])
        old = self.rows(connection)[0]["id"]
        self.emulator.control("POST", "/push/faults", {"kind": "lost", "match": {"channel_id": old}, "times": -1})
        self.emulator.put_event(email, email, timed("two0000001", "Lost"))
        self.poll(connection)
        self.wait_title(connection, "Lost")
        wait_until(lambda: any(row["id"] != old for row in self.rows(connection)), 15, "the channel was replaced")

    def test_quiet_channels_are_not_suspected(self):
        _, email, connection = self.watched([timed("one0000001", "One")])
        old = self.rows(connection)[0]["id"]
        for _ in range(3):
            self.poll(connection)
        self.assertEqual([(row["id"], row["missed_at"]) for row in self.rows(connection)], [(old, None)])


class Trouble(ChannelCase):
    def watch_refused(self, status, body, headers=None):
        return self.emulator.rule("api", lambda exchange: exchange.answer(status, list({"Content-Type": "application/json", **(headers or {})}.items()),
                                                                           body.encode()),
                                  where=lambda call: call["path"].endswith("/events/watch"))

    def test_an_address_that_the_provider_refuses_is_the_operators_matter(self):
        body = '{"error":{"errors":[{"domain":"global","reason":"push.webhookUrlUnauthorized","message":"Unauthorized WebHook callback"}],"code":401}}'
        with self.watch_refused(401, body):
            _, email, connection = self.connected([timed("one0000001", "One")])
            row = wait_until(lambda: self.sql.row("SELECT * FROM external_calendars WHERE connection_id = %s AND watch_error IS NOT NULL", connection), 10,
                             "the refusal is on the calendar")
        self.assertIn("configuration_error", row["watch_error"])
        state = self.stack.wait_synced(connection)
        self.assertEqual((state["last_error"], state["error_count"]), (None, 0))
        self.assertEqual(len([call for call in self.emulator.calls(account=email, path="/calendar/v3") if call["path"].endswith("watch")]), 1)
        self.stack.workers[0].wait_message("could not be opened", connection_id=connection, level="error")

    def test_a_refused_watch_never_marks_the_account_as_broken(self):
        """The events were read with the same token a moment before."""
        body = '{"error":{"errors":[{"domain":"global","reason":"authError","message":"Invalid Credentials"}],"code":401}}'
        with self.watch_refused(401, body):
            _, _, connection = self.connected([timed("one0000001", "One")])
            for attempt in (1, 2, 3):
                wait_until(lambda: self.sql.value("SELECT watch_attempts FROM external_calendars WHERE connection_id = %s", connection) == attempt, 10,
                           "the refusal is on the calendar")
                self.assertIsNone(self.stack.sync(connection)["error"])
                self.sql.execute("UPDATE external_calendars SET watch_retry_at = now() WHERE connection_id = %s", connection)
                self.stack.sync(connection)
        state = self.stack.wait_synced(connection)
        self.assertEqual((state["last_error"], state["error_count"], state["grant_refusals"]), (None, 0, 0))

    def test_a_provider_that_fails_is_asked_again_later(self):
        with self.watch_refused(503, "down"):
            _, email, connection = self.connected([timed("one0000001", "One")])
            wait_until(lambda: self.sql.value("SELECT watch_attempts FROM external_calendars WHERE connection_id = %s", connection) == 1, 10,
                       "the refusal is on the calendar")
        state = self.stack.wait_synced(connection)
        self.assertEqual((state["last_error"], state["error_count"]), (None, 0))
        self.assertEqual(self.rows(connection), [])
        self.sql.execute("UPDATE external_calendars SET watch_retry_at = now() WHERE connection_id = %s", connection)
        self.stack.sync(connection)
        wait_until(lambda: len(self.rows(connection)) == 1, 10, "the channel is open")
        self.assertEqual(self.sql.row("SELECT watch_error, watch_attempts FROM external_calendars WHERE connection_id = %s", connection),
                         {"watch_error": None, "watch_attempts": 0})

    def test_a_pause_that_the_provider_asks_for_holds_for_the_connection_and_then_for_the_channel(self):
        body = '{"error":{"errors":[{"domain":"usageLimits","reason":"rateLimitExceeded"}],"code":429}}'
        with self.watch_refused(429, body, {"Retry-After": "120"}):
            owner, email = self.stack.new_owner(), self.account([timed("one0000001", "One")])
            connection = self.stack.connect_google(owner, email)
            state = self.stack.wait_row(connection, lambda row: row["backoff_until"] is not None, "the pause is on the row")
        self.assertGreaterEqual(self.stack.backoff_seconds(connection), 120)
        self.assertTrue(state["last_error"].startswith("rate_limited: "), state["last_error"])
        self.assertEqual(len(self.stack.events(connection)), 1, "what was read is kept")
        # The channel waits longer than the connection, so that events are never read late because of it.
        self.stack.set(connection, "backoff_until = NULL")
        self.assertIsNone(self.stack.sync(connection)["error"])
        self.assertEqual(self.rows(connection), [])

    def test_storms_and_strange_orders_cost_little(self):
        _, email, connection = self.watched([timed("one0000001", "One")])
        channel = self.rows(connection)[0]["id"]
        for kind, order in {"doubled": {"count": 3}, "reordered": {"delay_ms": 200}, "burst": {"count": 1000}}.items():
            with self.subTest(kind):
                self.emulator.control("POST", "/push/faults", {"kind": kind, "match": {"channel_id": channel, "state": "exists"}, "times": 2, **order})
                lists = len([call for call in self.emulator.calls(account=email) if call["path"].endswith("/events")])
                begun = time.monotonic()
                for number in range(2):
                    self.emulator.put_event(email, email, timed("two0000001", f"{kind} {number}"))
                self.wait_title(connection, f"{kind} 1")
                self.emulator.control("GET", "/push/idle?timeout_ms=20000")
                self.stack.wait_synced(connection)
                runs = len([call for call in self.emulator.calls(account=email) if call["path"].endswith("/events")]) - lists
                self.assertLessEqual(runs, 3 + int(time.monotonic() - begun))
        self.assertEqual(self.sql.value("SELECT count(*) FROM calendar_push_channels WHERE connection_id = %s", connection), 1)

    def test_messages_after_the_stop_are_answered_and_ignored(self):
        _, email, connection = self.watched()
        old = self.rows(connection)[0]["id"]
        self.emulator.control("POST", "/push/faults", {"kind": "after_stop", "match": {"channel_id": old}, "count": 3})
        self.sql.execute("UPDATE calendar_push_channels SET renew_at = now() WHERE id = %s", old)
        wait_until(lambda: old not in self.provider_channels(email), 10, "the old channel is stopped")
        wait_until(lambda: self.emulator.control("GET", f"/push/deliveries?channel_id={old}&state=exists")["count"] == 3, 10, "the late messages are sent")
        late = self.emulator.control("GET", f"/push/deliveries?channel_id={old}&state=exists")["deliveries"]
        self.assertEqual([(one["status"], one["outcome"]) for one in late], [(200, "delivered")] * 3)

    def test_the_provider_repeats_while_the_endpoint_is_down(self):
        _, email, connection = self.watched([timed("one0000001", "One")])
        self.stack.set(connection, "sync_frequency_minutes = 10000")
        self.stack.api_process.kill()
        self.emulator.put_event(email, email, timed("two0000001", "While down"))
        self.stack.start_api()
        self.wait_title(connection, "While down", 30)
