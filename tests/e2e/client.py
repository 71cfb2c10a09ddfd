# SPDX-License-Identifier: Apache-2.0
"""HTTP as the host application, an operator and a browser use it."""
import dataclasses
import http.client
import json
import urllib.parse


# Called with (URL, answer) of every request that is sent from here.
OBSERVERS = []


@dataclasses.dataclass
class Answer:
    status: int
    headers: list
    body: bytes

    @property
    def text(self):
        return self.body.decode("utf-8", "replace")

    def json(self):
        return json.loads(self.body)

    def header(self, name):
        for key, value in self.headers:
            if key.lower() == name.lower():
                return value
        return None

    @property
    def code(self):
        """The slug of an error body; None when there is none."""
        try:
            return self.json().get("code")
        except (ValueError, AttributeError):
            return None


def send(method, url, body=None, headers=None, timeout=90):
    """One request on a connection of its own. `body`: None, bytes or str as they are; anything else as JSON."""
    parts = urllib.parse.urlsplit(url)
    headers = dict(headers or {})
    if body is not None and not isinstance(body, (bytes, str)):
        body = json.dumps(body)
        headers.setdefault("Content-Type", "application/json")
    if isinstance(body, str):
        body = body.encode()
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=timeout)
    try:
        target = (parts.path or "/") + ("?" + parts.query if parts.query else "")
        connection.request(method, target, body=body, headers=headers)
        received = connection.getresponse()
        answer = Answer(received.status, received.getheaders(), received.read())
    finally:
        connection.close()
    for observe in OBSERVERS:
        observe(url, answer)
    return answer


def query(**fields):
    """"?name=value&…" of the fields that are not None."""
    present = {name: value for name, value in fields.items() if value is not None}
    return "?" + urllib.parse.urlencode(present) if present else ""


def query_of(url):
    """The query of a URL as a dictionary of its first values."""
    return {name: values[0] for name, values in urllib.parse.parse_qs(urllib.parse.urlsplit(url).query, keep_blank_values=True).items()}


class Api:
    """A caller of the api-server with one bearer token (or none)."""

    def __init__(self, root, token=None):
        self.root = root
        self.token = token

    def call(self, method, path, body=None, headers=None, timeout=90):
        headers = dict(headers or {})
        if self.token is not None:
            headers.setdefault("Authorization", f"Bearer {self.token}")
        return send(method, self.root + path, body, headers, timeout)

    def get(self, path, **fields):
        return self.call("GET", path + query(**fields))

    def post(self, path, body=None, **fields):
        return self.call("POST", path + query(**fields), {} if body is None else body)

    def patch(self, path, body):
        return self.call("PATCH", path, body)

    def delete(self, path):
        return self.call("DELETE", path)


class Browser:
    """Keeps cookies by host and follows nothing by itself."""

    def __init__(self):
        self.cookies = {}

    def get(self, url):
        host = urllib.parse.urlsplit(url).netloc
        held = self.cookies.get(host, {})
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in held.items())} if held else {}
        answer = send("GET", url, headers=headers)
        for name, value in answer.headers:
            if name.lower() == "set-cookie":
                pair = value.split(";", 1)[0]
                key, _, content = pair.partition("=")
                jar = self.cookies.setdefault(host, {})
                if content and "max-age=0" not in value.lower():
                    jar[key.strip()] = content.strip()
                else:
                    jar.pop(key.strip(), None)
        return answer
