# SPDX-License-Identifier: Apache-2.0
"""What all accounts and feeds have in common: a connection that mirrors them."""
import threading


class Mirrored:
    """Something at the provider and its connection. Whoever holds `lock` is the only one to change either."""

    def __init__(self, world):
        self.world = world
        self.lock = threading.RLock()
        self.owner = world.new_owner()
        self.connection = None

    def row(self):
        rows = self.world.sql.rows("SELECT * FROM external_calendar_connections WHERE id = %s", self.connection)
        return rows[0] if rows else None

    def rows(self):
        return self.world.events(self.connection)

    def clear_backoff(self):
        """The runbook's statement; whether there was one to clear."""
        return self.world.sql.execute("UPDATE external_calendar_connections SET backoff_until = NULL"
                                      " WHERE id = %s AND backoff_until > now()", self.connection) > 0

    def faults_of_row(self):
        """What keeps the row from being that of a healthy connection in step."""
        row = self.row()
        if row is None:
            return ["there is no connection"]
        wanted = {"last_error": None, "sync_needed": False, "error_count": 0, "lease_until": None, "backoff_until": None, "grant_refusals": 0,
                  "sync_enabled": True, "unsettled_claims": 0, "sync_state": "active"}
        return [f"{name} is {row[name]!r} instead of {value!r}" for name, value in wanted.items() if row[name] != value]
