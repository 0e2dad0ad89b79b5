"""A statement needs a column that the table may lack.

## What it does

Finds statements that name a column of a table, where some database may have the table without that column: most often
because `CREATE TABLE IF NOT EXISTS` leaves a table that already exists as it is, with whatever columns it has.
Comments, indexes, policies, triggers, views, constraints, foreign keys, INSERT, UPDATE and SELECT are all checked,
with the names resolved as PostgreSQL resolves them.

`always`: the column is missing in a fresh database too. `drift`: it is missing where the table was there before, from
an earlier attempt or made by hand.

## Why it matters

The migration fails with `column "configuration" of relation "integrations" does not exist` (SQLSTATE 42703), but only
on the database that matters: the old one. An INSERT that lists no columns and has a value for each fails with `INSERT
has more expressions than target columns` (42601); what needs the sequence of a serial or identity column fails with
42P01.

## Example

    CREATE TABLE IF NOT EXISTS integrations (id uuid PRIMARY KEY, configuration jsonb DEFAULT '{}');
    COMMENT ON COLUMN integrations.configuration IS 'Settings';

## Instead

Make sure of the column between the two:

    DO $$
    BEGIN
        IF NOT EXISTS (
            SELECT 1 FROM information_schema.columns
            WHERE table_schema = 'public'
              AND table_name = 'integrations'
              AND column_name = 'configuration'
        ) THEN
            ALTER TABLE integrations ADD COLUMN configuration jsonb DEFAULT '{}';
        END IF;
    END $$;

or, shorter, `ALTER TABLE integrations ADD COLUMN IF NOT EXISTS configuration jsonb DEFAULT '{}';`

## Fix safety

Safe: a fresh database ends in the same schema, a database that lacks the column gets it as the CREATE TABLE writes it.
NOT NULL without a default is set only where no row has NULL; a key, a CHECK or a foreign key that existing rows break
is left out, with a warning. An INSERT that lists no columns is given the list, because the column comes last in the old
table; unsafe where that list can't be told.
"""

from driftproof import Certainty, Diagnostic, Failure, Rule, StatementContext, bad, good, guard, missing


def _check(rule: Rule, context: StatementContext, failure: Failure) -> Diagnostic | None:
    return missing(rule, context, failure, ("column",), guard)


rule = Rule(
    code="DP101",
    name="column-not-guaranteed",
    summary="A statement needs a column that the table may lack",
    sqlstates=("42703", "42601", "42P01"),
    on_failure=_check,
    cases=(
        bad(
            """\
CREATE TABLE IF NOT EXISTS integrations (
    id uuid PRIMARY KEY,
    configuration jsonb DEFAULT '{}'
);

COMMENT ON COLUMN integrations.configuration IS 'Settings';
""",
            why="IF NOT EXISTS leaves an old table without the commented column",
            line=6,
            fixed="""\
CREATE TABLE IF NOT EXISTS integrations (
    id uuid PRIMARY KEY,
    configuration jsonb DEFAULT '{}'
);

-- Ensure columns exist (for existing tables)
DO $$
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM information_schema.columns
        WHERE table_schema = 'public'
          AND table_name = 'integrations'
          AND column_name = 'configuration'
    ) THEN
        ALTER TABLE integrations ADD COLUMN configuration jsonb DEFAULT '{}';
    END IF;
END $$;

COMMENT ON COLUMN integrations.configuration IS 'Settings';
""",
        ),
        bad(
            """\
CREATE TABLE IF NOT EXISTS levels (name text);
INSERT INTO levels VALUES ('first');
""",
            why="an INSERT that has a value for each column needs them all, in their order",
            line=2,
            fixed="""\
CREATE TABLE IF NOT EXISTS levels (name text);

-- Ensure columns exist (for existing tables)
DO $$
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM information_schema.columns
        WHERE table_schema = 'public'
          AND table_name = 'levels'
          AND column_name = 'name'
    ) THEN
        ALTER TABLE levels ADD COLUMN name text;
    END IF;
END $$;

INSERT INTO levels (name) VALUES ('first');
""",
        ),
        bad(
            """\
CREATE TABLE IF NOT EXISTS jobs (id bigint, owner uuid NOT NULL, state text NOT NULL DEFAULT 'new');
CREATE INDEX jobs_owner ON jobs (owner);
""",
            why="NOT NULL without a default is set only where the rows allow it",
            line=2,
            fixed="""\
CREATE TABLE IF NOT EXISTS jobs (id bigint, owner uuid NOT NULL, state text NOT NULL DEFAULT 'new');

-- Ensure columns exist (for existing tables)
DO $$
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM information_schema.columns
        WHERE table_schema = 'public'
          AND table_name = 'jobs'
          AND column_name = 'owner'
    ) THEN
        ALTER TABLE jobs ADD COLUMN owner uuid;
        IF EXISTS (SELECT 1 FROM jobs WHERE owner IS NULL) THEN
            RAISE WARNING 'jobs.owner: existing rows have no value, NOT NULL was not set';
        ELSE
            ALTER TABLE jobs ALTER COLUMN owner SET NOT NULL;
        END IF;
    END IF;
END $$;

CREATE INDEX jobs_owner ON jobs (owner);
""",
        ),
        bad(
            """\
CREATE TABLE IF NOT EXISTS spans (id bigint, starts date, ends date, CHECK (starts < ends));
CREATE VIEW open_spans AS SELECT id FROM spans WHERE ends > now();
""",
            why="a table constraint went missing with the column, and comes back with it",
            line=2,
            fixed=None,
        ),
        bad(
            """\
CREATE TABLE IF NOT EXISTS tags (id bigint PRIMARY KEY, name text UNIQUE);
CREATE TABLE taggings (tag bigint REFERENCES tags (id));
""",
            why="a foreign key needs the referenced column; making a primary key is unsafe",
            line=2,
            fixed="""\
CREATE TABLE IF NOT EXISTS tags (id bigint PRIMARY KEY, name text UNIQUE);

-- Ensure columns exist (for existing tables)
DO $$
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM information_schema.columns
        WHERE table_schema = 'public'
          AND table_name = 'tags'
          AND column_name = 'id'
    ) THEN
        ALTER TABLE tags ADD COLUMN id bigint;
        BEGIN
            ALTER TABLE tags ADD CONSTRAINT tags_pkey PRIMARY KEY (id);
        EXCEPTION
            WHEN invalid_table_definition OR not_null_violation OR unique_violation THEN
                RAISE WARNING 'tags: existing rows break tags_pkey, it was not added';
        END;
    END IF;
END $$;

DO $$
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM pg_constraint
        WHERE conrelid = 'public.tags'::regclass
          AND conname = 'tags_pkey'
    ) THEN
        ALTER TABLE tags ADD CONSTRAINT tags_pkey PRIMARY KEY (id);
    END IF;
EXCEPTION
    WHEN undefined_column THEN
        NULL; -- it comes with the last of its columns
    WHEN invalid_table_definition OR not_null_violation OR unique_violation THEN
        RAISE WARNING 'tags: existing rows break tags_pkey, it was not added';
END $$;

CREATE TABLE taggings (tag bigint REFERENCES tags (id));
""",
        ),
        bad(
            "COMMENT ON COLUMN orders.total IS 'In cents';\n",
            why="the history made the table without that column: it fails everywhere",
            line=1,
            certainty=Certainty.ALWAYS,
            earlier=("CREATE TABLE orders (id bigint PRIMARY KEY);\n",),
        ),
        bad(
            "CREATE TABLE IF NOT EXISTS orders (id bigint, total int);\nCREATE INDEX ON orders (total);\n",
            why="the second CREATE does nothing on any database",
            line=2,
            certainty=Certainty.ALWAYS,
            earlier=("CREATE TABLE orders (id bigint PRIMARY KEY);\n",),
        ),
        good(
            "CREATE TABLE t (a int);\nCOMMENT ON COLUMN t.a IS 'x';\n",
            why="a plain CREATE TABLE fails where the table is there, so it guarantees its columns",
        ),
        good(
            """\
CREATE TABLE IF NOT EXISTS t (a int, b int);
ALTER TABLE t ADD COLUMN IF NOT EXISTS b int;
CREATE INDEX ON t (b);
""",
            why="ADD COLUMN IF NOT EXISTS guarantees the column",
        ),
        good(
            """\
CREATE TABLE IF NOT EXISTS t (a int, b int);
DO $$ BEGIN ALTER TABLE t ADD COLUMN b int; EXCEPTION WHEN duplicate_column THEN NULL; END $$;
CREATE INDEX ON t (b);
""",
            why="so does a handler for duplicate_column",
        ),
        good("COMMENT ON COLUMN made_by_hand.a IS 'x';\n", why="nothing is known of a table that was never made here"),
    ),
)
