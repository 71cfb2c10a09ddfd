# SPDX-License-Identifier: Apache-2.0
"""Broken answers of a provider: what is recorded, what is kept, how it heals."""
import harness
from failing import FailureCase

setUpModule = harness.start_cluster


class BrokenAnswers(FailureCase):
    CONFIG = {"worker": {"request_seconds": 2}}

    def broken(self, code, trouble):
        owner, address, connection = self.changed()
        with trouble(address):
            self.fails(code, connection)
        self.recovers(owner, address, connection)

    def troubles(self, code, *kinds, **order):
        for kind in kinds:
            with self.subTest(kind=kind):
                self.broken(code, lambda address: self.emulator.trouble(kind, address, **order))

    def test_servers_that_fail(self):
        self.troubles("provider_unavailable", "server_error", "unavailable", "gateway_timeout", "bad_gateway_html")

    def test_answers_that_are_not_what_they_should_be(self):
        self.troubles("malformed_response", "malformed_json", "html", "empty_body")
        for body in ("{\"items\": [", "null", "[]", "\"text\"", "{}", "{\"items\": {}}", "{\"items\": 5, \"nextSyncToken\": \"x\"}",
                     "{\"items\": []}", "{\"items\": [], \"nextPageToken\": 7}", "\u0000\u0001", "[" * 5000):
            with self.subTest(body=body[:30]):
                self.broken("malformed_response", lambda address: self.emulator.answered("api", address, body=body))

    def test_connections_that_break(self):
        self.troubles("network_error", "drop_before", "drop_mid_body", "truncated")

    def test_a_provider_that_does_not_answer(self):
        self.troubles("timeout", "slow", delay_ms=20000)

    def test_pages_that_never_end(self):
        page = "{\"items\": [], \"nextPageToken\": \"again\"}"
        self.broken("malformed_response", lambda address: self.emulator.answered("api", address, body=page))
