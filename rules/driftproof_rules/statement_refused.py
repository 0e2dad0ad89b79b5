"""A statement that PostgreSQL refuses in every database.

## What it does

Finds statements that fail although all that they need is there: a foreign key between columns of types that don't
compare, an index or a generated column of what is not immutable, a function whose parameters with defaults stand before
others without, an `INSERT` of more values than columns or of another type, a column that two tables offer, and the
like.

## Why it matters

No state of a database lets it run, so the migration has never run as it stands: `foreign key constraint ... cannot be
implemented` (SQLSTATE 42804), `functions in index predicate must be marked IMMUTABLE` (42P17), `input parameters after
one with a default value must also have defaults` (42P13).

## Example

    CREATE TABLE sessions (id bigint, expires_at timestamptz);
    CREATE INDEX live ON sessions (id) WHERE expires_at > now();

## Instead

Write what PostgreSQL takes: here an index on `(expires_at, id)`, and the condition in the queries.

## Fix safety

There is no automatic fix.
"""

from driftproof import Certainty, Diagnostic, Rule, StatementContext, bad, good

_REASONS = {
    "0A000": "PostgreSQL does not do that here",
    "22P02": "a value is none of its type",
    "42601": "the numbers of values and of columns differ, or it is no statement",
    "42701": "a column is listed twice",
    "42702": "a name means two columns",
    "42712": "two tables of a query have one name",
    "42803": "an aggregate stands where none may, or a column is not grouped by",
    "42804": "types do not match",
    "42883": "there is no such operator for these types",
    "42P01": "a table is not among those of the query",
    "42P10": "a column is meant that the query does not give",
    "42P13": "the function's declaration contradicts itself",
    "42P16": "no such table can be made",
    "42P17": "what is stored must be immutable",
    "42P20": "a window function stands where none may",
    "55000": "the object is not of the kind that this needs",
}


def _check(rule: Rule, context: StatementContext, sqlstate: str) -> Diagnostic:
    reason = _REASONS.get(sqlstate, "it contradicts itself, or what is there")
    return rule.refused(context, sqlstate, f"this is refused in every database: {reason}: {sqlstate}")


rule = Rule(
    code="DP125",
    name="statement-refused",
    summary="A statement that PostgreSQL refuses in every database",
    on_refusal=_check,
    cases=(
        bad(
            "CREATE TABLE lines (product text REFERENCES products (id));\n",
            why="a text refers to a uuid",
            line=1,
            certainty=Certainty.ALWAYS,
            earlier=("CREATE TABLE products (id uuid PRIMARY KEY);\n",),
        ),
        bad(
            "CREATE TABLE sessions (id bigint, expires_at timestamptz);\n"
            "CREATE INDEX live ON sessions (id) WHERE expires_at > now();\n",
            why="now() is not immutable",
            line=2,
            certainty=Certainty.ALWAYS,
        ),
        bad(
            "CREATE FUNCTION total(cents int DEFAULT 0, factor int) RETURNS int LANGUAGE sql AS 'SELECT 1';\n",
            why="a parameter without a default stands behind one that has",
            line=1,
            certainty=Certainty.ALWAYS,
        ),
        bad(
            "CREATE TABLE orders (id bigint, total int);\n"
            "CREATE TABLE lines (id bigint, its bigint);\n"
            "CREATE VIEW totals AS SELECT id, total FROM orders JOIN lines ON its = orders.id;\n",
            why="both tables have the column",
            line=3,
            certainty=Certainty.ALWAYS,
        ),
        good(
            """\
CREATE TABLE products (id uuid PRIMARY KEY, name varchar(20) UNIQUE, made_at date);
CREATE TABLE lines (product uuid REFERENCES products (id), called text REFERENCES products (name));
CREATE INDEX old ON products (made_at) WHERE made_at < '2020-01-01';
CREATE FUNCTION total(cents int, factor int DEFAULT 1) RETURNS int LANGUAGE sql AS 'SELECT cents * factor';
CREATE VIEW sold AS SELECT id, product FROM products JOIN lines ON product = id;
""",
            why="the types compare, the constant is one, the default stands last, the column is in one table",
        ),
        good(
            "DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'nobody') THEN\n"
            "    RAISE NOTICE 'none'; RETURN; END IF; RAISE EXCEPTION 'nobody is here'; END $$;\n",
            why="the file raises its error itself, and only somewhere",
        ),
    ),
)
