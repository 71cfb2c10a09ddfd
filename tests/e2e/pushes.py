# SPDX-License-Identifier: Apache-2.0
"""Push messages as Google sends them: channels, single messages, and storms of them over kept connections."""
import concurrent.futures
import hashlib
import secrets
import socket
import uuid

import harness
from harness import wait_until

PATH = "/api/webhooks/calendar/google"


def new_channel(sql, connection, state="live", resource="res-1", calendar=None):
    """(id, secret) of a channel of this connection's primary or another calendar, as the keeper of channels leaves it."""
    name, secret = str(uuid.uuid4()), secrets.token_urlsafe(32)
    known = sql.column("SELECT external_calendar_id FROM external_calendars WHERE connection_id = %s AND is_primary", connection)
    sql.execute("INSERT INTO calendar_push_channels (id, connection_id, external_calendar_id, resource_id, secret_hash, state, expires_at)"
                " VALUES (%s, %s, %s, %s, %s, %s, now() + interval '7 days')",
                name, connection, calendar or (known or ["primary"])[0], resource, hashlib.sha256(secret.encode()).hexdigest(), state)
    return name, secret


def genuine(channel, number=7, state="exists", resource="res-1"):
    """The headers of a message of this channel, all that Google's guide lists."""
    return {"X-Goog-Channel-ID": channel[0], "X-Goog-Channel-Token": channel[1], "X-Goog-Channel-Expiration": "Tue, 19 Nov 2030 01:13:52 GMT",
            "X-Goog-Resource-ID": resource, "X-Goog-Resource-URI": "https://www.googleapis.com/calendar/v3/calendars/primary/events?alt=json",
            "X-Goog-Resource-State": state, "X-Goog-Message-Number": str(number)}


def as_bytes(value):
    return value if isinstance(value, bytes) else value.encode()


def request(headers, body=b"", path=PATH):
    """The bytes of one POST; `headers` is a dictionary or pairs, whose values may be bytes that no client library would send."""
    pairs = headers.items() if isinstance(headers, dict) else headers
    lines = [b"POST " + path.encode() + b" HTTP/1.1", b"Host: calsync.example", b"Content-Length: " + str(len(body)).encode()]
    lines += [as_bytes(name) + b": " + as_bytes(value) for name, value in pairs]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


class Announced:
    """Part of a test case whose CONFIG has channels opened: the provider really serves them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.stack.emulator.control("POST", "/settings", {"push_allow_http": True})

    def watched_there(self, events=()):
        """(owner, address, connection, its channel's id) of an account in step, with nothing under way."""
        owner, email, connection = self.connected(events)
        live = "SELECT id FROM calendar_push_channels WHERE connection_id = %s AND state = 'live' AND resource_id IS NOT NULL"
        channel, = wait_until(lambda: self.sql.column(live, connection), 15, "the channel is open")
        self.emulator.wait_delivery(channel, state="sync", outcome="delivered")
        self.stack.wait_synced(connection)
        return owner, email, connection, channel


class Line:
    """One kept connection to the api-server."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self.stream = self.socket.makefile("rb")

    def ask(self, sent):
        """(status, body) of the answer to these bytes."""
        self.socket.sendall(sent)
        first = self.stream.readline()
        if not first:
            raise AssertionError(f"no answer to {sent[:200]!r}")
        length = 0
        while (line := self.stream.readline().strip()):
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        return int(first.split()[1]), self.stream.read(length).decode()

    def close(self):
        self.stream.close()
        self.socket.close()


def ask_once(port, sent):
    line = Line(port)
    try:
        return line.ask(sent)
    finally:
        line.close()


def deliver(port, messages, senders=8):
    """Statuses of the answers to these requests, sent by so many senders at a time, each over a connection of its own."""
    def send_part(part):
        line = Line(port)
        try:
            return [line.ask(message)[0] for message in part]
        finally:
            line.close()
    parts = [messages[first::senders] for first in range(senders)]
    with concurrent.futures.ThreadPoolExecutor(senders) as pool:
        return [status for statuses in pool.map(send_part, parts) for status in statuses]


class PushCase(harness.Case):
    # The keeper leaves alone the channels that the tests put there: they are those that it wants. The provider opens none of its
    # own for an address without TLS.
    CONFIG = {"push": {"open_channels": True}}

    def channel(self, connection, **more):
        return new_channel(self.sql, connection, **more)

    def push(self, channel, state="exists", resource="res-1", body=None, **headers):
        fields = {**genuine(channel, state=state, resource=resource), "Content-Length": "0", **headers}
        return self.stack.stranger.call("POST", PATH, body, {key: value for key, value in fields.items() if value is not None})

    def watched(self, events=()):
        owner, email, connection = self.connected(events)
        return owner, email, connection, self.channel(connection)

    def assertUntouched(self, connection, before):
        self.assertEqual(self.stack.connection(connection), before)
