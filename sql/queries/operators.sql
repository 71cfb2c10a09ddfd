-- SPDX-License-Identifier: Apache-2.0
-- What people on call see and do through the API server. The filters are those of calsync_matching_connections.

-- name: audit_sign
-- Until the end of the transaction.
SELECT set_config('calsync.actor', $1, true), set_config('calsync.actor_kind', $2, true), set_config('calsync.action', $3, true),
  set_config('calsync.reason', $4, true);

-- name: audit_note
-- For connections that the transaction has changed nothing of that the audit's trigger sees.
INSERT INTO calendar_operator_actions (actor, actor_kind, action, connection_id, provider_id, reason, before, after)
SELECT calsync_author('actor', session_user), calsync_author('actor_kind', 'sql'), calsync_author('action', 'edit'), c.id, c.provider_id,
  calsync_author('reason', NULL), '{}', $2::jsonb
FROM external_calendar_connections c
WHERE c.id = ANY ($1::uuid[]) AND NOT EXISTS (
  SELECT 1 FROM calendar_operator_actions a WHERE a.connection_id = c.id AND a.xmin = pg_current_xact_id()::xid);

-- name: audit_note_scope
-- An action over whatever is in a scope; either id may be missing.
INSERT INTO calendar_operator_actions (actor, actor_kind, action, connection_id, provider_id, reason, before, after)
VALUES (calsync_author('actor', session_user), calsync_author('actor_kind', 'sql'), calsync_author('action', 'edit'), $1::uuid, $2::uuid,
  calsync_author('reason', NULL), '{}', $3::jsonb);

-- name: audit_command
-- What a command of the shell did to the whole installation.
INSERT INTO calendar_operator_actions (actor, actor_kind, action, before, after) VALUES (session_user, 'command', $1, '{}', $2::jsonb);

-- name: audit_of_transaction
SELECT before, after FROM calendar_operator_actions WHERE connection_id = $1::uuid AND xmin = pg_current_xact_id()::xid ORDER BY id DESC LIMIT 1;

-- name: audit_lines
SELECT id, happened_at, actor, actor_kind, action, connection_id, provider_id, reason, before, after FROM calendar_operator_actions
WHERE ($1::bigint IS NULL OR id < $1::bigint) AND ($2::uuid IS NULL OR connection_id = $2::uuid) AND ($3::uuid IS NULL OR provider_id = $3::uuid)
  AND ($4::text IS NULL OR actor = $4::text) AND ($5::text IS NULL OR action = $5::text)
ORDER BY id DESC LIMIT $6;

-- name: operator_connections
SELECT c.*, now() AS now FROM calsync_matching_connections($1::jsonb) c WHERE $2::uuid IS NULL OR c.id > $2::uuid ORDER BY c.id LIMIT $3;

-- name: operator_count
SELECT provider, state, count(*) AS connections FROM calsync_matching_connections($1::jsonb) GROUP BY provider, state;

-- name: operator_first
SELECT id FROM calsync_matching_connections($1::jsonb) ORDER BY id LIMIT $2;

-- name: operator_lock
SELECT id, awaiting_confirmation FROM external_calendar_connections WHERE id = ANY ($1::uuid[]) ORDER BY id FOR NO KEY UPDATE;

-- name: operator_sync
-- As urgent as a person's wish. The audit's trigger does not see wishes.
WITH was AS (
  SELECT id, provider_id, sync_needed FROM external_calendar_connections WHERE id = ANY ($1::uuid[])
), woken AS (
  UPDATE external_calendar_connections SET sync_needed = true, sync_priority = GREATEST(sync_priority, 2::smallint) WHERE id = ANY ($1::uuid[])
)
INSERT INTO calendar_operator_actions (actor, actor_kind, action, connection_id, provider_id, reason, before, after)
SELECT calsync_author('actor', session_user), calsync_author('actor_kind', 'sql'), calsync_author('action', 'edit'), id, provider_id,
  calsync_author('reason', NULL), jsonb_build_object('sync_needed', sync_needed), '{"sync_needed": true}' FROM was;

-- name: operator_reset
-- The runbook's words: the next sync is a full one, and what stood in its way is gone.
UPDATE external_calendar_connections
SET sync_cursor = NULL, last_synced_at = NULL, error_count = 0, last_error = NULL, backoff_until = NULL WHERE id = ANY ($1::uuid[]);

-- name: operator_backoff
UPDATE external_calendar_connections SET backoff_until = now() + make_interval(mins => $2::int) WHERE id = ANY ($1::uuid[]);

-- name: operator_clear_backoff
UPDATE external_calendar_connections SET backoff_until = NULL WHERE id = ANY ($1::uuid[]);

-- name: operator_set_enabled
-- One that waits for the host application's word stays disabled.
UPDATE external_calendar_connections SET sync_enabled = $2::boolean WHERE id = ANY ($1::uuid[]) AND NOT ($2::boolean AND awaiting_confirmation);

-- name: failed_events
-- Without anything that the event says.
SELECT e.id, e.connection_id, e.provider_id, e.provider, e.external_calendar_id, e.external_event_id, e.last_error, e.updated_at
FROM external_calendar_events e
WHERE e.sync_status = 'FAILED' AND ($1::uuid IS NULL OR e.connection_id = $1::uuid) AND ($2::uuid IS NULL OR e.provider_id = $2::uuid)
  AND ($3::text IS NULL OR split_part(e.last_error, ':', 1) = $3::text) AND ($4::uuid IS NULL OR e.id > $4::uuid)
ORDER BY e.id LIMIT $5;

-- name: failed_event_connection
SELECT connection_id FROM external_calendar_events WHERE id = $1 AND sync_status = 'FAILED';

-- name: failed_events_retry
-- The connection is woken by the row's own trigger. $2: one event, or NULL for all of the connection.
UPDATE external_calendar_events SET sync_status = 'CREATED', last_error = NULL
WHERE connection_id = $1 AND sync_status = 'FAILED' AND ($2::uuid IS NULL OR id = $2::uuid);

-- name: connection_quiet_runs
SELECT quiet_runs FROM external_calendar_connections WHERE id = $1;

-- name: connection_timeline
-- Whole instants: the rows of one transaction share theirs.
SELECT happened_at, kind, what, who, detail, data FROM calendar_connection_timeline
WHERE connection_id = $1 AND ($2::timestamptz IS NULL OR happened_at < $2::timestamptz)
ORDER BY happened_at DESC FETCH FIRST ($3::int) ROWS WITH TIES;

-- name: job_runs_recent
SELECT r.id, r.requested_by, r.scope, r.created_at, r.finished_at, i.marked, i.processed, i.succeeded, i.failed
FROM calendar_job_runs r CROSS JOIN LATERAL (
  SELECT count(*) AS marked, count(finished_at) AS processed, count(*) FILTER (WHERE succeeded) AS succeeded,
    count(*) FILTER (WHERE NOT succeeded) AS failed FROM calendar_job_run_items WHERE run_id = r.id) i
ORDER BY r.created_at DESC, r.id LIMIT $1;

-- name: bulk_add
-- $8: what was confirmed; it is counted and named in one look.
INSERT INTO calendar_bulk_actions (actor, actor_kind, action, reason, minutes, filter, cap, connections)
SELECT $1, $2, $3, $4, $5::int, $6::jsonb, $7::int, m.ids
FROM (SELECT COALESCE(array_agg(id ORDER BY id), '{}') AS ids FROM calsync_matching_connections($6::jsonb)) m
WHERE cardinality(m.ids) = $8::bigint AND cardinality(m.ids) <= $7::int
RETURNING id;

-- name: bulk_find
SELECT id, actor, actor_kind, action, reason, minutes, filter, cap, cardinality(connections) AS matched, position, touched, skipped,
  CASE WHEN state IN ('running', 'stopping') AND heartbeat_at < now() - interval '30 s' THEN 'interrupted' ELSE state END AS state,
  note, stopped_by, heartbeat_at, created_at, finished_at
FROM calendar_bulk_actions WHERE $1::uuid IS NULL OR id = $1::uuid ORDER BY created_at DESC, id LIMIT $2;

-- name: bulk_stop
UPDATE calendar_bulk_actions SET state = 'stopping', stopped_by = $2
WHERE id = $1 AND state IN ('running', 'stopping') AND heartbeat_at >= now() - interval '30 s' RETURNING id;

-- name: bulk_portion
-- The ids of the next portion; a stop waits until it is over. No row = it is over, or was given up for dead.
UPDATE calendar_bulk_actions b SET heartbeat_at = clock_timestamp()
WHERE id = $1 AND state = 'running' AND heartbeat_at >= now() - interval '30 s'
RETURNING to_json(b.connections [b.position + 1 : b.position + $2::int]) AS ids, b.action, b.minutes, b.actor, b.actor_kind, b.reason;

-- name: bulk_still_matching
SELECT m.id, m.provider_id FROM calendar_bulk_actions b CROSS JOIN LATERAL calsync_matching_connections(b.filter) m
WHERE b.id = $1 AND m.id = ANY ($2::uuid[]) ORDER BY m.id;

-- name: bulk_progress
UPDATE calendar_bulk_actions SET position = position + $2::int, touched = touched + $3::int, skipped = skipped + $2::int - $3::int,
  heartbeat_at = clock_timestamp() WHERE id = $1;

-- name: bulk_end
-- A stop that came meanwhile wins; one that was given up for dead stays so.
UPDATE calendar_bulk_actions SET state = CASE WHEN state = 'stopping' THEN 'stopped' ELSE $2 END, note = $3, finished_at = now()
WHERE id = $1 AND state IN ('running', 'stopping') AND heartbeat_at >= now() - interval '30 s';
