# SPDX-License-Identifier: Apache-2.0
"""Who may do what in the database: every privilege that sql/roles.sql and the migrations give, one a line."""
import subprocess

from stack import ROOT

GOLDEN = ROOT / "tests" / "fixtures" / "grants.txt"
# Partitions of a day carry none of their own: what their parents give is what counts.
QUERY = """
WITH given AS (
  SELECT a.grantee, c.relname AS object, a.privilege_type AS privilege FROM pg_class c, aclexplode(c.relacl) a
  WHERE c.relnamespace = 'public'::regnamespace
  UNION ALL
  SELECT a.grantee, c.relname || '.' || t.attname, a.privilege_type FROM pg_class c JOIN pg_attribute t ON t.attrelid = c.oid, aclexplode(t.attacl) a
  WHERE c.relnamespace = 'public'::regnamespace
  UNION ALL
  SELECT a.grantee, p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')', a.privilege_type FROM pg_proc p, aclexplode(p.proacl) a
  WHERE p.pronamespace = 'public'::regnamespace
  UNION ALL
  SELECT a.grantee, 'schema ' || n.nspname, a.privilege_type FROM pg_namespace n, aclexplode(n.nspacl) a WHERE n.nspname = 'public'
)
SELECT coalesce(r.rolname, 'PUBLIC') || ' ' || object || ' ' || string_agg(privilege, ', ' ORDER BY privilege) AS line
FROM given LEFT JOIN pg_roles r ON r.oid = given.grantee WHERE r.rolname IS NULL OR r.rolname LIKE 'calsync\\_%'
GROUP BY r.rolname, object ORDER BY 1
"""


def apply_roles(url):
    subprocess.run(["psql", "-qX", "-v", "ON_ERROR_STOP=1", "-f", ROOT / "sql" / "roles.sql", url], check=True, stdout=subprocess.DEVNULL)


def lines(sql):
    return sql.column(QUERY)
