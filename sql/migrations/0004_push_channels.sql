-- SPDX-License-Identifier: Apache-2.0
-- Push channels that the worker keeps: when they are renewed, whether they have fallen silent, and how their end fares.
-- state: opening -> live -> stopping, then the row goes. address: where its messages go; one that is no longer ours is replaced.
ALTER TABLE calendar_push_channels
  ADD COLUMN renew_at timestamptz,
  ADD COLUMN missed_at timestamptz,
  ADD COLUMN attempts integer NOT NULL DEFAULT 0,
  ADD COLUMN retry_at timestamptz,
  ADD COLUMN last_error text,
  ADD COLUMN address text;
CREATE INDEX calendar_push_channels_renewal ON calendar_push_channels (renew_at) WHERE state = 'live';
CREATE INDEX calendar_push_channels_missed ON calendar_push_channels (missed_at) WHERE missed_at IS NOT NULL;
CREATE INDEX calendar_push_channels_stopping ON calendar_push_channels (retry_at) WHERE state = 'stopping';

-- Why a calendar has no channel: it cannot be watched, or the provider refused. It is polled meanwhile and healthy.
ALTER TABLE external_calendars
  ADD COLUMN watch_error text,
  ADD COLUMN watch_retry_at timestamptz,
  ADD COLUMN watch_attempts integer NOT NULL DEFAULT 0;
CREATE INDEX external_calendars_watch ON external_calendars (watch_retry_at) WHERE watch_retry_at IS NOT NULL;

-- Channels whose connection was deleted, by the API or by anybody's DELETE: they would go on speaking for weeks. The grant is
-- kept, sealed as it was for the connection, until they are stopped.
CREATE TABLE calendar_abandoned_channels (
  id text PRIMARY KEY,
  resource_id text NOT NULL,
  connection_id uuid NOT NULL,
  provider text NOT NULL,
  provider_id uuid NOT NULL,
  provider_user_id text,
  sealed text NOT NULL,
  expires_at timestamptz NOT NULL,
  attempts integer NOT NULL DEFAULT 0,
  next_attempt_at timestamptz NOT NULL DEFAULT now(),
  last_error text
);

CREATE FUNCTION calsync_connection_abandons_channels() RETURNS trigger LANGUAGE plpgsql
  SECURITY DEFINER AS $$
BEGIN
  INSERT INTO calendar_abandoned_channels (id, resource_id, connection_id, provider, provider_id, provider_user_id, sealed, expires_at)
  SELECT p.id, p.resource_id, OLD.id, OLD.provider, OLD.provider_id, OLD.provider_user_id, k.sealed, p.expires_at
  FROM calendar_push_channels p JOIN external_calendar_credentials k ON k.connection_id = OLD.id AND k.kind = 'refresh_token'
  WHERE p.connection_id = OLD.id AND p.resource_id IS NOT NULL AND p.expires_at > now()
  ON CONFLICT (id) DO NOTHING;
  RETURN OLD;
END $$;
-- Whoever may delete a connection must not be able to put a table of their own in the way.
DO $$ BEGIN
  EXECUTE format('ALTER FUNCTION calsync_connection_abandons_channels() SET search_path = %I, pg_temp', current_schema());
END $$;
CREATE TRIGGER calsync_abandons_channels BEFORE DELETE ON external_calendar_connections FOR EACH ROW
  EXECUTE FUNCTION calsync_connection_abandons_channels();

-- The fence of a run: its rows are written in one transaction that begins with this.
CREATE FUNCTION calsync_fence(connection uuid, token bigint, edit bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM 1 FROM external_calendar_connections WHERE id = connection AND lease_token = token AND lease_until IS NOT NULL
    AND sync_enabled AND edit_seq = COALESCE(edit, edit_seq) FOR NO KEY UPDATE;
  IF NOT FOUND THEN RAISE EXCEPTION 'the lease is lost' USING ERRCODE = 'CL001'; END IF;
END $$;

-- Statements that set updated_at themselves do not pay for a call for each row.
DROP TRIGGER calsync_event_touched ON external_calendar_events;
CREATE TRIGGER calsync_event_touched BEFORE UPDATE ON external_calendar_events FOR EACH ROW
  WHEN (NEW.updated_at IS NOT DISTINCT FROM OLD.updated_at) EXECUTE FUNCTION calsync_event_touched();
