-- SPDX-License-Identifier: Apache-2.0
-- calsync's tables, beside an application schema that may already be there. The names and meanings of the first two
-- tables are an external contract: operators use them with plain SQL, and every UPDATE acts at once.

CREATE TABLE IF NOT EXISTS profiles (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  email text
);

-- One row per (owner, account at a calendar provider). The row is also the queue item: see sync_due_at.
CREATE TABLE external_calendar_connections (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  provider_id uuid NOT NULL REFERENCES profiles (id) ON DELETE CASCADE,
  provider text NOT NULL,
  provider_user_id text,
  provider_email text,
  sync_enabled boolean NOT NULL DEFAULT true,
  sync_needed boolean NOT NULL DEFAULT true,
  sync_cursor text,
  last_synced_at timestamptz,
  error_count integer NOT NULL DEFAULT 0,
  last_error text,
  backoff_until timestamptz,
  token_expiry timestamptz,
  last_webhook_received_at timestamptz,
  sync_frequency_minutes integer NOT NULL DEFAULT 5 CHECK (sync_frequency_minutes > 0),
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),

  -- A connection made with oauth.require_confirmation waits, disabled, for the host application's word.
  awaiting_confirmation boolean NOT NULL DEFAULT false,
  granted_scopes text,
  -- Refusals of the refresh token in a row: a second proof is wanted before a person is asked to connect again.
  grant_refusals integer NOT NULL DEFAULT 0,

  -- Lease. lease_token is the fencing epoch and only grows; NULL lease_until = free.
  lease_token bigint NOT NULL DEFAULT 0,
  lease_until timestamptz,
  lease_owner uuid,
  last_attempt_at timestamptz,
  -- +1 for every SET sync_needed = true (also true -> true); a run that settles clears sync_needed only if it has not moved.
  wake_seq bigint NOT NULL DEFAULT 0,
  -- wake_seq at the claim of the last settled run: a caller who saw its own wake_seq here has been served.
  served_wake_seq bigint NOT NULL DEFAULT 0,
  -- +1 for every hand edit of the schedule or the cursor; a run that settles leaves edited columns alone.
  edit_seq bigint NOT NULL DEFAULT 0,
  sync_requested_at timestamptz,
  sync_priority smallint NOT NULL DEFAULT 0,

  -- When the connection is due; NULL = never. It contains no lease column, so that claiming stays a HOT update, and goes
  -- through UTC wall time because timestamptz + interval is not immutable.
  sync_due_at timestamptz GENERATED ALWAYS AS (
    CASE WHEN sync_enabled THEN GREATEST(
      COALESCE(
        LEAST((last_synced_at AT TIME ZONE 'UTC' + make_interval(mins => sync_frequency_minutes)) AT TIME ZONE 'UTC',
              CASE WHEN sync_needed THEN COALESCE(sync_requested_at, last_synced_at) END),
        created_at),
      backoff_until) END) STORED,

  UNIQUE (provider_id, provider, provider_user_id)
) WITH (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000,
        autovacuum_analyze_scale_factor = 0.05);

CREATE INDEX external_calendar_connections_due ON external_calendar_connections (provider, sync_due_at)
  WHERE sync_due_at IS NOT NULL;
-- Work that somebody asked for: claimed first, and the only work while scheduled polling is switched off.
CREATE INDEX external_calendar_connections_needed ON external_calendar_connections (provider, sync_priority DESC, sync_due_at)
  WHERE sync_due_at IS NOT NULL AND sync_needed;
CREATE INDEX external_calendar_connections_account ON external_calendar_connections (provider, provider_user_id);

CREATE TABLE external_calendar_credentials (
  connection_id uuid NOT NULL REFERENCES external_calendar_connections (id) ON DELETE CASCADE,
  kind text NOT NULL CHECK (kind IN ('access_token', 'refresh_token', 'password', 'feed_url')),
  sealed text NOT NULL,
  key_id text NOT NULL,
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (connection_id, kind)
);
CREATE INDEX external_calendar_credentials_key ON external_calendar_credentials (key_id);

CREATE TABLE external_calendars (
  connection_id uuid NOT NULL REFERENCES external_calendar_connections (id) ON DELETE CASCADE,
  external_calendar_id text NOT NULL,
  name text NOT NULL DEFAULT '',
  time_zone text NOT NULL DEFAULT '',
  access_role text NOT NULL DEFAULT '',
  is_primary boolean NOT NULL DEFAULT false,
  selected boolean NOT NULL DEFAULT true,
  last_error text,
  last_synced_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  deleted_at timestamptz,
  PRIMARY KEY (connection_id, external_calendar_id)
);

CREATE TABLE external_calendar_events (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  connection_id uuid NOT NULL REFERENCES external_calendar_connections (id) ON DELETE CASCADE,
  provider_id uuid NOT NULL,
  provider text NOT NULL,
  external_calendar_id text NOT NULL,
  external_event_id text NOT NULL,
  ical_uid text,
  title text,
  description text,
  location text,
  organizer text,
  attendees jsonb,
  start_time timestamptz,
  end_time timestamptz,
  is_all_day boolean NOT NULL DEFAULT false,
  start_date date,
  end_date date,
  time_zone text,
  status text NOT NULL DEFAULT 'confirmed' CHECK (status IN ('confirmed', 'tentative', 'cancelled')),
  is_busy boolean NOT NULL DEFAULT true,
  visibility text,
  recurrence text[],
  recurring_event_id text,
  original_start_time timestamptz,
  etag text,
  sequence bigint NOT NULL DEFAULT 0,
  raw_payload jsonb,
  booking_id text,
  sync_status text NOT NULL DEFAULT 'SYNCED'
    CHECK (sync_status IN ('SYNCED', 'CREATED', 'UPDATED', 'CANCELLED', 'FAILED')),
  last_error text,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  deleted_at timestamptz,
  UNIQUE (connection_id, external_calendar_id, external_event_id)
);
CREATE INDEX external_calendar_events_owner_start ON external_calendar_events (provider_id, start_time) WHERE deleted_at IS NULL;
CREATE INDEX external_calendar_events_series ON external_calendar_events (connection_id, external_calendar_id, recurring_event_id)
  WHERE recurring_event_id IS NOT NULL;
CREATE INDEX external_calendar_events_pending ON external_calendar_events (connection_id)
  WHERE sync_status IN ('CREATED', 'UPDATED', 'CANCELLED');
CREATE INDEX external_calendar_events_failed ON external_calendar_events (provider_id) WHERE sync_status = 'FAILED';
CREATE INDEX external_calendar_events_deleted ON external_calendar_events (deleted_at) WHERE deleted_at IS NOT NULL;

-- History of runs that did something: changed rows, failed, recovered, or were asked for. Quiet polls leave no row.
CREATE TABLE calendar_sync_runs (
  sync_id uuid PRIMARY KEY,
  connection_id uuid NOT NULL REFERENCES external_calendar_connections (id) ON DELETE CASCADE,
  provider_id uuid NOT NULL,
  provider text NOT NULL,
  worker_id uuid,
  lease_token bigint NOT NULL,
  outcome text NOT NULL,
  error text,
  items_ingested integer NOT NULL DEFAULT 0,
  items_updated integer NOT NULL DEFAULT 0,
  items_deleted integer NOT NULL DEFAULT 0,
  items_failed integer NOT NULL DEFAULT 0,
  started_at timestamptz NOT NULL,
  finished_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX calendar_sync_runs_connection ON calendar_sync_runs (connection_id, finished_at DESC);
CREATE INDEX calendar_sync_runs_finished ON calendar_sync_runs (finished_at);

CREATE TABLE calendar_job_runs (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  requested_by text NOT NULL,
  scope jsonb NOT NULL DEFAULT '{}',
  created_at timestamptz NOT NULL DEFAULT now(),
  finished_at timestamptz
);
CREATE INDEX calendar_job_runs_created ON calendar_job_runs (created_at);

-- One line per connection that a job run asked for. It is served by the first run whose claim saw wake_target.
CREATE TABLE calendar_job_run_items (
  run_id uuid NOT NULL REFERENCES calendar_job_runs (id) ON DELETE CASCADE,
  connection_id uuid NOT NULL,
  wake_target bigint NOT NULL,
  finished_at timestamptz,
  succeeded boolean,
  error text,
  items_ingested integer NOT NULL DEFAULT 0,
  items_updated integer NOT NULL DEFAULT 0,
  items_deleted integer NOT NULL DEFAULT 0,
  outbound_retried integer NOT NULL DEFAULT 0,
  outbound_succeeded integer NOT NULL DEFAULT 0,
  PRIMARY KEY (run_id, connection_id)
);
CREATE INDEX calendar_job_run_items_open ON calendar_job_run_items (connection_id) WHERE finished_at IS NULL;

CREATE TABLE calendar_push_channels (
  id text PRIMARY KEY,
  connection_id uuid NOT NULL REFERENCES external_calendar_connections (id) ON DELETE CASCADE,
  external_calendar_id text NOT NULL,
  resource_id text,
  secret_hash text NOT NULL,
  state text NOT NULL DEFAULT 'opening',
  expires_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  last_message_at timestamptz
);
CREATE INDEX calendar_push_channels_connection ON calendar_push_channels (connection_id, external_calendar_id);

-- One connect attempt. State and browser binding are kept as SHA-256; the PKCE verifier is sealed.
CREATE TABLE calendar_oauth_flows (
  state_hash text PRIMARY KEY,
  provider_id uuid NOT NULL REFERENCES profiles (id) ON DELETE CASCADE,
  provider text NOT NULL,
  verifier_sealed text NOT NULL,
  return_to text,
  browser_hash text,
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL,
  used_at timestamptz
);
CREATE INDEX calendar_oauth_flows_expiry ON calendar_oauth_flows (expires_at);

-- Grants of disconnected accounts that the provider could not be told about yet.
CREATE TABLE calendar_revocations (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  provider text NOT NULL,
  provider_id uuid NOT NULL,
  sealed text NOT NULL,
  attempts integer NOT NULL DEFAULT 0,
  next_attempt_at timestamptz NOT NULL DEFAULT now(),
  last_error text,
  created_at timestamptz NOT NULL DEFAULT now()
);

-- One row per worker process incarnation; a worker silent for 15 s is dead and its leases are taken over.
CREATE TABLE calendar_sync_workers (
  id uuid PRIMARY KEY,
  host text NOT NULL,
  version text NOT NULL,
  started_at timestamptz NOT NULL DEFAULT now(),
  heartbeat_at timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 50);

-- Flags and lists as each daemon last ran with them: what a flag's return lets in again is marked due by comparing.
CREATE TABLE calendar_gate_state (
  component text PRIMARY KEY,
  state jsonb NOT NULL,
  updated_at timestamptz NOT NULL DEFAULT now()
);

-- A wake-up for the workers. The guard keeps at most one notifying transaction in flight: NOTIFY takes a global lock at
-- commit, and queueing on it would cost most of the write rate. A skipped notification is found by the next poll.
CREATE FUNCTION calsync_notify_wake() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF pg_try_advisory_xact_lock(7163264, 1) THEN
    PERFORM pg_notify('calsync_wake', '');
  END IF;
END $$;

CREATE FUNCTION calsync_connection_woken() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.wake_seq := OLD.wake_seq + 1;
  IF NOT OLD.sync_needed THEN NEW.sync_requested_at := clock_timestamp(); END IF;
  NEW.updated_at := now();
  PERFORM calsync_notify_wake();
  RETURN NEW;
END $$;

CREATE FUNCTION calsync_connection_edited() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.edit_seq := OLD.edit_seq + 1;
  -- A discarded cursor and a re-enabled connection are wishes for a sync, also while scheduled polling is off.
  IF (NEW.sync_cursor IS NULL AND OLD.sync_cursor IS NOT NULL) OR (NEW.sync_enabled AND NOT OLD.sync_enabled) THEN
    IF NOT (OLD.sync_needed AND NEW.sync_needed) THEN NEW.sync_requested_at := clock_timestamp(); END IF;
    NEW.sync_needed := true;
    NEW.wake_seq := OLD.wake_seq + 1;
  END IF;
  NEW.updated_at := now();
  PERFORM calsync_notify_wake();
  RETURN NEW;
END $$;

-- Both fire for statements that name these columns (also true -> true and NULL -> NULL) and leave the lease alone: the API
-- server's wakes and people's edits; never a worker's claim, extension or settlement. Triggers run in name order: an edit
-- that also wakes counts one wake.
CREATE TRIGGER calsync_a_woken BEFORE UPDATE OF sync_needed ON external_calendar_connections FOR EACH ROW
  WHEN (NEW.sync_needed AND NEW.lease_token = OLD.lease_token AND NEW.lease_until IS NOT DISTINCT FROM OLD.lease_until)
  EXECUTE FUNCTION calsync_connection_woken();
CREATE TRIGGER calsync_b_edited
  BEFORE UPDATE OF sync_cursor, last_synced_at, backoff_until, error_count, sync_enabled, sync_frequency_minutes
  ON external_calendar_connections FOR EACH ROW
  WHEN (NEW.lease_token = OLD.lease_token AND NEW.lease_until IS NOT DISTINCT FROM OLD.lease_until)
  EXECUTE FUNCTION calsync_connection_edited();

CREATE FUNCTION calsync_connection_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM calsync_notify_wake();
  RETURN NULL;
END $$;
CREATE TRIGGER calsync_added AFTER INSERT ON external_calendar_connections FOR EACH STATEMENT
  EXECUTE FUNCTION calsync_connection_added();

-- A row that is put back to a state with work to do (an operator's "try again", a booking) wakes its connection.
CREATE FUNCTION calsync_event_pending() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE external_calendar_connections SET sync_needed = true
  WHERE id = NEW.connection_id AND (NOT sync_needed OR lease_until IS NOT NULL);
  RETURN NULL;
END $$;
CREATE TRIGGER calsync_event_added AFTER INSERT ON external_calendar_events FOR EACH ROW
  WHEN (NEW.sync_status IN ('CREATED', 'UPDATED', 'CANCELLED')) EXECUTE FUNCTION calsync_event_pending();
CREATE TRIGGER calsync_event_changed AFTER UPDATE OF sync_status ON external_calendar_events FOR EACH ROW
  WHEN (NEW.sync_status IN ('CREATED', 'UPDATED', 'CANCELLED') AND NEW.sync_status IS DISTINCT FROM OLD.sync_status)
  EXECUTE FUNCTION calsync_event_pending();

-- Operators' UPDATEs of event rows keep updated_at true without asking for it.
CREATE FUNCTION calsync_event_touched() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.updated_at := now();
  RETURN NEW;
END $$;
CREATE TRIGGER calsync_event_touched BEFORE UPDATE ON external_calendar_events FOR EACH ROW
  EXECUTE FUNCTION calsync_event_touched();
