-- SPDX-License-Identifier: Apache-2.0
-- Push messages of the providers.

-- name: push_channels
SELECT p.id, p.connection_id, c.provider_id, c.provider, p.secret_hash, p.resource_id, p.state
FROM calendar_push_channels p JOIN external_calendar_connections c ON c.id = p.connection_id WHERE p.id = ANY ($1::text[]);

-- name: push_wake
-- Marks the connections $1, whose channels $2 spoke, so that everything before this moment is read by a run that starts after
-- it. A connection that waits to be claimed anyway is not touched but for its stamp, every five seconds at most, and its channel
-- every hour, unless it is under suspicion; runs that pushes ask for are at least $3 seconds apart.
WITH due AS (
  -- One order of locks for everybody, before anything is written.
  SELECT id, NOT sync_needed OR lease_until IS NOT NULL AS wakes FROM external_calendar_connections
  WHERE id = ANY ($1::uuid[]) AND (NOT sync_needed OR lease_until IS NOT NULL OR last_webhook_received_at IS NULL
                                   OR last_webhook_received_at < now() - interval '5 seconds')
  ORDER BY id FOR NO KEY UPDATE
), woken AS (
  UPDATE external_calendar_connections SET sync_needed = true,
    -- 1 = nobody but push messages asks: such a run does not read the list of calendars.
    sync_priority = CASE WHEN sync_needed AND sync_priority = 0 THEN 2 ELSE GREATEST(sync_priority, 1) END,
    last_webhook_received_at = now(), sync_requested_at = GREATEST(now(), last_synced_at + make_interval(secs => $3::double precision))
  WHERE id = ANY (ARRAY (SELECT id FROM due WHERE wakes)) RETURNING id
), stamped AS (
  UPDATE external_calendar_connections SET last_webhook_received_at = now() WHERE id = ANY (ARRAY (SELECT id FROM due WHERE NOT wakes))
), spoke AS (
  UPDATE calendar_push_channels SET last_message_at = now(), missed_at = NULL
  WHERE id = ANY (ARRAY (
    SELECT id FROM calendar_push_channels
    WHERE id = ANY ($2::text[]) AND (last_message_at IS NULL OR last_message_at < now() - interval '1 hour' OR missed_at IS NOT NULL)
    ORDER BY id FOR NO KEY UPDATE))
)
SELECT count(*) AS woken FROM woken;

-- name: push_channel_open
-- Before the provider is asked, since its first message may come before its answer. Fenced: no row = the lease is lost.
INSERT INTO calendar_push_channels (id, connection_id, external_calendar_id, secret_hash, state, expires_at, address)
SELECT $3, c.id, $4, $5, 'opening', now() + make_interval(secs => $6::double precision), $7 FROM external_calendar_connections c
WHERE c.id = $1 AND c.lease_token = $2 AND c.lease_until IS NOT NULL FOR NO KEY UPDATE RETURNING id;

-- name: push_channel_opened
-- The new channel speaks from now on, and those that it replaces ($5) do not. $4: the share of its life after which it is renewed.
WITH opened AS (
  UPDATE calendar_push_channels SET state = 'live', resource_id = $2, expires_at = COALESCE($3::timestamptz, expires_at),
    renew_at = now() + (COALESCE($3::timestamptz, expires_at) - now()) * $4::double precision
  WHERE id = $1 RETURNING connection_id, external_calendar_id
), replaced AS (
  UPDATE calendar_push_channels SET state = 'stopping' WHERE id = ANY ($5::text[])
)
UPDATE external_calendars k SET watch_error = NULL, watch_retry_at = NULL, watch_attempts = 0 FROM opened o
WHERE k.connection_id = o.connection_id AND k.external_calendar_id = o.external_calendar_id AND k.watch_error IS NOT NULL;

-- name: push_channel_refused
-- Why the calendar $2 has no channel, and when that may be tried again: after $4 seconds, or ever longer pauses when that is NULL.
UPDATE external_calendars SET watch_error = left($3, 2000), watch_attempts = watch_attempts + 1,
  watch_retry_at = now() + COALESCE(make_interval(secs => $4::double precision),
                                    make_interval(secs => LEAST(6 * 3600, 60 * 2 ^ LEAST(watch_attempts, 10)) * (0.5 + $5::double precision)))
WHERE connection_id = $1 AND external_calendar_id = $2;

-- name: push_channels_stopping
UPDATE calendar_push_channels SET state = 'stopping' WHERE id = ANY ($1::text[]) AND state <> 'stopping';

-- name: push_channels_forget
DELETE FROM calendar_push_channels WHERE id = ANY ($1::text[]);

-- name: push_channel_stop_failed
UPDATE calendar_push_channels SET attempts = attempts + 1, last_error = left($2, 2000),
  retry_at = now() + make_interval(secs => LEAST(6 * 3600, 60 * 2 ^ LEAST(attempts, 10)) * (0.5 + $3::double precision))
WHERE id = $1;

-- name: push_channels_missed
-- Polling found changes that these calendars' channels had not announced; a message that still comes takes it back.
UPDATE calendar_push_channels SET missed_at = now()
WHERE connection_id = $1 AND external_calendar_id = ANY ($2::text[]) AND state = 'live' AND missed_at IS NULL;

-- name: push_tend
-- Connections whose channels need a run: about to end, silent for $2 seconds after a change that polling found, or, without
-- push messages ($1 false), still open. Wakes only rows that the worker may claim ($3 owners, $4 connections; NULL = all).
UPDATE external_calendar_connections SET sync_needed = true
WHERE id = ANY (ARRAY (
  SELECT c.id FROM external_calendar_connections c
  WHERE c.id IN (
      SELECT p.connection_id FROM calendar_push_channels p WHERE p.state = 'live' AND p.renew_at <= now()
      UNION ALL SELECT p.connection_id FROM calendar_push_channels p
        WHERE p.missed_at <= now() - make_interval(secs => $2::int)
      UNION ALL SELECT p.connection_id FROM calendar_push_channels p WHERE NOT $1::boolean AND p.state IN ('opening', 'live'))
    AND NOT c.sync_needed AND c.sync_enabled AND c.lease_until IS NULL
    AND ($3::uuid[] IS NULL OR c.provider_id = ANY ($3::uuid[])) AND ($4::uuid[] IS NULL OR c.id = ANY ($4::uuid[]))
  ORDER BY c.id LIMIT 500 FOR NO KEY UPDATE SKIP LOCKED));

-- name: push_channels_prune
DELETE FROM calendar_push_channels WHERE expires_at < now() - make_interval(days => $1::int);

-- name: abandoned_channels_due
-- Channels whose connection is gone, taken for a minute by whoever asks.
UPDATE calendar_abandoned_channels SET attempts = attempts + 1,
  next_attempt_at = now() + make_interval(mins => LEAST(60, 2 ^ LEAST(attempts, 6))::int)
WHERE id IN (SELECT id FROM calendar_abandoned_channels WHERE next_attempt_at <= now() AND expires_at > now()
             ORDER BY connection_id, id LIMIT 200 FOR UPDATE SKIP LOCKED)
RETURNING id, resource_id, connection_id, provider, provider_id, sealed, attempts;

-- name: abandoned_channels_failed
UPDATE calendar_abandoned_channels SET last_error = left($2, 2000) WHERE id = ANY ($1::text[]);

-- name: abandoned_channels_done
DELETE FROM calendar_abandoned_channels WHERE id = ANY ($1::text[]) OR expires_at <= now();
