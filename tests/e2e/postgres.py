# SPDX-License-Identifier: Apache-2.0
"""A private Postgres cluster per test module, and databases in it."""
import contextlib
import os
import pathlib
import pwd
import random
import shutil
import signal
import socket
import subprocess
import tempfile

import psycopg2
import psycopg2.extras

BIN = pathlib.Path("/usr/lib/postgresql/15/bin")
SETTINGS = {
    # Tests do not survive a power cut. Commits are kept, though: `stop` may be a crash of the server.
    "fsync": "off", "full_page_writes": "off",
    "listen_addresses": "127.0.0.1", "max_connections": "150", "shared_buffers": "32MB", "autovacuum_naptime": "5s",
}


def free_port():
    """Below the range that outgoing connections take theirs from (32768 and up): there a port that is free now need not be when a
    daemon binds it, with thousands of connections about."""
    while True:
        port = random.randrange(10000, 32000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


CLUSTERS = []


class Cluster:
    def __init__(self):
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="calsync-e2e-pg.", dir="/tmp"))
        self.port = free_port()
        if os.getuid() == 0:
            # Postgres refuses to run as root.
            user = pwd.getpwnam("postgres")
            os.chown(self.home, user.pw_uid, user.pw_gid)
        CLUSTERS.append(self)
        self._run("initdb", "-D", self.home / "data", "-U", "calsync", "-A", "trust", "--locale=C", "--encoding=UTF8", "--no-sync")
        self.start()

    def _run(self, program, *arguments):
        command = [str(BIN / program), *map(str, arguments)]
        if os.getuid() == 0:
            command = ["runuser", "-u", "postgres", "--", *command]
        done = subprocess.run(command, cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"{program} failed: {done.stdout}")

    def start(self):
        options = " ".join(f"-c {name}={value}" for name, value in SETTINGS.items())
        # pg_ctl's own output goes to a file: the server inherits it, and a pipe would never end.
        self._run_detached("start", "-o", f"-p {self.port} -k {self.home} {options}")

    def stop(self, mode="immediate"):
        self._run_detached("stop", "-m", mode)

    def _run_detached(self, action, *arguments):
        log = self.home / "server.log"
        self._run("pg_ctl", "-D", self.home / "data", "-l", log, "-s", "-w", "-t", "60", *arguments, action)

    def freeze(self, number=signal.SIGSTOP):
        """Stops every process of the server where it stands: connections stay open, and nothing answers any more."""
        postmaster = int((self.home / "data" / "postmaster.pid").read_text().split()[0])
        # The one that would start others first.
        os.kill(postmaster, number)
        for child in (pathlib.Path("/proc") / str(postmaster) / "task" / str(postmaster) / "children").read_text().split():
            # A session may end meanwhile.
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(child), number)

    def thaw(self):
        self.freeze(signal.SIGCONT)

    def url(self, database):
        return f"postgresql://calsync@127.0.0.1:{self.port}/{database}"

    def create_database(self, name, template="template0"):
        with self.open("postgres") as session:
            session.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return self.url(name)

    def drop_database(self, name):
        with self.open("postgres") as session:
            session.execute(f'DROP DATABASE "{name}" WITH (FORCE)')

    def open(self, database):
        return Session(self.url(database))

    def close(self):
        CLUSTERS.remove(self)
        if (self.home / "data" / "postmaster.pid").exists():
            self.stop()
        shutil.rmtree(self.home)


class Session:
    """One autocommitting connection. `rows` answers dictionaries, `value` the first column of the only row."""

    def __init__(self, url):
        self.url = url
        self._connection = None

    def _cursor(self):
        if self._connection is None or self._connection.closed:
            self._connection = psycopg2.connect(self.url)
            self._connection.autocommit = True
        return self._connection.cursor(cursor_factory=psycopg2.extras.RealDictCursor)

    def execute(self, statement, *values):
        """The number of rows touched."""
        with self._cursor() as cursor:
            cursor.execute(statement, values or None)
            return cursor.rowcount

    def rows(self, statement, *values):
        with self._cursor() as cursor:
            cursor.execute(statement, values or None)
            return [dict(row) for row in cursor.fetchall()]

    def row(self, statement, *values):
        found = self.rows(statement, *values)
        if len(found) != 1:
            raise AssertionError(f"{len(found)} rows instead of one: {statement}")
        return found[0]

    def value(self, statement, *values):
        return next(iter(self.row(statement, *values).values()))

    def column(self, statement, *values):
        return [next(iter(row.values())) for row in self.rows(statement, *values)]

    def close(self):
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def psql(url, statements):
    """Runs SQL as a person on call does; (exit status, output, with rows as CSV). psql's own commands such as \\d work too."""
    done = subprocess.run([str(BIN / "psql"), "-X", "--csv", "-v", "ON_ERROR_STOP=1", "-P", "pager=off", "-f", "-", url],
                          input=statements, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", timeout=60)
    return done.returncode, done.stdout
