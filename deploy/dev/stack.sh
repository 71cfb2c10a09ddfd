# SPDX-License-Identifier: Apache-2.0
# Starts and stops the emulator and both daemons of ./dev up.

alive() { [ -s "$state/run/$1.pid" ] && kill -0 "$(cat "$state/run/$1.pid")" 2>/dev/null; }

# launch NAME LOG command…: in the background, detached, with a pid file.
launch() {
  local name=$1 log=$state/log/$2.log
  shift 2
  setsid "$@" >>"$log" 2>&1 </dev/null &
  echo $! >"$state/run/$name.pid"
}

# wait_for SECONDS WHAT command…: until the command succeeds.
wait_for() {
  local deadline=$((SECONDS + $1)) what=$2
  shift 2
  until "$@" >/dev/null 2>&1; do
    [ $SECONDS -lt $deadline ] || die "$what did not happen in time; see .dev/log"
    sleep 0.1
  done
}

stop_one() {
  local name=$1 pid
  alive "$name" || { rm -f "$state/run/$name.pid"; return 0; }
  pid=$(cat "$state/run/$name.pid")
  kill "$pid"
  wait_for 40 "the end of $name" bash -c "! kill -0 $pid"
  rm -f "$state/run/$name.pid"
}

secret() { [ -s "$state/secret-$1" ] || (umask 077 && eval "$2" >"$state/secret-$1"); cat "$state/secret-$1"; }

# Settings of the daemons: flags on, production rules with everybody on the list, our own keys and tokens.
write_settings() {
  local api_port=$1 emulator=$2 metrics_port=$3
  cat >"$state/calsync.yaml" <<YAML
server: {host: 127.0.0.1, port: $api_port, public_url: "http://127.0.0.1:$api_port"}
worker: {metrics_port: $metrics_port}
allow_insecure_endpoints: true
allow_private_addresses: true
providers:
  google:
    quotas: {account_per_minute: 0} # with --calendars, one account can have more calendars than Google allows calls in a minute
    endpoints:
      authorize: $emulator/o/oauth2/v2/auth
      token: $emulator/token
      revoke: $emulator/revoke
      userinfo: $emulator/v1/userinfo
      api: $emulator/calendar/v3
  microsoft:
    endpoints:
      authorize: $emulator/entra/{tenant}/oauth2/v2.0/authorize
      token: $emulator/entra/{tenant}/oauth2/v2.0/token
      api: $emulator/graph/v1.0
YAML
  (umask 077 && cat >"$state/daemons.env" <<ENV
DATABASE_URL=$(database_url)
CALENDAR_TOKEN_KEYS=$(secret keys 'echo "dev1:$(openssl rand -base64 32)"')
CALENDAR_APP_TOKENS=demo-app:$(secret app 'openssl rand -hex 24')
CALENDAR_ADMIN_TOKENS=demo-admin:$(secret admin 'openssl rand -hex 24')
GOOGLE_CLIENT_ID=demo-client
GOOGLE_CLIENT_SECRET=$(secret google 'openssl rand -hex 16')
GOOGLE_REDIRECT_URI=http://127.0.0.1:$api_port/api/auth/google/callback
MICROSOFT_CLIENT_ID=demo-client
MICROSOFT_CLIENT_SECRET=$(secret google true)
MICROSOFT_REDIRECT_URI=http://127.0.0.1:$api_port/api/auth/microsoft/callback
CALENDAR_ENV=production
CALENDAR_ALLOWLIST_PROVIDER_IDS=*
CALENDAR_SYNC_ENABLED=true
CALENDAR_OAUTH_ENABLED=true
CALENDAR_JOBS_ENABLED=true
CALENDAR_WEBHOOK_ENABLED=true
ENV
  )
  (umask 077 && cat >"$state/env" <<ENV
export CALSYNC_API_URL=http://127.0.0.1:$api_port
export CALSYNC_ADMIN_TOKEN=$(secret admin true)
export CALSYNC_APP_TOKEN=$(secret app true)
export CALSYNC_DATABASE_URL=$(database_url)
export CALSYNC_EMULATOR_URL=$emulator
export CALSYNC_DEMO_PROVIDER_ID=11111111-1111-4111-8111-111111111111
ENV
  )
}

with_settings() { env CALENDAR_ENV_FILE="$state/daemons.env" "$@"; }

# The ports outlive ./dev down, so that addresses and redirect URIs stay the same.
kept_port() {
  local file=$state/run/$1.port
  if [ -s "$file" ] && [ "$(cat "$file")" -lt 32000 ] && ! (exec 3<>"/dev/tcp/127.0.0.1/$(cat "$file")") 2>/dev/null; then cat "$file"; return; fi
  free_port | tee "$file"
}

start_stack() {
  mkdir -p "$state/log"
  local bin=$build api_port emulator_port metrics_port
  start_postgres
  if alive calsync-api && alive emulator; then
    api_port=$(cat "$state/run/api.port") emulator_port=$(cat "$state/run/emulator.port")
  else
    # The worker knows the api-server's address, where push messages are to go.
    stop_one calsync-worker; stop_one calsync-api; stop_one emulator
    api_port=$(kept_port api) emulator_port=$(kept_port emulator)
  fi
  if alive calsync-worker && [ -s "$state/run/metrics.port" ]; then metrics_port=$(cat "$state/run/metrics.port"); else metrics_port=$(kept_port metrics); fi
  write_settings "$api_port" "http://127.0.0.1:$emulator_port" "$metrics_port"
  source "$state/env"
  with_settings "$bin/api-server/calsync-api" --config "$state/calsync.yaml" migrate >>"$state/log/migrate.log"
  if ! alive emulator; then
    launch emulator emulator "$bin/tests/emulator/calsync-emulator" --host 127.0.0.1 --port "$emulator_port" \
      --port-file "$state/run/emulator.listening" --client-id demo-client --client-secret "$(secret google true)" \
      --redirect-uri "http://127.0.0.1:$api_port/api/auth/google/callback" "http://127.0.0.1:$api_port/api/auth/microsoft/callback"
    wait_for 20 "the emulator's start" curl -sf "$CALSYNC_EMULATOR_URL/control/health"
  fi
  if ! alive calsync-api; then
    launch calsync-api api env CALENDAR_ENV_FILE="$state/daemons.env" "$bin/api-server/calsync-api" --config "$state/calsync.yaml" serve
  fi
  if ! alive calsync-worker; then
    launch calsync-worker worker env CALENDAR_ENV_FILE="$state/daemons.env" "$bin/sync-worker/calsync-worker" --config "$state/calsync.yaml" run
  fi
  wait_for 20 "the api-server's start" curl -sf "$CALSYNC_API_URL/readyz"
}

down() {
  local name
  for name in calsync-worker calsync-api emulator; do stop_one "$name"; done
  stop_postgres
  say "stopped"
}
