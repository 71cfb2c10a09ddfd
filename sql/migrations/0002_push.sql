-- SPDX-License-Identifier: Apache-2.0
-- Push messages wake a connection like everybody else, but a storm of them may not run it back to back: their statement says
-- itself from when on the wake-up is due (sync_requested_at), and the trigger leaves that alone. A wake-up that says nothing
-- is due at once, also when one for later is pending; it never pushes an overdue row back.
CREATE OR REPLACE FUNCTION calsync_connection_woken() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.wake_seq := OLD.wake_seq + 1;
  IF NEW.sync_requested_at IS NOT DISTINCT FROM OLD.sync_requested_at THEN
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

-- An owner's due rows, for workers that are restricted to some owners.
CREATE INDEX external_calendar_connections_owner_due ON external_calendar_connections (provider_id, sync_due_at)
  WHERE sync_due_at IS NOT NULL;

-- Whose grant is to be revoked: providers revoke per account, so a grant that was given anew meanwhile must not be.
ALTER TABLE calendar_revocations ADD COLUMN provider_user_id text;

-- Many rows of one connection in one statement wake it once. A row that this transaction has already changed and that waits
-- for a run anyway is left alone: each further version of it would make the next one dearer to find.
CREATE OR REPLACE FUNCTION calsync_event_pending() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE external_calendar_connections c SET sync_needed = true
  WHERE c.id = NEW.connection_id
    AND (NOT c.sync_needed OR (c.lease_until IS NOT NULL AND c.xmin <> pg_current_xact_id()::xid));
  RETURN NULL;
END $$;
