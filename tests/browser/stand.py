# SPDX-License-Identifier: Apache-2.0
"""Starts a whole calsync for the browser's steps, and does for them what a browser cannot: accounts, rows, faults, restarts."""
import contextlib
import http.server
import json
import os
import pathlib
import secrets
import subprocess
import sys
import threading
import uuid

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))
sys.dont_write_bytecode = True

import postgres  # noqa: E402
from events import timed  # noqa: E402
from stack import ROOT, Stack  # noqa: E402


class Stand:
    """One stack; what steps may ask of it, by name."""

    def __init__(self, stack):
        self.stack = stack
        self.open = contextlib.ExitStack()
        self.lock = threading.Lock()

    def sql(self, text, values=()):
        if text.lstrip().upper().startswith("SELECT"):
            return [{name: value if isinstance(value, (int, float, bool, type(None), list, dict)) else str(value)
                     for name, value in row.items()} for row in self.stack.sql.rows(text, *values)]
        return self.stack.sql.execute(text, *values)

    def connected(self, events=1):
        """A Google account that has been synced once."""
        owner, email = self.stack.new_owner(), f"{uuid.uuid4().hex[:10]}@example.com"
        self.stack.emulator.add_account(email)
        for number in range(events):
            self.stack.emulator.put_event(email, email, timed(f"event{number:05}", f"Secret title {number}"))
        connection = self.stack.connect_google(owner, email)
        self.stack.wait_synced(connection)
        return {"owner": owner, "email": email, "id": connection}

    def hold(self, email):
        """The provider's answers to this account wait until `release`."""
        self.open.enter_context(self.stack.emulator.hold("api", account=email))

    def trouble(self, kind, email):
        self.open.enter_context(self.stack.emulator.trouble(kind, email))

    def release(self):
        self.open.close()

    def reload(self, **flags):
        self.stack.reload(**flags)

    def restart_api(self):
        self.stack.api_process.terminate()
        self.stack.start_api()

    def asked(self, request):
        with self.lock:
            return getattr(self, request["do"])(*request.get("values", []), **request.get("named", {}))


def serve(stand):
    """For this machine's steps only: the path is a secret."""
    secret = "/" + secrets.token_hex(16)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            status, answer = 404, None
            if self.path == secret:
                try:
                    status, answer = 200, stand.asked(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                except Exception as error:  # the step that asked fails with it
                    status, answer = 500, f"{type(error).__name__}: {error}"
            body = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_address[1]}{secret}"


def main(arguments):
    cluster = postgres.Cluster()
    stack = None
    try:
        cluster.create_database("browser")
        stack = Stack(cluster, "browser")
        stack.migrate()
        stack.start_api()
        stack.start_workers(1)
        pictures = ROOT / ".dev" / "browser"
        pictures.mkdir(parents=True, exist_ok=True)
        environment = {**os.environ, "CALSYNC_ROOT": stack.root, "CALSYNC_ADMIN_TOKEN": stack.admin_token,
                       "CALSYNC_APP_TOKEN": stack.app_token, "CALSYNC_STAND": serve(Stand(stack)), "CALSYNC_PICTURES": str(pictures)}
        status = subprocess.run(["node", str(HERE / "suite.mjs"), *arguments], env=environment, check=False).returncode
        if status != 0:
            troubles = [line[:500] for daemon in stack.past for line in list(daemon.raw)
                        if '"level":"error"' in line and "a request failed" in line]
            print("\n".join(troubles[-10:]), flush=True)
        return status
    finally:
        if stack:
            stack.close()
        cluster.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
