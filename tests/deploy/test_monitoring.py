# SPDX-License-Identifier: Apache-2.0
"""Alerts and dashboard: understood by promtool, tested both ways, explained in the runbook, made of figures that there are."""
import json
import re
import subprocess
import tempfile
import unittest

import yaml

from metric_names import ROOT, dashboard_expressions, documented, names_in, rules

PROMETHEUS = ROOT / "deploy" / "prometheus"
TESTS = ("alerts_test.yml", "alerts_long_test.yml")
OWNERS, SEVERITIES = {"operator", "provider", "user"}, {"page", "ticket", "info"}


def promtool(*arguments):
    done = subprocess.run(["promtool", *map(str, arguments)], capture_output=True, text=True, cwd=PROMETHEUS)
    return done.returncode, done.stdout + done.stderr


class Alerts(unittest.TestCase):
    def setUp(self):
        self.alerts = [rule for rule in rules() if "alert" in rule]

    def test_promtool_understands_them(self):
        status, output = promtool("check", "rules", "alerts.yml")
        self.assertEqual(status, 0, output)

    def test_their_tests_pass(self):
        # One at a time: promtool mixes the steps of files that are given together.
        for name in TESTS:
            with self.subTest(name):
                status, output = promtool("test", "rules", name)
                self.assertEqual(status, 0, output)

    def test_each_is_seen_firing_and_silent(self):
        firing, silent = set(), set()
        for name in TESTS:
            for case in yaml.safe_load((PROMETHEUS / name).read_text())["tests"]:
                for one in case["alert_rule_test"]:
                    (firing if one["exp_alerts"] else silent).add(one["alertname"])
        names = {alert["alert"] for alert in self.alerts}
        self.assertGreater(len(names), 20)
        self.assertEqual((firing, silent), (names, names))

    def test_each_says_whom_it_concerns_and_what_it_means(self):
        for alert in self.alerts:
            with self.subTest(alert["alert"]):
                self.assertIn(alert["labels"]["owner"], OWNERS)
                self.assertIn(alert["labels"]["severity"], SEVERITIES)
                # Nobody is woken for what nobody here can mend.
                self.assertTrue(alert["labels"]["severity"] != "page" or alert["labels"]["owner"] == "operator")
                self.assertGreater(len(alert["annotations"]["summary"].split()), 3)

    def test_each_has_its_page_in_the_runbook(self):
        runbook = (ROOT / "docs" / "runbook.md").read_text()
        section = runbook.split("\n## Alerts\n", 1)[1].split("\n## ", 1)[0]
        pages = {page.split("\n", 1)[0]: page for page in section.split("\n### ")[1:]}
        self.assertEqual(set(pages), {alert["alert"] for alert in self.alerts})
        for alert in self.alerts:
            with self.subTest(alert["alert"]):
                self.assertEqual(alert["annotations"]["runbook_url"], "docs/runbook.md#" + alert["alert"].lower())
                page = pages[alert["alert"]]
                for part in ("**Means:**", "**Worked when:**"):
                    self.assertIn(part, page)
                self.assertTrue("**Look and do:**" in page or ("**Look:**" in page and "**Do:**" in page), page)


class Dashboard(unittest.TestCase):
    def test_its_shape_is_what_grafana_loads(self):
        board = json.loads((ROOT / "deploy/grafana/calsync.json").read_text())
        for key, kind in (("title", str), ("uid", str), ("schemaVersion", int), ("panels", list), ("templating", dict), ("time", dict)):
            self.assertIsInstance(board[key], kind)
        ids = [panel["id"] for panel in board["panels"]]
        self.assertEqual(len(ids), len(set(ids)))
        places = set()
        for panel in board["panels"]:
            grid = panel["gridPos"]
            self.assertLessEqual(grid["x"] + grid["w"], 24)
            cells = {(x, y) for x in range(grid["x"], grid["x"] + grid["w"]) for y in range(grid["y"], grid["y"] + grid["h"])}
            self.assertFalse(cells & places, f"{panel['title']} lies over another")
            places |= cells
            if panel["type"] == "row":
                continue
            self.assertIn(panel["type"], ("stat", "timeseries"))
            self.assertEqual(panel["datasource"], {"type": "prometheus", "uid": "${datasource}"})
            self.assertEqual(len({target["refId"] for target in panel["targets"]}), len(panel["targets"]))
        self.assertEqual([one["name"] for one in board["templating"]["list"]], ["datasource"])

    def test_promtool_parses_its_expressions(self):
        expressions = dashboard_expressions()
        self.assertGreater(len(expressions), 30)
        made = {"groups": [{"name": "dashboard", "rules": [{"record": f"panel:{n}", "expr": one} for n, one in enumerate(expressions)]}]}
        with tempfile.NamedTemporaryFile("w", suffix=".yml") as file:
            yaml.safe_dump(made, file)
            file.flush()
            status, output = promtool("check", "rules", file.name)
        self.assertEqual(status, 0, output)
        self.assertIn(f"{len(expressions)} rules found", output)


class Names(unittest.TestCase):
    """That the daemons really show these: tests/e2e/test_monitoring.py."""

    def test_alerts_and_dashboard_use_documented_names(self):
        used = set().union(*(names_in(rule["expr"]) for rule in rules())) | set().union(*map(names_in, dashboard_expressions()))
        recorded = {rule["record"] for rule in rules() if "record" in rule}
        self.assertEqual({name for name in used if ":" in name} - recorded, set())
        self.assertEqual({re.sub("_bucket$", "", name) for name in used if ":" not in name} - documented(), set())

    def test_the_dashboard_shows_every_metric(self):
        shown = {re.sub("_bucket$", "", name) for one in dashboard_expressions() for name in names_in(one)}
        self.assertEqual({name for name in documented() if name.startswith("calendar_")} - shown - {"calendar_sync_freshness_seconds"}, set())


if __name__ == "__main__":
    unittest.main()
