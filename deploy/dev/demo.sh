# SPDX-License-Identifier: Apache-2.0
# ./dev up: connects demo accounts through the real OAuth endpoints, syncs them, changes an event and shows the result.

app() { curl -sS --fail-with-body -H "Authorization: Bearer $CALSYNC_APP_TOKEN" -H 'Content-Type: application/json' "$@"; }
control() { curl -sS --fail-with-body -H 'Content-Type: application/json' "$@"; }
sql() { psql "$CALSYNC_DATABASE_URL" -qtAX -v ON_ERROR_STOP=1 -c "$1"; }

# As a browser does: our link sets a cookie and leads to the provider's page; there the account is chosen; back to us.
connect_account() {
  local provider=$1 email=$2 jar link consent back
  jar=$(mktemp)
  link=$(app "$CALSYNC_API_URL/api/auth/$provider?provider_id=$CALSYNC_DEMO_PROVIDER_ID" | jq -r .authorization_url)
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

# Once for each life of the emulator: a meeting and a series.
add_outlook_account() {
  local event
  control -X POST "$CALSYNC_EMULATOR_URL/control/microsoft/accounts" -d '{"email": "ada@contoso.example", "name": "Ada"}' >/dev/null 2>&1 || return 0
  for event in \
    '{"subject": "Review", "start": {"dateTime": "2027-03-01T14:00:00", "timeZone": "UTC"}, "end": {"dateTime": "2027-03-01T15:00:00", "timeZone": "UTC"}}' \
    '{"subject": "Stand-up", "start": {"dateTime": "2027-02-01T09:00:00", "timeZone": "UTC"}, "end": {"dateTime": "2027-02-01T09:15:00", "timeZone": "UTC"},
      "recurrence": {"pattern": {"type": "weekly", "interval": 1, "daysOfWeek": ["monday"], "firstDayOfWeek": "monday"}, "range": {"type": "noEnd", "startDate": "2027-02-01"}}}'; do
    control -X POST "$CALSYNC_EMULATOR_URL/control/microsoft/events" -d "{\"email\": \"ada@contoso.example\", \"event\": $event}" >/dev/null
  done
}

# Until the connection's calendars have their push channels and nothing is under way; runs that pushes ask for are a second
# apart, so a quiet second more. An emulator that was started anew knows nothing of channels that the database has from before.
wait_for_channels() {
  sql "UPDATE calendar_push_channels SET renew_at = now() WHERE connection_id = '$1' AND state = 'live'" >/dev/null
  wait_for 60 "the push channels" settled "$1"
}

settled() {
  [ "$(sql "SELECT NOT sync_needed AND lease_until IS NULL AND last_synced_at < now() - interval '1 second' AND NOT EXISTS (
      SELECT 1 FROM external_calendars k WHERE k.connection_id = c.id AND k.selected AND k.deleted_at IS NULL AND k.watch_error IS NULL
        AND NOT EXISTS (SELECT 1 FROM calendar_push_channels p WHERE p.connection_id = c.id
                        AND p.external_calendar_id = k.external_calendar_id AND p.state = 'live' AND p.renew_at > now()))
    FROM external_calendar_connections c WHERE id = '$1'")" = t ]
}

# Changes one event at the emulator, which announces it; nobody asks for a sync. Prints the milliseconds until the push message
# was taken, and until the mirror's row had the change.
measure_push() {
  local connection=$1 title started
  title="Dentist moved $(date +%s%N)"
  started=$(date +%s%N)
  control -X POST "$CALSYNC_EMULATOR_URL/control/events" -d "$(jq -n --arg t "$title" '{email: "ada@example.com", calendar_id: "ada@example.com",
    event: {id: "calsyncdemo0001", summary: $t, start: {dateTime: "2027-03-01T09:00:00Z"}, end: {dateTime: "2027-03-01T10:00:00Z"}}}')" >/dev/null
  sql "DO \$\$ BEGIN FOR i IN 1..5000 LOOP
         EXIT WHEN EXISTS (SELECT 1 FROM external_calendar_events WHERE connection_id = '$connection' AND title = '$title');
         PERFORM pg_sleep(0.002);
       END LOOP; END \$\$"
  sql "SELECT format('%s %s', round(extract(epoch FROM c.last_webhook_received_at) * 1000 - $started / 1000000.0),
                     round(extract(epoch FROM e.updated_at) * 1000 - $started / 1000000.0))
       FROM external_calendar_events e JOIN external_calendar_connections c ON c.id = e.connection_id
       WHERE e.connection_id = '$connection' AND e.title = '$title'" | grep . || die "the change did not reach the mirror"
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
  # Plain http suits the loopback only; Google itself sends push messages to https addresses.
  control -X POST "$CALSYNC_EMULATOR_URL/control/settings" -d '{"push_allow_http": true}' >/dev/null
  connection=$(connect_account google ada@example.com)
  [ -n "$connection" ] && [ "$connection" != null ] || die "the demo account could not be connected"
  add_outlook_account
  connect_account microsoft ada@contoso.example >/dev/null
  while IFS= read -r feed; do
    connect_feed "$CALSYNC_EMULATOR_URL$feed" >/dev/null && feeds=$((feeds + 1))
  done < <(jq -r '.files[].feed // empty' "$state/loaded.json")
  app -X POST "$CALSYNC_API_URL/api/calendar/sync?wait=60" -d "{\"provider_id\": \"$CALSYNC_DEMO_PROVIDER_ID\"}" >/dev/null
  wait_for_channels "$connection"
  milliseconds=$(measure_push "$connection")
  report ${milliseconds}
}

report() {
  sql "SELECT format('%-10s %9s %10s %10s %8s', 'provider', 'accounts', 'calendars', 'events', 'failed')
       UNION ALL SELECT format('%-10s %9s %10s %10s %8s', c.provider, count(DISTINCT c.id),
         (SELECT count(*) FROM external_calendars k JOIN external_calendar_connections x ON x.id = k.connection_id WHERE x.provider = c.provider AND k.deleted_at IS NULL),
         (SELECT count(*) FROM external_calendar_events e WHERE e.provider = c.provider AND e.deleted_at IS NULL AND e.sync_status <> 'FAILED'),
         (SELECT count(*) FROM external_calendar_events e WHERE e.provider = c.provider AND e.sync_status = 'FAILED'))
       FROM external_calendar_connections c GROUP BY c.provider"
  cat <<TXT

change at the provider -> push message taken after $1 ms -> row in the mirror after $2 ms (nobody asked for a sync)

API       $CALSYNC_API_URL        (tokens and the rest: source .dev/env)
page      $CALSYNC_API_URL/admin  (for people on call; its token is CALSYNC_ADMIN_TOKEN of .dev/env)
emulator  $CALSYNC_EMULATOR_URL   (control plane: tests/emulator/README.md)
database  ./dev psql              logs: ./dev logs api | worker
TXT
}
