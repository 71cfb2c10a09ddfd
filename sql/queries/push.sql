-- SPDX-License-Identifier: Apache-2.0
-- Push messages of the providers.

-- name: push_channels
SELECT p.id, p.connection_id, c.provider_id, c.provider, p.secret_hash, p.resource_id, p.state
FROM calendar_push_channels p JOIN external_calendar_connections c ON c.id = p.connection_id WHERE p.id = ANY ($1::text[]);

-- name: push_wake
-- Marks the connections $1, whose channels $2 spoke, so that everything before this moment is read by a run that starts after
-- it. A connection that waits to be claimed anyway is not touched but for its stamp, at most once a second; runs that pushes
-- ask for are at least $3 seconds apart.
WITH woken AS (
  UPDATE external_calendar_connections SET sync_needed = true, sync_priority = GREATEST(sync_priority, 1),
    last_webhook_received_at = now(), sync_requested_at = GREATEST(now(), last_synced_at + make_interval(secs => $3::double precision))
  WHERE id = ANY (ARRAY (SELECT id FROM external_calendar_connections
                         WHERE id = ANY ($1::uuid[]) AND (NOT sync_needed OR lease_until IS NOT NULL) ORDER BY id FOR NO KEY UPDATE))
  RETURNING id
), stamped AS (
  UPDATE external_calendar_connections SET last_webhook_received_at = now()
  WHERE id = ANY ($1::uuid[]) AND sync_needed AND lease_until IS NULL
    AND (last_webhook_received_at IS NULL OR last_webhook_received_at < now() - interval '1 second')
), spoke AS (
  UPDATE calendar_push_channels SET last_message_at = now()
  WHERE id = ANY ($2::text[]) AND (last_message_at IS NULL OR last_message_at < now() - interval '1 second')
)
SELECT count(*) AS woken FROM woken;
