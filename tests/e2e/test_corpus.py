# SPDX-License-Identifier: Apache-2.0
"""Real-world calendars of many origins: whatever they hold is in the mirror, or a person is told why not. The files are none of
this project's, so these tests are skipped where they are not at hand."""
import collections
import os
import pathlib
import unittest

import harness
from compare import differences
from corpus_compare import Comparison
from feed_server import FeedServer
from independent_reader import read_file

setUpModule = harness.start_cluster
CORPUS = pathlib.Path(os.environ.get("CALSYNC_CORPUS") or harness.ROOT.parent / "shared" / "corpus").resolve()
QUIET = {"log": {"level": "info"}}

# (file, UID): why the two readers read this event differently, and both within reason.
EXCEPTIONS = {
    ("ical.net/Ical.Net.Tests/Calendars/Serialization/Parameter1.ics", "fadc65bd4f5d746ce4a581f072ca66ea"):
        "its DTSTART has VALUE=DATE and VALUE=OTHER, where RFC 5545 section 3.2 allows one of each; python3-icalendar keeps the last,"
        " calsync the first, with which it begins on a date as it ends on one",
}


def calendar_files():
    """{name below the corpus: bytes}"""
    return {str(path.relative_to(CORPUS)): path.read_bytes() for path in sorted(CORPUS.rglob("*.ics"))}


@unittest.skipUnless(CORPUS.is_dir(), "there is no corpus of calendars: neither CALSYNC_CORPUS nor ../shared/corpus is a folder")
class Corpus(harness.Case):
    WITH_EMULATOR = False
    # Google gives an account 600 calls a minute; the one here has a calendar for each file.
    CONFIG = {**QUIET, "worker": {"per_owner": 32, "run_seconds": 60, "lease_seconds": 90},
              "providers": {"google": {"quotas": {"account_per_minute": 0}}}}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.files = calendar_files()

    def report(self, totals, sentences):
        print("corpus: " + ", ".join(f"{count} {what}" for what, count in totals.items()), flush=True)
        if sentences:
            self.fail(f"{len(sentences)} differences:\n" + "\n".join(sentences))


class Feeds(Corpus):
    def setUp(self):
        self.server = FeedServer()
        self.addCleanup(self.server.close)

    def test_every_event_of_every_file_is_mirrored_or_failed_with_a_reason(self):
        self.assertGreater(len(self.files), 1000)
        owner, connections = self.stack.new_owner(), {}
        for number, (name, data) in enumerate(self.files.items()):
            self.server.publish(f"/{number}.ics", data)
            connections[name] = self.stack.connect_feed(owner, self.server.url(f"/{number}.ics"))
        # While the daemons work.
        expected = {name: read_file(data) for name, data in self.files.items()}
        self.wait_for_runs(owner)
        state = {str(row["id"]): row for row in self.sql.rows("SELECT * FROM external_calendar_connections WHERE provider_id = %s", owner)}
        rows = collections.defaultdict(list)
        for row in self.sql.rows("SELECT * FROM external_calendar_events WHERE provider_id = %s AND deleted_at IS NULL ORDER BY created_at",
                                 owner):
            rows[str(row["connection_id"])].append(row)
        totals, sentences, used = collections.Counter(files=len(self.files), events=0, mirrored=0, failed=0, superseded=0), [], set()
        for name, connection in connections.items():
            totals["events"] += len(expected[name].events)
            if expected[name].refused:
                totals["refused files"] += 1
                totals["events in them"] += len(expected[name].events)
                sentences += self.not_refused(name, expected[name], state[connection], rows[connection])
                continue
            sentences += self.not_in_step(name, expected[name], state[connection])
            comparison = Comparison(name, expected[name], rows[connection], EXCEPTIONS)
            sentences += comparison.sentences
            totals += comparison.totals
            used |= comparison.used
        sentences += [f"the exception {one} is not needed" for one in EXCEPTIONS if one not in used]
        self.report(totals, sentences)

    def wait_for_runs(self, owner):
        left = ("SELECT count(*) FROM external_calendar_connections WHERE provider_id = %s"
                " AND (lease_until IS NOT NULL OR last_synced_at IS NULL AND last_error IS NULL)")
        harness.wait_until(lambda: self.sql.value(left, owner) == 0, 60,
                           lambda: f"every feed has been read; {self.sql.value(left, owner)} have not")

    def not_refused(self, name, file, connection, rows):
        if not (connection["last_error"] or "").startswith("malformed_response: "):
            yield f"{name}: not refused, although {file.refused}: {connection['last_error']}"
        if rows:
            yield f"{name}: refused with {len(rows)} rows"

    def not_in_step(self, name, file, connection):
        if connection["last_error"] or not connection["last_synced_at"]:
            yield f"{name}: not synced: {connection['last_error']}"
        if file.counted not in (None, len(file.events)):
            yield f"{name}: python3-icalendar counts {file.counted} events, not {len(file.events)}"


class Google(Corpus):
    WITH_EMULATOR = True

    def test_the_same_calendars_as_google_serves_them(self):
        owner, email = self.stack.new_owner(), self.account()
        loaded = self.emulator.control("POST", "/load-directory", {"email": email, "path": str(CORPUS)})
        connection = self.stack.connect_google(owner, email)
        self.stack.wait_synced(connection, 60)
        truth, rows = self.emulator.truth(email), self.stack.events(connection)
        sentences = differences(rows, truth, {"provider": "google", "provider_id": owner, "connection_id": connection})
        sentences += self.not_accounted_for(email, loaded)
        refused = [one for one in loaded["files"] if one.get("error")]
        self.report({"files": len(loaded["files"]), "events": loaded["vevents"], "mirrored": len(rows), "superseded": loaded["superseded"],
                     "rejected by the emulator": loaded["rejected"], "files without a calendar": len(refused)}, sentences)

    def not_accounted_for(self, email, loaded):
        """The emulator says of every VEVENT that the independent reader counts what became of it."""
        state = self.emulator.control("GET", "/state?email=" + email)
        kinds = ("events", "exceptions", "cancelled_occurrences", "tombstones")
        held = {one["calendar"]["id"]: sum(len(one[kind]) for kind in kinds) for one in state["calendars"]}
        answered = {one["file"]: one for one in loaded["files"]}
        for name, data in self.files.items():
            one, found = answered.get(name), read_file(data)
            if one is None:
                yield f"{name}: the emulator does not speak of it"
                continue
            if one["vevents"] != len(found.events):
                yield f"{name}: the emulator counts {one['vevents']} events, not {len(found.events)}"
            if one["vevents"] != one["loaded"] + one["superseded"] + len(one["rejected"]) or one["loaded"] != held[one["calendar_id"]]:
                yield f"{name}: the emulator's counts do not add up: {one}, {held[one['calendar_id']]} held"
            for rejected in one["rejected"]:
                if not rejected["reason"]:
                    yield f"{name}: {rejected['uid']} is rejected without a reason"
