# SPDX-License-Identifier: Apache-2.0
"""Faults of push channels: changes still come by polling, and every place tells why they come late."""
import harness
from channels import ChannelCase
from events import timed
from harness import wait_until
from oncall import Counter, Fault, Gauge, Log, OnCall, table
from pushes import genuine

setUpModule = harness.start_cluster
MISSED = Counter("calendar_missed_push_total", {"provider": "google"})


def channel_ends(case, who):
    """Here and at the provider, as a week brings it."""
    channel, = case.rows(who[2])
    case.emulator.control("POST", f"/channels/{channel['id']}/kill")
    case.sql.execute("UPDATE calendar_push_channels SET renew_at = now(), expires_at = now() WHERE id = %s", channel["id"])


def killed(case, who, planted):
    """The provider forgets the channel and says nothing; a poll finds what it should have announced."""
    channel, = case.rows(who[2])
    case.emulator.control("POST", f"/channels/{channel['id']}/kill")
    case.emulator.put_event(who[1], who[1], timed("three00001", "Three"))
    case.poll(who[2])


def replaced(case, who, planted):
    """Its patience ends, as time brings it."""
    before = case.figures(MISSED)
    case.sql.execute("UPDATE calendar_push_channels SET missed_at = now() - interval '2 hours' WHERE connection_id = %s", who[2])
    case.assertLogged(Log("a push channel did not announce a change that polling found; it is replaced"), who[2])
    case.assertFigure(MISSED, before)
    case.wait_channels(who[2], who[1], [who[1]])


def refused(case, who, planted):
    """The channel has ended, and the provider takes no other one for our address."""
    planted.enter_context(case.emulator.settings(push_allow_http=False))
    channel_ends(case, who)
    wait_until(lambda: case.sql.value("SELECT watch_error FROM external_calendars WHERE connection_id = %s", who[2]), 15, "the refusal is on the calendar")


def refused_message(case, who, planted):
    """The provider has announced changes, and is told no now."""
    case.emulator.put_event(who[1], who[1], timed("three00001", "Three"))
    case.wait_title(who[2], "Three")
    case.stack.wait_synced(who[2])
    case.stack.reload(CALENDAR_WEBHOOK_ENABLED="false")
    case.assertAnswer(case.stack.stranger.call("POST", "/api/webhooks/calendar/google", headers=genuine(("any", "channel"))), 403, "calendar_sync_disabled")
    # The worker stops the channels that bring nothing any more.
    case.wait_channels(who[2], who[1], [])
    case.stack.wait_synced(who[2])


def webhooks_on(case, who, planted):
    case.stack.reload(CALENDAR_WEBHOOK_ENABLED="true")
    case.wait_channels(who[2], who[1], [who[1]])


def held_until_it_ends(case, who, planted):
    """Nothing replaces the channel while its connection waits."""
    case.act(who[2], "backoff", minutes=30)
    channel_ends(case, who)


def released(case, who, planted):
    case.act(who[2], "clear-backoff")
    case.wait_channels(who[2], who[1], [who[1]])


def opened(case, who, planted):
    planted.close()
    case.sql.execute("UPDATE external_calendars SET watch_retry_at = now() WHERE connection_id = %s", who[2])
    case.wait_channels(who[2], who[1], [who[1]])


@table(
    Fault("a channel that has died in silence", killed, "channel_dead", "active", "provider",
          ("1 push channels have not announced changes that polling found", "it is polled every 5 minutes meanwhile"),
          "none yet: the next run opens new channels", Log("calendar sync completed"), None, (), replaced),
    # No alert: a calendar without a channel is polled, and Google's refusals are in the log.
    Fault("a channel that the provider refuses", refused, "channel_dead", "active", "operator",
          ("1 of 1 calendars have no push channel: configuration_error: ",), "make push.public_url an https address that the provider accepts",
          Log("push channel", "configuration_error"),
          Counter("calendar_provider_requests_total", {"operation": "watch", "status_class": "4xx"}), (), opened),
    Fault("a channel that ran out while its connection was held", held_until_it_ends, "backoff_by_hand", "delayed", "operator",
          ("it waits until", "set by admin oncall"), "clear backoff_until", Log("an operator acted on a connection", metadata=("backoff", "oncall")),
          Gauge("calendar_push_channels", {"state": "expired"}, 1), ("1 backing off",), released, ("CalsyncChannelsDead",)),
    # Everything is still found by polling, minutes later.
    Fault("push messages that are switched off", refused_message, "pushes_off", "active", "operator",
          ("CALENDAR_WEBHOOK_ENABLED is off, so push messages are refused",), "set CALENDAR_WEBHOOK_ENABLED=true and reload",
          Log("a setting changed", named=False, metadata=("CALENDAR_WEBHOOK_ENABLED",)),
          Counter("calendar_webhooks_total", {"provider": "google", "result": "disabled"}), ("CALENDAR_WEBHOOK_ENABLED off push messages",),
          webhooks_on),
)
class Channels(OnCall, ChannelCase):
    CONFIG = {"push": {"open_channels": True, "patience_seconds": 3600}}

    def somebody(self):
        return self.watched([timed("one0000001", "One")])
