# SPDX-License-Identifier: Apache-2.0
"""Every flag combination, list setting and endpoint against a table of its own, and values that are no values."""
import hashlib
import uuid

import harness
import microsoft
from client import Browser, send
from gate_table import BAD_FLAGS, BAD_IDS, ENDPOINTS, FLAGS, GOOD_FLAGS, LISTS, OAUTH, SYNC, WEBHOOK, expected, flag_settings

setUpModule = harness.start_cluster

PROVIDERS, CONNECTIONS = "CALENDAR_ALLOWLIST_PROVIDER_IDS", "CALENDAR_ALLOWLIST_CONNECTION_IDS"
FEED = "https://feeds.example/calendar.ics"
SECRET = "a-secret-of-the-matrix-channel"
GRAPH = "/api/webhooks/calendar/microsoft"
PUSH = {"X-Goog-Channel-ID": "matrix", "X-Goog-Channel-Token": SECRET, "X-Goog-Resource-ID": "res-1", "X-Goog-Resource-State": "exists",
        "Content-Length": "0"}


def graph_message(*channels):
    """What Graph would send of these channels, all in one."""
    return {"value": [{"subscriptionId": f"sub-{name}", "clientState": f"{name}.{SECRET}", "changeType": "updated"} for name in channels]}


class GateCase(harness.Case):
    CONFIG = {"providers": {"microsoft": {"endpoints": microsoft.endpoints("http://127.0.0.1:9")}}}
    ENVIRONMENT = {"MICROSOFT_CLIENT_ID": "c", "MICROSOFT_CLIENT_SECRET": "a-secret-of-the-matrix",
                   "MICROSOFT_REDIRECT_URI": "https://app.example/api/auth/microsoft/callback"}
    WITH_EMULATOR = False
    WORKERS = 0

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.owner = cls.stack.new_owner()
        cls.connection = cls.stack.connect_feed(cls.owner, FEED)
        cls.other = str(uuid.uuid4())

    def fill(self, text):
        if text is None:
            return None
        names = {"OWNER": self.owner, "CONNECTION": self.connection, "OTHER": self.other, "UNDASHED": self.owner.replace("-", ""),
                 "SHORT": self.owner[:-1], "NOT_HEX": "g" + self.owner[1:]}
        for name, value in names.items():
            text = text.replace(name, value)
        return text

    @classmethod
    def watch(cls, owner, provider, name):
        """A watched account that no worker may touch, since only its channel counts here: the connection's id."""
        connection = cls.stack.sql.value(
            "INSERT INTO external_calendar_connections (provider_id, provider, provider_user_id, sync_enabled, sync_needed)"
            " VALUES (%s, %s, %s, false, false) RETURNING id::text", owner, provider, name)
        resource = {"google": "res-1", "microsoft": f"sub-{name}"}[provider]
        cls.stack.sql.execute("INSERT INTO calendar_push_channels (id, connection_id, external_calendar_id, resource_id, secret_hash, state)"
                              " VALUES (%s, %s, 'primary', %s, %s, 'live')", name, connection, resource, hashlib.sha256(SECRET.encode()).hexdigest())
        return connection

    def graph_push(self, *channels):
        return self.stack.stranger.call("POST", GRAPH, graph_message(*channels))

    def handshake(self):
        return self.stack.stranger.call("POST", GRAPH + "?validationToken=hello", "", {"Content-Type": "text/plain"})

    def invalid_settings(self):
        answer = self.assertAnswer(self.stack.admin.get("/api/admin/calendar/status"), 200)
        return {(one["name"], one["value"]) for one in answer.json()["invalid_settings"]}


class Matrix(GateCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.link = cls.stack.oauth_link(cls.owner)
        cls.browser = Browser()
        cls.browser.get(cls.link)
        cls.job = cls.stack.admin.post("/api/admin/calendar/jobs/run", {"wait_seconds": 0}).json()["run_id"]
        # "disconnect" deletes this one; it is put back under the same id.
        cls.spare = cls.stack.connect_feed(cls.owner, "https://feeds.example/spare.ics")
        cls.watched = [cls.watch(cls.owner, "google", "matrix"), cls.watch(cls.owner, "microsoft", "graph-matrix")]
        cls.outlook_link = cls.stack.oauth_link(cls.owner, provider="microsoft")
        cls.browser.get(cls.outlook_link)

    def restore_spare(self):
        self.sql.execute("INSERT INTO external_calendar_connections (id, provider_id, provider, provider_user_id)"
                         " VALUES (%s, %s, 'ics', 'spare') ON CONFLICT DO NOTHING", self.spare, self.owner)

    def ask(self, name):
        app, admin, one = self.stack.app, self.stack.admin, f"/api/calendar/connections/{self.connection}"
        span = "&from=2026-01-01T00:00:00Z&to=2026-02-01T00:00:00Z"
        calls = {
            "connect link": lambda: app.get("/api/auth/google", provider_id=self.owner),
            "open link": lambda: self.browser.get(self.link),
            "callback of a stranger": lambda: send("GET", self.stack.redirect_uri + "?state=unknown&code=unknown"),
            "connect link of Microsoft": lambda: app.get("/api/auth/microsoft", provider_id=self.owner),
            "open link of Microsoft": lambda: self.browser.get(self.outlook_link),
            "callback of a stranger at Microsoft": lambda: send("GET", self.stack.root + "/api/auth/microsoft/callback?state=unknown&code=unknown"),
            "list connections": lambda: app.get("/api/calendar/connections", provider_id=self.owner),
            "add feed": lambda: app.post("/api/calendar/connections", {"provider_id": self.owner, "provider": "ics", "url": FEED}),
            "one connection": lambda: app.get(one),
            "change connection": lambda: app.patch(one, {"sync_enabled": True}),
            "calendars": lambda: app.get(one + "/calendars"),
            "confirm": lambda: app.post(one + "/confirm", {"provider_id": self.owner}),
            "disconnect": lambda: app.delete(f"/api/calendar/connections/{self.spare}"),
            "sync connection": lambda: app.post("/api/calendar/sync", {"connection_id": self.connection}),
            "sync owner": lambda: app.post("/api/calendar/sync", {"provider_id": self.owner}),
            "events": lambda: app.call("GET", f"/api/calendar/events?provider_id={self.owner}{span}"),
            "job for all": lambda: admin.post("/api/admin/calendar/jobs/run", {"wait_seconds": 0}),
            "job for owner": lambda: admin.post("/api/admin/calendar/jobs/run", {"provider_id": self.owner, "wait_seconds": 0}),
            "job for connection": lambda: admin.post("/api/admin/calendar/jobs/run", {"connection_id": self.connection, "wait_seconds": 0}),
            "job result": lambda: admin.get(f"/api/admin/calendar/jobs/{self.job}"),
            "push": lambda: self.stack.stranger.call("POST", "/api/webhooks/calendar/google", None, PUSH),
            "push of Microsoft": lambda: self.graph_push("graph-matrix"),
            "handshake of Microsoft": self.handshake,
            "status": lambda: admin.get("/api/admin/calendar/status"),
            "health": lambda: self.stack.stranger.get("/healthz"),
            "readiness": lambda: self.stack.stranger.get("/readyz"),
        }
        return calls[name]()

    def check(self, endpoint, flags, lists):
        if endpoint.name == "disconnect":
            self.restore_spare()
        answer = self.ask(endpoint.name)
        statuses, code, flag = expected(endpoint, flags, lists)
        self.assertIn(answer.status, statuses, answer.text)
        if code is None:
            return
        body = answer.json()
        self.assertEqual((body["error"], body["code"], body.get("flag")), ("Calendar sync is not enabled", code, flag))

    def one_list(self, lists):
        # The other connections are always listed where their sibling is.
        connections = self.fill(lists.connections)
        if connections and self.connection in connections:
            connections = ",".join([connections, self.spare, *self.watched])
        for flags in flag_settings():
            self.stack.reload(CALENDAR_ENV=lists.environment, **{PROVIDERS: self.fill(lists.providers), CONNECTIONS: connections}, **flags)
            for endpoint in ENDPOINTS:
                with self.subTest(lists=lists.name, endpoint=endpoint.name, flags=[name for name in FLAGS if flags[name] == "true"]):
                    self.check(endpoint, flags, lists)

    def test_strangers_learn_nothing_whatever_is_on(self):
        """Authentication comes before the gate: 401 with everything on and with everything off alike."""
        for value in ("true", "false"):
            self.stack.reload(**dict.fromkeys(FLAGS, value), **{PROVIDERS: "*"})
            for method, path in (("GET", f"/api/calendar/connections?provider_id={self.owner}"), ("POST", "/api/calendar/sync"),
                                 ("GET", f"/api/calendar/connections/{self.connection}"), ("POST", "/api/admin/calendar/jobs/run"),
                                 ("GET", f"/api/auth/google?provider_id={self.owner}"),
                                 ("GET", f"/api/auth/microsoft?provider_id={self.owner}"), ("GET", "/api/admin/calendar/status")):
                with self.subTest(value=value, path=path):
                    self.assertAnswer(self.stack.stranger.call(method, path), 401)

    def test_a_callback_of_an_owner_off_the_list_is_refused_and_its_link_stays_usable(self):
        for provider in ("google", "microsoft"):
            with self.subTest(provider=provider):
                self.stack.reload(CALENDAR_ENV="production", **{PROVIDERS: "*", CONNECTIONS: ""}, **dict.fromkeys(FLAGS, "true"))
                browser, link = Browser(), self.stack.oauth_link(self.owner, provider=provider)
                browser.get(link)
                state = link.split("state=", 1)[1]
                self.stack.reload(**{PROVIDERS: self.other})
                callback = f"{self.stack.root}/api/auth/{provider}/callback?state={state}&error=access_denied"
                self.assertAnswer(browser.get(callback), 403, "not_allowlisted")
                self.stack.reload(**{PROVIDERS: self.owner})
                self.assertAnswer(browser.get(callback), 400, "access_denied")

    def test_unlisted_connections_do_not_show_in_their_owners_lists(self):
        self.stack.reload(CALENDAR_ENV="production", **{PROVIDERS: self.owner, CONNECTIONS: self.other}, **dict.fromkeys(FLAGS, "true"))
        listed = self.stack.app.get("/api/calendar/connections", provider_id=self.owner).json()["connections"]
        self.assertEqual(listed, [])
        queued = self.stack.app.post("/api/calendar/sync", {"provider_id": self.owner})
        self.assertEqual((queued.status, queued.json()["connections"]), (202, 0))


def _matrix_test(lists):
    def test(self):
        self.one_list(lists)
    return test


for _lists in LISTS:
    setattr(Matrix, "test_all_flags_" + _lists.name.replace(" ", "_").replace(",", ""), _matrix_test(_lists))


class Batches(GateCase):
    """A message of Microsoft's speaks of several owners: each item is judged by the lists alone."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.guest = cls.stack.new_owner()
        cls.ours, cls.theirs = cls.watch(cls.owner, "microsoft", "ours"), cls.watch(cls.guest, "microsoft", "theirs")

    def setUp(self):
        self.addCleanup(self.sql.execute, "UPDATE external_calendar_connections SET sync_needed = false")
        self.addCleanup(self.stack.reload, CALENDAR_ENV="production", **{PROVIDERS: "*", CONNECTIONS: ""}, **dict.fromkeys(FLAGS, "true"))

    def woken(self):
        rows = self.sql.column("SELECT id::text FROM external_calendar_connections WHERE sync_needed AND provider = 'microsoft'")
        return sorted({self.ours: "ours", self.theirs: "theirs"}[row] for row in rows)

    def check(self, answer, status, said, woken):
        self.assertEqual((answer.status, answer.json().get("result", answer.code)), (status, said), answer.text)
        self.assertEqual(self.woken(), woken)

    def test_a_batch_with_listed_and_unlisted_owners(self):
        for entry in (self.owner, f"{self.other},{self.owner}"):
            self.stack.reload(CALENDAR_ENV="production", **{PROVIDERS: entry, CONNECTIONS: ""}, **dict.fromkeys(FLAGS, "true"))
            self.check(self.graph_push("theirs"), 403, "not_allowlisted", [])
            self.check(self.graph_push("theirs", "ours", "theirs"), 202, "accepted", ["ours"])
            self.sql.execute("UPDATE external_calendar_connections SET sync_needed = false")

    def test_a_batch_with_listed_and_unlisted_connections(self):
        self.stack.reload(CALENDAR_ENV="production", **{PROVIDERS: "*", CONNECTIONS: self.theirs}, **dict.fromkeys(FLAGS, "true"))
        self.check(self.graph_push("ours"), 403, "not_allowlisted", [])
        self.check(self.graph_push("ours", "theirs"), 202, "accepted", ["theirs"])

    def test_the_lists_are_asked_only_for_those_who_have_proved_themselves(self):
        """A forged item learns nothing of who is listed, and a listed owner's does not suffer from it."""
        self.stack.reload(CALENDAR_ENV="production", **{PROVIDERS: self.owner, CONNECTIONS: ""}, **dict.fromkeys(FLAGS, "true"))
        for name in ("ours", "theirs"):
            body = graph_message(name)
            body["value"][0]["clientState"] += "x"
            self.check(self.stack.stranger.call("POST", GRAPH, body), 401, "invalid_channel", [])
        self.check(self.graph_push("ours", "theirs"), 202, "accepted", ["ours"])

    def test_nobody_is_listed(self):
        self.stack.reload(CALENDAR_ENV="production", **{PROVIDERS: "", CONNECTIONS: ""}, **dict.fromkeys(FLAGS, "true"))
        self.check(self.graph_push("ours", "theirs"), 403, "not_allowlisted", [])

    def test_webhooks_off_refuses_every_kind_of_message_and_each_other_switch_none(self):
        lifecycle = {"value": [{**graph_message("ours")["value"][0], "lifecycleEvent": "subscriptionRemoved"}]}
        for value in ("false", "ture"):
            self.stack.reload(CALENDAR_ENV="production", **{PROVIDERS: "*", CONNECTIONS: ""},
                              **{**dict.fromkeys(FLAGS, "true"), WEBHOOK: value})
            for answer in (self.graph_push("ours", "theirs"), self.handshake(), self.stack.stranger.call("POST", GRAPH, lifecycle),
                           self.stack.stranger.call("POST", GRAPH + "?validationToken=hello", graph_message("ours"))):
                self.check(answer, 403, "calendar_sync_disabled", [])
                self.assertEqual(answer.json()["flag"], WEBHOOK)
                self.assertNotIn("hello", answer.text)
        self.stack.reload(**{**dict.fromkeys(FLAGS, "false"), WEBHOOK: "true"})
        self.assertEqual((self.handshake().status, self.handshake().text), (200, "hello"))
        self.check(self.graph_push("ours", "theirs"), 202, "accepted", ["ours", "theirs"])


class MalformedValues(GateCase):
    def sync_status(self):
        return self.stack.app.get(f"/api/calendar/connections/{self.connection}").status

    def oauth_status(self):
        return self.stack.app.get("/api/auth/google", provider_id=self.owner).status

    def test_malformed_flags_count_as_false_and_are_reported(self):
        self.assertGreaterEqual(len(BAD_FLAGS), 60)
        for value in BAD_FLAGS:
            with self.subTest(value=value[:40]):
                after = self.stack.api_process.mark()
                self.stack.reload(CALENDAR_ENV="production", **{PROVIDERS: "*", CONNECTIONS: ""}, **dict.fromkeys(FLAGS, value))
                self.assertEqual((self.sync_status(), self.oauth_status()), (403, 403))
                self.assertEqual({name for name, _ in self.invalid_settings()}, set(FLAGS))
                for name in FLAGS:
                    self.stack.api_process.wait_log(lambda line: line["level"] == "error" and line["metadata"].get("name") == name,
                                                    f"an error about {name}", after=after)

    def test_values_that_are_fine(self):
        for value, on in GOOD_FLAGS:
            with self.subTest(value=value):
                self.stack.reload(CALENDAR_ENV="production", **{PROVIDERS: "*", CONNECTIONS: ""}, **dict.fromkeys(FLAGS, value))
                wanted = 200 if on else 403
                self.assertEqual((self.sync_status(), self.oauth_status()), (wanted, wanted))
                self.assertEqual(self.invalid_settings(), set())

    def test_malformed_ids_admit_nobody_and_are_reported(self):
        on = dict.fromkeys(FLAGS, "true")
        for entry in map(self.fill, BAD_IDS):
            with self.subTest(entry=entry):
                self.stack.reload(CALENDAR_ENV="production", **{PROVIDERS: entry, CONNECTIONS: ""}, **on)
                self.assertEqual((self.sync_status(), self.oauth_status()), (403, 403))
                self.assertEqual({name for name, _ in self.invalid_settings()}, {PROVIDERS})
                self.stack.reload(CALENDAR_ENV="development", **{PROVIDERS: "", CONNECTIONS: entry})
                self.assertEqual((self.sync_status(), self.oauth_status()), (403, 200))
                self.assertEqual({name for name, _ in self.invalid_settings()}, {CONNECTIONS})

    def test_a_malformed_id_beside_a_good_one_changes_nothing_for_it(self):
        on = dict.fromkeys(FLAGS, "true")
        for entry in BAD_IDS[:12]:
            bad = self.fill(entry)
            with self.subTest(entry=bad):
                self.stack.reload(CALENDAR_ENV="production", **{PROVIDERS: f"{bad},{self.owner}",
                                                                CONNECTIONS: f"{self.connection},{bad}"}, **on)
                self.assertEqual((self.sync_status(), self.oauth_status()), (200, 200))
                self.assertEqual(self.invalid_settings(), {(PROVIDERS, bad), (CONNECTIONS, bad)})
                self.stack.reload(**{PROVIDERS: f"{bad},{self.other}"})
                self.assertEqual((self.sync_status(), self.oauth_status()), (403, 403))

    def test_lists_of_nothing_admit_nobody_in_production(self):
        for entry in (",", " , ", ",,,", " ", "\t\n"):
            with self.subTest(entry=entry):
                self.stack.reload(CALENDAR_ENV="production", **{PROVIDERS: entry, CONNECTIONS: ""}, **dict.fromkeys(FLAGS, "true"))
                self.assertEqual((self.sync_status(), self.oauth_status()), (403, 403))

    def test_ids_in_other_spellings_are_the_same_ids(self):
        spelled = f"  {self.owner.upper()}\t,\n{self.other}, "
        self.stack.reload(CALENDAR_ENV="production", **{PROVIDERS: spelled, CONNECTIONS: self.connection.upper()},
                          **dict.fromkeys(FLAGS, "true"))
        self.assertEqual((self.sync_status(), self.oauth_status()), (200, 200))

    def test_a_malformed_mode_is_production(self):
        for mode in ("dev", "developement", "test", "staging", "prod", "development!", "\u200bdevelopment"):
            with self.subTest(mode=mode):
                self.stack.reload(CALENDAR_ENV=mode, **{PROVIDERS: "", CONNECTIONS: ""}, **dict.fromkeys(FLAGS, "true"))
                self.assertEqual((self.sync_status(), self.oauth_status()), (403, 403))
                self.assertEqual({name for name, _ in self.invalid_settings()}, {"CALENDAR_ENV"})

    def test_an_unreadable_settings_file_leaves_the_old_settings_in_force(self):
        self.stack.reload(CALENDAR_ENV="production", **{PROVIDERS: "*", CONNECTIONS: ""}, **dict.fromkeys(FLAGS, "true"))
        path = self.stack.home / "flags.env"
        for content in (b"CALENDAR_SYNC_ENABLED\n", b"CALENDAR_SYNC_ENABLED=\"false\n", b"1X=2\n", b"CALENDAR_SYNC_ENABLED=fal\x00se\n"):
            with self.subTest(content=content):
                after = self.stack.api_process.mark()
                path.write_bytes(content)
                self.stack.signal_reload()
                self.stack.api_process.wait_message("could not be read", after=after, level="error", error_code="configuration_error")
                self.assertEqual((self.sync_status(), self.oauth_status()), (200, 200))
        self.stack.write_flags()

    def test_invalid_values_at_start_are_logged_at_error_level(self):
        self.stack.flags.update({SYNC: "yes", OAUTH: "on", "CALENDAR_ENV": "production", PROVIDERS: "*,nobody", CONNECTIONS: ""})
        self.stack.restart()
        names = [(line["metadata"]["name"], line["metadata"]["value"]) for line in self.stack.api_process.lines(level="error")
                 if "name" in line.get("metadata", {})]
        self.assertEqual(sorted(names), sorted([(SYNC, "yes"), (OAUTH, "on"), (PROVIDERS, "nobody")]))
        self.assertEqual((self.sync_status(), self.oauth_status()), (403, 403))
