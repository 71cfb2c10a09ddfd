# SPDX-License-Identifier: Apache-2.0
"""Every documented answer of the tag `calendar`."""
from openapi_world import played, row

RANGE = {"from": "2027-01-01T00:00:00Z", "to": "2028-01-01T00:00:00Z"}


def sync(status, what=None, when="on", wait=None, **body):
    return row("requestSync", status, what, when, body=body, **({} if wait is None else {"wait": wait}))


def events(status, what=None, when="on", **query):
    return row("listEvents", status, what, when, **{"provider_id": "$owner", **RANGE, **query})


@played("requestSync", 200)
def each_status(world):
    """All three words of `status`."""
    _, email, connection = world.case.connected()
    done = world.ask("requestSync", body={"connection_id": connection}, wait=20)
    with world.emulator.trouble("forbidden", email):
        failed = world.ask("requestSync", body={"connection_id": connection}, wait=20)
    world.stack.set(connection, "sync_enabled = false")
    waiting = world.ask("requestSync", body={"connection_id": connection}, wait=20)
    world.case.assertEqual([one.json()["status"] for one in (done, failed, waiting)], ["completed", "failed", "pending"])
    return waiting


@played("listEvents", 200)
def pages(world):
    first = world.ask("listEvents", provider_id=world.owner, limit=4, **RANGE)
    return world.ask("listEvents", provider_id=world.owner, limit=4, page_token=first.json()["next_page_token"], **RANGE)


ROWS = [
    sync(202, provider_id="$owner"), sync(202, connection_id="$connection"), each_status,
    sync(400, "invalid_request", provider_id="$owner", connection_id="$connection"),
    sync(400, "invalid_request", wait=61, provider_id="$owner"),
    sync(403, "not_allowlisted", "unlisted", provider_id="$owner"),
    sync(404, "not_found", connection_id="$nobody"),
    events(200), pages,
    events(400, "invalid_request", to="2026-01-01T00:00:00Z"),
    events(403, "not_allowlisted", "unlisted"),
    events(404, "not_found", provider_id="$nobody"),
]
