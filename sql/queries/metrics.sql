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

-- name: metrics_queue
SELECT count(*) FILTER (WHERE sync_due_at <= now() AND (lease_until IS NULL OR lease_until <= now())) AS due,
  count(*) FILTER (WHERE lease_until > now()) AS leased, count(*) FILTER (WHERE backoff_until > now()) AS backing_off,
  (extract(epoch FROM now() - min(last_synced_at) FILTER (WHERE sync_enabled)))::bigint AS freshness_seconds,
  (SELECT count(*) FROM external_calendar_events WHERE sync_status = 'FAILED') AS failed_events
FROM external_calendar_connections;

-- name: metrics_push_channels
SELECT state, count(*) AS channels FROM calendar_push_channels GROUP BY state ORDER BY state;
