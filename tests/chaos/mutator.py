# SPDX-License-Identifier: Apache-2.0
"""People who change their calendars all the time, through the emulator's control plane."""
import collections
import datetime

from compare import UTC, instant
from events import all_day, timed, zoned
from outlook import OutlookMutator

MOST_EVENTS = 40
SHARED = "shared-{}@group.calendar.google.com"


class Mutator:
    """One change a step, at an account that nobody else holds."""

    def __init__(self, everyone, rng):
        self.everyone, self.rng = everyone, rng
        self.emulator = everyone.world.emulator
        self.done, self.refused, self._serial = collections.Counter(), collections.Counter(), 0
        self.microsoft = OutlookMutator(rng)
        self._changes = (("insert", 5), ("edit", 6), ("delete", 2), ("series", 2), ("exception", 3), ("cancel", 2), ("split", 1),
                         ("burst", 1), ("rename", 1), ("share", 1), ("unshare", 1), ("feed", 3), ("outlook", 12))

    def step(self):
        names, weights = zip(*self._changes)
        change = self.rng.choices(names, weights)[0]
        targets = {"feed": self.everyone.feeds, "outlook": self.everyone.outlook}.get(change, self.everyone.accounts)
        if not targets:
            return
        target = self.rng.choice(targets)
        with_partner = [one for one in (target, getattr(target, "shared_with", None)) if one]
        held = []
        try:
            for one in with_partner:
                if not one.lock.acquire(blocking=False):
                    return
                held.append(one)
            self._change(change, target)
        finally:
            for one in held:
                one.lock.release()

    def _change(self, change, target):
        try:
            if getattr(self, "_" + change)(target):
                self.done[change] += 1
        except AssertionError as error:
            # The provider's word on what cannot be, such as a rule that ends before it begins.
            if " answers 4" not in str(error):
                raise
            self.refused[change] += 1

    # -- where

    def _calendar(self, account):
        calendars = self.emulator.truth(account.email)
        calendar_id = self.rng.choice(sorted(calendars))
        return calendar_id, calendars[calendar_id]

    def _live(self, calendar, series=False):
        return [one for one in calendar["events"] if one.get("status") != "cancelled" and one["id"] != "probe00001"
                and (not series or one.get("recurrence"))]

    def _exceptions_of(self, calendar, series):
        """A series that is cut or moved loses some of them without the provider's saying so in its delta."""
        return [one for one in calendar["events"] if one.get("recurringEventId") == series["id"]]

    def _new_id(self):
        self._serial += 1
        return f"event{self._serial:06}"

    def _day(self):
        return f"2027-{self.rng.randint(1, 12):02}-{self.rng.randint(1, 28):02}"

    # -- what; each answers whether there was something to do

    def _insert(self, account):
        calendar_id, _ = self._calendar(account)
        name, title, day = self._new_id(), f"Inserted {self.rng.random()} ünïcødé '; --", self._day()
        after = (datetime.date.fromisoformat(day) + datetime.timedelta(days=self.rng.randint(1, 3))).isoformat()
        guests = [{"email": "a@guests.example", "responseStatus": self.rng.choice(("accepted", "declined", "needsAction"))}]
        event = self.rng.choice((timed(name, title, day, attendees=guests), all_day(name, title, day, after),
                                 zoned(name, title, "America/New_York", day), timed(name, title, day, transparency="transparent")))
        self.emulator.put_event(account.email, calendar_id, event)
        return True

    def _patch(self, account, calendar_id, event_id, changes, **more):
        self.emulator.control("PATCH", "/events", {"email": account.email, "calendar_id": calendar_id, "event_id": event_id,
                                                   "event": changes, **more})

    def _edit(self, account):
        calendar_id, calendar = self._calendar(account)
        live = self._live(calendar)
        if not live:
            return False
        one, day = self.rng.choice(live), self._day()
        changes = [{"summary": f"Edited {self.rng.random()}"}, {"location": day, "description": "x" * 400},
                   {"transparency": "transparent"}, {"visibility": "private"}]
        if not self._exceptions_of(calendar, one):
            changes.append({"start": {"dateTime": f"{day}T11:00:00Z"}, "end": {"dateTime": f"{day}T12:30:00Z"}})
        self._patch(account, calendar_id, one["id"], self.rng.choice(changes))
        return True

    def _delete(self, account):
        calendar_id, calendar = self._calendar(account)
        live = self._live(calendar)
        # Full calendars shrink.
        for one in self.rng.sample(live, min(len(live), 1 + max(0, len(live) - MOST_EVENTS))):
            try:
                self.emulator.delete_event(account.email, calendar_id, one["id"])
            except AssertionError:
                # An exception that went with its series just now.
                continue
        return bool(live)

    def _series(self, account):
        calendar_id, _ = self._calendar(account)
        count = self.rng.randint(3, 9)
        event = zoned(self._new_id(), f"Series {self.rng.random()}", "UTC", self._day(), recurrence=[f"RRULE:FREQ=WEEKLY;COUNT={count}"])
        self.emulator.put_event(account.email, calendar_id, event)
        return True

    def _occurrence(self, account, whole=False):
        """(calendar, event, the start of one of its occurrences), or None. `whole`: of a series without exceptions."""
        calendar_id, calendar = self._calendar(account)
        series = [one for one in self._live(calendar, series=True) if not whole or not self._exceptions_of(calendar, one)]
        if not series:
            return None
        one = self.rng.choice(series)
        start = instant(one["start"], calendar["time_zone"]) + datetime.timedelta(weeks=self.rng.randint(0, 2))
        return calendar_id, one["id"], start.astimezone(UTC)

    def _exception(self, account):
        found = self._occurrence(account)
        if found:
            moved = found[2] + datetime.timedelta(hours=self.rng.randint(1, 30))
            times = {"start": {"dateTime": f"{moved:%Y-%m-%dT%H:%M:%SZ}"},
                     "end": {"dateTime": f"{moved + datetime.timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}"}}
            self._patch(account, found[0], found[1], {"summary": f"Moved {self.rng.random()}", **times},
                        original_start=f"{found[2]:%Y%m%dT%H%M%SZ}")
        return bool(found)

    def _of_occurrence(self, account, what, whole=False, **more):
        found = self._occurrence(account, whole)
        if found:
            self.emulator.control("POST", f"/events/{what}", {"email": account.email, "calendar_id": found[0], "event_id": found[1],
                                                              "original_start": f"{found[2]:%Y%m%dT%H%M%SZ}", **more})
        return bool(found)

    def _cancel(self, account):
        return self._of_occurrence(account, "cancel")

    def _split(self, account):
        return self._of_occurrence(account, "split", whole=True, event={"summary": f"Later {self.rng.random()}"})

    def _burst(self, account):
        calendar_id, calendar = self._calendar(account)
        if len(calendar["events"]) < MOST_EVENTS:
            self.emulator.control("POST", "/events/burst", {"email": account.email, "calendar_id": calendar_id,
                                                            "count": self.rng.randint(5, 15), "seed": self.rng.randint(1, 10**6)})
        return True

    def _rename(self, account):
        self.emulator.rename_calendar(account.email, self.rng.choice(account.own), f"Name {self.rng.random()}")
        return True

    def _share(self, account):
        name = SHARED.format(account.email.split("@")[0])
        for one in (account, account.shared_with):
            if one:
                self.emulator.add_calendar(one.email, name, "Shared", "Europe/London")
        return True

    def _unshare(self, account):
        """For one of the two, who may be the one whose calendar it is."""
        others = sorted(set(self.emulator.truth(account.email)) - set(account.own))
        if others:
            self.emulator.remove_calendar(account.email, self.rng.choice(others))
        return bool(others)

    def _outlook(self, account):
        return self.microsoft.change(account)

    def _feed(self, feed):
        for _ in range(self.rng.randint(1, 4)):
            uid = f"u{self.rng.randint(1, 25)}"
            if uid in feed.titles and self.rng.random() < 0.4:
                del feed.titles[uid]
            else:
                feed.titles[uid] = (f"Title {self.rng.random()}", self.rng.randint(1, 28))
        feed.publish()
        return True
