# SPDX-License-Identifier: Apache-2.0
"""docs/openapi.yaml against the running server, in both directions.

Routes: the server's own router, as it tells it at its start on level debug, has exactly the document's operations. The pages for people
below /admin are no interface of programs and stand outside.
Answers: every documented answer (operation, status, and code or media type) is provoked and valid by its schema, down to members
that the document does not know; and whatever is answered meanwhile has to be documented.

**A new operation**: describe it in docs/openapi.yaml with `operationId`, `tags`, `security` and `x-codes` (the codes of each
answer of 400 and above; what its description says is held against them). Then add rows to answers_TAG.py, which is found by its
name and has a list ROWS; a tag of its own gets a file of its own. A row is

    row("operationId", STATUS, CODE or media type, WHEN, parameter=…, body={…})

where "$owner", "$connection" … are what openapi_world.World has, and WHEN says what has happened to the system ("on", "unlisted",
"off": no flag, "database away"). If it takes more than one request, write a function under @played. What follows from the document
alone needs no row: 401, 403 by the other kind of token, 403 without flags, 415, 400 for a body that is no JSON and for unknown
parameters. What only a fault can produce goes into ELSEWHERE, with the test that produces it."""
import contextlib
import importlib
import pathlib

import harness
from client import send
from events import assorted
from openapi import Document
from openapi_world import STATES, World, derived
from pushes import ask_once

setUpModule = harness.start_cluster

HERE = pathlib.Path(__file__).resolve().parent
# Documented answer -> (file, text in it) of the test that produces it: they take a fault that this run cannot have.
ELSEWHERE = {
    ("finishConnect", 503, "timeout"): ("tests/unit/net_transport_failure_test.cpp", "an answer that never comes is a timeout"),
    ("any request", 408, "request_timeout"): ("tests/integration/http/deadline_test.cpp", "a head that drips in has ten seconds in all"),
    ("any request", 500, "internal_error"): ("tests/integration/http/session_test.cpp", "what a handler throws is a 500"),
    ("any request", 503, "overloaded"): ("tests/integration/http/drain_test.cpp", "a connection beyond the limit is told 503"),
}
PAGES = ("admin",)
# What no operation sees: the bytes of a request, and the answer.
FRAMING = {
    (400, "bad_request"): b"GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    (404, "not_found"): b"GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n",
    (405, "method_not_allowed"): b"DELETE /healthz HTTP/1.1\r\nHost: a\r\n\r\n",
    (413, "body_too_large"): b"POST /api/calendar/sync HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999\r\n\r\n",
    (415, "unsupported_media_type"): b"GET /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n1",
    (400, "invalid_json"): b"GET /healthz HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 1\r\n\r\n1",
    (417, "expectation_failed"): b"POST /api/calendar/sync HTTP/1.1\r\nHost: a\r\nExpect: a-reply\r\nContent-Length: 1\r\n\r\n",
    (431, "head_too_large"): b"GET /healthz HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 100000 + b"\r\n\r\n",
    (501, "transfer_coding_not_supported"): b"POST /api/calendar/sync HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
    (505, "version_not_supported"): b"GET /healthz HTTP/2.0\r\nHost: a\r\n\r\n",
}


def tables():
    return {path.stem: importlib.import_module(path.stem).ROWS for path in sorted(HERE.glob("answers_*.py"))}


class OpenApi(harness.Case):
    # So that tokens concern the scraped figures, too. The channels that tests put there are those that the keeper wants.
    CONFIG = {"server": {"metrics_public": False}, "push": {"open_channels": True}}
    FLAGS = {}
    ENVIRONMENT = {"MICROSOFT_CLIENT_ID": "e2e-client", "MICROSOFT_CLIENT_SECRET": "unused",
                   "MICROSOFT_REDIRECT_URI": "http://127.0.0.1/api/auth/microsoft/callback"}
    EVENTS = assorted()
    ALL_FLAGS = harness.ALL_FLAGS
    cluster = staticmethod(harness.cluster)

    @contextlib.contextmanager
    def emulator_answers(self, answers):
        """(target, status, body, headers) of each."""
        with contextlib.ExitStack() as open_rules:
            for target, status, body, headers in answers:
                open_rules.enter_context(self.emulator.answered(target, status=status, body=body, headers=headers))
            yield

    def test_the_document_is_consistent(self):
        self.assertEqual(list(Document().complaints()), [])

    def test_the_routes_are_the_documented_ones(self):
        served = [(line["metadata"]["method"], line["metadata"]["path"]) for line in self.stack.api_process.lines(message="an address is served")]
        self.assertEqual(len(served), len(set(served)), "each once")
        interface = [(method, path) for method, path in served if path.split("/")[1] not in PAGES]
        self.assertEqual(sorted(interface), sorted((one.method, one.path) for one in Document().operations.values()))

    def test_every_documented_answer_is_given_and_no_other(self):
        world = World(self)
        rows = [*derived(world.document), *(one for rows in tables().values() for one in rows)]
        for state in STATES:
            with world.state(state):
                for one in rows:
                    if one.when == state:
                        with self.subTest(operation=one.operation, status=one.status, what=one.what, when=state):
                            answer = one.act(world)
                            self.assertEqual(answer.status, one.status, answer.text)
                            if one.status >= 400 and answer.code:
                                self.assertEqual(answer.code, one.what, answer.text)
                            self.assertIn((one.operation, one.status, one.what), world.seen)
                if state == "database away":
                    self.any_answer(world, 503, "database_error", send("GET", self.stack.root + "/api/admin/calendar/status",
                                                                       headers={"Authorization": f"Bearer {self.stack.admin_token}"}))
        self.play_framing(world)
        self.play_heads(world)
        documented = {("any request", *one) for one in world.document.any_request}
        for one in world.document.operations.values():
            documented |= one.documented()
        self.assertEqual(sorted(documented - world.seen - set(ELSEWHERE)), [], "documented, and never given")
        self.assertEqual(sorted(set(ELSEWHERE) & world.seen), [], "given here after all")
        self.assertEqual(sorted(set(ELSEWHERE) - documented), [], "not documented")

    def any_answer(self, world, status, code, answer):
        self.assertEqual((answer.status, answer.code), (status, code), answer.text)
        self.assertIn((status, code), world.document.any_request)
        world.seen.add(("any request", status, code))

    def play_framing(self, world):
        for (status, code), sent in FRAMING.items():
            with self.subTest(framing=code):
                got, text = ask_once(self.stack.api_port, sent)
                self.assertEqual((got, harness.json_of(text)["code"]), (status, code))
                world.document.check(world.document.tree["components"]["schemas"]["Error"], harness.json_of(text), code)
                self.assertIn((status, code), world.document.any_request)
                world.seen.add(("any request", status, code))

    def play_heads(self, world):
        """Every GET answers HEAD, too; of those without a token, which could not be told from 404."""
        for one in world.document.operations.values():
            if one.method == "GET":
                path = one.path.replace("{provider}", "google")
                got, asked = (send(method, self.stack.root + path) for method in ("GET", "HEAD"))
                self.assertEqual((asked.status, asked.body), (got.status, b""), one.id)

    def test_what_is_produced_elsewhere_is_produced_there(self):
        for file, text in ELSEWHERE.values():
            with self.subTest(file=file):
                self.assertIn(text, (harness.ROOT / file).read_text(encoding="utf-8"))
