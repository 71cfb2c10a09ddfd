# SPDX-License-Identifier: Apache-2.0
"""A provider that is down, throttles, stalls, forgets and garbles, and push messages that go astray; all ordered at the emulator."""
import time
import urllib.parse

from faults import fault

API = {"path_regex": "^/(calendar/v3|graph/v1.0)/"}
GRAPH = {"path_prefix": "/graph/v1.0/"}
TOKENS = {"path_regex": "^(/token|/entra/.*/token)$"}
EVERYTHING = {"path_prefix": "/"}


def trouble(scene, kind, low, high, match, **order):
    """For so many seconds, or fewer when `times` of them have happened."""
    name = scene.emulator.control("POST", "/faults", {"kind": kind, "times": -1, "match": match, **order})["id"]
    time.sleep(scene.rng.uniform(low, high))
    drop(scene, f"/faults/{name}")


def drop(scene, path):
    try:
        scene.emulator.control("DELETE", path)
    except AssertionError:
        pass  # it went by itself


@fault("provider")
def provider_unavailable(scene):
    trouble(scene, "unavailable", 0.5, 2.5, EVERYTHING)


@fault("provider")
def provider_throttles(scene):
    trouble(scene, "too_many_requests", 0.5, 1.5, API, retry_after="1")


@fault("provider")
def provider_limits_rate(scene):
    trouble(scene, "forbidden_rate", 0.5, 1.5, API)


@fault("provider")
def provider_stalls(scene):
    """Beyond a request's patience."""
    trouble(scene, "slow", 0.5, 1.5, EVERYTHING, delay_ms=4000, times=8)


@fault("provider")
def provider_answers_html(scene):
    trouble(scene, scene.rng.choice(("bad_gateway_html", "html", "server_error")), 0.5, 1.5, API)


@fault("provider")
def provider_answers_nonsense(scene):
    trouble(scene, scene.rng.choice(("malformed_json", "wrong_content_type", "empty_body")), 0.5, 1.5, EVERYTHING)


@fault("provider")
def provider_hangs_up(scene):
    trouble(scene, scene.rng.choice(("truncated", "drop_before", "drop_mid_body")), 0.5, 1.5, EVERYTHING)


@fault("provider")
def sync_tokens_expired(scene):
    scene.emulator.control("POST", "/tokens/expire-sync", {})
    for account in scene.everyone.outlook:
        account.control("POST", "/tokens/expire-delta", {"email": account.email})


def expire_access(scene):
    for vendor in ("", "/microsoft"):
        scene.emulator.control("POST", vendor + "/tokens/expire-access", {})


@fault("provider")
def access_tokens_expired(scene):
    expire_access(scene)


@fault("provider")
def mailbox_throttled(scene):
    """Too many calls at a time, too much traffic, a server that is busy; with and without a wait."""
    wait = {"retry_after": "1"} if scene.rng.random() < 0.5 else {}
    trouble(scene, scene.rng.choice(("mailbox_concurrency", "bandwidth_exceeded", "server_busy")), 0.5, 1.5, GRAPH, **wait)


@fault("provider")
def delta_refused(scene):
    """In each of the words in which Graph says that a link is worth nothing any more."""
    trouble(scene, scene.rng.choice(("sync_state_not_found", "gone_with_location", "resync_required", "sync_state_invalid",
                                     "delta_token_invalid")), 0.3, 1, {"operation": "graph.calendarView.delta", "sync_token": True}, times=4)


@fault("provider")
def delta_garbled(scene):
    """An item twice, pages that overlap or are empty, an exception before its series: all of it means what it would mean without."""
    trouble(scene, scene.rng.choice(("item_twice", "page_overlap", "empty_page", "empty_last_page", "exception_first", "stub_without_master")),
            0.5, 1.5, {"operation": "graph.calendarView.delta"})


@fault("provider")
def token_endpoint_down(scene):
    expire_access(scene)
    trouble(scene, scene.rng.choice(("server_error", "drop_before", "malformed_json")), 0.5, 2, TOKENS)


@fault("provider")
def grant_refused_once(scene):
    """One proof is not enough to call a grant dead."""
    expire_access(scene)
    trouble(scene, "invalid_grant", 0.3, 1, {"operation": scene.rng.choice(("token", "entra.token"))}, times=1)


# What messages of either provider call a change.
CHANGES = ("exists", "created", "updated", "deleted")


def push_trouble(scene, kind, **order):
    names = [scene.emulator.control("POST", "/push/faults", {"kind": kind, "times": -1, "match": {"state": state}, **order})["id"]
             for state in CHANGES]
    time.sleep(scene.rng.uniform(1, 2.5))
    for name in names:
        drop(scene, f"/push/faults/{name}")


@fault("push")
def pushes_lost(scene):
    push_trouble(scene, "lost")


@fault("push")
def pushes_doubled(scene):
    push_trouble(scene, "doubled", count=3)


@fault("push")
def pushes_in_bursts(scene):
    push_trouble(scene, "burst", count=60)


@fault("push")
def pushes_delayed(scene):
    push_trouble(scene, "delayed", delay_ms=2500)


@fault("push")
def pushes_reordered(scene):
    push_trouble(scene, "reordered", delay_ms=1500)


def open_channel(scene):
    """The control path of a channel or subscription, or None."""
    account = scene.rng.choice([*scene.everyone.accounts, *scene.everyone.outlook])
    if account.provider == "microsoft":
        rows = account.control("GET", "/subscriptions?open=true")["subscriptions"]
        found = [f"/microsoft/subscriptions/{row['id']}" for row in rows if row["account"] == account.email]
    else:
        rows = scene.emulator.control("GET", f"/channels?account={urllib.parse.quote(account.email)}&open=true")["channels"]
        found = [f"/channels/{row['id']}" for row in rows]
    return scene.rng.choice(found) if found else None


@fault("push")
def channel_falls_silent(scene):
    path = open_channel(scene)
    if path:
        scene.emulator.control("POST", f"{path}/kill")


@fault("push")
def channel_ends_early(scene):
    path = open_channel(scene)
    if path:
        scene.emulator.control("PATCH", path, {"lifetime_ms": 300})


@fault("push")
def lifecycle_messages(scene):
    """A subscription that is to be reauthorized, was removed or has missed something."""
    path = open_channel(scene)
    if path and path.startswith("/microsoft/"):
        event = scene.rng.choice(("reauthorizationRequired", "subscriptionRemoved", "missed"))
        scene.emulator.control("POST", f"{path}/lifecycle", {"event": event})
