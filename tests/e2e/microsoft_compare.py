# SPDX-License-Identifier: Apache-2.0
"""Whether the mirror holds what a Microsoft account's calendars hold, by every field. The mapping is written independently of the
product, from Microsoft's reference of the event resource."""
import datetime
import zoneinfo

from compare import UTC, field_differences

# Those that the tests use.
ZONES = {"UTC": "UTC", "W. Europe Standard Time": "Europe/Berlin", "Pacific Standard Time": "America/Los_Angeles",
         "Tokyo Standard Time": "Asia/Tokyo"}
RESPONSES = {"accepted": "accepted", "organizer": "accepted", "tentativelyAccepted": "tentative", "declined": "declined"}
SENSITIVITIES = {"personal": "private", "private": "private", "confidential": "confidential"}
# Differ with who asks, and are no part of the event.
SAID_ONLY = ("@odata.type", "@odata.context", "body", "cancelledOccurrences")
# An event that begins further away is outside of the window that is mirrored; none of a test is nearer to its edge than this.
FARTHEST = datetime.timedelta(days=1000)


def instant(moment):
    """A start or end that was asked for in UTC."""
    return datetime.datetime.fromisoformat(moment["dateTime"][:19]).replace(tzinfo=UTC)


def attendee(one, organizer):
    guest = {"email": one["emailAddress"]["address"], "response": RESPONSES.get(one.get("status", {}).get("response"), "needsAction")}
    if one["emailAddress"].get("name"):
        guest["name"] = one["emailAddress"]["name"]
    guest.update({name: True for name, said in (("optional", one.get("type") == "optional"), ("organizer", guest["email"] == organizer)) if said})
    return guest


def busy(event):
    declined = event["responseStatus"]["response"] == "declined"
    return not event["isCancelled"] and not declined and event["showAs"] not in ("free", "workingElsewhere")


def status(event):
    if event["isCancelled"]:
        return "cancelled"
    return "tentative" if event["showAs"] == "tentative" else "confirmed"


def expected(event):
    """The row that an event must have; `recurrence`, `etag` and `raw_payload` are compared elsewhere."""
    organizer, start, end = event["organizer"]["emailAddress"]["address"], instant(event["start"]), instant(event["end"])
    whole = event["isAllDay"]
    original = event.get("originalStart")
    return {
        "external_event_id": event["id"], "ical_uid": event["iCalUId"], "recurring_event_id": event["seriesMasterId"], "sequence": 0,
        "original_start_time": original and datetime.datetime.fromisoformat(original.replace("Z", "+00:00")),
        "visibility": SENSITIVITIES.get(event["sensitivity"], "default"), "sync_status": "SYNCED", "last_error": None, "deleted_at": None,
        "booking_id": None, "title": event["subject"], "description": event["bodyPreview"], "location": event["location"].get("displayName"),
        "organizer": organizer, "attendees": [attendee(one, organizer) for one in event["attendees"]], "start_time": start, "end_time": end,
        "is_all_day": whole, "start_date": start.date() if whole else None, "end_date": end.date() if whole else None,
        "time_zone": None if whole else ZONES[event["originalStartTimeZone"]], "status": status(event), "is_busy": busy(event),
    }


def rule_of(recurrence):
    """The parts of the RRULE of a daily or weekly series that ends after some times."""
    pattern, span = recurrence["pattern"], recurrence["range"]
    parts = {"FREQ": pattern["type"].upper(), "COUNT": str(span["numberOfOccurrences"])}
    if pattern["interval"] > 1:
        parts["INTERVAL"] = str(pattern["interval"])
    if pattern["type"] == "weekly":
        parts["BYDAY"] = ",".join(day[:2].upper() for day in pattern["daysOfWeek"])
    return parts


def removed_slots(event):
    """When the occurrences would have begun that were removed from a series: they are told by their days, which are those of its zone."""
    zone = zoneinfo.ZoneInfo(ZONES[event["originalStartTimeZone"]])
    clock = instant(event["start"]).astimezone(zone).time()
    days = [datetime.date.fromisoformat(one.rsplit(".", 1)[1]) for one in event.get("cancelledOccurrences", [])]
    return {datetime.datetime.combine(day, clock, zone).astimezone(UTC) for day in days}


def recurrence_differences(lines, event):
    if not event.get("recurrence"):
        if lines:
            yield f"recurrence is {lines} of an event that does not recur"
        return
    found = [dict(part.split("=") for part in line[6:].split(";")) for line in lines if line.startswith("RRULE:")]
    for parts in found:
        parts.pop("WKST", None)
    dates = [text for line in lines if line.startswith("EXDATE:") for text in line[7:].split(",")]
    slots = {datetime.datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC) for text in dates}
    if found != [rule_of(event["recurrence"])] or slots != removed_slots(event) or len(lines) > 2:
        yield f"recurrence is {lines} instead of {rule_of(event['recurrence'])} without {sorted(removed_slots(event))}"


def payload(event):
    return {name: value for name, value in event.items() if name not in SAID_ONLY}


def event_differences(row, event, same_for_all):
    yield from field_differences(row, {**expected(event), **same_for_all})
    yield from recurrence_differences(row["recurrence"] or [], event)
    # A series' etag does not say which of its occurrences were removed, and so has an addition here.
    if (row["etag"] or "").split(" ")[0] != event["@odata.etag"]:
        yield f"etag is {row['etag']!r} instead of {event['@odata.etag']!r}"
    if payload(row["raw_payload"]) != payload(event):
        yield f"raw_payload is {payload(row['raw_payload'])!r} instead of {payload(event)!r}"


def occurs(event):
    """A series without an occurrence is in no calendar's view, and so in nobody's mirror."""
    span = (event.get("recurrence") or {}).get("range", {})
    return "numberOfOccurrences" not in span or len(event.get("cancelledOccurrences", [])) < span["numberOfOccurrences"]


def differences(rows, state, same_for_all):
    """Sentences that say how `rows` (live rows by (calendar, event id)) differ from `state` (the emulator's, of the account).
    `same_for_all`: columns and values that every row must have."""
    beyond = datetime.datetime.now(UTC) + FARTHEST
    wanted = {(one["calendar"]["id"], event["id"]): event for one in state["calendars"] for event in one["events"] + one["exceptions"]
              if instant(event["start"]) < beyond and occurs(event)}
    found = [f"ghost: {key} is not at the provider" for key in rows if key not in wanted]
    found += [f"lost: {key} is not in the mirror" for key in wanted if key not in rows]
    for key in wanted.keys() & rows.keys():
        found += [f"{key}: {line}" for line in event_differences(rows[key], wanted[key], same_for_all)]
    return found
