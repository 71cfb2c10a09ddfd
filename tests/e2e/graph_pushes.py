# SPDX-License-Identifier: Apache-2.0
"""Push messages as Microsoft sends them: subscriptions, single notifications, and messages of many."""
import hashlib
import json
import secrets
import uuid

from pushes import request

PATH = "/api/webhooks/calendar/microsoft"


class Subscription:
    """A channel as the keeper of channels leaves it, and the secrets that only the provider knows."""

    def __init__(self, sql, connection, state="live", calendar=None):
        self.channel, self.secret, self.id = str(uuid.uuid4()), secrets.token_urlsafe(32), str(uuid.uuid4())
        known = sql.column("SELECT external_calendar_id FROM external_calendars WHERE connection_id = %s AND is_primary", connection)
        sql.execute("INSERT INTO calendar_push_channels (id, connection_id, external_calendar_id, resource_id, secret_hash, state, expires_at)"
                    " VALUES (%s, %s, %s, %s, %s, %s, now() + interval '6 days')", self.channel, connection,
                    calendar or (known or ["primary"])[0], self.id, hashlib.sha256(self.secret.encode()).hexdigest(), state)

    @property
    def client_state(self):
        return f"{self.channel}.{self.secret}"


def notification(subscription, number=7, **changes):
    """All that Microsoft's guide lists; a change that is None leaves the member out."""
    event = f"Users/5d4b/Events/AAMkAD{number}="
    item = {"subscriptionId": subscription.id, "subscriptionExpirationDateTime": "2030-11-19T01:13:52.0000000+00:00",
            "clientState": subscription.client_state, "tenantId": "84bd8158-6d4d-4958-8b9f-9d6445542f95", "changeType": "updated",
            "resource": event, "resourceData": {"@odata.type": "#Microsoft.Graph.Event", "@odata.id": event, "id": f"AAMkAD{number}="}, **changes}
    return {name: value for name, value in item.items() if value is not None}


def lifecycle(subscription, event, **changes):
    return notification(subscription, changeType=None, resourceData=None, lifecycleEvent=event, **changes)


def posted(body, path=PATH, kind="application/json; charset=utf-8"):
    """The bytes of one POST of this text or JSON."""
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    return request({"Content-Type": kind} if kind else {}, text, path)


def message(*items):
    return posted({"value": list(items)})
