# SPDX-License-Identifier: Apache-2.0
"""Real Postgres servers that keep what they acknowledged: a primary, and standbys that can take its place."""
import os
import pathlib
import pwd
import shutil
import tempfile

import postgres
from waiting import wait_until

SETTINGS = {"fsync": "on", "full_page_writes": "on", "listen_addresses": "127.0.0.1", "max_connections": "150", "shared_buffers": "32MB",
            "wal_level": "replica", "max_wal_senders": "6", "wal_keep_size": "256MB", "hot_standby": "on"}


class Server(postgres.Cluster):
    """A primary; with `source`, a standby of that server which every commit waits for."""

    def __init__(self, source=None):
        if source is None:
            super().__init__()
        else:
            self._follow(source)

    def _follow(self, source):
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="calsync-chaos-pg.", dir="/tmp"))
        self.port = postgres.free_port()
        if os.getuid() == 0:
            user = pwd.getpwnam("postgres")
            os.chown(self.home, user.pw_uid, user.pw_gid)
        postgres.CLUSTERS.append(self)
        self._run("pg_basebackup", "-D", self.home / "data", "-d", source.url("postgres"), "-c", "fast",
                  "-X", "stream", "-R", "--no-sync")
        self.start()

    def start(self):
        options = " ".join(f"-c {name}={value}" for name, value in SETTINGS.items())
        self._run_detached("start", "-o", f"-p {self.port} -k {self.home} {options}")

    def new_standby(self):
        """A standby in step: from now on nothing is acknowledged that it does not have."""
        standby = Server(source=self)
        try:
            self._set("SET synchronous_standby_names = '*'")
            with self.open("postgres") as session:
                wait_until(lambda: session.column("SELECT 1 FROM pg_stat_replication WHERE sync_state = 'sync' AND state = 'streaming'"),
                           30, "the standby is in step")
        except BaseException:
            # Commits would wait for it for ever.
            self._set("RESET synchronous_standby_names")
            standby.close()
            raise
        return standby

    def _set(self, change):
        with self.open("postgres") as session:
            session.execute("ALTER SYSTEM " + change)
            session.execute("SELECT pg_reload_conf()")

    def destroy(self):
        """Dies at once and can never come back."""
        self.stop("immediate")
        shutil.rmtree(self.home / "data")

    def promote(self):
        self._run_detached("promote")
