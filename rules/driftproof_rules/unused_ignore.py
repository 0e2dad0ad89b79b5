"""An ignore comment that suppresses nothing, or that can't be understood.

## What it does

Reports `-- driftproof: ignore[...]` and `ignore-file[...]` comments whose rules find nothing where they stand, and
those that are written wrong.

## Why it matters

A comment that hides nothing today hides the next real finding tomorrow.

## Example

    SELECT 1; -- driftproof: ignore[DP101] the table is old

## Instead

Remove the comment.

## Fix safety

There is no automatic fix.
"""

from driftproof import Diagnostic, FileContext, Ignore, Rule, Severity, bad, good


def _check(rule: Rule, file: FileContext, ignore: Ignore) -> Diagnostic:
    return rule.at(file, ignore.start, ignore.end, ignore.message, help="remove the comment")


rule = Rule(
    code="DP003",
    name="unused-ignore",
    summary="An ignore comment that suppresses nothing",
    severity=Severity.WARNING,
    on_ignore=_check,
    cases=(
        bad("SELECT 1; -- driftproof: ignore[DP101] why\n", why="nothing is found here", line=1, certainty=None),
        bad("SELECT 1; -- driftproof: ignore DP101\n", why="the brackets are missing", line=1, certainty=None),
        good(
            """\
CREATE TABLE IF NOT EXISTS t (a int);
COMMENT ON COLUMN t.a IS 'x'; -- driftproof: ignore[DP101] made here in all environments
""",
            why="it suppresses a finding",
        ),
    ),
)
