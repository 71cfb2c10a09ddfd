# SPDX-License-Identifier: Apache-2.0
"""The life of the package, in order: each test goes on from where the one before has left the machine."""
import os
import pathlib
import re
import signal
import socket
import subprocess
import time
import unittest

import postgres
from client import send
from metrics import Metrics
from postgres import free_port, psql
from unit_file import UnitFile
from waiting import wait_until

PLACE = None
UNITS = ("calsync-api.service", "calsync-worker.service", "calsync-worker@.service", "calsync-job.service", "calsync-job.timer", "calsync.target")
SECRETS = {"api-database-url", "worker-database-url", "token-keys", "app-tokens", "admin-tokens", "google-client-secret",
           "microsoft-client-secret", "job-authorization"}


class Place:
    """A machine to install on."""

    def __init__(self, package, root, layer):
        self.package, self.root, self.layer = package, root, layer
        (root / "tmp").mkdir(exist_ok=True)
        (root / "tmp" / package.name).write_bytes(package.read_bytes())

    def run(self, *command, user=None, environment=None, check=True):
        # As the service manager does: no capability, no other group.
        start = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", "--bounding-set=-all", "--no-new-privs"] if user else []
        clean = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive", "LANG": "C.UTF-8", **(environment or {})}
        done = subprocess.run(["chroot", self.root, *start, *command], env=clean, capture_output=True, text=True, stdin=subprocess.DEVNULL)
        if check and done.returncode != 0:
            raise AssertionError(f"{command} ended with {done.returncode}: {done.stdout}{done.stderr}")
        return done

    def path(self, absolute):
        return self.root / absolute.lstrip("/")

    def unit(self, name):
        return UnitFile(self.path(f"/lib/systemd/system/{name}").read_text())

    def stat(self, *paths):
        return self.run("stat", "-c", "%n %U:%G %a", *paths).stdout.splitlines()

    def dpkg(self, *arguments):
        return self.run("dpkg", *arguments)


class Life(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.cluster = postgres.Cluster()
        cls.addClassCleanup(cls.cluster.close)
        cls.cluster.create_database("packaged")
        cls.url = cls.cluster.url("packaged")
        cls.port = free_port()

    def test_01_it_installs_and_makes_its_user(self):
        PLACE.dpkg("-i", f"/tmp/{PLACE.package.name}")
        user = PLACE.run("getent", "passwd", "calsync").stdout.strip().split(":")
        self.assertEqual((user[5], user[6]), ("/nonexistent", "/usr/sbin/nologin"))
        self.assertEqual(PLACE.run("dpkg-query", "-W", "-f=${Status}", "calsync").stdout, "install ok installed")

    def test_02_owners_and_modes(self):
        self.assertEqual(PLACE.stat("/etc/calsync/calsync.env", "/etc/calsync/calsync.yaml", "/etc/calsync/secrets", "/usr/bin/calsync-api"),
                         ["/etc/calsync/calsync.env root:calsync 640", "/etc/calsync/calsync.yaml root:calsync 640",
                          "/etc/calsync/secrets root:root 700", "/usr/bin/calsync-api root:root 755"])
        self.assertEqual(set(os.listdir(PLACE.path("/etc/calsync/secrets"))), SECRETS)
        for line in PLACE.stat(*(f"/etc/calsync/secrets/{name}" for name in SECRETS)):
            self.assertTrue(line.endswith(" root:root 600"), line)
        odd = PLACE.run("sh", "-c", "dpkg -L calsync | while read f; do [ -d \"$f\" ] || stat -c '%U %a %n' \"$f\"; done").stdout
        self.assertEqual([line for line in odd.splitlines() if not re.match(r"root (644|755) |root 640 /etc/calsync/calsync\.(env|yaml)$", line)], [])

    def test_03_everything_is_there(self):
        files = set(PLACE.run("dpkg", "-L", "calsync").stdout.split())
        wanted = {"/usr/bin/calsync-api", "/usr/bin/calsync-worker", "/usr/share/calsync/sql/roles.sql", "/usr/share/calsync/prometheus/alerts.yml",
                  "/usr/share/calsync/grafana/calsync.json", "/usr/share/doc/calsync/runbook.md", "/usr/share/doc/calsync/configuration.md",
                  "/usr/share/doc/calsync/copyright", "/usr/share/doc/calsync/changelog.gz", "/usr/share/calsync/examples/calsync.env.example",
                  "/lib/systemd/system/calsync-.service.d/sandbox.conf"} | {f"/lib/systemd/system/{unit}" for unit in UNITS}
        self.assertEqual(wanted - files, set())
        self.assertEqual([one for one in files if one.startswith(str(pathlib.Path.home())) or "/tmp" in one], [])
        self.assertEqual(PLACE.run("dpkg-query", "-W", "-f=${Conffiles}", "calsync").stdout.split()[0::2],
                         ["/etc/calsync/calsync.env", "/etc/calsync/calsync.yaml"])

    def test_04_dependencies_are_those_of_the_binaries(self):
        depends = PLACE.run("dpkg-query", "-W", "-f=${Depends}", "calsync").stdout
        for library in ("libc6", "libpq5", "libssl3", "libyaml-cpp0.7", "libsystemd0", "adduser"):
            self.assertIn(library, depends)
        self.assertNotIn("-dev", depends)
        sections = PLACE.run("readelf", "-S", "/usr/bin/calsync-worker").stdout
        self.assertIn(".dynsym", sections)
        self.assertNotIn(".symtab", sections)

    def test_05_the_units_are_valid(self):
        done = PLACE.run("systemd-analyze", "verify", "--man=no", *(f"/lib/systemd/system/{unit}" for unit in UNITS if "@" not in unit),
                         "calsync-worker@1.service", check=False)
        self.assertEqual([line for line in (done.stdout + done.stderr).splitlines() if "calsync" in line], [])
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_06_what_the_units_name_exists(self):
        for name in UNITS[:4]:
            unit = PLACE.unit(name)
            for path in (unit.command[0], *unit.credentials.values(), *re.findall(r"/etc/calsync/[a-z.]+", " ".join(unit.command))):
                with self.subTest(unit=name, path=path):
                    self.assertTrue(PLACE.path(path).exists())
            self.assertTrue(set(path.rsplit("/", 1)[1] for path in unit.credentials.values()) <= SECRETS)
            for line in unit.all("Documentation"):
                for url in line.split():
                    with self.subTest(unit=name, url=url):
                        self.assertTrue(PLACE.path(url.removeprefix("file://")).exists())

    def test_07_the_version(self):
        version = PLACE.run("dpkg-query", "-W", "-f=${Version}", "calsync").stdout
        for binary in ("calsync-api", "calsync-worker"):
            self.assertEqual(PLACE.run(binary, "--version").stdout, f"{binary} {version}\n")

    def configure(self):
        key = "k1:" + PLACE.run("sh", "-c", "head -c 32 /dev/urandom | base64").stdout
        for name, text in (("api-database-url", self.url), ("worker-database-url", self.url), ("token-keys", key)):
            PLACE.path(f"/etc/calsync/secrets/{name}").write_text(text)
        env = PLACE.path("/etc/calsync/calsync.env")
        env.write_text(env.read_text() + f"CALSYNC_SERVER_PORT={self.port}\n")

    def start(self, unit, instance=""):
        """(environment, command) as the service manager makes them; credentials are the user's own copies."""
        place = PLACE.path("/run/credentials")
        place.mkdir(exist_ok=True)
        for name, source in PLACE.unit(unit).credentials.items():
            (place / name).write_bytes(PLACE.path(source).read_bytes())
        PLACE.run("chown", "-R", "calsync", "/run/credentials")
        PLACE.run("chmod", "-R", "u=rX,go=", "/run/credentials")
        return PLACE.unit(unit).environment("/run/credentials", instance), PLACE.unit(unit).command

    def test_08_it_says_what_is_missing(self):
        environment, command = self.start("calsync-api.service")
        done = PLACE.run(*command[:-1], "check-config", user="calsync", environment=environment, check=False)
        self.assertEqual(done.returncode, 2)
        self.assertIn("DATABASE_URL", done.stderr)

    def test_09_configured_it_is_content(self):
        self.configure()
        for unit in ("calsync-api.service", "calsync-worker.service"):
            environment, command = self.start(unit)
            done = PLACE.run(*command[:-1], "check-config", user="calsync", environment=environment)
            self.assertIn("'k1' seals", done.stdout)

    def test_10_it_migrates_when_told_to(self):
        self.assertIn("0 rows", psql(self.url, "\\pset footer on\n\\pset format aligned\nSELECT 1 FROM pg_tables WHERE schemaname = 'public'")[1])
        environment, command = self.start("calsync-api.service")
        PLACE.run(*command[:-1], "migrate", user="calsync", environment=environment)
        self.assertEqual(self.tables(), "t")

    def tables(self):
        return psql(self.url, "\\pset tuples_only\nSELECT to_regclass('external_calendar_connections') IS NOT NULL")[1].split()[-1]

    def test_11_the_daemons_run_as_their_units_start_them(self):
        subprocess.run(["mount", "-t", "proc", "-o", "subset=pid,hidepid=invisible", "proc", PLACE.path("/proc")], check=True)
        self.addCleanup(subprocess.run, ["umount", PLACE.path("/proc")], check=True)
        for unit, ready in (("calsync-api.service", self.port), ("calsync-worker.service", 9720)):
            with self.subTest(unit=unit), Started(self, unit) as daemon:
                self.assertEqual(send("GET", f"http://127.0.0.1:{ready}/healthz").status, 200)
                figures = Metrics.read_port(ready)
                # Of the machine they see nothing (ProcSubset=pid), of themselves everything.
                self.assertTrue(0 <= time.time() - figures.value("process_start_time_seconds") < 60)
                self.assertGreater(figures.value("process_open_fds"), 3)
                self.assertGreater(figures.value("process_resident_memory_bytes"), 1e6)
                env = PLACE.path("/etc/calsync/calsync.env")
                kept = env.read_text()
                env.write_text(kept.replace("CALENDAR_SYNC_ENABLED=false", "CALENDAR_SYNC_ENABLED=true"))
                daemon.process.send_signal(signal.SIGHUP)
                daemon.wait("a setting changed")
                # A line that is taken out takes its flag with it.
                env.write_text(kept.replace("CALENDAR_SYNC_ENABLED=false\n", ""))
                daemon.process.send_signal(signal.SIGHUP)
                daemon.wait('"name":"CALENDAR_SYNC_ENABLED","before":"true"')
                env.write_text(kept)

    def test_12_an_edited_file_survives_a_reinstallation(self):
        env = PLACE.path("/etc/calsync/calsync.env")
        keys = PLACE.path("/etc/calsync/secrets/token-keys").read_text()
        env.write_text(env.read_text() + "# ours\n")
        PLACE.dpkg("-i", f"/tmp/{PLACE.package.name}")
        self.assertTrue(env.read_text().endswith("# ours\n"))
        self.assertEqual(PLACE.path("/etc/calsync/secrets/token-keys").read_text(), keys)

    def test_13_removed_it_keeps_its_settings(self):
        PLACE.dpkg("-r", "calsync")
        self.assertFalse(PLACE.path("/usr/bin/calsync-api").exists())
        self.assertFalse(PLACE.path("/lib/systemd/system/calsync-api.service").exists())
        self.assertTrue(PLACE.path("/etc/calsync/secrets/token-keys").exists())
        self.assertIn("# ours", PLACE.path("/etc/calsync/calsync.env").read_text())

    def test_14_purged_it_leaves_nothing_but_the_database(self):
        PLACE.dpkg("-P", "calsync")
        left = [str(path.relative_to(PLACE.layer)) for path in PLACE.layer.rglob("*calsync*") if not path.is_char_device()]
        self.assertEqual([path for path in left if not path.startswith(("tmp/", "run/"))], [])
        self.assertNotEqual(PLACE.run("getent", "passwd", "calsync", check=False).returncode, 0)
        self.assertNotEqual(PLACE.run("getent", "group", "calsync", check=False).returncode, 0)
        self.assertEqual(self.tables(), "t")

    def test_15_it_comes_back(self):
        PLACE.dpkg("-i", f"/tmp/{PLACE.package.name}")
        self.assertNotIn("# ours", PLACE.path("/etc/calsync/calsync.env").read_text())
        self.assertEqual(PLACE.path("/etc/calsync/secrets/token-keys").read_text(), "")
        PLACE.dpkg("-P", "calsync")


class Started:
    """A daemon as its unit starts it, ready, with a service manager's ear."""

    def __init__(self, test, unit):
        environment, command = test.start(unit)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        name = f"calsync-package-{os.getpid()}-{unit}"
        self.socket.bind("\0" + name)
        self.socket.settimeout(20)
        self.log = pathlib.Path(PLACE.root, "tmp", unit + ".log")
        start = ["setpriv", "--reuid=calsync", "--regid=calsync", "--clear-groups", "--bounding-set=-all", "--no-new-privs"]
        clean = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", "NOTIFY_SOCKET": "@" + name, **environment}
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(["chroot", PLACE.root, *start, *command], env=clean, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def __enter__(self):
        try:
            while not self.socket.recv(4096).startswith(b"READY=1"):
                pass
        except TimeoutError as error:
            self.process.kill()
            raise AssertionError(self.log.read_text()) from error
        return self

    def wait(self, text):
        wait_until(lambda: text in self.log.read_text(), 10, lambda: f"the log says {text}: {self.log.read_text()}")

    def __exit__(self, kind, value, trace):
        self.process.terminate()
        status = self.process.wait(40)
        self.socket.close()
        if kind is None and status != 0:
            raise AssertionError(f"it ended with {status}: {self.log.read_text()}")
