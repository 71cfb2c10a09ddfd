# SPDX-License-Identifier: Apache-2.0
"""Secrets in bad requests: in paths, queries, headers and bodies, well-formed and not. No answer, log line or row repeats them."""
import json
import socket
import urllib.parse
import uuid

import harness
from canaries import Canaries, mark
from client import Browser, query_of
from pushes import PATH, genuine, new_channel

setUpModule = harness.start_cluster
NOBODY = str(uuid.UUID(int=7))
PATHS = ("/api/calendar/connections", "/api/calendar/sync", "/api/calendar/events", "/api/auth/google", "/api/auth/google/start",
         "/api/auth/google/callback", "/api/webhooks/calendar/google", "/api/admin/calendar/jobs/run", "/api/admin/calendar/status", "/metrics",
         "/api/ops/metrics/calendar", "/healthz", "/readyz")


class BadRequests(Canaries):
    def raw(self, request):
        """Sends bytes as they are; notes whatever comes back."""
        with socket.create_connection(("127.0.0.1", self.stack.api_port), timeout=5) as connection:
            connection.sendall(request)
            connection.shutdown(socket.SHUT_WR)
            received = b""
            try:
                while part := connection.recv(65536):
                    received += part
            except OSError:
                pass
        self.received.append(received.decode("utf-8", "replace"))

    def setUp(self):
        self.received = []

    def spread(self, secret):
        """Everywhere in requests that are otherwise right or wrong."""
        quoted, app, admin = urllib.parse.quote(secret, safe=""), self.stack.app, self.stack.admin
        for number, path in enumerate(PATHS):
            for caller in (self.stack.stranger if number % 3 == 2 else admin if "admin" in path else app,):
                caller.call("GET", f"{path}?{quoted}=1&provider_id={quoted}&connection_id={quoted}&state={quoted}&code={quoted}&wait={quoted}"
                                   f"&error={quoted}&return_to={quoted}&from={quoted}&to={quoted}&cursor={quoted}&format={quoted}")
                caller.call("GET", f"{path}?provider_id={quoted}")
                caller.call("GET", f"{path}?state={quoted}&code={quoted}")
                caller.call("GET", f"{path}/{quoted}")
                for body in (json.dumps({secret: 1}), json.dumps({"provider_id": secret}), json.dumps({"connection_id": secret, "provider": secret, "url": secret}),
                             json.dumps({"provider_id": NOBODY, "provider": secret, "url": secret}), "{" + secret, json.dumps(secret), '{"a": "' + secret,
                             '{"window": "%s", "wait_seconds": "%s"}' % (secret, secret), json.dumps({"provider_id": {secret: [secret]}}),
                             '{"provider_id": "%s", "provider_id": "%s"}' % (secret, secret)):
                    caller.call("POST", path, body, {"Content-Type": "application/json"})
                caller.call("POST", path, secret, {"Content-Type": "text/plain"})
                caller.call("DELETE", f"{path}/{quoted}")
        for header in ("Authorization", "Cookie", "X-Goog-Channel-ID", "X-Goog-Channel-Token", "Accept", "Origin", "X-Forwarded-For", "Content-Type"):
            for value in (secret, "Bearer " + secret, f"calsync_connect_{secret}={secret}"):
                for path in ("/api/calendar/sync", "/api/webhooks/calendar/google", "/api/auth/google/callback"):
                    self.stack.stranger.call("GET" if path.endswith("callback") else "POST", path, "{}", {header: value})

    def spread_raw(self, secret):
        text = secret.encode()
        for request in (b"GET /" + text + b" HTTP/1.1\r\n\r\n", b"GET / HTTP/" + text + b"\r\nHost: a\r\n\r\n", text + b" / HTTP/1.1\r\nHost: a\r\n\r\n", text + b"\r\n\r\n",
                        b"GET / HTTP/1.1\r\nHost: a\r\n" + text + b"\r\n\r\n", b"GET / HTTP/1.1\r\nHost: " + text + b"\r\n\r\n",
                        b"GET / HTTP/1.1\r\nHost: a\r\nX-" + text + b" : b\r\n\r\n", b"GET /?" + text + b"=\xff%zz HTTP/1.1\r\nHost: a\r\n\r\n",
                        b"GET /%" + text + b" HTTP/1.1\r\nHost: a\r\n\r\n", b"GET http://a:" + text + b"@b/ HTTP/1.1\r\nHost: a\r\n\r\n",
                        b"GET / HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer " + text + b"\xff\x01\r\n\r\n",
                        b"GET / HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer " + text + b"\r\nAuthorization: Bearer " + text + b"\r\n\r\n",
                        b"POST /api/calendar/sync HTTP/1.1\r\nHost: a\r\nContent-Length: " + text + b"\r\n\r\n",
                        b"POST /api/calendar/sync HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: " + text + b"\r\n\r\n",
                        b"POST /api/calendar/sync HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + text + b"\r\n",
                        b"POST /api/calendar/sync HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;" + text + b"\r\nhello\r\n0\r\n\r\n",
                        b"POST /api/calendar/sync HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n" + text[:4],
                        b"POST /api/calendar/sync HTTP/1.1\r\nHost: a\r\nExpect: " + text + b"\r\nContent-Length: 0\r\n\r\n",
                        b"POST " + PATH.encode() + b" HTTP/1.1\r\nHost: a\r\nX-Goog-Channel-Token: " + text + b"\xff\r\nX-Goog-Channel-ID: \xff" + text + b"\r\nContent-Length: 0\r\n\r\n",
                        b"POST " + PATH.encode() + text + b" HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
                        b"GET / HTTP/1.1\r\nHost: a\r\nCookie: " + text * 900 + b"\r\n\r\n",
                        b"POST /api/calendar/sync HTTP/1.1\r\nHost: a\r\nContent-Length: 300000\r\n\r\n" + text * 6000):
            self.raw(request)

    def chosen(self):
        """One secret of each kind, and some that are wrong by a letter: what people mistype is worth as much."""
        self.filled()
        self.learn()
        kinds = {}
        for name, secret in self.secrets.items():
            kinds.setdefault(name.split()[0], secret)
        for _ in range(3):
            name = f"mistyped {len(self.secrets)}"
            kinds[name] = self.note(name, mark("ya29.a0AfB_by"))
        # These would be let in.
        return [secret for kind, secret in kinds.items() if kind not in ("app", "admin")]

    def test_bad_requests(self):
        for secret in self.chosen()[::2]:
            self.spread(secret)
        self.assertSilent(*self.received)

    def test_bytes_that_are_no_request(self):
        for secret in [*self.chosen(), self.stack.app_token, self.stack.admin_token]:
            self.spread_raw(secret)
        self.assertGreater(len(self.received), 100)
        self.assertSilent(*self.received)

    def test_changes_of_a_connection(self):
        owner, _, connection = self.filled()
        for secret in self.chosen()[1::2]:
            for body in ({"calendars": [secret]}, {"sync_enabled": secret}, {"sync_frequency_minutes": secret}, {secret: secret}):
                self.assertGreaterEqual(self.stack.app.patch(f"/api/calendar/connections/{connection}", body).status, 400)
            self.stack.app.post(f"/api/calendar/connections/{connection}/confirm", {"provider_id": secret})
            self.stack.app.get("/api/auth/google", provider_id=owner, return_to=f"https://app.example/{secret}")
            self.stack.admin.post("/api/admin/calendar/jobs/run", {"connection_id": connection, "window": secret})
            self.stack.admin.get(f"/api/admin/calendar/jobs/{urllib.parse.quote(secret, safe='')}")
        self.assertSilent()

    def test_links_of_others_and_links_twice(self):
        email, owner = self.account(), self.stack.new_owner()
        link, browser = self.stack.oauth_link(owner), Browser()
        back = self.stack.consent(link, browser, email)
        self.note("state", query_of(link)["state"])
        code = self.note("code", query_of(back)["code"])
        self.note_cookies(browser)
        Browser().get(back)
        Browser().get(link)
        browser.get(back)
        browser.get(back)
        browser.get(back.replace(code, self.note("code", mark("4/0Ab"))))
        browser.get(self.stack.root + "/api/auth/google/callback?" + urllib.parse.urlencode({"state": self.note("guess", mark("state")), "code": code}))
        self.assertSilent()

    def test_forged_messages(self):
        _, _, connection = self.filled()
        channel = new_channel(self.sql, connection)
        self.note("channel token", channel[1])
        for forged in ({"X-Goog-Channel-Token": self.note("channel guess", mark("guess"))}, {"X-Goog-Resource-ID": self.note("resource guess", mark("guess"))},
                       {"X-Goog-Channel-ID": self.note("channel guess", mark("guess"))}, {"X-Goog-Resource-State": self.note("guess", mark("guess"))},
                       {"X-Goog-Message-Number": self.note("guess", mark("guess"))}, {"X-Goog-Channel-Expiration": self.note("guess", mark("guess"))}, {}):
            self.stack.stranger.call("POST", PATH, b"", {**genuine(channel), **forged})
        self.stack.stranger.call("POST", PATH, self.note("body", mark("body")), genuine(channel))
        self.assertSilent()
