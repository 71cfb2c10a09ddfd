# SPDX-License-Identifier: Apache-2.0
"""Whether the mirror's rows of a feed are what independent_reader.py finds in its file, VEVENT by VEVENT."""
import collections
import datetime
import functools
import zoneinfo

from independent_zones import UTC, ZONE_FOLDER


class Comparison:
    """`sentences` say what differs; `totals` what became of the events."""

    def __init__(self, name, file, rows, exceptions=None):
        """`rows`: all live rows of the connection. `exceptions`: {(file, uid): reason} of events that the readers may read
        differently; `used` tells which of them were needed."""
        self.name, self.file = name, file
        self.exceptions, self.used = exceptions or {}, set()
        self.sentences, self.totals = [], collections.Counter()
        self.unclaimed = collections.defaultdict(list)
        for row in rows:
            self.unclaimed[text_of(row["raw_payload"]["ics"].split("\r\n"))].append(row)
        self.mirrored = collections.defaultdict(list)  # by UID
        claims = [(found, self._claim(found)) for found in file.events]
        # Events that failed count for nothing in the rules of identity.
        self._readable = [found for found, row in claims if not found.must_fail and not (row and row["sync_status"] == "FAILED")]
        for found, row in claims:
            if row and row["sync_status"] != "FAILED":
                self.mirrored[found.uid].append(found)
        for found, row in claims:
            self._take(found, row) if row else self._superseded(found)
        for row in (row for rows_of in self.unclaimed.values() for row in rows_of):
            self._say(row["ical_uid"], f"the row {row['external_event_id']} is no event of the file")

    def _claim(self, found):
        rows = self.unclaimed[text_of(found.lines)]
        return rows.pop(0) if rows else None

    def _say(self, uid, what):
        uid = uid or ""
        if (self.name, uid) in self.exceptions:
            self.used.add((self.name, uid))
        else:
            self.sentences.append(f"{self.name}: {uid or 'an event without UID'}: {what}")

    def _take(self, found, row):
        if row["sync_status"] == "FAILED":
            self.totals["failed"] += 1
            return self._failed(found, row)
        self.totals["mirrored"] += 1
        if found.must_fail:
            return self._say(found.uid, f"mirrored, although {found.must_fail}")
        for what, got, wanted in self._fields(found, row):
            if got != wanted:
                self._say(found.uid, f"{what} is {got!r} instead of {wanted!r}")
        return None

    def _failed(self, found, row):
        if not (row["last_error"] or "").startswith("malformed_response: an event cannot be understood: "):
            self._say(found.uid, f"failed without a reason: {row['last_error']}")
        if not found.must_fail and not found.may_fail:
            self._say(found.uid, f"failed, although it can be read: {row['last_error']}")
        if row["is_busy"]:
            self._say(found.uid, "failed and busy")

    def _fields(self, found, row):
        yield "the UID", row["ical_uid"] or "", found.uid
        yield "the id", row["external_event_id"], self._id(found)
        yield "the all-day flag", row["is_all_day"], bool(found.start.date)
        for side, moment in (("start", found.start), ("end", found.end)):
            yield f"the {side} date", row[f"{side}_date"], moment.date
            yield f"the {side}", row[f"{side}_time"], self._instant(moment)
        yield from self._zone(found, row)
        yield "the recurrence", row["recurrence"] or [], found.recurrence
        yield "the series", row["recurring_event_id"] or "", found.uid if found.original and found.uid else ""
        yield "the original start", row["original_start_time"], found.original and self._instant(found.original)

    def _instant(self, moment):
        if moment.instant:
            return moment.instant
        # A date begins at midnight of the calendar's zone.
        midnight = datetime.datetime.combine(moment.date, datetime.time(), zoneinfo.ZoneInfo(self.file.zone))
        return midnight.astimezone(UTC)

    def _zone(self, found, row):
        """The zone that the file names. Where only the file's VTIMEZONE says what its zone is, a zone with the same clock at the start,
        or none."""
        got, zone = row["time_zone"] or "", found.start.zone
        if zone is None:
            yield "the zone", got, ""
        elif zone.name:
            yield "the zone", got, got if same_zone(got, zone.name) else zone.name
        elif got:
            clock = found.start.instant.astimezone(zoneinfo.ZoneInfo(got)).replace(tzinfo=None)
            yield f"the clock in {got}", clock, found.start.wall

    # -- the rules of identity, as common/calendar/ical_identity.hpp states them

    @functools.cached_property
    def _written_out(self):
        """UIDs with starts that cannot be revisions of one another."""
        starts = collections.defaultdict(set)
        for one in self._readable:
            if one.uid and not one.original:
                starts[one.uid, one.sequence].add(one.start.basic)
        return {uid for (uid, _), of_sequence in starts.items() if len(of_sequence) > 1}

    def _id(self, found):
        # Ids of another making are compared by their form only.
        if not found.uid:
            return AnyWith("content-")
        if len(found.uid.encode()) > 500:
            return AnyWith("uid-")
        if found.original:
            return f"{found.uid}/{found.original.basic}"
        if found.uid not in self._written_out:
            return found.uid
        series = [one for one in self.mirrored[found.uid] if not one.original and one.recurrence]
        series = min(series, key=lambda one: one.start.basic, default=None)
        plain = series is not None and series.start.basic == found.start.basic
        return found.uid if plain else f"{found.uid}#{found.start.basic}"

    @staticmethod
    def _occurrence(found):
        return found.original.basic if found.original else ""

    def _superseded(self, found):
        """There must be a later revision of the same event in the mirror."""
        self.totals["superseded"] += 1
        if found.must_fail or not found.uid:
            return self._say(found.uid, f"there is no row of it ({found.must_fail or 'nothing can supersede it'})")
        by_start = not found.original and found.uid in self._written_out
        for one in self.mirrored[found.uid]:
            same = self._occurrence(one) == self._occurrence(found) and (not by_start or one.start.basic == found.start.basic)
            if same and (one.sequence, one.modified) >= (found.sequence, found.modified):
                return None
        return self._say(found.uid, "there is no row of it and none that supersedes it")


class AnyWith(str):
    """Equal to every text that begins so."""

    def __eq__(self, other):
        return str(other).startswith(str(self))

    def __ne__(self, other):
        return not self == other

    __hash__ = str.__hash__


def text_of(lines):
    return "\n".join(line.strip() for line in lines if line.strip())


def same_zone(one, other):
    """The same name, or another name for the same rules."""
    if one == other:
        return True
    return bool(one) and (ZONE_FOLDER / one).read_bytes() == (ZONE_FOLDER / other).read_bytes()
