-- SPDX-License-Identifier: Apache-2.0
-- How many calls providers get, of all workers together, and which providers are away.

-- How far the account's bucket was drained when its last run ended; drained further by each run, refilled by time. In no
-- index. Accounts of several connections have a row in calendar_rate_buckets instead.
ALTER TABLE external_calendar_connections
  ADD COLUMN calls_drained double precision NOT NULL DEFAULT 0,
  ADD COLUMN calls_at timestamptz;

-- A new connection is a person's: its first run is as urgent as anything that people ask for (2).
ALTER TABLE external_calendar_connections ALTER COLUMN sync_priority SET DEFAULT 2;

-- How urgent a due connection is: 0 people wait, 1 a push message came, 2 something else asked (a booking, an operator), 3 a poll,
-- 4 a full read that nobody waits for.
CREATE FUNCTION calsync_rank(needed boolean, priority smallint, cursor_missing boolean) RETURNS integer LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN needed AND priority >= 2 THEN 0 WHEN needed AND priority = 1 THEN 1 WHEN cursor_missing THEN 4 WHEN needed THEN 2 ELSE 3 END
$$;

-- Full reads that nobody waits for, after cursors were reset or have expired in bulk: found without scanning what else is due.
CREATE INDEX external_calendar_connections_backfill ON external_calendar_connections (provider, sync_due_at)
  WHERE sync_due_at IS NOT NULL AND sync_cursor IS NULL;

-- Token buckets. scope: project (key provider/client id), host (provider/host), account (provider/account), recovery
-- (provider/host: runs while an outage is worked off). A bucket that the provider closed gives nothing before blocked_until.
CREATE TABLE calendar_rate_buckets (
  scope text NOT NULL,
  key text NOT NULL,
  tokens double precision NOT NULL,
  per_second double precision NOT NULL,
  burst double precision NOT NULL,
  wanted double precision NOT NULL DEFAULT 0,
  granted double precision NOT NULL DEFAULT 0,
  updated_at timestamptz NOT NULL DEFAULT now(),
  blocked_until timestamptz,
  PRIMARY KEY (scope, key)
) WITH (fillfactor = 50, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0);

CREATE FUNCTION calsync_bucket_level(tokens double precision, per_second double precision, burst double precision, updated_at timestamptz)
RETURNS double precision LANGUAGE sql VOLATILE AS $$
  SELECT LEAST(burst, tokens + per_second * GREATEST(0, extract(epoch FROM clock_timestamp() - updated_at)))
$$;

-- Who is in a room with few places: scope full_reads (key provider), account (provider/account).
CREATE TABLE calendar_rate_slots (
  scope text NOT NULL,
  key text NOT NULL,
  holder uuid NOT NULL,
  until timestamptz NOT NULL,
  PRIMARY KEY (scope, key, holder)
) WITH (fillfactor = 50);

-- One at a time for each room: the count has to see who came in a moment ago.
CREATE FUNCTION calsync_slot_take(of_scope text, of_key text, of_holder uuid, places integer, seconds integer) RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('calsync_slot ' || of_scope || ' ' || of_key, 0));
  DELETE FROM calendar_rate_slots WHERE scope = of_scope AND key = of_key AND until <= clock_timestamp() AND holder <> of_holder;
  IF NOT EXISTS (SELECT 1 FROM calendar_rate_slots WHERE scope = of_scope AND key = of_key AND holder = of_holder)
     AND (SELECT count(*) FROM calendar_rate_slots WHERE scope = of_scope AND key = of_key) >= places THEN
    RETURN false;
  END IF;
  INSERT INTO calendar_rate_slots (scope, key, holder, until) VALUES (of_scope, of_key, of_holder, clock_timestamp() + make_interval(secs => seconds))
  ON CONFLICT (scope, key, holder) DO UPDATE SET until = excluded.until;
  RETURN true;
END $$;

-- Providers that are away, or on their way back: closed -> open -> half_open -> ramping -> closed. probe_at: when the next
-- probe may be made; a worker that makes one moves it on first. opened_at: when the outage began.
CREATE TABLE calendar_provider_circuits (
  provider text NOT NULL,
  host text NOT NULL,
  state text NOT NULL CHECK (state IN ('closed', 'open', 'half_open', 'ramping')),
  reason text NOT NULL DEFAULT '',
  opened_at timestamptz NOT NULL DEFAULT now(),
  changed_at timestamptz NOT NULL DEFAULT now(),
  probe_at timestamptz NOT NULL DEFAULT now(),
  failed_probes integer NOT NULL DEFAULT 0,
  good_probes integer NOT NULL DEFAULT 0,
  steady_per_second double precision NOT NULL DEFAULT 0,
  connections double precision NOT NULL DEFAULT 0,
  version bigint NOT NULL DEFAULT 1,
  PRIMARY KEY (provider, host)
) WITH (fillfactor = 50);
