"""What each table holds, counted in the moment of a dump and again in what came back. Pure."""

from __future__ import annotations

# In one snapshot of the database: the dump is made in the same one, so they must agree to the row.
# The sum of all rows' hashes does not depend on their order. Texts of values must not depend on
# whose settings these are.
COUNT = """\
SET search_path = ''; SET TimeZone = 'UTC'; SET DateStyle = 'ISO'; SET IntervalStyle = 'postgres';
SET bytea_output = 'hex'; SET extra_float_digits = 1;
SELECT pg_catalog.format(
  'SELECT %L, count(*), coalesce(sum(hashtextextended(t::text, 0)), 0) FROM %s t',
  c.oid::regclass::text, c.oid::regclass::text)
FROM pg_catalog.pg_class c
WHERE c.relkind = 'r' AND c.relnamespace::regnamespace::text !~ '^(pg_|information_schema)'
ORDER BY c.oid::regclass::text \\gexec
"""
# psql runs the dump in the middle of its transaction.
DUMP = """\
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
SELECT pg_export_snapshot() AS taken \\gset
\\setenv TAKEN :taken
\\! {command}
\\if :SHELL_ERROR
  \\warn the dump failed
  ROLLBACK;
  SELECT 1/0;
\\endif
\\o {counts}
{count}
\\o
COMMIT;
"""

Counts = dict[str, tuple[int, str]]


def dump_script(command: str, counts: str) -> str:
    """For psql: dump, and count into the file `counts`. `command` finds the snapshot in $TAKEN."""
    return DUMP.format(command=command, counts=counts, count=COUNT)


def counts_of(text: str) -> Counts:
    """`table|rows|sum` a line → (rows, sum) by table."""
    found = {}
    for line in text.splitlines():
        table, rows, total = line.rsplit("|", 2)
        found[table] = (int(rows), total)
    return found


def differences(wanted: Counts, found: Counts) -> list[str]:
    """A line for each table that is not as it was."""
    told = []
    for table in sorted(wanted.keys() | found.keys()):
        here, there = wanted.get(table), found.get(table)
        if here is None or there is None:
            told.append(f"{table}: {'is missing' if there is None else 'was not there'}")
        elif here[0] != there[0]:
            told.append(f"{table}: {there[0]} rows, there were {here[0]}")
        elif here != there:
            told.append(f"{table}: {here[0]} rows, but not the same ones")
    return told


def rows(counts: Counts) -> int:
    return sum(each for each, _ in counts.values())
