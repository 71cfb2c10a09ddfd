# SPDX-License-Identifier: Apache-2.0
"""Job runs of operators and cron: who takes part, and numbers that say what really happened."""
import concurrent.futures
import uuid

import psycopg2

import harness
from events import timed

setUpModule = harness.start_cluster
JOBS = "/api/admin/calendar/jobs/run"


class JobCase(harness.Case):
    def job(self, expect=200, **scope):
        answer = self.assertAnswer(self.stack.admin.post(JOBS, scope), expect)
        return answer.json()

    def numbers(self, job):
        return {name: value for name, value in job["summary"].items() if name not in ("errors", "duration_ms")}


class Runs(JobCase):
    def setUp(self):
        self.sql.execute("DELETE FROM external_calendar_connections")

    def test_a_summary_counts_what_happened(self):
        _, busy_email, _ = self.connected([timed("one0000001", "One"), timed("two0000001", "Two"), timed("three00001", "Three")])
        self.emulator.put_event(busy_email, busy_email, timed("four000001", "Four"))
        self.emulator.put_event(busy_email, busy_email, timed("five000001", "Five"))
        self.emulator.put_event(busy_email, busy_email, timed("two0000001", "Two, changed"))
        self.emulator.delete_event(busy_email, busy_email, "three00001")
        self.connected()
        _, failing_email, failing = self.connected()
        _, _, waiting = self.connected()
        _, _, disabled = self.connected()
        self.stack.set(waiting, "backoff_until = now() + interval '1 hour'")
        self.stack.set(disabled, "sync_enabled = false")
        with self.emulator.trouble("server_error", failing_email):
            job = self.job()
        self.assertEqual(self.numbers(job), {"connections_processed": 3, "connections_succeeded": 2, "connections_failed": 1,
                                             "items_ingested": 2,
                                             "items_updated": 1, "items_deleted": 1, "outbound_retried": 0, "outbound_succeeded": 0})
        self.assertEqual([error["connection_id"] for error in job["summary"]["errors"]], [failing])
        self.assertTrue(job["summary"]["errors"][0]["error"].startswith("provider_unavailable: "))
        self.assertEqual((job["success"], job["run_by"], job["status"]), (False, "oncall", "finished"))
        self.assertGreater(job["summary"]["duration_ms"], 0)
        self.assertRegex(job["timestamp"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$")
        shown = self.stack.admin.get(f"/api/admin/calendar/jobs/{job['run_id']}")
        self.assertEqual((shown.status, shown.json()["summary"]), (200, job["summary"]))
        rows = {str(row["connection_id"]): row for row in self.sql.rows("SELECT * FROM calendar_job_run_items WHERE run_id = %s",
                                                                        job["run_id"])}
        self.assertEqual({name: row["succeeded"] for name, row in rows.items()}[failing], False)
        self.assertEqual(len(rows), 3)
        self.stack.api_process.wait_log(lambda line: line.get("metadata", {}).get("run_id") == job["run_id"], "the job run")

    def test_a_quiet_job_succeeds_with_zeros(self):
        self.connected([timed("one0000001", "One")])
        job = self.job()
        self.assertEqual((job["success"], job["summary"]["connections_processed"], job["summary"]["errors"]), (True, 1, []))
        self.assertEqual([job["summary"][f"items_{name}"] for name in ("ingested", "updated", "deleted")], [0, 0, 0])

    def test_a_job_over_nothing_is_over_at_once(self):
        job = self.job()
        self.assertEqual((job["success"], job["summary"]["connections_processed"], job["status"]), (True, 0, "finished"))

    def test_scopes(self):
        one_owner, _, one = self.connected()
        _, _, two = self.connected()
        self.assertEqual(self.job(provider_id=one_owner)["summary"]["connections_processed"], 1)
        self.assertEqual(self.job(connection_id=two)["summary"]["connections_processed"], 1)
        self.assertEqual(self.job()["summary"]["connections_processed"], 2)
        self.assertEqual(self.job(provider_id=one_owner, connection_id=two)["summary"]["connections_processed"], 0)
        self.assertEqual(self.job(window=10)["summary"]["connections_processed"], 0)
        self.stack.set(one, "last_synced_at = now() - interval '11 minutes', sync_frequency_minutes = 60")
        self.assertEqual(self.job(window=10)["summary"]["connections_processed"], 1)
        self.assertAnswer(self.stack.admin.post(JOBS, {"connection_id": str(uuid.uuid4())}), 404)

    def test_a_job_that_does_not_finish_in_time_goes_on(self):
        _, email, connection = self.connected([timed("one0000001", "One")])
        self.emulator.put_event(email, email, timed("two0000001", "Two"))
        with self.emulator.hold("api", account=email) as held:
            answer = self.stack.admin.post(JOBS, {"connection_id": connection, "wait_seconds": 0})
            self.assertEqual((answer.status, answer.json()["status"]), (202, "running"))
            url = answer.json()["url"]
            self.assertEqual(answer.header("Location"), url)
            held.wait()
            running = self.stack.admin.get(url).json()
            self.assertEqual((running["status"], running["summary"]["connections_processed"]), ("running", 0))
        harness.wait_until(lambda: self.stack.admin.get(url).json()["status"] == "finished", 15, "the job has finished")
        done = self.stack.admin.get(url).json()
        self.assertEqual((done["success"], done["summary"]["connections_succeeded"], done["summary"]["items_ingested"]), (True, 1, 1))

    def test_a_connection_that_is_disabled_meanwhile_does_not_hold_the_job_up(self):
        _, email, connection = self.connected([timed("one0000001", "One")])
        before = self.stack.events(connection, everything=True)
        self.emulator.put_event(email, email, timed("two0000001", "Two"))
        worker = self.stack.workers[0]
        mark = worker.mark()
        with self.emulator.hold("api", account=email) as held:
            url = self.job(expect=202, connection_id=connection, wait_seconds=0)["url"]
            held.wait()
            self.stack.set(connection, "sync_enabled = false")
            job = self.stack.admin.get(url).json()
            self.assertEqual((job["status"], job["summary"]["connections_failed"]), ("finished", 1))
            self.assertIn("disabled", job["summary"]["errors"][0]["error"])
        # The run in flight writes nothing, says so, and gives its lease back.
        worker.wait_message("nothing of this run was written", after=mark, connection_id=connection, level="warn")
        self.stack.wait_row(connection, lambda row: row["lease_until"] is None, "the lease is given back")
        self.assertEqual(self.stack.events(connection, everything=True), before)
        self.assertEqual([line for line in worker.logs[mark:] if line.get("connection_id") == connection
                          and "completed" in line["message"]], [])

    def test_jobs_lock_rows_in_the_order_of_their_ids(self):
        """Whoever takes several rows takes them in one order, or two of them deadlock."""
        owner = self.stack.new_owner()
        low, high = sorted(self.sql.value("INSERT INTO external_calendar_connections (provider_id, provider, provider_user_id, sync_needed,"
                                          " last_synced_at) VALUES (%s, 'nobody', %s, false, now()) RETURNING id::text", owner, name)
                           for name in ("one", "two"))
        # Written anew, the lower id stands behind the higher one in the table.
        self.sql.execute("UPDATE external_calendar_connections SET provider_email = 'moved' WHERE id = %s", low)
        take = "SELECT 1 FROM external_calendar_connections WHERE id = %s FOR UPDATE"
        with psycopg2.connect(self.stack.database_url) as blocker, concurrent.futures.ThreadPoolExecutor(1) as callers:
            rows = blocker.cursor()
            rows.execute(take, (low,))
            job = callers.submit(lambda: self.stack.admin.post(JOBS, {"provider_id": owner, "wait_seconds": 0}))
            harness.wait_until(lambda: self.sql.value("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                                                      " AND wait_event_type = 'Lock'") > 0, 10, "the job waits for the lower id")
            rows.execute(take + " NOWAIT", (high,))
            blocker.commit()
            self.assertEqual(job.result(20).json()["connections_marked"], 2)

    def test_a_connection_that_is_disconnected_meanwhile_does_not_hold_the_job_up(self):
        _, email, connection = self.connected([timed("one0000001", "One")])
        with self.emulator.hold("api", account=email) as held:
            url = self.job(expect=202, connection_id=connection, wait_seconds=0)["url"]
            held.wait()
            self.assertEqual(self.stack.app.delete(f"/api/calendar/connections/{connection}").status, 200)
            job = self.stack.admin.get(url).json()
            self.assertEqual((job["status"], job["summary"]["connections_failed"]), ("finished", 1))
        self.stack.worker_rounds(2)
        self.assertEqual(self.sql.value("SELECT count(*) FROM external_calendar_events WHERE connection_id = %s", connection), 0)
