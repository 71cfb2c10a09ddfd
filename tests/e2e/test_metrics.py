# SPDX-License-Identifier: Apache-2.0
"""Metrics: what operators see at the api-server is the whole fleet's, survives restarts, and needs no database."""
import concurrent.futures
import time

import harness
from client import send
from events import timed
from harness import wait_until
from metrics import Metrics, number
from postgres import free_port
from pushes import PushCase

setUpModule = harness.start_cluster

CONTRACT = {
    "calendar_sync_runs_total": "counter", "calendar_sync_failures_total": "counter", "calendar_sync_items_processed": "counter",
    "calendar_sync_latency_ms": "histogram", "calendar_sync_enabled": "gauge", "calendar_oauth_enabled": "gauge",
    "calendar_jobs_enabled": "gauge", "calendar_webhook_enabled": "gauge", "calendar_sync_freshness_seconds": "gauge",
    "calendar_sync_change_to_mirror_ms": "histogram", "calendar_queue_due": "gauge", "calendar_queue_leased": "gauge",
    "calendar_queue_backoff": "gauge", "calendar_webhooks_total": "counter", "calendar_push_channels": "gauge",
    "calendar_missed_push_total": "counter", "calendar_connection_state_changes_total": "counter",
    "calendar_provider_requests_total": "counter", "calendar_mirror_failed_events": "gauge", "calendar_provider_circuits": "gauge",
    "calendar_queue_oldest_due_seconds": "gauge", "calendar_workers_alive": "gauge", "calendar_connections": "gauge",
    "calendar_connections_expected": "gauge", "calendar_connections_stale": "gauge", "calendar_grants_overdue": "gauge",
    "calendar_sealed_secrets": "gauge", "calendar_invalid_settings": "gauge",
    "calendar_database_up": "gauge", "calendar_database_pool_size": "gauge", "calendar_database_pool_in_use": "gauge",
    "calendar_database_pool_waiting": "gauge", "process_cpu_seconds_total": "counter", "process_resident_memory_bytes": "gauge",
    "process_open_fds": "gauge", "process_max_fds": "gauge", "process_start_time_seconds": "gauge",
}


class MetricsCase(PushCase):
    def read(self):
        return Metrics.read(self.stack)

    def grows(self, name, before, by=1, **labels):
        """Workers carry their figures to the database about once a second."""
        wanted = before.value(name, **labels) + by
        return wait_until(lambda: self.read().value(name, **labels) >= wanted and self.read(), 10,
                          lambda: f"{name}{labels} is {wanted}; it is {self.read().value(name, **labels)}")


class Figures(MetricsCase):
    def test_every_metric_of_the_contract_is_there_with_its_type(self):
        shown = self.read()
        for name, kind in CONTRACT.items():
            with self.subTest(name):
                self.assertEqual(shown.families[name][0], kind)
        self.assertEqual(set(shown.families), set(CONTRACT))

    def test_a_sync_is_counted(self):
        before = self.read()
        _, email, connection = self.connected([timed("one0000001", "One"), timed("two0000001", "Two")])
        after = self.grows("calendar_sync_runs_total", before, provider="google", outcome="complete")
        self.grows("calendar_sync_items_processed", before, 2, provider="google", action="ingested")
        self.assertGreater(after.value("calendar_sync_latency_ms_count", provider="google"),
                           before.value("calendar_sync_latency_ms_count", provider="google"))
        for operation in ("token", "list_calendars", "list_events"):
            self.grows("calendar_provider_requests_total", before, provider="google", operation=operation, status_class="2xx")
        self.emulator.put_event(email, email, timed("two0000001", "Two again"))
        before = self.read()
        self.stack.sync(connection)
        self.grows("calendar_sync_items_processed", before, provider="google", action="updated")
        after = self.grows("calendar_sync_change_to_mirror_ms_count", before)
        took = after.value("calendar_sync_change_to_mirror_ms_sum") - before.value("calendar_sync_change_to_mirror_ms_sum")
        self.assertTrue(0 < took < 20000, took)

    def test_a_quiet_sync_says_nothing_about_the_way_of_a_change(self):
        _, _, connection = self.connected([timed("one0000001", "One")])
        before = self.read()
        self.stack.sync(connection)
        after = self.grows("calendar_sync_runs_total", before, outcome="complete")
        self.assertEqual(after.value("calendar_sync_change_to_mirror_ms_count"), before.value("calendar_sync_change_to_mirror_ms_count"))

    def test_a_failed_sync_is_counted_by_its_code(self):
        owner = self.stack.new_owner()
        before = self.read()
        self.stack.connect_feed(owner, f"http://127.0.0.1:{free_port()}/nobody.ics")
        after = self.grows("calendar_sync_failures_total", before, provider="ics", error_code="network_error")
        self.assertGreater(after.value("calendar_sync_runs_total", provider="ics", outcome="retry"),
                           before.value("calendar_sync_runs_total", provider="ics", outcome="retry"))
        self.grows("calendar_provider_requests_total", before, provider="ics", operation="feed", status_class="error")
        wait_until(lambda: self.read().value("calendar_queue_backoff") >= 1, 5, "the connection backs off")

    def test_every_answer_to_a_push_is_counted_at_once(self):
        _, _, connection, channel = self.watched()
        stopped = self.channel(connection, state="stopped")
        for result, status, call in (
                ("accepted", 200, lambda: self.push(channel)),
                ("ignored", 200, lambda: self.push(stopped)),
                ("ignored", 200, lambda: self.push(("nobody", "knows"))),
                ("invalid_channel", 401, lambda: self.push((channel[0], "wrong"))),
                ("malformed", 400, lambda: self.push(channel, state="nonsense")),
                ("malformed", 415, lambda: self.push(channel, body=b"x", **{"Content-Length": "1"})),
                ("malformed", 405, lambda: self.stack.stranger.get("/api/webhooks/calendar/google")),
                ("too_large", 413, lambda: self.push(channel, body=b"x", **{"Content-Length": "999999999"}))):
            with self.subTest(result=result, status=status):
                before = self.read()
                self.assertEqual(call().status, status)
                after = self.read()
                self.assertEqual(after.value("calendar_webhooks_total"), before.value("calendar_webhooks_total") + 1)
                self.assertEqual(after.value("calendar_webhooks_total", provider="google", result=result),
                                 before.value("calendar_webhooks_total", provider="google", result=result) + 1)
        self.assertEqual(self.read().value("calendar_push_channels", state="stopped"), 1)

    def test_strangers_make_no_series(self):
        self.stack.stranger.post("/api/webhooks/calendar/made-up")
        shown = self.read()
        self.assertGreaterEqual(shown.value("calendar_webhooks_total", provider="other", result="unknown_provider"), 1)
        self.assertNotIn("made-up", shown.text)

    def test_a_storm_of_scrapes_is_answered(self):
        before = self.read().value("calendar_webhooks_total", result="ignored")
        self.push(("nobody", "knows"))
        with concurrent.futures.ThreadPoolExecutor(30) as scrapers:
            shown = list(scrapers.map(lambda _: self.read(), range(150)))
        self.assertEqual({one.value("calendar_webhooks_total", result="ignored") for one in shown}, {before + 1})
        # They share their reads of the database.
        self.assertLessEqual(max(one.value("calendar_database_pool_in_use") for one in shown), 3)

    def test_nobody_is_named(self):
        owner, email, connection = self.connected([timed("one0000001", "A title of somebody")])
        text = self.read().text + self.stack.admin.get("/api/ops/metrics/calendar").text
        for secret in (owner, email, connection, "A title of somebody", self.stack.admin_token):
            self.assertNotIn(secret, text)

    def test_process_and_pool(self):
        shown = self.read()
        self.assertGreater(shown.value("process_resident_memory_bytes"), 1e6)
        self.assertGreater(shown.value("process_cpu_seconds_total"), 0)
        self.assertGreater(shown.value("process_open_fds"), 3)
        self.assertTrue(0 <= time.time() - shown.value("process_start_time_seconds") < 600)
        self.assertEqual(shown.value("calendar_database_pool_size"), 8)
        self.assertEqual(shown.value("calendar_database_up"), 1)


class Formats(MetricsCase):
    WORKERS = 0

    def test_json_says_the_same_as_the_text(self):
        self.push(("nobody", "knows"))
        path = "/api/ops/metrics/calendar"
        text = Metrics.of(self.stack.admin.get(path, format="prometheus"))
        shown = self.stack.admin.get(path).json()
        self.assertEqual(self.stack.admin.get(path, format="json").json().keys(), shown.keys())
        self.assertEqual({name: (one["type"], one["help"]) for name, one in shown.items()}, text.families)
        flat = {}
        for name, one in shown.items():
            for sample in one["samples"]:
                labels = sample["labels"]
                if one["type"] != "histogram":
                    flat[(name, tuple(sorted(labels.items())))] = sample["value"]
                    continue
                for suffix in ("count", "sum"):
                    flat[(f"{name}_{suffix}", tuple(sorted(labels.items())))] = sample[suffix]
                for bucket in sample["buckets"]:
                    self.assertIsInstance(number(bucket["le"]), float)
                    flat[(f"{name}_bucket", tuple(sorted({**labels, "le": bucket["le"]}.items())))] = bucket["count"]
        ours = {key for key in text.samples if key[0].startswith("calendar_")}
        self.assertEqual({key for key in flat if key[0].startswith("calendar_")}, ours)
        for key in ours - {("calendar_database_pool_in_use", ())}:
            self.assertEqual(flat[key], text.samples[key], key)

    def test_who_may_ask(self):
        self.assertAnswer(self.stack.admin.get("/api/ops/metrics/calendar", format="xml"), 400, "invalid_request")
        self.assertAnswer(self.stack.admin.get("/api/ops/metrics/calendar", other="1"), 400, "invalid_request")
        self.assertAnswer(self.stack.stranger.get("/api/ops/metrics/calendar"), 401, "unauthorized")
        self.assertAnswer(self.stack.app.get("/api/ops/metrics/calendar"), 403, "forbidden")
        self.assertEqual(self.stack.stranger.get("/metrics").status, 200)


class Closed(MetricsCase):
    CONFIG = {"server": {"metrics_public": False}}
    WORKERS = 0
    WITH_EMULATOR = False

    def test_only_operators_may_ask(self):
        self.assertAnswer(self.stack.stranger.get("/metrics"), 401, "unauthorized")
        self.assertAnswer(self.stack.app.get("/metrics"), 403, "forbidden")
        Metrics.of(self.stack.admin.get("/metrics"))


class Fleet(MetricsCase):
    CONFIG = {"worker": {"metrics_port": free_port()}}

    @property
    def port(self):
        return self.stack.config["worker"]["metrics_port"]

    def test_totals_outlive_their_processes(self):
        # The worker has counted since its start, perhaps more than the fleet knows of by now.
        before, own_before = self.read(), Metrics.read_port(self.port).value("calendar_sync_runs_total", outcome="complete")
        self.connected([timed("one0000001", "One")])
        own = wait_until(lambda: Metrics.read_port(self.port).value("calendar_sync_runs_total", outcome="complete") - own_before, 10,
                         "the worker counts")
        # A clean stop carries what was counted since the last time.
        self.stack.stop_workers()
        self.assertGreaterEqual(self.read().value("calendar_sync_runs_total", outcome="complete"),
                                before.value("calendar_sync_runs_total", outcome="complete") + own)
        self.stack.start_workers()
        middle = self.read()
        self.connected([timed("one0000001", "One")])
        self.grows("calendar_sync_runs_total", middle, outcome="complete")
        self.push(("nobody", "knows"))
        ignored = self.read().value("calendar_webhooks_total", result="ignored")
        self.stack.restart()
        self.assertEqual(self.read().value("calendar_webhooks_total", result="ignored"), ignored)

    def test_a_worker_shows_itself_alone(self):
        self.connected()
        own = Metrics.read_port(self.port)
        for name in ("calendar_queue_due", "calendar_sync_freshness_seconds", "calendar_push_channels"):
            self.assertNotIn(name, own.families)
        self.assertEqual(own.value("calendar_database_up"), 1)
        self.assertEqual(own.value("calendar_sync_enabled"), 1)
        for path, status in (("/healthz", 200), ("/nothing", 404)):
            self.assertEqual(send("GET", f"http://127.0.0.1:{self.port}{path}").status, status)
        self.assertEqual(send("POST", f"http://127.0.0.1:{self.port}/metrics").status, 405)

    def test_a_port_in_use_ends_the_worker_with_a_sentence(self):
        status, output, error = self.stack.run_worker("run")
        self.assertEqual(status, 1, output + error)
        self.assertIn(f"cannot listen on 127.0.0.1:{self.port} (worker.metrics_port)", error)

    def test_gauges_follow_the_flags(self):
        names = ("calendar_sync_enabled", "calendar_oauth_enabled", "calendar_jobs_enabled", "calendar_webhook_enabled")
        for readings in (self.read, lambda: Metrics.read_port(self.port)):
            self.assertEqual([readings().value(name) for name in names], [1, 1, 1, 1])
        self.stack.reload(CALENDAR_JOBS_ENABLED="false", CALENDAR_WEBHOOK_ENABLED="maybe")
        for readings in (self.read, lambda: Metrics.read_port(self.port)):
            self.assertEqual([readings().value(name) for name in names], [1, 1, 0, 0])
        before = self.read()
        self.assertEqual(self.push(("nobody", "knows")).status, 403)
        self.assertEqual(self.read().value("calendar_webhooks_total", result="disabled"),
                         before.value("calendar_webhooks_total", result="disabled") + 1)
        self.stack.reload(CALENDAR_JOBS_ENABLED="true", CALENDAR_WEBHOOK_ENABLED="true")


class Outage(MetricsCase):
    CONFIG = {"worker": {"metrics_port": free_port()}}

    def assertQuick(self, call):
        begun = time.monotonic()
        answer = call()
        self.assertLess(time.monotonic() - begun, 3)
        return answer

    def outage(self):
        port = self.stack.config["worker"]["metrics_port"]
        self.push(("nobody", "knows"))
        before = self.read()
        return port, before

    def check_away(self, port, before):
        for readings in (self.read, lambda: Metrics.read_port(port),
                         lambda: Metrics.of(self.stack.admin.get("/api/ops/metrics/calendar", format="prometheus"))):
            shown = self.assertQuick(readings)
            self.assertEqual(shown.value("calendar_database_up"), 0)
            self.assertGreater(shown.value("process_resident_memory_bytes"), 1e6)
            self.assertFalse(shown.has("calendar_queue_due"))
        shown = self.read()
        # Counters never go back, and what was refused meanwhile is not lost.
        for name in ("calendar_sync_runs_total", "calendar_webhooks_total"):
            self.assertGreaterEqual(shown.value(name), before.value(name))

    def test_a_database_that_hangs_keeps_nobody_waiting(self):
        port, before = self.outage()
        harness.cluster().freeze()
        try:
            self.check_away(port, before)
        finally:
            harness.cluster().thaw()
        wait_until(lambda: self.read().value("calendar_database_up") == 1, 15, "the database is seen again")
        self.assertEqual(self.read().value("calendar_webhooks_total", result="ignored"), before.value("calendar_webhooks_total", result="ignored"))

    def test_without_the_database_the_processes_answer_for_themselves(self):
        port, before = self.outage()
        self.sql.close()
        harness.cluster().stop()
        try:
            self.check_away(port, before)
            self.assertEqual(self.push(("nobody", "knows")).status, 503)
            self.assertEqual(self.read().value("calendar_webhooks_total", result="database_error"),
                             before.value("calendar_webhooks_total", result="database_error") + 1)
        finally:
            harness.cluster().start()
        wait_until(lambda: self.read().value("calendar_database_up") == 1, 15, "the database is seen again")
        shown = self.read()
        self.assertEqual(shown.value("calendar_webhooks_total", result="database_error"),
                         before.value("calendar_webhooks_total", result="database_error") + 1)
        self.assertTrue(shown.has("calendar_queue_due"))
