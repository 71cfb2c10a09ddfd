# SPDX-License-Identifier: Apache-2.0
# ./dev up: connects demo accounts through the real OAuth endpoints, syncs them, changes an event and shows the result.

app() { curl -sS --fail-with-body -H "Authorization: Bearer $CALSYNC_APP_TOKEN" -H 'Content-Type: application/json' "$@"; }
control() { curl -sS --fail-with-body -H 'Content-Type: application/json' "$@"; }
sql() { psql "$CALSYNC_DATABASE_URL" -qtAX -v ON_ERROR_STOP=1 -c "$1"; }

# As a browser does: our link sets a cookie and leads to the provider's page; there the account is chosen; back to us.
connect_google() {
  local email=$1 jar link consent back
  jar=$(mktemp)
  link=$(app "$CALSYNC_API_URL/api/auth/google?provider_id=$CALSYNC_DEMO_PROVIDER_ID" | jq -r .authorization_url)
  consent=$(curl -sS -c "$jar" -o /dev/null -w '%{redirect_url}' "$link")
  back=$(curl -sS -o /dev/null -w '%{redirect_url}' "$consent&emulator_account=$(jq -rn --arg e "$email" '$e|@uri')")
  curl -sS --fail-with-body -b "$jar" "$back" | jq -r .connection_id
  rm -f "$jar"
}

connect_feed() {
  app -X POST "$CALSYNC_API_URL/api/calendar/connections" \
    -d "$(jq -n --arg o "$CALSYNC_DEMO_PROVIDER_ID" --arg u "$1" '{provider_id: $o, provider: "ics", url: $u}')" | jq -r .connection_id
}

# Once for each life of the emulator and each folder: loading a folder again would make feeds of other names.
load_samples() {
  local loaded
  loaded="$(cat "$state/run/emulator.pid") $1"
  [ "$(cat "$state/loaded.for" 2>/dev/null)" != "$loaded" ] || return 0
  # 409 = a run before, with another folder, has made the account.
  control -X POST "$CALSYNC_EMULATOR_URL/control/accounts" -d '{"email": "ada@example.com", "name": "Ada"}' >/dev/null 2>&1 || true
  control -X POST "$CALSYNC_EMULATOR_URL/control/load-directory" -d "$(jq -n --arg p "$1" '{email: "ada@example.com", path: $p}')" >"$state/loaded.json"
  echo "$loaded" >"$state/loaded.for"
}

sync_now() {
  app -X POST "$CALSYNC_API_URL/api/calendar/sync?wait=60" -d "{\"connection_id\": \"$1\"}" >"$state/last-sync.json"
}

# Changes one event at the emulator and asks for a sync; prints the milliseconds until the mirror's row has it.
measure_change() {
  local connection=$1 title started
  title="Dentist moved $(date +%s%N)"
  control -X POST "$CALSYNC_EMULATOR_URL/control/events" -d "$(jq -n --arg t "$title" '{email: "ada@example.com", calendar_id: "ada@example.com",
    event: {id: "calsyncdemo0001", summary: $t, start: {dateTime: "2027-03-01T09:00:00Z"}, end: {dateTime: "2027-03-01T10:00:00Z"}}}')" >/dev/null
  started=$(date +%s%N)
  sync_now "$connection"
  [ "$(sql "SELECT count(*) FROM external_calendar_events WHERE connection_id = '$connection' AND title = '$title'")" = 1 ] ||
    die "the changed event did not reach the mirror"
  echo $((($(date +%s%N) - started) / 1000000))
}

up() {
  local calendars=$root/tests/fixtures/calendars
  while [ $# -gt 0 ]; do
    case $1 in
      --calendars)
        [ $# -ge 2 ] && [ -d "$2" ] || die "--calendars needs a folder with .ics files"
        calendars=$(cd "$2" && pwd)
        shift 2 ;;
      *) die "unknown option $1" ;;
    esac
  done
  build_all ci >&2
  start_stack
  sql "INSERT INTO profiles (id, email) VALUES ('$CALSYNC_DEMO_PROVIDER_ID', 'demo@calsync.example') ON CONFLICT DO NOTHING"
  load_samples "$calendars"
  local connection feed feeds=0 milliseconds
  connection=$(connect_google ada@example.com)
  [ -n "$connection" ] && [ "$connection" != null ] || die "the demo account could not be connected"
  while IFS= read -r feed; do
    connect_feed "$CALSYNC_EMULATOR_URL$feed" >/dev/null && feeds=$((feeds + 1))
  done < <(jq -r '.files[].feed // empty' "$state/loaded.json")
  app -X POST "$CALSYNC_API_URL/api/calendar/sync?wait=60" -d "{\"provider_id\": \"$CALSYNC_DEMO_PROVIDER_ID\"}" >/dev/null
  milliseconds=$(measure_change "$connection")
  report "$milliseconds"
}

report() {
  sql "SELECT format('%-10s %9s %10s %10s %8s', 'provider', 'accounts', 'calendars', 'events', 'failed')
       UNION ALL SELECT format('%-10s %9s %10s %10s %8s', c.provider, count(DISTINCT c.id),
         (SELECT count(*) FROM external_calendars k JOIN external_calendar_connections x ON x.id = k.connection_id WHERE x.provider = c.provider AND k.deleted_at IS NULL),
         (SELECT count(*) FROM external_calendar_events e WHERE e.provider = c.provider AND e.deleted_at IS NULL AND e.sync_status <> 'FAILED'),
         (SELECT count(*) FROM external_calendar_events e WHERE e.provider = c.provider AND e.sync_status = 'FAILED'))
       FROM external_calendar_connections c GROUP BY c.provider"
  cat <<TXT

change at the provider -> row in the mirror: $1 ms (asked for by POST /api/calendar/sync?wait=)

API       $CALSYNC_API_URL        (tokens and the rest: source .dev/env)
emulator  $CALSYNC_EMULATOR_URL   (control plane: tests/emulator/README.md)
database  ./dev psql              logs: ./dev logs api | worker
TXT
}
