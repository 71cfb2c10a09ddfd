# SPDX-License-Identifier: Apache-2.0
"""A PgBouncer in front of a test's Postgres."""
import os
import pathlib
import pwd
import shutil
import socket
import subprocess
import tempfile

from postgres import free_port
from waiting import wait_until

LOCAL = """
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = trust
auth_file = {home}/users
"""


class Pooler:
    def __init__(self, settings, users):
        """`settings` as in an ini file that ends within [pgbouncer]."""
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="calsync-e2e-pooler.", dir="/tmp"))
        self.port = free_port()
        (self.home / "users").write_text("".join(f'"{user}" ""\n' for user in users))
        (self.home / "pgbouncer.ini").write_text(settings + LOCAL.format(port=self.port, home=self.home))
        command = ["/usr/sbin/pgbouncer", "-q", str(self.home / "pgbouncer.ini")]
        if os.getuid() == 0:
            # It refuses to run as root.
            os.chown(self.home, pwd.getpwnam("postgres").pw_uid, -1)
            command[1:1] = ["-u", "postgres"]
        self.log = open(self.home / "log", "w", encoding="utf-8")
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self.log, stderr=subprocess.STDOUT)
        wait_until(self._listens, 10, "the pooler listens")

    def _listens(self):
        if self.process.poll() is not None:
            raise AssertionError("the pooler has ended: " + (self.home / "log").read_text())
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def url(self, user, database):
        return f"postgresql://{user}@127.0.0.1:{self.port}/{database}"

    def close(self):
        self.process.terminate()
        self.process.wait(10)
        self.log.close()
        shutil.rmtree(self.home)
