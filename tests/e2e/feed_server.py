# SPDX-License-Identifier: Apache-2.0
"""A web server that plays a publisher of iCalendar feeds, well- and ill-behaved."""
import email.utils
import hashlib
import http.server
import threading

from waiting import announce


class FeedServer:
    """`feeds[path]` is what a path answers: a dictionary with `body` (bytes) and, where they differ from a well-behaved
    server's, `status`, `type`, `headers`, `etag` (False = none) and `promised` (a Content-Length that is not kept).
    `requests` lists (path, headers) in order."""

    def __init__(self, port=0):
        self.feeds, self.requests = {}, []
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", port), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    @property
    def port(self):
        return self._server.server_address[1]

    def url(self, path, scheme="http", host="127.0.0.1"):
        return f"{scheme}://{host}:{self.port}{path}"

    def publish(self, path, text, **settings):
        body = text if isinstance(text, bytes) else text.replace("\n", "\r\n").encode()
        self.feeds[path] = {"body": body, **settings}

    def asked(self, path):
        return [headers for asked, headers in list(self.requests) if asked == path]

    def close(self):
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _handler(self):
        feeds, requests = self.feeds, self.requests

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                requests.append((self.path, dict(self.headers)))
                announce()
                feed = feeds.get(self.path, {"status": 404, "body": b"no such feed", "type": "text/plain", "etag": False})
                etag = feed.get("etag", '"%s"' % hashlib.sha256(feed["body"]).hexdigest()[:16])
                if etag and self.headers.get("If-None-Match") == etag and "status" not in feed:
                    return self.answer(304, b"", {"ETag": etag})
                headers = {"Content-Type": feed.get("type", "text/calendar; charset=utf-8"),
                           "Date": email.utils.formatdate(usegmt=True), **feed.get("headers", {})}
                if etag:
                    headers["ETag"] = etag
                return self.answer(feed.get("status", 200), feed["body"], headers, feed.get("promised"))

            def answer(self, status, body, headers, promised=None):
                self.send_response_only(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                if status != 304:
                    self.send_header("Content-Length", str(promised or len(body)))
                    self.close_connection = promised is not None
                self.end_headers()
                try:
                    self.wfile.write(body)
                except ConnectionError:
                    # A reader that has had enough of an endless feed hangs up.
                    self.close_connection = True

            def log_message(self, *_):
                pass

        return Handler
