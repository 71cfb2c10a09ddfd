# SPDX-License-Identifier: Apache-2.0
"""Events as Google's API has them."""


def timed(event_id, title, day="2027-03-01", begin="09:00", end="10:00", **more):
    return {"id": event_id, "summary": title, "start": {"dateTime": f"{day}T{begin}:00Z"}, "end": {"dateTime": f"{day}T{end}:00Z"}, **more}


def zoned(event_id, title, zone, day="2027-03-01", begin="09:00", end="10:00", **more):
    """Wall-clock times with a zone and no offset."""
    return {"id": event_id, "summary": title, "start": {"dateTime": f"{day}T{begin}:00", "timeZone": zone},
            "end": {"dateTime": f"{day}T{end}:00", "timeZone": zone}, **more}


def all_day(event_id, title, first="2027-03-01", after="2027-03-02", **more):
    return {"id": event_id, "summary": title, "start": {"date": first}, "end": {"date": after}, **more}


def weekly(event_id, title, zone="Europe/Paris", **more):
    return zoned(event_id, title, zone, recurrence=["RRULE:FREQ=WEEKLY;COUNT=10"], **more)


def assorted():
    """One of everything that matters to the mapping."""
    return [
        timed("plain00001", "Plain"),
        timed("full000001", "Full", description="Line one\nLine two \"quoted\" \\ back", location="12 rue de l’Été",
              visibility="private",
              attendees=[{"email": "a@example.com", "displayName": "A", "responseStatus": "accepted", "organizer": True},
                         {"email": "b@example.com", "responseStatus": "declined", "optional": True}]),
        zoned("zoned00001", "In New York", "America/New_York", day="2027-03-13", begin="23:30", end="23:45"),
        all_day("allday0001", "A day"),
        all_day("allday0002", "Three days", "2027-03-27", "2027-03-30"),
        timed("free000001", "Free", transparency="transparent"),
        timed("maybe00001", "Maybe", status="tentative"),
        timed("notitle001", ""),
        timed("emoji00001", "Ünïcødé 🎉 ‮rtl '; DROP TABLE x; --"),
        weekly("weekly0001", "Weekly"),
        all_day("yearly0001", "Birthday", recurrence=["RRULE:FREQ=YEARLY"]),
    ]
