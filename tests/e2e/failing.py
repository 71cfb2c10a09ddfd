# SPDX-License-Identifier: Apache-2.0
"""What every failed run leaves behind, and what its recovery clears: row, history, log line, metrics and mirror."""
from compare import differences
from counting import Counting
from events import timed
from pushes import PushCase, genuine, request

LONG = 300 * 86400  # seconds; a backoff beyond this waits for a person


class FailureCase(Counting, PushCase):
    """Of Google's accounts; failing_microsoft.py has Microsoft's."""
    CONFIG = {}
    PROVIDER, API_PATH, TAKEN = "google", "/calendar/v3", 200

    def setUp(self):
        super().setUp()
        self.marks = {}  # connection -> where the log stood before its last failure
        self.addCleanup(self.assertCounted)

    def assertMirrors(self, owner, email_address, connection):
        same = {"provider": "google", "provider_id": owner, "connection_id": connection}
        self.assertEqual(differences(self.stack.events(connection), self.emulator.truth(email_address), same), [])

    def connect(self, owner, email_address):
        return self.stack.connect_google(owner, email_address)

    def message(self, channel, number=7):
        """The bytes of a push message of this channel."""
        return request(genuine(channel, number))

    def changed(self):
        """A synced connection with a change waiting at the provider: (owner, address, id)."""
        owner, address, connection = self.connected([timed("one0000001", "One")])
        self.emulator.put_event(address, address, timed("two0000001", "Two"))
        return owner, address, connection

    def asked(self, address=None, path=None):
        """How often the provider was called, for one account or for all."""
        return len(self.emulator.calls(account=address, path=path))

    def event_reads(self, address):
        """How often the account's events were listed."""
        return len([call for call in self.emulator.calls(account=address) if call["method"] == "GET" and call["path"].endswith("/events")])

    def history(self, connection):
        return self.sql.rows("SELECT * FROM calendar_sync_runs WHERE connection_id = %s ORDER BY finished_at", connection)

    def log_of(self, connection, what, predicate, after=0):
        """The first line of any worker about this connection for which predicate holds."""
        return self.stack.workers[0].wait_log(lambda line: line.get("connection_id") == connection and predicate(line), what, after=after)

    def assertFailed(self, code, connection, count=1, low=1, high=400 * 86400, verdict="retry", after=0):
        """The row, the last line of the history and the worker's log line of a run that failed with this code and is tried again
        within [low, high] seconds; the row."""
        row = self.stack.connection(connection)
        self.assertTrue((row["last_error"] or "").startswith(code + ": "), row["last_error"])
        self.assertEqual((row["error_count"], row["sync_needed"], row["lease_until"]), (count, True, None))
        backoff = self.stack.backoff_seconds(connection)
        self.assertTrue(low <= backoff <= high, f"{backoff} s is not within {low} and {high}")
        run = self.history(connection)[-1]
        self.assertEqual((run["outcome"], run["error"]), (verdict, row["last_error"]))
        line = self.log_of(connection, f"the run {run['sync_id']}", lambda line: line.get("sync_id") == str(run["sync_id"])
                           and "error_code" in line, after)
        message = {"retry": "calendar sync failed", "suspend": "calendar sync needs a person"}[verdict]
        self.assertEqual((line["level"], line["category"], line["message"], line["error_code"], line["provider"], line["provider_id"]),
                         ("error", "calendar_sync", message, code, row["provider"], str(row["provider_id"])))
        self.assertEqual(line["metadata"]["error"], row["last_error"])
        # What the provider's answer was is in the history and in the log, or in neither.
        said = {name: str(run[name]) for name in ("provider_status", "provider_request_id") if run[name] is not None}
        self.assertEqual({name: value for name, value in line["metadata"].items() if name.startswith("provider_")}, said)
        self.assertAlmostEqual(float(line["metadata"]["next_attempt_in_seconds"]), backoff, delta=1)
        self.assertGreaterEqual(line["duration_ms"], 0)
        return row

    def fails(self, code, connection, count=1, **bounds):
        """One run that fails with this code; the row afterwards. The mirror is untouched."""
        before, cursor = self.stack.events(connection, everything=True), self.stack.connection(connection)
        self.marks[connection] = self.stack.workers[0].mark()
        outcome = self.stack.retry(connection)
        row = self.assertFailed(code, connection, count, after=self.marks[connection], **bounds)
        self.assertEqual(outcome["error"], row["last_error"])
        self.assertEqual((self.stack.events(connection, everything=True), row["sync_cursor"], row["last_synced_at"]),
                         (before, cursor["sync_cursor"], cursor["last_synced_at"]))
        return row

    def assertHealed(self, owner, email_address, connection, message="calendar sync recovered"):
        """Nothing of the failure is left, and the log says that it is over."""
        row = self.stack.wait_synced(connection)
        self.assertEqual((row["error_count"], row["last_error"], row["backoff_until"], row["sync_needed"], row["grant_refusals"]),
                         (0, None, None, False, 0))
        self.assertEqual(self.stack.shown(connection)["state"], "active")
        line = self.log_of(connection, "the recovery", lambda line: line["message"] == message, self.marks[connection])
        self.assertEqual((line["level"], line["category"], "error_code" in line), ("info", "calendar_sync", False))
        run = self.sql.row("SELECT * FROM calendar_sync_runs WHERE sync_id = %s", line["sync_id"])
        self.assertEqual((run["outcome"], run["error"], str(run["connection_id"])), ("complete", None, connection))
        self.assertMirrors(owner, email_address, connection)

    def recovers(self, owner, email_address, connection):
        self.assertIsNone(self.stack.retry(connection)["error"])
        self.assertHealed(owner, email_address, connection)
