-- SPDX-License-Identifier: Apache-2.0
-- Shared budgets of provider calls, and circuits of providers that are away.

-- name: rate_take
-- Takes up to `want` whole tokens out of each bucket. What flows in is reckoned on the locked row, at the moment of the lock.
WITH d AS (SELECT * FROM json_to_recordset($1::json) AS d (scope text, key text, want double precision, per_second double precision, burst double precision))
INSERT INTO calendar_rate_buckets AS b (scope, key, tokens, per_second, burst, wanted, granted)
SELECT scope, key, burst - LEAST(want, burst), per_second, burst, want, LEAST(want, burst) FROM d ORDER BY scope, key
ON CONFLICT (scope, key) DO UPDATE SET
  per_second = excluded.per_second, burst = excluded.burst, wanted = excluded.wanted,
  granted = CASE WHEN b.blocked_until > clock_timestamp() THEN 0 ELSE GREATEST(0, LEAST(excluded.wanted,
    floor(calsync_bucket_level(b.tokens, excluded.per_second, excluded.burst, b.updated_at)))) END,
  tokens = CASE WHEN b.blocked_until > clock_timestamp() THEN 0 ELSE calsync_bucket_level(b.tokens, excluded.per_second, excluded.burst, b.updated_at)
    - GREATEST(0, LEAST(excluded.wanted, floor(calsync_bucket_level(b.tokens, excluded.per_second, excluded.burst, b.updated_at)))) END,
  updated_at = clock_timestamp()
RETURNING scope, key, granted::bigint AS granted, (1000000 * CASE WHEN blocked_until > clock_timestamp()
  THEN extract(epoch FROM blocked_until - clock_timestamp())::double precision
  WHEN tokens < 1 THEN (1 - tokens) / per_second ELSE 0 END)::bigint AS wait;

-- name: rate_block
-- The provider said no: nothing is given before the time that it asked for, by nobody, and not much at once afterwards.
INSERT INTO calendar_rate_buckets AS b (scope, key, tokens, per_second, burst, blocked_until)
VALUES ($1, $2, 0, $3, $4, clock_timestamp() + make_interval(secs => $5::double precision))
ON CONFLICT (scope, key) DO UPDATE SET tokens = 0, updated_at = clock_timestamp(),
  blocked_until = GREATEST(b.blocked_until, clock_timestamp() + make_interval(secs => $5::double precision));

-- name: rate_slot_take
SELECT calsync_slot_take($1, $2, $3, $4, $5) AS taken;

-- name: rate_slot_leave
DELETE FROM calendar_rate_slots WHERE scope = $1 AND key = $2 AND holder = $3;

-- name: rate_prune
DELETE FROM calendar_rate_buckets WHERE updated_at < now() - interval '1 day' AND (blocked_until IS NULL OR blocked_until < now());

-- name: rate_slots_prune
DELETE FROM calendar_rate_slots WHERE until < now() - interval '1 hour';

-- name: circuits_load
SELECT provider, host, state, reason, failed_probes, good_probes, (steady_per_second * 1000000)::bigint AS steady, connections::bigint AS connections, version,
  (extract(epoch FROM clock_timestamp() - changed_at) * 1000000)::bigint AS age,
  (extract(epoch FROM clock_timestamp() - opened_at) * 1000000)::bigint AS away_for,
  (extract(epoch FROM probe_at - clock_timestamp()) * 1000000)::bigint AS probe_in
FROM calendar_provider_circuits WHERE state <> 'closed' OR changed_at > now() - interval '1 hour';

-- name: circuit_save
-- Only if nobody has changed it since it was read: version $10. No row = somebody has.
INSERT INTO calendar_provider_circuits AS c (provider, host, state, reason, probe_at, failed_probes, good_probes, steady_per_second, connections, version)
SELECT $1::text, $2::text, $3::text, $4::text, clock_timestamp() + make_interval(secs => $5::double precision), $6::int, $7::int, $8::double precision,
  $9::double precision, 1
WHERE $10::bigint = 0 OR EXISTS (SELECT 1 FROM calendar_provider_circuits WHERE provider = $1::text AND host = $2::text)
ON CONFLICT (provider, host) DO UPDATE SET
  state = excluded.state, reason = excluded.reason, probe_at = excluded.probe_at, failed_probes = excluded.failed_probes,
  good_probes = excluded.good_probes, steady_per_second = excluded.steady_per_second, connections = excluded.connections,
  opened_at = CASE WHEN c.state = 'closed' THEN clock_timestamp() ELSE c.opened_at END,
  changed_at = CASE WHEN c.state = excluded.state THEN c.changed_at ELSE clock_timestamp() END, version = c.version + 1
WHERE c.version = $10::bigint OR ($10::bigint = 0 AND c.state = 'closed')
RETURNING version;

-- name: circuit_steady
-- What the connections' own frequencies ask for. Once an outage.
SELECT count(*) AS connections, (1000000 * COALESCE(sum(1 / (60.0 * sync_frequency_minutes)), 0))::bigint AS steady
FROM external_calendar_connections WHERE provider = $1 AND sync_enabled;

-- name: circuits_status
SELECT json_build_object('provider', provider, 'host', host, 'state', state, 'reason', reason, 'opened_at', opened_at, 'changed_at', changed_at,
  'next_probe_at', CASE WHEN state IN ('open', 'half_open') THEN probe_at END, 'failed_probes', failed_probes,
  'steady_runs_per_second', round(steady_per_second::numeric, 3)) AS circuit
FROM calendar_provider_circuits WHERE state <> 'closed' ORDER BY provider, host;

-- name: rate_status
SELECT json_build_object('scope', scope, 'key', key, 'blocked_until', blocked_until) AS bucket
FROM calendar_rate_buckets WHERE blocked_until > now() AND scope <> 'account' ORDER BY scope, key;

-- name: metrics_circuits
SELECT provider, state, count(*) AS circuits FROM calendar_provider_circuits GROUP BY provider, state ORDER BY provider, state;
