-- SPDX-License-Identifier: Apache-2.0
-- Full reads of calendars that are too large to be held in memory (docs/adr/0012-large-full-reads-are-staged.md). Their pages are
-- written down here, where nobody looks, until the last one has come and one transaction turns them into the mirror.
--
-- Unlogged: it is scrap unless the read comes to its end. A server that crashed, or a standby that took over, has empty tables, and
-- the read finds out by counting its batches.

-- lease_token: whose read it is. A read whose lease is over can never be continued; the next one of the calendar, or maintenance,
-- clears it away.
CREATE UNLOGGED TABLE calendar_staged_reads (
  connection_id uuid NOT NULL REFERENCES external_calendar_connections (id) ON DELETE CASCADE,
  external_calendar_id text NOT NULL,
  lease_token bigint NOT NULL,
  batches integer NOT NULL DEFAULT 1,
  started_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (connection_id, external_calendar_id)
);

-- Columns as in external_calendar_events.
CREATE UNLOGGED TABLE calendar_staged_events (
  connection_id uuid NOT NULL,
  external_calendar_id text NOT NULL,
  external_event_id text NOT NULL,
  provider_id uuid NOT NULL,
  provider text NOT NULL,
  ical_uid text,
  title text,
  description text,
  location text,
  organizer text,
  attendees jsonb,
  start_time timestamptz,
  end_time timestamptz,
  is_all_day boolean NOT NULL,
  start_date date,
  end_date date,
  time_zone text,
  status text NOT NULL,
  is_busy boolean NOT NULL,
  visibility text,
  recurrence text[],
  recurring_event_id text,
  original_start_time timestamptz,
  etag text,
  sequence bigint NOT NULL,
  raw_payload jsonb,
  sync_status text NOT NULL,
  last_error text,
  PRIMARY KEY (connection_id, external_calendar_id, external_event_id),
  FOREIGN KEY (connection_id, external_calendar_id) REFERENCES calendar_staged_reads (connection_id, external_calendar_id) ON DELETE CASCADE
);

-- Fails unless just these batches of this lease's read are there.
CREATE FUNCTION calsync_staged_check(connection uuid, calendar text, token bigint, wanted integer) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM 1 FROM calendar_staged_reads
  WHERE connection_id = connection AND external_calendar_id = calendar AND lease_token = token AND batches = wanted;
  IF NOT FOUND THEN RAISE EXCEPTION 'the staged rows of a full read are gone' USING ERRCODE = 'CL002'; END IF;
END $$;
