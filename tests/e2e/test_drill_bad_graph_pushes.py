# SPDX-License-Identifier: Apache-2.0
"""Drill: messages of Microsoft's that are malformed, oversized, unsigned, forged, foreign or replayed. Each gets the right status, a
count and a line in the log; no row of any table changes, and nothing of them is repeated."""
import collections
import json
import pathlib
import urllib.parse
import uuid

import harness
import microsoft
import tables
from counting import PUSHES, Counting
from graph_pushes import PATH, Subscription, lifecycle, message, notification, posted
from harness import wait_until
from pushes import ask_once, deliver, new_channel, request

setUpModule = harness.start_cluster

CANARY = "canary-of-a-hostile-body"
HOSTILE = {
    "SQL": f"' OR '1'='1'; -- {CANARY}", "SQL that drops": f"x'); DROP TABLE profiles CASCADE; -- {CANARY}",
    "a script": f"<script>alert('{CANARY}')</script>", "a template": "${jndi:ldap://127.0.0.1/" + CANARY + "}{{7*7}}%s%n",
    "a path": f"../../../../etc/passwd#{CANARY}", "JSON": '{"level":"info","message":"forged"}' + CANARY,
}
NO_TEXT = {"a number": 7, "nothing": None, "a list": [CANARY], "an object": {CANARY: 1}, "true": True, "an empty text": "",
           "a line": f"a\n{CANARY}", "NUL": f"a\0{CANARY}", "not ASCII": f"caf\u00e9 {CANARY}"}
LIFECYCLE = ("reauthorizationRequired", "subscriptionRemoved", "missed", "a word that is not known yet")
RESULTS = {"accepted": "accepted", "ignored": "ignored", "invalid_request": "malformed", "invalid_json": "malformed",
           "unsupported_media_type": "malformed", "method_not_allowed": "malformed", "invalid_channel": "invalid_channel",
           "body_too_large": "too_large", "handshake": "handshake"}
CHANNEL = "SELECT * FROM calendar_push_channels WHERE id = %s"


class GraphCase(Counting, harness.Case):
    """Accounts that no worker will touch."""
    CONFIG = {"providers": {"microsoft": {"endpoints": microsoft.endpoints("http://127.0.0.1:9")}}}
    ENVIRONMENT = {"MICROSOFT_CLIENT_ID": "c", "MICROSOFT_CLIENT_SECRET": "a-secret-of-the-drill",
                   "MICROSOFT_REDIRECT_URI": "https://app.example/api/auth/microsoft/callback"}
    WITH_EMULATOR = False
    WORKERS = 0

    @classmethod
    def new_connection(cls, provider="microsoft"):
        return cls.stack.sql.value(
            "INSERT INTO external_calendar_connections (provider_id, provider, provider_user_id, sync_needed, last_synced_at)"
            " VALUES (%s, %s, %s, false, now()) RETURNING id::text", cls.stack.new_owner(), provider, uuid.uuid4().hex)

    def setUp(self):
        self.mark, self.shown = self.stack.api_process.mark(), self.figures()

    def ask(self, sent):
        """(status, result or code) of the answer to these bytes."""
        status, text = ask_once(self.stack.api_port, sent)
        answer = harness.json_of(text)
        self.assertNotIn(CANARY, text)
        if status >= 400:
            self.assertTrue(answer["error"], text)
        return status, answer.get("result", answer.get("code"))

    def grown(self):
        shown = self.figures()
        found = {result: shown.value(PUSHES, provider="microsoft", result=result) - self.shown.value(PUSHES, provider="microsoft", result=result)
                 for result in (*RESULTS.values(), "not_allowlisted", "disabled", "database_error", "internal_error")}
        return {result: count for result, count in found.items() if count}

    def told(self):
        """{result: how many lines of the log say that an item was answered so}"""
        lines = [line for line in self.stack.api_process.logs[self.mark:] if line["message"] == "a push message was answered"]
        self.assertEqual({line["provider"] for line in lines} - {"microsoft"}, set())
        return dict(collections.Counter(line["metadata"]["result"] for line in lines))

    def assertTold(self, wanted):
        """The metrics and, of those that were items of a message, the log count the same."""
        self.assertEqual(self.grown(), {result: count for result, count in wanted.items() if count})
        judged = {result: count for result, count in wanted.items() if count and result in ("accepted", "ignored", "invalid_channel")}
        wait_until(lambda: self.told() == judged, 5, lambda: f"the log tells {judged}; it tells {self.told()}")


class BadPushes(GraphCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.first, cls.second = cls.new_connection(), cls.new_connection()

    def setUp(self):
        self.mine, self.other = Subscription(self.sql, self.first), Subscription(self.sql, self.second)
        self.stopped = Subscription(self.sql, self.first, state="stopped")
        super().setUp()
        self.before, self.answered = tables.contents(self.sql), collections.Counter()
        self.addCleanup(self.assertNothingHappened)

    def assertNothingHappened(self):
        self.assertEqual(tables.contents(self.sql), self.before)
        self.assertEqual(self.stack.api_process.noise, [])
        lines = self.stack.api_process.logs[self.mark:]
        self.assertEqual([line for line in lines if line["level"] in ("warn", "error") or "forged" in line["message"]], [])
        self.assertNotIn(CANARY, self.stack.output())
        self.assertNotIn(self.mine.secret, self.stack.output())
        # And that a genuine message still changes something shows that all of this could have been seen.
        self.check((202, "accepted"), message(notification(self.mine)))
        self.assertNotEqual(tables.contents(self.sql), self.before)
        self.assertTold(self.answered)
        self.sql.execute("UPDATE external_calendar_connections SET sync_needed = false")

    def check(self, wanted, sent, items=1, **where):
        with self.subTest(**where):
            status, said = self.ask(sent)
            self.answered[RESULTS[said]] += items
            self.assertEqual((status, said), wanted)

    def test_items_without_what_they_are_known_by_are_malformed(self):
        for name in ("subscriptionId", "clientState"):
            self.check((400, "invalid_request"), message(notification(self.mine, **{name: None})), missing=name)
            for what, value in NO_TEXT.items():
                self.check((400, "invalid_request"), message({**notification(self.mine), name: value}), of=name, what=what)
        for item in (None, 7, "text", [], {}, {"value": [notification(self.mine)]}):
            self.check((400, "invalid_request"), message(item), item=item)

    def test_an_unsigned_message_is_refused(self):
        unsigned = notification(self.mine, clientState=None)
        self.check((400, "invalid_request"), message(unsigned))
        self.check((400, "invalid_request"), message({**unsigned, "clientState": self.mine.secret}), what="without the channel's name")
        self.check((401, "invalid_channel"), message({**unsigned, "clientState": self.mine.channel + "."}), what="without the secret")
        for name in ("ClientState", "clientstate", "clientState "):
            self.check((400, "invalid_request"), message({**unsigned, name: self.mine.client_state}), name=name)

    def test_members_that_are_given_twice_do_not_open_a_channel(self):
        """Which of the two counts would be a guess; whichever it is, both have to be right."""
        item = json.dumps(notification(self.mine))
        for name, good in (("subscriptionId", self.mine.id), ("clientState", self.mine.client_state)):
            for pair in ((good, "x.y"), ("x.y", good)):
                twice = item.replace(f'"{name}": "{good}"', ", ".join(f'"{name}": "{value}"' for value in pair))
                status, said = self.ask(posted(f'{{"value": [{twice}]}}'.encode()))
                self.answered[RESULTS[said]] += 1
                self.assertIn((status, said), ((400, "invalid_request"), (401, "invalid_channel"), (202, "ignored"), (202, "accepted")))
                # Nobody but the provider could have written the right one.
                self.sql.execute("UPDATE external_calendar_connections SET sync_needed = false")
        self.before = tables.contents(self.sql)

    def test_hostile_texts_are_no_more_than_wrong_values(self):
        for what, text in HOSTILE.items():
            self.check((401, "invalid_channel"), message(notification(self.mine, subscriptionId=text)), of="subscriptionId", what=what)
            self.check((401, "invalid_channel"), message(notification(self.mine, clientState=f"{self.mine.channel}.{text}")), of="secret", what=what)
            self.check((202, "ignored"), message(notification(self.mine, clientState=f"{text.replace('.', '')}.{self.mine.secret}")), of="channel",
                       what=what)
        for name in ("changeType", "resource", "tenantId", "subscriptionExpirationDateTime", "resourceData"):
            for what, value in {**HOSTILE, **NO_TEXT}.items():
                self.check((202, "ignored"), message({**notification(self.stopped), name: value}), of=name, what=what)

    def test_values_that_are_too_long_are_malformed(self):
        self.check((400, "invalid_request"), message(notification(self.mine, subscriptionId="x" * 129)))
        self.check((400, "invalid_request"), message(notification(self.mine, clientState=self.mine.client_state + "x" * 200)))

    def test_forged_and_foreign_messages(self):
        mine, other = self.mine, self.other
        states = {"another secret": f"{mine.channel}.{'x' * 43}", "another channel's secret": f"{mine.channel}.{other.secret}",
                  "half a secret": mine.client_state[:-20], "a secret and more": mine.client_state + "A",
                  "a secret in upper case": f"{mine.channel}.{mine.secret.upper()}", "a blank before": f"{mine.channel}. {mine.secret}",
                  "another channel's id": f"{other.channel}.{mine.secret}"}
        for what, state in states.items():
            self.check((401, "invalid_channel"), message(notification(mine, clientState=state)), what=what)
        self.check((401, "invalid_channel"), message(notification(mine, subscriptionId=other.id)), what="another connection's subscription")
        self.check((401, "invalid_channel"), message(notification(other, subscriptionId=mine.id)), what="the other way")
        self.check((202, "ignored"), message(notification(mine, clientState=f"{uuid.uuid4()}.{mine.secret}")), what="an unknown channel")
        self.check((202, "ignored"), message(notification(self.stopped)), what="a stopped channel")

    def test_forged_lifecycle_messages_end_and_renew_nothing(self):
        """Whoever could say them would have every subscription opened anew, again and again."""
        before = self.sql.row(CHANNEL, self.mine.channel)
        for event in LIFECYCLE:
            forged = {"another secret": {"clientState": f"{self.mine.channel}.{'x' * 43}"}, "half a secret": {"clientState": self.mine.client_state[:-9]},
                      "another subscription": {"subscriptionId": self.other.id}}
            for what, change in forged.items():
                self.check((401, "invalid_channel"), message(lifecycle(self.mine, event, **change)), event=event, what=what)
            self.check((400, "invalid_request"), message(lifecycle(self.mine, event, clientState=None)), event=event, what="unsigned")
            self.check((202, "ignored"), message(lifecycle(self.stopped, event)), event=event, what="a stopped channel")
            self.check((401, "invalid_channel"), posted({"value": [lifecycle(self.mine, event, clientState=f"{self.mine.channel}.x")]},
                                                        f"{PATH}?channel={self.mine.channel}"), event=event, what="with the channel's address")
        self.assertEqual(self.sql.row(CHANNEL, self.mine.channel), before)

    def test_channels_of_another_provider(self):
        google, feed = self.new_connection("google"), self.new_connection("ics")
        theirs = [Subscription(self.sql, one) for one in (google, feed)]
        headers_of = new_channel(self.sql, google, resource="res-1")
        self.before = tables.contents(self.sql)
        for one in theirs:
            self.check((401, "invalid_channel"), message(notification(one)), what="a channel that is not Microsoft's")
        as_google = {"X-Goog-Channel-ID": headers_of[0], "X-Goog-Channel-Token": headers_of[1], "X-Goog-Resource-ID": "res-1",
                     "X-Goog-Resource-State": "exists"}
        self.check((400, "invalid_request"), request(as_google, b"", PATH), what="Google's headers here")

    def test_bodies_that_are_no_message(self):
        for body in (b"{", b"nonsense", b"[1, 2", b"\x00", b"\xff\xfe", b'{"value": [' + b'{"clientState": "' + CANARY.encode(), b'{"value": [1e999]}',
                     b'{"value": ["\xff"]}', b'{"value": ["\\ud800"]}', b"[" * 10000, b'{"value":' * 5000):
            self.check((400, "invalid_json"), posted(body), body=body[:20])
        for body in (b"null", b"[]", b"{}", b'"x"', b'{"value": 7}', b'{"value": {}}', b'{"Value": []}', b'{"value": [{}]}'):
            status, said = self.ask(posted(body))
            self.answered[RESULTS[said]] += 1
            self.assertEqual(status, 400, body)
        for kind in (None, "text/plain", "application/x-www-form-urlencoded", "application/jsonx", CANARY):
            self.check((415, "unsupported_media_type"), posted({"value": [notification(self.mine)]}, kind=kind), kind=kind)

    def peak(self):
        """KiB of memory that the api-server has ever held."""
        status = pathlib.Path(f"/proc/{self.stack.api_process.process.pid}/status").read_text()
        return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1])

    def test_a_message_of_ten_megabytes_is_413_and_is_not_kept(self):
        before = self.peak()
        big = json.dumps({"value": [notification(self.mine, resource="x" * 10_000_000)]}).encode()
        for _ in range(3):
            self.check((413, "body_too_large"), posted(big))
        self.assertLess(self.peak() - before, 4096, "KiB more than before")

    def test_a_message_of_many_forged_items_is_judged_as_one(self):
        forged = notification(self.mine, clientState=f"{self.mine.channel}.{'x' * 43}", resource=None, resourceData=None)
        self.check((401, "invalid_channel"), message(*[forged] * 100), items=100)
        self.answered["malformed"] += 50
        self.check((401, "invalid_channel"), message(*[forged, {"nonsense": CANARY}] * 50), items=50)

    def test_handshakes_say_their_word_back_and_nothing_else_happens(self):
        tokens = ["t", "a b+c&d=e%20/?#", "Validation: Testing client application reachability for subscription 5d4b", "x" * 8000, "zoë \U0001f389",
                  *(text.replace(CANARY, "") for text in HOSTILE.values())]
        for token in tokens:
            with self.subTest(token=token[:30]):
                answer = self.stack.stranger.call("POST", PATH + "?validationToken=" + urllib.parse.quote_plus(token), "", {"Content-Type": "text/plain"})
                self.assertEqual((answer.status, answer.text), (200, token))
                # It is a text, whatever a browser would make of it.
                self.assertEqual((answer.header("Content-Type"), answer.header("X-Content-Type-Options")), ("text/plain; charset=utf-8", "nosniff"))
                self.answered["handshake"] += 1
        for query in ("validationToken=" + "x" * 8193, "validationToken=a&validationToken=b"):
            self.check((400, "invalid_request"), posted(b"", f"{PATH}?{query}", "text/plain"), query=query[:40])
        # With an empty one it is a message, and not a good one.
        self.check((415, "unsupported_media_type"), posted(b"x", PATH + "?validationToken=", "text/plain"))
        self.check((400, "invalid_request"), posted({}, PATH + "?ValidationToken=t"))
        self.assertNotIn("reachability", self.stack.output())

    def test_a_flood_of_bad_messages_does_not_hurt_the_genuine_ones_among_them(self):
        bad = [message(notification(self.mine, clientState=f"{self.mine.channel}.{text}")) for text in HOSTILE.values()]
        good = message(notification(self.stopped))
        statuses = deliver(self.stack.api_port, [sent for one in bad * 20 for sent in (one, good)], senders=16)
        wanted = len(bad) * 20
        self.assertEqual(collections.Counter(statuses), {401: wanted, 202: wanted})
        self.answered.update({"invalid_channel": wanted, "ignored": wanted})

    def test_other_methods_are_405(self):
        for method in ("GET", "PUT", "PATCH", "DELETE", "HEAD"):
            answer = self.stack.stranger.call(method, PATH + "?validationToken=t", None)
            self.assertEqual((answer.status, answer.header("Allow")), (405, "POST"))
            self.answered["malformed"] += 1


class OneAmongGoodOnes(GraphCase):
    """Items of ten accounts in one message."""

    def setUp(self):
        self.everyone = [self.new_connection() for _ in range(10)]
        self.subscriptions = [Subscription(self.sql, one) for one in self.everyone]
        super().setUp()

    def woken(self):
        return [row["sync_needed"] for row in map(self.stack.connection, self.everyone)]

    def test_a_forged_one_hurts_nobody_and_gets_nothing(self):
        for at in (0, 4, 9):
            self.sql.execute("UPDATE external_calendar_connections SET sync_needed = false")
            self.mark, self.shown = self.stack.api_process.mark(), self.figures()
            items = [notification(one) for one in self.subscriptions]
            items[at]["clientState"] = self.subscriptions[at].client_state[:-1] + "!"
            before = self.stack.connection(self.everyone[at])
            self.assertEqual(self.ask(message(*items)), (202, "accepted"))
            self.assertEqual(self.woken(), [number != at for number in range(10)])
            self.assertEqual(self.stack.connection(self.everyone[at]), before)
            self.assertTold({"accepted": 9, "invalid_channel": 1})

    def test_a_forged_end_of_a_subscription_among_good_changes(self):
        victim, channel = self.subscriptions[3], self.sql.row(CHANNEL, self.subscriptions[3].channel)
        forged = lifecycle(victim, "subscriptionRemoved", clientState=f"{victim.channel}.{self.subscriptions[2].secret}")
        self.assertEqual(self.ask(message(notification(self.subscriptions[0]), forged, notification(self.subscriptions[1]))), (202, "accepted"))
        self.assertEqual(self.woken(), [True, True] + [False] * 8)
        self.assertEqual(self.sql.row(CHANNEL, victim.channel), channel)
        self.assertTold({"accepted": 2, "invalid_channel": 1})

    def test_malformed_and_unknown_ones_among_good_ones(self):
        nobody = notification(self.subscriptions[0], clientState=f"{uuid.uuid4()}.{'x' * 43}")
        answer = self.ask(message({"nonsense": CANARY}, nobody, notification(self.subscriptions[5]), None))
        self.assertEqual((answer, self.woken().count(True)), ((202, "accepted"), 1))
        self.assertTold({"accepted": 1, "ignored": 1, "malformed": 2})
