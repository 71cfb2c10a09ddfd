# SPDX-License-Identifier: Apache-2.0
"""The daemons as a supervisor keeps them: who ends without having been told to is noticed and started again."""
import contextlib
import pathlib
import signal
import threading
import time

from trouble import Worker
from waiting import NotInTime

READY = {"api": "api-server is listening", "worker": "sync-worker is running"}
START_SECONDS = 60
EXIT_SECONDS = 25


class Post:
    """One place in the crew. `lock` is held by whoever ends or starts its process."""

    def __init__(self, world, kind, number):
        self.world, self.kind, self.name = world, kind, f"{kind} {number}"
        self.lock = threading.RLock()
        self.daemon, self.on_duty = None, False
        self.failed_starts, self.largest_rss = [], 0

    def start(self):
        """Again until it runs: it may not start without a database, as its supervisor knows."""
        with self.lock:
            deadline = time.monotonic() + START_SECONDS
            while not self._try_to_start():
                self.failed_starts.append(self.daemon)
                if time.monotonic() > deadline:
                    raise NotInTime(f"{self.name} does not start: {self.daemon.raw[-3:]}")
                time.sleep(0.3)
            self.on_duty = True

    def _try_to_start(self):
        world = self.world
        role = world.new_role("w" if self.kind == "worker" else "api")
        command = world.worker_command("run") if self.kind == "worker" else world.api_command("serve")
        self.daemon = world.launch(self.name, command, role)
        try:
            self.daemon.wait_message(READY[self.kind], timeout=20)
            return True
        except AssertionError:
            status = self.daemon.kill() if self.daemon.alive() else self.daemon.wait()
            if status not in (1, -signal.SIGKILL):
                world.log.violation(f"{self.name} ended at its start with {status}: {self.daemon.raw[-3:]}")
            return False

    def kill(self):
        with self.lock:
            self.on_duty = False
            self.daemon.kill()

    def drain(self):
        """SIGTERM: it must end by itself, in time, with status 0."""
        with self.lock:
            self.on_duty = False
            begun = time.monotonic()
            self.daemon.send(signal.SIGTERM)
            try:
                status = self.daemon.wait(EXIT_SECONDS + 10)
            except Exception:  # subprocess.TimeoutExpired
                status = self.daemon.kill()
            took = time.monotonic() - begun
            if status != 0 or took > EXIT_SECONDS:
                self.world.log.violation(f"{self.name} ended with {status} {took:.1f} s after SIGTERM: {self.daemon.raw[-3:]}")

    @contextlib.contextmanager
    def paused(self):
        with self.lock:
            self.daemon.send(signal.SIGSTOP)
            try:
                yield
            finally:
                self.daemon.send(signal.SIGCONT)

    def hang_up(self):
        """SIGHUP: it reads its flags again."""
        with self.lock:
            self.daemon.send(signal.SIGHUP)

    def look(self):
        """Notices an end that nobody ordered, and how much memory it takes."""
        daemon = self.daemon
        if self.on_duty and not daemon.alive() and self.lock.acquire(blocking=False):
            try:
                if self.on_duty and self.daemon is daemon:
                    self.on_duty = False
                    self.world.log.violation(f"{self.name} ended by itself with {daemon.wait()}: {daemon.raw[-5:]}")
                    self.start()
            finally:
                self.lock.release()
        self.largest_rss = max(self.largest_rss, self.rss())

    def rss(self):
        """MiB that it holds now; 0 when it does not run."""
        try:
            status = pathlib.Path(f"/proc/{self.daemon.process.pid}/status").read_text()
        except (OSError, AttributeError):
            return 0
        lines = [line for line in status.splitlines() if line.startswith("VmRSS")]
        return int(lines[0].split()[1]) / 1024 if lines else 0


class Crew:
    def __init__(self, world, workers):
        self.api = Post(world, "api", 1)
        self.workers = [Post(world, "worker", number + 1) for number in range(workers)]
        self._watch = Worker("the supervisor", world.log, self.look, 0.2)

    @property
    def posts(self):
        return [self.api, *self.workers]

    def look(self):
        for post in self.posts:
            post.look()

    def start_all(self):
        starters = [threading.Thread(target=post.start) for post in self.posts]
        for one in starters:
            one.start()
        for one in starters:
            one.join()
        self._watch.start()

    def end_all(self):
        if self._watch.is_alive():
            self._watch.finish()
        for post in self.posts:
            if post.daemon and post.daemon.alive():
                post.on_duty = False
                post.daemon.end()

    def memory(self):
        return {post.name: post.rss() for post in self.posts}
