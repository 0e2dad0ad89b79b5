"""A statement needs a unique key that the table may lack.

## What it does

Finds foreign keys and `ON CONFLICT (...)` whose columns no primary key, unique constraint or unique index covers: the
history makes none, or an old table may lack it, because `CREATE TABLE IF NOT EXISTS` and `ADD COLUMN IF NOT EXISTS`
leave what already exists as it is.

## Why it matters

The migration fails with `there is no unique or exclusion constraint matching the ON CONFLICT specification` (SQLSTATE
42P10) or `there is no unique constraint matching given keys for referenced table "users"` (42830). A partial unique
index, or one on an expression, does not count; neither does an index on more or fewer columns.

## Example

    ALTER TABLE users ADD COLUMN IF NOT EXISTS email text UNIQUE;
    INSERT INTO users (email) VALUES ('a@b.c') ON CONFLICT (email) DO NOTHING;

## Instead

`CREATE UNIQUE INDEX IF NOT EXISTS users_email_key ON users (email);` before it.

## Fix safety

Safe where there is a fix: a fresh database ends in the same schema. The constraint is added where it is missing; where
existing rows break it, the block warns and leaves it out.
"""

from driftproof import Certainty, Diagnostic, Failure, Rule, StatementContext, bad, good, guard, missing


def _check(rule: Rule, context: StatementContext, failure: Failure) -> Diagnostic | None:
    return missing(rule, context, failure, ("key", "constraint", "index"), guard)


rule = Rule(
    code="DP110",
    name="key-not-guaranteed",
    summary="A statement needs a unique key that the table may lack",
    sqlstates=("42P10", "42830"),
    on_failure=_check,
    cases=(
        bad(
            "INSERT INTO users VALUES (1, 'a@b.c') ON CONFLICT (email) DO NOTHING;\n",
            why="no key covers the column",
            line=1,
            certainty=Certainty.ALWAYS,
            earlier=("CREATE TABLE users (id bigint PRIMARY KEY, email text);\n",),
        ),
        bad(
            "CREATE TABLE members (team int, person bigint REFERENCES users (id));\n",
            why="the key has another column beside it",
            line=1,
            certainty=Certainty.ALWAYS,
            earlier=("CREATE TABLE users (id bigint, tenant int, PRIMARY KEY (id, tenant));\n",),
        ),
        bad(
            """\
ALTER TABLE users ADD COLUMN IF NOT EXISTS email text UNIQUE;
INSERT INTO users (id, email) VALUES (1, 'a@b.c') ON CONFLICT (email) DO NOTHING;
""",
            why="an old column may be there without its key",
            line=2,
            earlier=("CREATE TABLE users (id bigint PRIMARY KEY);\n",),
        ),
        bad(
            """\
CREATE TABLE IF NOT EXISTS spans (starts date, ends date, CONSTRAINT one_each UNIQUE (starts, ends));
COMMENT ON COLUMN spans.starts IS 'First day';
COMMENT ON COLUMN spans.ends IS 'Last day';
INSERT INTO spans (starts, ends) VALUES ('2025-01-01', '2025-01-31') ON CONFLICT (starts, ends) DO NOTHING;
""",
            why="an old table may have the columns and not the key",
            line=4,
            fixed="""\
CREATE TABLE IF NOT EXISTS spans (starts date, ends date, CONSTRAINT one_each UNIQUE (starts, ends));

-- Ensure columns exist (for existing tables)
DO $$
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM information_schema.columns
        WHERE table_schema = 'public'
          AND table_name = 'spans'
          AND column_name = 'starts'
    ) THEN
        ALTER TABLE spans ADD COLUMN starts date;
    END IF;
END $$;

DO $$
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM information_schema.columns
        WHERE table_schema = 'public'
          AND table_name = 'spans'
          AND column_name = 'ends'
    ) THEN
        ALTER TABLE spans ADD COLUMN ends date;
    END IF;
END $$;

DO $$
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM pg_constraint
        WHERE conrelid = 'public.spans'::regclass
          AND conname = 'one_each'
    ) THEN
        ALTER TABLE spans ADD CONSTRAINT one_each UNIQUE (starts, ends);
    END IF;
EXCEPTION
    WHEN undefined_column THEN
        NULL; -- it comes with the last of its columns
    WHEN unique_violation THEN
        RAISE WARNING 'spans: existing rows break one_each, it was not added';
END $$;

COMMENT ON COLUMN spans.starts IS 'First day';
COMMENT ON COLUMN spans.ends IS 'Last day';
INSERT INTO spans (starts, ends) VALUES ('2025-01-01', '2025-01-31') ON CONFLICT (starts, ends) DO NOTHING;
""",
        ),
        good(
            """\
CREATE TABLE IF NOT EXISTS users (id bigint, email text);
ALTER TABLE users ADD COLUMN IF NOT EXISTS email text;
CREATE UNIQUE INDEX IF NOT EXISTS users_email_key ON users (email);
INSERT INTO users (email) VALUES ('a@b.c') ON CONFLICT (email) DO NOTHING;
""",
            why="the index is made sure of",
        ),
        good(
            """\
CREATE TABLE users (id bigint, email text);
CREATE UNIQUE INDEX ON users (email) WHERE id > 0;
INSERT INTO users VALUES (1, 'a@b.c') ON CONFLICT (email) WHERE id > 0 DO NOTHING;
""",
            why="a partial index serves where its WHERE is given",
        ),
    ),
)
