"""A statement that PostgreSQL's parser does not take.

## What it does

Reports each statement that does not parse, with the parser's own words and place; the bodies of DO blocks and of
PL/pgSQL functions too (not behind `SET check_function_bodies = off`, as PostgreSQL does). The other statements of the
file are checked all the same. psql's meta-commands and the data of COPY FROM STDIN are left aside.

## Why it matters

The migration fails with SQLSTATE 42601, before anything of it runs in most tools.

## Example

    CREATE TABEL orders (id bigint);

## Instead

    CREATE TABLE orders (id bigint);

## Fix safety

There is no automatic fix.
"""

from collections.abc import Iterator

from driftproof import Diagnostic, FileContext, Rule, bad, good


def _check(rule: Rule, file: FileContext) -> Iterator[Diagnostic]:
    size = len(file.migration.source.data)
    for failure in file.syntax_failures:
        at = min(failure.at, size)
        yield rule.at(file, at, max(at, min(failure.end, file.migration.source.line_end(at))), failure.message)


rule = Rule(
    code="DP001",
    name="syntax-error",
    summary="A statement that PostgreSQL's parser does not take",
    on_file=_check,
    cases=(
        bad("CREATE TABEL t (a int);\nCREATE TABLE u (a int);\n", why="a misspelt keyword", line=1, certainty=None),
        bad("SELECT 1;\nSELECT 'abc;\n", why="a string without its end", line=2, certainty=None),
        bad(
            "SELECT 1;\nDO $$ BEGIN RAISE NOTICE 'a %'; END $$;\n",
            why="the body of a DO block",
            line=2,
            certainty=None,
        ),
        bad(
            "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN 1 END $$;\n",
            why="the body of a function",
            line=1,
            certainty=None,
        ),
        good(
            "SET check_function_bodies = off;\n"
            "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN 1 END $$;\n",
            why="the body is not checked",
        ),
        good("\\set ON_ERROR_STOP on\nSELECT 1;\n", why="psql's meta-commands are no SQL"),
        good("COPY t FROM stdin;\n1\t'\n\\.\nSELECT 1;\n", why="COPY's data are no SQL"),
    ),
)
