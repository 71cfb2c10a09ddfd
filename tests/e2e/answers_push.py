# SPDX-License-Identifier: Apache-2.0
"""Every documented answer of the tag `push`."""
from graph_pushes import Subscription, notification
from openapi_world import JSON, played, row
from pushes import genuine, new_channel

UNKNOWN = ("00000000-0000-4000-8000-000000000001", "its secret")


def google(status, what=None, when="on", channel=None, **changes):
    """A message of a channel of this world's connection, or of `channel`."""
    def act(world):
        sent = genuine(channel or new_channel(world.sql, world.connection), **changes)
        return world.ask("receivePush", provider="google", headers=sent)
    return played("receivePush", status, what, when)(act)


@played("receivePush", 202)
def microsoft(world):
    connection = world.sql.value("INSERT INTO external_calendar_connections (provider_id, provider, provider_user_id)"
                                 " VALUES (%s, 'microsoft', 'somebody') RETURNING id::text", world.owner)
    body = {"value": [notification(Subscription(world.sql, connection))]}
    return world.ask("receivePush", provider="microsoft", body=body)


ROWS = [
    google(200), google(200, channel=UNKNOWN),
    row("receivePush", 200, "text/plain", provider="microsoft", validationToken="Validation: 7"),
    microsoft, google(503, "database_error", "database away", channel=UNKNOWN),
    row("receivePush", 400, "invalid_request", provider="google"),
    google(401, "invalid_channel", resource="another"),
    google(403, "not_allowlisted", "unlisted"),
    row("receivePush", 404, "not_found", provider="ics"),
    row("receivePush", 415, "unsupported_media_type", provider="microsoft", body="text", headers={"Content-Type": "text/plain"}),
    row("receivePush", 400, "invalid_json", provider="microsoft", body="[1", headers={"Content-Type": JSON}),
]
