# SPDX-License-Identifier: Apache-2.0
"""One run: a world, people who change things, faults in rounds, and a verdict."""
import random
import threading
import time

import audit
import faults_database  # noqa: F401  (they register their kinds)
import faults_paths  # noqa: F401
import faults_process  # noqa: F401
import faults_provider  # noqa: F401
from faults import Deck, Scene
from mutator import Mutator
from people import People
from probes import Probes
from accounts import Everyone
from trouble import Worker
from verdict import Verdict
from waiting import wait_until
from world import LEASE_SECONDS, World

GOAL_SECONDS = LEASE_SECONDS + 5


class Chaos:
    """`rate` is in faults a minute; `kinds` restricts them."""

    def __init__(self, seed, rate=18, accounts=12, feeds=3, outlook=6, kinds=None, loud=False):
        self.seed, self.rate = seed, rate
        self.rng = random.Random(seed)
        self.world = World(loud=loud)
        self.log = self.world.log
        try:
            self.everyone = Everyone(self.world, accounts, feeds, outlook)
            self.people = People(self.everyone, self._rng("people"))
            self.mutator = Mutator(self.everyone, self._rng("mutator"))
            self.probes = Probes(self.everyone, self.people, self._rng("probes"))
            self.scene = Scene(self.everyone, self._rng("scene"))
            self.deck = Deck(self._rng("deck"), kinds)
        except BaseException:
            self.world.close()
            raise
        self.life, self.seen_violations = [], 0
        self.memory_at_begin = {}

    def _rng(self, what):
        return random.Random(f"{self.seed} {what}")

    def begin(self):
        self.world.begin()
        for one in self.everyone.accounts:
            for _ in range(6):
                self.mutator._insert(one)
        for one in self.everyone.outlook:
            for _ in range(12):
                self.mutator.microsoft.change(one)
        self.everyone.connect()
        for one in self.everyone:
            wait_until(lambda one=one: not one.faults_of_row() and not one.differences(), 60, lambda one=one: f"{one.name} is in step; "
                       f"{one.faults_of_row()} {one.differences()[:3]}")
        self.memory_at_begin = self.world.crew.memory()
        self.log.begun = time.monotonic()
        self.resume_life()

    def resume_life(self):
        self.life = [Worker("people who change calendars", self.log, self.mutator.step, 0.12),
                     Worker("people who use calsync", self.log, self.people.step, 0.5),
                     Worker("the watch over leases", self.log, self.look_at_the_watch, 1)]
        for one in self.life:
            one.start()

    def look_at_the_watch(self):
        """Told at once, while what had happened before is known."""
        for row in audit.found(self.world.sql, self.seen_violations):
            self.seen_violations = row["id"]
            self.log.violation(audit.sentence(row))

    def rounds(self, seconds, fewest=0):
        """Faults until the time is over and `fewest` have happened."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline or self.scene.fired.total() < fewest:
            begun = time.monotonic()
            count = self.rng.choices((1, 2, 3), (60, 30, 10))[0]
            self.round([self.deck.draw() for _ in range(count)])
            pause = count * 60 / self.rate * self.rng.uniform(0.6, 1.3) - (time.monotonic() - begun)
            time.sleep(max(0, min(pause, deadline - time.monotonic())))

    def round(self, kinds, probes=4):
        """Faults that overlap; when the last one is over, probes tell how long it takes to recover."""
        threads = [threading.Thread(target=self._one, args=(kind, self.rng.uniform(0, 1.2) if number else 0))
                   for number, kind in enumerate(kinds)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        started = self.probes.launch(tuple(kind.name for kind in kinds), probes)
        self.probes.wait(started, GOAL_SECONDS)

    def _one(self, kind, pause):
        time.sleep(pause)
        self.scene.happen(kind)

    def end_life(self):
        for one in self.life:
            one.stop()
        for one in self.life:
            one.finish()
        self.probes.finish()
        self.scene.settle()

    def verdict(self, patient=True):
        """Heals everything and judges. Impatient: everybody is asked to sync instead of waiting for polls."""
        self.end_life()
        return Verdict(self, patient)

    def close(self):
        for one in self.life:
            one.stop()
        self.world.close()
