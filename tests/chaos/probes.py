# SPDX-License-Identifier: Apache-2.0
"""How long it takes, once a fault is over, until a change made at the provider at that moment is in the mirror, and with it
everything else of that account, by every field.

A backoff that the fault has left is cleared as the runbook says: it is there to spare the provider, and waiting for it would
measure how its jitter fell. How often that was needed is counted."""
import collections
import itertools
import threading
import time

LIMIT_SECONDS = 60
LOOK_SECONDS = 0.05
SLOW_SECONDS = 13


class Probes:
    def __init__(self, everyone, people, rng):
        self.everyone, self.people, self.rng, self.log = everyone, people, rng, everyone.world.log
        self.taken = []  # (seconds, kinds, whether a backoff was cleared)
        self._numbers = itertools.count(1)
        self._threads = []

    def launch(self, kinds, count):
        """Probes of `count` accounts or feeds, as far as nobody holds them; wait() waits for them."""
        targets = self._targets()
        self._threads = [one for one in self._threads if one.is_alive()]
        started = []
        for target in targets[:count]:
            thread = threading.Thread(target=self._probe, args=(target, kinds, f"Probe {next(self._numbers)}"), daemon=True)
            thread.start()
            started.append(thread)
        self._threads += started
        return started

    def _targets(self):
        """First those that somebody, perhaps a dead process, holds a lease of."""
        targets = list(self.everyone)
        self.rng.shuffle(targets)
        leased = set(self.everyone.world.sql.column("SELECT id::text FROM external_calendar_connections WHERE lease_until IS NOT NULL"))
        return sorted(targets, key=lambda one: one.connection not in leased)

    def _probe(self, target, kinds, mark):
        if not target.lock.acquire(timeout=2):
            return
        try:
            begun = time.monotonic()
            target.probe(mark)
            helped, left = self._wait(target, mark, begun + LIMIT_SECONDS)
            seconds = time.monotonic() - begun
            self.taken.append((seconds, kinds, helped))
            self.log.note(f"{target.name[:14]} was in step {seconds:.2f} s after {', '.join(kinds)}{', helped' if helped else ''}")
            if left:
                self.log.violation(f"{target.name[:14]} was not in step {LIMIT_SECONDS} s after {', '.join(kinds)}: {left[:4]}")
        except Exception as error:  # of whatever kind: the run must tell it
            self.log.violation(f"a probe broke: {type(error).__name__}: {str(error)[:300]}")
        finally:
            target.lock.release()

    def _wait(self, target, mark, deadline):
        """(whether a backoff was cleared, what still differed at the end)"""
        asked = helped = told = False
        left, deceived = ["not asked yet"], 0
        while left and time.monotonic() < deadline:
            asked = asked or self.people.request_sync(target)
            helped = target.clear_backoff() or helped
            content = asked and not target.faults_of_row()
            left = target.differences() if content or target.arrived(mark) else [f"{mark} is not there; {target.faults_of_row()}"]
            deceived = deceived + 1 if content and left else 0
            if deceived == 3:
                self.log.violation(f"{target.name[:14]} counts as in step and is not: {self._state(target, left)}")
            if not told and time.monotonic() > deadline - LIMIT_SECONDS + SLOW_SECONDS:
                told = True
                self.log.note(f"{target.name[:14]} is slow: asked {asked}, {self._state(target, left)}")
            time.sleep(LOOK_SECONDS)
        return helped, left

    def _state(self, target, left):
        """What differs although nothing changes at the provider meanwhile, and what calsync says about it."""
        lines = [line for daemon in list(self.everyone.world.past) for line in list(daemon.raw) if target.connection in line]
        return f"{left[:4]}; its row: {target.row()}; its log: {[line[:400] for line in sorted(lines)[-12:]]}"

    def wait(self, threads, seconds):
        deadline = time.monotonic() + seconds
        for thread in threads:
            thread.join(max(0, deadline - time.monotonic()))

    def finish(self):
        self.wait(self._threads, LIMIT_SECONDS + 10)

    def quantile(self, share, of=None):
        seconds = sorted(seconds for seconds, kinds, _ in self.taken if of is None or of in kinds)
        return seconds[min(len(seconds) - 1, int(share * len(seconds)))] if seconds else float("nan")

    def helped(self):
        return sum(helped for _, _, helped in self.taken)

    def helped_by_kind(self):
        return collections.Counter(kind for _, kinds, helped in self.taken if helped for kind in kinds)
