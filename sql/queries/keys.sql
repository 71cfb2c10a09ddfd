-- SPDX-License-Identifier: Apache-2.0
-- What `calsync-api rotate-keys` reads and writes: every sealed text that another key than $1 has sealed.
-- The readers page by ($2, $3) and name what a text is bound to; `needed` = somebody may still want to open it. The writers take
-- [{id, kind, old, new}] and touch only what nobody has replaced since it was read. What somebody else has locked is left for the
-- next pass: a rotation waits for nobody, so nobody can deadlock with it.

-- name: sealed_credentials
-- LATERAL … OFFSET 0: one look-up a row, whatever the planner thinks of joining the two tables.
SELECT k.connection_id AS id, k.kind, k.connection_id AS bound_to, c.provider_id AS owner, c.provider, k.sealed, true AS needed
FROM (SELECT connection_id, kind, sealed FROM external_calendar_credentials
      WHERE (split_part(sealed, '.', 2) <> $1 OR key_id <> $1)
        AND (connection_id, kind) > (COALESCE(NULLIF($2, ''), '00000000-0000-0000-0000-000000000000')::uuid, $3::text)
      ORDER BY connection_id, kind LIMIT 500) k
CROSS JOIN LATERAL (SELECT provider_id, provider FROM external_calendar_connections WHERE id = k.connection_id OFFSET 0) c
ORDER BY k.connection_id, k.kind;

-- name: sealed_credentials_replace
WITH held AS (
  SELECT k.connection_id, k.kind, d.old, d.new
  FROM json_to_recordset($1::json) AS d (id uuid, kind text, old text, new text)
  JOIN external_calendar_credentials k ON k.connection_id = d.id AND k.kind = d.kind AND k.sealed = d.old
  FOR NO KEY UPDATE OF k SKIP LOCKED)
UPDATE external_calendar_credentials k SET sealed = held.new, key_id = $2 FROM held
WHERE k.connection_id = held.connection_id AND k.kind = held.kind AND k.sealed = held.old RETURNING k.connection_id;

-- name: sealed_channels
-- Bound to the credential that the trigger copied: table, column and row are those of the connection.
SELECT id, ''::text AS kind, connection_id AS bound_to, provider_id AS owner, provider, sealed, expires_at > now() AS needed
FROM calendar_abandoned_channels WHERE split_part(sealed, '.', 2) <> $1 AND (id, ''::text) > ($2, $3)
ORDER BY id LIMIT 500;

-- name: sealed_channels_replace
WITH held AS (
  SELECT a.id, d.old, d.new FROM json_to_recordset($1::json) AS d (id text, old text, new text)
  JOIN calendar_abandoned_channels a ON a.id = d.id AND a.sealed = d.old FOR NO KEY UPDATE OF a SKIP LOCKED)
UPDATE calendar_abandoned_channels a SET sealed = held.new FROM held WHERE a.id = held.id AND a.sealed = held.old RETURNING a.id;

-- name: sealed_revocations
SELECT id, ''::text AS kind, id AS bound_to, provider_id AS owner, provider, sealed, true AS needed
FROM calendar_revocations WHERE split_part(sealed, '.', 2) <> $1
  AND (id, ''::text) > (COALESCE(NULLIF($2, ''), '00000000-0000-0000-0000-000000000000')::uuid, $3)
ORDER BY id LIMIT 500;

-- name: sealed_revocations_replace
WITH held AS (
  SELECT r.id, d.old, d.new FROM json_to_recordset($1::json) AS d (id uuid, old text, new text)
  JOIN calendar_revocations r ON r.id = d.id AND r.sealed = d.old FOR NO KEY UPDATE OF r SKIP LOCKED)
UPDATE calendar_revocations r SET sealed = held.new FROM held WHERE r.id = held.id AND r.sealed = held.old RETURNING r.id;

-- name: sealed_flows
SELECT state_hash AS id, ''::text AS kind, state_hash AS bound_to, provider_id AS owner, provider, verifier_sealed AS sealed,
  used_at IS NULL AND expires_at > now() AS needed
FROM calendar_oauth_flows WHERE split_part(verifier_sealed, '.', 2) <> $1 AND (state_hash, ''::text) > ($2, $3)
ORDER BY state_hash LIMIT 500;

-- name: sealed_flows_replace
WITH held AS (
  SELECT f.state_hash, d.old, d.new FROM json_to_recordset($1::json) AS d (id text, old text, new text)
  JOIN calendar_oauth_flows f ON f.state_hash = d.id AND f.verifier_sealed = d.old FOR NO KEY UPDATE OF f SKIP LOCKED)
UPDATE calendar_oauth_flows f SET verifier_sealed = held.new FROM held
WHERE f.state_hash = held.state_hash AND f.verifier_sealed = held.old RETURNING f.state_hash;
