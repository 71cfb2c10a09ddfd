# SPDX-License-Identifier: Apache-2.0
"""Every documented answer of the tag `connections`."""
from openapi_world import played, row
from waiting import wait_until

ONE = {"id": "$connection"}
FEED = {"provider_id": "$owner", "provider": "ics", "url": "https://feeds.example/one.ics"}
ON_ONE = ("getConnection", "changeConnection", "disconnect", "explainConnection", "confirmConnection", "listCalendars")


def feed(status, what=None, when="on", **changes):
    return row("connectFeed", status, what, when, body={**FEED, **changes})


def change(status, what=None, **body):
    return row("changeConnection", status, what, body=body, **ONE)


def confirm(status, what=None, **body):
    return row("confirmConnection", status, what, body=body, **ONE)


@played("changeConnection", 409, "awaiting_confirmation")
def enable_unconfirmed(world):
    connection = world.stack.connect_feed(world.owner, "https://feeds.example/waits.ics")
    world.stack.set(connection, "awaiting_confirmation = true, sync_enabled = false")
    return world.ask("changeConnection", body={"sync_enabled": True}, id=connection)


@played("disconnect", 200)
def disconnect(world):
    """Each word of `revocation` but not_configured, which takes another server."""
    _, email, one = world.case.connected()
    other = world.stack.connect_google(world.stack.new_owner(), email)
    # The emulator refuses channels of an address without TLS; one that is being asked for would leave the revocation to a worker.
    refused = "SELECT count(*) FROM external_calendars WHERE watch_error IS NOT NULL AND connection_id = ANY (%s::uuid[])"
    wait_until(lambda: world.sql.value(refused, [one, other]) == 2, 20, "the channels were refused")
    feed_id = world.stack.connect_feed(world.owner, "https://feeds.example/two.ics")
    words = [world.ask("disconnect", id=connection).json()["revocation"] for connection in (one, other, feed_id)]
    _, _, late = world.case.connected()
    with world.emulator.trouble("unavailable", operation="revoke"):
        last = world.ask("disconnect", id=late)
    world.case.assertEqual([*words, last.json()["revocation"]], ["shared", "done", "not_needed", "queued"])
    return last


ROWS = [
    row("listConnections", 200, provider_id="$owner"),
    row("listConnections", 400, "invalid_request"),
    row("listConnections", 403, "not_allowlisted", "unlisted", provider_id="$owner"),
    row("listConnections", 404, "not_found", provider_id="$nobody"),
    feed(201), feed(200),
    feed(400, "invalid_request", unknown_field=1),
    feed(403, "not_allowlisted", "unlisted"),
    feed(404, "not_found", provider_id="$nobody"),
    feed(422, "invalid_url", url="mailto:somebody@example.com"),
    feed(422, "unsupported_provider", provider="google"),
    row("getConnection", 200, **ONE), row("listCalendars", 200, **ONE),
    row("explainConnection", 200, **ONE), row("explainConnection", 200, caller="admin", **ONE),
    change(200), change(200, sync_enabled=True, sync_frequency_minutes=15, calendars=["$email"]),
    change(400, "invalid_request", sync_frequency_minutes=0),
    change(422, "unknown_calendar", calendars=["nobody's"]),
    enable_unconfirmed,
    confirm(200, provider_id="$owner"), confirm(400, "invalid_request"), confirm(409, "other_owner", provider_id="$other_owner"),
    disconnect,
    *(row(operation, 404, "not_found", id="$nobody") for operation in ON_ONE),
    *(row(operation, 403, "not_allowlisted", "unlisted", **ONE) for operation in ON_ONE),
]
