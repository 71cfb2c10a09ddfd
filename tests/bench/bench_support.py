# SPDX-License-Identifier: Apache-2.0
"""What the benchmarks share: a Postgres that keeps what it promised (fsync on), daemons with their settings, the CPU time of
processes, tables."""
import argparse
import atexit
import base64
import contextlib
import io
import json
import os
import pathlib
import random
import secrets
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

import psycopg2

ROOT = pathlib.Path(__file__).resolve().parents[2]
HERE = ROOT / "tests/bench"
BUILD = pathlib.Path(os.environ.get("CALSYNC_BUILD_DIR", ROOT / "build/release"))
API, WORKER = BUILD / "api-server/calsync-api", BUILD / "sync-worker/calsync-worker"
EMULATOR = BUILD / "tests/emulator/calsync-emulator"
BENCH_HTTP, BENCH_STORE = BUILD / "tests/bench/bench_http", BUILD / "tests/bench/bench_store"
PG_BIN = pathlib.Path(os.environ.get("PG_BIN", "/usr/lib/postgresql/15/bin"))
# Durable, with checkpoints far apart: one within a round would be measured, not the program.
SETTINGS = {"shared_buffers": "512MB", "max_wal_size": "8GB", "checkpoint_timeout": "30min", "wal_compression": "lz4",
            "max_connections": "150", "track_commit_timestamp": "on", "shared_preload_libraries": "pg_stat_statements"}
EVERYTHING_ON = {**dict.fromkeys(("CALENDAR_SYNC_ENABLED", "CALENDAR_OAUTH_ENABLED", "CALENDAR_JOBS_ENABLED",
                                  "CALENDAR_WEBHOOK_ENABLED"), "true"), "CALENDAR_ALLOWLIST_PROVIDER_IDS": "*"}
TICK = os.sysconf("SC_CLK_TCK")


def stop_at_the_end(process):
    def stop():
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
    atexit.register(stop)
    return stop


def free_port():
    """Below the range of outgoing connections, of which a load makes many."""
    while True:
        port = random.randrange(10000, 32000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def wait_for(condition, seconds, what):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            found = condition()
            if found:
                return found
        time.sleep(0.02)
    raise SystemExit(f"not within {seconds} s: {what}")


class Postgres:
    def __init__(self, **settings):
        self.home, self.port = pathlib.Path(tempfile.mkdtemp(prefix="calsync-bench.")), free_port()
        self.as_user = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
        if self.as_user:
            shutil.chown(self.home, "postgres")
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
        self._run("initdb", "-D", f"{self.home}/data", "-U", "calsync", "-A", "trust", "--locale=C", "--encoding=UTF8")
        options = " ".join(f"-c {name}={value}" for name, value in {**SETTINGS, **settings}.items())
        atexit.register(self._stop)
        self._run("pg_ctl", "-D", f"{self.home}/data", "-l", f"{self.home}/log", "-w", "-o",
                  f"-p {self.port} -k {self.home} -c listen_addresses=127.0.0.1 {options}", "start")
        self.pid = int((self.home / "data/postmaster.pid").read_text().split()[0])

    def _run(self, program, *arguments):
        quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        subprocess.run([*self.as_user, str(PG_BIN / program), *arguments], cwd="/", check=True, timeout=120, **quiet)

    def _stop(self):
        with contextlib.suppress(subprocess.SubprocessError):
            self._run("pg_ctl", "-D", f"{self.home}/data", "-m", "immediate", "-w", "stop")
        shutil.rmtree(self.home, ignore_errors=True)

    def url(self, database):
        return f"postgresql://calsync@127.0.0.1:{self.port}/{database}"

    def create(self, database):
        Session(self.url("postgres")).run(f"CREATE DATABASE {database}")
        return Session(self.url(database))


class Session:
    def __init__(self, url):
        self.url = url
        self.connection = psycopg2.connect(url)
        self.connection.autocommit = True
        self.cursor = self.connection.cursor()

    def run(self, text, *values):
        self.cursor.execute(text, values or None)
        return self.cursor.fetchall() if self.cursor.description else []

    def value(self, text, *values):
        return self.run(text, *values)[0][0]

    def load(self, table, columns, rows):
        """COPY of texts without tabs and backslashes."""
        text = "".join("\t".join(row) + "\n" for row in rows)
        self.cursor.copy_expert(f"COPY {table} ({columns}) FROM STDIN", io.StringIO(text))


class System:
    """A database with calsync's schema, and the settings of the daemons over it."""

    def __init__(self, postgres, name, provider="http://127.0.0.1:9", config=None):
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="calsync-bench."))
        atexit.register(shutil.rmtree, self.home, True)
        self.sql = postgres.create(name)
        self.port = free_port()
        self.keys = "k1:" + base64.b64encode(secrets.token_bytes(32)).decode()
        endpoints = {"authorize": "/o/oauth2/v2/auth", "token": "/token", "revoke": "/revoke", "userinfo": "/v1/userinfo",
                     "api": "/calendar/v3"}
        settings = {"server": {"host": "127.0.0.1", "port": self.port}, "allow_insecure_endpoints": True,
                    "providers": {"google": {"endpoints": {key: provider + path for key, path in endpoints.items()},
                                             # Kept, and never reached.
                                             "quotas": {"project_per_minute": 100_000_000}}}}
        # JSON is YAML.
        (self.home / "calsync.yaml").write_text(json.dumps({**settings, **(config or {})}))
        self.environment = {"PATH": os.environ["PATH"], "DATABASE_URL": self.sql.url, "CALENDAR_TOKEN_KEYS": self.keys,
                            "GOOGLE_CLIENT_ID": "bench-client", "GOOGLE_CLIENT_SECRET": "bench-secret",
                            "GOOGLE_REDIRECT_URI": f"http://127.0.0.1:{self.port}/api/auth/google/callback", **EVERYTHING_ON}
        subprocess.run(self._command(API, "migrate"), env=self.environment, check=True, stdout=subprocess.DEVNULL)

    def _command(self, program, *arguments):
        return [str(program), "--config", str(self.home / "calsync.yaml"), *arguments]

    def start(self, program, verb):
        log = open(self.home / f"{program.name}.log", "wb")
        process = subprocess.Popen(self._command(program, verb), env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        process.stop = stop_at_the_end(process)
        said = b"is listening" if program == API else b"is running"
        wait_for(lambda: said in (self.home / f"{program.name}.log").read_bytes(), 20, f"{program.name} starts; see {log.name}")
        return process

    def seal(self, rows):
        """Sealed texts of (connection, owner, provider, kind, text) rows."""
        lines = "".join(" ".join(row) + "\n" for row in rows)
        done = subprocess.run([str(BENCH_STORE), "seal", "--keys", self.keys], input=lines, capture_output=True, text=True, check=True)
        return done.stdout.split()


def start_with_port_file(command, home, environment=None):
    """(process, port) of a program that writes the port where it listens into a file."""
    file = home / f"{pathlib.Path(command[0]).name}-{secrets.token_hex(4)}.port"
    process = subprocess.Popen([*map(str, command), "--port-file", str(file)], env=environment, stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL)
    process.stop = stop_at_the_end(process)
    return process, int(wait_for(lambda: file.exists() and file.read_text(), 30, f"{command[0]} listens"))


def install_peers():
    """The peers' packages, once for each lock file."""
    folder = HERE / "peers"
    stamp, wanted = folder / "node_modules/.installed", (folder / "package-lock.json").read_text()
    if not stamp.exists() or stamp.read_text() != wanted:
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"], cwd=folder, check=True, stdout=sys.stderr)
        stamp.write_text(wanted)
    return folder


def post(url, body, timeout=120):
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=timeout) as answer:
        return json.load(answer)


def load(port, request, home, **options):
    """One run of the load generator; its figures."""
    template = home / "request.txt"
    template.write_text(request)
    arguments = [str(part) for name, value in options.items() for part in (f"--{name}", value)]
    done = subprocess.run([str(BENCH_HTTP), "load", "--port", str(port), "--request", str(template), *arguments], capture_output=True,
                          text=True, check=True)
    return json.loads(done.stdout)


def _stat(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[1]), [int(one) for one in fields[11:15]]


def cpu_of(pid):
    """CPU seconds of a process so far."""
    return sum(_stat(pid)[1][:2]) / TICK


def cpu_of_postgres(postmaster):
    """CPU seconds of the server with all its sessions so far, also of those that have ended."""
    total = sum(_stat(postmaster)[1])
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            with contextlib.suppress(OSError):
                parent, times = _stat(entry)
                if parent == postmaster:
                    total += sum(times[:2])
    return total / TICK


class Cpu:
    """CPU seconds that named processes used between two moments."""

    def __init__(self, postgres, **processes):
        self.postgres, self.processes = postgres, processes
        self.before = self._now()

    def _now(self):
        return {**{name: cpu_of(process.pid) for name, process in self.processes.items()}, "postgres": cpu_of_postgres(self.postgres.pid)}

    def used(self):
        return {name: value - self.before[name] for name, value in self._now().items()}


median = statistics.median


def table(title, columns, rows):
    texts = [[str(cell) for cell in row] for row in (columns, *rows)]
    widths = [max(len(row[i]) for row in texts) for i in range(len(columns))]
    print(f"\n{title}")
    for number, row in enumerate(texts):
        print("  " + "  ".join(cell.ljust(width) if i == 0 else cell.rjust(width) for i, (cell, width) in enumerate(zip(row, widths))).rstrip())
        if number == 0:
            print("  " + "  ".join("-" * width for width in widths))


def verdict(value, goal, at_most=False):
    return "met" if (value <= goal if at_most else value >= goal) else "MISSED"


def begin(description):
    options = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rounds", default=3, type=int, help="alternating rounds; figures are medians")
    return options


def announce(name):
    """Says under which conditions the figures below came about; once more at the end."""
    def say(when):
        one, five, _ = os.getloadavg()
        print(f"{name} {when}: {time.strftime('%Y-%m-%d %H:%M')}, {os.cpu_count()} cores, load average {one:.2f} (1 min) {five:.2f} (5 min), "
              f"build {BUILD.relative_to(ROOT) if BUILD.is_relative_to(ROOT) else BUILD}, Postgres fsync on", flush=True)
    print(f"command: ./dev bench {name} {' '.join(sys.argv[1:])}".rstrip())
    say("begins")
    return lambda: say("ends")
