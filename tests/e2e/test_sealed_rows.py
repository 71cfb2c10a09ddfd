# SPDX-License-Identifier: Apache-2.0
"""Sealed texts of real rows, altered or put where they do not belong: the run says so, the provider is not called, and it heals."""
import contextlib
import json

import harness
from events import timed
from feed_server import FeedServer
from harness import wait_until
from sealing import Ring

setUpModule = harness.start_cluster
ALTERED = "internal_error: a sealed secret was altered or belongs to another row"
FEED = "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\nEND:VCALENDAR\n"


class SealedRows(harness.Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.feeds = FeedServer()
        cls.addClassCleanup(cls.feeds.close)
        cls.feeds.publish("/secret/feed.ics", FEED)

    @property
    def ring(self):
        return Ring(self.stack.environment["CALENDAR_TOKEN_KEYS"])

    def sealed(self, connection, kind):
        return self.sql.value("SELECT sealed FROM external_calendar_credentials WHERE connection_id = %s AND kind = %s", connection, kind)

    def put(self, connection, kind, text):
        self.sql.execute("UPDATE external_calendar_credentials SET sealed = %s WHERE connection_id = %s AND kind = %s", text, connection, kind)

    def calls(self):
        return len(self.emulator.calls()), len(self.feeds.requests)

    @contextlib.contextmanager
    def refused(self, connection, expected=ALTERED):
        """In the block something is done to the connection: its next run fails so, calls nobody and changes no event."""
        self.assertIsNone(self.stack.retry(connection)["error"])
        before, events = self.calls(), self.stack.events(connection, everything=True)
        yield
        error = self.stack.retry(connection)["error"]
        self.assertTrue(error and error.startswith(expected), error)
        self.assertEqual(self.calls(), before)
        self.assertEqual(self.stack.events(connection, everything=True), events)
        row = self.stack.connection(connection)
        self.assertEqual((row["last_error"], row["error_count"], row["sync_enabled"]), (error, 1, True))

    def assertHeals(self, connection):
        calls = self.calls()
        self.assertIsNone(self.stack.retry(connection)["error"])
        self.assertGreater(sum(self.calls()), sum(calls))
        row = self.stack.connection(connection)
        self.assertEqual((row["last_error"], row["error_count"], row["backoff_until"]), (None, 0, None))

    def sealed_elsewhere(self, victim):
        """Every sealed text that may stand anywhere, by where it stands; none of them is the victim's access or refresh token."""
        owner = str(self.stack.connection(victim)["provider_id"])
        neighbour = self.stack.connect_google(owner, self.account())
        _, _, stranger = self.connected([timed("one0000001", "Somebody else's")])
        feed = self.stack.connect_feed(owner, self.feeds.url("/secret/feed.ics"))
        for connection in (neighbour, feed):
            self.stack.wait_synced(connection)
        texts = {f"{name} {kind}": self.sealed(connection, kind) for name, connection in (("neighbour", neighbour), ("stranger", stranger))
                 for kind in ("access_token", "refresh_token")}
        texts["feed feed_url"] = self.sealed(feed, "feed_url")
        self.stack.oauth_link(owner)
        texts["connect attempt"] = self.sql.value("SELECT verifier_sealed FROM calendar_oauth_flows WHERE provider_id = %s"
                                                  " ORDER BY created_at DESC LIMIT 1", owner)
        # As disconnecting leaves them behind while the provider is away.
        for name, context in (("revocation of this row", ("calendar_revocations", "sealed", victim, owner, "google", "refresh_token")),
                              ("another table's column", ("external_calendar_credentials", "verifier_sealed", victim, owner, "google", "access_token")),
                              ("another provider's", ("external_calendar_credentials", "sealed", victim, owner, "ics", "access_token")),
                              ("a password's", ("external_calendar_credentials", "sealed", victim, owner, "google", "password"))):
            texts[name] = self.ring.seal("stolen-token", *context)
        return texts

    def test_a_text_from_any_other_place_is_refused(self):
        _, _, victim = self.connected([timed("one0000001", "One")])
        own = {kind: self.sealed(victim, kind) for kind in ("access_token", "refresh_token")}
        elsewhere = {**self.sealed_elsewhere(victim), **own}
        for kind in own:
            for name, text in elsewhere.items():
                if text == own[kind]:
                    continue
                with self.subTest(column=kind, text=name):
                    with self.refused(victim):
                        self.put(victim, kind, text)
                    self.put(victim, kind, own[kind])
                    self.assertHeals(victim)

    def test_a_text_sealed_as_we_do_it_is_accepted_in_its_own_place_alone(self):
        """Proves that the other tests refuse for the reason they name."""
        owner, email, connection = self.connected([timed("one0000001", "One")])
        place = ("external_calendar_credentials", "sealed", connection, owner, "google", "access_token")
        token = self.ring.open(self.sealed(connection, "access_token"), *place)
        self.assertIn(token, self.emulator.issued())
        self.put(connection, "access_token", self.ring.seal(token, *place))
        self.assertIsNone(self.stack.retry(connection)["error"])

    def test_flipped_bits_in_each_part_of_a_real_row_are_refused(self):
        _, _, connection = self.connected()
        good = self.sealed(connection, "access_token")
        version, key, nonce, body = good.split(".")

        def other(text, index):
            return text[:index] + ("A" if text[index] != "A" else "B") + text[index + 1:]
        spoilt = {"version": f"v2.{key}.{nonce}.{body}", "nonce": f"v1.{key}.{other(nonce, 0)}.{body}", "ciphertext": f"v1.{key}.{nonce}.{other(body, 0)}",
                  "tag": f"v1.{key}.{nonce}.{other(body, len(body) - 8)}", "cut": good[:-1], "longer": good + "A", "empty": "", "no form": "x",
                  "in the clear": "ya29.a0AfB_byC"}
        for name, text in spoilt.items():
            with self.subTest(name):
                with self.refused(connection):
                    self.put(connection, "access_token", text)
                self.put(connection, "access_token", good)
                self.assertHeals(connection)
        with self.subTest("another key's name"):
            with self.refused(connection, "configuration_error: the key ring has no key 'k9' that a secret was sealed with"):
                self.put(connection, "access_token", f"v1.k9.{nonce}.{body}")
            self.put(connection, "access_token", good)
            self.assertHeals(connection)

    def test_a_row_that_is_given_to_another_owner_or_connection_is_refused(self):
        owner, _, connection = self.connected([timed("one0000001", "One")])
        thief, other = self.stack.new_owner(), self.connected()[2]
        moves = {"the connection to another owner": (("UPDATE external_calendar_connections SET provider_id = %s WHERE id = %s", thief, connection),
                                                     ("UPDATE external_calendar_connections SET provider_id = %s WHERE id = %s", owner, connection)),
                 "its kinds exchanged": ((self.EXCHANGE, connection, connection), (self.EXCHANGE, connection, connection))}
        for name, (there, back) in moves.items():
            with self.subTest(name):
                with self.refused(connection):
                    self.sql.execute(*there)
                self.sql.execute(*back)
                self.assertHeals(connection)
        with self.subTest("all credentials of two connections exchanged"):
            with self.refused(connection):
                self.exchange(connection, other)
            self.exchange(connection, other)
            self.assertHeals(connection)

    EXCHANGE = ("UPDATE external_calendar_credentials k SET sealed = o.sealed FROM external_calendar_credentials o"
                " WHERE k.connection_id = %s AND o.connection_id = %s AND o.kind <> k.kind")

    def exchange(self, one, two):
        self.sql.execute("UPDATE external_calendar_credentials k SET sealed = o.sealed FROM external_calendar_credentials o WHERE o.kind = k.kind"
                         " AND ((k.connection_id = %s AND o.connection_id = %s) OR (k.connection_id = %s AND o.connection_id = %s))", one, two, two, one)

    def test_a_feed_that_is_given_another_feeds_address_is_refused(self):
        owner = self.stack.new_owner()
        self.feeds.publish("/other.ics", FEED)
        one, two = (self.stack.connect_feed(owner, self.feeds.url(path)) for path in ("/secret/feed.ics", "/other.ics"))
        for connection in (one, two):
            self.stack.wait_synced(connection)
        good = self.sealed(one, "feed_url")
        with self.refused(one):
            self.put(one, "feed_url", self.sealed(two, "feed_url"))
        self.put(one, "feed_url", good)
        self.assertHeals(one)

    def test_a_revocation_that_holds_another_grant_revokes_nothing(self):
        owner, email, connection = self.connected()
        stolen = self.sealed(connection, "refresh_token")
        self.sql.execute("INSERT INTO calendar_revocations (provider, provider_id, sealed) VALUES ('google', %s, %s)", owner, stolen)
        wait_until(lambda: self.sql.value("SELECT max(last_error) FROM calendar_revocations WHERE provider_id = %s", owner), 10, "it was tried")
        self.assertIn(ALTERED, self.sql.value("SELECT last_error FROM calendar_revocations WHERE provider_id = %s", owner))
        self.assertEqual(self.emulator.calls(path="/revoke"), [])
        self.assertTrue(self.emulator.has_grant(email))
        self.sql.execute("DELETE FROM calendar_revocations WHERE provider_id = %s", owner)

    def test_abandoned_channels_that_hold_another_grant_stop_nothing(self):
        owner, email, connection = self.connected()
        before = self.calls()
        self.sql.execute("INSERT INTO calendar_abandoned_channels (id, resource_id, connection_id, provider, provider_id, sealed, expires_at)"
                         " VALUES ('stolen', 'r', gen_random_uuid(), 'google', %s, %s, now() + interval '1 day')", owner,
                         self.sealed(connection, "refresh_token"))
        wait_until(lambda: self.sql.value("SELECT last_error FROM calendar_abandoned_channels WHERE id = 'stolen'"), 10, "it was tried")
        self.assertIn(ALTERED, self.sql.value("SELECT last_error FROM calendar_abandoned_channels WHERE id = 'stolen'"))
        self.assertEqual(self.calls(), before)
        self.sql.execute("DELETE FROM calendar_abandoned_channels")

    def test_a_connect_attempt_with_another_attempts_verifier_asks_nobody(self):
        owner, email = self.stack.new_owner(), self.account()
        browser = harness.Browser()
        back = self.stack.consent(self.stack.oauth_link(owner), browser, email)
        good = self.sql.value("SELECT verifier_sealed FROM calendar_oauth_flows WHERE provider_id = %s", owner)
        other = self.stack.new_owner()
        self.stack.oauth_link(other)
        self.sql.execute("UPDATE calendar_oauth_flows SET verifier_sealed = (SELECT verifier_sealed FROM calendar_oauth_flows WHERE provider_id = %s)"
                         " WHERE provider_id = %s", other, owner)
        before = len(self.emulator.calls(path="/token"))
        answer = browser.get(back)
        self.assertEqual(answer.status, 500, answer.text)
        self.assertNotIn(good, json.dumps(answer.headers) + answer.text)
        self.assertEqual(len(self.emulator.calls(path="/token")), before)
