# SPDX-License-Identifier: Apache-2.0
"""Graph subscriptions: the handshake, messages of several accounts, lifecycle notifications."""
import urllib.parse

import harness
from counting import Counting
from harness import wait_until
from microsoft import MicrosoftCase, day, meeting

setUpModule = harness.start_cluster
PATH = "/api/webhooks/calendar/microsoft"


class PushCase(MicrosoftCase):
    CONFIG = {"push": {"open_channels": True}}

    def watched(self, events=()):
        owner, email, connection = self.connected(events)
        channel, = self.wait_subscribed(connection, email)
        self.stack.set(connection, "sync_frequency_minutes = 10000")
        self.stack.wait_synced(connection)
        return email, connection, channel

    def post(self, items):
        return self.stack.stranger.call("POST", PATH, {"value": items})

    def item(self, email, **more):
        """What Graph would send of this account's only subscription."""
        (name, row), = self.subscriptions(email).items()
        return {"subscriptionId": name, "clientState": row["client_state"], "changeType": "updated", "tenantId": "t", **more}


class Messages(PushCase):
    def test_a_change_reaches_the_mirror_without_a_poll(self):
        email, connection, _ = self.watched([meeting("One", day(1))])
        for number in range(3):
            self.put(email, meeting(f"Change {number}", day(2)))
            self.wait_titles(connection, ["One"] + [f"Change {seen}" for seen in range(number + 1)])
        self.assertIsNotNone(self.stack.connection(connection)["last_webhook_received_at"])

    def test_the_handshake(self):
        token = "Validation: Testing client application <b>reachability</b> + & done"
        answer = self.stack.stranger.call("POST", PATH + "?validationToken=" + urllib.parse.quote_plus(token), "",
                                          {"Content-Type": "text/plain; charset=utf-8"})
        self.assertEqual((answer.status, answer.text), (200, token))
        self.assertTrue(answer.header("Content-Type").startswith("text/plain"))
        with_body = self.stack.stranger.call("POST", PATH + "?validationToken=t", "whatever", {"Content-Type": "text/plain"})
        self.assertEqual((with_body.status, with_body.text), (200, "t"))
        twice = self.stack.stranger.call("POST", PATH + "?validationToken=a&validationToken=b", "")
        self.assertAnswer(twice, 400)

    def test_items_of_several_accounts_are_judged_alone(self):
        (ada, one, _), (bob, two, _) = self.watched(), self.watched()
        before = {row: self.stack.connection(row)["last_webhook_received_at"] for row in (one, two)}
        forged = self.item(ada, clientState=self.item(ada)["clientState"][:-1] + "!")
        foreign = self.item(ada, subscriptionId=self.item(bob)["subscriptionId"])
        unknown = {"subscriptionId": "s", "clientState": "11111111-2222-4333-8444-555555555555.x"}
        answer = self.post([forged, foreign, unknown, {"nonsense": 1}, self.item(bob)])
        self.assertEqual((answer.status, answer.json()["result"]), (202, "accepted"))
        wait_until(lambda: self.stack.connection(two)["last_webhook_received_at"] != before[two], 10, "Bob's connection was woken")
        self.assertEqual(self.stack.connection(one)["last_webhook_received_at"], before[one])
        self.assertAnswer(self.post([forged, foreign]), 401, "invalid_channel")
        self.assertEqual(self.post([forged, unknown]).status, 202)
        self.assertEqual(self.post([unknown]).json()["result"], "ignored")

    def test_bodies_that_are_no_message(self):
        for body in ("", "{}", "[]", '{"value":7}', '{"value":[{}]}', '{"value":[1'):
            with self.subTest(body=body):
                self.assertEqual(self.stack.stranger.call("POST", PATH, body, {"Content-Type": "application/json"}).status, 400)
        self.assertEqual(self.stack.stranger.call("POST", PATH, "x", {"Content-Type": "text/plain"}).status, 415)

    def test_the_secret_is_kept_as_a_hash_only(self):
        email, connection, _ = self.watched()
        secret = self.item(email)["clientState"].split(".")[1]
        self.assertGreaterEqual(len(secret), 43)
        self.assertLessEqual(len(self.item(email)["clientState"]), 128)
        self.assertNotIn(secret, self.stack.output())
        self.assertEqual(self.sql.value("SELECT count(*) FROM calendar_push_channels p WHERE p::text LIKE %s", f"%{secret}%"), 0)


class Lifecycle(PushCase):
    def say(self, channel, event):
        self.control("POST", f"/subscriptions/{channel['resource_id']}/lifecycle", {"event": event})

    def replaced(self, connection, email, channel):
        return wait_until(lambda: [row for row in self.wait_subscribed(connection, email) if row["id"] != channel["id"]], 20,
                          "another subscription has taken its place")[0]

    def test_a_reauthorization_is_a_new_subscription(self):
        email, connection, channel = self.watched()
        self.say(channel, "reauthorizationRequired")
        self.replaced(connection, email, channel)
        self.put(email, meeting("Afterwards", day(1)))
        self.wait_titles(connection, ["Afterwards"])

    def test_a_removed_subscription_is_opened_again(self):
        email, connection, channel = self.watched()
        self.say(channel, "subscriptionRemoved")
        self.replaced(connection, email, channel)
        self.put(email, meeting("Afterwards", day(1)))
        self.wait_titles(connection, ["Afterwards"])

    def test_a_missed_notification_asks_for_a_read(self):
        email, connection, channel = self.watched()
        before = self.stack.connection(connection)["last_synced_at"]
        self.say(channel, "missed")
        self.stack.wait_row(connection, lambda row: row["last_synced_at"] > before, "it was read")
        self.assertEqual([row["id"] for row in self.wait_subscribed(connection, email)], [channel["id"]])

    def test_renewal_new_before_old_where_the_provider_allows_it(self):
        self.emulator.control("POST", "/settings", {"graph_duplicate_subscription": "201"})
        self.addCleanup(self.emulator.control, "POST", "/settings", {"graph_duplicate_subscription": "409"})
        email, connection, channel = self.watched()
        self.sql.execute("UPDATE calendar_push_channels SET renew_at = now() WHERE id = %s", channel["id"])
        self.replaced(connection, email, channel)

    def test_an_opening_without_an_answer_is_found_and_ended(self):
        email, connection, channel = self.watched()
        self.sql.execute("UPDATE calendar_push_channels SET state = 'stopping', resource_id = NULL, retry_at = NULL WHERE id = %s", channel["id"])
        self.stack.sync(connection)
        self.replaced(connection, email, channel)

    def test_disconnecting_ends_the_subscription(self):
        email, connection, _ = self.watched()
        self.assertEqual(self.stack.app.delete(f"/api/calendar/connections/{connection}").status, 200)
        wait_until(lambda: not self.subscriptions(email), 20, "the subscription is gone")


class Dead(Counting, PushCase):
    """Subscriptions that are gone or mute at the provider, which says nothing: a poll finds what no message told."""
    CONFIG = {"push": {"open_channels": True, "patience_seconds": 1}}
    MISSED = "calendar_missed_push_total"

    def noticed(self, end):
        email, connection, channel = self.watched([meeting("One", day(1))])
        self.emulator.control("GET", "/push/idle?timeout_ms=5000")
        shown, mark = self.settled(), self.stack.workers[0].mark()
        end(channel["resource_id"])
        self.put(email, meeting("Two", day(2)))
        # The interval of the poll is over.
        self.stack.set(connection, "last_synced_at = now() - interval '1 week'")
        self.wait_titles(connection, ["One", "Two"])
        self.assertGrown(shown, 1, self.MISSED, provider="microsoft")
        line = self.stack.workers[0].wait_log(lambda line: line.get("connection_id") == connection and
                                              "did not announce a change" in line["message"], "the silence", after=mark)
        self.assertEqual((line["level"], line["provider"]), ("warn", "microsoft"))

        def another():
            rows = self.sql.rows("SELECT * FROM calendar_push_channels WHERE connection_id = %s", connection)
            live = [row for row in rows if row["state"] == "live" and row["id"] != channel["id"] and row["resource_id"] in self.subscriptions(email)]
            return live if len(rows) == 1 else None
        new, = wait_until(another, 20, "another subscription in place of the dead one")
        self.assertNotEqual(new["resource_id"], channel["resource_id"])
        self.stack.wait_synced(connection)
        # No poll is due for a week.
        self.put(email, meeting("Three", day(3)))
        self.wait_titles(connection, ["One", "Two", "Three"])
        self.assertGrown(shown, 1, self.MISSED, provider="microsoft")
        self.assertEqual(set(self.subscriptions(email)), {new["resource_id"]})
        self.assertIsNone(self.stack.connection(connection)["last_error"])

    def test_a_subscription_that_was_deleted_silently_is_opened_again(self):
        removed = {"event": "subscriptionRemoved", "say": False}
        self.noticed(lambda name: self.control("POST", f"/subscriptions/{name}/lifecycle", removed))

    def test_a_subscription_that_is_mute_is_replaced(self):
        """The provider shows it as alive."""
        self.noticed(lambda name: self.control("POST", f"/subscriptions/{name}/kill"))

    def test_a_subscription_that_is_paused_without_a_word_is_replaced(self):
        paused = {"event": "reauthorizationRequired", "say": False}
        self.noticed(lambda name: self.control("POST", f"/subscriptions/{name}/lifecycle", paused))


class SwitchedOff(PushCase):
    FLAGS = {"CALENDAR_WEBHOOK_ENABLED": "false"}

    def test_handshakes_are_refused_too(self):
        answer = self.stack.stranger.call("POST", PATH + "?validationToken=t", "")
        self.assertAnswer(answer, 403, "calendar_sync_disabled")
