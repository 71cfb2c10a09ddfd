# SPDX-License-Identifier: Apache-2.0
"""What goes wrong although it must not: collected from every thread, and told at the end with what had just happened."""
import collections
import threading
import time


class Log:
    """`violations` are sentences; `happened` the last things that were done to the system."""

    def __init__(self, loud=False):
        self.begun = time.monotonic()
        self.violations, self.happened = [], collections.deque(maxlen=400)
        self.statuses = collections.Counter()
        self._lock = threading.Lock()
        self._loud, self.expected = loud, False

    def seconds(self):
        return time.monotonic() - self.begun

    def note(self, text):
        with self._lock:
            self.happened.append(f"{self.seconds():7.2f} s  {text}")
        if self._loud:
            print(f"{self.seconds():7.2f} s  {text}", flush=True)

    def violation(self, text):
        with self._lock:
            self.violations.append(f"{text} (at {self.seconds():.1f} s, after {self._last_faults(3)})")
        if not self.expected:
            print(f"VIOLATION {self.violations[-1]}", flush=True)

    def _last_faults(self, count):
        return ", ".join(line.split("  ", 1)[1] for line in [one for one in self.happened if "fault " in one][-count:]) or "no fault"

    def last(self, count=15):
        return list(self.happened)[-count:]


class Worker(threading.Thread):
    """Does `step` again and again until it is told to stop; a step that raises is a violation, and so is a harness that breaks."""

    def __init__(self, name, log, step, pause):
        super().__init__(name=name, daemon=True)
        self._log, self._step, self._pause = log, step, pause
        self._ended = threading.Event()

    def run(self):
        while not self._ended.wait(self._pause() if callable(self._pause) else self._pause):
            try:
                self._step()
            except Exception as error:  # of whatever kind: the run must tell it, not lose it
                self._log.violation(f"{self.name}: {type(error).__name__}: {str(error)[:500]}")

    def stop(self):
        self._ended.set()

    def finish(self, timeout=90):
        self.stop()
        self.join(timeout)
        if self.is_alive():
            self._log.violation(f"{self.name} did not end")
