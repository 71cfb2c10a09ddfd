# SPDX-License-Identifier: Apache-2.0
"""A second opinion on iCalendar files: what Debian's python3-icalendar finds in them, VEVENT by VEVENT.

python3-icalendar raises at the first damage outside an event and gives up the file. So that no file is skipped, its
Contentlines unfold the text, the lines are cut at BEGIN and END here, and its parsers of lines, values and rules read each
VEVENT alone, without the components inside it. Where it reads the file as a whole, it must count as many events as this
(see File.counted).

Where it and RFC 5545 part ways, the RFC is followed:
- wall times are its, instants are by independent_zones.py: it takes the second of two equal wall times (section 3.3.5);
- durations: it ignores the days beside weeks, and a day over a clock change has not 24 hours (section 3.3.6);
- rules: it refuses BYDAY=20MO (section 3.3.10), so that a rule is doubtful only if it or python3-dateutil refuses it."""
import dataclasses
import datetime
import math
import re

import icalendar
from dateutil.rrule import rrulestr
from icalendar import timezone_cache
from icalendar.parser import Contentline, Contentlines

from independent_zones import UTC, FileZones

NEVER_NESTED = ("VCALENDAR", "VEVENT", "VTODO", "VJOURNAL", "VFREEBUSY", "VTIMEZONE", "VAVAILABILITY")
RECURRENCE = ("RRULE", "RDATE", "EXDATE", "EXRULE")
DURATION = re.compile(r"([+-]?)P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$")


class Doubt(Exception):
    """Why an event cannot be understood."""


@dataclasses.dataclass
class Moment:
    date: datetime.date = None
    instant: datetime.datetime = None
    wall: datetime.datetime = None
    zone: object = None  # of a time that is not written in UTC

    @property
    def basic(self):
        return f"{self.date:%4Y%m%d}" if self.date else f"{self.instant:%4Y%m%dT%H%M%SZ}"


@dataclasses.dataclass
class Found:
    """One VEVENT. `must_fail`: there is no way to mirror it; `may_fail`: one of the readers here cannot read a part of it."""
    lines: list
    uid: str = ""
    sequence: int = 0
    modified: str = ""
    start: Moment = None
    end: Moment = None
    original: Moment = None
    recurrence: list = dataclasses.field(default_factory=list)
    must_fail: str = ""
    may_fail: str = ""


@dataclasses.dataclass
class File:
    events: list
    refused: str  # why it is no whole calendar, "" = it is one
    zone: str     # in which dates begin
    counted: int  # by python3-icalendar reading the file as a whole, None = it cannot


def decoded(data):
    """UTF-16 by its mark, else UTF-8 line by line, where a line that is not UTF-8 is in Windows-1252."""
    for order, name in ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
        if data.startswith(order):
            return data[2:].decode(name, "replace")

    def line(raw):
        raw = bytes(byte for byte in raw if byte >= 32 and byte != 127 or byte == 9)
        try:
            return raw.decode()
        except UnicodeDecodeError:
            return "".join(bytes([byte]).decode("cp1252", "ignore") or chr(byte) for byte in raw)
    # Folds may cut a character in two, so they are undone first.
    data = re.sub(rb"(?:\r\n|\r|\n)+[ \t]", b"", data.removeprefix(b"\xef\xbb\xbf"))
    return "\n".join(line(raw) for raw in re.split(rb"[\r\n]+", data))


def mark(line):
    """("BEGIN" or "END", component), else None."""
    name, colon, value = line.partition(":")
    name = name.split(";")[0].strip().upper()
    return (name, value.strip().upper()) if colon and name in ("BEGIN", "END") else None


class Cut:
    """The lines of a text by component."""

    def __init__(self, text):
        self.calendars = []  # {"head": lines, "zones": [lines], "events": [lines]}
        self.stack, self.bare = [], False
        for line in Contentlines.from_ical(text):
            if line:
                self._take(str(line))
        self.whole = not self.stack and not self.bare and bool(self.calendars)

    def _take(self, line):
        found = mark(line)
        if found and found[0] == "BEGIN":
            return self._begin(found[1], line)
        if found:
            if found[1] in self.stack:
                self._keep(line)
                while self.stack.pop() != found[1]:
                    pass
            return None
        return self._keep(line)

    def _begin(self, name, line):
        if name in NEVER_NESTED:
            while self.stack and (self.stack[-1] != "VCALENDAR" or name == "VCALENDAR"):
                self.stack.pop()
        if name == "VCALENDAR" or not self.calendars:
            self.bare = self.bare or name == "VEVENT"
            if name in ("VCALENDAR", "VEVENT"):
                self.calendars.append({"head": [], "zones": [], "events": []})
        if self.calendars and name in ("VEVENT", "VTIMEZONE"):
            self.calendars[-1]["events" if name == "VEVENT" else "zones"].append([])
        self.stack.append(name)
        self._keep(line)

    def _keep(self, line):
        if not self.calendars:
            return
        calendar = self.calendars[-1]
        if "VEVENT" in self.stack:
            calendar["events"][-1].append(line)
        elif "VTIMEZONE" in self.stack and calendar["zones"]:
            calendar["zones"][-1].append(line)
        elif self.stack == ["VCALENDAR"]:
            calendar["head"].append(line)


def value_of(lines, wanted):
    for line in lines:
        name, colon, value = line.partition(":")
        if colon and name.split(";")[0].strip().upper() == wanted:
            return value.strip()
    return ""


def own_lines(lines):
    """Of an event, without the components inside it."""
    depth, kept = 0, []
    for line in lines:
        found = mark(line)
        depth += 1 if found and found[0] == "BEGIN" else 0
        if depth == 1:
            kept.append(line)
        depth -= 1 if found and found[0] == "END" else 0
    return kept


def parts(line):
    """(name, parameters, value); None for a line that python3-icalendar does not take for a property. Empty parameters, at which it
    stumbles, say nothing."""
    try:
        name, parameters, value = Contentline(re.sub("^([^:\"]*?);;+", r"\1;", line.strip())).parts()
    except (ValueError, TypeError):
        return None
    return name.upper(), parameters, value.strip()


def plain(value):
    """What common/calendar/ical_values.hpp says it forgives, written as RFC 5545 wants it: no seconds, ISO 8601 punctuation, a leap
    second. 24:00 is the next midnight."""
    value = value.upper()
    value = re.sub(r"^(\d{4})-(\d\d)-(\d\d)", r"\1\2\3", value)
    value = re.sub(r"^(\d{8}T)(\d\d):?(\d\d)(?::?(\d\d))?(?:\.\d*)?(Z?)$",
                   lambda match: "".join((match[1], match[2], match[3], min(match[4] or "00", "59"), match[5])), value)
    return value


def moment(found, zones):
    name, parameters, value = found
    value = plain(value)
    late = re.match(r"\d{8}T240000", value)
    try:
        wall = icalendar.vDDDTypes.from_ical(value.replace("T240000", "T000000"))
    except ValueError as error:
        raise Doubt(f"{name}: {error}") from error
    if not isinstance(wall, datetime.date):
        raise Doubt(f"{name} is no date: {value}")
    if not isinstance(wall, datetime.datetime):
        return Moment(date=wall)
    wall = wall.replace(tzinfo=None) + datetime.timedelta(days=1 if late else 0)
    if str(parameters.get("VALUE", "")) == "DATE":
        return Moment(date=wall.date())
    if value.endswith("Z"):
        return Moment(instant=wall.replace(tzinfo=UTC), wall=wall)
    tzid = parameters.get("TZID", "")
    tzid = (tzid if isinstance(tzid, str) else ",".join(tzid)).strip()
    zone = zones.find(tzid) if tzid else zones.floating
    if zone is None:
        raise Doubt(f"the zone of {name} is not known: {tzid}")
    try:
        return Moment(instant=zone.instant(wall), wall=wall, zone=zone)
    except OverflowError as error:
        raise Doubt(f"{name} is out of range") from error


def after(start, value):
    match = DURATION.match(value.upper())
    if not match or not any(match.groups()[1:]):
        raise Doubt(f"DURATION: {value}")
    weeks, days, hours, minutes, seconds = (int(group or 0) for group in match.groups()[1:])
    sign = -1 if match[1] == "-" else 1
    days, exact = sign * (weeks * 7 + days), sign * datetime.timedelta(hours=hours, minutes=minutes, seconds=seconds)
    try:
        if start.date:
            return Moment(date=start.date + datetime.timedelta(days=days + math.ceil(exact / datetime.timedelta(days=1))))
        wall = start.wall + datetime.timedelta(days=days)
        return Moment(instant=(start.zone.instant(wall) if start.zone else wall.replace(tzinfo=UTC)) + exact, zone=start.zone)
    except OverflowError as error:
        raise Doubt("DURATION leads out of range") from error


def doubts_about_rule(value):
    """What either of the two readers says against an RRULE."""
    try:
        icalendar.vRecur.from_ical(value)
        rrulestr(re.sub(r";?(UNTIL=[^;]*|X-[^;]*)", "", value.upper()).strip(";"), dtstart=datetime.datetime(2026, 1, 1))
    except (ValueError, TypeError, IndexError, KeyError) as error:
        return f"{value}: {error}"
    return ""


def read_event(lines, zones):
    found = Found(lines)
    own = [one for one in map(parts, own_lines(lines)) if one]
    first = {}
    for one in own:
        first.setdefault(one[0], one)
    named = [line for line in own_lines(lines) if value_of([line], "UID")]
    uid = icalendar.Event.from_ical("\r\n".join(["BEGIN:VEVENT", *named, "END:VEVENT"])).get("UID", "")
    found.uid = str(uid[0] if isinstance(uid, list) else uid).strip()
    number = re.match(r"-?\d+", first.get("SEQUENCE", ("", {}, ""))[2])
    found.sequence = int(number[0]) if number else 0
    found.modified = value_of(own_lines(lines), "LAST-MODIFIED") or value_of(own_lines(lines), "DTSTAMP")
    try:
        read_times(found, first, zones)
    except (Doubt, OverflowError) as doubt:
        found.must_fail = str(doubt)
    if found.original is None and not found.must_fail:
        texts = [(line.strip(), one) for line, one in ((line, parts(line)) for line in own_lines(lines)) if one and one[0] in RECURRENCE]
        found.recurrence = [line for line, one in texts if one[2]]
        rules = [one[2] for _, one in texts if one[0] in ("RRULE", "EXRULE") and one[2]]
        found.may_fail = "; ".join(filter(None, map(doubts_about_rule, rules)))
    return found


def read_times(found, first, zones):
    if "RECURRENCE-ID" in first:
        found.original = moment(first["RECURRENCE-ID"], zones)
    if not first.get("DTSTART", ("", {}, ""))[2]:
        raise Doubt("there is no DTSTART")
    start = found.start = moment(first["DTSTART"], zones)
    if first.get("DTEND", ("", {}, ""))[2]:
        end = moment(first["DTEND"], zones)
    elif first.get("DURATION", ("", {}, ""))[2]:
        end = after(start, first["DURATION"][2])
    else:
        end = after(start, "P1D") if start.date else start
    if bool(end.date) != bool(start.date):
        raise Doubt("a date and a date-time")
    if (end.date or end.instant) < (start.date or start.instant):
        raise Doubt("it ends before it starts")
    # Many exporters take the end date as inclusive.
    found.end = Moment(date=start.date + datetime.timedelta(days=1)) if start.date and end.date == start.date else end


def read_file(data):
    cut = Cut(decoded(data))
    events, zone = [], ""
    for calendar in cut.calendars:
        definitions = [(str((parts(f"TZID:{value_of(lines, 'TZID')}") or ("", {}, ""))[2]), value_of(lines, "X-LIC-LOCATION"), lines)
                       for lines in calendar["zones"]]
        zones = FileZones(value_of(calendar["head"], "X-WR-TIMEZONE"), definitions)
        zone = zone or zones.declared
        events += [read_event(lines, zones) for lines in calendar["events"]]
    refused = "" if cut.whole else "it has no calendar" if not cut.calendars else "an event outside a calendar" if cut.bare else "cut off"
    return File(events, refused, zone or "UTC", counted(data))


def counted(data):
    timezone_cache._timezone_cache.clear()
    try:
        # It takes a blank at the end of a line for a part of the component's name.
        components = [part for one in icalendar.Calendar.from_ical(data, multiple=True) for part in one.walk()]
        return sum(part.name.strip().upper() == "VEVENT" for part in components)
    except Exception:  # It raises whatever its parts raise.
        return None
