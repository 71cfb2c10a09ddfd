-- SPDX-License-Identifier: Apache-2.0
-- What operators choose connections by, and the actions over many of them.

-- Connections with what is derived from them. `state` is what sync::derive_state says of the same row. channel_dead: a channel that
-- should speak is over or has missed a change.
CREATE VIEW calendar_connection_overview AS
  SELECT c.id, c.provider_id, o.email AS owner_email, c.provider, c.provider_user_id, c.provider_email, c.sync_enabled, c.sync_needed,
    c.awaiting_confirmation, c.created_at, c.last_synced_at, c.backoff_until, c.lease_until, c.lease_owner, c.last_attempt_at, c.sync_due_at,
    c.error_count, c.last_error, c.grant_refusals, c.sync_frequency_minutes, k.failing_calendars, e.code AS error_code,
    (SELECT count(*) FROM external_calendar_events f WHERE f.connection_id = c.id AND f.sync_status = 'FAILED') AS failed_events,
    EXISTS (SELECT 1 FROM calendar_push_channels p WHERE p.connection_id = c.id AND p.state = 'live'
      AND (p.expires_at <= now() OR p.missed_at IS NOT NULL)) AS channel_dead,
    CASE
      WHEN NOT c.sync_enabled OR c.awaiting_confirmation THEN 'disabled'
      WHEN e.code IN ('invalid_token', 'insufficient_scope') AND (c.grant_refusals >= 2 OR e.put_off) THEN 'needs_reauth'
      WHEN e.code = 'configuration_error' THEN 'delayed'
      WHEN e.put_off THEN 'suspended'
      WHEN e.code IN ('rate_limited', 'quota_exceeded') THEN 'throttled'
      WHEN e.code IN ('provider_unavailable', 'network_error', 'timeout') THEN 'provider_down'
      WHEN c.error_count > 0 OR e.code IS NOT NULL OR c.backoff_until > now() OR k.failing_calendars > 0
        OR COALESCE(c.last_synced_at, c.created_at) + make_interval(mins => 2 * c.sync_frequency_minutes + 1) < now() THEN 'delayed'
      ELSE 'active' END AS state
  FROM external_calendar_connections c
  LEFT JOIN profiles o ON o.id = c.provider_id
  CROSS JOIN LATERAL (SELECT NULLIF(split_part(c.last_error, ':', 1), '') AS code,
    COALESCE(c.backoff_until - now() > interval '720 hours', false) AS put_off) e
  CROSS JOIN LATERAL (SELECT count(*) AS failing_calendars FROM external_calendars k WHERE k.connection_id = c.id AND k.selected
    AND k.deleted_at IS NULL AND k.access_role <> 'none' AND k.last_error NOT LIKE 'cursor_expired:%') k;

-- Those that meet every condition that `wanted` names: state, provider, provider_id, connection_id, error_code; email and q (parts of
-- addresses, q also of ids and of the error, in any case); due, leased, backing_off, failing, channel_dead (true or false).
CREATE FUNCTION calsync_matching_connections(wanted jsonb) RETURNS SETOF calendar_connection_overview LANGUAGE sql STABLE AS $$
  SELECT * FROM calendar_connection_overview c
  WHERE (wanted ->> 'provider_id' IS NULL OR c.provider_id = (wanted ->> 'provider_id')::uuid)
    AND (wanted ->> 'connection_id' IS NULL OR c.id = (wanted ->> 'connection_id')::uuid)
    AND (wanted ->> 'provider' IS NULL OR c.provider = wanted ->> 'provider')
    AND (wanted ->> 'error_code' IS NULL OR c.error_code = wanted ->> 'error_code')
    AND (wanted ->> 'email' IS NULL OR strpos(lower(concat_ws(' ', c.provider_email, c.owner_email)), lower(wanted ->> 'email')) > 0)
    AND (wanted ->> 'q' IS NULL OR strpos(lower(concat_ws(' ', c.id, c.provider_id, c.provider, c.provider_email, c.owner_email, c.last_error)),
      lower(wanted ->> 'q')) > 0)
    AND (wanted ->> 'leased' IS NULL OR COALESCE(c.lease_until > now(), false) = (wanted ->> 'leased')::boolean)
    AND (wanted ->> 'due' IS NULL
      OR COALESCE(c.sync_due_at <= now() AND (c.lease_until IS NULL OR c.lease_until <= now()), false) = (wanted ->> 'due')::boolean)
    AND (wanted ->> 'backing_off' IS NULL OR COALESCE(c.backoff_until > now(), false) = (wanted ->> 'backing_off')::boolean)
    AND (wanted ->> 'failing' IS NULL OR (c.error_count > 0) = (wanted ->> 'failing')::boolean)
    AND (wanted ->> 'channel_dead' IS NULL OR c.channel_dead = (wanted ->> 'channel_dead')::boolean)
    AND (wanted ->> 'state' IS NULL OR c.state = wanted ->> 'state')
$$;

-- What the API server says of its caller for this transaction, or what stands for it.
CREATE FUNCTION calsync_author(part text, otherwise text) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT COALESCE(NULLIF(current_setting('calsync.' || part, true), ''), otherwise)
$$;

-- Failed events that are tried again by plain SQL: one line for each connection and transaction. The API server counts its own.
CREATE FUNCTION calsync_retry_audited() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
  IF calsync_author('action', '') = 'retry' OR EXISTS (SELECT 1 FROM calendar_operator_actions a
    WHERE a.connection_id = NEW.connection_id AND a.action = 'retry' AND a.xmin = pg_current_xact_id()::xid) THEN RETURN NULL; END IF;
  INSERT INTO calendar_operator_actions (actor, actor_kind, action, connection_id, provider_id, reason, before, after)
  VALUES (calsync_author('actor', session_user), calsync_author('actor_kind', 'sql'), 'retry', NEW.connection_id, NEW.provider_id,
    calsync_author('reason', NULL), '{"sync_status": "FAILED"}', '{"sync_status": "CREATED"}');
  RETURN NULL;
END $$;
DO $$ BEGIN EXECUTE format('ALTER FUNCTION calsync_retry_audited() SET search_path = %I, pg_temp', current_schema()); END $$;
CREATE TRIGGER calsync_retry_audited AFTER UPDATE OF sync_status ON external_calendar_events FOR EACH ROW
  WHEN (OLD.sync_status = 'FAILED' AND NEW.sync_status = 'CREATED') EXECUTE FUNCTION calsync_retry_audited();

-- One action over many connections, worked off in portions by the API server that took it. `connections` are those that matched when
-- it was confirmed, and each has to match still when its turn comes. state: running, stopping, then done, stopped, failed or
-- interrupted. A running one whose heartbeat is old has lost its process: it is over, and nobody goes on with it.
CREATE TABLE calendar_bulk_actions (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  actor text NOT NULL,
  actor_kind text NOT NULL,
  action text NOT NULL,
  reason text NOT NULL,
  minutes integer,
  filter jsonb NOT NULL,
  cap integer NOT NULL,
  connections uuid[] NOT NULL,
  position integer NOT NULL DEFAULT 0,
  touched integer NOT NULL DEFAULT 0,
  skipped integer NOT NULL DEFAULT 0,
  state text NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'stopping', 'done', 'stopped', 'failed', 'interrupted')),
  note text,
  stopped_by text,
  heartbeat_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  created_at timestamptz NOT NULL DEFAULT now(),
  finished_at timestamptz
);
CREATE INDEX calendar_bulk_actions_created ON calendar_bulk_actions (created_at);

-- Which caller's link it was, for the record of who connected an account.
ALTER TABLE calendar_oauth_flows ADD COLUMN requested_by text;

CREATE INDEX calendar_operator_actions_actor ON calendar_operator_actions (actor, id DESC);
