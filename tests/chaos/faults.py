# SPDX-License-Identifier: Apache-2.0
"""The kinds of faults, their order, and the scene that they happen on. A kind is a function of the scene that is back when the
fault is over; the modules faults_*.py register theirs here."""
import collections
import dataclasses
import threading

KINDS = {}  # name -> Kind


@dataclasses.dataclass(frozen=True)
class Kind:
    name: str
    family: str
    act: object
    room: str  # faults of the same room happen one after the other


def fault(family, room=None):
    """Registers a function as the kind of its name."""
    def register(act):
        name = act.__name__.replace("_", " ")
        KINDS[name] = Kind(name, family, act, room)
        return act
    return register


def register_as(name, family, act, room):
    KINDS[name] = Kind(name, family, act, room)


class Scene:
    """`rng` decides about the details; `aftermath` are threads that somebody must wait for at the end."""

    def __init__(self, everyone, rng):
        self.everyone, self.world, self.rng = everyone, everyone.world, rng
        self.log, self.emulator = everyone.world.log, everyone.world.emulator
        self.crew = everyone.world.crew
        self.fired, self.aftermath = collections.Counter(), []
        self._rooms = collections.defaultdict(threading.Lock)

    def happen(self, kind):
        room = self._rooms[kind.room] if kind.room else threading.Lock()
        with room:
            self.log.note(f"fault {kind.name} begins")
            try:
                kind.act(self)
                self.fired[kind.name] += 1
            except Exception as error:  # the harness's own: the run must tell it
                self.log.violation(f"the fault {kind.name} did not work: {type(error).__name__}: {str(error)[:300]}")
            self.log.note(f"fault {kind.name} is over")

    def later(self, act):
        thread = threading.Thread(target=act, daemon=True)
        thread.start()
        self.aftermath.append(thread)

    def settle(self):
        for thread in self.aftermath:
            thread.join(90)


class Deck:
    """Every kind once before any comes again."""

    def __init__(self, rng, names=None):
        self._rng, self._names, self._left = rng, sorted(names or KINDS), []

    def draw(self):
        if not self._left:
            self._left = list(self._names)
            self._rng.shuffle(self._left)
        return KINDS[self._left.pop()]
