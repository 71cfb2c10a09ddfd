# SPDX-License-Identifier: Apache-2.0
"""Wrong requests: the right status and a sentence that helps, and nothing changed."""
import http.client
import uuid

import harness
from client import Api, send

setUpModule = harness.start_cluster


class WrongRequests(harness.Case):
    """The server's answers to callers that are mistaken or hostile."""
    WITH_EMULATOR = False
    WORKERS = 0
    CONFIG = {"allow_private_addresses": True}

    NOBODY = "00000000-0000-4000-8000-000000000000"

    def test_unknown_ids_are_404(self):
        some = str(uuid.uuid4())
        for caller, method, path, body in (
                (self.stack.app, "GET", f"/api/calendar/connections/{some}", None),
                (self.stack.app, "PATCH", f"/api/calendar/connections/{some}", {"sync_enabled": False}),
                (self.stack.app, "DELETE", f"/api/calendar/connections/{some}", None),
                (self.stack.app, "GET", f"/api/calendar/connections/{some}/calendars", None),
                (self.stack.app, "GET", f"/api/calendar/connections/{some}/explain", None),
                (self.stack.app, "POST", "/api/calendar/sync", {"connection_id": some}),
                (self.stack.app, "GET", f"/api/auth/google?provider_id={some}", None),
                (self.stack.app, "POST", "/api/calendar/connections",
                 {"provider_id": some, "provider": "ics", "url": "http://127.0.0.1:9/a.ics"}),
                (self.stack.admin, "GET", f"/api/admin/calendar/jobs/{some}", None)):
            with self.subTest(method=method, path=path):
                self.assertAnswer(caller.call(method, path, body), 404)

    def test_unknown_paths_are_404(self):
        for path in ("/", "/api", "/api/calendar", "/api/calendar/nothing", "/api/auth/yahoo/nothing", "/healthz/x", "/..%2f",
                     "/api//calendar"):
            with self.subTest(path=path):
                self.assertAnswer(self.stack.app.get(path), 404)

    def test_bodies_that_are_no_json_are_400(self):
        for path in ("/api/calendar/sync", "/api/calendar/connections", "/api/admin/calendar/jobs/run"):
            caller = self.stack.admin if "admin" in path else self.stack.app
            for body in ("{", "[1,", "null", "[]", '"text"', "{'a': 1}", '{"provider_id": }', "\x00", '{"a": 1} {"b": 2}',
                         "{\"a\": \"\udcff\"}"):
                with self.subTest(path=path, body=body):
                    raw = body.encode("utf-8", "surrogateescape")
                    self.assertAnswer(caller.call("POST", path, raw, {"Content-Type": "application/json"}), 400)

    def test_values_that_make_no_sense(self):
        owner = self.stack.new_owner()
        feed = {"provider_id": owner, "provider": "ics"}
        for status, method, path, body in (
                (400, "POST", "/api/calendar/sync", {}),
                (400, "POST", "/api/calendar/sync", {"provider_id": 7}),
                (400, "POST", "/api/calendar/sync", {"connection_id": "not-a-uuid"}),
                (400, "POST", "/api/calendar/sync?wait=soon", {"provider_id": owner}),
                (400, "POST", "/api/calendar/sync?wait=-1", {"provider_id": owner}),
                (400, "POST", "/api/calendar/sync?wait=61", {"provider_id": owner}),
                (400, "POST", "/api/calendar/sync?when=now", {"provider_id": owner}),
                (400, "POST", "/api/calendar/sync", {"provider_id": owner, "force": True}),
                (400, "POST", "/api/calendar/connections", {"provider_id": owner}),
                (400, "POST", "/api/calendar/connections", feed),
                (422, "POST", "/api/calendar/connections", {**feed, "provider": "yahoo", "url": "https://a.example/"}),
                (422, "POST", "/api/calendar/connections", {**feed, "url": "not a url"}),
                (422, "POST", "/api/calendar/connections", {**feed, "url": "ftp://a.example/c.ics"}),
                (422, "POST", "/api/calendar/connections", {**feed, "url": "file:///etc/passwd"}),
                (422, "POST", "/api/calendar/connections", {**feed, "url": "https:///c.ics"}),
                (400, "GET", "/api/calendar/connections", None),
                (400, "GET", "/api/calendar/connections?provider_id=x", None),
                (400, "GET", "/api/auth/google", None),
                (400, "GET", "/api/auth/google?provider_id=1234", None),
                (400, "GET", f"/api/calendar/events?provider_id={owner}", None),
                (400, "GET", f"/api/calendar/events?provider_id={owner}&from=yesterday&to=tomorrow", None),
                (400, "GET", f"/api/calendar/events?provider_id={owner}&from=2027-02-01T00:00:00Z&to=2027-01-01T00:00:00Z", None),
                (400, "GET", f"/api/calendar/events?provider_id={owner}&from=2027-01-01T00:00:00Z&to=2027-02-01T00:00:00Z&limit=0", None),
                (400, "GET",
                 f"/api/calendar/events?provider_id={owner}&from=2027-01-01T00:00:00Z&to=2027-02-01T00:00:00Z&page_token=x", None)):
            with self.subTest(method=method, path=path, body=body):
                self.assertAnswer(self.stack.app.call(method, path, body), status)
        for body in ({"window": "all"}, {"window": -5}, {"wait_seconds": 301}, {"connection_id": 5}, {"provider_id": "x"},
                     {"everything": True}):
            with self.subTest(body=body):
                self.assertAnswer(self.stack.admin.post("/api/admin/calendar/jobs/run", body), 400)
        self.assertEqual(self.sql.value("SELECT count(*) FROM external_calendar_connections WHERE provider_id = %s", owner), 0)
        self.assertEqual(self.sql.value("SELECT count(*) FROM calendar_job_runs"), 0)

    def test_values_out_of_range_in_a_patch_change_nothing(self):
        owner = self.stack.new_owner()
        connection = self.stack.connect_feed(owner, "http://127.0.0.1:9/feed.ics")
        before = self.stack.connection(connection)
        for status, body in ((400, {"sync_frequency_minutes": 0}), (400, {"sync_frequency_minutes": "5"}),
                             (400, {"sync_frequency_minutes": 1e9}),
                             (400, {"sync_enabled": "no"}), (400, {"sync_enabled": 1}), (400, {"calendars": "all"}), (400, {"calendars": ["a\u0000b"]}),
                             (400, {"calendars": [1]}),
                             (400, {"provider_email": "x"}), (422, {"calendars": ["no such calendar"]}),
                             (422, {"sync_enabled": False, "calendars": ["no such calendar"]})):
            with self.subTest(body=body):
                self.assertAnswer(self.stack.app.patch(f"/api/calendar/connections/{connection}", body), status)
                self.assertEqual(self.stack.connection(connection), before)

    def test_wrong_methods_are_405_and_say_what_is_allowed(self):
        for method, path in (("PUT", "/api/calendar/sync"), ("GET", "/api/calendar/sync"), ("DELETE", "/api/auth/google"),
                             ("POST", "/api/calendar/events"), ("POST", "/healthz"), ("DELETE", "/readyz"),
                             ("PUT", "/api/admin/calendar/jobs/run"), ("PUT", "/api/calendar/connections"),
                             ("PATCH", "/api/calendar/sync")):
            with self.subTest(method=method, path=path):
                caller = self.stack.admin if "admin" in path else self.stack.app
                answer = self.assertAnswer(caller.call(method, path), 405)
                self.assertTrue(answer.header("Allow"), answer.headers)
                self.assertNotIn(method, answer.header("Allow"))

    def test_tokens(self):
        owner = self.stack.new_owner()
        paths = ("/api/calendar/connections?provider_id=" + owner, "/api/admin/calendar/status", "/api/auth/google?provider_id=" + owner)
        for path in paths:
            for header in (None, "", "Bearer", "Bearer ", "Bearer wrong-token-of-some-length", f"Basic {self.stack.app_token}",
                           self.stack.app_token, f"Bearer {self.stack.app_token[:-1]}", f"Bearer {self.stack.app_token}x",
                           f"Bearer host:{self.stack.app_token}"):
                with self.subTest(path=path, header=header):
                    headers = {} if header is None else {"Authorization": header}
                    answer = self.assertAnswer(send("GET", self.stack.root + path, headers=headers), 401)
                    self.assertIn("Bearer", answer.header("WWW-Authenticate") or "")
        for method, path in (("GET", "/api/admin/calendar/status"), ("POST", "/api/admin/calendar/jobs/run"),
                             ("GET", f"/api/admin/calendar/jobs/{self.NOBODY}")):
            with self.subTest(path=path):
                self.assertAnswer(self.stack.app.call(method, path, {} if method == "POST" else None), 403)
        self.assertEqual(Api(self.stack.root, self.stack.app_token).get("/api/calendar/connections", provider_id=owner).status, 200)

    def refusal_of(self, headers, body=b""):
        """The answer to a POST whose body is announced but not, or not wholly, sent."""
        connection = http.client.HTTPConnection("127.0.0.1", self.stack.api_port, timeout=20)
        try:
            connection.putrequest("POST", "/api/calendar/sync")
            for name, value in {"Authorization": f"Bearer {self.stack.app_token}", "Content-Type": "application/json", **headers}.items():
                connection.putheader(name, value)
            connection.endheaders()
            connection.send(body)
            return connection.getresponse().status
        finally:
            connection.close()

    def test_oversized_bodies_are_413(self):
        self.assertEqual(self.refusal_of({"Content-Length": "10000000"}), 413)
        chunk = b"80000\r\n" + b"x" * 0x80000 + b"\r\n"
        self.assertEqual(self.refusal_of({"Transfer-Encoding": "chunked"}, chunk), 413)

    def test_bodies_of_another_type_are_refused(self):
        answer = self.stack.app.call("POST", "/api/calendar/sync", b"provider_id=1", {"Content-Type": "application/x-www-form-urlencoded"})
        self.assertIn(answer.status, (400, 415), answer.text)

    def test_health_needs_no_token(self):
        for path in ("/healthz", "/readyz"):
            self.assertEqual(self.stack.stranger.get(path).status, 200)
