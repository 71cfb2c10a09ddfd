-- SPDX-License-Identifier: Apache-2.0
-- What check-config and /readyz ask the database.

-- name: doctor_server
SELECT clock_timestamp() AS now, current_setting('server_version_num')::int AS version, current_setting('server_version') AS version_text,
  current_user AS role, pg_is_in_recovery() OR current_setting('default_transaction_read_only') = 'on' AS read_only;

-- name: doctor_lacking_grants
-- Of the grants in $1 (a list of {name, privilege}), those that this role lacks. Granted on some columns is enough, since the daemons'
-- roles have no more; a table that is not there lacks them all.
SELECT d.name, d.privilege FROM json_to_recordset($1::json) AS d (name text, privilege text)
WHERE NOT COALESCE(CASE WHEN d.privilege = 'DELETE' THEN has_table_privilege(to_regclass(d.name), d.privilege)
  ELSE has_any_column_privilege(to_regclass(d.name), d.privilege) END, false)
ORDER BY d.name, d.privilege;

-- name: stored_key_ids
-- Each key that has sealed a credential, by hops over the index.
WITH RECURSIVE keys AS (
  (SELECT key_id FROM external_calendar_credentials ORDER BY key_id LIMIT 1)
  UNION ALL
  SELECT (SELECT k.key_id FROM external_calendar_credentials k WHERE k.key_id > keys.key_id ORDER BY k.key_id LIMIT 1) FROM keys WHERE keys.key_id IS NOT NULL
)
SELECT key_id FROM keys WHERE key_id IS NOT NULL LIMIT 100;

-- name: sealed_sample
-- A credential that the key $1 has sealed, with what it is bound to.
SELECT k.connection_id, k.kind, k.sealed, c.provider_id, c.provider FROM external_calendar_credentials k
JOIN external_calendar_connections c ON c.id = k.connection_id WHERE k.key_id = $1 ORDER BY k.updated_at DESC LIMIT 1;
