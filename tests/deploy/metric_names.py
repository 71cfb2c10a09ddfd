# SPDX-License-Identifier: Apache-2.0
"""The names of metrics in rules, dashboard and document."""
import json
import pathlib
import re

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
METRIC = re.compile(r"\b(?:calendar_|process_|calsync:)[a-z0-9_:]+")


def rules():
    return [rule for group in yaml.safe_load((ROOT / "deploy/prometheus/alerts.yml").read_text())["groups"] for rule in group["rules"]]


def dashboard_expressions():
    board = json.loads((ROOT / "deploy/grafana/calsync.json").read_text())
    return [target["expr"] for panel in board["panels"] for target in panel.get("targets", ())]


def names_in(expression):
    """Without what stands in quotes: label values are no metrics."""
    return set(METRIC.findall(re.sub(r'"[^"]*"', '""', expression)))


def documented():
    """The first cells of the tables of docs/metrics.md."""
    rows = re.findall(r"^\| (`[a-z_`, ]+`) \|", (ROOT / "docs/metrics.md").read_text(), re.M)
    return {name for row in rows for name in re.findall(r"`([a-z_]+)`", row) if METRIC.fullmatch(name)}
