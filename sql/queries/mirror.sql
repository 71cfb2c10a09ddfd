-- SPDX-License-Identifier: Apache-2.0
-- The mirror: what the provider's calendars hold.

-- name: mirror_known
-- Everything of some calendar's live rows that decides whether a change is one.
SELECT external_event_id, etag, sync_status, recurring_event_id, booking_id, false AS buried, NULL AS slots
FROM external_calendar_events
WHERE connection_id = $1 AND external_calendar_id = $2 AND deleted_at IS NULL;

-- name: mirror_known_of
-- Dead or alive: a series that comes back says something about its dead exceptions. Of a series also when it occurs, in the form of
-- sync::slots_of.
SELECT external_event_id, etag, sync_status, recurring_event_id, booking_id, deleted_at IS NOT NULL AS buried,
  CASE WHEN recurrence IS NOT NULL THEN
    concat_ws(E'\n', sequence, coalesce(start_date::text, floor(extract(epoch FROM start_time))::bigint::text), time_zone, array_to_string(recurrence, E'\n'))
  END AS slots
FROM external_calendar_events
WHERE connection_id = $1 AND external_calendar_id = $2
  AND (external_event_id = ANY ($3::text[]) OR recurring_event_id = ANY ($3::text[]));

-- name: mirror_upsert
INSERT INTO external_calendar_events AS e (connection_id, provider_id, provider, external_calendar_id, external_event_id, ical_uid,
  title, description, location, organizer, attendees, start_time, end_time, is_all_day, start_date, end_date, time_zone, status,
  is_busy, visibility, recurrence, recurring_event_id, original_start_time, etag, sequence, raw_payload, sync_status, last_error)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28)
ON CONFLICT (connection_id, external_calendar_id, external_event_id) DO UPDATE SET
  ical_uid = excluded.ical_uid, title = excluded.title, description = excluded.description, location = excluded.location,
  organizer = excluded.organizer, attendees = excluded.attendees, start_time = excluded.start_time, end_time = excluded.end_time,
  is_all_day = excluded.is_all_day, start_date = excluded.start_date, end_date = excluded.end_date, time_zone = excluded.time_zone,
  status = excluded.status, is_busy = excluded.is_busy, visibility = excluded.visibility, recurrence = excluded.recurrence,
  recurring_event_id = excluded.recurring_event_id, original_start_time = excluded.original_start_time, etag = excluded.etag,
  sequence = excluded.sequence, raw_payload = excluded.raw_payload, sync_status = excluded.sync_status,
  last_error = excluded.last_error, deleted_at = NULL, updated_at = now();

-- name: mirror_tombstone
UPDATE external_calendar_events SET deleted_at = now(), status = 'cancelled', is_busy = false, sync_status = 'SYNCED', last_error = NULL,
  updated_at = now()
WHERE connection_id = $1 AND external_calendar_id = $2 AND external_event_id = ANY ($3::text[]) AND deleted_at IS NULL;

-- name: mirror_tombstone_calendar
UPDATE external_calendar_events SET deleted_at = now(), status = 'cancelled', is_busy = false, sync_status = 'SYNCED', last_error = NULL,
  updated_at = now()
WHERE connection_id = $1 AND external_calendar_id = $2 AND deleted_at IS NULL;

-- name: staged_check
-- Whether all that was staged of a full read is there still: a crash of the server empties the tables.
SELECT calsync_staged_check($1, $2, $3, $4);

-- name: staged_discard
-- With the rows. What an earlier attempt has left, or what is in the mirror now.
DELETE FROM calendar_staged_reads WHERE connection_id = $1 AND external_calendar_id = $2;

-- name: staged_begin
INSERT INTO calendar_staged_reads (connection_id, external_calendar_id, lease_token) VALUES ($1, $2, $3);

-- name: staged_next
UPDATE calendar_staged_reads SET batches = batches + 1 WHERE connection_id = $1 AND external_calendar_id = $2;

-- name: staged_remove
-- Events that come again, or that are gone after all: of several mentions the last one counts.
DELETE FROM calendar_staged_events WHERE connection_id = $1 AND external_calendar_id = $2 AND external_event_id = ANY ($3::text[]);

-- name: staged_insert
INSERT INTO calendar_staged_events (connection_id, provider_id, provider, external_calendar_id, external_event_id, ical_uid,
  title, description, location, organizer, attendees, start_time, end_time, is_all_day, start_date, end_date, time_zone, status,
  is_busy, visibility, recurrence, recurring_event_id, original_start_time, etag, sequence, raw_payload, sync_status, last_error)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28)
ON CONFLICT DO NOTHING;

-- name: mirror_flip_plan
-- The staged rows are new to the planner, who would take them for few and loop over them.
SELECT set_config('enable_nestloop', 'off', true), set_config('work_mem', '32MB', true);

-- name: mirror_flip
-- sync::reconcile for a whole calendar, where its rows are: what is staged becomes the mirror, and what is not staged is gone. $3: the
-- calendar has moved to another zone, so that no version says that a row is as it should be.
WITH changed AS MATERIALIZED (
  SELECT s.external_event_id, s.sync_status, m.id IS NOT NULL AS known
  FROM calendar_staged_events s LEFT JOIN external_calendar_events m
    ON m.connection_id = s.connection_id AND m.external_calendar_id = s.external_calendar_id
       AND m.external_event_id = s.external_event_id AND m.connection_id = $1 AND m.external_calendar_id = $2 AND m.deleted_at IS NULL
  WHERE s.connection_id = $1 AND s.external_calendar_id = $2 AND (m.id IS NULL OR NOT (
    m.sync_status IN ('UPDATED', 'CANCELLED') OR (m.sync_status = 'CREATED' AND m.booking_id IS NOT NULL)
    OR (m.sync_status = s.sync_status AND (s.sync_status = 'FAILED' OR COALESCE(s.etag, '') <> '')
        AND COALESCE(s.etag, '') = CASE WHEN $3::boolean THEN '' ELSE COALESCE(m.etag, '') END)))
), written AS (
  INSERT INTO external_calendar_events AS e (connection_id, provider_id, provider, external_calendar_id, external_event_id, ical_uid,
  title, description, location, organizer, attendees, start_time, end_time, is_all_day, start_date, end_date, time_zone, status,
  is_busy, visibility, recurrence, recurring_event_id, original_start_time, etag, sequence, raw_payload, sync_status, last_error)
  SELECT
    s.connection_id, s.provider_id, s.provider, s.external_calendar_id, s.external_event_id, s.ical_uid, s.title, s.description,
    s.location, s.organizer, s.attendees, s.start_time, s.end_time, s.is_all_day, s.start_date, s.end_date, s.time_zone,
    s.status, s.is_busy, s.visibility, s.recurrence, s.recurring_event_id, s.original_start_time, s.etag, s.sequence,
    s.raw_payload, s.sync_status, s.last_error
  FROM calendar_staged_events s
  WHERE s.connection_id = $1 AND s.external_calendar_id = $2 AND s.external_event_id IN (SELECT external_event_id FROM changed)
  ON CONFLICT (connection_id, external_calendar_id, external_event_id) DO UPDATE SET
    ical_uid = excluded.ical_uid, title = excluded.title, description = excluded.description, location = excluded.location,
    organizer = excluded.organizer, attendees = excluded.attendees, start_time = excluded.start_time, end_time = excluded.end_time,
    is_all_day = excluded.is_all_day, start_date = excluded.start_date, end_date = excluded.end_date, time_zone = excluded.time_zone,
    status = excluded.status, is_busy = excluded.is_busy, visibility = excluded.visibility, recurrence = excluded.recurrence,
    recurring_event_id = excluded.recurring_event_id, original_start_time = excluded.original_start_time, etag = excluded.etag,
    sequence = excluded.sequence, raw_payload = excluded.raw_payload, sync_status = excluded.sync_status,
    last_error = excluded.last_error, deleted_at = NULL, updated_at = now()
), buried AS (
  UPDATE external_calendar_events m SET deleted_at = now(), status = 'cancelled', is_busy = false, sync_status = 'SYNCED', last_error = NULL,
    updated_at = now()
  WHERE m.connection_id = $1 AND m.external_calendar_id = $2 AND m.deleted_at IS NULL
    AND NOT (m.sync_status IN ('UPDATED', 'CANCELLED') OR (m.sync_status = 'CREATED' AND m.booking_id IS NOT NULL))
    AND NOT EXISTS (SELECT 1 FROM calendar_staged_events s WHERE s.connection_id = $1 AND s.external_calendar_id = $2
                    AND s.external_event_id = m.external_event_id)
  RETURNING 1
)
SELECT count(*) FILTER (WHERE sync_status <> 'FAILED' AND NOT known) AS ingested,
  count(*) FILTER (WHERE sync_status <> 'FAILED' AND known) AS updated, (SELECT count(*) FROM buried) AS deleted,
  count(*) FILTER (WHERE sync_status = 'FAILED') AS failed
FROM changed;

-- name: calendar_unread
-- Its rows were dropped: should it be wanted again, it is read in full.
UPDATE external_calendars SET last_synced_at = NULL WHERE connection_id = $1 AND external_calendar_id = $2 AND last_synced_at IS NOT NULL;

-- name: mirror_unconfirmed
-- Rows that were to be tried again and that a full read did not mention are gone at the provider.
SELECT external_event_id FROM external_calendar_events
WHERE connection_id = $1 AND external_calendar_id = $2 AND sync_status = 'CREATED' AND booking_id IS NULL;

-- name: calendar_upsert
INSERT INTO external_calendars (connection_id, external_calendar_id, name, time_zone, access_role, is_primary)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (connection_id, external_calendar_id) DO UPDATE SET
  name = CASE WHEN excluded.name <> '' THEN excluded.name ELSE external_calendars.name END,
  time_zone = CASE WHEN excluded.time_zone <> '' THEN excluded.time_zone ELSE external_calendars.time_zone END,
  access_role = excluded.access_role, is_primary = excluded.is_primary, deleted_at = NULL, updated_at = now();

-- name: calendar_remove
UPDATE external_calendars SET deleted_at = now(), last_error = NULL, updated_at = now()
WHERE connection_id = $1 AND external_calendar_id = $2 AND deleted_at IS NULL;

-- name: calendar_note
-- How the last attempt at one calendar ended; NULL error = it is in step.
UPDATE external_calendars SET last_error = $3, last_synced_at = CASE WHEN $3::text IS NULL THEN now() ELSE last_synced_at END
WHERE connection_id = $1 AND external_calendar_id = $2;

-- name: mirror_prune
-- Tombstones past their retention, in bounded portions. One that a run brings back meanwhile stays: that is asked again of the row.
DELETE FROM external_calendar_events WHERE deleted_at < now() - make_interval(days => $1::int) AND id = ANY (ARRAY (
  SELECT id FROM external_calendar_events WHERE deleted_at < now() - make_interval(days => $1::int) LIMIT 1000));

-- name: staged_prune
-- Reads that nobody can continue: their lease is over. It deletes rows with them, thousands perhaps.
DELETE FROM calendar_staged_reads r USING (
  SELECT s.connection_id, s.external_calendar_id, s.lease_token
  FROM calendar_staged_reads s JOIN external_calendar_connections c ON c.id = s.connection_id
  WHERE c.lease_until IS NULL OR c.lease_token <> s.lease_token LIMIT 10) d
WHERE r.connection_id = d.connection_id AND r.external_calendar_id = d.external_calendar_id AND r.lease_token = d.lease_token;

-- name: partitions_roll
SELECT calsync_roll_partitions($1::int) AS dropped;

-- name: runs_prune
-- What stands in no partition of its own.
DELETE FROM calendar_sync_runs_default WHERE (sync_id, finished_at) IN (
  SELECT sync_id, finished_at FROM calendar_sync_runs_default WHERE finished_at < now() - make_interval(days => $1::int) LIMIT 1000);

-- name: timeline_prune
DELETE FROM calendar_timeline_default WHERE happened_at < now() - make_interval(days => $1::int);

-- name: job_runs_prune
DELETE FROM calendar_job_runs WHERE id IN (
  SELECT id FROM calendar_job_runs WHERE created_at < now() - make_interval(days => $1::int) LIMIT 100);

-- name: connection_states_prune
DELETE FROM calendar_connection_states WHERE id IN (
  SELECT id FROM calendar_connection_states WHERE changed_at < now() - make_interval(days => $1::int) LIMIT 1000);

-- name: oauth_flows_prune
DELETE FROM calendar_oauth_flows WHERE expires_at < now() - interval '1 day';

-- name: revocations_superseded
-- The account was connected again: revoking the old grant would take the new one with it.
DELETE FROM calendar_revocations r USING external_calendar_connections c
WHERE c.provider = r.provider AND c.provider_user_id = r.provider_user_id;

-- name: revocations_due
-- Locked for the portion's transaction, so that two workers do not revoke the same grant.
UPDATE calendar_revocations SET attempts = attempts + 1, next_attempt_at = now() + make_interval(mins => LEAST(60, 2 ^ LEAST(attempts, 6))::int)
WHERE id = ANY (ARRAY (
  SELECT r.id FROM calendar_revocations r WHERE r.next_attempt_at <= now()
    -- A revoked grant can stop no channel: those come first, unless they cannot be stopped anyway.
    AND NOT EXISTS (SELECT 1 FROM calendar_abandoned_channels a WHERE a.provider = r.provider
                    AND a.provider_user_id = r.provider_user_id AND a.attempts < 3 AND a.expires_at > now())
  ORDER BY r.next_attempt_at LIMIT 20 FOR UPDATE SKIP LOCKED))
RETURNING id, provider, provider_id, sealed, attempts;

-- name: revocation_done
DELETE FROM calendar_revocations WHERE id = $1;

-- name: revocation_find
SELECT 1 AS found FROM calendar_revocations WHERE id = $1;

-- name: revocation_failed
-- $3: the pause that the provider asked for, in seconds, or NULL.
UPDATE calendar_revocations SET last_error = $2, next_attempt_at = GREATEST(next_attempt_at, now() + make_interval(secs => $3::double precision))
WHERE id = $1;
