-- SPDX-License-Identifier: Apache-2.0
-- What the overview of the operators' page counts.

-- name: overview_causes
-- Connections by everything that decides about their state and its owner (common/sync/state.cpp).
SELECT CASE WHEN c.last_error ~ '^[a-z_]{1,40}:' THEN split_part(c.last_error, ':', 1) WHEN c.last_error <> '' THEN 'other' END AS code,
  c.sync_enabled AND NOT c.awaiting_confirmation AS enabled, LEAST(c.error_count, 1) AS error_count, LEAST(c.grant_refusals, 9) AS grant_refusals,
  COALESCE(c.backoff_until > now(), false) AS held, COALESCE(c.backoff_until > now() + interval '30 days', false) AS put_off,
  COALESCE(c.last_synced_at, c.created_at) + make_interval(mins => 2 * c.sync_frequency_minutes + 1) < now() AS late,
  k.connection_id IS NOT NULL AS unreadable_calendars, count(*) AS connections
FROM external_calendar_connections c
LEFT JOIN (SELECT DISTINCT connection_id FROM external_calendars
           WHERE selected AND deleted_at IS NULL AND access_role <> 'none' AND last_error NOT LIKE 'cursor_expired:%') k ON k.connection_id = c.id
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8 ORDER BY connections DESC, 1 LIMIT 500;

-- name: overview_ages
-- How old the mirrors of enabled connections are.
SELECT count(*) FILTER (WHERE last_synced_at >= now() - interval '5 min') AS in_5_minutes,
  count(*) FILTER (WHERE last_synced_at < now() - interval '5 min' AND last_synced_at >= now() - interval '15 min') AS in_15_minutes,
  count(*) FILTER (WHERE last_synced_at < now() - interval '15 min' AND last_synced_at >= now() - interval '1 hour') AS in_1_hour,
  count(*) FILTER (WHERE last_synced_at < now() - interval '1 hour' AND last_synced_at >= now() - interval '6 hours') AS in_6_hours,
  count(*) FILTER (WHERE last_synced_at < now() - interval '6 hours' AND last_synced_at >= now() - interval '1 day') AS in_1_day,
  count(*) FILTER (WHERE last_synced_at < now() - interval '1 day') AS older, count(*) FILTER (WHERE last_synced_at IS NULL) AS never
FROM external_calendar_connections WHERE sync_enabled AND NOT awaiting_confirmation;

-- name: overview_hours
-- The last 24 hours, this one included. Quiet runs, which leave no row, count in the hour of the next run that leaves one.
SELECT h.hour, COALESCE(r.succeeded, 0) AS succeeded, COALESCE(r.failed, 0) AS failed
FROM generate_series(date_trunc('hour', now(), 'UTC') - interval '23 hours', now(), interval '1 hour') AS h (hour)
LEFT JOIN (SELECT date_trunc('hour', finished_at, 'UTC') AS hour, count(*) FILTER (WHERE outcome = 'complete') + sum(quiet_before) AS succeeded,
    count(*) FILTER (WHERE outcome IN ('retry', 'suspend')) AS failed
  FROM calendar_sync_runs WHERE finished_at >= date_trunc('hour', now(), 'UTC') - interval '23 hours' GROUP BY 1) r ON r.hour = h.hour
ORDER BY h.hour;

-- name: overview_failures
SELECT date_trunc('hour', finished_at, 'UTC') AS hour,
  CASE WHEN error ~ '^[a-z_]{1,40}:' THEN split_part(error, ':', 1) ELSE 'other' END AS code, count(*) AS failures
FROM calendar_sync_runs
WHERE finished_at >= date_trunc('hour', now(), 'UTC') - interval '23 hours' AND outcome IN ('retry', 'suspend') GROUP BY 1, 2 ORDER BY 1, 2;

-- name: inside_calendars
SELECT c.external_calendar_id, c.name, c.access_role, c.selected, c.last_error, c.watch_error, c.last_synced_at,
  (SELECT count(*) FROM external_calendar_events e
   WHERE e.connection_id = c.connection_id AND e.external_calendar_id = c.external_calendar_id AND e.deleted_at IS NULL) AS events
FROM external_calendars c WHERE c.connection_id = $1 AND c.deleted_at IS NULL ORDER BY c.is_primary DESC, c.name, c.external_calendar_id LIMIT 500;

-- name: inside_channels
SELECT id, external_calendar_id, state, expires_at, renew_at, missed_at, last_message_at, last_error
FROM calendar_push_channels WHERE connection_id = $1 ORDER BY external_calendar_id, created_at DESC LIMIT 500;

-- name: inside_failed_event
SELECT id, connection_id, provider_id, provider, external_calendar_id, external_event_id, last_error, updated_at
FROM external_calendar_events WHERE id = $1 AND sync_status = 'FAILED';
