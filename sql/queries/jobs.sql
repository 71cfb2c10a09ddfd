-- SPDX-License-Identifier: Apache-2.0
-- Admin job runs: rows are marked here, workers do the work, and the summary is read from what they recorded.

-- name: job_run_add
INSERT INTO calendar_job_runs (requested_by, scope) VALUES ($1, $2::jsonb) RETURNING id;

-- name: job_run_mark
-- Eligible: enabled, not backing off, admitted by the lists ($4, $5; NULL = all), in the scope ($2, $3), and not in step for
-- longer than $6 minutes (NULL = whatever their age).
-- Rows are locked in the order of their ids, as everybody does who takes several.
WITH marked AS (
  UPDATE external_calendar_connections SET sync_needed = true
  WHERE id = ANY (ARRAY (SELECT id FROM external_calendar_connections WHERE sync_enabled AND (backoff_until IS NULL OR backoff_until <= now())
    AND ($2::uuid IS NULL OR provider_id = $2::uuid) AND ($3::uuid IS NULL OR id = $3::uuid)
    AND ($4::uuid[] IS NULL OR provider_id = ANY ($4::uuid[])) AND ($5::uuid[] IS NULL OR id = ANY ($5::uuid[]))
    AND ($6::int IS NULL OR last_synced_at IS NULL OR last_synced_at < now() - make_interval(mins => $6::int))
    ORDER BY id FOR NO KEY UPDATE))
  RETURNING id, wake_seq)
INSERT INTO calendar_job_run_items (run_id, connection_id, wake_target) SELECT $1, id, wake_seq FROM marked;

-- name: job_run_close
-- A run is over when each of its connections is served or has nothing left to wait for: it was disconnected or disabled
-- meanwhile, or no worker has served it for an hour (it was taken off a list, or no worker speaks to its provider).
WITH hopeless AS (
  SELECT i.connection_id, CASE WHEN c.id IS NULL THEN 'provider_rejected: the connection was disconnected during the run'
    WHEN NOT c.sync_enabled THEN 'provider_rejected: the connection was disabled during the run'
    ELSE 'timeout: no worker served the connection within an hour' END AS error
  FROM calendar_job_run_items i LEFT JOIN external_calendar_connections c ON c.id = i.connection_id
  JOIN calendar_job_runs r ON r.id = i.run_id
  WHERE i.run_id = $1 AND i.finished_at IS NULL AND (c.id IS NULL OR NOT c.sync_enabled OR r.created_at < now() - interval '1 hour')
), closed AS (
  UPDATE calendar_job_run_items i SET finished_at = now(), succeeded = false, error = h.error
  FROM hopeless h WHERE i.run_id = $1 AND i.connection_id = h.connection_id AND i.finished_at IS NULL)
UPDATE calendar_job_runs r SET finished_at = now()
WHERE r.id = $1 AND r.finished_at IS NULL
  AND NOT EXISTS (SELECT 1 FROM calendar_job_run_items i WHERE i.run_id = r.id AND i.finished_at IS NULL
                  AND i.connection_id NOT IN (SELECT connection_id FROM hopeless));

-- name: job_run_summary
SELECT r.requested_by, r.created_at, r.finished_at, now() AS now,
  count(i.*) AS marked, count(i.*) FILTER (WHERE i.finished_at IS NOT NULL) AS processed,
  count(i.*) FILTER (WHERE i.succeeded) AS succeeded, count(i.*) FILTER (WHERE NOT i.succeeded) AS failed,
  COALESCE(sum(i.items_ingested), 0) AS items_ingested, COALESCE(sum(i.items_updated), 0) AS items_updated,
  COALESCE(sum(i.items_deleted), 0) AS items_deleted, COALESCE(sum(i.outbound_retried), 0) AS outbound_retried,
  COALESCE(sum(i.outbound_succeeded), 0) AS outbound_succeeded,
  (extract(epoch FROM COALESCE(r.finished_at, now()) - r.created_at) * 1000)::bigint AS duration_ms
FROM calendar_job_runs r LEFT JOIN calendar_job_run_items i ON i.run_id = r.id WHERE r.id = $1 GROUP BY r.id;

-- name: job_run_errors
SELECT connection_id, error FROM calendar_job_run_items WHERE run_id = $1 AND NOT succeeded ORDER BY connection_id LIMIT 100;

-- name: status_queue
SELECT count(*) AS connections, count(*) FILTER (WHERE sync_enabled) AS enabled, count(*) FILTER (WHERE sync_needed AND sync_enabled) AS needed,
  count(*) FILTER (WHERE sync_due_at <= now() AND (lease_until IS NULL OR lease_until <= now())) AS due,
  count(*) FILTER (WHERE lease_until > now()) AS leased, count(*) FILTER (WHERE backoff_until > now()) AS backing_off,
  count(*) FILTER (WHERE error_count > 0) AS failing,
  (SELECT count(*) FROM external_calendar_events WHERE sync_status = 'FAILED') AS failed_events,
  min(sync_due_at) FILTER (WHERE sync_due_at <= now() AND (lease_until IS NULL OR lease_until <= now())) AS oldest_due_at,
  (extract(epoch FROM now() - min(last_synced_at) FILTER (WHERE sync_enabled)))::bigint AS freshness_seconds, now() AS now
FROM external_calendar_connections;

-- name: status_workers
SELECT json_build_object('id', id, 'host', host, 'version', version, 'started_at', started_at, 'heartbeat_at', heartbeat_at) AS worker
FROM calendar_sync_workers WHERE heartbeat_at > now() - interval '15 s' ORDER BY started_at;

-- name: status_schema
SELECT max(version) AS version FROM calsync_schema_migrations;
