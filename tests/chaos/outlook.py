# SPDX-License-Identifier: Apache-2.0
"""Microsoft accounts of chaos, and people who change their calendars through the emulator's control plane."""
import collections
import datetime
import urllib.parse
import uuid

from microsoft import at, day, meeting
from microsoft_compare import ZONES, differences
from mirrored import Mirrored

CONTROL = "/microsoft"
MOST_EVENTS = 40
# Days from today, well inside of the window that is mirrored.
NEAREST, LATEST = 3, 330
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


class MicrosoftAccount(Mirrored):
    provider = "microsoft"

    def __init__(self, world, number, calendars):
        super().__init__(world)
        self.name = self.email = f"outlook{number}-{uuid.uuid4().hex[:6]}@contoso.example"
        self.shared_with, self.probed = None, None
        self.control("POST", "/accounts", {"email": self.email, "kind": "work", "timeZone": "W. Europe Standard Time",
                                           "calendars": [{"name": f"Calendar {index}"} for index in range(calendars - 1)]})

    def control(self, method, path, body=None):
        return self.world.emulator.control(method, CONTROL + path, body)

    def state(self):
        return self.control("GET", "/state?email=" + urllib.parse.quote(self.email))

    def connect(self):
        answer = self.world.finish_oauth(self.owner, self.email, provider="microsoft")
        if answer.status != 200:
            raise AssertionError(f"the callback answers {answer.status} {answer.text}")
        self.connection = answer.json()["connection_id"]
        self.world.sql.execute("UPDATE external_calendar_connections SET sync_frequency_minutes = 1 WHERE id = %s", self.connection)

    def probe(self, mark):
        event = meeting(mark, day(NEAREST))
        if self.probed:
            self.control("PATCH", "/events", {"email": self.email, "event_id": self.probed, "event": event})
        else:
            self.probed = self.control("POST", "/events", {"email": self.email, "event": event})["immutable_id"]

    def arrived(self, mark):
        found = self.world.sql.column("SELECT title FROM external_calendar_events WHERE connection_id = %s AND external_event_id = %s"
                                      " AND deleted_at IS NULL", self.connection, self.probed)
        return found == [mark]

    def differences(self):
        same = {"provider": "microsoft", "provider_id": self.owner, "connection_id": self.connection}
        return [f"{self.email} {line}" for line in differences(self.rows(), self.state(), same)]


class OutlookMutator:
    """One change at an account that the caller holds, and with it the one that it shares with."""

    def __init__(self, rng):
        self.rng, self.done = rng, collections.Counter()
        self._changes = (("insert", 6), ("edit", 5), ("retime", 2), ("delete", 2), ("series", 3), ("exception", 4), ("cancel", 3), ("longer", 1),
                         ("move", 1), ("out", 1), ("rename", 1), ("new_calendar", 1), ("share", 1))

    def change(self, account):
        """Whether there was something to do."""
        names, weights = zip(*self._changes)
        name = self.rng.choices(names, weights)[0]
        done = bool(getattr(self, "_" + name)(account))
        self.done[name] += done
        return done

    # -- where

    def _calendar(self, account):
        return self.rng.choice(account.state()["calendars"])

    def _one(self, account, series=False):
        """(calendar, event) that is or is not a series; None when there is none."""
        calendar = self._calendar(account)
        found = [one for one in calendar["events"] if one["id"] != account.probed and (one["type"] == "seriesMaster") == series]
        return (calendar, self.rng.choice(found)) if found else None

    def _order(self, account, method, found, path="", **more):
        """About what _one() found."""
        account.control(method, "/events" + path, {"email": account.email, "calendar_id": found[0]["calendar"]["id"],
                                                   "event_id": found[1]["id"], **more})
        return True

    def _day(self):
        return day(self.rng.randint(NEAREST, LATEST))

    def _put(self, account, event):
        calendar = self._calendar(account)["calendar"]["id"]
        return account.control("POST", "/events", {"email": account.email, "calendar_id": calendar, "event": event})

    def _times(self, date):
        zone = self.rng.choice(sorted(ZONES))
        hour = self.rng.randint(6, 18)
        return {"start": at(date, hour, 0, zone), "end": at(date, hour, 45, zone)}

    # -- what; each answers whether there was something to do

    def _insert(self, account):
        guests = [{"emailAddress": {"address": "a@guests.example", "name": "A"}, "type": self.rng.choice(("required", "optional")),
                   "status": {"response": self.rng.choice(("accepted", "declined", "none"))}}]
        number, date = self.rng.randint(NEAREST, LATEST), self._day()
        event = self.rng.choice((
            {"subject": f"Inserted {self.rng.random()} ünïcødé '; --", "attendees": guests, **self._times(date)},
            {"subject": f"Whole {self.rng.random()}", "isAllDay": True, "start": at(day(number), 0), "end": at(day(number + 2), 0)},
            {"subject": "Maybe", "showAs": "tentative", **self._times(date)},
            {"subject": "Declined", "isOrganizer": False, "responseStatus": {"response": "declined"},
             "organizer": {"emailAddress": {"address": "o@people.example"}}, **self._times(date)},
            {"subject": "Called off", "isCancelled": True, **self._times(date)}))
        return self._put(account, event)

    def _edit(self, account):
        """Of single events and whole series, and what leaves the exceptions of these as they are."""
        found = self._one(account, series=self.rng.random() < 0.4)
        changes = ({"subject": f"Edited {self.rng.random()}"}, {"location": {"displayName": f"Room {self.rng.random()}"}},
                   {"body": {"contentType": "text", "content": "x" * 200}}, {"showAs": self.rng.choice(("free", "busy", "oof"))},
                   {"sensitivity": self.rng.choice(("private", "normal", "confidential"))})
        return found and self._order(account, "PATCH", found, event=self.rng.choice(changes))

    def _retime(self, account):
        """A series loses its exceptions and removals by it."""
        found = self._one(account, series=self.rng.random() < 0.5)
        if not found or found[1]["isAllDay"]:
            return False
        times = self._times(self._day()) if found[1]["type"] == "singleInstance" else self._clock(found[1])
        return self._order(account, "PATCH", found, event=times)

    def _clock(self, series):
        """Another time on the same days."""
        date, hour = series["recurrence"]["range"]["startDate"], self.rng.randint(6, 18)
        zone = series["originalStartTimeZone"]
        return {"start": at(date, hour, 15, zone), "end": at(date, hour, 50, zone)}

    def _delete(self, account):
        found = self._one(account, series=self.rng.random() < 0.3)
        if not found:
            return False
        live = [one for one in found[0]["events"] if one["id"] not in (account.probed, found[1]["id"])]
        # Full calendars shrink.
        for one in [found[1], *self.rng.sample(live, max(0, len(live) - MOST_EVENTS))]:
            self._order(account, "DELETE", (found[0], one))
        return True

    def _series(self, account):
        """Weekly or daily, and rarely longer than a page of its occurrences."""
        number, times = self.rng.randint(NEAREST, LATEST - 120), self.rng.choice((3, 7, 16))
        date = day(number)
        weekday = WEEKDAYS[datetime.date.fromisoformat(date).weekday()]
        pattern = self.rng.choice(({"type": "daily", "interval": self.rng.randint(1, 4)},
                                   {"type": "weekly", "interval": 1, "daysOfWeek": [weekday], "firstDayOfWeek": "monday"}))
        span = {"type": "numbered", "startDate": date, "numberOfOccurrences": times}
        return self._put(account, {"subject": f"Series {self.rng.random()}", "recurrence": {"pattern": pattern, "range": span},
                                   **self._times(date)})

    def _occurrence(self, account):
        """(calendar, series, the day of one of its first occurrences) that is still there, or None."""
        found = self._one(account, series=True)
        if not found:
            return None
        series = found[1]
        pattern, first = series["recurrence"]["pattern"], series["recurrence"]["range"]["startDate"]
        step = 7 if pattern["type"] == "weekly" else pattern["interval"]
        date = datetime.date.fromisoformat(first) + datetime.timedelta(days=step * self.rng.randint(0, 2))
        removed = [one.rsplit(".", 1)[1] for one in series.get("cancelledOccurrences", [])]
        return None if date.isoformat() in removed else (*found, date.isoformat())

    def _exception(self, account):
        found = self._occurrence(account)
        if not found:
            return False
        changes = {"subject": f"Moved {self.rng.random()}", **self._times(found[2])} if self.rng.random() < 0.7 else {"showAs": "free"}
        return self._order(account, "PATCH", found, day=found[2], event=changes)

    def _cancel(self, account):
        found = self._occurrence(account)
        return found and self._order(account, "POST", found, path="/cancel", day=found[2])

    def _longer(self, account):
        """Once more a week or a day."""
        found = self._one(account, series=True)
        if not found:
            return False
        recurrence = found[1]["recurrence"]
        recurrence["range"]["numberOfOccurrences"] += 1
        return self._order(account, "PATCH", found, event={"recurrence": {"pattern": recurrence["pattern"], "range": recurrence["range"]}})

    def _move(self, account):
        """Into another calendar of the same mailbox."""
        own = [one for one in account.state()["calendars"] if one["calendar"]["owner"] == account.email]
        found = self._one(account, series=self.rng.random() < 0.3)
        if not found or len(own) < 2 or found[0]["calendar"]["owner"] != account.email:
            return False
        return self._order(account, "POST", found, path="/move", destination=self.rng.choice(own)["calendar"]["id"])

    def _out(self, account):
        """Out of the window that is mirrored, or back."""
        found = self._one(account)
        if not found or found[1]["isAllDay"]:
            return False
        away = day(2000) if self.rng.random() < 0.5 else self._day()
        return self._order(account, "PATCH", found, event=self._times(away))

    def _rename(self, account):
        name = self._calendar(account)["calendar"]["id"]
        return account.control("PATCH", "/calendars", {"email": account.email, "calendar_id": name, "name": f"Name {self.rng.random()}"})

    def _new_calendar(self, account):
        """A further one, or one less."""
        own = [one for one in account.state()["calendars"] if one["calendar"]["owner"] == account.email]
        if len(own) < 4:
            return account.control("POST", "/calendars", {"email": account.email, "name": f"New {self.rng.random()}"})
        name = self.rng.choice([one["calendar"]["id"] for one in own if not one["calendar"]["default"]])
        account.control("DELETE", "/calendars", {"email": account.email, "calendar_id": name})
        return True

    def _share(self, account):
        """What the other one has of it already is taken back."""
        other = account.shared_with
        if not other:
            return False
        shared = [one["calendar"]["id"] for one in other.state()["calendars"] if one["calendar"]["owner"] == account.email]
        if shared:
            other.control("DELETE", "/calendars", {"email": other.email, "calendar_id": shared[0]})
            return True
        own = [one["calendar"]["id"] for one in account.state()["calendars"] if one["calendar"]["owner"] == account.email]
        return account.control("POST", "/calendars/share", {"email": account.email, "calendar_id": self.rng.choice(own), "with": other.email,
                                                            "can_edit": True})
