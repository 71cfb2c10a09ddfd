# SPDX-License-Identifier: Apache-2.0
"""Connecting, reconnecting and disconnecting Google accounts as browsers and the host application do."""
import concurrent.futures
import datetime
import urllib.parse

import psycopg2

import harness
from client import Browser, query_of, send

setUpModule = harness.start_cluster
UTC = datetime.timezone.utc
EVENT = {"id": "dentist0001", "summary": "Dentist", "start": {"dateTime": "2027-03-01T09:00:00Z"},
         "end": {"dateTime": "2027-03-01T10:00:00Z"}}


class OAuthCase(harness.Case):
    def connections(self, owner):
        return self.sql.column("SELECT id::text FROM external_calendar_connections WHERE provider_id = %s ORDER BY created_at", owner)

    def sealed(self, connection):
        return {row["kind"]: row["sealed"] for row in
                self.sql.rows("SELECT kind, sealed FROM external_calendar_credentials WHERE connection_id = %s", connection)}


class Connecting(OAuthCase):
    def test_the_happy_path(self):
        owner, email = self.stack.new_owner(), self.account([EVENT])
        answer = self.stack.app.get("/api/auth/google", provider_id=owner)
        self.assertEqual(answer.status, 200)
        link = answer.json()["authorization_url"]
        expires = datetime.datetime.fromisoformat(answer.json()["expires_at"].replace("Z", "+00:00"))
        self.assertTrue(link.startswith(self.stack.root + "/api/auth/google/start?state="))
        self.assertTrue(0 < (expires - datetime.datetime.now(UTC)).total_seconds() <= 600)
        self.assertGreaterEqual(len(query_of(link)["state"]), 43)

        browser = Browser()
        page = browser.get(link)
        self.assertEqual(page.status, 303)
        cookie = page.header("Set-Cookie")
        self.assertIn("HttpOnly", cookie)
        self.assertIn("SameSite=Lax", cookie)
        consent = query_of(page.header("Location"))
        self.assertTrue(page.header("Location").startswith(self.emulator.root + "/o/oauth2/v2/auth?"))
        self.assertEqual({name: consent[name] for name in ("client_id", "redirect_uri", "response_type", "access_type",
                                                           "code_challenge_method")},
                         {"client_id": "e2e-client", "redirect_uri": self.stack.redirect_uri, "response_type": "code",
                          "access_type": "offline", "code_challenge_method": "S256"})
        self.assertEqual(consent["state"], query_of(link)["state"])
        self.assertIn("calendar", consent["scope"])

        back = browser.get(self.emulator.choose(page.header("Location"), email)).header("Location")
        done = browser.get(back)
        self.assertEqual(done.status, 200, done.text)
        body = done.json()
        self.assertEqual((body["success"], body["provider_email"], body["created"]), (True, email, True))
        row = self.stack.wait_synced(body["connection_id"])
        self.assertEqual((str(row["provider_id"]), row["provider"], row["provider_email"]), (owner, "google", email))
        self.assertTrue(row["provider_user_id"])
        self.assertGreater(row["token_expiry"], datetime.datetime.now(UTC))
        self.assertEqual([event["title"] for event in self.stack.events(body["connection_id"]).values()], ["Dentist"])
        self.assertEqual(set(self.sealed(body["connection_id"])), {"access_token", "refresh_token"})
        self.stack.api_process.wait_message("an account was connected", connection_id=body["connection_id"], provider_id=owner,
                                            provider="google")
        self.stack.workers[0].wait_message("calendar sync completed", connection_id=body["connection_id"], level="info")

    def test_two_accounts_and_two_owners(self):
        one, two = self.stack.new_owner(), self.stack.new_owner()
        ada, bob = self.account(), self.account()
        ids = [self.stack.connect_google(owner, email) for owner, email in ((one, ada), (one, bob), (two, ada))]
        self.assertEqual(len(set(ids)), 3)
        self.assertEqual((len(self.connections(one)), len(self.connections(two))), (2, 1))
        for connection in ids:
            self.stack.wait_synced(connection)

    def test_another_browser_cannot_finish_what_this_one_started(self):
        owner, email, victim, attacker = self.stack.new_owner(), self.account(), Browser(), Browser()
        link = self.stack.oauth_link(owner)
        back = self.stack.consent(link, attacker, email)
        before = len(self.emulator.calls(path="/token"))
        self.assertAnswer(victim.get(back), 400, "invalid_state")
        self.assertAnswer(victim.get(link), 400, "invalid_state")
        self.assertAnswer(victim.get(back), 400, "invalid_state")
        self.assertEqual(len(self.emulator.calls(path="/token")), before)
        self.assertEqual(self.connections(owner), [])
        self.assertEqual(attacker.get(back).status, 200)

    def test_a_forged_cookie_does_not_help(self):
        owner, email, browser, forger = self.stack.new_owner(), self.account(), Browser(), Browser()
        back = self.stack.consent(self.stack.oauth_link(owner), browser, email)
        for host, cookies in browser.cookies.items():
            forger.cookies[host] = {name: value[::-1] for name, value in cookies.items()}
        self.assertAnswer(forger.get(back), 400, "invalid_state")
        self.assertEqual(self.connections(owner), [])

    def test_a_used_state_is_refused(self):
        owner, email, browser = self.stack.new_owner(), self.account(), Browser()
        link = self.stack.oauth_link(owner)
        back = self.stack.consent(link, browser, email)
        self.assertEqual(browser.get(back).status, 200)
        before = len(self.emulator.calls(path="/token"))
        self.assertAnswer(browser.get(back), 400, "invalid_state")
        self.assertAnswer(browser.get(link), 400, "invalid_state")
        self.assertEqual((len(self.emulator.calls(path="/token")), len(self.connections(owner))), (before, 1))

    def test_states_that_were_never_given_out(self):
        for query in ("", "?state=", "?state=guess", "?state=guess&code=4/abc", "?code=4/abc", "?error=access_denied", "?state=" + "A" * 43,
                      "?state=" + "x" * 4000, "?state=%27%20OR%201=1"):
            with self.subTest(query=query[:20]):
                self.assertAnswer(send("GET", self.stack.redirect_uri + query), 400, "invalid_state")
        for query in ("", "?state=", "?state=guess", "?state=" + "A" * 43, "?state=" + "x" * 4000):
            with self.subTest(start=query[:20]):
                self.assertAnswer(send("GET", self.stack.root + "/api/auth/google/start" + query), 400, "invalid_state")

    def test_an_expired_link(self):
        owner, email, browser = self.stack.new_owner(), self.account(), Browser()
        link = self.stack.oauth_link(owner)
        back = self.stack.consent(link, browser, email)
        self.sql.execute("UPDATE calendar_oauth_flows SET expires_at = now() - interval '1 second' WHERE provider_id = %s", owner)
        self.assertAnswer(browser.get(link), 400, "invalid_state")
        self.assertAnswer(browser.get(back), 400, "invalid_state")
        self.assertEqual(self.connections(owner), [])

    def test_a_denied_consent(self):
        owner, email = self.stack.new_owner(), self.account()
        self.assertAnswer(self.stack.finish_oauth(owner, email, deny=True), 400, "access_denied")
        answer = self.stack.finish_oauth(owner, email, return_to="https://app.example/done", deny=True)
        self.assertEqual((answer.status, answer.header("Location")), (303, "https://app.example/done?error=access_denied"))
        self.assertEqual(self.connections(owner), [])

    def test_a_consent_to_only_some_scopes(self):
        owner, email = self.stack.new_owner(), self.account()
        answer = self.assertAnswer(self.stack.finish_oauth(owner, email, scopes="openid email"), 422, "insufficient_scope")
        self.assertIn("calendar", answer.json()["error"])
        self.assertEqual(self.connections(owner), [])

    def test_return_addresses(self):
        owner, email = self.stack.new_owner(), self.account()
        answer = self.stack.finish_oauth(owner, email, return_to="https://app.example/done")
        self.assertEqual(answer.status, 303)
        self.assertEqual(answer.header("Location"), f"https://app.example/done?connection_id={self.connections(owner)[0]}")
        for other in ("https://evil.example/", "https://app.example/done.evil", "https://app.example/done/", "https://app.example/done?x=1",
                      "https://app.example/done#x", "https://app.example.evil/done", "http://app.example/done",
                      "//app.example/done", "/done",
                      "https://app.example@evil.example/done", "HTTPS://APP.EXAMPLE/DONE", "javascript:alert(1)",
                      " https://app.example/done"):
            with self.subTest(return_to=other):
                answer = self.stack.app.get("/api/auth/google", provider_id=owner, return_to=other)
                self.assertAnswer(answer, 400, "invalid_return_to")

    def test_a_code_that_the_provider_refuses(self):
        owner, email, browser = self.stack.new_owner(), self.account(), Browser()
        back = self.stack.consent(self.stack.oauth_link(owner), browser, email)
        parts = urllib.parse.urlsplit(back)
        fields = {**query_of(back), "code": "4/not-a-code-of-theirs"}
        answer = browser.get(urllib.parse.urlunsplit(parts._replace(query=urllib.parse.urlencode(fields))))
        self.assertAnswer(answer, 400, "invalid_code")
        self.assertEqual(self.connections(owner), [])

    def test_a_token_endpoint_that_is_down(self):
        owner, email, browser = self.stack.new_owner(), self.account(), Browser()
        back = self.stack.consent(self.stack.oauth_link(owner), browser, email)
        with self.emulator.trouble("unavailable", operation="token"):
            self.assertAnswer(browser.get(back), 503, "provider_unavailable")
        self.assertEqual(self.connections(owner), [])
        self.assertEqual(self.stack.finish_oauth(owner, email).status, 200)


class Reconnecting(OAuthCase):
    def test_the_same_account_renews_the_same_connection(self):
        owner, email, connection = self.connected([EVENT])
        self.stack.set(connection, "error_count = 7, last_error = 'invalid_token: token expired or revoked',"
                                   " backoff_until = now() + interval '1 year', grant_refusals = 2")
        answer = self.stack.finish_oauth(owner, email)
        self.assertEqual((answer.status, answer.json()["connection_id"], answer.json()["created"]), (200, connection, False))
        row = self.stack.wait_synced(connection)
        self.assertEqual((row["error_count"], row["last_error"], row["backoff_until"], row["grant_refusals"]), (0, None, None, 0))
        self.assertEqual(self.connections(owner), [connection])

    def test_a_consent_without_a_refresh_token_keeps_the_stored_one(self):
        owner, email, connection = self.connected([EVENT])
        before = self.sealed(connection)
        answer = self.stack.finish_oauth(owner, email, refresh_token=False)
        self.assertEqual((answer.status, answer.json()["connection_id"]), (200, connection), answer.text)
        after = self.sealed(connection)
        self.assertEqual(after["refresh_token"], before["refresh_token"])
        self.assertNotEqual(after["access_token"], before["access_token"])
        self.stack.wait_synced(connection)
        self.stack.set(connection, "token_expiry = now() - interval '1 minute'")
        self.assertIsNone(self.stack.sync(connection)["error"])
        self.assertGreater(self.stack.connection(connection)["token_expiry"], datetime.datetime.now(UTC))

    def test_a_first_consent_without_a_refresh_token_is_refused(self):
        owner, email = self.stack.new_owner(), self.account()
        self.assertAnswer(self.stack.finish_oauth(owner, email, refresh_token=False), 422, "no_refresh_token")
        self.assertEqual(self.connections(owner), [])


class Disconnecting(OAuthCase):
    def assertErased(self, connection):
        for table, column in (("external_calendar_connections", "id"), ("external_calendar_events", "connection_id"),
                              ("external_calendars", "connection_id"),
                              ("external_calendar_credentials", "connection_id"), ("calendar_sync_runs", "connection_id")):
            self.assertEqual(self.sql.value(f"SELECT count(*) FROM {table} WHERE {column} = %s", connection), 0, table)
        self.assertAnswer(self.stack.app.get(f"/api/calendar/connections/{connection}"), 404)

    def test_disconnecting_revokes_and_erases(self):
        _, email, connection = self.connected([EVENT, {**EVENT, "id": "dentist0002"}])
        before = len(self.emulator.calls(path="/revoke"))
        answer = self.stack.app.delete(f"/api/calendar/connections/{connection}")
        self.assertEqual(answer.status, 200, answer.text)
        self.assertEqual(answer.json(), {"success": True, "deleted": {"events": 2, "calendars": 1, "channels": 0},
                                         "revoked": True, "revocation": "done"})
        self.assertErased(connection)
        self.assertEqual(len(self.emulator.calls(path="/revoke")) - before, 1)
        self.assertFalse(self.emulator.has_grant(email))
        self.assertEqual(self.sql.value("SELECT count(*) FROM calendar_revocations"), 0)
        self.stack.api_process.wait_message("a connection was disconnected", connection_id=connection)
        self.assertAnswer(self.stack.app.delete(f"/api/calendar/connections/{connection}"), 404)

    def test_a_grant_that_another_connection_uses_is_not_revoked(self):
        owner, email, connection = self.connected([EVENT])
        other = self.stack.connect_google(self.stack.new_owner(), email)
        self.stack.wait_synced(other)
        before = len(self.emulator.calls(path="/revoke"))
        answer = self.stack.app.delete(f"/api/calendar/connections/{connection}")
        self.assertEqual((answer.status, answer.json()["revoked"], answer.json()["revocation"]), (200, False, "shared"))
        self.assertErased(connection)
        self.assertEqual(len(self.emulator.calls(path="/revoke")), before)
        self.assertIsNone(self.stack.sync(other)["error"])

    def test_the_last_two_connections_of_an_account_disconnected_at_once(self):
        """Each finds the other one still there when it looks: one of them has to revoke the grant all the same."""
        _, email, connection = self.connected([EVENT])
        both = (connection, self.stack.connect_google(self.stack.new_owner(), email))
        for one in both:
            self.stack.wait_synced(one)
        waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        with psycopg2.connect(self.stack.database_url) as blocker, concurrent.futures.ThreadPoolExecutor(2) as callers:
            blocker.cursor().execute("SELECT 1 FROM external_calendar_connections WHERE id = ANY (%s::uuid[]) FOR UPDATE", (list(both),))
            answers = [callers.submit(self.stack.app.delete, f"/api/calendar/connections/{one}") for one in both]
            harness.wait_until(lambda: self.sql.value(waiting) >= 2, 10, "both wait for the rows or for each other")
            blocker.rollback()
            revocations = sorted(answer.result().json()["revocation"] for answer in answers)
        self.assertEqual(revocations, ["done", "shared"])
        self.assertFalse(self.emulator.has_grant(email))
        for one in both:
            self.assertErased(one)

    def test_a_revocation_that_has_to_wait(self):
        _, email, connection = self.connected([EVENT])
        with self.emulator.trouble("unavailable", operation="revoke"):
            answer = self.stack.app.delete(f"/api/calendar/connections/{connection}")
        self.assertEqual((answer.status, answer.json()["revoked"], answer.json()["revocation"]), (200, False, "queued"))
        self.assertErased(connection)
        self.assertTrue(self.emulator.has_grant(email))
        self.assertEqual(self.sql.value("SELECT count(*) FROM calendar_revocations"), 1)
        self.sql.execute("UPDATE calendar_revocations SET next_attempt_at = now()")
        # Whichever worker looks first revokes what is due.
        self.stack.start_workers(1)
        harness.wait_until(lambda: any("grant was revoked" in line["message"] and line.get("provider") == "google"
                                       for worker in self.stack.workers for line in list(worker.logs)), 15, "a worker revokes the grant")
        self.assertFalse(self.emulator.has_grant(email))
        harness.wait_until(lambda: self.sql.value("SELECT count(*) FROM calendar_revocations") == 0, 10,
                           "the queue of revocations is empty")


    def test_a_queued_revocation_spares_a_grant_that_was_given_anew(self):
        """Google revokes per account and project: revoking the old grant would take the new one with it."""
        owner, email, connection = self.connected([EVENT])
        with self.emulator.trouble("unavailable", operation="revoke"):
            self.assertEqual(self.stack.app.delete(f"/api/calendar/connections/{connection}").json()["revocation"], "queued")
        self.assertEqual(self.stack.finish_oauth(owner, email).status, 200)
        self.sql.execute("UPDATE calendar_revocations SET next_attempt_at = now()")
        self.stack.start_workers(1)
        harness.wait_until(lambda: self.sql.value("SELECT count(*) FROM calendar_revocations") == 0, 10,
                           "the queue of revocations is empty")
        self.assertTrue(self.emulator.has_grant(email))


class Confirming(OAuthCase):
    CONFIG = {"oauth": {"require_confirmation": True}}

    def test_a_connection_waits_for_the_host_applications_word(self):
        owner, email = self.stack.new_owner(), self.account([EVENT])
        answer = self.stack.finish_oauth(owner, email)
        self.assertEqual((answer.status, answer.json()["awaiting_confirmation"]), (200, True), answer.text)
        connection = answer.json()["connection_id"]
        row = self.stack.connection(connection)
        self.assertEqual((row["awaiting_confirmation"], row["sync_enabled"], row["sync_due_at"]), (True, False, None))
        shown = self.stack.shown(connection)
        self.assertEqual((shown["state"], shown["situation"]), ("disabled", "awaiting_confirmation"))
        one = f"/api/calendar/connections/{connection}"
        self.assertAnswer(self.stack.app.patch(one, {"sync_enabled": True}), 409)
        self.assertAnswer(self.stack.app.post(one + "/confirm", {"provider_id": self.stack.new_owner()}), 409)
        self.assertAnswer(self.stack.app.post(one + "/confirm", {}), 400)
        self.assertEqual(self.emulator.calls(account=email, path="/calendar/v3"), [])
        self.assertEqual(self.stack.app.post(one + "/confirm", {"provider_id": owner}).status, 200)
        self.stack.wait_synced(connection)
        self.assertEqual(len(self.stack.events(connection)), 1)
