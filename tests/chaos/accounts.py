# SPDX-License-Identifier: Apache-2.0
"""Accounts and feeds at the provider, the connections that mirror them, and what differs between the two."""
import uuid

import independent_reader
from compare import differences
from corpus_compare import Comparison
from events import timed
from ical import calendar, vevent
from mirrored import Mirrored
from outlook import MicrosoftAccount

PROBE = "probe00001"


class GoogleAccount(Mirrored):
    provider = "google"

    def __init__(self, world, number, calendars):
        super().__init__(world)
        self.name = self.email = f"chaos{number}-{uuid.uuid4().hex[:6]}@example.com"
        self.shared_with = None
        world.emulator.add_account(self.email)
        self.own = [self.email]
        for index in range(calendars - 1):
            name = f"{self.email.split('@')[0]}-{index}@group.calendar.google.com"
            world.emulator.add_calendar(self.email, name, f"Calendar {index}", ("Europe/Berlin", "America/New_York", "Asia/Tokyo")[index % 3])
            self.own.append(name)

    def connect(self):
        self.connection = self.world.connect_google(self.owner, self.email)
        self.world.sql.execute("UPDATE external_calendar_connections SET sync_frequency_minutes = 1 WHERE id = %s", self.connection)

    def probe(self, mark):
        """One change, by which its arrival can be told."""
        self.world.emulator.put_event(self.email, self.email, timed(PROBE, mark))

    def arrived(self, mark):
        found = self.world.sql.column("SELECT title FROM external_calendar_events WHERE connection_id = %s AND external_calendar_id = %s"
                                      " AND external_event_id = %s AND deleted_at IS NULL", self.connection, self.email, PROBE)
        return found == [mark]

    def differences(self):
        truth = self.world.emulator.truth(self.email)
        same = {"provider": "google", "provider_id": self.owner, "connection_id": self.connection}
        return [f"{self.email} {line}" for line in differences(self.rows(), truth, same)]


class Feed(Mirrored):
    provider = "ics"

    def __init__(self, world, number):
        super().__init__(world)
        self.name = f"feed{number}-{uuid.uuid4().hex}"  # whoever knows it may read the feed: a secret
        self.version, self.titles, self.mark = 0, {}, "first"
        world.seen.add(self.name)
        self.publish()

    def text(self):
        events = [vevent(f"{uid}@feed.example", title, f"202703{day:02}T090000Z", f"202703{day:02}T100000Z", f"SEQUENCE:{self.version}")
                  for uid, (title, day) in sorted(self.titles.items())]
        probe = vevent("probe@feed.example", self.mark)
        return calendar(probe, *events, name="A feed of chaos").replace("\n", "\r\n")

    def publish(self):
        self.version += 1
        self.world.emulator.control("PUT", f"/feeds/{self.name}?etag=on&content_type=text/calendar", self.text())

    def connect(self):
        self.connection = self.world.connect_feed(self.owner, f"{self.world.feed_root}{self.name}.ics")
        self.world.sql.execute("UPDATE external_calendar_connections SET sync_frequency_minutes = 1 WHERE id = %s", self.connection)

    def probe(self, mark):
        self.mark = mark
        self.publish()

    def arrived(self, mark):
        found = self.world.sql.column("SELECT title FROM external_calendar_events WHERE connection_id = %s"
                                      " AND ical_uid = 'probe@feed.example' AND deleted_at IS NULL", self.connection)
        return found == [mark]

    def differences(self):
        rows = list(self.rows().values())
        found = Comparison(self.name[:8], independent_reader.read_file(self.text().encode()), rows)
        lost = [f"lost: {self.name[:8]} {uid}" for uid in {f"{uid}@feed.example" for uid in self.titles} - {row["ical_uid"] for row in rows}]
        ghosts = [f"ghost: {line}" if "is no event of the file" in line else line for line in found.sentences]
        foreign = [f"{row['external_event_id']} belongs to {row['provider_id']}" for row in rows if str(row["provider_id"]) != self.owner]
        return lost + ghosts + foreign


class Everyone:
    """Google and Microsoft accounts, in pairs that share a calendar now and then, and feeds."""

    def __init__(self, world, accounts, feeds, outlook):
        self.world = world
        self.accounts = [GoogleAccount(world, number, 2 + number % 2) for number in range(accounts)]
        self.outlook = [MicrosoftAccount(world, number, 1 + number % 3) for number in range(outlook)]
        self.feeds = [Feed(world, number) for number in range(feeds)]
        for some in (self.accounts, self.outlook):
            for first, second in zip(some[::2], some[1::2]):
                first.shared_with, second.shared_with = second, first

    def __iter__(self):
        return iter([*self.accounts, *self.outlook, *self.feeds])

    def connect(self):
        for one in self:
            one.connect()

    def duplicates(self):
        """Live rows that stand for the same event, by their key and by what the provider calls the event."""
        keys = self.world.sql.rows("SELECT connection_id, external_calendar_id, external_event_id, count(*) FROM external_calendar_events"
                                   " GROUP BY 1, 2, 3 HAVING count(*) > 1")
        instances = self.world.sql.rows("SELECT connection_id, external_calendar_id, ical_uid, original_start_time, count(*)"
                                        " FROM external_calendar_events WHERE deleted_at IS NULL AND ical_uid IS NOT NULL"
                                        " GROUP BY 1, 2, 3, 4 HAVING count(*) > 1")
        return [str(dict(row)) for row in keys + instances]
