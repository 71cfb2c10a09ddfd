-- SPDX-License-Identifier: Apache-2.0
-- What people on call read: a timeline of each connection, who did what and why, and what the provider said to failed runs.

-- Successful runs in a row that found nothing new leave no line: they are counted here, and the next run that leaves one says how
-- many there were. In no index, so that claims stay HOT updates.
ALTER TABLE external_calendar_connections ADD COLUMN quiet_runs integer NOT NULL DEFAULT 0;

-- The history of runs by days, so that old ones go with their partition.
ALTER TABLE calendar_sync_runs RENAME TO calendar_sync_runs_before_0008;
ALTER TABLE calendar_sync_runs_before_0008 RENAME CONSTRAINT calendar_sync_runs_pkey TO calendar_sync_runs_before_0008_pkey;
DROP INDEX calendar_sync_runs_connection, calendar_sync_runs_finished;
CREATE TABLE calendar_sync_runs (
  sync_id uuid NOT NULL,
  connection_id uuid NOT NULL REFERENCES external_calendar_connections (id) ON DELETE CASCADE,
  provider_id uuid NOT NULL,
  provider text NOT NULL,
  worker_id uuid,
  lease_token bigint NOT NULL,
  outcome text NOT NULL,
  error text,
  -- What the provider's answer to a failed run was: its status, and its own name for the request, for its support.
  provider_status integer,
  provider_request_id text,
  items_ingested integer NOT NULL DEFAULT 0,
  items_updated integer NOT NULL DEFAULT 0,
  items_deleted integer NOT NULL DEFAULT 0,
  items_failed integer NOT NULL DEFAULT 0,
  quiet_before integer NOT NULL DEFAULT 0,
  started_at timestamptz NOT NULL,
  finished_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (sync_id, finished_at)
) PARTITION BY RANGE (finished_at);
CREATE INDEX calendar_sync_runs_connection ON calendar_sync_runs (connection_id, finished_at DESC);
CREATE INDEX calendar_sync_runs_finished ON calendar_sync_runs (finished_at);

-- What else happened to a connection: kind is connected, reconnected, token_refreshed, channel_live, channel_stopping. Append-only.
CREATE TABLE calendar_timeline (
  connection_id uuid NOT NULL REFERENCES external_calendar_connections (id) ON DELETE CASCADE,
  provider_id uuid NOT NULL,
  happened_at timestamptz NOT NULL DEFAULT now(),
  kind text NOT NULL,
  detail text
) PARTITION BY RANGE (happened_at);
CREATE INDEX calendar_timeline_connection ON calendar_timeline (connection_id, happened_at DESC);

-- Daily partitions of both, some days ahead; those whose last day is older than keep_days are dropped. What no partition was made
-- for (no worker ran for days) goes to the default one, and is pruned by row. Returns how many were dropped.
CREATE TABLE calendar_sync_runs_default PARTITION OF calendar_sync_runs DEFAULT;
CREATE TABLE calendar_timeline_default PARTITION OF calendar_timeline DEFAULT;
CREATE FUNCTION calsync_roll_partitions(keep_days integer) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
  parent text;
  old record;
  from_day timestamptz;
  today timestamptz := date_trunc('day', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC';
  dropped integer := 0;
BEGIN
  -- One worker at a time, and none that makes runs wait: another day comes.
  IF NOT pg_try_advisory_xact_lock(7163264, 4) THEN RETURN 0; END IF;
  PERFORM set_config('lock_timeout', '2s', true);
  PERFORM set_config('client_min_messages', 'warning', true);
  FOREACH parent IN ARRAY ARRAY['calendar_sync_runs', 'calendar_timeline'] LOOP
    FOR ahead IN 0..3 LOOP
      from_day := today + make_interval(hours => 24 * ahead);
      BEGIN
        EXECUTE format('CREATE TABLE IF NOT EXISTS %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)',
          parent || to_char(from_day AT TIME ZONE 'UTC', '_YYYYMMDD'), parent, from_day, from_day + interval '24 hours');
      EXCEPTION WHEN check_violation THEN NULL;  -- the default partition has rows of that day already
      END;
    END LOOP;
    FOR old IN SELECT c.oid::regclass AS name, c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
               WHERE i.inhparent = parent::regclass AND c.relname ~ '_[0-9]{8}$' LOOP
      IF to_timestamp(right(old.relname, 8) || '+00', 'YYYYMMDDTZH') + interval '24 hours' < now() - make_interval(days => keep_days) THEN
        EXECUTE format('DROP TABLE %s', old.name);
        dropped := dropped + 1;
      END IF;
    END LOOP;
  END LOOP;
  RETURN dropped;
END $$;

-- Every action of people and of their tools, in the words of who called and why. Never changed, never pruned by the daemons, and
-- it outlives its connection. actor_kind: admin (a named admin token), app (a named app token), command, sql (a database role).
-- session_role: who the database knows that it was, whatever the session says of its caller.
CREATE TABLE calendar_operator_actions (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  happened_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  actor text NOT NULL,
  actor_kind text NOT NULL,
  action text NOT NULL,
  connection_id uuid,
  provider_id uuid,
  reason text,
  before jsonb,
  after jsonb,
  session_role text NOT NULL DEFAULT session_user
);
CREATE INDEX calendar_operator_actions_connection ON calendar_operator_actions (connection_id, id DESC);
CREATE INDEX calendar_operator_actions_happened ON calendar_operator_actions (happened_at);

-- The members of `wide` that differ from those of `other`.
CREATE FUNCTION calsync_differing(wide jsonb, other jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
  SELECT COALESCE(jsonb_object_agg(key, value), '{}') FROM jsonb_each(wide) WHERE value IS DISTINCT FROM other -> key
$$;

-- Hand edits, also those of plain SQL: who it was is what the API server says of its caller for this transaction, or the session's
-- role. A cursor is shown as being there or not.
CREATE FUNCTION calsync_connection_audited() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
  was jsonb := jsonb_build_object('sync_enabled', OLD.sync_enabled, 'sync_cursor', OLD.sync_cursor IS NOT NULL, 'last_synced_at', OLD.last_synced_at,
    'error_count', OLD.error_count, 'last_error', OLD.last_error, 'backoff_until', OLD.backoff_until, 'sync_frequency_minutes', OLD.sync_frequency_minutes);
  is_now jsonb := jsonb_build_object('sync_enabled', NEW.sync_enabled, 'sync_cursor', NEW.sync_cursor IS NOT NULL, 'last_synced_at', NEW.last_synced_at,
    'error_count', NEW.error_count, 'last_error', NEW.last_error, 'backoff_until', NEW.backoff_until, 'sync_frequency_minutes', NEW.sync_frequency_minutes);
BEGIN
  INSERT INTO calendar_operator_actions (actor, actor_kind, action, connection_id, provider_id, reason, before, after)
  VALUES (COALESCE(NULLIF(current_setting('calsync.actor', true), ''), session_user), COALESCE(NULLIF(current_setting('calsync.actor_kind', true), ''), 'sql'),
    COALESCE(NULLIF(current_setting('calsync.action', true), ''), 'edit'), NEW.id, NEW.provider_id, NULLIF(current_setting('calsync.reason', true), ''),
    calsync_differing(was, is_now), calsync_differing(is_now, was));
  RETURN NULL;
END $$;
CREATE TRIGGER calsync_audited
  AFTER UPDATE OF sync_cursor, last_synced_at, backoff_until, error_count, last_error, sync_enabled, sync_frequency_minutes
  ON external_calendar_connections FOR EACH ROW
  WHEN (NEW.lease_token = OLD.lease_token AND NEW.lease_until IS NOT DISTINCT FROM OLD.lease_until AND (
    NEW.sync_cursor IS DISTINCT FROM OLD.sync_cursor OR NEW.last_synced_at IS DISTINCT FROM OLD.last_synced_at
    OR NEW.backoff_until IS DISTINCT FROM OLD.backoff_until OR NEW.error_count <> OLD.error_count OR NEW.last_error IS DISTINCT FROM OLD.last_error
    OR NEW.sync_enabled <> OLD.sync_enabled OR NEW.sync_frequency_minutes <> OLD.sync_frequency_minutes))
  EXECUTE FUNCTION calsync_connection_audited();

CREATE OR REPLACE FUNCTION calsync_connection_added() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
  INSERT INTO calendar_timeline (connection_id, provider_id, kind, detail) SELECT id, provider_id, 'connected', granted_scopes FROM added;
  PERFORM calsync_notify_wake();
  RETURN NULL;
END $$;
DROP TRIGGER calsync_added ON external_calendar_connections;
CREATE TRIGGER calsync_added AFTER INSERT ON external_calendar_connections REFERENCING NEW TABLE AS added FOR EACH STATEMENT
  EXECUTE FUNCTION calsync_connection_added();

-- Connecting the same account again names the scopes again, whether they have changed or not.
CREATE FUNCTION calsync_connection_renewed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
  INSERT INTO calendar_timeline (connection_id, provider_id, kind, detail) VALUES (NEW.id, NEW.provider_id, 'reconnected', NEW.granted_scopes);
  RETURN NULL;
END $$;
CREATE TRIGGER calsync_renewed AFTER UPDATE OF granted_scopes ON external_calendar_connections FOR EACH ROW
  EXECUTE FUNCTION calsync_connection_renewed();

CREATE FUNCTION calsync_channel_changed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
  INSERT INTO calendar_timeline (connection_id, provider_id, kind, detail)
  SELECT c.id, c.provider_id, 'channel_' || NEW.state, CASE WHEN NEW.state = 'live' THEN 'until ' || to_char(NEW.expires_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
    WHEN OLD.missed_at IS NOT NULL THEN 'it was silent about a change that polling found' END
  FROM external_calendar_connections c WHERE c.id = NEW.connection_id;
  RETURN NULL;
END $$;
CREATE TRIGGER calsync_channel_changed AFTER UPDATE OF state ON calendar_push_channels FOR EACH ROW
  WHEN (NEW.state <> OLD.state) EXECUTE FUNCTION calsync_channel_changed();

-- Everything that is known of a connection's past. `what` is the outcome of a run, the state it came into, the action, or the kind
-- of the event; `who` is the worker, the actor, or nothing.
CREATE VIEW calendar_connection_timeline AS
  SELECT connection_id, finished_at AS happened_at, 'run' AS kind, outcome AS what, worker_id::text AS who, error AS detail,
    jsonb_build_object('sync_id', sync_id, 'provider_status', provider_status, 'provider_request_id', provider_request_id,
      'duration_ms', (extract(epoch FROM finished_at - started_at) * 1000)::bigint, 'quiet_before', quiet_before, 'items_ingested', items_ingested,
      'items_updated', items_updated, 'items_deleted', items_deleted, 'items_failed', items_failed) AS data
  FROM calendar_sync_runs
  UNION ALL
  SELECT connection_id, changed_at, 'state', to_state, NULL, reason, jsonb_build_object('from', from_state) FROM calendar_connection_states
  UNION ALL
  SELECT connection_id, happened_at, 'action', action, actor_kind || ' ' || actor, reason, jsonb_build_object('before', before, 'after', after)
  FROM calendar_operator_actions WHERE connection_id IS NOT NULL
  UNION ALL
  SELECT connection_id, happened_at, 'event', kind, NULL, detail, '{}'::jsonb FROM calendar_timeline;

-- Whoever may cause these may not put tables of their own in the way.
DO $$ DECLARE definer text; BEGIN
  FOREACH definer IN ARRAY ARRAY['calsync_roll_partitions(integer)', 'calsync_connection_audited()', 'calsync_connection_added()',
                                 'calsync_connection_renewed()', 'calsync_channel_changed()'] LOOP
    EXECUTE format('ALTER FUNCTION %s SET search_path = %I, pg_temp', definer, current_schema());
  END LOOP;
END $$;
REVOKE EXECUTE ON FUNCTION calsync_roll_partitions(integer) FROM PUBLIC;

SELECT calsync_roll_partitions(36500);
INSERT INTO calendar_sync_runs (sync_id, connection_id, provider_id, provider, worker_id, lease_token, outcome, error, items_ingested,
  items_updated, items_deleted, items_failed, started_at, finished_at)
SELECT sync_id, connection_id, provider_id, provider, worker_id, lease_token, outcome, error, items_ingested,
  items_updated, items_deleted, items_failed, started_at, finished_at FROM calendar_sync_runs_before_0008;
-- The daemons' roles keep what they may do.
DO $$ DECLARE one record; BEGIN
  FOR one IN SELECT a.privilege_type, a.grantee::regrole AS grantee FROM pg_class c, aclexplode(c.relacl) a
             WHERE c.oid = 'calendar_sync_runs_before_0008'::regclass AND a.grantee <> 0 AND a.grantee <> c.relowner LOOP
    EXECUTE format('GRANT %s ON calendar_sync_runs TO %s', one.privilege_type, one.grantee);
  END LOOP;
END $$;
DROP TABLE calendar_sync_runs_before_0008;
