# SPDX-License-Identifier: Apache-2.0
"""A database that goes away at rest: honest answers, and recovery without help. In mid-run: test_drill_database.py."""
import concurrent.futures

import harness
from compare import differences
from events import timed
from harness import wait_until

setUpModule = harness.start_cluster


class DatabaseFailure(harness.Case):
    CONFIG = {"worker": {"lease_seconds": 10}}

    def assertMirrors(self, owner, email, connection):
        same = {"provider": "google", "provider_id": owner, "connection_id": connection}
        self.assertEqual(differences(self.stack.events(connection), self.emulator.truth(email), same), [])

    def setUp(self):
        # Every test begins with daemons that have not seen a database die.
        self.stack.restart()

    def stop_database(self):
        self.sql.close()
        harness.cluster().stop("immediate")
        self.away = True
        self.addCleanup(self.start_database)

    def start_database(self):
        if self.away:
            harness.cluster().start()
            self.away = False

    def assertBothAlive(self):
        self.assertTrue(self.stack.api_process.alive())
        self.assertTrue(self.stack.workers[0].alive())

    def test_gone_at_rest(self):
        owner, email, connection = self.connected([timed("one0000001", "One")])
        worker = self.stack.workers[0]
        mark = worker.mark()
        self.stop_database()
        line = worker.wait_message("database cannot be reached", after=mark)
        self.assertEqual((line["level"], line["error_code"]), ("error", "database_error"))
        self.assertEqual(self.stack.stranger.get("/healthz").status, 200)
        self.assertAnswer(self.stack.stranger.get("/readyz"), 503)
        for answer in (self.stack.app.get(f"/api/calendar/connections/{connection}"),
                       self.stack.app.post("/api/calendar/sync", {"connection_id": connection}),
                       self.stack.app.get("/api/auth/google", provider_id=owner), self.stack.admin.get("/api/admin/calendar/status")):
            self.assertAnswer(answer, 503, "database_error")
            self.assertTrue(int(answer.header("Retry-After")) > 0)
        self.assertBothAlive()
        mark = worker.mark()
        self.start_database()
        worker.wait_message("reachable again", after=mark, level="info")
        wait_until(lambda: self.stack.stranger.get("/readyz").status == 200, 10, "the api-server is ready again")
        self.emulator.put_event(email, email, timed("two0000001", "Two"))
        self.assertIsNone(self.stack.sync(connection)["error"])
        self.assertMirrors(owner, email, connection)
        # Notifications work again too: a wake-up by plain SQL is served.
        self.emulator.put_event(email, email, timed("three00001", "Three"))
        self.stack.set(connection, "sync_needed = true")
        self.stack.wait_synced(connection)
        self.assertMirrors(owner, email, connection)

    def test_no_request_fails_once_the_database_is_back(self):
        """Sessions that died with the old server are not handed to requests."""
        _, _, connection = self.connected([timed("one0000001", "One")])
        path = f"/api/calendar/connections/{connection}"
        with concurrent.futures.ThreadPoolExecutor(20) as callers:
            self.assertEqual({answer.status for answer in callers.map(lambda _: self.stack.app.get(path), range(200))}, {200})
        self.stop_database()
        self.assertAnswer(self.stack.app.get(path), 503, "database_error")
        self.start_database()
        self.assertEqual([self.stack.app.get(path).status for _ in range(30)], [200] * 30)
