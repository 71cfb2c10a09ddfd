# SPDX-License-Identifier: Apache-2.0
"""The harness's own way to the database: straight to whichever server is the primary now, and patient while there is none."""
import collections
import contextlib
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
        self._idle = collections.deque()
        self._own = threading.local()

    @contextlib.contextmanager
    def inside(self, session):
        """What this thread asks meanwhile is asked in this session, and in its transaction."""
        self._own.session = session
        try:
            yield
        finally:
            self._own.session = None

    @contextlib.contextmanager
    def _session(self):
        session = getattr(self._own, "session", None)
        if session is not None:
            yield session
            return
        try:
            session = self._idle.pop()
        except IndexError:
            session = Session(self._url())
        if session.url != self._url():
            session.close()
            session = Session(self._url())
        try:
            yield session
        except psycopg2.Error:
            session.close()
            raise
        finally:
            self._idle.append(session)

    def _patiently(self, what, *arguments):
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                with self._session() as session:
                    return getattr(session, what)(*arguments)
            except (psycopg2.OperationalError, psycopg2.InterfaceError):
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
        while self._idle:
            self._idle.pop().close()
