# SPDX-License-Identifier: Apache-2.0
"""iCalendar texts for feeds."""


def vevent(uid, title, start="20270301T090000Z", end="20270301T100000Z", *more):
    """A VEVENT; `more` are further content lines. A start of 8 digits is a date."""
    kind = ";VALUE=DATE" if len(start) == 8 else ""
    lines = ["BEGIN:VEVENT", f"UID:{uid}", "DTSTAMP:20270101T000000Z", f"SUMMARY:{title}", f"DTSTART{kind}:{start}", f"DTEND{kind}:{end}",
             *more, "END:VEVENT"]
    return "\n".join(lines)


def calendar(*components, name="A feed"):
    head = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//calsync tests//EN", f"X-WR-CALNAME:{name}"]
    return "\n".join([*head, *components, "END:VCALENDAR"]) + "\n"
