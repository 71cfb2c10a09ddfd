# SPDX-License-Identifier: Apache-2.0
"""A real Prometheus that scrapes the daemons of a stack each second and has the alerts that operators load, in a hurry."""
import json
import re
import urllib.parse

from client import send
from daemon import Daemon, base_environment
from postgres import free_port
from waiting import wait_until

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
SHRINK, SHORTEST, LONGEST = 300, 4, 8


def shortened(rules):
    """The rules with each `for:` and each window divided by 300, but no shorter than 4 s (increase() needs samples) and no longer
    than 8 s. Nothing else is changed: names, labels, expressions and thresholds are those of operators. That the times themselves
    are right is what the tests of the rules are for (deploy/prometheus/*_test.yml)."""
    def hurry(match):
        seconds = int(match[2]) * UNITS[match[3]] // SHRINK
        return f"{match[1]}{min(max(seconds, SHORTEST), LONGEST)}s"
    found, count = re.subn(r"(\[|for: )(\d+)([smhd])\b", hurry, rules)
    if count < 20:
        raise AssertionError(f"{count} times are too few for the alerts")
    return found


class Prometheus:
    def __init__(self, home, rules, targets):
        """`targets`: job -> port."""
        home.mkdir()
        (home / "alerts.yml").write_text(shortened(rules.read_text()))
        jobs = [{"job_name": job, "static_configs": [{"targets": [f"127.0.0.1:{port}"]}]} for job, port in targets.items()]
        # JSON is YAML.
        (home / "prometheus.yml").write_text(json.dumps({
            "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
            "rule_files": [str(home / "alerts.yml")], "scrape_configs": jobs}))
        self.port = free_port()
        self.process = Daemon("prometheus", [
            "/usr/bin/prometheus", f"--config.file={home / 'prometheus.yml'}", f"--storage.tsdb.path={home / 'data'}",
            f"--web.listen-address=127.0.0.1:{self.port}", "--log.level=warn"], base_environment())
        wait_until(self._ready, 30, lambda: f"Prometheus is ready: {self.process.raw[-5:]}")
        # It takes up what is to be scraped five seconds after its start.
        wait_until(lambda: self._targets() == ["up"] * len(targets), 30, lambda: f"every target is scraped; they are {self._targets()}")

    def _ready(self):
        if not self.process.alive():
            raise AssertionError(f"Prometheus ended: {self.process.raw[-5:]}")
        try:
            return self._get("/-/ready").status == 200
        except OSError:
            return False

    def _targets(self):
        return [target["health"] for target in self._get("/api/v1/targets?state=active").json()["data"]["activeTargets"]]

    def _get(self, path):
        return send("GET", f"http://127.0.0.1:{self.port}{path}")

    def wait_known(self, name, **labels):
        """Until this figure has been scraped: increase() looks at what comes after."""
        wanted = ",".join(f'{label}="{value}"' for label, value in labels.items())
        query = "/api/v1/query?" + urllib.parse.urlencode({"query": f"{name}{{{wanted}}}"})
        wait_until(lambda: self._get(query).json()["data"]["result"], 15, f"{name}{labels} has been scraped")

    def alerts(self):
        """What is pending or firing: {(name, owner): its state}."""
        found = {}
        for alert in self._get("/api/v1/alerts").json()["data"]["alerts"]:
            key = (alert["labels"]["alertname"], alert["labels"]["owner"])
            found[key] = "firing" if "firing" in (alert["state"], found.get(key)) else "pending"
        return found

    def firing(self):
        return {key for key, state in self.alerts().items() if state == "firing"}

    def rounds(self, count=3):
        """Until the alerts have been evaluated so many times more."""
        def evaluated():
            groups = self._get("/api/v1/rules").json()["data"]["groups"]
            return [group["lastEvaluation"] for group in groups if group["name"] == "calsync-alerts"]
        for _ in range(count):
            before = evaluated()
            wait_until(lambda: evaluated() != before, 15, "the alerts are evaluated")

    def wait_silent(self, tolerated=(), timeout=30):
        """Until no alert is even pending."""
        wait_until(lambda: not [name for name, _ in self.alerts() if name not in tolerated], timeout, lambda: f"no alert; there are {self.alerts()}")

    def end(self):
        self.process.end()
