# SPDX-License-Identifier: Apache-2.0
"""The harness's own way to the database: straight to whichever server is the primary now, and patient while there is none."""
import threading
import time

import psycopg2

from postgres import Session

PATIENCE_SECONDS = 60
PAUSE_SECONDS = 0.1


class Database:
    """As postgres.Session, for any thread. A statement whose connection breaks is repeated."""

    def __init__(self, url):
        self._url = url  # a function: the primary may change
        self._own = threading.local()
        self._sessions = []

    def _session(self):
        session = getattr(self._own, "session", None)
        if session is None or session.url != self._url():
            session = self._own.session = Session(self._url())
            self._sessions.append(session)
        return session

    def _patiently(self, what, *arguments):
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                return getattr(self._session(), what)(*arguments)
            except (psycopg2.OperationalError, psycopg2.InterfaceError):
                self._own.session = None
                if time.monotonic() > deadline:
                    raise
                time.sleep(PAUSE_SECONDS)

    def execute(self, statement, *values):
        return self._patiently("execute", statement, *values)

    def rows(self, statement, *values):
        return self._patiently("rows", statement, *values)

    def row(self, statement, *values):
        return self._patiently("row", statement, *values)

    def value(self, statement, *values):
        return self._patiently("value", statement, *values)

    def column(self, statement, *values):
        return self._patiently("column", statement, *values)

    def close(self):
        for session in self._sessions:
            session.close()
