# SPDX-License-Identifier: Apache-2.0
"""Microsoft accounts: a stack that has the provider, and people's actions in Outlook."""
import datetime
import uuid

import harness
from channels import LIVE
from harness import wait_until

CONTROL = "/microsoft"


def day(offset):
    """A date so many days from now."""
    return (datetime.datetime.now(datetime.timezone.utc).date() + datetime.timedelta(days=offset)).isoformat()


def at(date, hour=9, minute=0, zone="UTC"):
    return {"dateTime": f"{date}T{hour:02}:{minute:02}:00", "timeZone": zone}


def meeting(subject, date, hour=9, zone="UTC", **more):
    """An event of half an hour."""
    return {"subject": subject, "start": at(date, hour, 0, zone), "end": at(date, hour, 30, zone), **more}


def daily(subject, date, count, **more):
    pattern = {"pattern": {"type": "daily", "interval": 1}, "range": {"type": "numbered", "startDate": date, "numberOfOccurrences": count}}
    return meeting(subject, date, recurrence=pattern, **more)


def endpoints(root):
    return {"authorize": root + "/entra/{tenant}/oauth2/v2.0/authorize", "token": root + "/entra/{tenant}/oauth2/v2.0/token",
            "api": root + "/graph/v1.0"}


def offer(stack, root, **settings):
    """The stack, whose daemons have not started yet, has the provider: an emulator that is reached at `root`."""
    stack.config["providers"]["microsoft"] = {"endpoints": endpoints(root), **settings}
    stack.write_config()
    stack.environment.update({"MICROSOFT_CLIENT_ID": "e2e-client", "MICROSOFT_CLIENT_SECRET": stack.client_secret,
                              "MICROSOFT_REDIRECT_URI": stack.root + "/api/auth/microsoft/callback"})


class MicrosoftCase(harness.Case):
    """Calls go straight to the emulator: its links are absolute, and no proxy's."""
    ACCOUNT = "work"

    @classmethod
    def setUpClass(cls):
        name = f"e2e_{uuid.uuid4().hex[:8]}"
        harness.cluster().create_database(name, harness.TEMPLATE)
        cls.stack = harness.Stack(harness.cluster(), name, cls.CONFIG, cls.FLAGS, cls.ENVIRONMENT)
        cls.addClassCleanup(cls.stack.close)
        offer(cls.stack, cls.stack.emulator.direct, **cls.CONFIG.get("providers", {}).get("microsoft", {}))
        cls.stack.emulator.control("POST", "/settings", {"push_allow_http": True, "graph_notification_retry_ms": 50})
        cls.stack.start_api()
        cls.stack.start_workers(cls.WORKERS)

    def control(self, method, path, body=None):
        return self.emulator.control(method, CONTROL + path, body)

    def mailbox(self, events=(), **more):
        email = f"{uuid.uuid4().hex[:10]}@example.com"
        self.control("POST", "/accounts", {"email": email, "kind": self.ACCOUNT, **more})
        for event in events:
            self.put(email, event)
        return email

    def put(self, email, event, calendar="default"):
        """The new event's immutable id."""
        return self.control("POST", "/events", {"email": email, "calendar_id": calendar, "event": event})["immutable_id"]

    def edit(self, email, event_id, event, **more):
        self.control("PATCH", "/events", {"email": email, "event_id": event_id, "event": event, **more})

    def remove(self, email, event_id, **more):
        self.control("DELETE", "/events", {"email": email, "event_id": event_id, **more})

    def connect(self, owner, email):
        answer = self.stack.finish_oauth(owner, email, provider="microsoft")
        self.assertEqual(answer.status, 200, answer.text)
        return answer.json()["connection_id"]

    def connected(self, events=(), **more):
        owner, email = self.stack.new_owner(), self.mailbox(events, **more)
        connection = self.connect(owner, email)
        self.stack.wait_synced(connection)
        return owner, email, connection

    def titles(self, connection):
        return sorted(row["title"] for row in self.stack.events(connection).values())

    def wait_titles(self, connection, titles, timeout=15):
        wait_until(lambda: self.titles(connection) == sorted(titles), timeout,
                   lambda: f"{sorted(titles)} are mirrored; there are {self.titles(connection)}")

    def subscriptions(self, email):
        """Open subscriptions at the provider, by id."""
        rows = self.control("GET", "/subscriptions?open=true")["subscriptions"]
        return {row["id"]: row for row in rows if row["account"] == email}

    def wait_subscribed(self, connection, email, count=1, timeout=15):
        """Until there are as many live channels here and at the provider; the rows."""
        def settled():
            rows = self.sql.rows(LIVE, connection)
            others = self.sql.value("SELECT count(*) FROM calendar_push_channels WHERE connection_id = %s AND state <> 'live'", connection)
            there = self.subscriptions(email)
            return rows if not others and len(rows) == count and {row["resource_id"] for row in rows} == set(there) else None
        return wait_until(settled, timeout, lambda: f"{count} subscriptions; there are {self.sql.rows(LIVE, connection)} here and "
                                                    f"{self.subscriptions(email)} there")
