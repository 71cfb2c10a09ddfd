-- SPDX-License-Identifier: Apache-2.0
-- What a returning flag or a wider list lets in again is marked due.

-- name: gate_load
SELECT state FROM calendar_gate_state WHERE component = $1;

-- name: gate_save
INSERT INTO calendar_gate_state (component, state) VALUES ($1, $2)
ON CONFLICT (component) DO UPDATE SET state = excluded.state, updated_at = now();

-- name: gate_admitted_connections
-- $1 owners and $2 connections that the new lists admit, NULL = all.
SELECT id, provider_id FROM external_calendar_connections
WHERE sync_enabled AND id > $3::uuid AND ($1::uuid[] IS NULL OR provider_id = ANY ($1::uuid[])) AND ($2::uuid[] IS NULL OR id = ANY ($2::uuid[]))
ORDER BY id LIMIT 5000;

-- name: connections_wake
UPDATE external_calendar_connections SET sync_needed = true
WHERE id = ANY (ARRAY (SELECT id FROM external_calendar_connections
                       WHERE id = ANY ($1::uuid[]) AND (NOT sync_needed OR lease_until IS NOT NULL) ORDER BY id FOR NO KEY UPDATE));
