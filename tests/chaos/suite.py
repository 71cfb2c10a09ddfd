# SPDX-License-Identifier: Apache-2.0
"""The short run of the test suites: one kind of fault after the other with a fixed seed, a promoted standby, and the proof that
each check can fail. Every family of faults, every invariant and every proof counts as a test."""
import time

from chaos import Chaos
from faults import KINDS
from self_test import SelfTest

SEED = 20261127
SHORT = ("access tokens expired", "api killed", "backends terminated", "channel ends early", "database path cut", "database path garbled",
         "database path half closed", "database path refused", "delta garbled", "delta refused", "kill switch off and on",
         "lifecycle messages", "mailbox throttled", "postgres frozen", "postgres stopped at once",
         "provider answers nonsense", "provider path cut", "provider path garbled", "provider path stalled", "provider throttles",
         "provider unavailable", "pushes in bursts", "pushes lost", "sync tokens expired", "worker drained", "worker killed",
         "worker paused beyond its lease")
INVARIANTS = ("lost", "ghosts", "wrong", "duplicates", "unhealthy", "audit", "leaks", "bugs", "heavy")


class Report:
    def __init__(self):
        self.passed = self.failed = 0

    def tell(self, name, complaints):
        """`complaints`: what is wrong; nothing = passed."""
        complaints = list(complaints)
        print(("FAIL " if complaints else "ok   ") + name, flush=True)
        for line in complaints[:10]:
            print(f"     {line}", flush=True)
        self.failed += bool(complaints)
        self.passed += not complaints


def short_run(chaos, report):
    begun = time.monotonic()
    chaos.rounds(0, fewest=len(SHORT))
    verdict = chaos.verdict(patient=False)
    verdict.demand_all_kinds(SHORT)
    verdict.demand_recovery()
    tell_verdict(chaos, verdict, report, "after many faults")
    print("\n".join([*verdict.table(), *verdict.details(), *verdict.summary(), f"{time.monotonic() - begun:.1f} s"]), flush=True)


def tell_verdict(chaos, verdict, report, when):
    for family in sorted({KINDS[name].family for name in chaos.scene.fired}):
        kinds = [name for name in SHORT if KINDS[name].family == family]
        report.tell(f"faults of the family '{family}' happen", [name for name in kinds if not chaos.scene.fired[name]])
    for name in INVARIANTS:
        report.tell(f"{name}: none {when}", getattr(verdict, name))
    report.tell(f"nothing else is wrong {when}", [line for line in verdict.broken if line.split(":")[0] not in INVARIANTS])
    if verdict.broken:
        print("\n".join(verdict.failure()), flush=True)


def promotion(chaos, report):
    """A standby takes over while everybody goes on changing things."""
    begun = time.monotonic()
    chaos.resume_life()
    chaos.round([KINDS["standby promoted"]])
    kept = chaos.world.sql.value("SELECT count(*) FROM chaos.witness")
    recovering = chaos.world.sql.value("SELECT pg_is_in_recovery()")
    verdict = chaos.verdict(patient=False)
    report.tell("a promoted standby has every acknowledged commit and is the primary", ["no commit was acknowledged"] * (not kept)
                + ["it is still a standby"] * recovering + verdict.broken)
    print("\n".join([*verdict.summary(), f"{time.monotonic() - begun:.1f} s"]), flush=True)


def run(only_self_test=False):
    report, chaos = Report(), Chaos(SEED, rate=1000, accounts=6, feeds=2, outlook=4, kinds=SHORT)
    try:
        chaos.begin()
        if not only_self_test:
            short_run(chaos, report)
            promotion(chaos, report)
        SelfTest(chaos, report).run()
    finally:
        chaos.close()
    print(f"chaos: {report.passed} passed, {report.failed} failed")
    return 1 if report.failed else 0
