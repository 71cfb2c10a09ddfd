-- SPDX-License-Identifier: Apache-2.0
-- The database itself watches over the leases: every worker process has a role of its own (w1, w2, …), so that a trigger knows
-- who writes, whatever the statement says about its lease. What is found stays only if the transaction commits.
CREATE SCHEMA chaos;
CREATE TABLE chaos.violations (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  who text NOT NULL DEFAULT session_user,
  kind text NOT NULL,
  connection uuid,
  detail text NOT NULL
);
-- Which process claimed which lease.
CREATE TABLE chaos.claims (
  connection uuid,
  lease_token bigint,
  holder text NOT NULL DEFAULT session_user,
  claimed_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (connection, lease_token)
);
CREATE TABLE chaos.checked (what text, at timestamptz NOT NULL DEFAULT now());

CREATE FUNCTION chaos.complain(kind text, connection uuid, detail text) RETURNS void LANGUAGE sql AS $$
  INSERT INTO chaos.violations (kind, connection, detail) VALUES (kind, connection, detail) $$;

CREATE FUNCTION chaos.is_worker() RETURNS boolean LANGUAGE sql AS $$ SELECT session_user ~ '^w[0-9]+$' $$;

-- Whether this session claimed the lease that the connection had last.
CREATE FUNCTION chaos.is_holder(of_connection uuid, token bigint) RETURNS boolean LANGUAGE sql AS $$
  SELECT EXISTS (SELECT FROM chaos.claims WHERE connection = of_connection AND lease_token = token AND holder = session_user) $$;

CREATE FUNCTION chaos.claimed(old external_calendar_connections, new external_calendar_connections) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO chaos.checked VALUES ('claim');
  IF new.lease_token <> old.lease_token + 1 THEN
    PERFORM chaos.complain('lease token', new.id, format('%s after %s', new.lease_token, old.lease_token));
  END IF;
  -- Free, over, or its owner has been silent for so long (15 s, and a beat of whoever noticed) that it counts as dead.
  IF old.lease_until > now() AND NOT EXISTS (
       SELECT FROM calendar_sync_workers WHERE id = old.lease_owner AND heartbeat_at <= now() - interval '14 seconds') THEN
    PERFORM chaos.complain('two leases', new.id, format('claimed %s before the lease %s ended', old.lease_until - now(), old.lease_token));
  END IF;
  INSERT INTO chaos.claims (connection, lease_token) VALUES (new.id, new.lease_token) ON CONFLICT DO NOTHING;
  IF NOT FOUND THEN PERFORM chaos.complain('lease token', new.id, format('%s was claimed twice', new.lease_token)); END IF;
END $$;

CREATE FUNCTION chaos.connection_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.lease_token <> OLD.lease_token THEN
    PERFORM chaos.claimed(OLD, NEW);
  ELSIF NEW.lease_until IS DISTINCT FROM OLD.lease_until THEN
    -- A settlement, a release, a checkpoint, an extension, new tokens.
    INSERT INTO chaos.checked VALUES ('settle');
    IF OLD.lease_until IS NULL OR NOT chaos.is_holder(NEW.id, NEW.lease_token) THEN
      PERFORM chaos.complain('stale commit', NEW.id, format('the lease %s is not this session''s', NEW.lease_token));
    END IF;
  ELSIF chaos.is_worker() AND (NEW.sync_cursor, NEW.last_synced_at, NEW.error_count, NEW.last_error, NEW.backoff_until, NEW.token_expiry,
                               NEW.grant_refusals, NEW.served_wake_seq, NEW.lease_owner, NEW.unsettled_claims, NEW.sync_state, NEW.state_since,
                               NEW.recovered_at, NEW.calls_drained, NEW.calls_at)
      IS DISTINCT FROM (OLD.sync_cursor, OLD.last_synced_at, OLD.error_count, OLD.last_error, OLD.backoff_until, OLD.token_expiry,
                        OLD.grant_refusals, OLD.served_wake_seq, OLD.lease_owner, OLD.unsettled_claims, OLD.sync_state, OLD.state_since,
                        OLD.recovered_at, OLD.calls_drained, OLD.calls_at) THEN
    PERFORM chaos.complain('stale commit', NEW.id, 'the schedule was written without a lease');
  END IF;
  -- No fault here gives a reason to wait for a person: no grant is dead.
  IF chaos.is_worker() AND NEW.backoff_until > now() + interval '100 days' AND NEW.backoff_until IS DISTINCT FROM OLD.backoff_until THEN
    PERFORM chaos.complain('suspended', NEW.id, coalesce(NEW.last_error, 'without a reason'));
  END IF;
  IF chaos.is_worker() AND NEW.last_synced_at < OLD.last_synced_at THEN
    PERFORM chaos.complain('time went back', NEW.id, format('last_synced_at %s after %s', NEW.last_synced_at, OLD.last_synced_at));
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER chaos_audit AFTER UPDATE ON external_calendar_connections FOR EACH ROW EXECUTE FUNCTION chaos.connection_changed();

-- Rows and tokens are written by the process that holds the connection's live lease, and belong to that connection's owner.
CREATE FUNCTION chaos.run_wrote() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  c external_calendar_connections;
BEGIN
  SELECT * INTO c FROM external_calendar_connections WHERE id = NEW.connection_id;
  IF c.lease_until IS NULL OR NOT chaos.is_holder(c.id, c.lease_token) THEN
    PERFORM chaos.complain('stale commit', c.id, format('%s was written without the lease %s', TG_TABLE_NAME, c.lease_token));
  END IF;
  RETURN NULL;
END $$;

-- Again at the commit: nobody may have claimed the connection between the write and the commit, and the cursor that covers the
-- rows, or the verdict, was written by the same transaction. The latter also tells two runs of one process apart.
CREATE FUNCTION chaos.run_committed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  token bigint;
  written_here boolean;
BEGIN
  INSERT INTO chaos.checked VALUES (TG_TABLE_NAME);
  SELECT lease_token, xmin = pg_current_xact_id()::xid INTO token, written_here FROM external_calendar_connections WHERE id = NEW.connection_id;
  IF NOT chaos.is_holder(NEW.connection_id, token) THEN
    PERFORM chaos.complain('stale commit', NEW.connection_id, format('%s was committed under the lease %s of another', TG_TABLE_NAME, token));
  END IF;
  IF NOT written_here THEN
    PERFORM chaos.complain('torn commit', NEW.connection_id, format('%s was committed without its cursor', NEW.external_event_id));
  END IF;
  RETURN NULL;
END $$;

CREATE TRIGGER chaos_audit AFTER INSERT OR UPDATE ON external_calendar_events FOR EACH ROW
  WHEN (session_user ~ '^w[0-9]+$') EXECUTE FUNCTION chaos.run_wrote();
CREATE CONSTRAINT TRIGGER chaos_audit_at_commit AFTER INSERT OR UPDATE ON external_calendar_events DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
  WHEN (session_user ~ '^w[0-9]+$') EXECUTE FUNCTION chaos.run_committed();
CREATE TRIGGER chaos_audit AFTER INSERT OR UPDATE OF name, time_zone, access_role, is_primary, last_error, last_synced_at, deleted_at
  ON external_calendars FOR EACH ROW WHEN (session_user ~ '^w[0-9]+$') EXECUTE FUNCTION chaos.run_wrote();
CREATE TRIGGER chaos_audit AFTER INSERT OR UPDATE ON external_calendar_credentials FOR EACH ROW
  WHEN (session_user ~ '^w[0-9]+$') EXECUTE FUNCTION chaos.run_wrote();

CREATE FUNCTION chaos.history_written() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM external_calendar_connections WHERE id = NEW.connection_id AND lease_token = NEW.lease_token) THEN
    PERFORM chaos.complain('stale commit', NEW.connection_id, format('a run of the old lease %s was settled', NEW.lease_token));
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER chaos_audit AFTER INSERT ON calendar_sync_runs FOR EACH ROW EXECUTE FUNCTION chaos.history_written();

-- A change of state is told by the run that found it, in the transaction of its verdict.
CREATE FUNCTION chaos.state_written() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO chaos.checked VALUES (TG_TABLE_NAME);
  IF NOT EXISTS (SELECT FROM external_calendar_connections WHERE id = NEW.connection_id AND sync_state = NEW.to_state
                   AND lease_until IS NULL AND xmin = pg_current_xact_id()::xid AND chaos.is_holder(id, lease_token)) THEN
    PERFORM chaos.complain('stale commit', NEW.connection_id, format('the state %s was told without a verdict', NEW.to_state));
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER chaos_audit AFTER INSERT ON calendar_connection_states FOR EACH ROW EXECUTE FUNCTION chaos.state_written();

-- The provider's own time of an event's last change only grows, also through tombstones; so does the SEQUENCE that the harness
-- gives its feeds. The owner never changes.
CREATE FUNCTION chaos.event_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF coalesce(NEW.raw_payload->>'updated', NEW.raw_payload->>'lastModifiedDateTime')::timestamptz
      < coalesce(OLD.raw_payload->>'updated', OLD.raw_payload->>'lastModifiedDateTime')::timestamptz
      OR (NEW.provider = 'ics' AND NEW.sequence < OLD.sequence) THEN
    PERFORM chaos.complain('older version', NEW.connection_id, format('%s: %s %s after %s %s', NEW.external_event_id,
      coalesce(NEW.raw_payload->>'updated', NEW.raw_payload->>'lastModifiedDateTime'), NEW.sequence,
      coalesce(OLD.raw_payload->>'updated', OLD.raw_payload->>'lastModifiedDateTime'), OLD.sequence));
  END IF;
  IF (NEW.provider_id, NEW.connection_id, NEW.provider) IS DISTINCT FROM (OLD.provider_id, OLD.connection_id, OLD.provider) THEN
    PERFORM chaos.complain('wrong owner', NEW.connection_id, NEW.external_event_id);
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER chaos_audit_version AFTER UPDATE ON external_calendar_events FOR EACH ROW EXECUTE FUNCTION chaos.event_changed();
