# SPDX-License-Identifier: Apache-2.0
"""Every documented answer of the operators' endpoints: choosing and acting on connections, their records, and bulk actions."""
import concurrent.futures
import json

import psycopg2

from events import timed
from openapi_world import played, row
from waiting import wait_until

ONE = {"id": "$connection"}
WHY = {"reason": "woken by an alert"}
PREVIEW = {"preview": True}
# Those that the flags and lists leave alone, and those that reach a provider.
REPAIRS = ("resetConnection", "backOff", "clearBackoff", "enableConnection", "disableConnection")
GATED = ("syncNow", "disconnectByOperator")
LISTS = ("listJobs", "chooseConnections", "listFailedEvents", "readAudit", "listBulkActions")


def retry(status, what=None, when="on", **body):
    return row("retryEvents", status, what, when, body={**WHY, **body})


def bulk(status, what=None, when="on", action="disable", wanted=None, **body):
    return row("startBulkAction", status, what, when, body={"action": action, "filter": {"connection_id": "$connection"} if wanted is None else wanted, **body})


def quiet(world, count):
    """The owner of new connections of a provider that no worker serves."""
    owner = world.stack.new_owner()
    world.sql.execute("INSERT INTO external_calendar_connections (provider_id, provider, provider_user_id, sync_needed)"
                      " SELECT %s, 'nobody', gen_random_uuid()::text, false FROM generate_series(1, %s)", owner, count)
    return owner


def until(world, bulk_id, state):
    """The answer that shows the bulk action in that state."""
    def look():
        answer = world.ask("getBulkAction", id=bulk_id)
        return answer if answer.json()["state"] == state else None
    return wait_until(look, 20, f"the bulk action is {state}")


def start(world, owner, count):
    return world.ask("startBulkAction", body={"action": "disable", "filter": {"provider_id": owner}, "expected": count, "cap": count, **WHY})


def waits_for_lock(world, sessions):
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    wait_until(lambda: world.sql.value(waiting) == sessions, 10, f"{sessions} sessions wait for a lock")


@played("enableConnection", 409, "awaiting_confirmation")
def enable_unconfirmed(world):
    connection = world.stack.connect_feed(world.owner, "https://feeds.example/unconfirmed.ics")
    world.stack.set(connection, "awaiting_confirmation = true, sync_enabled = false")
    return world.ask("enableConnection", body=WHY, id=connection)


@played("disconnectByOperator", 200)
def disconnect(world):
    """The preview has erased nothing, and the feed has no grant."""
    connection = world.stack.connect_feed(world.owner, "https://feeds.example/disconnected.ics")
    world.ask("disconnectByOperator", body=PREVIEW, id=connection)
    done = world.ask("disconnectByOperator", body=WHY, id=connection)
    world.case.assertEqual(done.json()["revocation"], "not_needed")
    return done


@played("chooseConnections", 200)
def pages_of_connections(world):
    owner = quiet(world, 3)
    first = world.ask("chooseConnections", provider_id=owner, limit=2)
    last = world.ask("chooseConnections", provider_id=owner, limit=2, page_token=first.json()["next_page_token"])
    world.case.assertEqual([len(one.json()["connections"]) for one in (first, last)], [2, 1])
    return last


@played("getTimeline", 200)
def each_kind_of_entry(world):
    _, email, connection = world.case.connected([timed("one0000001", "One")])
    with world.emulator.trouble("server_error", email):
        world.stack.retry(connection)
    for action in ("clearBackoff", "syncNow"):
        world.ask(action, body=WHY, id=connection)
    world.stack.wait_row(connection, lambda one: one["error_count"] == 0 and one["lease_until"] is None, "it has recovered")
    # As workers count polls that find nothing.
    world.stack.set(connection, "quiet_runs = 2")
    whole = world.ask("getTimeline", id=connection, limit=200)
    world.case.assertEqual({one["kind"] for one in whole.json()["timeline"]}, {"run", "state", "action", "event", "quiet"})
    first = world.ask("getTimeline", id=connection, limit=1)
    return world.ask("getTimeline", id=connection, limit=1, before=first.json()["before"])


@played("retryEvents", 200)
def failed_events(world):
    """Two events that cannot be understood: shown on two pages; one is tried again alone, the rest with its connection."""
    owner, email, connection = world.case.connected()
    for name in ("bad0000001", "bad0000002"):
        world.emulator.put_event(email, email, timed(name, "Bad"))
        world.emulator.put_raw_event(email, name, json.dumps({**timed(name, "Bad"), "start": {"dateTime": "whenever"}}))
    world.stack.sync(connection)
    wanted = {"connection_id": connection, "provider_id": owner, "error_code": "malformed_response", "limit": 1}
    first = world.ask("listFailedEvents", **wanted).json()
    second = world.ask("listFailedEvents", page_token=first["next_page_token"], **wanted).json()
    world.case.assertEqual([len(first["events"]), len(second["events"]), second["next_page_token"]], [1, 1, None])
    world.stack.set(connection, "sync_enabled = false")
    one = world.ask("retryEvents", body={"event_id": first["events"][0]["id"], **WHY})
    rest = world.ask("retryEvents", body={"connection_id": connection, **WHY})
    world.case.assertEqual([one.json()["events"], rest.json()["events"]], [1, 1])
    return rest


@played("readAudit", 200)
def pages_of_the_audit(world):
    """With lines of each kind of actor that writes here."""
    world.stack.app.patch(f"/api/calendar/connections/{world.connection}", {"sync_frequency_minutes": 20})
    world.stack.set(world.connection, "sync_frequency_minutes = 15")
    world.ask("backOff", body=WHY, id=world.connection)
    world.ask("clearBackoff", body=WHY, id=world.connection)
    lines = world.ask("readAudit", connection_id=world.connection, provider_id=world.owner).json()["actions"]
    world.case.assertLessEqual({"admin", "app", "sql"}, {one["actor_kind"] for one in lines})
    wanted = {"actor": "oncall", "connection_id": world.connection, "limit": 1}
    first = world.ask("readAudit", action="clear-backoff", **wanted).json()
    world.case.assertEqual(first["actions"][0]["after"], {"backoff_until": None})
    return world.ask("readAudit", before=first["actions"][0]["id"], **wanted)


@played("listJobs", 200)
def jobs_that_go_on_and_that_are_over(world):
    owner = quiet(world, 1)
    run = world.ask("runJob", body={"provider_id": owner, "wait_seconds": 0}).json()["run_id"]

    def status():
        answer = world.ask("listJobs", limit=100)
        return answer, next(one["status"] for one in answer.json()["jobs"] if one["run_id"] == run)
    running = status()
    world.sql.execute("DELETE FROM external_calendar_connections WHERE provider_id = %s", owner)
    over = status()
    world.case.assertEqual([running[1], over[1]], ["running", "finished"])
    return over[0]


@played("startBulkAction", 422, "over_cap")
def bulk_over_its_cap(world):
    answer = world.ask("startBulkAction", body={"action": "disable", "filter": {"provider_id": quiet(world, 2)}, "expected": 2, "cap": 1, **WHY})
    world.case.assertEqual(answer.json()["count"], 2)
    return answer


@played("startBulkAction", 202)
def bulk_that_is_done(world):
    started = start(world, quiet(world, 2), 2)
    done = until(world, started.json()["bulk_id"], "done").json()
    world.case.assertEqual((started.header("Location"), done["touched"]), (done["url"], 2))
    return started


@played("stopBulkAction", 200)
def bulk_that_is_stopped(world):
    """Held up in its first portion, for whose end the stop waits."""
    owner = quiet(world, 120)
    blocker = psycopg2.connect(world.stack.database_url)
    try:
        blocker.cursor().execute("SELECT 1 FROM external_calendar_connections WHERE provider_id = %s FOR UPDATE", (owner,))
        bulk_id = start(world, owner, 120).json()["bulk_id"]
        waits_for_lock(world, 1)
        with concurrent.futures.ThreadPoolExecutor(1) as callers:
            stop = callers.submit(world.ask, "stopBulkAction", body=WHY, id=bulk_id)
            waits_for_lock(world, 2)
            blocker.rollback()
            answer = stop.result(20)
    finally:
        blocker.close()
    until(world, bulk_id, "stopped")
    return answer


@played("stopBulkAction", 409, "not_running")
def bulk_that_is_over(world):
    bulk_id = start(world, quiet(world, 1), 1).json()["bulk_id"]
    until(world, bulk_id, "done")
    return world.ask("stopBulkAction", id=bulk_id)


@played("any request", 429, "too_many_failures")
def guesses(world):
    """Until the bound is met; and until it has eased, so that those who come after are let in."""
    def guess():
        answer = world.ask("getStatus", headers={"Authorization": "Bearer not-a-token-0123456789"})
        return answer if answer.status == 429 else None
    refused = next(answer for answer in (guess() for _ in range(60)) if answer)
    world.case.assertEqual(refused.header("Retry-After"), "2")
    wait_until(lambda: world.ask("getStatus").status == 200, 10, "the bound has eased")
    return refused


ROWS = [
    *(row(operation, 200, when=when, body={**WHY, **PREVIEW}, **ONE) for operation in REPAIRS for when in ("on", "unlisted", "off")),
    *(row(operation, 200, body=WHY, **ONE) for operation in ("disableConnection", "enableConnection", "backOff", "clearBackoff", "resetConnection", "syncNow")),
    row("backOff", 200, body={"minutes": 30, **PREVIEW}, **ONE), row("backOff", 400, "invalid_request", body={"minutes": 0, **WHY}, **ONE),
    *(row(operation, 200, body=PREVIEW, **ONE) for operation in GATED),
    *(row(operation, 400, "invalid_request", body={}, **ONE) for operation in (*REPAIRS, *GATED)),
    *(row(operation, 404, "not_found", body=WHY, id="$nobody") for operation in (*REPAIRS, *GATED)),
    *(row(operation, 403, "not_allowlisted", "unlisted", body=PREVIEW, **ONE) for operation in GATED),
    enable_unconfirmed, disconnect,

    *(row(operation, 200, when=when) for operation in LISTS for when in ("on", "unlisted", "off")),
    row("chooseConnections", 200, state="active", provider="google", provider_id="$owner", connection_id="$connection", email="$email", q="$email",
        leased="false", backing_off="false", failing="false", channel_dead="false", limit=200),
    row("chooseConnections", 200, error_code="timeout", due="true"), row("chooseConnections", 400, "invalid_request", due="yes"), pages_of_connections,
    row("getTimeline", 200, **ONE), row("getTimeline", 200, when="off", **ONE), row("getTimeline", 404, "not_found", id="$nobody"), each_kind_of_entry,

    retry(200, connection_id="$connection"), retry(200, when="off", connection_id="$connection"), retry(200, when="unlisted", connection_id="$connection"),
    retry(400, "invalid_request"), retry(404, "not_found", event_id="$nobody"), retry(404, "not_found", connection_id="$nobody"),
    failed_events, pages_of_the_audit, jobs_that_go_on_and_that_are_over,

    bulk(200, **PREVIEW), bulk(200, when="off", **PREVIEW), bulk(200, when="unlisted", action="sync", **PREVIEW),
    bulk(400, "invalid_request", **WHY), bulk(403, "calendar_sync_disabled", "off", action="sync", **PREVIEW),
    bulk(409, "count_changed", expected=2, **WHY), bulk_over_its_cap,
    bulk(422, "no_filter", wanted={}, **PREVIEW), bulk_that_is_done, bulk_that_is_stopped, bulk_that_is_over,
    row("getBulkAction", 404, "not_found", id="$nobody"), row("stopBulkAction", 404, "not_found", id="$nobody"),
    row("stopBulkAction", 400, "invalid_request", body={"reason": "ab"}, id="$nobody"),
    guesses,
]
