# SPDX-License-Identifier: Apache-2.0
"""A provider that is down, throttles, stalls, forgets and garbles, and push messages that go astray; all ordered at the emulator."""
import time
import urllib.parse

from faults import fault

API = {"path_prefix": "/calendar/v3/"}
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


@fault("provider")
def access_tokens_expired(scene):
    scene.emulator.control("POST", "/tokens/expire-access", {})


@fault("provider")
def token_endpoint_down(scene):
    scene.emulator.control("POST", "/tokens/expire-access", {})
    trouble(scene, scene.rng.choice(("server_error", "drop_before", "malformed_json")), 0.5, 2, {"operation": "token"})


@fault("provider")
def grant_refused_once(scene):
    """One proof is not enough to call a grant dead."""
    scene.emulator.control("POST", "/tokens/expire-access", {})
    trouble(scene, "invalid_grant", 0.3, 1, {"operation": "token"}, times=1)


def push_trouble(scene, kind, **order):
    name = scene.emulator.control("POST", "/push/faults", {"kind": kind, "times": -1, "match": {"state": "exists"}, **order})["id"]
    time.sleep(scene.rng.uniform(1, 2.5))
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
    account = scene.rng.choice(scene.everyone.accounts)
    found = scene.emulator.control("GET", f"/channels?account={urllib.parse.quote(account.email)}&open=true")["channels"]
    return scene.rng.choice(found)["id"] if found else None


@fault("push")
def channel_falls_silent(scene):
    name = open_channel(scene)
    if name:
        scene.emulator.control("POST", f"/channels/{name}/kill")


@fault("push")
def channel_ends_early(scene):
    name = open_channel(scene)
    if name:
        scene.emulator.control("PATCH", f"/channels/{name}", {"lifetime_ms": 300})
