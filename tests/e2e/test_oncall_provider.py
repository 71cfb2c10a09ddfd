# SPDX-License-Identifier: Apache-2.0
"""Faults of grants and of providers: each is told by every place with its cause, the right owner and one action, and that action, or
the provider's return, ends it."""
import harness
from events import timed
from feed_server import FeedServer
from harness import wait_until
from ical import calendar, vevent
from oncall import Counter, Fault, Gauge, Log, OnCall, table

setUpModule = harness.start_cluster
FAILURES = "calendar_sync_failures_total"


def proved(case, connection, code):
    """One refusal proves nothing yet, and is told as such; the second one does."""
    case.poll(connection)
    told = case.explained(connection)["explanation"]
    case.assertEqual((told["cause"], told["error_owner"]), ("backoff_after_error", "none"))
    case.assertIn(f"{code}: ", told["reason"])
    case.poll(connection)


def crowd(case, count):
    """Connections of so many other owners, in step."""
    found = [case.stack.connect_google(case.stack.new_owner(), case.account()) for _ in range(count)]
    for one in found:
        case.stack.wait_synced(one)
    return found


def dead_grant(case, who, planted):
    case.emulator.revoke_grant(who[1])
    case.token_ends(who[2])
    proved(case, who[2], "invalid_token")


def missing_permission(case, who, planted):
    planted.enter_context(case.emulator.trouble("forbidden_scope", who[1]))
    proved(case, who[2], "insufficient_scope")


def connects_again(case, who, planted):
    planted.close()
    case.assertEqual(case.stack.connect_google(*who[:2]), who[2])


def trouble(kind, of_account=True, **order):
    def plant(case, who, planted):
        planted.enter_context(case.emulator.trouble(kind, who[1] if of_account else None, **order))
        case.poll(who[2])
    return plant


def misconfigured_twice(case, connection):
    """The alert is about failures that go on: it looks at what comes after the first one that it has ever seen."""
    case.poll(connection)
    case.prometheus.wait_known(FAILURES, provider="google", error_code="configuration_error")
    case.poll(connection)


def api_disabled(case, who, planted):
    planted.enter_context(case.emulator.trouble("access_not_configured", who[1]))
    misconfigured_twice(case, who[2])


def over_and_time_passes(case, who, planted):
    """The trouble is over at the provider, and what it had asked to wait for has passed."""
    planted.close()
    case.sql.execute("UPDATE calendar_rate_buckets SET blocked_until = NULL")
    case.sql.execute("UPDATE external_calendar_connections SET backoff_until = NULL")


def over_and_hours_pass(case, who, planted):
    """As before; a worker remembers by itself how long all were asked to wait."""
    case.stack.stop_workers()
    over_and_time_passes(case, who, planted)
    case.stack.start_workers(1)


def over_and_cleared(case, who, planted):
    planted.close()
    case.act(who[2], "clear-backoff")


def wrong_secret(case, who, planted):
    case.secret = case.stack.environment["GOOGLE_CLIENT_SECRET"]
    case.change_environment(GOOGLE_CLIENT_SECRET="expired-in-the-console")
    case.token_ends(who[2])
    misconfigured_twice(case, who[2])


def right_secret(case, who, planted):
    case.change_environment(GOOGLE_CLIENT_SECRET=case.secret)
    case.act(who[2], "clear-backoff")


def project_quota(case, who, planted):
    """Three owners are told that the project has no calls left today."""
    others = crowd(case, 2)
    planted.enter_context(case.emulator.trouble("forbidden_daily", retry_after="600"))
    for connection in (who[2], *others):
        case.poll(connection)


def broken_event(case, who, planted):
    case.emulator.put_raw_event(who[1], "two0000001", '{"kind": "calendar#event", "id": "two0000001", "status": "confirmed", "summary": "Two"}')
    case.poll(who[2])


def mended_event(case, who, planted):
    case.emulator.put_event(who[1], who[1], timed("two0000001", "Two"))
    case.assertAnswer(case.stack.admin.post("/api/admin/calendar/events/retry", {"connection_id": who[2], "reason": "it was mended"}), 200)


def unreadable_calendar(case, who, planted):
    calendar_id = f"{who[1]}.team"
    case.emulator.add_calendar(who[1], calendar_id, "Team", "Europe/Berlin")
    case.stack.sync(who[2])
    planted.enter_context(case.emulator.trouble("forbidden", who[1], match={"account": who[1], "calendar_id": calendar_id}))
    case.poll(who[2])


def readable_again(case, who, planted):
    planted.close()
    case.poll(who[2])


def outage(case, who, planted):
    everybody = [who[2], *crowd(case, 7)]
    planted.enter_context(case.emulator.outage())

    def opened():
        case.sql.execute("UPDATE external_calendar_connections SET sync_needed = true, backoff_until = NULL WHERE id = ANY (%s::uuid[])", everybody)
        return case.sql.value("SELECT count(*) FROM calendar_provider_circuits WHERE state <> 'closed'")
    wait_until(opened, 30, "the outage is noticed")


def nothing_but_its_end(case, who, planted):
    """What the explanation says: wait."""
    planted.close()


@table(
    Fault("a dead grant", dead_grant, "needs_reauth", "needs_reauth", "user", ("invalid_token: ",), "ask the provider's owner to connect the account again",
          Log("calendar sync needs a person", "invalid_token"), Gauge("calendar_connections", {"state": "needs_reauth"}, 1),
          ("invalid_token user",), connects_again, ("CalsyncReauthWaits",),
          issue="OAuth Token Expired", answers=400),
    Fault("a permission that was not given", missing_permission, "needs_reauth", "needs_reauth", "user", ("insufficient_scope: ",),
          "to grant every requested permission", Log("calendar sync needs a person", "insufficient_scope"),
          Gauge("calendar_connections", {"state": "needs_reauth"}, 1), ("insufficient_scope user",), connects_again, ("CalsyncReauthWaits",), answers=403),
    Fault("an account that calls too often", trouble("too_many_requests", retry_after="600"), "account_throttled", "throttled", "provider",
          ("rate_limited: ",), "wait for the backoff to end", Log("calendar sync failed", "rate_limited"),
          Counter(FAILURES, {"error_code": "rate_limited"}), ("rate_limited provider",), over_and_time_passes, issue="Rate Limiting", answers=429),
    Fault("a project whose quota is used up", project_quota, "project_throttled", "throttled", "provider",
          ("quota_exceeded: ", "calls of the project rest until"), "wait for the backoff to end", Log("calendar sync failed", "quota_exceeded"),
          Counter(FAILURES, {"error_code": "quota_exceeded"}), ("A quota is used up: project",), over_and_hours_pass, answers=403),
    Fault("an API that is not enabled in the project", api_disabled, "configuration", "delayed", "operator",
          ("configuration_error: ", "accessNotConfigured"), "correct the operator's settings", Log("calendar sync failed", "configuration_error"),
          Counter(FAILURES, {"error_code": "configuration_error"}), ("configuration_error operator",), over_and_cleared, ("CalsyncConfigurationErrors",), answers=403),
    Fault("a wrong client secret", wrong_secret, "configuration", "delayed", "operator",
          ("configuration_error: ", "client"), "correct the operator's settings", Log("calendar sync failed", "configuration_error"),
          Counter(FAILURES, {"error_code": "configuration_error"}), ("configuration_error operator",), right_secret, ("CalsyncConfigurationErrors",),
          issue="Adapter Failures", answers=401),
    Fault("an event that nobody understands", broken_event, "event_failing", "active", "operator",
          ("events that cannot be understood: 1",), "have the failed events tried again",
          Log("calendar sync completed"), Gauge("calendar_mirror_failed_events", {}, 1), ("1 failed events",), mended_event),
    Fault("a calendar that cannot be read", unreadable_calendar, "calendar_failing", "delayed", "provider",
          ("calendars that cannot be read: 1", ".team: "), "they are tried again at each poll",
          Log("calendar connection changed state", metadata=("cannot be read",)), Gauge("calendar_connections", {"state": "delayed"}, 1), ("delayed",), readable_again),
    Fault("a provider that is away", outage, "provider_away", "provider_down", "provider",
          ("google at 127.0.0.1 is away since", "provider_unavailable"), "wait: probes find out when it is back",
          Log("the provider google is away", named=False),
          Counter("calendar_provider_requests_total", {"provider": "google", "status_class": "5xx"}),
          ("google at 127.0.0.1 is away since", "Owner: the provider"), nothing_but_its_end, ("CalsyncProviderAway",)),
)
class Providers(OnCall):
    """Google's side, and the grants that people give."""


def feed_is_down(case, who, planted):
    case.server.close()
    case.poll(who[2])


def feed_is_back(case, who, planted):
    case.server = FeedServer(case.server.port)
    case.server.publish("/feed.ics", calendar(vevent("one@x", "One", "20270301T090000Z", "20270301T094500Z")), headers={"Connection": "close"})
    case.act(who[2], "clear-backoff")


@table(
    Fault("a host of a feed that is down", feed_is_down, "backoff_after_error", "provider_down", "provider", ("network_error: ", "tried again at"),
          "it is tried again after the backoff", Log("calendar sync failed", "network_error"), Counter(FAILURES, {"provider": "ics", "error_code": "network_error"}),
          ("network_error provider",), feed_is_back),
)
class Feeds(OnCall):
    """A publisher of feeds."""
    WITH_EMULATOR = False

    def somebody(self):
        self.server = FeedServer()
        self.addCleanup(lambda: self.server.close())
        self.server.publish("/feed.ics", calendar(vevent("one@x", "One", "20270301T090000Z", "20270301T094500Z")), headers={"Connection": "close"})
        connection = self.stack.connect_feed(self.stack.new_owner(), self.server.url("/feed.ics"))
        self.stack.wait_synced(connection)
        return None, None, connection
