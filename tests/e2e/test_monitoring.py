# SPDX-License-Identifier: Apache-2.0
"""The figures that alerts and dashboard are made of are shown by running daemons, with the labels that they ask for."""
import re
import sys

import harness
from events import timed
from harness import ROOT, wait_until
from metrics import Metrics
from postgres import free_port

sys.path.insert(0, str(ROOT / "tests" / "deploy"))
from metric_names import dashboard_expressions, documented, names_in, rules  # noqa: E402

setUpModule = harness.start_cluster
SELECTOR = re.compile(r"\b((?:calendar|process)_[a-z0-9_]+)\{([^}]*)\}")
OURS = {"instance", "job"}


def expressions():
    return [rule["expr"] for rule in rules()] + dashboard_expressions()


class Names(harness.Case):
    CONFIG = {"worker": {"metrics_port": free_port()}}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        port = cls.stack.config["worker"]["metrics_port"]
        cls.scrapes = [Metrics.read(cls.stack), Metrics.read_port(port)]

    def families(self):
        return set().union(*(one.families for one in self.scrapes))

    def test_every_name_is_shown(self):
        used = {name for one in expressions() for name in names_in(one) if ":" not in name}
        self.assertGreater(len(used), 30)
        self.assertEqual({re.sub("_bucket$", "", name) for name in used} - self.families(), set())

    def test_the_document_lists_what_is_shown_and_nothing_else(self):
        self.assertEqual(documented(), self.families())

    def test_every_label_value_is_one_that_the_code_knows(self):
        sources = "".join(path.read_text() for folder in ("common", "sql/queries", "api-server")
                          for path in (ROOT / folder).rglob("*") if path.suffix in (".cpp", ".sql"))
        asked = [(name, label, value) for one in expressions() for name, inside in SELECTOR.findall(one)
                 for label, _, values in re.findall(r'(\w+)(!?=~?)"([^"]*)"', inside) for value in values.split("|")]
        self.assertGreater(len(asked), 15)
        for name, label, value in asked:
            if label in OURS or value == "429":
                continue
            with self.subTest(name=name, label=label, value=value):
                self.assertRegex(sources, f"""["']{value}["']""")


class Freshness(harness.Case):
    def read(self):
        return Metrics.read(self.stack)

    def setUp(self):
        self.sql.execute("DELETE FROM external_calendar_connections")

    def test_what_is_late_shows_as_late_until_it_is_synced(self):
        _, _, connection = self.connected([timed("one0000001", "One")])
        before = self.read()
        self.assertEqual(before.value("calendar_connections_stale"), 0)
        self.assertEqual(before.value("calendar_connections_expected", provider="google"), 1)
        self.assertEqual(before.value("calendar_connections", provider="google", state="active"), 1)
        self.assertEqual(before.value("calendar_workers_alive"), 1)
        self.assertGreater(before.value("calendar_sealed_secrets", key="first"), 0)
        self.assertEqual(before.value("calendar_sealed_secrets", key="missing"), 0)
        self.stack.stop_workers()
        self.sql.execute("UPDATE external_calendar_connections SET last_synced_at = now() - interval '1 hour' WHERE id = %s", connection)
        late = self.read()
        self.assertEqual(late.value("calendar_connections_stale", provider="google", owner="operator"), 1)
        self.assertGreater(late.value("calendar_queue_oldest_due_seconds", provider="google"), 3000)
        # A flag that is off is not a calendar that is late.
        self.stack.reload(CALENDAR_JOBS_ENABLED="nonsense")
        off = self.read()
        self.assertEqual((off.value("calendar_connections_expected"), off.value("calendar_connections_stale")), (0, 0))
        self.assertEqual(off.value("calendar_invalid_settings"), 1)
        self.stack.reload(CALENDAR_JOBS_ENABLED="true")
        self.stack.start_workers()
        wait_until(lambda: self.read().value("calendar_connections_stale") == 0, 15, "it is in step again")
        self.assertEqual(self.read().value("calendar_invalid_settings"), 0)

    def test_a_key_that_is_missing_shows(self):
        self.connected()
        self.sql.execute("UPDATE external_calendar_credentials SET key_id = 'k0'")
        shown = self.read()
        self.assertEqual(shown.value("calendar_sealed_secrets", key="first"), 0)
        self.assertGreater(shown.value("calendar_sealed_secrets", key="missing"), 0)
        self.sql.execute("UPDATE external_calendar_credentials SET key_id = 'k1'")
