-- SPDX-License-Identifier: Apache-2.0
-- The claim queue. Finding candidates takes no locks; claiming checks everything again on the locked row.

-- name: queue_heartbeat
WITH me AS (
  INSERT INTO calendar_sync_workers AS w (id, host, version) VALUES ($1, $2, $3)
  ON CONFLICT (id) DO UPDATE SET heartbeat_at = now()
), gone AS (
  DELETE FROM calendar_sync_workers WHERE heartbeat_at < now() - interval '1 hour'
)
SELECT id, heartbeat_at > now() - interval '15 s' AS alive FROM calendar_sync_workers WHERE id <> $1::uuid ORDER BY id;

-- name: queue_sign_off
DELETE FROM calendar_sync_workers WHERE id = $1;

-- name: queue_candidates_needed
SELECT c.id, c.provider_id, c.provider, c.rank, c.unsettled, (extract(epoch FROM now() - c.sync_due_at) * 1000)::bigint AS overdue
FROM unnest($1::text[]) AS s (provider) CROSS JOIN LATERAL (
  SELECT id, provider_id, provider, sync_priority, sync_due_at, calsync_rank(sync_needed, sync_priority, sync_cursor IS NULL) AS rank,
    CASE WHEN lease_until IS NULL THEN 0 ELSE unsettled_claims + 1 END AS unsettled
  FROM external_calendar_connections
  WHERE provider = s.provider AND sync_needed AND sync_due_at <= now()
    AND (lease_until IS NULL OR lease_until <= now() OR lease_owner = ANY ($3::uuid[])) AND provider_id <> ALL ($4::uuid[])
  ORDER BY sync_priority DESC, sync_due_at LIMIT $2) c
ORDER BY c.sync_priority DESC, c.sync_due_at;

-- name: queue_candidates_urgent
-- What people and pushes asked for goes before overdue polls.
SELECT c.id, c.provider_id, c.provider, c.rank, c.unsettled, (extract(epoch FROM now() - c.sync_due_at) * 1000)::bigint AS overdue
FROM unnest($1::text[]) AS s (provider) CROSS JOIN LATERAL (
  SELECT id, provider_id, provider, sync_priority, sync_due_at, calsync_rank(sync_needed, sync_priority, sync_cursor IS NULL) AS rank,
    CASE WHEN lease_until IS NULL THEN 0 ELSE unsettled_claims + 1 END AS unsettled
  FROM external_calendar_connections
  WHERE provider = s.provider AND sync_needed AND sync_priority > 0 AND sync_due_at <= now()
    AND (lease_until IS NULL OR lease_until <= now() OR lease_owner = ANY ($3::uuid[])) AND provider_id <> ALL ($4::uuid[])
  ORDER BY sync_priority DESC, sync_due_at LIMIT $2) c
ORDER BY c.sync_priority DESC, c.sync_due_at;

-- name: queue_candidates_due
-- What has a cursor: thousands of full reads may not fill the window. Those that somebody waits for are the urgent ones.
SELECT c.id, c.provider_id, c.provider, c.rank, c.unsettled, (extract(epoch FROM now() - c.sync_due_at) * 1000)::bigint AS overdue
FROM unnest($1::text[]) AS s (provider) CROSS JOIN LATERAL (
  SELECT id, provider_id, provider, sync_priority, sync_due_at, calsync_rank(sync_needed, sync_priority, sync_cursor IS NULL) AS rank,
    CASE WHEN lease_until IS NULL THEN 0 ELSE unsettled_claims + 1 END AS unsettled
  FROM external_calendar_connections
  WHERE provider = s.provider AND sync_cursor IS NOT NULL AND sync_due_at <= now()
    AND (lease_until IS NULL OR lease_until <= now() OR lease_owner = ANY ($3::uuid[])) AND provider_id <> ALL ($4::uuid[])
  ORDER BY sync_due_at LIMIT $2) c
ORDER BY c.sync_due_at;

-- name: queue_candidates_backfill
SELECT c.id, c.provider_id, c.provider, c.rank, c.unsettled, (extract(epoch FROM now() - c.sync_due_at) * 1000)::bigint AS overdue
FROM unnest($1::text[]) AS s (provider) CROSS JOIN LATERAL (
  SELECT id, provider_id, provider, sync_priority, sync_due_at, calsync_rank(sync_needed, sync_priority, sync_cursor IS NULL) AS rank,
    CASE WHEN lease_until IS NULL THEN 0 ELSE unsettled_claims + 1 END AS unsettled
  FROM external_calendar_connections
  WHERE provider = s.provider AND sync_cursor IS NULL AND NOT (sync_needed AND sync_priority > 0) AND sync_due_at <= now()
    AND (lease_until IS NULL OR lease_until <= now() OR lease_owner = ANY ($3::uuid[])) AND provider_id <> ALL ($4::uuid[])
  ORDER BY sync_due_at LIMIT $2) c
ORDER BY c.sync_due_at;

-- name: queue_candidates_of_owners
SELECT c.id, c.provider_id, c.provider, c.rank, c.unsettled, (extract(epoch FROM now() - c.sync_due_at) * 1000)::bigint AS overdue
FROM unnest($5::uuid[]) AS o (owner) CROSS JOIN LATERAL (
  SELECT id, provider_id, provider, sync_priority, sync_due_at, calsync_rank(sync_needed, sync_priority, sync_cursor IS NULL) AS rank,
    CASE WHEN lease_until IS NULL THEN 0 ELSE unsettled_claims + 1 END AS unsettled
  FROM external_calendar_connections
  WHERE provider_id = o.owner AND provider = ANY ($1::text[]) AND sync_due_at <= now() AND (sync_needed OR $6::boolean)
    AND (lease_until IS NULL OR lease_until <= now() OR lease_owner = ANY ($3::uuid[])) AND provider_id <> ALL ($4::uuid[])
    AND ($7::uuid[] IS NULL OR id = ANY ($7::uuid[]))
  ORDER BY sync_due_at LIMIT $2) c
ORDER BY c.sync_priority DESC, c.sync_due_at LIMIT $2;

-- name: queue_candidates_listed
SELECT c.id, c.provider_id, c.provider, calsync_rank(c.sync_needed, c.sync_priority, c.sync_cursor IS NULL) AS rank,
  CASE WHEN c.lease_until IS NULL THEN 0 ELSE c.unsettled_claims + 1 END AS unsettled,
  (extract(epoch FROM now() - c.sync_due_at) * 1000)::bigint AS overdue
FROM external_calendar_connections c
WHERE c.id = ANY ($5::uuid[]) AND c.provider = ANY ($1::text[]) AND c.sync_due_at <= now() AND (c.sync_needed OR $6::boolean)
  AND (c.lease_until IS NULL OR c.lease_until <= now() OR c.lease_owner = ANY ($3::uuid[])) AND c.provider_id <> ALL ($4::uuid[])
ORDER BY c.sync_priority DESC, c.sync_due_at LIMIT $2;

-- name: queue_claim
-- unsettled_claims: earlier runs in a row that ended with their worker. Of connections with two or more, suspects, only $8 is claimed.
UPDATE external_calendar_connections t
SET lease_token = t.lease_token + 1, lease_owner = $2, lease_until = now() + make_interval(secs => $3::int), last_attempt_at = now(),
  unsettled_claims = CASE WHEN t.lease_until IS NULL THEN 0
    WHEN t.lease_owner = ANY ($4::uuid[]) OR NOT EXISTS (SELECT 1 FROM calendar_sync_workers w
      WHERE w.id = t.lease_owner AND (w.id = $2 OR w.heartbeat_at > now() - interval '15 s')) THEN t.unsettled_claims + 1
    ELSE t.unsettled_claims END
WHERE t.id = ANY (ARRAY (
  SELECT id FROM external_calendar_connections
  WHERE id = ANY ($1::uuid[]) AND sync_due_at <= now() AND (sync_needed OR $5::boolean)
    AND (lease_until IS NULL OR lease_until <= now() OR lease_owner = ANY ($4::uuid[]))
    AND ($6::uuid[] IS NULL OR provider_id = ANY ($6::uuid[])) AND ($7::uuid[] IS NULL OR id = ANY ($7::uuid[]))
    AND (lease_until IS NULL OR unsettled_claims < 1 OR id = $8::uuid)
  ORDER BY id FOR NO KEY UPDATE SKIP LOCKED))
RETURNING t.id, t.provider_id, t.provider, t.provider_user_id, t.lease_token, t.wake_seq, t.edit_seq, t.sync_cursor,
  t.last_synced_at, t.sync_priority, t.error_count, t.token_expiry, t.grant_refusals, t.sync_frequency_minutes, t.sync_needed,
  t.unsettled_claims, t.sync_state,
  ceil(t.calls_drained)::bigint AS calls_drained, COALESCE((extract(epoch FROM now() - t.calls_at) * 1000000)::bigint, 0) AS calls_age,
  CASE WHEN t.sync_needed AND t.wake_seq > t.served_wake_seq THEN (extract(epoch FROM clock_timestamp() - t.woken_at) * 1000)::bigint END AS woken_ms_ago;

-- name: queue_claimed
-- What belongs to the connections $1 that this worker, $2, has just claimed. A statement of its own in the claim's transaction: the
-- claim sees a row as the last wake-up left it, and this sees all that was committed with that wake-up.
SELECT t.id, CASE WHEN t.provider_user_id IS NULL THEN 1
    ELSE (SELECT count(*) FROM external_calendar_connections o WHERE o.provider = t.provider AND o.provider_user_id = t.provider_user_id) END AS account_links,
  (SELECT json_object_agg(kind, sealed) FROM external_calendar_credentials WHERE connection_id = t.id) AS credentials,
  (SELECT json_agg(json_build_object('id', external_calendar_id, 'selected', selected AND access_role <> 'none', 'time_zone', time_zone,
     'gone', deleted_at IS NOT NULL, 'failed', last_error IS NOT NULL, 'rests', last_error LIKE 'cursor_expired:%',
     'may_watch', watch_retry_at IS NULL OR watch_retry_at <= now(), 'read', last_synced_at IS NOT NULL))
   FROM external_calendars WHERE connection_id = t.id) AS calendars,
  (SELECT json_agg(json_build_object('id', id, 'calendar', external_calendar_id, 'resource', resource_id, 'state', state,
     -- Two workers that do not agree about the address may not replace each other's channels all the time.
     'address', CASE WHEN created_at < now() - interval '5 minutes' THEN address END,
     'expired', expires_at <= now(), 'renewal_due', renew_at <= now(),
     'silent', missed_at <= now() - make_interval(secs => $3::int), 'stop_due', retry_at IS NULL OR retry_at <= now()))
   FROM calendar_push_channels WHERE connection_id = t.id) AS channels,
  (SELECT json_agg(DISTINCT external_calendar_id) FROM external_calendar_events
   WHERE connection_id = t.id AND sync_status = 'CREATED' AND booking_id IS NULL) AS retry_calendars
FROM external_calendar_connections t WHERE t.id = ANY ($1::uuid[]) AND t.lease_owner = $2;

-- name: queue_extend
UPDATE external_calendar_connections SET lease_until = now() + make_interval(secs => $3::int)
WHERE id = $1 AND lease_token = $2 AND lease_until IS NOT NULL
RETURNING sync_enabled, edit_seq;

-- name: queue_fence
-- First in the transaction of a run's rows: fails when another worker, or nobody, owns the run now, when the connection was disabled
-- meanwhile, or when it is not at the edit $3 any more (NULL = at any).
SELECT calsync_fence($1, $2, $3);

-- name: queue_checkpoint
-- Rows of a long run committed so far, with the cursor that covers them. Touching the lease keeps the edit trigger quiet. The lease
-- counts from here: writing the rows may have taken long.
UPDATE external_calendar_connections
SET sync_cursor = CASE WHEN edit_seq = $3::bigint THEN $4 ELSE sync_cursor END,
    lease_until = GREATEST(lease_until + interval '1 microsecond', clock_timestamp() + make_interval(secs => $5::int))
WHERE id = $1 AND lease_token = $2 AND lease_until IS NOT NULL RETURNING edit_seq;

-- name: queue_settle
-- Any number of runs, good and bad. Rows that are not returned were fenced off. A wake during the run survives, and an
-- operator's edit during the run wins. It waits for nobody who has a row of the batch locked, since it has others locked itself and
-- people lock theirs in any order: such a row comes back as held.
WITH d AS (
  SELECT * FROM json_to_recordset($1::json) AS d (
    id uuid, lease_token bigint, wake bigint, edit bigint, succeeded boolean, keep_cursor boolean, cursor text, error text,
    backoff_seconds double precision, pause_seconds double precision, refusals int, sync_id uuid, outcome text, started_at timestamptz, noteworthy boolean, again boolean,
    snoozed boolean, calls_drained double precision, state text, state_reason text, provider_status int, provider_request_id text,
    items_ingested int, items_updated int, items_deleted int, items_failed int)
), settled AS (
  UPDATE external_calendar_connections t SET
    last_synced_at = CASE WHEN d.succeeded AND t.edit_seq = d.edit THEN now() ELSE t.last_synced_at END,
    sync_cursor = CASE WHEN d.keep_cursor AND t.edit_seq = d.edit THEN d.cursor ELSE t.sync_cursor END,
    sync_needed = CASE WHEN d.succeeded AND t.edit_seq = d.edit THEN t.wake_seq <> d.wake OR d.again ELSE t.sync_needed END,
    -- Pushes that came meanwhile (priority 1) may not run a connection back to back; whoever else asked is served at once.
    sync_requested_at = CASE WHEN d.succeeded AND (t.wake_seq <> d.wake OR d.again)
      THEN now() + CASE WHEN t.sync_priority = 1 THEN interval '1 second' ELSE interval '0' END ELSE t.sync_requested_at END,
    -- A snoozed run is none: who asked for it waits on, with the same priority, and nothing is counted.
    sync_priority = CASE WHEN t.wake_seq <> d.wake OR d.snoozed THEN t.sync_priority ELSE 0 END,
    served_wake_seq = CASE WHEN d.snoozed THEN t.served_wake_seq ELSE GREATEST(t.served_wake_seq, d.wake) END,
    error_count = CASE WHEN t.edit_seq <> d.edit OR d.snoozed THEN t.error_count WHEN d.succeeded THEN 0 ELSE t.error_count + 1 END,
    last_error = CASE WHEN t.edit_seq <> d.edit OR d.snoozed THEN t.last_error WHEN d.succeeded THEN NULL ELSE left(d.error, 2000) END,
    -- What the provider has just asked for stands also against an edit that was made before it was heard.
    backoff_until = CASE WHEN t.edit_seq <> d.edit AND d.pause_seconds > 0 THEN GREATEST(t.backoff_until, now() + make_interval(secs => d.pause_seconds))
      WHEN t.edit_seq <> d.edit THEN t.backoff_until WHEN d.succeeded THEN NULL
      ELSE now() + make_interval(secs => d.backoff_seconds) END,
    grant_refusals = CASE WHEN t.edit_seq <> d.edit THEN t.grant_refusals ELSE d.refusals END,
    sync_state = CASE WHEN t.edit_seq <> d.edit THEN t.sync_state ELSE d.state END,
    state_since = CASE WHEN t.edit_seq = d.edit AND t.sync_state <> d.state THEN now() ELSE t.state_since END,
    recovered_at = CASE WHEN t.edit_seq = d.edit AND t.sync_state <> d.state AND d.state = 'active' THEN now() ELSE t.recovered_at END,
    calls_drained = COALESCE(d.calls_drained, t.calls_drained), calls_at = CASE WHEN d.calls_drained IS NULL THEN t.calls_at ELSE now() END,
    quiet_runs = CASE WHEN d.noteworthy THEN 0 WHEN d.snoozed THEN t.quiet_runs ELSE t.quiet_runs + 1 END,
    lease_until = NULL, lease_owner = NULL, unsettled_claims = 0, updated_at = now()
  FROM d WHERE t.id = d.id AND t.lease_token = d.lease_token AND t.lease_until IS NOT NULL
    AND t.id = ANY (ARRAY (SELECT id FROM external_calendar_connections WHERE id = ANY (ARRAY (SELECT id FROM d)) ORDER BY id
      FOR NO KEY UPDATE SKIP LOCKED))
  RETURNING t.id, t.provider_id, t.provider, t.sync_state, t.state_since
), items AS (
  UPDATE calendar_job_run_items i SET finished_at = now(), succeeded = d.succeeded, error = d.error,
    items_ingested = d.items_ingested, items_updated = d.items_updated, items_deleted = d.items_deleted
  FROM d JOIN settled s ON s.id = d.id
  WHERE i.connection_id = d.id AND i.finished_at IS NULL AND i.wake_target <= d.wake AND NOT d.snoozed
), history AS (
  -- The row as it was before this statement knows how many quiet runs there were.
  INSERT INTO calendar_sync_runs (sync_id, connection_id, provider_id, provider, worker_id, lease_token, outcome, error, provider_status,
    provider_request_id, items_ingested, items_updated, items_deleted, items_failed, quiet_before, started_at)
  SELECT d.sync_id, s.id, s.provider_id, s.provider, $2::uuid, d.lease_token, d.outcome, d.error, d.provider_status,
    d.provider_request_id, d.items_ingested, d.items_updated, d.items_deleted, d.items_failed, c.quiet_runs, d.started_at
  FROM d JOIN settled s ON s.id = d.id JOIN external_calendar_connections c ON c.id = s.id WHERE d.noteworthy
), changes AS (
  -- The row as it was before this statement.
  INSERT INTO calendar_connection_states (connection_id, provider_id, from_state, to_state, reason)
  SELECT s.id, s.provider_id, c.sync_state, s.sync_state, left(d.state_reason, 2000)
  FROM d JOIN settled s ON s.id = d.id JOIN external_calendar_connections c ON c.id = s.id
  WHERE s.state_since = now() AND c.sync_state <> s.sync_state
)
SELECT id, false AS held FROM settled
UNION ALL
SELECT c.id, true FROM d JOIN external_calendar_connections c ON c.id = d.id AND c.lease_token = d.lease_token AND c.lease_until IS NOT NULL
WHERE c.id NOT IN (SELECT id FROM settled);

-- name: queue_release
-- Returns those whose rows others have locked, as queue_settle does.
-- Given back without a verdict: nothing about the row changes but the lease, a pause that the provider asked for, and a refusal of
-- the grant: or who is stopped again and again would ask for a dead one again and again. An operator's edit wins over the latter.
WITH d AS (SELECT * FROM json_to_recordset($1::json) AS d (
  id uuid, lease_token bigint, pause_seconds double precision, edit bigint, second_look_seconds double precision)
), released AS (
UPDATE external_calendar_connections t SET lease_until = NULL, lease_owner = NULL, unsettled_claims = 0,
  grant_refusals = CASE WHEN d.second_look_seconds > 0 AND t.edit_seq = d.edit THEN t.grant_refusals + 1 ELSE t.grant_refusals END,
  backoff_until = GREATEST(t.backoff_until,
    CASE WHEN d.pause_seconds > 0 THEN now() + make_interval(secs => d.pause_seconds) END,
    CASE WHEN d.second_look_seconds > 0 AND t.edit_seq = d.edit THEN now() + make_interval(secs => d.second_look_seconds) END)
FROM d WHERE t.id = d.id AND t.lease_token = d.lease_token AND t.lease_until IS NOT NULL
  AND t.id = ANY (ARRAY (SELECT id FROM external_calendar_connections WHERE id = ANY (ARRAY (SELECT id FROM d)) ORDER BY id
    FOR NO KEY UPDATE SKIP LOCKED))
RETURNING t.id)
SELECT c.id FROM d JOIN external_calendar_connections c ON c.id = d.id AND c.lease_token = d.lease_token AND c.lease_until IS NOT NULL
WHERE c.id NOT IN (SELECT id FROM released);

-- name: queue_disown
-- Leases of this worker that it does not know of: the answer to its claim was lost. One whose row is locked runs out.
UPDATE external_calendar_connections SET lease_until = NULL, lease_owner = NULL
WHERE id = ANY (ARRAY (SELECT id FROM external_calendar_connections WHERE id = ANY ($2::uuid[]) AND lease_owner = $1 AND lease_until IS NOT NULL
  ORDER BY id FOR NO KEY UPDATE SKIP LOCKED));

-- name: queue_listen
LISTEN calsync_wake;

-- name: queue_store_tokens
-- Fenced: a rotated refresh token is stored before it is used. No row = the lease is lost.
WITH owned AS (
  UPDATE external_calendar_connections
  SET token_expiry = $3, grant_refusals = 0, lease_until = lease_until + interval '1 microsecond'
  WHERE id = $1 AND lease_token = $2 AND lease_until IS NOT NULL RETURNING id, provider_id
), stored AS (
  INSERT INTO external_calendar_credentials (connection_id, kind, sealed, key_id)
  SELECT owned.id, d.kind, d.sealed, d.key_id FROM owned, json_to_recordset($4::json) AS d (kind text, sealed text, key_id text)
  ON CONFLICT (connection_id, kind) DO UPDATE SET sealed = excluded.sealed, key_id = excluded.key_id, updated_at = now()
), told AS (
  INSERT INTO calendar_timeline (connection_id, provider_id, kind) SELECT id, provider_id, 'token_refreshed' FROM owned
)
SELECT id FROM owned;

-- name: queue_credentials
SELECT k.kind, k.sealed, c.token_expiry FROM external_calendar_credentials k JOIN external_calendar_connections c ON c.id = k.connection_id
WHERE k.connection_id = $1;
