# SPDX-License-Identifier: Apache-2.0
"""What every module of this suite starts from."""
import json
import unittest
import uuid

import postgres
from client import Api, Browser, query_of, send
from daemon import Daemon, run_to_end
from postgres import psql
from stack import ALL_FLAGS, API, EMULATOR, EVERYTHING_ON, ROOT, WORKER, Stack
from waiting import NotInTime, announce, wait_until

_cluster = None
TEMPLATE = "calsync_migrated"


def cluster():
    return _cluster


def start_cluster():
    """For `setUpModule = harness.start_cluster`: one Postgres per module, with a migrated database to copy."""
    global _cluster
    _cluster = postgres.Cluster()
    unittest.addModuleCleanup(_cluster.close)
    _cluster.create_database(TEMPLATE)
    first = Stack(_cluster, TEMPLATE, with_emulator=False)
    try:
        first.migrate()
    finally:
        first.close()


def json_of(text):
    """A JSON answer; an AssertionError that shows what there is instead."""
    try:
        return json.loads(text)
    except ValueError as error:
        raise AssertionError(f"this is no JSON: {text[:500]!r}") from error


class Case(unittest.TestCase):
    """One stack per class; tests use owners and accounts of their own."""
    CONFIG = {}
    FLAGS = {}
    ENVIRONMENT = {}
    WORKERS = 1
    WITH_EMULATOR = True
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        name = f"e2e_{uuid.uuid4().hex[:8]}"
        _cluster.create_database(name, TEMPLATE)
        cls.stack = Stack(_cluster, name, cls.CONFIG, cls.FLAGS, cls.ENVIRONMENT, cls.WITH_EMULATOR)
        cls.addClassCleanup(cls.stack.close)
        cls.stack.start_api()
        cls.stack.start_workers(cls.WORKERS)

    @property
    def sql(self):
        return self.stack.sql

    @property
    def emulator(self):
        return self.stack.emulator

    def account(self, events=()):
        """A new account at the emulator with a primary calendar of these events; its address."""
        email = f"{uuid.uuid4().hex[:10]}@example.com"
        self.emulator.add_account(email)
        for event in events:
            self.emulator.put_event(email, email, event)
        return email

    def connected(self, events=()):
        """(owner, address, connection id) of a Google account that has been synced once."""
        owner, email = self.stack.new_owner(), self.account(events)
        connection = self.stack.connect_google(owner, email)
        self.stack.wait_synced(connection)
        return owner, email, connection

    def assertAnswer(self, answer, status, code=None):
        self.assertEqual(answer.status, status, answer.text)
        if code is not None:
            self.assertEqual(answer.code, code, answer.text)
        if status >= 400:
            self.assertTrue(answer.json()["error"], answer.text)
        return answer


__all__ = ["ALL_FLAGS", "API", "Api", "Browser", "Case", "Daemon", "EMULATOR", "EVERYTHING_ON", "NotInTime", "ROOT", "Stack", "WORKER",
           "announce", "cluster", "json_of", "psql", "query_of", "run_to_end", "send", "start_cluster", "wait_until"]
