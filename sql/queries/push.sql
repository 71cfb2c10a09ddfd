-- SPDX-License-Identifier: Apache-2.0
-- Push messages of the providers.

-- name: push_channels
SELECT p.id, p.connection_id, c.provider_id, c.provider, p.secret_hash, p.resource_id, p.state
FROM calendar_push_channels p JOIN external_calendar_connections c ON c.id = p.connection_id WHERE p.id = ANY ($1::text[]);

-- name: push_wake
-- Marks the connections $1, whose channels $2 spoke, so that everything before this moment is read by a run that starts after
-- it. A connection that waits to be claimed anyway is not touched but for its stamp, every five seconds at most, and its channel
-- every hour, unless it is under suspicion; runs that pushes ask for are at least $3 seconds apart. Of the channels, those in $4
-- are due for renewal from now on, and those in $5 have ended.
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
  UPDATE calendar_push_channels SET last_message_at = now(), missed_at = NULL,
    renew_at = CASE WHEN id = ANY ($4::text[]) THEN LEAST(renew_at, now()) ELSE renew_at END,
    expires_at = CASE WHEN id = ANY ($5::text[]) THEN LEAST(expires_at, now()) ELSE expires_at END
  WHERE id = ANY (ARRAY (
    SELECT id FROM calendar_push_channels
    WHERE id = ANY ($2::text[]) AND (last_message_at IS NULL OR last_message_at < now() - interval '1 hour' OR missed_at IS NOT NULL
                                     OR id = ANY ($4::text[]) OR id = ANY ($5::text[]))
    ORDER BY id FOR NO KEY UPDATE))
)
SELECT count(*) AS woken FROM woken;

-- name: push_channel_open
-- Before the provider is asked, since its first message may come before its answer. Fenced: no row = the lease is lost, or the
-- connection was disabled.
INSERT INTO calendar_push_channels (id, connection_id, external_calendar_id, secret_hash, state, expires_at, address)
SELECT $3, c.id, $4, $5, 'opening', now() + make_interval(secs => $6::double precision), $7 FROM external_calendar_connections c
WHERE c.id = $1 AND c.lease_token = $2 AND c.lease_until IS NOT NULL AND c.sync_enabled FOR NO KEY UPDATE RETURNING id;

-- name: push_channel_opened
-- The new channel speaks from now on, and those that it replaces ($5) do not. $4: the share of its life after which it is renewed.
-- Fenced by $6: no row = somebody else has ended the channel, or its connection is gone.
WITH kept AS (
  -- Before the channels, as whoever deletes the connection does it: the channels' trigger needs it.
  SELECT id FROM external_calendar_connections WHERE id = (SELECT connection_id FROM calendar_push_channels WHERE id = $1) FOR KEY SHARE
), locked AS (
  SELECT id FROM calendar_push_channels WHERE (id = $1 OR id = ANY ($5::text[])) AND (SELECT count(*) FROM kept) > 0 ORDER BY id FOR NO KEY UPDATE
), opened AS (
  UPDATE calendar_push_channels p SET state = 'live', resource_id = $2, expires_at = COALESCE($3::timestamptz, p.expires_at),
    renew_at = now() + (COALESCE($3::timestamptz, p.expires_at) - now()) * $4::double precision
  FROM external_calendar_connections c
  WHERE p.id = $1 AND p.id IN (SELECT id FROM locked) AND p.state = 'opening' AND c.id = p.connection_id AND c.lease_token = $6
    AND c.lease_until IS NOT NULL
  RETURNING p.connection_id, p.external_calendar_id
), replaced AS (
  UPDATE calendar_push_channels SET state = 'stopping', missed_at = NULL WHERE id = ANY ($5::text[]) AND EXISTS (SELECT 1 FROM opened)
), watched AS (
  UPDATE external_calendars k SET watch_error = NULL, watch_retry_at = NULL, watch_attempts = 0 FROM opened o
  WHERE k.connection_id = o.connection_id AND k.external_calendar_id = o.external_calendar_id AND k.watch_retry_at IS NOT NULL
)
SELECT connection_id FROM opened;

-- name: push_channel_refused
-- Why the calendar $2 has no channel, and when that may be tried again: after $4 seconds, or ever longer pauses when that is NULL.
UPDATE external_calendars SET watch_error = left($3, 2000), watch_attempts = watch_attempts + 1,
  watch_retry_at = now() + COALESCE(make_interval(secs => $4::double precision),
                                    make_interval(secs => LEAST(6 * 3600, 60 * 2 ^ LEAST(watch_attempts, 10)) * (0.5 + $5::double precision)))
WHERE connection_id = $1 AND external_calendar_id = $2;

-- name: push_channels_stopping
WITH kept AS (
  SELECT id FROM external_calendar_connections WHERE id IN (SELECT connection_id FROM calendar_push_channels WHERE id = ANY ($1::text[]))
  ORDER BY id FOR KEY SHARE
)
UPDATE calendar_push_channels SET state = 'stopping', missed_at = NULL
WHERE id = ANY (ARRAY (SELECT id FROM calendar_push_channels WHERE id = ANY ($1::text[]) AND state <> 'stopping'
  AND (SELECT count(*) FROM kept) > 0 ORDER BY id FOR NO KEY UPDATE));

-- name: push_channels_forget
DELETE FROM calendar_push_channels
WHERE id = ANY (ARRAY (SELECT id FROM calendar_push_channels WHERE id = ANY ($1::text[]) ORDER BY id FOR UPDATE));

-- name: push_channel_stop_failed
UPDATE calendar_push_channels SET attempts = attempts + 1, last_error = left($2, 2000),
  retry_at = now() + make_interval(secs => LEAST(6 * 3600, 60 * 2 ^ LEAST(attempts, 10)) * (0.5 + $3::double precision))
WHERE id = $1;

-- name: push_channels_missed
-- Polling found changes that these calendars' channels had not announced; a message that still comes takes it back, and one that
-- came during the run (the wake-ups are no more $3) prevents it.
UPDATE calendar_push_channels SET missed_at = now()
WHERE id = ANY (ARRAY (
  SELECT p.id FROM calendar_push_channels p JOIN external_calendar_connections c ON c.id = p.connection_id
  WHERE p.connection_id = $1 AND p.external_calendar_id = ANY ($2::text[]) AND p.state = 'live' AND p.missed_at IS NULL AND c.wake_seq = $3
  ORDER BY p.id FOR NO KEY UPDATE OF p));

-- name: push_tend
-- Connections whose channels need a run. With push messages ($1): a channel is to be renewed, or has been silent for $2 seconds
-- after a change that polling found, or a calendar without one may be tried again; in each case only once the pause that follows a
-- refusal is over. Without: any channel that is still open. In both: stopping one may be tried again. Wakes only rows that the
-- worker may claim ($3 owners, $4 connections; NULL = all), each every few seconds at most.
WITH ageing AS (
  SELECT p.connection_id, p.external_calendar_id FROM calendar_push_channels p WHERE p.state = 'live' AND p.renew_at <= now()
  UNION SELECT p.connection_id, p.external_calendar_id FROM calendar_push_channels p
    WHERE p.state = 'live' AND p.missed_at <= now() - make_interval(secs => $2::int)
), tended AS (
  SELECT a.connection_id FROM ageing a
    WHERE $1::boolean AND NOT EXISTS (SELECT 1 FROM external_calendars k WHERE k.connection_id = a.connection_id
      AND k.external_calendar_id = a.external_calendar_id AND k.watch_retry_at > now())
  UNION SELECT k.connection_id FROM external_calendars k
    WHERE $1::boolean AND k.watch_retry_at <= now() AND k.selected AND k.deleted_at IS NULL AND k.access_role <> 'none'
      AND NOT EXISTS (SELECT 1 FROM calendar_push_channels p WHERE p.connection_id = k.connection_id
        AND p.external_calendar_id = k.external_calendar_id AND p.state = 'live' AND p.expires_at > now())
  UNION SELECT p.connection_id FROM calendar_push_channels p WHERE NOT $1::boolean AND p.state IN ('opening', 'live')
  UNION SELECT p.connection_id FROM calendar_push_channels p WHERE p.state = 'stopping' AND p.retry_at <= now() AND p.expires_at > now()
)
UPDATE external_calendar_connections SET sync_needed = true
WHERE id = ANY (ARRAY (
  SELECT c.id FROM external_calendar_connections c
  WHERE c.id IN (SELECT connection_id FROM tended)
    AND NOT c.sync_needed AND c.sync_enabled AND c.lease_until IS NULL
    AND (c.last_attempt_at IS NULL OR c.last_attempt_at < now() - interval '3 seconds')
    AND ($3::uuid[] IS NULL OR c.provider_id = ANY ($3::uuid[])) AND ($4::uuid[] IS NULL OR c.id = ANY ($4::uuid[]))
  ORDER BY c.id LIMIT 500 FOR NO KEY UPDATE SKIP LOCKED));

-- name: push_channels_prune
DELETE FROM calendar_push_channels WHERE expires_at < now() - make_interval(days => $1::int);

-- name: abandoned_channels_due
-- Channels whose connection is gone, taken for a minute by whoever asks.
UPDATE calendar_abandoned_channels SET attempts = attempts + 1,
  next_attempt_at = now() + make_interval(mins => LEAST(60, 2 ^ LEAST(attempts, 6))::int)
WHERE id = ANY (ARRAY (SELECT id FROM calendar_abandoned_channels WHERE next_attempt_at <= now() AND expires_at > now()
             ORDER BY connection_id, id LIMIT 50 FOR UPDATE SKIP LOCKED))
RETURNING id, resource_id, connection_id, provider, provider_id, sealed, attempts;

-- name: abandoned_channels_failed
-- $3: the pause that the provider asked for, in seconds, or NULL.
UPDATE calendar_abandoned_channels SET last_error = left($2, 2000),
  next_attempt_at = GREATEST(next_attempt_at, now() + make_interval(secs => $3::double precision)) WHERE id = ANY ($1::text[]);

-- name: abandoned_channels_done
DELETE FROM calendar_abandoned_channels WHERE id = ANY ($1::text[]);

-- name: abandoned_channels_prune
-- They have ended by themselves, and the grants that were kept for them go with them.
DELETE FROM calendar_abandoned_channels WHERE expires_at <= now();
