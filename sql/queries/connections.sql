-- SPDX-License-Identifier: Apache-2.0
-- What the API server reads and writes about connections, calendars and events.

-- name: owner_exists
SELECT 1 AS found FROM profiles WHERE id = $1;

-- name: connections_of_owner
-- Everything the API shows and explains about the connections of an owner.
SELECT c.id, c.provider_id, c.provider, c.provider_user_id, c.provider_email, c.sync_enabled, c.sync_needed, c.last_synced_at,
  c.error_count, c.last_error, c.backoff_until, c.token_expiry, c.sync_frequency_minutes, c.created_at, c.awaiting_confirmation,
  c.lease_until, c.lease_owner, c.sync_due_at, c.sync_cursor IS NOT NULL AS has_cursor, now() AS now,
  c.grant_refusals, c.sync_state, c.state_since, c.recovered_at,
  (SELECT count(*) FROM external_calendars k WHERE k.connection_id = c.id AND k.selected AND k.deleted_at IS NULL AND k.access_role <> 'none'
     AND k.last_error NOT LIKE 'cursor_expired:%') AS failing_calendars,
  (SELECT count(*) FROM external_calendar_events e WHERE e.connection_id = c.id AND e.sync_status = 'FAILED') AS failed_events
FROM external_calendar_connections c WHERE c.provider_id = $1 ORDER BY c.created_at, c.id;

-- name: connection_by_id
SELECT c.id, c.provider_id, c.provider, c.provider_user_id, c.provider_email, c.sync_enabled, c.sync_needed, c.last_synced_at,
  c.error_count, c.last_error, c.backoff_until, c.token_expiry, c.sync_frequency_minutes, c.created_at, c.awaiting_confirmation,
  c.lease_until, c.lease_owner, c.sync_due_at, c.sync_cursor IS NOT NULL AS has_cursor, now() AS now,
  c.grant_refusals, c.sync_state, c.state_since, c.recovered_at,
  (SELECT count(*) FROM external_calendars k WHERE k.connection_id = c.id AND k.selected AND k.deleted_at IS NULL AND k.access_role <> 'none'
     AND k.last_error NOT LIKE 'cursor_expired:%') AS failing_calendars,
  (SELECT count(*) FROM external_calendar_events e WHERE e.connection_id = c.id AND e.sync_status = 'FAILED') AS failed_events
FROM external_calendar_connections c WHERE c.id = $1;

-- name: connection_state_changes
SELECT from_state, to_state, reason, changed_at FROM calendar_connection_states WHERE connection_id = $1 ORDER BY id DESC LIMIT $2;

-- name: connection_upsert
-- Connecting the same account again renews the same connection: whatever stood in its way is cleared.
INSERT INTO external_calendar_connections AS c (provider_id, provider, provider_user_id, provider_email, token_expiry, granted_scopes,
  sync_enabled, awaiting_confirmation)
VALUES ($1, $2, $3, $4, $5, $6, NOT $7::boolean, $7::boolean)
ON CONFLICT (provider_id, provider, provider_user_id) DO UPDATE SET
  provider_email = excluded.provider_email, token_expiry = excluded.token_expiry, granted_scopes = excluded.granted_scopes,
  grant_refusals = 0, error_count = 0, last_error = NULL, backoff_until = NULL, sync_needed = true, sync_priority = 2,
  sync_enabled = c.sync_enabled OR NOT c.awaiting_confirmation
RETURNING c.id, (xmax = 0) AS created, c.awaiting_confirmation;

-- name: connection_find_account
SELECT c.id, EXISTS (SELECT 1 FROM external_calendar_credentials k WHERE k.connection_id = c.id AND k.kind = 'refresh_token') AS has_refresh_token
FROM external_calendar_connections c WHERE c.provider_id = $1 AND c.provider = $2 AND c.provider_user_id = $3;

-- name: credentials_replace
INSERT INTO external_calendar_credentials (connection_id, kind, sealed, key_id)
SELECT $1, d.kind, d.sealed, d.key_id FROM json_to_recordset($2::json) AS d (kind text, sealed text, key_id text)
ON CONFLICT (connection_id, kind) DO UPDATE SET sealed = excluded.sealed, key_id = excluded.key_id, updated_at = now();

-- name: connection_set_enabled
UPDATE external_calendar_connections SET sync_enabled = $2 WHERE id = $1;

-- name: connection_set_frequency
UPDATE external_calendar_connections SET sync_frequency_minutes = $2 WHERE id = $1;

-- name: connection_confirm
UPDATE external_calendar_connections SET awaiting_confirmation = false, sync_enabled = true, sync_needed = true
WHERE id = $1 AND provider_id = $2 AND awaiting_confirmation RETURNING id;

-- name: connection_select_calendars
-- A calendar that is deselected loses its rows at the next run; one that is selected is read in full.
UPDATE external_calendars SET selected = external_calendar_id = ANY ($2::text[]), updated_at = now()
WHERE connection_id = $1 AND deleted_at IS NULL AND selected <> (external_calendar_id = ANY ($2::text[]));

-- name: calendars_unknown
SELECT wanted.id FROM unnest($2::text[]) AS wanted (id)
WHERE NOT EXISTS (SELECT 1 FROM external_calendars c WHERE c.connection_id = $1 AND c.external_calendar_id = wanted.id AND c.deleted_at IS NULL);

-- name: calendars_of
SELECT json_build_object('external_calendar_id', c.external_calendar_id, 'name', c.name, 'time_zone', NULLIF(c.time_zone, ''),
  'access_role', NULLIF(c.access_role, ''), 'primary', c.is_primary, 'selected', c.selected, 'last_error', c.last_error,
  'last_synced_at', c.last_synced_at, 'push', COALESCE((SELECT max(p.state) FROM calendar_push_channels p
    WHERE p.connection_id = c.connection_id AND p.external_calendar_id = c.external_calendar_id AND p.state = 'live' AND p.expires_at > now()), 'none'),
  'push_error', c.watch_error,
  'events', (SELECT count(*) FROM external_calendar_events e
             WHERE e.connection_id = c.connection_id AND e.external_calendar_id = c.external_calendar_id AND e.deleted_at IS NULL)) AS calendar
FROM external_calendars c WHERE c.connection_id = $1 AND c.deleted_at IS NULL ORDER BY c.is_primary DESC, c.name, c.external_calendar_id;

-- name: connection_wake
UPDATE external_calendar_connections SET sync_needed = true, sync_priority = GREATEST(sync_priority, $2::smallint)
WHERE id = $1 RETURNING id, wake_seq;

-- name: owner_wake
UPDATE external_calendar_connections SET sync_needed = true, sync_priority = GREATEST(sync_priority, $2::smallint)
WHERE id = ANY (ARRAY (SELECT id FROM external_calendar_connections
                       WHERE provider_id = $1 AND sync_enabled AND ($3::uuid[] IS NULL OR id = ANY ($3::uuid[])) ORDER BY id FOR NO KEY UPDATE))
RETURNING id, wake_seq;

-- name: wakes_served
SELECT c.id, c.served_wake_seq >= d.wake AS served, c.last_error, c.last_synced_at, c.sync_enabled, COALESCE(c.backoff_until > now(), false) AS backing_off
FROM unnest($1::uuid[], $2::bigint[]) AS d (id, wake) JOIN external_calendar_connections c ON c.id = d.id;

-- name: events_page
-- Mirrored events that touch [$2, $3): single events and exceptions by their times, series by their start. Keyset paging by
-- ($4, $5), the time and id of the last event of the page before.
SELECT e.id, COALESCE(e.start_time, e.original_start_time) AS sort_time, json_build_object(
  'id', e.id, 'connection_id', e.connection_id, 'provider', e.provider, 'external_calendar_id', e.external_calendar_id,
  'external_event_id', e.external_event_id, 'ical_uid', e.ical_uid, 'title', e.title, 'description', e.description, 'location', e.location,
  'organizer', e.organizer, 'attendees', COALESCE(e.attendees, '[]'), 'start_time', e.start_time, 'end_time', e.end_time,
  'is_all_day', e.is_all_day, 'start_date', e.start_date, 'end_date', e.end_date, 'time_zone', e.time_zone, 'status', e.status,
  'is_busy', e.is_busy, 'visibility', e.visibility, 'recurrence', e.recurrence, 'recurring_event_id', e.recurring_event_id,
  'original_start_time', e.original_start_time, 'sync_status', e.sync_status, 'updated_at', e.updated_at) AS event
FROM external_calendar_events e
WHERE e.provider_id = $1 AND e.deleted_at IS NULL AND e.sync_status <> 'FAILED'
  AND COALESCE(e.start_time, e.original_start_time) < $3::timestamptz
  AND (COALESCE(e.start_time, e.original_start_time) >= $2::timestamptz OR e.end_time > $2::timestamptz OR e.recurrence IS NOT NULL)
  AND ($4::timestamptz IS NULL OR (COALESCE(e.start_time, e.original_start_time), e.id) > ($4::timestamptz, $5::uuid))
  AND ($7::uuid[] IS NULL OR e.connection_id = ANY ($7::uuid[]))
ORDER BY COALESCE(e.start_time, e.original_start_time), e.id LIMIT $6;

-- name: account_lock
-- Whoever ends a link of an account waits for the others who do, and sees what they have left. A statement of its own: what is counted
-- has to be looked at after the wait.
SELECT pg_advisory_xact_lock(hashtextextended('calsync account ' || $1::text || ' ' || $2::text, 0));

-- name: account_links
SELECT count(*) AS others FROM external_calendar_connections WHERE provider = $1 AND provider_user_id = $2 AND id <> $3;

-- name: connection_holdings
SELECT (SELECT count(*) FROM external_calendar_events WHERE connection_id = $1) AS events,
  (SELECT count(*) FROM external_calendars WHERE connection_id = $1) AS calendars,
  (SELECT count(*) FROM calendar_push_channels WHERE connection_id = $1) AS channels;

-- name: connection_delete
DELETE FROM external_calendar_connections WHERE id = $1;

-- name: revocation_add
-- Without push channels the server revokes the grant itself, and this is the net below it.
INSERT INTO calendar_revocations (id, provider, provider_id, sealed, provider_user_id, next_attempt_at)
SELECT $1, $2, $3, $4, c.provider_user_id, CASE WHEN EXISTS (SELECT 1 FROM calendar_push_channels WHERE connection_id = c.id)
  THEN now() ELSE now() + interval '1 minute' END
FROM external_calendar_connections c WHERE c.id = $5;

-- name: oauth_flow_add
INSERT INTO calendar_oauth_flows (state_hash, provider_id, provider, verifier_sealed, return_to, expires_at, requested_by)
VALUES ($1, $2, $3, $4, $5, now() + make_interval(secs => $6::int), $7) RETURNING expires_at;

-- name: oauth_flow_bind
-- The first browser that opens the link owns it; the same browser may open it again.
UPDATE calendar_oauth_flows SET browser_hash = $3
WHERE state_hash = $1 AND provider = $2 AND used_at IS NULL AND expires_at > now() AND (browser_hash IS NULL OR browser_hash = $4)
RETURNING provider_id, verifier_sealed;

-- name: oauth_flow_find
SELECT provider_id, used_at IS NOT NULL AS used, expires_at <= now() AS expired, browser_hash FROM calendar_oauth_flows
WHERE state_hash = $1 AND provider = $2;

-- name: oauth_flow_use
UPDATE calendar_oauth_flows SET used_at = now()
WHERE state_hash = $1 AND provider = $2 AND used_at IS NULL AND expires_at > now() AND browser_hash = $3
RETURNING provider_id, verifier_sealed, return_to, requested_by;
