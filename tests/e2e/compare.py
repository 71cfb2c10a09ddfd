# SPDX-License-Identifier: Apache-2.0
"""Whether the mirror holds what the provider's calendars hold, by every field. The mapping is written independently of the
product, from Google's reference of the events resource."""
import datetime
import zoneinfo

UTC = datetime.timezone.utc


def instant(value, zone):
    """A start or end object of Google's as an instant; dates begin at midnight of the calendar's zone."""
    if value is None:
        return None
    if "date" in value:
        day = datetime.date.fromisoformat(value["date"])
        return datetime.datetime.combine(day, datetime.time(), zoneinfo.ZoneInfo(zone or "UTC")).astimezone(UTC)
    text = value["dateTime"].replace("Z", "+00:00")
    parsed = datetime.datetime.fromisoformat(text)
    if parsed.tzinfo is None:
        parsed = parsed.replace(tzinfo=zoneinfo.ZoneInfo(value.get("timeZone") or zone))
    return parsed.astimezone(UTC)


def day(value):
    return datetime.date.fromisoformat(value["date"]) if value and "date" in value else None


def is_busy(event):
    if event.get("transparency") == "transparent" or event.get("eventType") == "workingLocation":
        return False
    return not any(one.get("self") and one.get("responseStatus") == "declined" for one in event.get("attendees", []))


def attendee(one):
    """Only what is said about a guest; a guest who has said nothing needs to act."""
    guest = {"email": one.get("email", ""), "response": one.get("responseStatus", "needsAction")}
    if one.get("displayName"):
        guest["name"] = one["displayName"]
    guest.update({name: True for name in ("optional", "organizer", "self") if one.get(name)})
    return guest


def expected(event, zone):
    """The row that an event of a calendar in `zone` must have; None = no live row."""
    cancelled = event.get("status") == "cancelled"
    master = event.get("recurringEventId")
    if cancelled and not master:
        return None
    row = {
        "external_event_id": event["id"], "ical_uid": event.get("iCalUID"), "recurring_event_id": master,
        "original_start_time": instant(event.get("originalStartTime"), zone), "etag": event.get("etag"),
        "sequence": event.get("sequence", 0),
        "visibility": event.get("visibility", "default"), "raw_payload": event, "sync_status": "SYNCED", "last_error": None,
        "deleted_at": None,
        "booking_id": None,
    }
    if cancelled:
        row.update(status="cancelled", is_busy=False)
        return row
    start, end = event["start"], event["end"]
    # Systems keep every zone a second time below posix/, which is no part of an IANA name.
    row.update(
        title=event.get("summary"), description=event.get("description"), location=event.get("location"),
        organizer=event.get("organizer", {}).get("email"), attendees=[attendee(one) for one in event.get("attendees", [])],
        start_time=instant(start, zone), end_time=instant(end, zone), is_all_day="date" in start, start_date=day(start), end_date=day(end),
        time_zone=None if "date" in start else (start.get("timeZone") or zone).removeprefix("posix/"), status=event.get("status", "confirmed"),
        is_busy=is_busy(event),
        recurrence=event.get("recurrence", []))
    return row


# Absent and empty mean the same in these.
EMPTY_IS_ABSENT = ("title", "description", "location", "organizer", "ical_uid", "recurring_event_id", "time_zone", "last_error")


def differences(rows, truth, same_for_all):
    """Sentences that say how `rows` (live rows by (calendar, event id)) differ from `truth` (calendars by id: {"time_zone", "events"}).
    `same_for_all`: columns and values that every row must have."""
    wanted = {}
    for calendar_id, calendar in truth.items():
        live = {event["id"] for event in calendar["events"] if event.get("status") != "cancelled"}
        for event in calendar["events"]:
            row = expected(event, calendar["time_zone"])
            # A cancelled occurrence of a series that is gone is gone too; an invitation to one occurrence has no series.
            gone = event.get("status") == "cancelled" and event.get("recurringEventId") not in live
            if row and not gone:
                wanted[calendar_id, event["id"]] = {**row, **same_for_all}
    found = [f"ghost: {key} is not at the provider" for key in rows if key not in wanted]
    found += [f"lost: {key} is not in the mirror" for key in wanted if key not in rows]
    for key in wanted.keys() & rows.keys():
        found += [f"{key}: {line}" for line in field_differences(rows[key], wanted[key])]
    return found


def field_differences(row, wanted):
    for name, value in wanted.items():
        got = row[name]
        if name in EMPTY_IS_ABSENT:
            got, value = got or None, value or None
        elif name in ("recurrence", "attendees"):
            got, value = got or [], value or []
        if got != value:
            yield f"{name} is {got!r} instead of {value!r}"
