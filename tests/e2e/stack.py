# SPDX-License-Identifier: Apache-2.0
"""A whole calsync of its own: database, emulator, api-server and workers, with the settings of one test class."""
import base64
import json
import os
import pathlib
import secrets
import shutil
import signal
import tempfile

from actors import Actors
from daemon import Daemon, base_environment, run_to_end
from emulator import Emulator
from postgres import Session, free_port
from rows import Rows
from waiting import wait_until

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("CALSYNC_BUILD_DIR", ROOT / "build" / "ci"))
API = BUILD / "api-server" / "calsync-api"
WORKER = BUILD / "sync-worker" / "calsync-worker"
EMULATOR = BUILD / "tests" / "emulator" / "calsync-emulator"

ALL_FLAGS = ("CALENDAR_SYNC_ENABLED", "CALENDAR_OAUTH_ENABLED", "CALENDAR_JOBS_ENABLED", "CALENDAR_WEBHOOK_ENABLED")
EVERYTHING_ON = {**dict.fromkeys(ALL_FLAGS, "true"), "CALENDAR_ENV": "production", "CALENDAR_ALLOWLIST_PROVIDER_IDS": "*",
                 "CALENDAR_ALLOWLIST_CONNECTION_IDS": ""}


def merged(base, changes):
    """Nested settings with `changes` laid over them."""
    result = dict(base)
    for key, value in changes.items():
        result[key] = merged(base.get(key, {}), value) if isinstance(value, dict) else value
    return result


def quoted(value):
    """As in an EnvironmentFile= of systemd.exec(5)."""
    return '"' + "".join("\\" + char if char in '\\"`$' else char for char in value) + '"'


STACKS = []


class Stack(Actors, Rows):
    def __init__(self, cluster, database, config=None, flags=None, environment=None, with_emulator=True):
        STACKS.append(self)
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="calsync-e2e.", dir="/tmp"))
        self.cluster = cluster
        self.database = database
        self.database_url = cluster.url(database)
        self.sql = Session(self.database_url)
        self.api_port = free_port()
        self.root = f"http://127.0.0.1:{self.api_port}"
        self.app_token, self.admin_token = secrets.token_hex(24), secrets.token_hex(24)
        self.client_secret = secrets.token_hex(16)
        self.flags = {**EVERYTHING_ON, **(flags or {})}
        self.workers, self.api_process, self.emulator = [], None, None
        self.past = []
        try:
            if with_emulator:
                self.emulator = Emulator(EMULATOR, self.home, [self.redirect_uri, self.root + "/api/auth/microsoft/callback"],
                                         self.client_secret)
            self.config = merged(self._default_config(), config or {})
            self.environment = {**self._default_environment(), **(environment or {})}
            self.write_config()
            self.write_flags()
        except BaseException:
            self.close()
            raise

    @property
    def redirect_uri(self):
        return self.root + "/api/auth/google/callback"

    def _default_config(self):
        provider = self.emulator.root if self.emulator else "http://127.0.0.1:9"
        return {
            "server": {"host": "127.0.0.1", "port": self.api_port, "public_url": self.root, "drain_seconds": 5},
            "oauth": {"return_to": ["https://app.example/done"]},
            "providers": {"google": {"endpoints": {
                "authorize": provider + "/o/oauth2/v2/auth", "token": provider + "/token", "revoke": provider + "/revoke",
                "userinfo": provider + "/v1/userinfo", "api": provider + "/calendar/v3"}}},
            "worker": {"poll_milliseconds": 100, "heartbeat_milliseconds": 300, "lease_seconds": 30, "request_seconds": 10,
                       "drain_seconds": 10},
            "push": {"open_channels": False},
            "allow_insecure_endpoints": True, "allow_private_addresses": True, "log": {"level": "debug"},
        }

    def _default_environment(self):
        return {
            **base_environment(),
            "DATABASE_URL": self.database_url,
            "CALENDAR_TOKEN_KEYS": "k1:" + base64.b64encode(secrets.token_bytes(32)).decode(),
            "CALENDAR_APP_TOKENS": "host:" + self.app_token,
            "CALENDAR_ADMIN_TOKENS": "oncall:" + self.admin_token,
            "GOOGLE_CLIENT_ID": "e2e-client", "GOOGLE_CLIENT_SECRET": self.client_secret,
            "GOOGLE_REDIRECT_URI": self.redirect_uri,
            "CALENDAR_ENV_FILE": str(self.home / "flags.env"),
        }

    # -- settings

    def write_config(self):
        # JSON is YAML.
        (self.home / "calsync.yaml").write_text(json.dumps(self.config, indent=1))

    def write_flags(self):
        lines = [f"{name}={quoted(value)}" for name, value in self.flags.items() if value is not None]
        (self.home / "flags.env").write_text("\n".join(lines) + "\n", encoding="utf-8")

    def reload(self, **changes):
        """Changes flags or lists (None = not set) and has every daemon read them again. Back when all have."""
        self.flags.update(changes)
        self.write_flags()
        if self.api_process:
            self._reload_one(self.api_process, "api-server")
        for worker in self.workers:
            self._reload_one(worker, "sync-worker")

    def _reload_one(self, process, component):
        stamp = "SELECT coalesce(max(updated_at)::text, '') FROM calendar_gate_state WHERE component = %s"
        before = self.sql.value(stamp, component)
        process.send(signal.SIGHUP)
        wait_until(lambda: self.sql.value(stamp, component) != before, 10, f"{process.name} has read its settings again")

    def signal_reload(self):
        """SIGHUP to every daemon, without waiting for anything."""
        for process in (self.api_process, *self.workers):
            if process:
                process.send(signal.SIGHUP)

    def restart(self, **changes):
        """The runbook's way: changes the environment and restarts everything."""
        count = len(self.workers)
        self.flags.update(changes)
        self.write_flags()
        self.stop_daemons()
        self.start_api()
        self.start_workers(count)

    # -- processes

    def api_command(self, *arguments):
        return [API, "--config", self.home / "calsync.yaml", *arguments]

    def worker_command(self, *arguments):
        return [WORKER, "--config", self.home / "calsync.yaml", *arguments]

    def run_api(self, *arguments, environment=None):
        return run_to_end(self.api_command(*arguments), environment or self.environment)

    def run_worker(self, *arguments, environment=None):
        return run_to_end(self.worker_command(*arguments), environment or self.environment)

    def migrate(self):
        status, output, error = self.run_api("migrate")
        if status != 0:
            raise AssertionError(f"migrate ended with {status}: {output}{error}")

    def start_api(self):
        self.api_process = self._kept(Daemon("api-server", self.api_command("serve"), self.environment))
        self.api_process.wait_message("api-server is listening")
        return self.api_process

    def start_workers(self, count=1):
        started = []
        for _ in range(count):
            worker = self._kept(Daemon(f"sync-worker {len(self.workers) + 1}", self.worker_command("run"), self.environment))
            self.workers.append(worker)
            started.append(worker)
        for worker in started:
            worker.wait_message("sync-worker is running")
        return started

    def _kept(self, daemon):
        self.past.append(daemon)
        return daemon

    def stop_workers(self):
        for worker in self.workers:
            status = worker.terminate()
            if status != 0:
                raise AssertionError(f"{worker.name} ended with {status}")
        self.workers = []

    def stop_daemons(self):
        self.stop_workers()
        if self.api_process:
            status = self.api_process.terminate()
            self.api_process = None
            if status != 0:
                raise AssertionError(f"api-server ended with {status}")

    def worker_rounds(self, beats=4):
        """Until every worker has shown `beats` more signs of life: time enough to claim what it wants to claim, several times."""
        def seen():
            return {row["id"]: row["heartbeat_at"] for row in self.sql.rows("SELECT id, heartbeat_at FROM calendar_sync_workers")}
        for _ in range(beats):
            before = seen()
            wait_until(lambda: before and all(at > before.get(worker, at) for worker, at in seen().items()), 10,
                       "a sign of life of every worker")

    def output(self):
        """Every line that any daemon of this stack has written so far."""
        return "\n".join(line for daemon in self.past for line in list(daemon.raw))

    def close(self):
        STACKS.remove(self)
        self.sql.close()
        for process in (*self.workers, self.api_process, self.emulator):
            if process:
                process.end()
        shutil.rmtree(self.home)
