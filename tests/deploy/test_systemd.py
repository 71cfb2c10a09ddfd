# SPDX-License-Identifier: Apache-2.0
"""The units' sandbox, and the environment file against the settings that the code knows."""
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SYSTEMD = ROOT / "deploy" / "systemd"
SERVICES = ("calsync-api.service", "calsync-worker.service", "calsync-worker@.service", "calsync-job.service")
EXPOSURE = 1.5
NAME = re.compile(r"^#?([A-Z][A-Z0-9_]+)=", re.M)


def exposure(folder, unit):
    done = subprocess.run(["systemd-analyze", "security", "--offline=yes", "--no-pager", str(folder / unit)], capture_output=True, text=True,
                          env={"SYSTEMD_UNIT_PATH": f"{folder}:", "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"})
    found = re.search(r"exposure level for \S+: ([\d.]+)", done.stdout)
    if not found:
        raise AssertionError(f"no figure for {unit}: {done.stdout}{done.stderr}")
    return float(found.group(1))


class Sandbox(unittest.TestCase):
    def test_exposure(self):
        for unit in SERVICES:
            with self.subTest(unit):
                self.assertLessEqual(exposure(SYSTEMD, unit), EXPOSURE)

    def test_the_figure_depends_on_the_sandbox(self):
        with tempfile.TemporaryDirectory() as folder:
            shutil.copytree(SYSTEMD, folder, dirs_exist_ok=True)
            sandbox = pathlib.Path(folder, "calsync-.service.d", "sandbox.conf")
            sandbox.write_text(sandbox.read_text().replace("SystemCallFilter=", "#").replace("PrivateUsers=", "#"))
            self.assertGreater(exposure(pathlib.Path(folder), SERVICES[0]), EXPOSURE)

    def test_stopping_waits_for_the_drain(self):
        drain = {key: int(value) for key, value in re.findall(r"(?<=`)(server|worker)\.drain_seconds` \| `(\d+)`",
                                                              (ROOT / "docs" / "configuration.md").read_text())}
        self.assertEqual(set(drain), {"server", "worker"})
        for unit in SERVICES[:3]:
            text = (SYSTEMD / unit).read_text()
            self.assertGreater(int(re.search(r"TimeoutStopSec=(\d+)s", text).group(1)), max(drain.values()) + 10)
            self.assertLess(int(re.search(r"WatchdogSec=(\d+)s", text).group(1)), 30)


def known_settings():
    """Every variable that the daemons read, as their sources name them."""
    config = (ROOT / "common/base/config.cpp").read_text()
    gate = (ROOT / "common/sync/gate.cpp").read_text()
    runtime = (ROOT / "common/runtime/daemon.cpp").read_text()
    keys = re.findall(r'^\s*\{"([a-z_.]+)",\s', config, re.M)
    secrets = re.findall(r'\{"([A-Z_]+)", &settings\.', config)
    plain = re.findall(r'pair\{"([A-Z_]+)", &settings\.', config)
    gates = re.findall(r'"(CALENDAR_[A-Z_]+)"', gate + runtime)
    return ({"CALSYNC_" + key.upper().replace(".", "_") for key in keys} | set(secrets) | set(plain)
            | {f"{name}_FILE" for name in secrets + plain} | {name for name in gates if not name.endswith("_")})


class EnvironmentFile(unittest.TestCase):
    def setUp(self):
        self.text = (SYSTEMD / "calsync.env.example").read_text()

    def test_it_names_what_the_code_reads_and_nothing_else(self):
        named = NAME.findall(self.text)
        self.assertEqual(len(named), len(set(named)))
        known = known_settings()
        self.assertGreater(len(known), 80)
        self.assertEqual((known - set(named), set(named) - known), (set(), set()))

    def test_each_is_explained(self):
        lines = self.text.splitlines()
        for index, line in enumerate(lines):
            if not NAME.match(line):
                continue
            above = index - 1
            # Several of a kind share the explanation above the first.
            while NAME.match(lines[above]):
                above -= 1
            with self.subTest(line):
                self.assertTrue(lines[above].startswith("# ") or lines[above] == "", lines[above])
                self.assertTrue(any(one.startswith("# ") for one in lines[above - 1:above + 1]))

    def test_defaults_are_those_of_the_document(self):
        document = dict(re.findall(r"^\| `([a-z_.]+)` \| `([^`]*)` \|", (ROOT / "docs/configuration.md").read_text(), re.M))
        shown = dict(re.findall(r"^#(CALSYNC_[A-Z_]+)=(.*)$", self.text, re.M))
        for key, default in document.items():
            if " " in default or default in ("http://HOST:PORT", "server.public_url"):
                continue
            with self.subTest(key):
                self.assertEqual(shown["CALSYNC_" + key.upper().replace(".", "_")], default)

    def test_as_installed_it_lets_nobody_in(self):
        active = dict(re.findall(r"^([A-Z_]+)=(.*)$", self.text, re.M))
        self.assertEqual(active, {"CALENDAR_SYNC_ENABLED": "false", "CALENDAR_OAUTH_ENABLED": "false", "CALENDAR_JOBS_ENABLED": "false",
                                  "CALENDAR_WEBHOOK_ENABLED": "false", "CALENDAR_ENV": "production", "CALENDAR_ALLOWLIST_PROVIDER_IDS": "",
                                  "CALENDAR_ALLOWLIST_CONNECTION_IDS": ""})


if __name__ == "__main__":
    unittest.main()
