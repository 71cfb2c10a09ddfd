-- SPDX-License-Identifier: Apache-2.0
-- What all processes have counted since the installation: each adds the growth of its own counters. Not cumulated: a
-- NAME_bucket row counts its own bucket alone.
CREATE TABLE calendar_metrics (
  name text NOT NULL,
  labels jsonb NOT NULL DEFAULT '{}',
  value double precision NOT NULL DEFAULT 0,
  PRIMARY KEY (name, labels)
) WITH (fillfactor = 50, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0);

-- The last batch that each process incarnation has added: a batch that is sent again because its answer was lost, or that
-- arrives late from a session that was given up, is added once.
CREATE TABLE calendar_metrics_batches (
  process uuid PRIMARY KEY,
  batch bigint NOT NULL,
  added_at timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 50);

-- The first wake-up that no run had begun to serve: from here to the commit of what that run wrote is what somebody waited.
-- NULL = nobody has woken the connection yet. In no index, so that claims and wake-ups stay HOT updates.
ALTER TABLE external_calendar_connections ADD COLUMN woken_at timestamptz;

-- A run reads the provider after its claim (last_attempt_at), so it has begun to serve every wake-up before that and none
-- after it.
CREATE OR REPLACE FUNCTION calsync_connection_woken() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.wake_seq := OLD.wake_seq + 1;
  NEW.woken_at := CASE WHEN OLD.sync_needed AND OLD.woken_at IS NOT NULL
    AND (OLD.lease_until IS NULL OR OLD.woken_at > OLD.last_attempt_at) THEN OLD.woken_at ELSE clock_timestamp() END;
  IF NEW.sync_requested_at IS NOT DISTINCT FROM OLD.sync_requested_at THEN
    -- Somebody else than a push message: the run may not confine itself to what pushes speak of.
    IF OLD.sync_needed AND NEW.sync_priority = 1 THEN NEW.sync_priority := 2; END IF;
    IF NOT OLD.sync_needed THEN
      NEW.sync_requested_at := clock_timestamp();
    ELSIF OLD.sync_requested_at IS NOT NULL THEN
      NEW.sync_requested_at := LEAST(OLD.sync_requested_at, clock_timestamp());
    END IF;
  END IF;
  NEW.updated_at := now();
  PERFORM calsync_notify_wake();
  RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION calsync_connection_edited() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.edit_seq := OLD.edit_seq + 1;
  -- A discarded cursor and a re-enabled connection are wishes for a sync, also while scheduled polling is off.
  IF (NEW.sync_cursor IS NULL AND OLD.sync_cursor IS NOT NULL) OR (NEW.sync_enabled AND NOT OLD.sync_enabled) THEN
    IF NOT (OLD.sync_needed AND NEW.sync_needed) THEN NEW.sync_requested_at := clock_timestamp(); END IF;
    NEW.sync_needed := true;
    NEW.wake_seq := OLD.wake_seq + 1;
    NEW.woken_at := CASE WHEN OLD.sync_needed AND OLD.woken_at IS NOT NULL
      AND (OLD.lease_until IS NULL OR OLD.woken_at > OLD.last_attempt_at) THEN OLD.woken_at ELSE clock_timestamp() END;
  END IF;
  NEW.updated_at := now();
  PERFORM calsync_notify_wake();
  RETURN NEW;
END $$;
