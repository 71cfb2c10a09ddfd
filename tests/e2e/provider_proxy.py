# SPDX-License-Identifier: Apache-2.0
"""Stands between the daemons and the provider emulator: counts calls, holds them, and bends or replaces answers.

The emulator behaves as Google does, on good days and bad. What never comes from there but must not hurt is made here, and a
test can hold a call here exactly as long as it needs."""
import http.client
import http.server
import json
import socket
import struct
import sys
import threading
import time
import urllib.parse

from waiting import announce, wait_until

HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length"}


def gives_tokens(path):
    return path == "/token" or path.endswith("/oauth2/v2.0/token")


def speaks_of_tokens(path):
    return path == "/revoke" or gives_tokens(path)


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, client_address):
        """Workers hang up when they are killed or lose patience; anything else is a bug of this proxy."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class Rule:
    """Applies to the calls that `matches`, after the first `skip` of them, `count` times (None = always)."""

    def __init__(self, matches, act, skip=0, count=None):
        self.matches, self.act, self.skip, self.count = matches, act, skip, count
        self.lock = threading.Lock()

    def takes(self, call):
        if not self.matches(call):
            return False
        with self.lock:
            if self.skip > 0:
                self.skip -= 1
                return False
            if self.count is None:
                return True
            self.count -= 1
            return self.count >= 0


class Hold:
    """Calls wait here until it is released."""

    def __init__(self):
        self.arrived = 0
        self.released = threading.Event()

    def wait(self, timeout=20):
        """Until a call is held."""
        wait_until(lambda: self.arrived > 0, timeout, "a call arrived that is held")

    def act(self, exchange):
        self.arrived += 1
        announce()
        self.released.wait(120)


class Proxy:
    """`calls` lists every call in order of arrival: {method, path, query, account, status}."""

    def __init__(self, emulator_port):
        self.emulator_port = emulator_port
        self.calls, self.rules, self.benders = [], [], []
        self.accounts = {}  # every code and token that was seen -> the account's address
        self._server = Server(("127.0.0.1", 0), handler_of(self))
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()

    def note_tokens(self, call, request_body, answer_body):
        """Whose the new tokens are: the account's that the code or the refresh token belongs to."""
        asked = {name: values[0] for name, values in urllib.parse.parse_qs(request_body.decode()).items()}
        account = self.accounts.get(asked.get("code") or asked.get("refresh_token") or asked.get("token"))
        call["account"] = account
        if not gives_tokens(call["path"]) or call["status"] != 200:
            return
        try:
            answer = json.loads(answer_body)
        except ValueError:
            return
        for name in ("access_token", "refresh_token", "id_token"):
            if answer.get(name):
                self.accounts[answer[name]] = account

    def note_code(self, call, headers):
        """A consent page that leads back with a code says whose the code is."""
        for name, value in headers:
            if name.lower() == "location" and "emulator_account" in call["query"]:
                code = urllib.parse.parse_qs(urllib.parse.urlsplit(value).query).get("code")
                if code:
                    self.accounts[code[0]] = call["query"]["emulator_account"]

    def forward(self, method, target, headers, body):
        """(status, headers, body, what the emulator promised as Content-Length and did not keep) of the emulator."""
        connection = http.client.HTTPConnection("127.0.0.1", self.emulator_port, timeout=60)
        try:
            connection.request(method, target, body=body, headers=headers)
            answer = connection.getresponse()
            promised = None
            try:
                content = answer.read()
            except http.client.IncompleteRead as cut:
                content, promised = cut.partial, len(cut.partial) + (cut.expected or 1)
            fields = [(name, value) for name, value in answer.getheaders() if name.lower() not in HOP_BY_HOP]
            return answer.status, fields, content, promised
        finally:
            connection.close()


class Exchange:
    """One call on its way; rules may answer it in the emulator's place."""

    def __init__(self, handler, call, headers, body):
        self.handler, self.call, self.headers, self.body = handler, call, headers, body
        self.done = False

    def answer(self, status, headers, body, promised=None):
        self.done = True
        self.call["status"] = status
        self.handler.write_answer(status, headers, body, promised)

    def reset(self):
        """The emulator hung up, and so does this: with a RST."""
        self.done = True
        linger_for_no_time = struct.pack("ii", 1, 0)
        self.handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger_for_no_time)
        self.handler.close_connection = True


def handler_of(proxy):
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_any(self):
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            parts = urllib.parse.urlsplit(self.path)
            # Graph's links are absolute: they lead to this proxy.
            dropped = {"accept-encoding"} if parts.path.startswith("/graph/") else {"host", "accept-encoding"}
            headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP_BY_HOP | dropped}
            token = headers.get("Authorization", headers.get("authorization", "")).removeprefix("Bearer ")
            call = {"method": self.command, "path": parts.path, "query": dict(urllib.parse.parse_qsl(parts.query, keep_blank_values=True)),
                    "account": proxy.accounts.get(token), "token": token, "status": None, "at": time.monotonic()}
            if speaks_of_tokens(parts.path):
                proxy.note_tokens(call, body, b"")
            proxy.calls.append(call)
            announce()
            self.serve(Exchange(self, call, headers, body))
            announce()

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_any

        def serve(self, exchange):
            for rule in list(proxy.rules):
                if rule.takes(exchange.call):
                    rule.act(exchange)
                    if exchange.done:
                        return
            call = exchange.call
            try:
                status, headers, content, promised = proxy.forward(call["method"], self.path, exchange.headers, exchange.body)
            except (ConnectionError, http.client.BadStatusLine):
                exchange.reset()
                return
            call["status"] = status
            if speaks_of_tokens(call["path"]):
                proxy.note_tokens(call, exchange.body, content)
            proxy.note_code(call, headers)
            for bend in list(proxy.benders):
                content = bend(call, status, content)
            exchange.answer(status, headers, content, promised)

        def write_answer(self, status, headers, body, promised):
            try:
                self.send_response_only(status)
                for name, value in headers:
                    self.send_header(name, value)
                self.send_header("Content-Length", str(promised or len(body)))
                self.close_connection |= promised is not None
                self.end_headers()
                self.wfile.write(body)
            except ConnectionError:
                self.close_connection = True

        def log_message(self, *_):
            pass

    return Handler
