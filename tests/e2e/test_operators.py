# SPDX-License-Identifier: Apache-2.0
"""What people on call do through the API: each action with its reason and its line in the audit, previews that change nothing, and
actions over many connections with brakes."""
import concurrent.futures
import json
import signal
import uuid

import psycopg2

import harness
from client import Api
from events import timed
from harness import ALL_FLAGS, wait_until

setUpModule = harness.start_cluster
CONNECTIONS = "/api/admin/calendar/connections"
BULK = "/api/admin/calendar/bulk"
WHY = "woken by an alert"


class OperatorCase(harness.Case):
    def act(self, connection, action, expect=200, **body):
        body.setdefault("reason", WHY)
        answer = self.stack.admin.post(f"{CONNECTIONS}/{connection}/{action}", {key: value for key, value in body.items() if value is not None})
        return self.assertAnswer(answer, expect)

    def audit(self, connection):
        """The audit of a connection, oldest first."""
        return list(reversed(self.assertAnswer(self.stack.admin.get("/api/admin/calendar/audit", connection_id=connection), 200).json()["actions"]))

    def quiet(self, owner=None, **columns):
        """A connection of a provider that no worker serves."""
        names = {"provider_id": owner or self.stack.new_owner(), "provider": "nobody", "provider_user_id": uuid.uuid4().hex, "sync_needed": False, **columns}
        return self.sql.value(f"INSERT INTO external_calendar_connections ({', '.join(names)}) VALUES ({', '.join(['%s'] * len(names))}) RETURNING id::text",
                              *names.values())


class Actions(OperatorCase):
    def test_sync_has_the_worker_run(self):
        _, email, connection = self.connected([timed("one0000001", "One")])
        self.emulator.put_event(email, email, timed("two0000001", "Two"))
        answer = self.act(connection, "sync").json()
        self.assertEqual((answer["after"], answer["connection"]["id"]), ({"sync_needed": True}, connection))
        wait_until(lambda: len(self.stack.events(connection)) == 2, 15, "the second event is mirrored")
        line = self.audit(connection)[-1]
        self.assertEqual((line["actor"], line["actor_kind"], line["action"], line["reason"]), ("oncall", "admin", "sync", WHY))

    def test_reset_reads_everything_again(self):
        _, email, connection = self.connected([timed("one0000001", "One")])
        asked = len(self.emulator.calls(account=email))
        answer = self.act(connection, "reset").json()
        self.assertEqual((answer["before"]["sync_cursor"], answer["after"]["sync_cursor"]), (True, False))
        self.stack.wait_synced(connection)
        reads = [call for call in self.emulator.calls(account=email)[asked:] if call["path"].endswith("/events")]
        self.assertTrue(reads)
        self.assertNotIn("syncToken", str(reads[0]["query"]))

    def test_backoff_enable_and_disable(self):
        connection = self.quiet()
        self.act(connection, "backoff", minutes=30)
        self.assertEqual(self.sql.value("SELECT round(extract(epoch FROM backoff_until - now()) / 60) FROM external_calendar_connections WHERE id = %s", connection), 30)
        self.act(connection, "clear-backoff")
        self.assertIsNone(self.stack.connection(connection)["backoff_until"])
        self.act(connection, "disable")
        self.assertFalse(self.stack.connection(connection)["sync_enabled"])
        self.act(connection, "enable")
        self.assertTrue(self.stack.connection(connection)["sync_enabled"])
        lines = self.audit(connection)
        self.assertEqual([line["action"] for line in lines], ["backoff", "clear-backoff", "disable", "enable"])
        self.assertEqual({(line["actor"], line["reason"]) for line in lines}, {("oncall", WHY)})
        self.assertEqual((lines[2]["before"], lines[2]["after"]), ({"sync_enabled": True}, {"sync_enabled": False}))

    def test_a_preview_changes_nothing(self):
        connection = self.quiet()
        before = self.stack.connection(connection)
        for action in ("sync", "reset", "backoff", "clear-backoff", "enable", "disable", "disconnect"):
            with self.subTest(action):
                self.assertTrue(self.act(connection, action, reason=None, preview=True).json()["preview"])
                self.assertEqual(self.stack.connection(connection), before)
        self.assertEqual(self.audit(connection), [])
        self.assertEqual(self.act(connection, "disable", preview=True).json()["after"], {"sync_enabled": False})

    def test_what_is_wrong_is_refused(self):
        connection = self.quiet()
        for body in ({"reason": None}, {"reason": "ab"}, {"reason": "x" * 501}, {"reason": "two\nlines"}, {"reason": 7}, {"minutes": 3}, {"wrong": 1}):
            with self.subTest(body=body):
                self.assertAnswer(self.act(connection, "disable", 400, **body), 400, "invalid_request")
        for minutes in (0, 525601, "5"):
            self.act(connection, "backoff", 400, minutes=minutes)
        self.act(connection, "disable", reason="ж" * 500, preview=True)
        self.act(uuid.uuid4(), "disable", 404)
        self.act("nonsense", "disable", 404)
        self.act(connection, "explode", 404)
        waiting = self.quiet(sync_enabled=False, awaiting_confirmation=True)
        self.assertEqual(self.act(waiting, "enable", 409).code, "awaiting_confirmation")
        self.assertEqual(self.stack.app.post(f"{CONNECTIONS}/{connection}/disable", {"reason": WHY}).status, 403)
        self.assertEqual(self.stack.stranger.post(f"{CONNECTIONS}/{connection}/disable", {"reason": WHY}).status, 401)
        self.assertEqual(self.audit(connection), [])

    def test_a_disconnect_keeps_its_line_and_erases_the_rest(self):
        owner, email, connection = self.connected([timed("one0000001", "One")])
        self.assertGreater(self.sql.value("SELECT count(*) FROM calendar_timeline WHERE connection_id = %s", connection), 0)
        answer = self.act(connection, "disconnect").json()
        self.assertEqual((answer["revocation"], answer["deleted"]["events"]), ("done", 1))
        line = self.audit(connection)[-1]
        self.assertEqual((line["action"], line["actor"], line["reason"], line["provider_id"], line["after"]["deleted"]["events"]),
                         ("disconnect", "oncall", WHY, owner, 1))
        for table in ("calendar_timeline", "calendar_sync_runs", "calendar_connection_states"):
            self.assertEqual(self.sql.value(f"SELECT count(*) FROM {table} WHERE connection_id = %s", connection), 0)
        self.assertNotIn(email, json.dumps(self.audit(connection)))
        self.act(connection, "disable", 404)

    def test_what_the_host_application_does_is_signed_by_its_token(self):
        owner, email, connection = self.connected([timed("one0000001", "One")])
        path = f"/api/calendar/connections/{connection}"
        self.stack.app.patch(path, {"sync_enabled": False, "sync_frequency_minutes": 9, "calendars": [email]})
        self.stack.app.patch(path, {"sync_enabled": True})
        self.stack.connect_google(owner, email)
        self.stack.app.delete(path)
        lines = self.audit(connection)
        self.assertEqual([line["action"] for line in lines], ["connect", "select-calendars", "disable", "set-frequency", "enable", "connect", "disconnect"])
        self.assertEqual({(line["actor"], line["actor_kind"]) for line in lines}, {("host", "app")})
        self.assertNotIn(email, json.dumps(lines))

    def test_a_job_run_is_written_down(self):
        owner = self.stack.new_owner()
        self.quiet(owner)
        job = self.assertAnswer(self.stack.admin.post("/api/admin/calendar/jobs/run", {"provider_id": owner, "wait_seconds": 0}), 202).json()
        line = self.stack.admin.get("/api/admin/calendar/audit", provider_id=owner).json()["actions"][0]
        self.assertEqual((line["action"], line["actor"], line["after"]["run_id"], line["after"]["marked"]), ("run-job", "oncall", job["run_id"], 1))
        jobs = self.stack.admin.get("/api/admin/calendar/jobs").json()["jobs"]
        mine = next(one for one in jobs if one["run_id"] == job["run_id"])
        self.assertEqual((mine["status"], mine["connections_marked"], mine["connections_processed"], mine["scope"]), ("running", 1, 0, {"provider_id": owner}))
        # A look at the list ends what has nothing left to wait for.
        self.sql.execute("DELETE FROM external_calendar_connections WHERE provider_id = %s", owner)
        jobs = self.stack.admin.get("/api/admin/calendar/jobs").json()["jobs"]
        self.assertEqual(next(one["status"] for one in jobs if one["run_id"] == job["run_id"]), "finished")

    def test_plain_sql_is_written_down_beside_it(self):
        connection = self.quiet()
        self.stack.set(connection, "backoff_until = now() + interval '1 hour'")
        self.act(connection, "clear-backoff")
        lines = self.audit(connection)
        self.assertEqual([(line["actor_kind"], line["actor"], line["action"], line["reason"]) for line in lines],
                         [("sql", "calsync", "edit", None), ("admin", "oncall", "clear-backoff", WHY)])
        self.assertEqual(lines[0]["after"]["backoff_until"], lines[1]["before"]["backoff_until"])
        page = self.stack.admin.get("/api/admin/calendar/audit", connection_id=connection, limit=1).json()
        rest = self.stack.admin.get("/api/admin/calendar/audit", connection_id=connection, before=page["before"]).json()
        self.assertEqual([line["action"] for line in page["actions"] + rest["actions"]], ["clear-backoff", "edit"])
        self.assertEqual(self.stack.admin.get("/api/admin/calendar/audit", connection_id=connection, actor="oncall").json()["actions"][0]["action"], "clear-backoff")


class Lists(OperatorCase):
    def test_connections_by_filter_and_page(self):
        owner = self.stack.new_owner()
        ids = sorted(self.quiet(owner, error_count=number % 2, last_error="timeout: x" if number % 2 else None) for number in range(5))
        seen, token = [], None
        for _ in range(3):
            page = self.assertAnswer(self.stack.admin.get(CONNECTIONS, provider_id=owner, limit=2, page_token=token), 200).json()
            seen += [one["id"] for one in page["connections"]]
            token = page["next_page_token"]
        self.assertEqual((seen, token), (ids, None))
        down = self.stack.admin.get(CONNECTIONS, provider_id=owner, state="provider_down").json()["connections"]
        self.assertEqual({(one["error_code"], one["error_owner"], one["state"]) for one in down}, {("timeout", "provider", "provider_down")})
        self.assertEqual(len(down), 2)
        self.assertEqual(len(self.stack.admin.get(CONNECTIONS, provider_id=owner, failing="false").json()["connections"]), 3)
        for wrong in ({"state": "odd"}, {"due": "yes"}, {"provider_id": "x"}, {"limit": 201}, {"page_token": "x"}, {"odd": 1}, {"q": ""}):
            with self.subTest(wrong=wrong):
                self.assertAnswer(self.stack.admin.get(CONNECTIONS, **wrong), 400, "invalid_request")

    def test_failed_events_without_what_they_say_and_trying_again(self):
        owner, email, connection = self.connected([timed("good000001", "Good")])
        self.emulator.put_event(email, email, timed("bad0000001", "Title to be hidden"))
        self.emulator.put_raw_event(email, "bad0000001", json.dumps({**timed("bad0000001", "Title to be hidden"), "start": {"dateTime": "whenever"}}))
        self.stack.sync(connection)
        answer = self.assertAnswer(self.stack.admin.get("/api/admin/calendar/events/failed", connection_id=connection), 200)
        self.assertNotIn("hidden", answer.text)
        event = answer.json()["events"][0]
        self.assertEqual((event["external_event_id"], event["last_error"].split(":")[0]), ("bad0000001", "malformed_response"))
        self.emulator.mend_silently(email, "bad0000001")
        retry = {"event_id": event["id"], "reason": WHY}
        self.assertEqual(self.assertAnswer(self.stack.admin.post("/api/admin/calendar/events/retry", retry), 200).json()["events"], 1)
        self.stack.wait_synced(connection)
        self.assertEqual({row["sync_status"] for row in self.stack.events(connection).values()}, {"SYNCED"})
        self.assertAnswer(self.stack.admin.post("/api/admin/calendar/events/retry", retry), 404)
        line = next(line for line in self.audit(connection) if line["action"] == "retry")
        self.assertEqual((line["reason"], line["after"]), (WHY, {"events": 1, "event_id": event["id"]}))
        for body in ({"reason": WHY}, {"event_id": event["id"], "connection_id": connection, "reason": WHY}, {"connection_id": connection}):
            self.assertAnswer(self.stack.admin.post("/api/admin/calendar/events/retry", body), 400)
        self.assertAnswer(self.stack.admin.post("/api/admin/calendar/events/retry", {"connection_id": str(uuid.uuid4()), "reason": WHY}), 404)

    def test_the_timeline_tells_a_trouble_and_what_was_done(self):
        _, email, connection = self.connected([timed("one0000001", "One")])
        with self.emulator.trouble("server_error", email):
            for _ in range(3):
                self.stack.retry(connection)
        self.act(connection, "clear-backoff")
        self.act(connection, "sync")
        self.stack.wait_row(connection, lambda row: row["error_count"] == 0 and row["lease_until"] is None, "it has recovered")
        told = self.assertAnswer(self.stack.admin.get(f"{CONNECTIONS}/{connection}/timeline", limit=200), 200).json()
        kinds = [(one["kind"], one["what"]) for one in reversed(told["timeline"])]
        self.assertEqual(kinds[:1], [("event", "connected")] if kinds[0][0] == "event" else [("action", "connect")])
        self.assertIn(("state", "provider_down"), kinds)
        self.assertIn(("action", "clear-backoff"), kinds)
        self.assertLess(kinds.index(("state", "provider_down")), kinds.index(("action", "sync")))
        self.assertEqual((kinds[-1][0] in ("run", "state"), told["before"]), (True, None))
        times = [one["last_at"] for one in told["timeline"]]
        self.assertEqual(times, sorted(times, reverse=True))
        first = self.stack.admin.get(f"{CONNECTIONS}/{connection}/timeline", limit=1).json()
        second = self.stack.admin.get(f"{CONNECTIONS}/{connection}/timeline", limit=1, before=first["before"]).json()
        self.assertLess(second["timeline"][0]["last_at"], first["timeline"][-1]["first_at"])
        self.assertAnswer(self.stack.admin.get(f"{CONNECTIONS}/{uuid.uuid4()}/timeline"), 404)


class Off(OperatorCase):
    FLAGS = dict.fromkeys(ALL_FLAGS, "false")

    def test_repairs_work_with_everything_off_and_what_reaches_a_provider_does_not(self):
        connection = self.quiet(last_error="timeout: x", error_count=1)
        for action in ("reset", "backoff", "clear-backoff", "disable", "enable"):
            self.act(connection, action)
        for action in ("sync", "disconnect"):
            answer = self.act(connection, action, 403)
            self.assertEqual((answer.code, answer.json()["flag"]), ("calendar_sync_disabled", "CALENDAR_SYNC_ENABLED"))
        self.assertEqual(len(self.audit(connection)), 5)
        for path in (CONNECTIONS, "/api/admin/calendar/audit", "/api/admin/calendar/jobs", "/api/admin/calendar/events/failed", BULK,
                     f"{CONNECTIONS}/{connection}/timeline"):
            self.assertAnswer(self.stack.admin.get(path), 200)
        self.assertAnswer(self.stack.admin.post("/api/admin/calendar/events/retry", {"connection_id": connection, "reason": WHY}), 200)
        self.assertAnswer(self.stack.admin.post(BULK, {"action": "sync", "filter": {"failing": True}, "reason": WHY, "expected": 0}), 403)


class Listed(OperatorCase):
    def test_sync_of_an_owner_off_the_list_is_refused_and_repair_is_not(self):
        connection = self.quiet()
        self.stack.reload(CALENDAR_ALLOWLIST_PROVIDER_IDS=self.stack.new_owner())
        try:
            self.assertEqual(self.act(connection, "sync", 403).code, "not_allowlisted")
            self.act(connection, "disable")
            # A bulk sync skips it.
            request = {"action": "sync", "filter": {"connection_id": connection}, "reason": WHY, "expected": 1}
            bulk = self.assertAnswer(self.stack.admin.post(BULK, request), 202).json()
            done = wait_until(lambda: (lambda one: one if one["state"] == "done" else None)(self.stack.admin.get(bulk["url"]).json()), 15, "the bulk action is done")
            self.assertEqual((done["touched"], done["skipped"]), (0, 1))
        finally:
            self.stack.reload(CALENDAR_ALLOWLIST_PROVIDER_IDS="*")


class Bulk(OperatorCase):
    def bulk(self, expect, action, owner, **more):
        return self.assertAnswer(self.stack.admin.post(BULK, {"action": action, "filter": {"provider_id": owner}, "reason": WHY, **more}), expect)

    def state(self, url, wanted):
        return wait_until(lambda: (lambda one: one if one["state"] == wanted else None)(self.stack.admin.get(url).json()), 20, f"the bulk action is {wanted}")

    def test_preview_confirm_and_done(self):
        owner = self.stack.new_owner()
        ids = sorted(self.quiet(owner) for _ in range(3))
        preview = self.bulk(200, "disable", owner, preview=True).json()
        self.assertEqual((preview["count"], preview["by_provider"], preview["first"]), (3, {"nobody": 3}, ids))
        self.assertEqual(self.sql.value("SELECT count(*) FROM external_calendar_connections WHERE provider_id = %s AND sync_enabled", owner), 3)
        answer = self.bulk(202, "disable", owner, expected=preview["count"])
        done = self.state(answer.header("Location"), "done")
        self.assertEqual((done["touched"], done["skipped"], done["run_by"]), (3, 0, "oncall"))
        self.assertEqual(self.sql.value("SELECT count(*) FROM external_calendar_connections WHERE provider_id = %s AND sync_enabled", owner), 0)
        self.assertEqual([line["reason"] for line in self.audit(ids[0])], [f"{WHY} (bulk {done['bulk_id']})"])
        self.assertEqual(self.stack.admin.get(BULK).json()["bulk_actions"][0]["bulk_id"], done["bulk_id"])
        self.assertAnswer(self.stack.admin.post(done["url"] + "/stop"), 409, "not_running")

    def test_brakes(self):
        owner = self.stack.new_owner()
        for _ in range(3):
            self.quiet(owner)
        self.assertEqual(self.bulk(422, "disable", owner, expected=3, cap=2).json()["count"], 3)
        answer = self.bulk(409, "disable", owner, expected=2)
        self.assertEqual((answer.code, answer.json()["count"]), ("count_changed", 3))
        self.bulk(400, "disable", owner)
        self.bulk(400, "disable", owner, expected=3, cap=10001)
        self.bulk(400, "explode", owner, expected=3)
        self.assertAnswer(self.stack.admin.post(BULK, {"action": "disable", "filter": {}, "reason": WHY, "expected": 3}), 422, "no_filter")
        self.assertAnswer(self.stack.admin.post(BULK, {"action": "disable", "filter": {"odd": 1}, "reason": WHY, "expected": 3}), 400)
        self.assertAnswer(self.stack.admin.get(f"{BULK}/{uuid.uuid4()}"), 404)
        self.assertEqual(self.sql.value("SELECT count(*) FROM external_calendar_connections WHERE provider_id = %s AND NOT sync_enabled", owner), 0)

    def hold_up(self, owner, count):
        """A bulk disable of `count` connections that waits in its first portion: (its URL, the session that lets it go on)."""
        for _ in range(count):
            self.quiet(owner)
        blocker = psycopg2.connect(self.stack.database_url)
        self.addCleanup(blocker.close)
        blocker.cursor().execute("SELECT 1 FROM external_calendar_connections WHERE provider_id = %s FOR UPDATE", (owner,))
        url = self.bulk(202, "disable", owner, expected=count, cap=count).json()["url"]
        self.waits(1)
        return url, blocker

    def waits(self, sessions):
        wait_until(lambda: self.sql.value("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'") == sessions,
                   10, "it waits for the lock")

    def test_a_stop_comes_between_portions(self):
        owner = self.stack.new_owner()
        url, blocker = self.hold_up(owner, 120)
        with concurrent.futures.ThreadPoolExecutor(1) as callers:
            stop = callers.submit(lambda: self.stack.admin.post(url + "/stop", {"reason": "too much"}))
            self.waits(2)
            blocker.rollback()
            self.assertAnswer(stop.result(20), 200)
        stopped = self.state(url, "stopped")
        self.assertEqual((stopped["touched"], stopped["stopped_by"]), (50, "oncall"))
        self.assertEqual(self.sql.value("SELECT count(*) FROM external_calendar_connections WHERE provider_id = %s AND NOT sync_enabled", owner), 50)

    def test_one_whose_process_died_is_interrupted_and_not_resumed(self):
        owner = self.stack.new_owner()
        url, blocker = self.hold_up(owner, 60)
        self.stack.api_process.send(signal.SIGKILL)
        self.stack.api_process.wait(10)
        blocker.rollback()
        self.stack.start_api()
        wait_until(lambda: self.sql.value("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in transaction%%'") == 0,
                   10, "the dead process' session is gone")
        # Half a minute of silence.
        self.sql.execute("UPDATE calendar_bulk_actions SET heartbeat_at = heartbeat_at - interval '31 seconds' WHERE state = 'running'")
        self.assertEqual(self.stack.admin.get(url).json()["state"], "interrupted")
        self.assertAnswer(self.stack.admin.post(url + "/stop"), 409, "not_running")
        self.stack.worker_rounds(2)
        self.assertEqual(self.sql.value("SELECT count(*) FROM external_calendar_connections WHERE provider_id = %s AND NOT sync_enabled", owner), 0)

    def test_one_whose_server_is_stopped_says_so(self):
        owner = self.stack.new_owner()
        url, blocker = self.hold_up(owner, 120)
        self.stack.api_process.send(signal.SIGTERM)
        self.stack.api_process.wait_message("stopping")
        blocker.rollback()
        self.assertEqual(self.stack.api_process.wait(20), 0)
        self.stack.start_api()
        shown = self.stack.admin.get(url).json()
        self.assertEqual((shown["state"], shown["touched"], shown["note"]), ("interrupted", 50, "the API server was stopped"))

    def test_many_are_disconnected_one_by_one(self):
        owner = self.stack.new_owner()
        email = self.account([timed("one0000001", "One")])
        connection = self.stack.connect_google(owner, email)
        self.stack.wait_synced(connection)
        self.quiet(owner)
        url = self.bulk(202, "disconnect", owner, expected=2).json()["url"]
        self.assertEqual(self.state(url, "done")["touched"], 2)
        self.assertEqual(self.sql.value("SELECT count(*) FROM external_calendar_connections WHERE provider_id = %s", owner), 0)
        self.assertEqual(self.audit(connection)[-1]["action"], "disconnect")


class Guessing(OperatorCase):
    def test_unknown_tokens_at_the_operators_endpoints_are_bounded(self):
        guess = Api(self.stack.root, "not-a-token-0123456789")
        statuses = [guess.get("/api/admin/calendar/status").status for _ in range(40)]
        self.assertEqual(statuses[:30], [401] * 30)
        self.assertIn(429, statuses)
        answer = guess.get("/api/admin/calendar/status")
        if answer.status == 429:
            self.assertEqual((answer.code, answer.header("Retry-After")), ("too_many_failures", "2"))
        # The host application is not shut out with them.
        self.assertEqual(self.stack.app.get("/api/calendar/connections", provider_id=self.stack.new_owner()).status, 200)
        wait_until(lambda: self.stack.admin.get("/api/admin/calendar/status").status == 200, 10, "the bound has eased")
