# SPDX-License-Identifier: Apache-2.0
"""A database that loses sessions, freezes, crashes, is locked, and is replaced by its standby."""
import socket
import threading
import time

import psycopg2

from faults import fault
from world import DATABASE


@fault("database", room="postgres")
def backends_terminated(scene):
    count = scene.rng.randint(1, 12)
    scene.world.sql.rows("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'calsync'"
                         " ORDER BY random() LIMIT %s", count)


@fault("database", room="postgres")
def postgres_stopped_at_once(scene):
    scene.world.primary.stop("immediate")
    time.sleep(scene.rng.uniform(0, 1))
    scene.world.primary.start()


@fault("database", room="postgres")
def postgres_frozen(scene):
    scene.world.primary.freeze()
    try:
        time.sleep(scene.rng.uniform(0.7, 2))
    finally:
        scene.world.primary.thaw()


@fault("database", room="postgres")
def rows_locked(scene):
    """Somebody's long transaction holds connections' rows."""
    try:
        with psycopg2.connect(scene.world.primary.url(DATABASE)) as session:
            session.cursor().execute("SELECT id FROM external_calendar_connections WHERE random() < 0.5 ORDER BY id FOR UPDATE")
            time.sleep(scene.rng.uniform(0.5, 2))
        session.close()
    except psycopg2.OperationalError:
        scene.log.note("the lock ended early")


class Witness:
    """Commits numbers one after the other and remembers what was acknowledged."""

    def __init__(self, url):
        self._session = psycopg2.connect(url)
        self._session.autocommit = True
        self._session.cursor().execute("CREATE TABLE IF NOT EXISTS chaos.witness (number bigint PRIMARY KEY)")
        self._cursor = self._session.cursor()
        self._cursor.execute("SELECT coalesce(max(number), 0) FROM chaos.witness")
        self.acknowledged = []
        self._next = self._cursor.fetchone()[0] + 1
        self._thread = threading.Thread(target=self._testify, daemon=True)
        self._thread.start()

    def _testify(self):
        try:
            for number in range(self._next, self._next + 10**6):
                self._cursor.execute("INSERT INTO chaos.witness VALUES (%s)", (number,))
                self.acknowledged.append(number)
                time.sleep(0.002)
        except psycopg2.Error:
            pass  # the server died

    def lost(self, database):
        self._thread.join(30)
        kept = set(database.column("SELECT number FROM chaos.witness"))
        return [number for number in self.acknowledged if number not in kept]


def promote(scene):
    """The primary dies for ever, a standby that every commit waited for takes its place. (commits testified to, lost ones)"""
    world, old = scene.world, scene.world.primary
    standby = old.new_standby()
    witness = Witness(old.url(DATABASE))
    time.sleep(scene.rng.uniform(0.3, 1))
    old.destroy()
    standby.promote()
    world.become_primary(standby)
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", old.port)) == 0:
            scene.log.violation("the old primary still answers")
    old.close()
    lost = witness.lost(world.sql)
    scene.log.note(f"a standby was promoted; {len(witness.acknowledged)} commits of a witness, {len(lost)} lost")
    if lost or not witness.acknowledged:
        scene.log.violation(f"the promoted standby lacks {lost[:5]} of {len(witness.acknowledged)} acknowledged commits")
    return len(witness.acknowledged), len(lost)


@fault("database", room="postgres")
def standby_promoted(scene):
    promote(scene)
