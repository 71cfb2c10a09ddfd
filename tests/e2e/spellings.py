# SPDX-License-Identifier: Apache-2.0
"""Finds secrets in texts, however they are spelled there: as they are or in part, encoded once, or turned round."""
import base64
import json
import urllib.parse

SHORTEST = 8
# A run of this many characters of a secret gives enough of it away, wherever it begins.
WINDOW, STEP = 16, 4


def lower_percent(coded):
    first, *rest = coded.split("%")
    return first + "".join("%" + part[:2].lower() + part[2:] for part in rest)


def percent_every(text):
    return "".join(f"%{byte:02X}" for byte in text.encode())


def in_base64(raw, offset):
    """The digits of base64 that depend on `raw` alone when `offset` (0..2) bytes stand before it in its group, and any after it."""
    digits = base64.b64encode(b"\0" * offset + raw).decode().rstrip("=")
    whole = (offset + len(raw)) * 8 // 6
    return digits[(offset * 8 + 5) // 6:whole]


def json_spellings(text):
    yield json.dumps(text)[1:-1]
    yield json.dumps(text, ensure_ascii=False)[1:-1]
    yield json.dumps(text)[1:-1].replace("/", "\\/")
    yield "".join(f"\\u{ord(char):04x}" for char in text)


def spellings(secret):
    """Every text that gives the secret away, by the name of its form."""
    found = {"plain": secret, "reversed": secret[::-1], "percent-decoded": urllib.parse.unquote(secret), "form": urllib.parse.quote_plus(secret)}
    for text, turned in ((secret, ""), (secret[::-1], "reversed ")):
        for form, coded in (("percent", urllib.parse.quote(text, safe="")), ("percent of every byte", percent_every(text))):
            found[turned + form] = coded
            found[f"{turned}{form}, lower case"] = lower_percent(coded)
    raw = secret.encode()
    for offset in range(3):
        found[f"base64 at {offset}"] = in_base64(raw, offset)
        found[f"base64url at {offset}"] = in_base64(raw, offset).replace("+", "-").replace("/", "_")
    found |= {f"json {number}": text for number, text in enumerate(json_spellings(secret))}
    found["hex"], found["hex, upper case"] = raw.hex(), raw.hex().upper()
    for begin in range(0, max(1, len(secret) - WINDOW + 1), STEP):
        found[f"part at {begin}"] = secret[begin:begin + WINDOW]
    return found


def needles(secrets):
    """{text: (name of the secret, form)} of {name: secret}."""
    found = {}
    for name, secret in secrets.items():
        if len(secret) < SHORTEST:
            raise ValueError(f"the secret {name} is too short to be looked for")
        for form, text in spellings(secret).items():
            found.setdefault(text, (name, form))
            found.setdefault(text.lower(), (name, form + ", in lower case"))
    return found


class Searcher:
    def __init__(self, secrets):
        self.needles = needles(secrets)

    def hits(self, text, allowed=()):
        """"NAME (FORM): …surroundings…" of every secret in the text, but those of the kinds allowed here (a name's first word)."""
        found = {}
        for needle, (name, form) in self.needles.items():
            if name.split()[0] in allowed or name in found:
                continue
            at = text.find(needle)
            if at >= 0:
                found[name] = f"{name} ({form}): …{text[max(0, at - 60):at + len(needle) + 20]}…"
        return sorted(found.values())
