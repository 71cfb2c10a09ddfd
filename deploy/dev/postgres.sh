# SPDX-License-Identifier: Apache-2.0
# A private Postgres cluster under .dev/: a unix socket and a free loopback port.

pg_bin=/usr/lib/postgresql/15/bin

# Postgres refuses to run as root, and its own user must be able to reach the data directory.
pg_run() {
  if [ "$(id -u)" -eq 0 ]; then (cd / && runuser -u postgres -- "$@"); else "$@"; fi
}

free_port() {
  local port
  for _ in $(seq 100); do
    # Below the range that outgoing connections take their ports from: such a port may be busy though nobody listens.
    port=$((20000 + RANDOM % 12000))
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { echo "$port"; return; }
  done
  die "no free loopback port found"
}

# Where the cluster can live: inside .dev/ unless the postgres user cannot get there (a checkout below /root).
postgres_home() {
  local home=$state/postgres
  mkdir -p "$home"
  if [ "$(id -u)" -eq 0 ]; then
    chown postgres "$home"
    if ! pg_run test -w "$home"; then
      local outside
      outside=/var/tmp/calsync-dev-$(printf '%s' "$root" | cksum | cut -d' ' -f1)
      mkdir -p "$outside" && chown postgres "$outside"
      rmdir "$home" && ln -sfn "$outside" "$home"
      home=$outside
    fi
  fi
  readlink -f "$home"
}

start_postgres() {
  local home port
  if [ -L "$state/postgres" ]; then home=$(readlink -f "$state/postgres"); else home=$(postgres_home); fi
  if pg_run "$pg_bin/pg_ctl" -D "$home/data" status >/dev/null 2>&1; then return; fi
  if [ ! -s "$home/data/PG_VERSION" ]; then
    openssl rand -hex 16 >"$home/password"
    chmod 644 "$home/password"
    pg_run "$pg_bin/initdb" -D "$home/data" -U calsync --pwfile="$home/password" --auth-local=trust --auth-host=scram-sha-256 \
      --encoding=UTF8 --locale=C >"$state/initdb.log" 2>&1 || { cat "$state/initdb.log" >&2; die "initdb failed"; }
    chmod 600 "$home/password"
  fi
  port=$(free_port)
  # Socket paths longer than 107 bytes are impossible.
  local sockets=$home/socket
  [ ${#sockets} -gt 80 ] && sockets=$(mktemp -d /tmp/calsync-socket.XXXXXX) && chmod 755 "$sockets" && [ "$(id -u)" -eq 0 ] && chown postgres "$sockets"
  pg_run mkdir -p "$sockets"
  mkdir -p "$state/log" && touch "$state/log/postgres.log" && { [ "$(id -u)" -ne 0 ] || chown postgres "$state/log/postgres.log"; }
  pg_run "$pg_bin/pg_ctl" -D "$home/data" -l "$home/server.log" -w -o "-p $port -k $sockets -c listen_addresses=127.0.0.1 -c max_connections=200" start >/dev/null ||
    die "Postgres did not start; see $home/server.log"
  echo "$port" >"$state/run/postgres.port"
  head -1 "$home/data/postmaster.pid" >"$state/run/postgres.pid"
  pg_run "$pg_bin/psql" -qtA -h "$sockets" -p "$port" -U calsync -d postgres -c "SELECT 1 FROM pg_database WHERE datname = 'calsync'" | grep -q 1 ||
    pg_run "$pg_bin/createdb" -h "$sockets" -p "$port" -U calsync calsync
  ln -sfn "$home/server.log" "$state/log/postgres.log"
}

stop_postgres() {
  [ -e "$state/postgres" ] || return 0
  local home
  home=$(readlink -f "$state/postgres")
  pg_run "$pg_bin/pg_ctl" -D "$home/data" -m fast -w stop >/dev/null 2>&1 || say "Postgres was not running"
  rm -f "$state/run/postgres.pid"
}

database_url() {
  local home
  home=$(readlink -f "$state/postgres")
  echo "postgresql://calsync:$(cat "$home/password")@127.0.0.1:$(cat "$state/run/postgres.port")/calsync"
}
