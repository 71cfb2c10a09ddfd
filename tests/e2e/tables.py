# SPDX-License-Identifier: Apache-2.0
"""Whole tables, to see that nothing at all has changed or grown."""

# What daemons write as long as they live, whatever happens.
LIVING = {"calendar_sync_workers", "calendar_metrics", "calendar_metrics_batches"}


def names(sql):
    """All but partitions, whose rows are those of their table."""
    found = sql.column("SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition ORDER BY 1")
    return [name for name in found if name not in LIVING]


def sizes(sql):
    """{table: number of rows}"""
    return {name: sql.value(f'SELECT count(*) FROM "{name}"') for name in names(sql)}


def contents(sql):
    """{table: digest of all of its rows and columns}"""
    return {name: sql.value(f"SELECT md5(coalesce(string_agg(t::text, chr(10) ORDER BY t::text), '')) FROM \"{name}\" t")
            for name in names(sql)}
