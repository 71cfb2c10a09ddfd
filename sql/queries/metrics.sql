-- SPDX-License-Identifier: Apache-2.0
-- Figures of the whole fleet.

-- name: metrics_add
-- Batch $2 of process $1, unless it has been added. In one order of locks: every process adds to the same few rows.
WITH fresh AS (
  INSERT INTO calendar_metrics_batches AS b (process, batch) VALUES ($1, $2)
  ON CONFLICT (process) DO UPDATE SET batch = excluded.batch, added_at = now() WHERE b.batch < excluded.batch
  RETURNING process
)
INSERT INTO calendar_metrics AS m (name, labels, value)
SELECT d.name, d.labels, d.value
FROM fresh, json_to_recordset($3::json) AS d (name text, labels jsonb, value double precision)
ORDER BY d.name, d.labels
ON CONFLICT (name, labels) DO UPDATE SET value = m.value + excluded.value;

-- name: metrics_batches_prune
DELETE FROM calendar_metrics_batches WHERE added_at < now() - interval '1 day';

-- name: metrics_totals
SELECT name, labels, value FROM calendar_metrics ORDER BY name, labels;

-- name: metrics_connections
-- One pass over all connections, summed up by provider (one of $1, else 'other'), state (docs/states.md; what only time and operators
-- change is judged anew) and owner of the trouble. Expected to be in step are those that polling ($4) reaches and that the lists admit
-- ($2 owners, $3 connections, NULL = all), unless a person has to act for them first. What waits for a worker is counted while syncing
-- is on ($5), polls while polling is.
WITH away AS (
  SELECT provider FROM calendar_provider_circuits GROUP BY provider HAVING bool_and(state <> 'closed')
), judged AS (
  SELECT c.*, split_part(COALESCE(last_error, ''), ':', 1) AS code, COALESCE(backoff_until > now() + interval '30 days', false) AS put_off,
    error_count > 0 OR COALESCE(last_error, '') <> '' AS failed, make_interval(mins => 2 * sync_frequency_minutes + 1) AS patience,
    ($2::uuid[] IS NULL OR provider_id = ANY ($2::uuid[])) AND ($3::uuid[] IS NULL OR id = ANY ($3::uuid[])) AS admitted,
    sync_due_at <= now() AND (lease_until IS NULL OR lease_until <= now()) AS due, provider IN (SELECT provider FROM away) AS away
  FROM external_calendar_connections c
), known AS (
  SELECT j.*, COALESCE(last_synced_at, created_at) + patience < now() AS late,
    CASE WHEN NOT sync_enabled OR awaiting_confirmation THEN 'disabled'
      WHEN code IN ('invalid_token', 'insufficient_scope') AND (grant_refusals >= 2 OR put_off) THEN 'needs_reauth'
      WHEN code = 'configuration_error' THEN 'delayed'
      WHEN put_off THEN 'suspended'
      WHEN code IN ('rate_limited', 'quota_exceeded') THEN 'throttled'
      WHEN code IN ('provider_unavailable', 'network_error', 'timeout') THEN 'provider_down'
      WHEN failed OR backoff_until > now() OR COALESCE(last_synced_at, created_at) + patience < now() OR sync_state = 'delayed' THEN 'delayed'
      ELSE 'active' END AS state
  FROM judged j
)
SELECT CASE WHEN provider = ANY ($1::text[]) THEN provider ELSE 'other' END AS provider, state,
  CASE WHEN away OR (failed AND code NOT IN ('configuration_error', 'internal_error', 'database_error')) THEN 'provider' ELSE 'operator' END AS owner,
  count(*) AS connections, count(*) FILTER (WHERE due) AS due, count(*) FILTER (WHERE lease_until > now()) AS leased,
  count(*) FILTER (WHERE backoff_until > now()) AS backing_off,
  (extract(epoch FROM now() - min(last_synced_at) FILTER (WHERE sync_enabled)))::bigint AS freshness_seconds,
  count(*) FILTER (WHERE expected) AS expected, count(*) FILTER (WHERE expected AND late) AS stale,
  count(*) FILTER (WHERE expected AND token_expiry + patience < now()) AS grants_overdue,
  COALESCE((extract(epoch FROM now() - min(sync_due_at) FILTER (WHERE due AND admitted AND NOT away AND $5::boolean
    AND ($4::boolean OR sync_needed))))::bigint, 0) AS oldest_due_seconds
FROM (SELECT k.*, admitted AND $4::boolean AND state NOT IN ('disabled', 'needs_reauth', 'suspended') AS expected FROM known k) AS all_of_them
GROUP BY 1, 2, 3;

-- name: metrics_sealed
-- By the key's place in the ring: $1 is the first, $2 are the others, with commas. What is sealed with a missing key cannot be opened.
SELECT CASE WHEN key_id = $1 THEN 'first' WHEN key_id = ANY (string_to_array($2, ', ')) THEN 'other' ELSE 'missing' END AS place, count(*) AS secrets
FROM external_calendar_credentials GROUP BY 1;

-- name: metrics_upkeep
SELECT (SELECT count(*) FROM external_calendar_events WHERE sync_status = 'FAILED') AS failed_events,
  (SELECT count(*) FROM calendar_sync_workers WHERE heartbeat_at > now() - interval '15 s') AS workers_alive;

-- name: metrics_push_channels
-- A channel that has outlived its time brings nothing any more, whatever its row says.
SELECT CASE WHEN state = 'live' AND expires_at <= now() THEN 'expired' ELSE state END AS state, count(*) AS channels
FROM calendar_push_channels GROUP BY 1 ORDER BY 1;
