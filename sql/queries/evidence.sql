-- SPDX-License-Identifier: Apache-2.0
-- What a connection's explanation rests on. Each answers at once, however many connections there are.

-- name: evidence_standing
-- Its lease, its place among those that are due, and who could take it. Looks at the ten thousand of its provider that have been due
-- longest, and counts at most a thousand of them.
SELECT c.lease_until, c.last_attempt_at, c.lease_owner, w.host AS lease_host, w.heartbeat_at AS lease_heartbeat,
  COALESCE(w.heartbeat_at > now() - interval '15 s', false) AS lease_alive, c.unsettled_claims, c.quiet_runs, c.last_webhook_received_at,
  c.sync_cursor IS NOT NULL AS has_cursor, calsync_rank(c.sync_needed, c.sync_priority, c.sync_cursor IS NULL) AS rank,
  (SELECT count(*) FROM calendar_sync_workers WHERE heartbeat_at > now() - interval '15 s') AS workers_alive,
  (SELECT max(heartbeat_at) FROM calendar_sync_workers) AS last_heartbeat,
  (SELECT count(*) FROM calendar_rate_slots WHERE scope = 'full_reads' AND key = c.provider AND until > now() AND holder <> c.id) AS full_reads,
  (SELECT count(*) FROM (
     SELECT 1 FROM (SELECT calsync_rank(sync_needed, sync_priority, sync_cursor IS NULL) AS rank, sync_due_at FROM external_calendar_connections
                    WHERE provider = c.provider AND sync_due_at <= now() AND (lease_until IS NULL OR lease_until <= now()) AND id <> c.id
                    ORDER BY sync_due_at LIMIT 10000) o
     WHERE c.sync_due_at <= now()
       AND (o.rank, o.sync_due_at) < (calsync_rank(c.sync_needed, c.sync_priority, c.sync_cursor IS NULL), c.sync_due_at)
     LIMIT 1000) earlier) AS ahead,
  pg_is_in_recovery() OR current_setting('default_transaction_read_only') = 'on' AS read_only
FROM external_calendar_connections c LEFT JOIN calendar_sync_workers w ON w.id = c.lease_owner WHERE c.id = $1;

-- name: evidence_limits
-- What its provider, or the host $2, has closed: circuits that are not closed, and budgets of calls without any left for a while.
SELECT 'circuit' AS kind, k.state AS what, k.host AS key, k.reason, k.opened_at AS since,
  CASE WHEN k.state IN ('open', 'half_open') THEN k.probe_at END AS until
FROM external_calendar_connections c JOIN calendar_provider_circuits k ON k.provider = c.provider AND k.host = $2 AND k.state <> 'closed'
WHERE c.id = $1
UNION ALL
SELECT 'budget', b.scope, b.key, '', NULL, b.blocked_until
FROM external_calendar_connections c JOIN calendar_rate_buckets b ON b.blocked_until > now()
  AND ((b.scope = 'account' AND b.key = c.provider || '/' || c.provider_user_id) OR (b.scope = 'project' AND starts_with(b.key, c.provider || '/'))
       OR (b.scope = 'host' AND b.key = c.provider || '/' || $2))
WHERE c.id = $1;

-- name: evidence_channels
SELECT count(*) AS wanted, count(p.expires_at) AS live, min(p.expires_at) AS first_expiry,
  count(*) FILTER (WHERE p.missed_at IS NOT NULL) AS silent, count(*) FILTER (WHERE k.watch_error IS NOT NULL) AS refused,
  min(k.watch_error) AS refusal, min(k.watch_retry_at) AS retry_at,
  (SELECT max(expires_at) FROM calendar_push_channels WHERE connection_id = $1 AND state = 'live' AND expires_at <= now()) AS expired_at
FROM external_calendars k LEFT JOIN LATERAL (
  SELECT expires_at, missed_at FROM calendar_push_channels p WHERE p.connection_id = k.connection_id
    AND p.external_calendar_id = k.external_calendar_id AND p.state = 'live' AND p.expires_at > now() ORDER BY p.expires_at DESC LIMIT 1) p ON true
WHERE k.connection_id = $1 AND k.selected AND k.deleted_at IS NULL AND k.access_role <> 'none';

-- name: evidence_calendars
-- Wanted ones whose last read failed; those that rest between full reads are as far in step as they can be.
SELECT external_calendar_id, last_error, last_synced_at FROM external_calendars
WHERE connection_id = $1 AND selected AND deleted_at IS NULL AND access_role <> 'none' AND last_error NOT LIKE 'cursor_expired:%'
ORDER BY external_calendar_id LIMIT 10;

-- name: evidence_events
-- Why events cannot be read, the commonest reason first. Nothing of what is in them.
SELECT last_error, count(*) AS events FROM external_calendar_events WHERE connection_id = $1 AND provider_id = $2 AND sync_status = 'FAILED'
GROUP BY last_error ORDER BY count(*) DESC, last_error LIMIT 3;

-- name: evidence_runs
SELECT sync_id, outcome, error, provider_status, provider_request_id, started_at, finished_at, quiet_before, worker_id,
  items_ingested, items_updated, items_deleted, items_failed
FROM calendar_sync_runs WHERE connection_id = $1 ORDER BY finished_at DESC LIMIT $2;

-- name: evidence_edits
-- Who set what stands there now, by hand.
SELECT what.name AS what, a.actor, a.actor_kind, a.reason, a.happened_at
FROM external_calendar_connections c CROSS JOIN (VALUES ('backoff_until'), ('sync_enabled')) AS what (name)
CROSS JOIN LATERAL (SELECT * FROM calendar_operator_actions WHERE connection_id = c.id AND after ? what.name ORDER BY id DESC LIMIT 1) a
WHERE c.id = $1 AND CASE what.name WHEN 'backoff_until' THEN (a.after ->> 'backoff_until')::timestamptz = c.backoff_until
  ELSE (a.after ->> 'sync_enabled')::boolean = c.sync_enabled END;

-- name: evidence_gate
-- The flags and lists that a worker ran with when one last read them.
SELECT state, updated_at FROM calendar_gate_state WHERE component = 'sync-worker';
