# SPDX-License-Identifier: Apache-2.0
"""Every secret that goes over the wires, and whether it stands anywhere it must not."""
import re

PATTERNS = (re.compile(rb'"(?:access_token|refresh_token|id_token|token)"\s*:\s*"([^"]{12,})"'), re.compile(rb"[?&]code=([^&\s]{12,})"),
            re.compile(rb"(?:^|&)(?:code|refresh_token|client_secret|code_verifier)=([^&\s]{12,})"),
            re.compile(rb'"clientState"\s*:\s*"[^".]*\.([^"]{12,})"'), re.compile(rb"(?:\$|%24)(?:delta|skip)token=([^&\s\"]{12,})"))
# Columns that people and programs read.
COLUMNS = (("external_calendar_connections", "last_error"), ("external_calendar_events", "last_error"), ("external_calendars", "last_error"),
           ("external_calendars", "watch_error"), ("calendar_sync_runs", "error"), ("calendar_revocations", "last_error"),
           ("calendar_push_channels", "last_error"), ("calendar_abandoned_channels", "last_error"), ("calendar_job_run_items", "error"))


class Sightings:
    def __init__(self):
        self._secrets = set()

    def add(self, *secrets):
        self._secrets.update(secrets)

    def look(self, chunk):
        """A chunk of what daemons and provider say to each other."""
        if b"token" in chunk or b"code=" in chunk or b"secret" in chunk or b"clientState" in chunk:
            for pattern in PATTERNS:
                self._secrets.update(found.decode("ascii", "replace") for found in pattern.findall(chunk))

    def __len__(self):
        return len(self._secrets)

    def leaks(self, lines):
        """The lines in which one of them stands, shortened and without it."""
        text = "\n".join(lines)
        # The emulator goes on giving tokens meanwhile.
        seen = [secret for secret in tuple(self._secrets) if secret in text]
        found = []
        for line in lines if seen else ():
            if any(secret in line for secret in seen):
                for secret in seen:
                    line = line.replace(secret, "[SECRET]")
                found.append(line[:300])
        return found

    def leaks_in_columns(self, database):
        texts = [f"{table}.{column}: {text}" for table, column in COLUMNS
                 for text in database.column(f"SELECT DISTINCT {column} FROM {table} WHERE {column} IS NOT NULL")]
        return self.leaks(texts)
