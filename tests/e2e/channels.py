# SPDX-License-Identifier: Apache-2.0
"""Connections whose push channels are kept, as rows and as the provider sees them."""
import harness
from harness import wait_until

LIVE = "SELECT * FROM calendar_push_channels WHERE connection_id = %s AND state = 'live'"


class ChannelCase(harness.Case):
    """Push messages go from the emulator straight to the api-server."""
    CONFIG = {"push": {"open_channels": True, "patience_seconds": 1}}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.stack.emulator.control("POST", "/settings", {"push_allow_http": True, "push_retry_ms": 50, "push_retries": 50})

    def provider_channels(self, email):
        """Live channels at the provider, by id."""
        return {one["id"]: one for one in self.emulator.control("GET", f"/channels?account={email}&open=true")["channels"] if not one["killed"]}

    def rows(self, connection):
        return self.sql.rows(LIVE, connection)

    def wait_channels(self, connection, email, calendars, timeout=15):
        """Until exactly these calendars have one live channel each, here and at the provider; the rows by calendar."""
        def settled():
            rows = self.rows(connection)
            others = self.sql.value("SELECT count(*) FROM calendar_push_channels WHERE connection_id = %s AND state <> 'live'", connection)
            there = self.provider_channels(email)
            if others or {row["id"] for row in rows} != set(there) or sorted(row["external_calendar_id"] for row in rows) != sorted(calendars):
                return None
            return {row["external_calendar_id"]: row for row in rows} if calendars else True
        return wait_until(settled, timeout, lambda: f"one channel for each of {calendars}; there are {self.rows(connection)} here and "
                                                    f"{self.provider_channels(email)} at the provider")

    def watched(self, events=()):
        owner, email, connection = self.connected(events)
        self.wait_channels(connection, email, [email])
        self.stack.wait_synced(connection)
        self.emulator.control("GET", "/push/idle?timeout_ms=5000")
        return owner, email, connection

    def wait_title(self, connection, title, timeout=15):
        wait_until(lambda: title in {row["title"] for row in self.stack.events(connection).values()}, timeout, f"'{title}' is mirrored")

    def poll(self, connection):
        """Makes the next poll due, as time does, and waits for it. Nobody has asked for it."""
        before = self.stack.connection(connection)["last_synced_at"]
        self.stack.set(connection, "last_synced_at = now() - interval '1 hour'")
        self.stack.wait_row(connection, lambda row: row["last_synced_at"] > before and row["lease_until"] is None, "the poll is over")
