# SPDX-License-Identifier: Apache-2.0
"""Faults of push channels: changes still come by polling, and every place tells why they come late."""
import harness
from channels import ChannelCase
from events import timed
from harness import wait_until
from oncall import Counter, Fault, Gauge, Log, OnCall, table

setUpModule = harness.start_cluster
MISSED = Counter("calendar_missed_push_total", {"provider": "google"})


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


def run_out(case, who, planted):
    """The channel ends, and the provider takes no other one for our address."""
    planted.enter_context(case.emulator.settings(push_allow_http=False))
    case.sql.execute("UPDATE calendar_push_channels SET renew_at = now(), expires_at = now() WHERE connection_id = %s", who[2])
    wait_until(lambda: case.sql.value("SELECT watch_error FROM external_calendars WHERE connection_id = %s", who[2]), 15, "the refusal is on the calendar")


def opened(case, who, planted):
    planted.close()
    case.sql.execute("UPDATE external_calendars SET watch_retry_at = now() WHERE connection_id = %s", who[2])
    case.wait_channels(who[2], who[1], [who[1]])


@table(
    Fault("a channel that has died in silence", killed, "channel_dead", "active", "provider",
          ("1 push channels have not announced changes that polling found", "it is polled every 5 minutes meanwhile"),
          "none yet: the next run opens new channels", Log("calendar sync completed"), Gauge("calendar_push_channels", {"state": "live"}, 1), (), replaced),
    Fault("a channel that has run out", run_out, "channel_dead", "active", "operator", ("1 of 1 calendars have no push channel: configuration_error: ",),
          "make push.public_url an https address that the provider accepts", Log("push channel", "configuration_error"),
          Gauge("calendar_push_channels", {"state": "expired"}, 1), (), opened, ("CalsyncChannelsDead",)),
)
class Channels(OnCall, ChannelCase):
    CONFIG = {"push": {"open_channels": True, "patience_seconds": 3600}}

    def somebody(self):
        return self.watched([timed("one0000001", "One")])
