# SPDX-License-Identifier: Apache-2.0
"""What the database's own watch over leases and versions has found; audit.sql is the watch."""
import collections
import pathlib

SQL = pathlib.Path(__file__).with_name("audit.sql").read_text(encoding="utf-8")


def install(database):
    database.execute(SQL)


def found(database, after=0):
    return database.rows("SELECT * FROM chaos.violations WHERE id > %s ORDER BY id", after)


def counts(database):
    return collections.Counter({row["kind"]: row["count"] for row in database.rows("SELECT kind, count(*) FROM chaos.violations GROUP BY 1")})


def checked(database):
    """How many commits it looked at, by what they were."""
    return {row["what"]: row["count"] for row in database.rows("SELECT what, count(*) FROM chaos.checked GROUP BY 1")}


def sentence(row):
    return f"{row['kind']} by {row['who']} at {row['at']:%H:%M:%S.%f}: connection {row['connection']}: {row['detail']}"


def new_role(database, name):
    """A role of its own for a process that starts: it may do everything, and the watch knows it by its name."""
    database.execute(f'DO $$ BEGIN CREATE ROLE "{name}" LOGIN SUPERUSER; EXCEPTION WHEN duplicate_object THEN NULL; END $$')
