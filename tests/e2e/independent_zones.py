# SPDX-License-Identifier: Apache-2.0
"""Time zones of iCalendar files, for independent_reader.py: names by Debian's tzdata and python3-icalendar's table of Windows
names, definitions by python3-dateutil. None of the product's tables is used."""
import datetime
import io
import pathlib
import re
import zoneinfo

from dateutil import tz
from icalendar.windows_to_olson import WINDOWS_TO_OLSON

UTC = datetime.timezone.utc
ZONE_FOLDER = pathlib.Path("/usr/share/zoneinfo")
SPELLINGS = {name.lower(): name for name in zoneinfo.available_timezones()}
WINDOWS = {name.lower(): zone for name, zone in WINDOWS_TO_OLSON.items()}
# What Outlook and Exchange show to people; python3-icalendar knows only the keys of the Windows registry.
SHOWN = {
    "(gmt+10:00) canberra, melbourne, sydney": "Australia/Sydney",
    "(utc-05:00) eastern time (us & canada)": "America/New_York",
    "(utc-05:00) eastern time (us and canada)": "America/New_York",
    "amsterdam, belgrade, berlin, brussels, budapest, madrid, paris, prague, stockholm": "Europe/Amsterdam",
}
OFFSET = re.compile(r"\(?(?:UTC|GMT) ?([+-])0?(\d{1,2})(?::?00)?(?:\)|$)", re.IGNORECASE)


class Zone:
    """`name`: IANA, None when only the file's own definition is known; `rules` gives its clock."""

    def __init__(self, name, rules=None):
        self.name = name
        self.rules = rules or zoneinfo.ZoneInfo(name)

    def instant(self, wall):
        """RFC 5545 section 3.3.5: a time that happens twice is its first occurrence, one that does not happen counts by the
        offset before the gap. OverflowError outside the years 1 to 9999."""
        return (wall - wall.replace(tzinfo=self.rules, fold=0).utcoffset()).replace(tzinfo=UTC)


def iana(name):
    """An exact name first: "Etc/GMT-1" and aliases are zones too."""
    return SPELLINGS.get(name.lower())


def by_name(tzid):
    """An IANA name for a TZID, None when the name alone says nothing: IANA in any case, such a name at the end of a path, or
    Windows."""
    text = tzid.strip(" \t\"'")
    parts = text.split("/")
    for candidate in [text, *("/".join(parts[first:]) for first in range(1, len(parts)))]:
        if candidate and iana(candidate):
            return iana(candidate)
    # "US-Eastern", "Europe_Paris": names out of old zone collections.
    separated = re.sub("[_-]", "/", text.lower(), count=1) if "/" not in text else ""
    return WINDOWS.get(text.lower()) or SHOWN.get(text.lower()) or iana(separated)


def by_offset(tzid):
    """"UTC+01" as Etc/GMT-1: POSIX counts westwards. The last resort, since it knows no summer time."""
    match = OFFSET.match(tzid)
    return iana(f"Etc/GMT{'-' if match[1] == '+' else '+'}{match[2]}") if match else None


def by_definition(lines):
    """The clock that the lines of a VTIMEZONE describe, None when dateutil cannot read them."""
    kept = [line for line in lines if line.split(":")[0].split(";")[0].upper() in
            ("BEGIN", "END", "TZID", "DTSTART", "RRULE", "RDATE", "TZOFFSETFROM", "TZOFFSETTO")]
    # Onsets written as dates, which RFC 5545 section 3.6.5 does not have.
    kept = [re.sub(r"^DTSTART;VALUE=DATE:(\d{8})$", r"DTSTART:\1T000000", line) for line in kept]
    try:
        zones = tz.tzical(io.StringIO("\n".join(kept) + "\n"))
        return zones.get(zones.keys()[0])
    except (ValueError, IndexError, TypeError, AttributeError):
        return None


class FileZones:
    """The zones of one VCALENDAR, chosen in the order that common/calendar/ical_zones.hpp promises."""

    def __init__(self, declared, definitions):
        """`declared`: X-WR-TIMEZONE or ""; `definitions`: (TZID, X-LIC-LOCATION, lines) of each VTIMEZONE."""
        self.definitions = definitions
        only = {by_name(tzid) or by_name(location) for tzid, location, _ in definitions}
        only = only.pop() if len(only) == 1 else None
        self.declared = by_name(declared) or only
        self.floating = Zone(self.declared or "UTC")

    def find(self, tzid):
        """None when neither its name nor the file says what it is."""
        named = by_name(tzid)
        if named:
            return Zone(named)
        for name, location, lines in self.definitions:
            if name != tzid:
                continue
            if by_name(location):
                return Zone(by_name(location))
            rules = by_definition(lines)
            if rules:
                return Zone(None, rules)
            break
        if by_offset(tzid):
            return Zone(by_offset(tzid))
        return self.floating if self.declared else None
