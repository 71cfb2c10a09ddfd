# SPDX-License-Identifier: Apache-2.0
"""Faults of switches, lists, keys and hands: each is told by every place with its cause, the right owner and one action, and that
action ends it."""
import base64
import secrets
import uuid

import harness
from harness import wait_until
from oncall import Counter, Fault, Gauge, Log, OnCall, table

setUpModule = harness.start_cluster
STRANGER = str(uuid.uuid4())
OWNERS, CONNECTIONS = "CALENDAR_ALLOWLIST_PROVIDER_IDS", "CALENDAR_ALLOWLIST_CONNECTION_IDS"
WHY = "moved to another calendar, ticket 4711"


def reloaded(**changes):
    return lambda case, who, planted: case.stack.reload(**changes)


def polling_off(case, who, planted):
    case.stack.reload(CALENDAR_JOBS_ENABLED="false")
    case.stack.set(who[2], "last_synced_at = now() - interval '6 minutes'")


def worker_keeps_old_flags(case, who, planted):
    """Somebody reloads the workers only, before the flag is right."""
    case.stack.reload(CALENDAR_SYNC_ENABLED="false")
    case.stack.flags["CALENDAR_SYNC_ENABLED"] = "true"
    case.stack.write_flags()
    case.stack._reload_one(case.stack.api_process, "api-server")


def disabled(case, who, planted):
    case.act(who[2], "disable", WHY)


def held(case, who, planted):
    case.act(who[2], "backoff", WHY, minutes=30)


def acted(action):
    return lambda case, who, planted: case.act(who[2], action)


def other_key(case, who, planted):
    """A new ring without the key that seals what is stored."""
    case.ring = case.stack.environment["CALENDAR_TOKEN_KEYS"]
    case.change_environment(CALENDAR_TOKEN_KEYS="k2:" + base64.b64encode(secrets.token_bytes(32)).decode())
    ready = case.assertAnswer(case.stack.stranger.get("/readyz"), 503).text
    case.assertIn("keys", ready)
    case.token_ends(who[2])
    case.poll(who[2])


def key_is_back(case, who, planted):
    case.change_environment(CALENDAR_TOKEN_KEYS=case.ring)
    wait_until(lambda: case.stack.stranger.get("/readyz").status == 200, 10, "the server is ready")
    case.act(who[2], "clear-backoff")


@table(
    Fault("a typing mistake in a flag", reloaded(CALENDAR_SYNC_ENABLED="ture"), "flag_invalid", "switched_off", "operator",
          ("CALENDAR_SYNC_ENABLED is 'ture'",), "set CALENDAR_SYNC_ENABLED=true and reload",
          Log("a setting is invalid", "configuration_error", named=False, metadata=("CALENDAR_SYNC_ENABLED", "ture")),
          Gauge("calendar_invalid_settings", {}, 1), ("The value of CALENDAR_SYNC_ENABLED is invalid and counts as off", "off: invalid value"),
          reloaded(CALENDAR_SYNC_ENABLED="true"), ("CalsyncInvalidSettings",), also=("CalsyncSwitchedOff",)),
    Fault("a flag that is off", reloaded(CALENDAR_SYNC_ENABLED="false"), "flag_off", "switched_off", "operator",
          ("CALENDAR_SYNC_ENABLED is off",), "set CALENDAR_SYNC_ENABLED=true and reload",
          Log("a setting changed", named=False, metadata=("CALENDAR_SYNC_ENABLED",)),
          Gauge("calendar_sync_enabled", {}, 0), ("CALENDAR_SYNC_ENABLED off everything",),
          reloaded(CALENDAR_SYNC_ENABLED="true"), ("CalsyncSwitchedOff",)),
    Fault("polling that is off", polling_off, "polling_off", "switched_off", "operator",
          ("nobody has asked for a sync", "CALENDAR_JOBS_ENABLED is off"), "set CALENDAR_JOBS_ENABLED=true and reload",
          Log("a setting changed", named=False, metadata=("CALENDAR_JOBS_ENABLED",)),
          Gauge("calendar_jobs_enabled", {}, 0), ("CALENDAR_JOBS_ENABLED off scheduled polling",),
          reloaded(CALENDAR_JOBS_ENABLED="true"), ("CalsyncSwitchedOff",)),
    # Whom a list leaves out is a decision, which wakes nobody.
    Fault("an owner who is not on the list", reloaded(**{OWNERS: STRANGER}), "owner_not_listed", "not_allowlisted", "operator",
          (f"{OWNERS} does not admit it",), f"to {OWNERS} and reload",
          Log("a setting changed", named=False, metadata=(OWNERS, "1 ids")),
          Gauge("calendar_connections_expected", {"provider": "google"}, 0), (f"Owners on the list 1 id {STRANGER}",), reloaded(**{OWNERS: "*"})),
    Fault("a connection that is not on the list", reloaded(**{CONNECTIONS: STRANGER}), "connection_not_listed", "not_allowlisted", "operator",
          (f"{CONNECTIONS} does not admit it",), f"to {CONNECTIONS} and reload",
          Log("a setting changed", named=False, metadata=(CONNECTIONS, "1 ids")),
          Gauge("calendar_connections_expected", {"provider": "google"}, 0), (f"Connections on the list 1 id {STRANGER}",), reloaded(**{CONNECTIONS: ""})),
    Fault("a worker that runs with an old flag", worker_keeps_old_flags, "worker_flag_off", "switched_off", "operator",
          ("the worker runs with CALENDAR_SYNC_ENABLED=false",), "set CALENDAR_SYNC_ENABLED=true where the worker reads its settings",
          Log("a setting changed", named=False, metadata=("CALENDAR_SYNC_ENABLED",)),
          Gauge("calendar_sync_enabled", {}, 0, of_worker=True), ("A worker runs with CALENDAR_SYNC_ENABLED off, this server with it on",),
          reloaded(), ("CalsyncSwitchedOff",)),
    Fault("somebody who has disabled it", disabled, "disabled", "disabled", "operator",
          ("sync_enabled is false: set by admin oncall", WHY), "enable the connection",
          Log("an operator acted on a connection", metadata=("disable", "oncall")),
          Gauge("calendar_connections", {"state": "disabled"}, 1), ("disabled",), acted("enable")),
    Fault("a backoff by hand", held, "backoff_by_hand", "delayed", "operator",
          ("it waits until", "(in 29 minutes): set by admin oncall", WHY), "clear backoff_until",
          Log("an operator acted on a connection", metadata=("backoff", "oncall")),
          Gauge("calendar_queue_backoff", {}, 1), ("1 backing off",), acted("clear-backoff")),
    Fault("a key that was taken out of the ring", other_key, "configuration", "delayed", "operator",
          ("configuration_error: ", "'k1'"), "correct the operator's settings that the error names",
          Log("calendar sync failed", "configuration_error"), Counter("calendar_sealed_secrets", {"key": "missing"}),
          ("configuration_error operator",), key_is_back, ("CalsyncKeysMissing",), also=("CalsyncConfigurationErrors",)),
)
class Switches(OnCall):
    """What people have set."""
