# SPDX-License-Identifier: Apache-2.0
"""Processes that die, hang and stop."""
import time

from faults import fault
from world import LEASE_SECONDS


def a_worker(scene):
    """One that nobody else is treating at the moment; its lock is held."""
    posts = list(scene.crew.workers)
    scene.rng.shuffle(posts)
    for post in posts:
        if post.lock.acquire(blocking=False):
            return post
    posts[0].lock.acquire()
    return posts[0]


def kill(scene, post):
    """Dead at once; its supervisor starts it again after a moment, which is no part of the fault."""
    post.kill()
    pause = scene.rng.uniform(0, 1)

    def again():
        with post.lock:
            time.sleep(pause)
            if not post.daemon.alive():
                post.start()
    scene.later(again)


@fault("process")
def worker_killed(scene):
    post = a_worker(scene)
    try:
        kill(scene, post)
    finally:
        post.lock.release()


@fault("process")
def all_workers_killed(scene):
    for post in scene.crew.workers:
        with post.lock:
            if post.daemon.alive():
                kill(scene, post)


@fault("process")
def api_killed(scene):
    post = scene.crew.api
    with post.lock:
        post.kill()
        time.sleep(scene.rng.uniform(0, 0.5))
        post.start()


@fault("process")
def worker_paused_beyond_its_lease(scene):
    post = a_worker(scene)
    try:
        with post.paused():
            time.sleep(LEASE_SECONDS + scene.rng.uniform(0.5, 2))
    finally:
        post.lock.release()


@fault("process")
def worker_paused_briefly(scene):
    post = a_worker(scene)
    try:
        with post.paused():
            time.sleep(scene.rng.uniform(0.5, 2))
    finally:
        post.lock.release()


@fault("process")
def worker_drained(scene):
    post = a_worker(scene)
    try:
        post.drain()
        post.start()
    finally:
        post.lock.release()


@fault("process")
def api_drained(scene):
    post = scene.crew.api
    with post.lock:
        post.drain()
        post.start()


def switch(scene, flag, low, high):
    """Off and on again, as an operator does it: the file, then SIGHUP."""
    for value in ("false", "true"):
        scene.world.flags[flag] = value
        scene.world.write_flags()
        for post in scene.crew.posts:
            # Whoever is being treated reads the file when it starts.
            if post.lock.acquire(blocking=False):
                try:
                    if post.daemon.alive():
                        post.hang_up()
                finally:
                    post.lock.release()
        if value == "false":
            time.sleep(scene.rng.uniform(low, high))


@fault("operator", room="flags")
def kill_switch_off_and_on(scene):
    switch(scene, "CALENDAR_SYNC_ENABLED", 0.3, 1.5)


@fault("operator", room="flags")
def webhooks_off_and_on(scene):
    switch(scene, "CALENDAR_WEBHOOK_ENABLED", 0.5, 2)
