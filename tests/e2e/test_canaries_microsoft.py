# SPDX-License-Identifier: Apache-2.0
"""Secrets of Microsoft accounts, repeated by everything that Entra and Graph answer and by whoever sends messages: none of them stands
anywhere afterwards. See canaries_microsoft.py and canaries.py."""
import base64
import contextlib
import json
import urllib.parse

import harness
from canaries import mark
from canaries_microsoft import MicrosoftCanaries
from client import Browser, query_of
from graph_pushes import PATH, lifecycle, notification
from harness import wait_until

setUpModule = harness.start_cluster


class ThePlaces(MicrosoftCanaries):
    """The kinds of secrets that only Microsoft has are known, and a place where one stands is noticed."""

    def test_what_is_planted_is_found(self):
        _, _, connection = self.filled()
        wait_until(lambda: self.control("GET", "/subscriptions?open=true")["subscriptions"], 15, "a subscription")
        self.assertSilent()
        kinds = {name.split()[0]: secret for name, secret in self.secrets.items()}
        self.assertLessEqual({"client", "code", "token", "verifier", "clientState", "linktoken", "state", "cookie"}, set(kinds))
        for kind in ("clientState", "linktoken", "verifier", "token"):
            for spelled in (kinds[kind][4:-4], base64.b64encode(kinds[kind].encode()).decode(), urllib.parse.quote(kinds[kind], safe=""),
                            json.dumps(kinds[kind])):
                self.sql.execute("UPDATE external_calendar_connections SET last_error = %s WHERE id = %s", f"timeout: {spelled}", connection)
                with self.assertRaises(AssertionError, msg=kind) as noticed:
                    self.assertSilent()
                self.assertIn("in table external_calendar_connections", str(noticed.exception))
        self.sql.execute("UPDATE external_calendar_connections SET last_error = NULL WHERE id = %s", connection)
        self.sql.execute("DELETE FROM calendar_operator_actions")
        self.assertSilent()


class EchoCase(MicrosoftCanaries):
    def setUp(self):
        self.begun = [(process, process.mark()) for process in (self.stack.api_process, *self.stack.workers)]
        self.addCleanup(self.assertNoIncident)

    def assertNoIncident(self):
        """A provider that talks nonsense is no bug of ours, and none of the database's."""
        lines = [line for process, mark in self.begun for line in process.logs[mark:] if line.get("error_code") in ("internal_error", "database_error")]
        self.assertEqual([{**line, "metadata": str(line.get("metadata"))[:300]} for line in lines][:3], [])

    def spare_nobody(self):
        """What the answers so far have taught of the provider is forgotten, so that the next call is made at once."""
        self.sql.execute("UPDATE calendar_provider_circuits SET state = 'closed', changed_at = now(), version = version + 1 WHERE state <> 'closed'")
        self.sql.execute("UPDATE calendar_rate_buckets SET blocked_until = NULL WHERE blocked_until IS NOT NULL")

    def tried(self, target, connection, answer):
        """One run in which every call of this kind is answered so."""
        status, headers, body = answer
        with self.emulator.answered(target, status=status, headers=headers, body=body):
            self.stack.set(connection, "grant_refusals = 0, sync_enabled = true, sync_cursor = NULL")
            self.spare_nobody()
            if target == "entra":
                self.refresh_next(connection)
            if target == "graph_subscriptions":
                self.sql.execute("DELETE FROM calendar_push_channels WHERE connection_id = %s", connection)
                self.sql.execute("UPDATE external_calendars SET watch_retry_at = NULL WHERE connection_id = %s", connection)
            before = len(self.emulator.calls())
            self.stack.retry(connection, wait=2)
            return [call for call in self.emulator.calls()[before:] if call["status"] == status]

    def whatever_graph_repeats(self, target):
        _, email, connection = self.filled()
        said, reached = self.echo(), 0
        answers = [*self.refusals_of_graph(said[:6000]), *self.answers_of_anybody(said), *self.pages_with_bad_links(said[:3000])]
        for answer in answers:
            with self.subTest(status=answer[0], body=answer[2][:60]):
                reached += bool(self.tried(target, connection, answer))
        self.assertGreater(reached, len(answers) // 2)
        self.stack.set(connection, "grant_refusals = 0, sync_enabled = true")
        self.reconnect(str(self.stack.connection(connection)["provider_id"]), email)
        wait_until(lambda: self.stack.retry(connection)["error"] is None, 60, "it works again")
        self.assertSilent()


class Echoes(EchoCase):
    def test_whatever_the_list_of_calendars_repeats(self):
        self.whatever_graph_repeats("graph_calendars")

    def test_whatever_a_delta_repeats(self):
        self.whatever_graph_repeats("graph_events")

    def test_whatever_subscriptions_repeat(self):
        self.whatever_graph_repeats("graph_subscriptions")

    def test_whatever_entra_repeats(self):
        _, email, connection = self.filled()
        answers = [*self.refusals_of_entra(self.echo()[:6000]), *self.answers_of_anybody(self.echo())]
        for answer in answers:
            with self.subTest(status=answer[0], body=answer[2][:60]):
                self.tried("entra", connection, answer)
        owner = str(self.stack.connection(connection)["provider_id"])
        self.reconnect(owner, email)
        self.assertIsNone(self.stack.retry(connection)["error"])
        # Rotated at every use, and each of them is known here.
        for _ in range(3):
            self.refresh_next(connection)
            self.assertIsNone(self.stack.retry(connection)["error"])
        self.assertSilent()
        self.assertGreaterEqual(len([name for name in self.secrets if name.startswith("token")]), 8)

    def test_a_connect_that_goes_wrong_in_every_way(self):
        self.filled()
        said = self.echo()
        for number, (status, headers, body) in enumerate([*self.refusals_of_entra(said[:6000]), *self.answers_of_anybody(said)]):
            for target in ("entra", "graph_me"):
                email, owner, browser = self.account(), self.stack.new_owner(), Browser()
                with contextlib.ExitStack() as stack:
                    link = self.stack.oauth_link(owner, "https://app.example/done" if number % 2 else None, "microsoft")
                    back = self.stack.consent(link, browser, email)
                    self.note("state", query_of(link)["state"])
                    self.note("code", query_of(back)["code"])
                    self.note_cookies(browser)
                    if target == "graph_me":
                        stack.enter_context(self.emulator.bend(email, lambda answer, _: answer.update(id_token="a.b." + said[:400]), target="entra"))
                    stack.enter_context(self.emulator.answered(target, status=status, headers=headers, body=body))
                    browser.get(back)
                    browser.get(back + "&" + urllib.parse.urlencode({"error": said[:2000], "error_description": said[:2000]}))
        self.assertSilent()

    def test_refusals_that_lead_back_to_us(self):
        said = self.echo() if self.secrets else ""
        self.filled()
        for fields in ({"error": "access_denied"}, {"error": "consent_required", "error_subcode": "cancel"}, {"error": "server_error"}, {"error": said[:500]},
                       {"error": "access_denied", "error_description": f"AADSTS65004: {self.echo()[:3000]}", "error_uri": self.echo()[:1000]},
                       {"admin_consent": "True", "tenant": self.echo()[:300]}, {"code": self.note("code guess", mark("0.AX"))}, {}):
            browser = Browser()
            link = self.stack.oauth_link(self.stack.new_owner(), provider="microsoft")
            browser.get(link)
            self.note_cookies(browser)
            state = self.note("state", query_of(link)["state"])
            said_back = {"state": state, "session_state": self.echo()[:400], **fields}
            browser.get(f"{self.stack.root}/api/auth/microsoft/callback?" + urllib.parse.urlencode(said_back))
        self.assertSilent()

    def test_calls_that_break_off(self):
        _, email, connection = self.filled()
        for kind in ("drop_before", "drop_mid_body", "truncated", "malformed_json", "wrong_content_type", "empty_body", "html", "bad_gateway_html",
                     "claims_challenge", "sync_state_not_found", "gone_with_location", "delta_token_invalid", "mailbox_not_enabled", "invalid_grant",
                     "aadsts_50173", "aadsts_7000215", "aadsts_53003"):
            for operation in ("entra.token", "graph.calendarView.delta", "graph.calendars.list", "graph.event.instances", "graph.subscription.create"):
                with self.subTest(kind, operation=operation), self.emulator.trouble(kind, operation=operation, message=self.echo()[:3000]):
                    self.stack.set(connection, "grant_refusals = 0, sync_enabled = true")
                    self.spare_nobody()
                    self.refresh_next(connection)
                    self.stack.retry(connection)
        self.reconnect(str(self.stack.connection(connection)["provider_id"]), email)
        self.assertIsNone(self.stack.retry(connection)["error"])
        self.assertSilent()

    def test_events_that_say_it_where_nobody_expects_it(self):
        _, email, connection = self.filled()
        title = self.note("title in odd places", mark("title"))
        moment = {"dateTime": title, "timeZone": title}
        for changes in ({"start": moment}, {"end": moment}, {"start": {"dateTime": "2027-01-01T00:00:00", "timeZone": title}}, {"start": title}, {"id": None},
                        {"type": title}, {"originalStartTimeZone": title}, {"showAs": title, "sensitivity": title}, {"isAllDay": title},
                        {"attendees": [title, {"emailAddress": title}]}, {"recurrence": {"pattern": {"type": title}, "range": {"type": title}}},
                        {"seriesMasterId": self.note("title as an id", mark("title"))}, {"@odata.etag": {title: title}}, {"@removed": title}):
            for target in ("graph_events", "graph_series"):
                def change(answer, _):
                    for item in [answer] if "value" not in answer else answer["value"]:
                        item.update(changes)
                with self.subTest(target, changes=changes), self.emulator.bend(email, change, target):
                    self.stack.set(connection, "sync_cursor = NULL")
                    self.spare_nobody()
                    self.stack.retry(connection)
        self.assertSilent()

    def test_disconnecting_while_the_provider_repeats_the_subscription(self):
        for status in (400, 403, 500, 302):
            _, _, connection = self.filled()
            wait_until(lambda: self.sql.value("SELECT count(*) FROM calendar_push_channels WHERE connection_id = %s AND state = 'live'", connection), 15,
                       "a live subscription")
            self.learn()
            headers = {"Location": "/?t=" + urllib.parse.quote(self.echo()[:1000])}
            with self.emulator.answered("graph_subscriptions", status=status, headers=headers, body=json.dumps({"error": {
                    "code": self.names()[0], "message": self.echo()}})):
                self.assertEqual(self.stack.app.delete(f"/api/calendar/connections/{connection}").status, 200)
                self.stack.worker_rounds()
        self.assertSilent()


class Series(EchoCase):
    PAYLOADS = False

    def test_whatever_a_series_repeats(self):
        self.whatever_graph_repeats("graph_series")


class Messages(MicrosoftCanaries):
    def test_messages_and_handshakes(self):
        _, email, connection = self.filled()
        wait_until(lambda: self.control("GET", "/subscriptions?open=true")["subscriptions"], 15, "a subscription")
        self.learn()
        (row,) = [row for row in self.control("GET", "/subscriptions?open=true")["subscriptions"] if row["account"] == email]

        class Known:
            id, client_state = row["id"], row["client_state"]
        post = lambda body, query="": self.stack.stranger.call("POST", PATH + query, body if isinstance(body, str) else json.dumps(body),
                                                               {"Content-Type": "application/json"})
        known = Known.client_state
        for secret in (known.split(".")[1], known, known + "x", self.note("clientState guess", mark("guess")), *list(self.secrets.values())[:12]):
            quoted = urllib.parse.quote(secret, safe="")
            for item in (notification(Known, clientState=secret), notification(Known, subscriptionId=secret),
                         notification(Known, changeType=secret, resource=secret), lifecycle(Known, secret),
                         lifecycle(Known, "subscriptionRemoved", clientState=f"x.{secret}"), {secret: secret}):
                self.assertIn(post({"value": [item]}).status, (202, 400, 401))
            for body in ({"value": secret}, {secret: []}, "{" + secret, json.dumps(secret), '{"value": [{"clientState": "' + secret):
                self.assertEqual(post(body).status, 400)
            post({"value": [notification(Known)]}, "?" + quoted)
            post({"value": [notification(Known)]}, "?channel=" + quoted)
            self.stack.stranger.call("POST", PATH + "/" + quoted, secret, {"Content-Type": "text/plain"})
            self.stack.stranger.call("POST", PATH, secret, {"Content-Type": secret if secret.isascii() else "x"})
            self.stack.stranger.call("GET", f"{PATH}?validationToken={quoted}")
        for token in (self.note("validation token", mark("Validation:")), self.note("validation too long", mark("t") + "x" * 9000)):
            quoted = urllib.parse.quote_plus(token)
            self.stack.stranger.call("POST", f"{PATH}?validationToken={quoted}", "", {"Content-Type": "text/plain"})
            self.stack.stranger.call("POST", f"{PATH}?validationToken={quoted}&validationToken={quoted}", "", {"Content-Type": "text/plain"})
            self.stack.stranger.call("POST", f"/api/webhooks/calendar/google?validationToken={quoted}", "", {"Content-Type": "text/plain"})
        self.stack.wait_synced(connection)
        self.assertSilent()
