-- SPDX-License-Identifier: Apache-2.0
-- Runs in a row that ended with their worker, without a verdict: counted when the next run claims the connection, and 0 again
-- once a run settles or gives its lease back. A connection that takes its worker down again and again is found out by it. In
-- no index, so that claims stay HOT updates.
ALTER TABLE external_calendar_connections ADD COLUMN unsettled_claims integer NOT NULL DEFAULT 0;
