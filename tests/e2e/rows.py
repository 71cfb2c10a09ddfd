# SPDX-License-Identifier: Apache-2.0
"""What stands in the tables of a running stack, and waiting for it to change."""
from waiting import wait_until


class Rows:
    """Part of Stack."""

    def connection(self, connection_id):
        return self.sql.row("SELECT * FROM external_calendar_connections WHERE id = %s", connection_id)

    def set(self, connection_id, assignments):
        """A plain UPDATE of the connection, as operators make it."""
        touched = self.sql.execute(f"UPDATE external_calendar_connections SET {assignments} WHERE id = %s", connection_id)
        if touched != 1:
            raise AssertionError(f"there is no connection {connection_id}")

    def events(self, connection_id, everything=False):
        """Mirrored rows by (calendar, event id); with `everything` also tombstones."""
        rows = self.sql.rows("SELECT * FROM external_calendar_events WHERE connection_id = %s", connection_id)
        return {(row["external_calendar_id"], row["external_event_id"]): row for row in rows if everything or row["deleted_at"] is None}

    def sync(self, connection_id, wait=20):
        """Asks for a sync, waits for it, and answers the connection's part of the outcome."""
        answer = self.app.post("/api/calendar/sync", {"connection_id": connection_id}, wait=wait)
        if answer.status != 200:
            raise AssertionError(f"sync answers {answer.status} {answer.text}")
        return answer.json()["connections"][0]

    def retry(self, connection_id, wait=20):
        """As sync, without waiting for a backoff to end."""
        self.set(connection_id, "backoff_until = NULL")
        return self.sync(connection_id, wait)

    def shown(self, connection_id):
        """The connection as the API shows it."""
        answer = self.app.get(f"/api/calendar/connections/{connection_id}")
        if answer.status != 200:
            raise AssertionError(f"the connection is answered with {answer.status} {answer.text}")
        return answer.json()

    def backoff_seconds(self, connection_id):
        """How long the last settlement put the connection off."""
        return self.sql.value("SELECT extract(epoch FROM backoff_until - updated_at)::float FROM external_calendar_connections"
                              " WHERE id = %s", connection_id)

    def wait_row(self, connection_id, condition, what, timeout=20):
        """Until condition(row of the connection); the row."""
        def look():
            row = self.connection(connection_id)
            return row if condition(row) else None
        return wait_until(look, timeout, lambda: f"{what}; there is {self.connection(connection_id)}")

    def wait_synced(self, connection_id, timeout=20):
        return self.wait_row(connection_id, lambda row: row["last_synced_at"] and not row["sync_needed"] and row["lease_until"] is None,
                             "the connection is in step", timeout)
