# SPDX-License-Identifier: Apache-2.0
"""The host application, people at their browsers and somebody on call, while everything goes wrong."""
import collections
import time

import runbook
from waiting import NotInTime

RESET = next(sql for (heading, step), sql in runbook.blocks().items() if heading == "Data Recovery" and step.startswith("Reset sync state"))
RECONNECT_SECONDS = 60
# What a broken path or a dying server answers to a caller; anything else is a wrong answer.
BEARABLE = {200, 201, 202, 204, 303, 403, 409, 429, 502, 503}


class People:
    """One deed a step. Answers that no fault explains are violations."""

    def __init__(self, everyone, rng):
        self.everyone, self.rng, self.world = everyone, rng, everyone.world
        self.done = collections.Counter()
        self._deeds = (("sync", 6), ("read", 4), ("jobs", 2), ("reset", 1), ("clear", 1), ("back_off", 1), ("disable", 1), ("reconnect", 1),
                       ("disconnect", 1))

    def step(self):
        names, weights = zip(*self._deeds)
        deed = self.rng.choices(names, weights)[0]
        target = self.rng.choice(list(self.everyone))
        if not target.lock.acquire(blocking=False):
            return
        try:
            getattr(self, "_" + deed)(target)
            self.done[deed] += 1
        finally:
            target.lock.release()

    def ask(self, call, *more):
        """The answer of the API server; None when there was none. `more` are further statuses that are no surprise."""
        try:
            answer = call()
        except OSError:
            return None
        except Exception as error:  # http.client's: the server died in mid-answer
            if type(error).__module__ != "http.client":
                raise
            return None
        self.world.log.statuses[answer.status] += 1
        if answer.status not in BEARABLE.union(more):
            self.world.log.violation(f"the API answered {answer.status}: {answer.text[:300]}")
        return answer

    def request_sync(self, target):
        """Whether the wish is stored."""
        answer = self.ask(lambda: self.world.app.call("POST", "/api/calendar/sync", {"connection_id": target.connection}, timeout=10))
        return answer is not None and answer.status in (200, 202)

    def _sync(self, target):
        self.request_sync(target)

    def _read(self, target):
        times = {"from": "2027-01-01T00:00:00Z", "to": "2027-06-01T00:00:00Z"}
        self.ask(lambda: self.world.app.get("/api/calendar/connections", provider_id=target.owner))
        self.ask(lambda: self.world.app.get("/api/calendar/events", provider_id=target.owner, **times))

    def _jobs(self, _):
        self.ask(lambda: self.world.admin.call("POST", "/api/admin/calendar/jobs/run", {"wait_seconds": 0}, timeout=10))

    def _set(self, target, assignments):
        self.world.sql.execute(f"UPDATE external_calendar_connections SET {assignments} WHERE id = %s", target.connection)

    def _reset(self, target):
        self.world.sql.execute(RESET.replace("'<connection_id>'", "%s"), target.connection)

    def _clear(self, target):
        self._set(target, "backoff_until = NULL")

    def _back_off(self, target):
        self._set(target, "backoff_until = now() + interval '3 seconds'")

    def _disable(self, target):
        self._set(target, "sync_enabled = false")
        time.sleep(self.rng.uniform(0.2, 1))
        self._set(target, "sync_enabled = true")

    def _reconnect(self, target):
        """Once more, as somebody who was asked to."""
        self._connect(target)

    def _disconnect(self, target):
        path = f"/api/calendar/connections/{target.connection}"
        answer = self._until(lambda: self.ask(lambda: self.world.app.call("DELETE", path, timeout=15), 404),
                             lambda one: one.status in (200, 202, 204, 404))
        self.world.log.note(f"{target.name[:12]} was disconnected: {answer.status}")
        left = self.world.sql.value("SELECT count(*) FROM external_calendar_events WHERE connection_id = %s", target.connection)
        if left:
            self.world.log.violation(f"{left} rows are left of a connection that was deleted")
        self._connect(target)

    def _until(self, call, good):
        deadline = time.monotonic() + RECONNECT_SECONDS
        while time.monotonic() < deadline:
            answer = call()
            if answer is not None and good(answer):
                return answer
            time.sleep(0.2)
        raise NotInTime("the API server did not do it in time")

    def _connect(self, target):
        """As often as it takes."""
        deadline, why = time.monotonic() + RECONNECT_SECONDS, None
        while time.monotonic() < deadline:
            try:
                return target.connect()
            except (AssertionError, OSError) as error:
                if " answers 500" in str(error):
                    self.world.log.violation(str(error))
                why = error
            except Exception as error:  # http.client's
                if type(error).__module__ != "http.client":
                    raise
                why = error
            time.sleep(0.2)
        raise NotInTime(f"{target.name[:12]} was not connected: {why}")
