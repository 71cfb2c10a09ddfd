# SPDX-License-Identifier: Apache-2.0
"""Every documented answer of the tag `connect`."""
import urllib.parse

from client import Browser, query_of
from openapi_world import played, row

GOOGLE = {"provider": "google"}
SCOPES = "openid email https://www.googleapis.com/auth/calendar"
GRANT = {"access_token": "a-token", "refresh_token": "another", "expires_in": 3600, "token_type": "Bearer", "scope": SCOPES}


def start(status, what=None, **more):
    return row("startConnect", status, what, **GOOGLE, **more)


def back_from_consent(world, return_to=None, email=None, **choices):
    """(browser, the fields with which the provider sends it to our callback)."""
    browser = Browser()
    back = world.stack.consent(world.stack.oauth_link(world.owner, return_to), browser, email or world.email, **choices)
    return browser, query_of(back)


def finish(world, return_to=None, email=None, changes=None, **choices):
    browser, fields = back_from_consent(world, return_to, email, **choices)
    fields = {name: value for name, value in {**fields, **(changes or {})}.items() if value is not None}
    return callback(world, browser, fields)


def callback(world, browser, fields):
    # Providers add parameters of their own (scope, authuser …), which are not ours to document.
    known = {name: value for name, value in fields.items() if name in ("state", "code", "error")}
    return world.ask("finishConnect", browser=browser, **GOOGLE, **known)


def provoked(status, code, **choices):
    return played("finishConnect", status, code)(lambda world: finish(world, email=world.case.account(), **choices))


def provider_says(status, code, *answers):
    """The callback while the provider answers (target, status, body)."""
    def act(world):
        browser, fields = back_from_consent(world)
        with world.case.emulator_answers(answers):
            return callback(world, browser, fields)
    return played("finishConnect", status, code)(act)


def identity(status, body, **headers):
    """Tokens come without an id_token, and who it is has to be asked."""
    return ("token", 200, GRANT, {}), ("userinfo", status, body, headers)


@played("openConnectLink", 303)
def open_link(world):
    link = world.stack.oauth_link(world.owner)
    return world.ask("openConnectLink", **GOOGLE, state=query_of(link)["state"])


@played("openConnectLink", 403, "not_allowlisted")
def open_link_unlisted(world):
    link = world.stack.oauth_link(world.owner)
    with world.state("unlisted"):
        return world.ask("openConnectLink", **GOOGLE, state=query_of(link)["state"])


@played("finishConnect", 403, "not_allowlisted")
def finish_unlisted(world):
    browser, fields = back_from_consent(world)
    with world.state("unlisted"):
        return callback(world, browser, fields)


@played("finishConnect", 303)
def finish_with_return_to(world):
    failed = finish(world, "https://app.example/done", deny=True)
    world.case.assertEqual(failed.header("Location"), "https://app.example/done?error=access_denied")
    done = finish(world, "https://app.example/done")
    world.case.assertEqual(urllib.parse.parse_qs(urllib.parse.urlsplit(done.header("Location")).query), {"connection_id": [world.connection]})
    return done


@played("finishConnect", 503, "network_error")
def finish_without_provider(world):
    browser, fields = back_from_consent(world)
    with world.emulator.trouble("drop_before", operation="token"):
        return callback(world, browser, fields)


ROWS = [
    start(200, provider_id="$owner"),
    start(303, provider_id="$owner", headers={"Accept": "text/html"}),
    start(400, "invalid_request"),
    start(400, "invalid_return_to", provider_id="$owner", return_to="https://elsewhere.example/"),
    start(403, "not_allowlisted", when="unlisted", provider_id="$owner"),
    start(404, "not_found", provider_id="$nobody"),
    row("startConnect", 404, "not_found", provider="ics", provider_id="$owner"),
    open_link, open_link_unlisted,
    row("openConnectLink", 400, "invalid_state", **GOOGLE, state="guess"),
    row("openConnectLink", 404, "not_found", provider="ics"),
    provoked(200, "application/json"),
    finish_with_return_to, finish_unlisted, finish_without_provider,
    row("finishConnect", 400, "invalid_state", **GOOGLE, state="guess"),
    row("finishConnect", 404, "not_found", provider="ics"),
    provoked(400, "invalid_request", changes={"code": None}),
    provoked(400, "access_denied", deny=True),
    provoked(400, "provider_refused", changes={"code": None, "error": "server_error"}),
    provoked(400, "invalid_code", changes={"code": "4/not-theirs"}),
    provoked(422, "insufficient_scope", scopes="openid email"),
    provoked(422, "no_refresh_token", refresh_token=False),
    provider_says(500, "configuration_error", ("token", 401, {"error": "invalid_client"}, {})),
    provider_says(503, "provider_unavailable", ("token", 503, "", {})),
    provider_says(503, "rate_limited", ("token", 429, "", {"Retry-After": "7"})),
    provider_says(503, "malformed_response", ("token", 200, "no JSON", {})),
    provider_says(503, "invalid_token", *identity(401, {})),
    provider_says(503, "provider_rejected", *identity(400, {})),
    provider_says(503, "quota_exceeded", *identity(403, {"error": {"errors": [{"domain": "usageLimits", "reason": "dailyLimitExceeded"}]}})),
]
