# SPDX-License-Identifier: Apache-2.0
"""What the metrics must say: what a test expects of single counters, and that they agree with the history of runs."""
from metrics import Metrics
from waiting import wait_until

RUNS, FAILURES, ITEMS = "calendar_sync_runs_total", "calendar_sync_failures_total", "calendar_sync_items_processed"
REQUESTS, PUSHES = "calendar_provider_requests_total", "calendar_webhooks_total"

# Quiet polls, and runs that waited for a quota before they changed anything, leave no history: it knows the fewest of them. They
# are no failures.
OFTEN_QUIET = ("complete", "snooze")


def ledger(sql):
    """{(metric, labels): value} as the history of runs has it."""
    found = {}

    def add(name, count, **labels):
        key = (name, tuple(sorted(labels.items())))
        found[key] = found.get(key, 0) + count
    for row in sql.rows("SELECT provider, outcome, split_part(error, ':', 1) AS code, count(*) AS runs, sum(items_ingested) AS ingested,"
                        " sum(items_updated) AS updated, sum(items_deleted) AS deleted, sum(items_failed) AS failed"
                        " FROM calendar_sync_runs GROUP BY 1, 2, 3"):
        add(RUNS, row["runs"], provider=row["provider"], outcome=row["outcome"])
        if row["outcome"] not in OFTEN_QUIET:
            add(FAILURES, row["runs"], provider=row["provider"], error_code=row["code"])
        for action in ("ingested", "updated", "deleted", "failed"):
            add(ITEMS, row[action], provider=row["provider"], action=action)
    return found


class Counting:
    """Part of a test case with a stack, whose database began with the class."""
    def figures(self):
        return Metrics.read(self.stack)

    def settled(self):
        """The metrics once every run that has begun so far has ended and is in them."""
        shown = []

        def all_there():
            runs = self.sql.value("SELECT coalesce(sum(lease_token), 0) FROM external_calendar_connections")
            shown[:] = [self.figures()]
            return shown[0].value(RUNS) == runs
        wait_until(all_there, 10, lambda: f"every run is counted; {shown[0].value(RUNS)} are")
        return shown[0]

    def assertCounted(self):
        """The metrics agree with the history of runs."""
        found = []

        def agree():
            known, shown = ledger(self.sql), self.figures()
            found.clear()
            for (name, labels), wanted in known.items():
                value = shown.value(name, **dict(labels))
                if value < wanted or (value != wanted and dict(labels).get("outcome") not in OFTEN_QUIET):
                    found.append(f"{name}{dict(labels)} is {value} instead of {wanted}")
            return not found
        wait_until(agree, 10, lambda: "; ".join(found))

    def wait_figure(self, wanted, name, **labels):
        wait_until(lambda: self.figures().value(name, **labels) == wanted, 10,
                   lambda: f"{name}{labels} is {wanted}; it is {self.figures().value(name, **labels)}")

    def assertGrown(self, before, by, name, at_least=False, **labels):
        """Workers carry their figures to the database about once a second; api-servers do it when asked."""
        grown = lambda: self.figures().value(name, **labels) - before.value(name, **labels)
        wait_until(lambda: grown() >= by, 10, lambda: f"{name}{labels} grows by {by}; it has grown by {grown()}")
        if not at_least:
            self.assertEqual(grown(), by, f"{name}{labels}")
