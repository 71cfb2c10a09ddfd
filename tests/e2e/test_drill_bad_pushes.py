# SPDX-License-Identifier: Apache-2.0
"""Drill: messages that are malformed, incomplete, forged, foreign, oversized or hostile. Each gets the right status, no row of any
table changes, nothing of them reaches the log, and genuine messages beside them are served."""
import collections
import pathlib
import uuid

import harness
import tables
from counting import PUSHES, Counting
from pushes import Line, PushCase, ask_once, deliver, genuine, request

setUpModule = harness.start_cluster

CANARY = "canary-of-a-hostile-header"
FORGED_LINE = '{"timestamp":"2027-01-01T00:00:00Z","level":"info","category":"calendar_sync","message":"forged"}'
# Texts that a client may send and that mean something to somebody further on.
HOSTILE = {
    "SQL": f"' OR '1'='1'; -- {CANARY}", "SQL that drops": f"x'); DROP TABLE profiles CASCADE; -- {CANARY}",
    "SQL in an array": '","a"}\\"; SELECT pg_sleep(5); --' + CANARY, "a script": f"<script>alert('{CANARY}')</script>",
    "a template": "${jndi:ldap://127.0.0.1/" + CANARY + "}{{7*7}}%s%n", "a percent-encoded line": f"x%0d%0a{CANARY}%0d%0a" + FORGED_LINE,
    "percent-encoded nothing": f"%00%00{CANARY}", "a path": f"../../../../etc/passwd#{CANARY}", "JSON": FORGED_LINE,
}
NOT_ASCII = {"UTF-8": "caf\u00e9 \U0001f389".encode(), "Latin-1": b"caf\xe9", "a lone byte": b"\xff", "overlong": b"\xc0\x80",
             "a surrogate": b"\xed\xa0\x80", "the highest": b"\xf4\x90\x80\x80"}
CONTROLS = {"nothing": b"a\x00b", "a bell": b"a\x07b", "an escape": b"\x1b[2J" + CANARY.encode(), "delete": b"a\x7fb",
            "a bare line feed": b"a\nX-Goog-Forged: " + CANARY.encode(), "a bare carriage return": b"a\r" + FORGED_LINE.encode(),
            "a line of its own": b"a\r\n" + FORGED_LINE.encode(), "a folded line": b"a\r\n " + CANARY.encode()}
DECIDING = ("X-Goog-Channel-ID", "X-Goog-Channel-Token", "X-Goog-Resource-ID", "X-Goog-Resource-State")
TOLD_ONLY = ("X-Goog-Channel-Expiration", "X-Goog-Resource-URI", "X-Goog-Message-Number")
# How the metrics call these answers. A head that cannot be read is nobody's message.
RESULTS = {"accepted": "accepted", "ignored": "ignored", "invalid_request": "malformed", "invalid_json": "malformed",
           "unsupported_media_type": "malformed", "method_not_allowed": "malformed", "invalid_channel": "invalid_channel",
           "body_too_large": "too_large", "not_found": "unknown_provider", "bad_request": None, "head_too_large": None}
# What a wrong value of this header means when it could be a right one.
WRONG = {"X-Goog-Channel-ID": (200, "ignored"), "X-Goog-Channel-Token": (401, "invalid_channel"),
         "X-Goog-Resource-ID": (401, "invalid_channel"), "X-Goog-Resource-State": (400, "invalid_request")}


class BadPushes(Counting, PushCase):
    WITH_EMULATOR = False
    WORKERS = 0

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.first, cls.second = cls.new_connection(), cls.new_connection()

    @classmethod
    def new_connection(cls, provider="google"):
        """A connection in step that no worker will touch."""
        return cls.stack.sql.value(
            "INSERT INTO external_calendar_connections (provider_id, provider, provider_user_id, sync_needed, last_synced_at)"
            " VALUES (%s, %s, %s, false, now()) RETURNING id::text", cls.stack.new_owner(), provider, uuid.uuid4().hex)

    def setUp(self):
        self.mine, self.other = self.channel(self.first, resource="res-1"), self.channel(self.second, resource="res-2")
        self.stopped = self.channel(self.first, state="stopped")
        self.before = tables.contents(self.sql)
        self.mark = self.stack.api_process.mark()
        self.shown, self.answered = self.figures(), collections.Counter()
        self.addCleanup(self.assertNothingHappened)

    def assertNothingHappened(self):
        """After every test: no row of any table has changed, and the log is as it would be without these messages."""
        self.assertEqual(tables.contents(self.sql), self.before)
        self.assertEqual(self.stack.api_process.noise, [], "every line on stdout and stderr is a JSON line")
        lines = self.stack.api_process.logs[self.mark:]
        self.assertEqual([line for line in lines if line["level"] in ("warn", "error") or "forged" in line["message"]], [])
        self.assertNotIn(CANARY, self.stack.output())
        # And that a genuine message still changes something shows that all of this could have been seen.
        self.assertEqual(self.answer(genuine(self.mine)), (200, "accepted"))
        self.assertNotEqual(tables.contents(self.sql), self.before)
        shown = self.figures()
        grown = {result: shown.value(PUSHES, result=result) - self.shown.value(PUSHES, result=result) for result in RESULTS.values() if result}
        self.assertEqual(grown, {result: self.answered[result] for result in grown})
        self.assertEqual(shown.value(PUSHES) - self.shown.value(PUSHES), sum(grown.values()))
        self.sql.execute("UPDATE external_calendar_connections SET sync_needed = false")

    def answer(self, headers, body=b"", path="/api/webhooks/calendar/google"):
        """(status, result or code) of the answer to one message."""
        status, text = ask_once(self.stack.api_port, request(headers, body, path))
        answer = harness.json_of(text)
        self.assertNotIn(CANARY, text)
        if status >= 400:
            self.assertTrue(answer["error"], text)
        said = answer.get("result", answer.get("code"))
        self.note(said)
        return status, said

    def note(self, said, count=1):
        if RESULTS[said]:
            self.answered[RESULTS[said]] += count

    def changed(self, headers, name, value):
        return [(key, value if key == name else old) for key, old in headers.items()]

    def check(self, wanted, headers, **where):
        with self.subTest(**where):
            self.assertEqual(self.answer(headers), wanted)

    def test_each_missing_header_is_400(self):
        for name in DECIDING:
            headers = genuine(self.mine)
            del headers[name]
            self.check((400, "invalid_request"), headers, missing=name)
        self.check((400, "invalid_request"), {}, missing="all")

    def test_each_empty_header_is_400(self):
        for name in DECIDING:
            for value in ("", "   ", "\t"):
                self.check((400, "invalid_request"), self.changed(genuine(self.mine), name, value), empty=name, value=value)

    def test_each_header_that_is_given_twice_is_400(self):
        """Which of the two counts would be a guess."""
        for name in DECIDING:
            headers = list(genuine(self.mine).items())
            good = dict(headers)[name]
            for value in (good, "other", genuine(self.other)[name]):
                self.check((400, "invalid_request"), [*headers, (name, value)], twice=name, value=value)
                self.check((400, "invalid_request"), [(name.lower(), value), *headers], twice=name, value=value)

    def test_hostile_texts_are_no_more_than_wrong_values(self):
        for name in DECIDING:
            for what, value in HOSTILE.items():
                wanted = WRONG[name]
                if name == "X-Goog-Channel-ID" and len(value) > 64:
                    wanted = (400, "invalid_request")
                self.check(wanted, self.changed(genuine(self.mine), name, value), header=name, what=what)

    def test_values_that_are_too_long_are_400_and_heads_that_are_too_long_are_431(self):
        for name in DECIDING:
            self.check((400, "invalid_request"), self.changed(genuine(self.mine), name, "x" * 8192), header=name)
        for name in DECIDING + TOLD_ONLY:
            self.check((431, "head_too_large"), self.changed(genuine(self.mine), name, "x" * 20000), header=name)
        self.check((431, "head_too_large"), [*genuine(self.mine).items(), *((f"X-Goog-{number}", CANARY) for number in range(100))], header="many")

    def test_bytes_that_are_not_ascii_are_400(self):
        for name in DECIDING:
            for what, value in NOT_ASCII.items():
                self.check((400, "invalid_request"), self.changed(genuine(self.mine), name, value), header=name, what=what)

    def test_control_characters_and_broken_lines_are_400_before_anything_is_read(self):
        for name in DECIDING + TOLD_ONLY:
            for what, value in CONTROLS.items():
                self.check((400, "bad_request"), self.changed(genuine(self.mine), name, value), header=name, what=what)

    def test_headers_that_decide_nothing_may_hold_anything(self):
        """Whatever they say, a stopped channel's message is answered and ignored."""
        for name in TOLD_ONLY:
            for what, value in {**HOSTILE, **NOT_ASCII, "empty": "", "long": "9" * 8192}.items():
                self.check((200, "ignored"), self.changed(genuine(self.stopped), name, value), header=name, what=what)

    def test_forged_and_foreign_messages(self):
        name, secret = self.mine
        for what, channel in {"another secret": (name, "x" * 43), "another channel's secret": (name, self.other[1]),
                              "half a secret": (name, secret[:20]), "a secret and more": (name, secret + "A"),
                              "a secret in upper case": (name, secret.upper()), "another channel's id": (self.other[0], secret)}.items():
            self.check((401, "invalid_channel"), genuine(channel), what=what)
        self.check((401, "invalid_channel"), genuine(self.mine, resource="res-2"), what="another connection's resource")
        self.check((401, "invalid_channel"), genuine(self.other, resource="res-1"), what="another connection's resource, the other way")
        self.check((200, "ignored"), genuine((str(uuid.uuid4()), secret)), what="an unknown channel")
        self.check((200, "ignored"), genuine(self.stopped), what="a stopped channel")

    def test_channels_of_another_provider(self):
        elsewhere = [self.channel(self.new_connection(provider)) for provider in ("ics", "microsoft")]
        self.before = tables.contents(self.sql)
        for channel in elsewhere:
            self.check((401, "invalid_channel"), genuine(channel), what="a channel that is not Google's")
        for path in ("/api/webhooks/calendar/ics", "/api/webhooks/calendar/microsoft", "/api/webhooks/calendar/%27%20OR%201=1",
                     "/api/webhooks/calendar/Google"):
            with self.subTest(path=path):
                self.assertEqual(self.answer(genuine(self.mine), path=path), (404, "not_found"))

    def test_malformed_bodies_are_400_and_other_types_415(self):
        as_json = {**genuine(self.mine), "Content-Type": "application/json"}
        for body in (b"{", b"}", b"nonsense", b"{\"a\":}", b"[1, 2", b"\x00", b"\xff\xfe", b"{\"a\": \"" + CANARY.encode(), b"null", b"[]", b"\"x\"",
                     b"1e999", b"{\"a\": \"\xff\"}", b"[" * 10000, b"{\"a\":" * 5000):
            with self.subTest(body=body[:20]):
                self.assertEqual(self.answer(as_json, body), (400, "invalid_json"))
        for kind in (None, "text/plain", "application/x-www-form-urlencoded", "application/jsonx", CANARY):
            headers = dict(genuine(self.mine), **({} if kind is None else {"Content-Type": kind}))
            with self.subTest(kind=kind):
                self.assertEqual(self.answer(headers, b"{}"), (415, "unsupported_media_type"))

    def peak(self):
        """KiB of memory that the api-server has ever held."""
        status = pathlib.Path(f"/proc/{self.stack.api_process.process.pid}/status").read_text()
        return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1])

    def test_a_body_of_ten_megabytes_is_413_and_is_not_kept(self):
        before = self.peak()
        big = b"{\"a\": \"" + b"x" * 10_000_000 + b"\"}"
        as_json = {**genuine(self.mine), "Content-Type": "application/json"}
        for _ in range(3):
            self.assertEqual(self.answer(as_json, big), (413, "body_too_large"))
        chunks = b"".join(b"8000\r\n" + big[at:at + 0x8000] + b"\r\n" for at in range(0, 10_000_000, 0x8000)) + b"0\r\n\r\n"
        announced = request({**as_json, "Transfer-Encoding": "chunked"}).replace(b"Content-Length: 0\r\n", b"")
        status, text = ask_once(self.stack.api_port, announced + chunks)
        self.assertEqual((status, harness.json_of(text)["code"]), (413, "body_too_large"))
        self.note("body_too_large")
        self.assertLess(self.peak() - before, 4096, "KiB more than before")

    def test_a_flood_of_bad_messages_does_not_hurt_the_genuine_ones_among_them(self):
        """They wait for the database in the same batches."""
        bad = [request(self.changed(genuine(self.mine), name, value))
               for name in DECIDING[:3] for value in (*NOT_ASCII.values(), *HOSTILE.values())]
        # A stopped channel's messages are genuine and change nothing.
        good = request(genuine(self.stopped))
        statuses = deliver(self.stack.api_port, [message for one in bad * 10 for message in (one, good)], senders=16)
        self.assertEqual(statuses.count(500) + statuses.count(503), 0)
        wanted = len(bad) * 10
        ignored = 10 * len([value for value in HOSTILE.values() if len(value) <= 64])
        self.assertEqual(statuses.count(200), wanted + ignored)
        for status, said in ((200, "ignored"), (400, "invalid_request"), (401, "invalid_channel")):
            self.note(said, statuses.count(status))

    def test_other_methods_are_405_and_queries_do_not_speak_for_headers(self):
        for method in ("GET", "PUT", "PATCH", "DELETE", "HEAD"):
            with self.subTest(method=method):
                answer = self.stack.stranger.call(method, "/api/webhooks/calendar/google", None, genuine(self.mine))
                self.assertEqual((answer.status, answer.header("Allow")), (405, "POST"))
                self.note("method_not_allowed")
        query = "&".join(f"{name}={value}" for name, value in (("X-Goog-Channel-ID", self.mine[0]), ("X-Goog-Channel-Token", self.mine[1])))
        self.assertEqual(self.answer({}, path="/api/webhooks/calendar/google?" + query), (400, "invalid_request"))

    def test_a_connection_goes_on_after_a_refusal(self):
        line = Line(self.stack.api_port)
        try:
            self.assertEqual(line.ask(request({}))[0], 400)
            self.note("invalid_request")
            self.assertEqual(line.ask(request(genuine(self.stopped)))[0], 200)
            self.note("ignored")
        finally:
            line.close()
