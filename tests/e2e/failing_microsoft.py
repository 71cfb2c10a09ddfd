# SPDX-License-Identifier: Apache-2.0
"""What a FailureCase needs to hold Microsoft's accounts against the same expectations as Google's."""
import urllib.parse
import uuid

import graph_pushes
import harness
import microsoft_compare
from failing import FailureCase
from microsoft import CONTROL, day, meeting, offer


class Outlook:
    """The emulator, whose accounts are Microsoft's: what is put there in Google's words is an event of Outlook's, by its title alone."""

    def __init__(self, emulator):
        self._emulator, self._ids = emulator, {}

    def __getattr__(self, name):
        return getattr(self._emulator, name)

    def _order(self, method, path, body=None):
        return self._emulator.control(method, CONTROL + path, body)

    def add_account(self, email):
        self._order("POST", "/accounts", {"email": email, "kind": "work"})

    def put_event(self, email, _, event):
        order, known = {"email": email, "event": meeting(event["summary"], day(2))}, self._ids.get((email, event["id"]))
        if known:
            self._order("PATCH", "/events", {**order, "event_id": known})
        else:
            self._ids[email, event["id"]] = self._order("POST", "/events", order)["immutable_id"]

    def put_events(self, email, calendar_id, events):
        for event in events:
            self.put_event(email, calendar_id, event)

    def state(self, email):
        return self._order("GET", "/state?email=" + urllib.parse.quote(email))


class MicrosoftFailures(FailureCase):
    PROVIDER, API_PATH, TAKEN = "microsoft", "/graph/v1.0", 202

    @classmethod
    def setUpClass(cls):
        name = f"e2e_{uuid.uuid4().hex[:8]}"
        harness.cluster().create_database(name, harness.TEMPLATE)
        cls.stack = harness.Stack(harness.cluster(), name, cls.CONFIG, cls.FLAGS, cls.ENVIRONMENT)
        cls.addClassCleanup(cls.stack.close)
        offer(cls.stack, cls.stack.emulator.root)
        cls.outlook = Outlook(cls.stack.emulator)
        cls.stack.start_api()
        cls.stack.start_workers(cls.WORKERS)

    @property
    def emulator(self):
        return self.outlook

    def connect(self, owner, email):
        answer = self.stack.finish_oauth(owner, email, provider="microsoft")
        self.assertEqual(answer.status, 200, answer.text)
        return answer.json()["connection_id"]

    def connected(self, events=()):
        owner, email = self.stack.new_owner(), self.account(events)
        connection = self.connect(owner, email)
        self.stack.wait_synced(connection)
        return owner, email, connection

    def assertMirrors(self, owner, email_address, connection):
        same = {"provider": "microsoft", "provider_id": owner, "connection_id": connection}
        found = microsoft_compare.differences(self.stack.events(connection), self.emulator.state(email_address), same)
        self.assertEqual(found, [])

    def event_reads(self, address):
        return len([call for call in self.emulator.calls(account=address) if call["path"].endswith("/calendarView/delta")])

    def channel(self, connection, **more):
        return graph_pushes.Subscription(self.sql, connection, **more)

    def message(self, channel, number=7):
        return graph_pushes.message(graph_pushes.notification(channel, number))

    def push(self, channel):
        return self.stack.stranger.call("POST", graph_pushes.PATH, {"value": [graph_pushes.notification(channel)]})
