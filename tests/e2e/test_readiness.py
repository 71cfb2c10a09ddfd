# SPDX-License-Identifier: Apache-2.0
"""/readyz names each check and tells the truth; /healthz only that the loop turns."""
import signal
import socket
import uuid

import harness
from harness import wait_until

setUpModule = harness.start_cluster


class Readiness(harness.Case):
    WITH_EMULATOR = False
    WORKERS = 0

    def checks(self, status):
        answer = self.stack.stranger.get("/readyz")
        self.assertEqual(answer.status, status, answer.text)
        body = answer.json()
        self.assertEqual("status" in body, status == 200)
        self.assertEqual(self.stack.stranger.get("/healthz").json(), {"status": "ok"})
        return {check["name"]: check["ok"] for check in body["checks"]}, body

    def test_each_check(self):
        well = {"draining": True, "database": True, "schema": True, "keys": True}
        self.assertEqual(self.checks(200)[0], well)
        owner = self.stack.new_owner()
        self.sql.execute("WITH c AS (INSERT INTO external_calendar_connections (provider_id, provider) VALUES (%s, 'google') RETURNING id)"
                         " INSERT INTO external_calendar_credentials (connection_id, kind, sealed, key_id) SELECT id, 'refresh_token', 'v1.lost.a.a', 'lost' FROM c", owner)
        checks, body = self.checks(503)
        self.assertEqual(checks, {**well, "keys": False})
        self.assertNotIn("lost", body["error"])
        self.sql.execute("DELETE FROM profiles WHERE id = %s", owner)
        version = self.sql.value("DELETE FROM calsync_schema_migrations WHERE version = (SELECT max(version) FROM calsync_schema_migrations) RETURNING version")
        self.assertEqual(self.checks(503)[0], {**well, "schema": False})
        self.sql.execute("INSERT INTO calsync_schema_migrations (version, name) VALUES (%s, 'again')", version)
        self.assertEqual(self.checks(200)[0], well)

    def test_draining(self):
        with socket.create_connection(("127.0.0.1", self.stack.api_port)) as caller:
            caller.sendall(b"GET /readyz HTTP/1.1\r\nHost: x\r\n")
            wait_until(lambda: self.stack.stranger.get("/healthz").status == 200, 5, "the head has begun")
            process, mark = self.stack.api_process, self.stack.api_process.mark()
            process.send(signal.SIGTERM)
            process.wait_message("stopping: what is in flight drains", after=mark)
            caller.sendall(b"\r\n")
            answer = b""
            while part := caller.recv(65536):
                answer += part
        self.stack.api_process = None
        self.assertEqual(process.wait(), 0)
        self.assertTrue(answer.startswith(b"HTTP/1.1 503 "), answer)
        self.assertIn(b'"name":"draining","ok":false', answer)
        self.stack.start_api()
