# SPDX-License-Identifier: Apache-2.0
"""Accounts at a provider, and the connections to them."""
import bench_support as bench


class Provider:
    def __init__(self, kind, home, accounts, events=20):
        self.kind = kind
        if kind == "canned":
            self.process, port = bench.start_with_port_file([bench.BENCH_HTTP, "serve"], home)
            self.tokens = [("canned-access", "canned-refresh")] * accounts
        else:
            command = [bench.EMULATOR, "--host", "127.0.0.1", "--port", "0", "--client-id", "bench-client", "--client-secret", "bench-secret",
                       "--redirect-uri", "http://127.0.0.1:9/callback"]
            self.process, port = bench.start_with_port_file(command, home)
            bulk = bench.post(f"http://127.0.0.1:{port}/control/accounts/bulk",
                              {"prefix": "bench", "count": accounts, "events_per_calendar": events, "tokens": True})
            self.tokens = [(one["access_token"], one["refresh_token"]) for one in bulk["accounts"]]
        self.root = f"http://127.0.0.1:{port}"


def email(number):
    return f"bench-{number}@example.com"


def add_connections(system, tokens, **columns):
    """One Google connection for each pair of tokens, two to an owner."""
    sql, count = system.sql, len(tokens)
    sql.run("INSERT INTO profiles (id) SELECT md5('o' || i)::uuid FROM generate_series(0, %s) AS i", (count - 1) // 2)
    names = "".join(", " + name for name in columns)
    sql.run(f"""INSERT INTO external_calendar_connections (id, provider_id, provider, provider_user_id, token_expiry, granted_scopes{names})
      SELECT md5('c' || i)::uuid, md5('o' || i / 2)::uuid, 'google', 'bench-' || i || '@example.com', now() + interval '50 min',
        'https://www.googleapis.com/auth/calendar' {', %s' * len(columns)} FROM generate_series(0, %s) AS i""", *columns.values(), count - 1)
    ids = dict(sql.run("SELECT provider_user_id, id || ' ' || provider_id FROM external_calendar_connections"))
    rows = [(*ids[email(i)].split(), "google", kind, text) for i, pair in enumerate(tokens) for kind, text in zip(("access_token", "refresh_token"), pair)]
    sealed = system.seal(rows)
    sql.load("external_calendar_credentials", "connection_id, kind, sealed, key_id", [(row[0], row[3], text, "k1") for row, text in zip(rows, sealed)])


def moment_after(sql, statement):
    """When a statement was done, but not yet visible to anybody."""
    sql.run("BEGIN")
    sql.run(statement)
    moment = sql.value("SELECT clock_timestamp()")
    sql.run("COMMIT")
    return moment
