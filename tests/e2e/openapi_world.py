# SPDX-License-Identifier: Apache-2.0
"""The stage on which the tables of answers (answers_*.py) are played."""
import contextlib
import dataclasses
import re
import urllib.parse

from client import Api, query
from openapi import Document

NOBODY = "00000000-0000-4000-8000-000000000000"
# What stands in a path where a row says nothing.
UNNAMED = {"provider": "google"}
# Providers add parameters of their own to what they send.
TAKES_ANY_PARAMETER = ("finishConnect", "receivePush")
# Whether it needs a flag is said by its body; a row of its table provokes the refusal.
FLAG_BY_BODY = ("startBulkAction",)
JSON = "application/json"
STATES = ("on", "unlisted", "off", "database away")


@dataclasses.dataclass
class Row:
    """A request and the documented answer that it provokes; see test_openapi.py."""
    operation: str
    status: int
    what: str
    when: str
    act: object


def row(operation, status, what=None, when="on", **request):
    """`request` is World.ask()'s."""
    if what is None:
        what = "" if status in (204, 303) else JSON
    return Row(operation, status, what, when, lambda world: world.ask(operation, **request))


def played(operation, status, what=None, when="on"):
    """For a function of the world that sets the stage itself and ends with the answer in question."""
    def decorate(act):
        return Row(operation, status, (JSON if status != 303 else "") if what is None else what, when, act)
    return decorate


class World:
    def __init__(self, case):
        self.case, self.stack, self.emulator, self.sql = case, case.stack, case.stack.emulator, case.stack.sql
        self.document = Document()
        self.nobody = NOBODY
        self.seen = set()
        self.owner, self.email, self.connection = case.connected(case.EVENTS)
        self.other_owner = self.stack.new_owner()

    def token(self, kind):
        return {"app": self.stack.app_token, "admin": self.stack.admin_token, "": None}[kind]

    def ask(self, operation, caller=None, body=None, headers=None, browser=None, **parameters):
        """Calls the operation: parameters of its path, all others in the query. "$name" is an attribute of this world. `caller`: "app",
        "admin" or "" (no token); of its own accord it takes one that is let in. `browser`: whose cookies are sent."""
        one = self.document.operations[operation]
        parameters, body = self._filled(parameters), self._filled(body)
        in_path = set(re.findall(r"{(\w+)}", one.path))
        path = one.path
        for name in in_path:
            path = path.replace("{" + name + "}", urllib.parse.quote(str(parameters.pop(name, UNNAMED.get(name, NOBODY))), safe=""))
        if browser is not None:
            answer = browser.get(self.stack.root + path + query(**parameters))
        else:
            kind = next((one for one in one.callers if one), "") if caller is None else caller
            answer = Api(self.stack.root, self.token(kind)).call(one.method, path + query(**parameters), body, headers)
        self.judge(one, answer)
        if answer.status < 400:
            self.document.check_request(one, parameters, headers or {}, body)
        return answer

    def judge(self, operation, answer):
        self.seen.add(self.document.judge(operation, answer))

    def _filled(self, value):
        if isinstance(value, dict):
            return {name: self._filled(one) for name, one in value.items()}
        if isinstance(value, list):
            return [self._filled(one) for one in value]
        return getattr(self, value[1:]) if isinstance(value, str) and value.startswith("$") else value

    @contextlib.contextmanager
    def state(self, name):
        if name == "on":
            yield
        elif name == "database away":
            self.case.cluster().stop()
            try:
                yield
            finally:
                self.case.cluster().start()
                self.sql.close()
        else:
            off = {"CALENDAR_ALLOWLIST_PROVIDER_IDS": NOBODY} if name == "unlisted" else dict.fromkeys(self.case.ALL_FLAGS, "false")
            before = {flag: self.stack.flags[flag] for flag in off}
            self.stack.reload(**off)
            try:
                yield
            finally:
                self.stack.reload(**before)


def derived(document):
    """Rows that follow from the document alone: tokens, flags, and bodies that are no JSON."""
    for one in document.operations.values():
        codes = {code for names in one.codes.values() for code in names}
        if "unauthorized" in codes:
            yield row(one.id, 401, "unauthorized", caller="")
        if "forbidden" in codes:
            yield row(one.id, 403, "forbidden", caller="app" if "admin" in one.callers else "admin")
        if "calendar_sync_disabled" in codes and one.id not in FLAG_BY_BODY:
            yield row(one.id, 403, "calendar_sync_disabled", when="off")
        if "unsupported_media_type" in codes and "" not in one.callers:
            yield row(one.id, 415, "unsupported_media_type", body="text", headers={"Content-Type": "text/plain"})
        if "invalid_json" in codes and "" not in one.callers:
            yield row(one.id, 400, "invalid_json", body="[1", headers={"Content-Type": JSON})
        if "invalid_request" in codes and one.query_names() and one.id not in TAKES_ANY_PARAMETER:
            yield row(one.id, 400, "invalid_request", unknown_parameter="1")
