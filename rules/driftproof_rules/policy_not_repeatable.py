"""A second run makes a policy that the first run made.

## What it does

Finds CREATE POLICY that fails when the file runs again over its own effects. There is no IF NOT EXISTS for policies.

Reported where a run mode keeps what was done before a failure (as information: it takes a run that stopped half-way),
and everywhere with `--rerun always`.

## Why it matters

The second run fails with `policy "own" for table "orders" already exists` (SQLSTATE 42710).

## Example

    CREATE POLICY own ON orders USING (true);

## Instead

`DROP POLICY IF EXISTS own ON orders;` before it.

## Fix safety

Safe: the policy is dropped, if it is there, before it is made, so that it always is as the file says.
"""

from driftproof import Certainty, Diagnostic, Failure, Rule, Severity, StatementContext, bad, good, repeatable, repeated


def _check(rule: Rule, context: StatementContext, failure: Failure) -> Diagnostic | None:
    if (
        failure.certainty is not Certainty.RERUN
        or failure.companion
        or failure.missing
        or failure.object.kind != "policy"
    ):
        return None
    return repeated(rule, context, failure, help="DROP POLICY IF EXISTS before it makes it repeatable", fix=repeatable)


rule = Rule(
    code="DP205",
    name="policy-not-repeatable",
    summary="A second run makes a policy that the first run made",
    severity=Severity.WARNING,
    sqlstates=("42710",),
    on_failure=_check,
    cases=(
        bad(
            """\
CREATE POLICY own ON orders USING (true);
ALTER TABLE orders ENABLE ROW LEVEL SECURITY;
""",
            why="the policy is there the second time",
            line=1,
            certainty=Certainty.RERUN,
            earlier=("CREATE TABLE orders (id bigint);\n",),
            fixed="""\
DROP POLICY IF EXISTS own ON orders;
CREATE POLICY own ON orders USING (true);
ALTER TABLE orders ENABLE ROW LEVEL SECURITY;
""",
        ),
        good(
            """\
CREATE TABLE IF NOT EXISTS orders (id bigint);
DROP POLICY IF EXISTS own ON orders;
CREATE POLICY own ON orders USING (true);
""",
            why="it is dropped before",
        ),
    ),
)
