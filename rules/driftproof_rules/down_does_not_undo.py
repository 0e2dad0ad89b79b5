"""A way back leaves something of its migration, or does not bring back what that took away.

## What it does

Reads each way back behind its migration (with `--direction both` or `down`), and compares what is there before the
migration and behind its way back: schemas, tables and other relations, types, columns, constraints, policies and
triggers. What is not certain is passed, and so is a way back that fails.

## Why it matters

The migration can't be applied again after it was taken back: what it makes is there already. And whoever takes it back
believes to have the old schema.

## Example

    -- 2_add.up.sql
    ALTER TABLE orders ADD COLUMN total int;
    CREATE TABLE items (id bigint);
    -- 2_add.down.sql
    DROP TABLE items;

## Instead

Undo all of it, in the opposite order.

## Fix safety

There is no automatic fix.
"""

from collections.abc import Iterator

from driftproof import Diagnostic, FileContext, Rule, Severity, bad, described, good


def _check(rule: Rule, file: FileContext) -> Iterator[Diagnostic]:
    for what in file.left:
        yield rule.about(file.migration.source, f"{described(what)} is left, which the migration made")
    for what in file.lost:
        yield rule.about(file.migration.source, f"{described(what)} does not come back, which the migration took away")


_TABLE = "CREATE TABLE orders (id bigint);\n"
_MARK = "-- +goose Down\n"

rule = Rule(
    code="DP910",
    name="down-does-not-undo",
    summary="A way back leaves something of its migration, or does not bring back what that took away",
    severity=Severity.WARNING,
    default=False,
    on_undone=_check,
    cases=(
        bad(
            f"-- +goose Up\nALTER TABLE orders ADD COLUMN total int;\n{_MARK}SELECT 1;\n",
            why="the column stays",
            line=1,
            certainty=None,
            earlier=(_TABLE,),
            framework="goose",
            direction="both",
        ),
        bad(
            f"-- +goose Up\nDROP TABLE orders;\n{_MARK}SELECT 1;\n",
            why="the table is gone for good",
            line=1,
            certainty=None,
            earlier=(_TABLE,),
            framework="goose",
            direction="both",
        ),
        good(
            "-- +goose Up\nALTER TABLE orders ADD COLUMN total int CHECK (total > 0);\n"
            f"CREATE TABLE items (id serial);\n{_MARK}DROP TABLE items;\nALTER TABLE orders DROP COLUMN total;\n",
            why="all of it is taken back, with what goes along",
            earlier=(_TABLE,),
            framework="goose",
            direction="both",
        ),
    ),
)
