-- SPDX-License-Identifier: Apache-2.0
-- Runs in a row that ended with their worker, without a verdict: counted when the next run claims the connection, and 0 again
-- once a run settles or gives its lease back. A connection that takes its worker down again and again is found out by it. In
-- no index, so that claims stay HOT updates.
ALTER TABLE external_calendar_connections ADD COLUMN unsettled_claims integer NOT NULL DEFAULT 0;

-- The state that the last settled run derived (docs/states.md), since when, and the last time it became active again. The API
-- derives the state anew from the row when it shows it, since time and operators change it, too.
ALTER TABLE external_calendar_connections
  ADD COLUMN sync_state text NOT NULL DEFAULT 'active',
  ADD COLUMN state_since timestamptz,
  ADD COLUMN recovered_at timestamptz;

-- Its changes, written in the transaction of the run that found them: for host applications that tell people, of the end of a
-- trouble as well as of its beginning.
CREATE TABLE calendar_connection_states (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  connection_id uuid NOT NULL REFERENCES external_calendar_connections (id) ON DELETE CASCADE,
  provider_id uuid NOT NULL,
  from_state text NOT NULL,
  to_state text NOT NULL,
  reason text,
  changed_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX calendar_connection_states_connection ON calendar_connection_states (connection_id, id DESC);
CREATE INDEX calendar_connection_states_changed ON calendar_connection_states (changed_at);
