-- SPDX-License-Identifier: Apache-2.0
-- Least privilege for the two daemons and the people on call. Run by the tables' owner, after `calsync-api migrate`:
--   psql -v ON_ERROR_STOP=1 -f roles.sql
-- Create login users and GRANT them one of these roles; the roles themselves cannot log in.

DO $$
DECLARE role_name text;
BEGIN
  FOREACH role_name IN ARRAY ARRAY['calsync_api', 'calsync_worker', 'calsync_oncall', 'calsync_metrics'] LOOP
    IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = role_name) THEN
      EXECUTE format('CREATE ROLE %I NOLOGIN', role_name);
    END IF;
  END LOOP;
END $$;

GRANT USAGE ON SCHEMA public TO calsync_api, calsync_worker, calsync_oncall, calsync_metrics;
GRANT SELECT ON calsync_schema_migrations TO calsync_api, calsync_worker, calsync_oncall;

-- The API server writes intentions and reads results.
GRANT SELECT ON profiles, external_calendar_events, calendar_sync_runs, calendar_sync_workers, calendar_push_channels,
  calendar_connection_states, calendar_rate_buckets, calendar_provider_circuits, calendar_timeline, calendar_connection_timeline,
  calendar_connection_overview TO calsync_api;
-- Insert-only: nobody who acts can change what was written of it.
GRANT SELECT, INSERT ON calendar_operator_actions TO calsync_api;
GRANT SELECT, INSERT, UPDATE ON calendar_bulk_actions TO calsync_api;
-- Trying failed events again.
GRANT UPDATE (sync_status, last_error) ON external_calendar_events TO calsync_api;
-- How many full reads are under way, for explanations.
GRANT SELECT ON calendar_rate_slots TO calsync_api;
GRANT UPDATE (last_message_at, missed_at, renew_at, expires_at) ON calendar_push_channels TO calsync_api;
GRANT SELECT, INSERT, UPDATE, DELETE ON external_calendar_connections, external_calendar_credentials, calendar_oauth_flows TO calsync_api;
GRANT SELECT, INSERT, UPDATE ON external_calendars, calendar_job_runs, calendar_job_run_items, calendar_gate_state TO calsync_api;
GRANT SELECT, INSERT, DELETE ON calendar_revocations TO calsync_api;
-- calsync-api rotate-keys seals these anew.
GRANT UPDATE (sealed) ON calendar_revocations, calendar_abandoned_channels TO calsync_api;
GRANT SELECT ON calendar_abandoned_channels TO calsync_api;
GRANT SELECT, INSERT, UPDATE ON calendar_metrics, calendar_metrics_batches TO calsync_api;

-- The worker claims, mirrors and settles.
GRANT SELECT, UPDATE ON external_calendar_connections TO calsync_worker;
GRANT SELECT, INSERT, UPDATE ON external_calendar_credentials TO calsync_worker;
GRANT SELECT, INSERT, UPDATE, DELETE ON external_calendar_events, external_calendars, calendar_sync_runs, calendar_sync_workers,
  calendar_push_channels, calendar_abandoned_channels, calendar_revocations, calendar_oauth_flows, calendar_job_runs, calendar_job_run_items,
  calendar_connection_states, calendar_staged_reads, calendar_staged_events TO calsync_worker;
GRANT SELECT, INSERT, UPDATE ON calendar_gate_state, calendar_metrics TO calsync_worker;
GRANT INSERT ON calendar_timeline TO calsync_worker;
GRANT SELECT, DELETE ON calendar_timeline_default, calendar_sync_runs_default TO calsync_worker;
GRANT EXECUTE ON FUNCTION calsync_roll_partitions(integer) TO calsync_worker;
GRANT SELECT, INSERT, UPDATE, DELETE ON calendar_metrics_batches, calendar_rate_buckets, calendar_rate_slots TO calsync_worker;
GRANT SELECT, INSERT, UPDATE ON calendar_provider_circuits TO calsync_worker;

-- People on call run the runbook: they read everything but credentials and change the schedule and failed events.
GRANT SELECT ON profiles, external_calendar_connections, external_calendar_events, external_calendars, calendar_sync_runs,
  calendar_job_runs, calendar_job_run_items, calendar_push_channels, calendar_sync_workers, calendar_gate_state,
  calendar_metrics, calendar_connection_states, calendar_rate_buckets, calendar_rate_slots, calendar_provider_circuits,
  calendar_staged_reads, calendar_staged_events, calendar_timeline, calendar_operator_actions, calendar_connection_timeline,
  calendar_connection_overview, calendar_bulk_actions TO calsync_oncall;
-- Which keys are in use, not what they seal.
GRANT SELECT (connection_id, kind, key_id, updated_at) ON external_calendar_credentials TO calsync_oncall;
GRANT UPDATE (sync_enabled, sync_needed, sync_cursor, last_synced_at, error_count, last_error, backoff_until, sync_frequency_minutes)
  ON external_calendar_connections TO calsync_oncall;
GRANT UPDATE (sync_status, last_error) ON external_calendar_events TO calsync_oncall;

-- Exporters that ask the database for figures: numbers, no row that names anybody.
GRANT SELECT ON calendar_metrics, calendar_sync_workers, calendar_provider_circuits, calsync_schema_migrations TO calsync_metrics;
