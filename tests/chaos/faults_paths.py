# SPDX-License-Identifier: Apache-2.0
"""Networks between the daemons and the database, and between the daemons and the provider, that break in every way."""
import contextlib
import time

from faults import register_as
from waiting import NotInTime, wait_until


def cut(scene, proxy):
    proxy.cut()


def delayed(scene, proxy):
    proxy.delay = scene.rng.uniform(0.03, 0.25)
    time.sleep(scene.rng.uniform(1, 2))
    proxy.delay = 0


def garbled(scene, proxy):
    harmed, proxy.garbling = proxy.harmed, scene.rng.choice(("up", "down"))
    # Nothing to garble: then it happens to nobody.
    with contextlib.suppress(NotInTime):
        wait_until(lambda: proxy.harmed > harmed, 2, "bytes to garble")
    time.sleep(scene.rng.uniform(0, 0.5))
    proxy.garbling = None


def refused(scene, proxy):
    proxy.refuse()
    if scene.rng.random() < 0.7:
        proxy.cut()
    time.sleep(scene.rng.uniform(0.5, 2))
    proxy.accept()


def half_closed(scene, proxy):
    proxy.half_close(scene.rng.choice(("up", "down")))


def stalled(scene, proxy):
    proxy.stall()
    time.sleep(scene.rng.uniform(0.5, 2.5))
    proxy.flow()


PATHS = {"database path": lambda world: world.database_path, "provider path": lambda world: world.provider_path}


def register(family, proxy_of, act):
    register_as(f"{family} {act.__name__.replace('_', ' ')}", family, lambda scene: act(scene, proxy_of(scene.world)), family)


for path, of_world in PATHS.items():
    for damage in (cut, delayed, garbled, refused, half_closed, stalled):
        register(path, of_world, damage)
