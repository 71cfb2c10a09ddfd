# SPDX-License-Identifier: Apache-2.0
"""A whole calsync for chaos: a Postgres that keeps what it acknowledges, the emulator, proxies before both, one API server and
three workers."""
import itertools

import audit
import microsoft
from cluster import Server
from crew import Crew
from daemon import Daemon
from database import Database
from sightings import Sightings
from stack import Stack, merged
from tcp_proxy import TcpProxy
from trouble import Log

LEASE_SECONDS = 8
REQUEST_SECONDS = 3
DATABASE = "chaos"
CONFIG = {
    "worker": {"poll_milliseconds": 100, "heartbeat_milliseconds": 200, "lease_seconds": LEASE_SECONDS, "request_seconds": REQUEST_SECONDS,
               "run_seconds": 60, "drain_seconds": 4},
    "database": {"pool_size": 5},
    "push": {"open_channels": True, "patience_seconds": 5},
}
# Runs are long enough to be hit in the middle: several pages each, and a provider that takes its time.
PROVIDER = {"push_allow_http": True, "push_retry_ms": 100, "push_retries": 8, "push_timeout_ms": 2000, "latency_ms": 25,
            "short_pages": 12, "duplicate_items": True, "graph_notification_retry_ms": 100, "graph_notification_give_up_ms": 20000,
            "graph_endpoint_health": "off"}


class World(Stack):
    """`primary` is the Postgres of the moment; `sql` follows it."""

    def __init__(self, workers=3, loud=False):
        self.log, self.seen = Log(loud), Sightings()
        self.proxies, self._roles = [], itertools.count(1)
        self.crew = None
        self.primary = Server()
        self.primary.create_database(DATABASE)
        super().__init__(self.primary, DATABASE, CONFIG)
        self.sql.close()
        self.sql = Database(lambda: self.primary.url(DATABASE))
        self.emulator.control("POST", "/settings", PROVIDER)
        # The daemons' ways to the database and to the provider.
        self.database_path = self._proxy(self.primary.port, whole_messages=True)
        self.provider_path = self._proxy(self.emulator.port, seen=self.seen.look)
        self._point_at_proxies()
        self.seen.add(self.app_token, self.admin_token, self.client_secret, self.environment["CALENDAR_TOKEN_KEYS"].split(":", 1)[1])
        self.migrate()
        audit.install(self.sql)
        self.crew = Crew(self, workers)

    def _proxy(self, port, **more):
        proxy = TcpProxy(port, **more)
        self.proxies.append(proxy)
        return proxy

    def _point_at_proxies(self):
        root = f"http://127.0.0.1:{self.provider_path.port}"
        endpoints = {"authorize": self.emulator.direct + "/o/oauth2/v2/auth", "token": root + "/token", "revoke": root + "/revoke",
                     "userinfo": root + "/v1/userinfo", "api": root + "/calendar/v3"}
        self.config = merged(self.config, {"providers": {"google": {"endpoints": endpoints}}})
        self.feed_root = root + "/feeds/"
        microsoft.offer(self, root)
        self.config["providers"]["microsoft"]["endpoints"]["authorize"] = microsoft.endpoints(self.emulator.direct)["authorize"]
        self.write_config()

    # -- processes, each with a role of its own in the database

    def new_role(self, kind):
        name = f"{kind}{next(self._roles)}"
        audit.new_role(self.sql, name)
        return name

    def launch(self, name, command, role):
        url = f"postgresql://{role}@127.0.0.1:{self.database_path.port}/{DATABASE}"
        return self._kept(Daemon(f"{name} ({role})", command, {**self.environment, "DATABASE_URL": url}))

    def begin(self):
        self.crew.start_all()

    def become_primary(self, server):
        """The daemons' next connections, and ours, go to this server."""
        self.primary = self.cluster = server
        self.database_path.target_port = server.port

    def close(self):
        if self.crew:
            self.crew.end_all()
        for proxy in self.proxies:
            proxy.close()
        super().close()
        self.primary.close()
