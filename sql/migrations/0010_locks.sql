-- SPDX-License-Identifier: Apache-2.0
-- Locks: who waits for whom, and for how long.

-- Polls that are due, without the full reads that wait for their turn: after a mass reset those are the oldest, and thousands.
CREATE INDEX external_calendar_connections_polls_due ON external_calendar_connections (provider, sync_due_at)
  WHERE sync_due_at IS NOT NULL AND sync_cursor IS NOT NULL;

-- The transaction that woke the connection last. Whoever changes many of a connection's events wakes it once: the first time, in
-- any case, since a run that would serve the wish may have been claimed and settled between the statement and its commit. In no index.
ALTER TABLE external_calendar_connections ADD COLUMN woken_by xid8;

CREATE OR REPLACE FUNCTION calsync_connection_woken() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.wake_seq := OLD.wake_seq + 1;
  NEW.woken_by := pg_current_xact_id();
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
    NEW.woken_by := pg_current_xact_id();
    NEW.woken_at := CASE WHEN OLD.sync_needed AND OLD.woken_at IS NOT NULL
      AND (OLD.lease_until IS NULL OR OLD.woken_at > OLD.last_attempt_at) THEN OLD.woken_at ELSE clock_timestamp() END;
  END IF;
  NEW.updated_at := now();
  PERFORM calsync_notify_wake();
  RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION calsync_event_pending() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE external_calendar_connections c SET sync_needed = true
  WHERE c.id = NEW.connection_id AND c.woken_by IS DISTINCT FROM pg_current_xact_id();
  RETURN NULL;
END $$;

-- Daily partitions of the history, as before. A new one takes locks on the history and, by its foreign key, on the connections, which
-- a settlement takes the other way round: here the connections come first. Who cannot have its locks at once leaves it to the next
-- minute, and nothing is locked when nothing is to be done.
CREATE OR REPLACE FUNCTION calsync_roll_partitions(keep_days integer) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
  today timestamptz := date_trunc('day', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC';
  parent text;
  child text;
  moment text;
  from_day timestamptz;
  waits boolean;
  make text[] := '{}';
  gone text[];
  statement text;
BEGIN
  IF NOT pg_try_advisory_xact_lock(7163264, 4) THEN RETURN 0; END IF;
  FOREACH parent IN ARRAY ARRAY['calendar_sync_runs', 'calendar_timeline'] LOOP
    FOR ahead IN 0..3 LOOP
      from_day := today + make_interval(hours => 24 * ahead);
      child := parent || to_char(from_day AT TIME ZONE 'UTC', '_YYYYMMDD');
      CONTINUE WHEN EXISTS (SELECT 1 FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
                            WHERE i.inhparent = parent::regclass AND c.relname = child);
      -- Rows of that day that are in the default partition already keep the day there.
      moment := CASE parent WHEN 'calendar_sync_runs' THEN 'finished_at' ELSE 'happened_at' END;
      EXECUTE format('SELECT EXISTS (SELECT 1 FROM %I WHERE %I >= $1 AND %I < $1 + interval ''24 hours'')', parent || '_default', moment, moment)
        INTO waits USING from_day;
      CONTINUE WHEN waits;
      make := make || format('CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)', child, parent, from_day, from_day + interval '24 hours');
    END LOOP;
  END LOOP;
  SELECT COALESCE(array_agg(format('DROP TABLE %s', c.oid::regclass)), '{}') INTO gone
  FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
  WHERE i.inhparent IN ('calendar_sync_runs'::regclass, 'calendar_timeline'::regclass) AND c.relname ~ '_[0-9]{8}$'
    AND to_timestamp(right(c.relname, 8) || '+00', 'YYYYMMDDTZH') + interval '24 hours' < now() - make_interval(days => keep_days);
  IF cardinality(make) + cardinality(gone) = 0 THEN RETURN 0; END IF;
  PERFORM set_config('lock_timeout', '300ms', true);
  BEGIN
    LOCK TABLE external_calendar_connections IN SHARE ROW EXCLUSIVE MODE;
    FOREACH statement IN ARRAY make || gone LOOP EXECUTE statement; END LOOP;
  EXCEPTION WHEN lock_not_available OR deadlock_detected THEN RETURN 0;
  END;
  RETURN cardinality(gone);
END $$;
DO $$ BEGIN EXECUTE format('ALTER FUNCTION calsync_roll_partitions(integer) SET search_path = %I, pg_temp', current_schema()); END $$;
CREATE INDEX calendar_timeline_default_happened ON calendar_timeline_default (happened_at);

-- Functions that act with their owner's rights are for their triggers. A role that may make a table could have a trigger of its own
-- there that calls them.
REVOKE EXECUTE ON FUNCTION calsync_connection_abandons_channels(), calsync_connection_audited(), calsync_connection_added(),
  calsync_connection_renewed(), calsync_channel_changed(), calsync_retry_audited() FROM PUBLIC;
