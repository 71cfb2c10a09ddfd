# SPDX-License-Identifier: Apache-2.0
"""The whole runbook with the privileges of people on call: each block runs, and each edit names the person who made it."""
import uuid

import grants
import harness
import runbook
from events import timed

setUpModule = harness.start_cluster


class OnCall(harness.Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        grants.apply_roles(cls.stack.database_url)
        cls.person = f"person_{uuid.uuid4().hex[:8]}"
        cls.stack.sql.execute(f"CREATE USER {cls.person} IN ROLE calsync_oncall")
        cls.url = cls.stack.database_url.replace("calsync@", cls.person + "@")

    def test_every_block_of_the_runbook(self):
        owner, _, connection = self.connected([timed("one0000001", "One")])
        email = self.sql.value("SELECT email FROM profiles WHERE id = %s", owner)
        self.sql.execute("UPDATE external_calendar_events SET sync_status = 'FAILED', last_error = 'malformed_response: x' WHERE connection_id = %s", connection)
        # What a worker does meanwhile is not what is looked at here.
        self.stack.workers[0].terminate()
        edits = 0
        for key, block in runbook.blocks().items():
            for name, value in (("<provider_id>", owner), ("<connection_id>", connection), ("<provider_email>", email)):
                block = block.replace(name, value)
            with self.subTest(key):
                before = self.lines(connection)
                status, output = harness.psql(self.url, block)
                self.assertEqual(status, 0, output)
                if "UPDATE" not in block:
                    continue
                edits += 1
                added = self.lines(connection)[len(before):]
                self.assertEqual([(one["actor"], one["actor_kind"]) for one in added], [(self.person, "sql")] * len(added))
                # Clearing a backoff that nobody has set changes nothing and leaves no line.
                self.assertEqual(len(added), 0 if key[1].startswith("Clear backoff if set") else 1, key)
        self.assertGreaterEqual(edits, 6)

    def lines(self, connection):
        return self.sql.rows("SELECT actor, actor_kind, action FROM calendar_operator_actions WHERE connection_id = %s ORDER BY id", connection)
