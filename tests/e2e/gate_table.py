# SPDX-License-Identifier: Apache-2.0
"""What every endpoint needs, written down independently of the product: the expected answers of the gate matrix."""
import dataclasses
import itertools

SYNC, OAUTH, JOBS, WEBHOOK = ("CALENDAR_SYNC_ENABLED", "CALENDAR_OAUTH_ENABLED", "CALENDAR_JOBS_ENABLED", "CALENDAR_WEBHOOK_ENABLED")
FLAGS = (SYNC, OAUTH, JOBS, WEBHOOK)


@dataclasses.dataclass(frozen=True)
class Endpoint:
    """`flags` in the order in which a missing one is named; `owner`/`connection`: which lists have a say; `open_statuses`:
    what it answers when the gate is open."""
    name: str
    flags: tuple
    owner: bool
    connection: bool
    open_statuses: tuple


ENDPOINTS = (
    Endpoint("connect link", (OAUTH,), True, False, (200,)),
    Endpoint("open link", (OAUTH,), True, False, (303,)),
    Endpoint("callback of a stranger", (OAUTH,), False, False, (400,)),
    Endpoint("connect link of Microsoft", (OAUTH,), True, False, (200,)),
    Endpoint("open link of Microsoft", (OAUTH,), True, False, (303,)),
    Endpoint("callback of a stranger at Microsoft", (OAUTH,), False, False, (400,)),
    Endpoint("list connections", (SYNC,), True, False, (200,)),
    Endpoint("add feed", (SYNC,), True, False, (200,)),
    Endpoint("one connection", (SYNC,), True, True, (200,)),
    Endpoint("change connection", (SYNC,), True, True, (200,)),
    Endpoint("calendars", (SYNC,), True, True, (200,)),
    Endpoint("confirm", (SYNC,), True, True, (200,)),
    Endpoint("disconnect", (SYNC,), True, True, (200,)),
    Endpoint("sync connection", (SYNC,), True, True, (202,)),
    Endpoint("sync owner", (SYNC,), True, False, (202,)),
    Endpoint("events", (SYNC,), True, False, (200,)),
    Endpoint("job for all", (SYNC, JOBS), False, False, (200, 202)),
    Endpoint("job for owner", (SYNC, JOBS), True, False, (200, 202)),
    Endpoint("job for connection", (SYNC, JOBS), True, True, (200, 202)),
    Endpoint("job result", (SYNC, JOBS), False, False, (200,)),
    Endpoint("push", (WEBHOOK,), True, True, (200,)),
    Endpoint("push of Microsoft", (WEBHOOK,), True, True, (202,)),
    Endpoint("handshake of Microsoft", (WEBHOOK,), False, False, (200,)),
    Endpoint("status", (), False, False, (200,)),
    Endpoint("health", (), False, False, (200,)),
    Endpoint("readiness", (), False, False, (200,)),
)


@dataclasses.dataclass(frozen=True)
class Lists:
    """One setting of mode and lists, and whom it admits. OWNER, CONNECTION and OTHER stand for ids."""
    name: str
    environment: str
    providers: str
    connections: str
    owner: bool
    connection: bool


LISTS = (
    Lists("both listed", "production", "OWNER", "CONNECTION", True, True),
    Lists("listed among others", "production", " OTHER , OWNER ", "OTHER,CONNECTION", True, True),
    Lists("owner not listed", "production", "OTHER", "", False, True),
    Lists("owner not listed, connection listed", "production", "OTHER", "CONNECTION", False, True),
    Lists("connection not listed", "production", "OWNER", "OTHER", True, False),
    Lists("empty in production", "production", "", "", False, True),
    Lists("nothing set at all", None, None, None, False, True),
    Lists("empty list, connection listed", "production", "", "CONNECTION", False, True),
    Lists("everybody", "production", "*", "", True, True),
    Lists("everybody and one connection", "production", "*", "CONNECTION", True, True),
    Lists("development", "development", "", "", True, True),
    Lists("development with a list without the owner", "development", "OTHER", "", False, True),
    Lists("development with a connection list", "development", "", "OTHER", True, False),
)


def flag_settings():
    """All 16."""
    for values in itertools.product(("false", "true"), repeat=len(FLAGS)):
        yield dict(zip(FLAGS, values))


def expected(endpoint, flags, lists):
    """(statuses, code, flag)."""
    for flag in endpoint.flags:
        if flags[flag] != "true":
            return (403,), "calendar_sync_disabled", flag
    if (endpoint.owner and not lists.owner) or (endpoint.connection and not lists.connection):
        return (403,), "not_allowlisted", None
    return endpoint.open_statuses, None, None


# Neither "true" nor "false" after blanks are taken off: each counts as false and is reported.
BAD_FLAGS = (
    "1", "0", "yes", "no", "on", "off", "y", "n", "t", "f", "T", "enabled", "disabled", "enable", "truee", "ttrue", "tru", "rue",
    "true.", "true;", "true,", "true true", "true false", "true=true", "=true", "!false", "not false", "-true", "+true", "true\\",
    "'true'", "\"true\"", "`true`", "$true", "${TRUE}", "$(true)", "true#", "# true", "true // on", "t r u e", "true\u00a0", "\u00a0true",
    "\u200btrue", "true\u200b", "\ufefftrue", "\uff54\uff52\uff55\uff45", "tr\u1d1ce", "\u0442rue", "TRU\u0395", "true\x01",
    "\x7ftrue", "tr\tue", "tr\nue",
    "true\ntrue", "null", "nil", "none", "None", "undefined", "NaN", "-1", "2", "01", "1.0", "0x1", "[true]", "{true}", "*",
    "%74rue", "verum",
    "x" * 5000,
)
GOOD_FLAGS = (("true", True), ("TRUE", True), ("True", True), ("tRuE", True), ("  true", True), ("true  ", True), ("\ttrue\t", True),
              ("\ntrue\n", True), ("false", False), ("FALSE", False), (" False ", False), ("", False), ("   ", False), (None, False))
BAD_IDS = (
    "1", "all", "true", "everybody", "**", "*.*", "%", "?", "null", "OWNER;OTHER", "OWNER OTHER", "{OWNER}", "\"OWNER\"",
    "'OWNER'", "<OWNER>",
    "OWNER.", "xOWNER", "OWNERx", "urn:uuid:OWNER", "SHORT", "UNDASHED", "OWNER\u200b", "OWNER/..", "OWNER|OTHER", "OWNER--",
    "OWNER\x01", "-*", "*OWNER", "NOT_HEX",
)
