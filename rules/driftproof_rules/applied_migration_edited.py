"""A migration that the main branch has was edited.

## What it does

Compares each migration with the one that git's main branch has (where this branch left it), as its tool would: by the
checksum's text, or, where the tool keeps none, by the statements of its way up. What is run again anyway (repeatable
migrations) is passed. Outside of a git repository, or where no main branch is known, nothing is said.

## Why it matters

What is on the main branch is taken to be applied somewhere. A tool with checksums refuses to go on there. Any other
does not see it: databases that have run the old text keep it, new ones get the new one, and they differ from then on.

## Example

    -- on main:  CREATE TABLE orders (id bigint);
    CREATE TABLE orders (id bigint, total int);

## Instead

Put it back, and change the schema in a new migration.

## Fix safety

There is no automatic fix.
"""

from collections.abc import Iterator

from driftproof import Diagnostic, History, Rule, Severity, bad, edited, good


def _check(rule: Rule, history: History) -> Iterator[Diagnostic]:
    for migration, branch in edited(history):
        message = f"{branch} has it with another text: {history.framework.edited}"
        yield rule.about(migration.source, message, help="put it back, and change the schema in a new migration")


_OLD = "CREATE TABLE orders (id bigint);\n"
_NEW = "CREATE TABLE orders (id bigint, total int);\n"

rule = Rule(
    code="DP904",
    name="applied-migration-edited",
    summary="A migration that the main branch has was edited",
    severity=Severity.WARNING,
    on_history=_check,
    cases=(
        bad(
            _NEW,
            name="V1__orders.sql",
            main={"V1__orders.sql": _OLD},
            framework="flyway",
            why="the checksum is another one",
            line=1,
            certainty=None,
        ),
        bad(
            f"-- remark\n{_OLD}",
            name="1_orders.sql",
            main={"1_orders.sql": _OLD},
            framework="sqlx",
            why="a checksum counts remarks too",
            line=1,
            certainty=None,
        ),
        bad(
            _NEW,
            name="20250101000000_orders.sql",
            main={"20250101000000_orders.sql": _OLD},
            framework="supabase",
            why="without a checksum nobody is told",
            line=1,
            certainty=None,
        ),
        good(
            f"-- remark\n{_OLD}",
            name="20250101000000_orders.sql",
            main={"20250101000000_orders.sql": _OLD},
            framework="supabase",
            why="no statement of it has changed",
        ),
        good(
            "CREATE OR REPLACE VIEW ones AS SELECT 1 AS one;\n",
            name="R__ones.sql",
            main={"R__ones.sql": "CREATE OR REPLACE VIEW ones AS SELECT 1 AS n;\n"},
            framework="flyway",
            why="a repeatable migration is there to be edited",
        ),
        good(_NEW, name="V1__orders.sql", main={}, framework="flyway", why="the main branch does not have it"),
    ),
)
