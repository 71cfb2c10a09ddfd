# SPDX-License-Identifier: Apache-2.0
"""Breaks things on purpose: every check has to complain about what it is there for, or it is worthless."""
import contextlib
import itertools
import signal
import time
import types

import audit
from events import timed
from faults_database import Witness
from microsoft import daily, day
from postgres import Session
from verdict import Verdict
from waiting import wait_until
from world import DATABASE, LEASE_SECONDS

CONNECTION = "UPDATE external_calendar_connections SET {} WHERE id = %s"
EVENT = "UPDATE external_calendar_events SET {} WHERE connection_id = %s AND external_event_id = 'probe00001'"
CLAIM = CONNECTION.format("lease_token = lease_token + 1, lease_until = now() + interval '1 minute'")
# The body of calsync_fence as it would be without its check.
NO_FENCE = "CREATE OR REPLACE FUNCTION calsync_fence(connection uuid, token bigint, edit bigint) RETURNS void LANGUAGE plpgsql AS 'BEGIN END'"


class SelfTest:
    """Of a run that is over: its world is spoiled bit by bit."""

    def __init__(self, chaos, report):
        self.chaos, self.report, self.world, self.sql = chaos, report, chaos.world, chaos.world.sql
        self.victim, self.other = chaos.everyone.accounts[:2]
        self.outlook = chaos.everyone.outlook[0]
        self._roles = itertools.count(900)

    def run(self):
        self.chaos.end_life()
        self.world.log.expected = True
        for one in self.chaos.everyone:
            wait_until(lambda one=one: not one.faults_of_row() and not one.differences(), 60, f"{one.name[:14]} is in step")
        for one in (self.victim, self.outlook):
            one.probe("The probe")
            self.chaos.people.request_sync(one)
            wait_until(lambda: one.arrived("The probe") and not one.faults_of_row(), 30, "the probe has arrived")
        self.a_missing_fence()
        self.a_mirror_that_only_seems_in_step()
        self.an_end_by_itself()
        self.spoiled_outlook()
        for post in self.world.crew.workers:
            post.drain()
        self.spoiled_rows()
        self.spoiled_leases()
        self.everything_else()

    def proof(self, name, complained):
        self.report.tell(f"the check complains about {name}", [] if complained else ["it does not"])

    # -- a bug in the product itself

    def a_missing_fence(self):
        """A worker sleeps in the middle of a run, beyond its lease, and nothing stops what it writes when it wakes up."""
        fence = self.sql.value("SELECT pg_get_functiondef('calsync_fence'::regproc)")
        self.sql.execute(NO_FENCE)
        try:
            before = audit.counts(self.sql)["stale commit"]
            self.sleep_through_a_lease()
            found = self.eventually(lambda: audit.counts(self.sql)["stale commit"] > before, 10)
            self.proof("a worker without a fence that overslept its lease", found)
        finally:
            self.sql.execute(fence)

    def sleep_through_a_lease(self):
        """Of the worker that claims the victim next: when it wakes up it has everything in hand that it wants to write, but no lease."""
        waiting = "SELECT usename FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND usename = %s"
        with contextlib.closing(Session(self.world.primary.url(DATABASE))) as blocker:
            slow = {"kind": "slow", "delay_ms": 1000, "times": -1, "match": {"operation": "events.list", "account": self.victim.email}}
            fault = self.world.emulator.control("POST", "/faults", slow)["id"]
            calendars = list(self.world.emulator.truth(self.victim.email))
            for name in calendars:
                self.world.emulator.put_event(self.victim.email, name, timed("sleeper001", "Read by the sleeper"))
            self.chaos.people.request_sync(self.victim)
            # The last call of the run: each one asks whether the lease is still there.
            wait_until(lambda: self.fired(fault) >= len(calendars) and self.holder(), 10, "somebody reads the last calendar")
            self.world.emulator.control("DELETE", f"/faults/{fault}")
            # A claim looks at this table, too.
            blocker.execute("BEGIN")
            blocker.execute("LOCK TABLE external_calendar_events IN ACCESS EXCLUSIVE MODE")
            role, = wait_until(lambda: self.sql.column(waiting, self.holder()), 10, "its holder looks at the mirror")
            token = self.victim.row()["lease_token"]
            sleeper, = [post for post in self.world.crew.workers if f"({role})" in post.daemon.name]
            with sleeper.paused():
                blocker.execute("ROLLBACK")
                wait_until(lambda: self.victim.row()["lease_token"] > token and not self.victim.faults_of_row(), LEASE_SECONDS + 10,
                           "another one has taken over")

    def fired(self, fault):
        return next(one["fired"] for one in self.world.emulator.control("GET", "/faults")["faults"] if one["id"] == fault)

    def holder(self):
        found = self.sql.column("SELECT k.holder FROM chaos.claims k JOIN external_calendar_connections c ON c.id = k.connection"
                                " AND c.lease_token = k.lease_token WHERE c.id = %s AND c.lease_until IS NOT NULL", self.victim.connection)
        return found[0] if found else None

    def eventually(self, condition, seconds):
        with contextlib.suppress(AssertionError):
            return wait_until(condition, seconds, "the complaint")
        return False

    def a_mirror_that_only_seems_in_step(self):
        """A field is wrong, and a run that ends well does not mend it."""
        wrong = EVENT.format("title = %s").replace("probe00001", "sleeper001")
        self.sql.execute(wrong, "Wrong", self.victim.connection)
        before = len(self.world.log.violations)
        self.victim.probe("Looked at")
        _, left = self.chaos.probes._wait(self.victim, "Looked at", time.monotonic() + 5)
        told = [line for line in self.world.log.violations[before:] if "counts as in step and is not" in line]
        self.proof("a mirror that only seems in step", told and any("title" in line for line in left))
        del self.world.log.violations[before:]
        self.sql.execute(wrong, "Read by the sleeper", self.victim.connection)

    def an_end_by_itself(self):
        before = len(self.world.log.violations)
        post = self.world.crew.workers[0]
        post.daemon.send(signal.SIGKILL)
        self.proof("a daemon that ends by itself",
                   self.eventually(lambda: any("ended by itself with -9" in line for line in self.world.log.violations[before:]), 10))
        wait_until(lambda: post.on_duty and post.daemon.alive(), 30, "it runs again")
        del self.world.log.violations[before:]

    # -- rows that are not the provider's

    def spoiled_rows(self):
        self.spoil("a lost row", "DELETE FROM external_calendar_events WHERE connection_id = %s AND external_event_id = 'probe00001'", "lost:")
        self.spoil("a ghost", "UPDATE external_calendar_events SET external_event_id = 'nobody' WHERE connection_id = %s"
                              " AND external_event_id = 'probe00001'", "ghost:")
        for column, value in (("title", "'Another'"), ("start_time", "now()"), ("is_busy", "NOT is_busy"), ("etag", "'\"1\"'"),
                              ("raw_payload", "raw_payload || '{\"summary\": \"x\"}'"), ("provider_id", "gen_random_uuid()")):
            self.spoil(f"a wrong {column}", EVENT.format(f"{column} = {value}"), column)
        copy = ("INSERT INTO external_calendar_events (connection_id, provider_id, provider, external_calendar_id, external_event_id, ical_uid)"
                " SELECT connection_id, provider_id, provider, external_calendar_id, 'copy', ical_uid FROM external_calendar_events"
                " WHERE connection_id = %s AND external_event_id = 'probe00001'")
        self.spoil("a duplicate", copy, "", self.chaos.everyone.duplicates)
        self.spoil("an unhealthy connection", CONNECTION.format("error_count = 3"), "error_count", self.victim.faults_of_row)
        secret = self.world.client_secret
        self.spoil("a secret in a column", CONNECTION.format(f"last_error = 'x {secret} y'"), "[SECRET]",
                   lambda: self.world.seen.leaks_in_columns(self.sql))

    def spoiled_outlook(self):
        """Of a Microsoft account, whose rows have a comparison of their own; a series has been put there."""
        account, date = self.outlook, day(7)
        series = account.control("POST", "/events", {"email": account.email, "event": daily("A series", date, 5)})["immutable_id"]
        for order, more in (("", {"day": day(8), "event": {"subject": "Another day"}}), ("/cancel", {"day": day(9)})):
            account.control("PATCH" if not order else "POST", "/events" + order, {"email": account.email, "event_id": series, **more})
        self.chaos.people.request_sync(account)
        wait_until(lambda: not account.differences() and not account.faults_of_row(), 30, "the series is mirrored")
        master = f"UPDATE external_calendar_events SET {{}} WHERE connection_id = %s AND external_event_id = '{series}'"
        changed = f"UPDATE external_calendar_events SET {{}} WHERE connection_id = %s AND recurring_event_id = '{series}'"
        for name, statement, word in (
                ("a lost row", f"DELETE FROM external_calendar_events WHERE connection_id = %s AND recurring_event_id = '{series}'", "lost:"),
                ("a ghost", master.format("external_event_id = 'nobody'"), "ghost:"), ("a wrong title", master.format("title = 'x'"), "title"),
                ("a removed day that is not known", master.format("recurrence = recurrence[1:1]"), "recurrence"),
                ("a wrong etag", master.format("etag = 'x'"), "etag"), ("a wrong busy", changed.format("is_busy = NOT is_busy"), "is_busy"),
                ("a wrong slot", changed.format("original_start_time = now()"), "original_start_time"),
                ("a wrong payload", changed.format("raw_payload = raw_payload || '{\"subject\": \"x\"}'"), "raw_payload")):
            self.spoil(f"{name} of Microsoft's", statement, word, account.differences, account)

    def spoil(self, name, statement, word, look=None, of=None):
        """In a transaction that is undone afterwards; `look` sees it."""
        look = look or self.victim.differences
        before = look()
        with contextlib.closing(Session(self.world.primary.url(DATABASE))) as session, self.sql.inside(session):
            session.execute("BEGIN")
            session.execute(statement, (of or self.victim).connection)
            found = look()
            session.execute("ROLLBACK")
        self.proof(name, not before and any(word in line for line in found))

    # -- writers without a lease

    @contextlib.contextmanager
    def role(self):
        name = f"w{next(self._roles)}"
        audit.new_role(self.sql, name)
        session = Session(self.world.primary.url(DATABASE).replace("//calsync@", f"//{name}@"))
        try:
            yield session
        finally:
            session.close()

    def caught(self, name, kind, *statements, claimed=True):
        """The last statement is another role's than the claim and the others, unless it is the only one."""
        before = audit.counts(self.sql)[kind]
        with self.role() as holder, self.role() as writer:
            self.sql.execute(CONNECTION.format("lease_until = NULL"), self.victim.connection)
            clean = audit.counts(self.sql)
            if claimed:
                holder.execute(CLAIM, self.victim.connection)
            for session, statement in statements:
                {"holder": holder, "other": writer}[session].execute(statement, self.victim.connection)
        before = max(before, clean[kind])
        self.proof(name, audit.counts(self.sql)[kind] > before)

    def spoiled_leases(self):
        self.caught("a settlement by another process", "stale commit", ("other", CONNECTION.format("lease_until = NULL")))
        self.caught("a checkpoint by another process", "stale commit", ("other", CONNECTION.format("sync_cursor = 'x', lease_until = now()")))
        self.caught("a cursor written without a lease", "stale commit", ("other", CONNECTION.format("sync_cursor = 'y'")), claimed=False)
        self.caught("a state written without a lease", "stale commit", ("other", CONNECTION.format("sync_state = 'delayed'")), claimed=False)
        self.caught("a state told without a verdict", "stale commit", ("holder", (
            "INSERT INTO calendar_connection_states (connection_id, provider_id, from_state, to_state)"
            " SELECT id, provider_id, 'delayed', sync_state FROM external_calendar_connections WHERE id = %s")))
        self.caught("an event written under another's lease", "stale commit", ("other", EVENT.format("title = 'x'")))
        self.caught("an event written without a lease", "stale commit", ("other", EVENT.format("title = 'x'")), claimed=False)
        self.caught("a token stored under another's lease", "stale commit",
                    ("other", "UPDATE external_calendar_credentials SET updated_at = now() WHERE connection_id = %s"))
        self.caught("the history of an old lease", "stale commit", ("holder", (
            "INSERT INTO calendar_sync_runs (sync_id, connection_id, provider_id, provider, lease_token, outcome, started_at)"
            " SELECT gen_random_uuid(), id, provider_id, provider, lease_token - 1, 'complete', now() FROM external_calendar_connections"
            " WHERE id = %s")))
        self.caught("a row without its cursor", "torn commit", ("holder", EVENT.format("title = 'x'")))
        self.caught("a calendar written under another's lease", "stale commit",
                    ("other", "UPDATE external_calendars SET last_error = 'x' WHERE connection_id = %s"))
        self.caught("a second live lease", "two leases", ("other", CLAIM))
        self.caught("a lease token that jumps", "lease token", ("other", CONNECTION.format("lease_token = lease_token + 2")), claimed=False)
        self.caught("a lease token that goes back", "lease token", ("other", CONNECTION.format("lease_token = lease_token - 1")), claimed=False)
        older = "raw_payload = raw_payload || '{\"updated\": \"2001-01-01T00:00:00Z\"}'"
        self.caught("an older version", "older version", ("holder", EVENT.format(older)))
        self.caught("another owner", "wrong owner", ("holder", EVENT.format("provider_id = gen_random_uuid()")))
        self.caught("a sync time that goes back", "time went back",
                    ("holder", CONNECTION.format("last_synced_at = '2001-01-01', lease_until = NULL")))
        self.caught("a connection suspended for nothing", "suspended",
                    ("holder", CONNECTION.format("backoff_until = now() + interval '1 year', lease_until = NULL")))
        self.caught_at_commit()

    def caught_at_commit(self):
        """A row is written with the lease and committed after somebody else has claimed it."""
        before = audit.counts(self.sql)["stale commit"]
        with self.role() as holder, self.role() as thief:
            self.sql.execute("UPDATE external_calendar_connections SET lease_until = NULL WHERE id = %s AND lease_until IS NOT NULL",
                             self.victim.connection)
            clean = audit.counts(self.sql)["stale commit"]
            holder.execute(CLAIM.replace("1 minute", "0 seconds"), self.victim.connection)
            holder.execute("BEGIN")
            holder.execute(EVENT.format("title = 'Late'"), self.victim.connection)
            thief.execute(CLAIM, self.victim.connection)
            holder.execute("COMMIT")
        self.proof("a commit after the lease was taken over", audit.counts(self.sql)["stale commit"] > max(before, clean))

    # -- the rest

    def everything_else(self):
        log = self.world.log
        kept = list(log.violations)
        answer = types.SimpleNamespace(status=500, text="an incident")
        self.chaos.people.ask(lambda: answer)
        self.proof("an answer 500", len(log.violations) == len(kept) + 1)
        log.violations[:] = kept
        self.proof("a secret in an output", self.world.seen.leaks([f"token={self.world.client_secret}."]) == ["token=[SECRET]."])
        witness = Witness(self.world.primary.url(DATABASE))
        wait_until(lambda: len(witness.acknowledged) > 3, 10, "commits")
        witness._session.close()
        self.sql.execute("DELETE FROM chaos.witness WHERE number = %s", witness.acknowledged[0])
        self.proof("an acknowledged commit that is lost", witness.lost(self.sql) == witness.acknowledged[:1])
        self.of_the_verdict()

    def of_the_verdict(self):
        verdict = Verdict.__new__(Verdict)
        verdict.chaos, verdict.world, verdict.everyone, verdict.broken = self.chaos, self.world, self.chaos.everyone, []
        verdict.demand_all_kinds(["a kind that is not"])
        self.proof("a kind that never happened", len(verdict.broken) == 1)
        self.chaos.probes.taken += [(99.0, ("nothing",), False)] * (1 + len(self.chaos.probes.taken))
        verdict.demand_recovery()
        self.proof("a slow recovery", len(verdict.broken) == 2)
        self.world.crew.api.largest_rss = 10**6
        verdict.judge()
        for name in ("heavy", "audit", "wrong", "unhealthy"):
            self.proof(f"'{name}' in the verdict", any(line.startswith(name) for line in verdict.broken))
