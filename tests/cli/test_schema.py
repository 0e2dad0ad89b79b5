"""``driftproof schema`` on the command line, and its formats."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Project

EXAMPLE = str(Path(__file__).parents[2] / "examples" / "integrations")

INTEGRATION = """\
export interface Integration {
  id: string;
  organization_id: string;
  integration_type: string;
  is_active: boolean;
  configuration: Record<string, any> | null;
  credentials: Record<string, any> | null;
  status: "active" | "inactive" | "error" | "rate_limited";
  last_sync_at: string | null;
  last_error: string | null;
  created_at: string;
  updated_at: string;
}
"""
FORMATS = ("sql", "json", "typescript", "mermaid")


def code(typescript: str) -> str:
    """The text without its remarks."""
    return re.sub(r"^ *(?:/\*\*.*\*/|\* .*|/\*\*|\*/)\n", "", typescript, flags=re.MULTILINE)


def test_the_interface_of_the_example(project: Project) -> None:
    result = project.run("schema", EXAMPLE, "--format", "typescript")
    assert (result.status, result.err) == (0, "")
    assert INTEGRATION in code(result.out)


def test_types_of_typescript(project: Project) -> None:
    project.add(
        "CREATE TYPE mood AS ENUM ('sad', 'it''s');\n"
        "CREATE DOMAIN code AS text CHECK (VALUE IN ('a', 'b'));\n"
        "CREATE TYPE pair AS (x int, y text);\n"
        "CREATE TABLE user_addresses (m mood, ms mood[] NOT NULL, c code NOT NULL, p pair, n numeric(10, 2),"
        ' big bigint, "odd name" date, j json NOT NULL, t text[] NOT NULL, v vector(3), r int4range,'
        " CHECK (n IN (1, 2)), kind text CHECK (kind = ANY (ARRAY['x'::text, 'y'::text])));\n"
        "CREATE TABLE companies (); CREATE TABLE statuses (); CREATE SCHEMA app; CREATE TABLE app.companies ();\n"
    )
    out = code(project.run("schema", "--format", "typescript").out)
    for line in (
        '  m: "sad" | "it\'s" | null;',
        '  ms: ("sad" | "it\'s")[];',
        '  c: "a" | "b";',
        "  p: Pair | null;",
        "  n: number | null;",
        "  big: number | null;",
        '  "odd name": string | null;',
        "  j: Record<string, any>;",
        "  t: string[];",
        "  v: unknown | null;",
        '  kind: "x" | "y" | null;',
        "export interface UserAddress {",
        "export interface Company {",
        "export interface AppCompany {",
        "export interface Status {",
        "export interface Pair {",
    ):
        assert line in out.splitlines(), line


def test_doubt_is_said_in_every_format(project: Project) -> None:
    path = project.add(f"{project.create}CREATE INDEX ON nowhere (a);\n")
    reason = "CREATE TABLE IF NOT EXISTS leaves a table that already exists as it is"
    for form in FORMATS:
        out = project.run("schema", "--format", form).out
        assert reason in out, form
        assert path.name in out, form
        assert "nowhere" in out, form
    document = project.run("schema", "--format", "json").json
    [table] = [item for item in document["relations"] if item["kind"] == "table"]
    assert [column["doubt"]["presence"] for column in table["columns"]] == ["maybe", "maybe"]
    assert table["columns"][1]["doubt"]["line"] == 1


# The words of mermaid's lexer. Source: erDiagram.jison.
WORD = r"(?!(?i:[PFU]K)(?![A-Za-z0-9_]))[A-Za-z_\u00C0-\uFFFF][A-Za-z0-9_\-\u00C0-\uFFFF]*"
ENTITY = r'"[^"%\r\n\v\x08\\]+"'
LINES = [
    re.compile(r"erDiagram\Z"),
    re.compile(r" *%%[^\n]*\Z"),
    re.compile(rf" *{ENTITY}(?: \{{)?\Z"),
    re.compile(rf' *{WORD} {WORD}(?: (?:PK|FK|UK)(?:, (?:PK|FK|UK))*)?(?: "[^"]*")?\Z'),
    re.compile(r" *\}\Z"),
    re.compile(rf' *{ENTITY} (?:\|\||\|o)--(?:o\||o\{{) {ENTITY} : "[^"]*"\Z'),
]


def test_mermaid_takes_every_line(project: Project) -> None:
    project.add(
        'CREATE TABLE "odd ""name%\\" ("1 a" int PRIMARY KEY, "b""c" varchar(20)[] , "größe" timestamptz);\n'
        'CREATE TABLE child (a int UNIQUE REFERENCES "odd ""name%\\", b int NOT NULL REFERENCES "odd ""name%\\");\n'
        'CREATE TABLE keys (pk int PRIMARY KEY, "UK" int, "FK-x" int, pkx int);\n'
        "CREATE TABLE nothing (); CREATE SCHEMA app; CREATE TABLE app.t (u uuid REFERENCES auth.users);\n"
    )
    lines = project.run("schema", "--format", "mermaid").out.splitlines()
    for line in lines:
        assert any(pattern.match(line) for pattern in LINES), line
    assert '        integer _pk PK "named pk"' in lines
    assert '    "odd _name__" |o--o| "child" : "child_a_fkey"' in lines
    assert '    "odd _name__" ||--o{ "child" : "child_b_fkey"' in lines
    assert '    "auth.users" |o--o{ "app.t" : "t_u_fkey"' in lines


@pytest.mark.parametrize("form", FORMATS)
def test_the_same_bytes_every_time(form: str) -> None:
    outputs = {
        subprocess.run(
            [sys.executable, "-m", "driftproof", "schema", EXAMPLE, "--format", form],
            capture_output=True,
            check=True,
            env={"PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(outputs) == 1


def test_a_file_is_where_it_ends(project: Project) -> None:
    project.add("CREATE TABLE a (id int);\n", "20250101000000_a.sql")
    project.add("CREATE TABLE b (id int);\n", "20250102000000_b.sql")
    first = project.run("schema", f"{project.migrations}/20250101000000_a.sql", "--format", "json").json
    assert [table["name"] for table in first["relations"]] == ["a"]
    both = project.run("schema", "--format", "json").json
    assert [table["name"] for table in both["relations"]] == ["a", "b"]
    piped = project.run("schema", "-", "--format", "json", stdin=b"CREATE TABLE c (id int);").json
    assert [table["name"] for table in piped["relations"]] == ["c"]


def test_what_can_not_run_is_said(project: Project) -> None:
    project.add("CREATE TABLE a (id int);\nALTER TABLE a DROP COLUMN x;\nSELEC 1;\n")
    result = project.run("schema", "--format", "json")
    assert result.status == 0
    assert [item["name"].rpartition(":")[2] for item in result.json["unknown"]] == ["3", "2"]
    assert "42703" in result.json["unknown"][1]["why"]


def test_what_is_known_only_when_it_runs_is_said(project: Project) -> None:
    project.add(
        "CREATE TABLE a (id int);\nDO $$ DECLARE r record; BEGIN\n"
        "  FOR r IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP\n"
        "    EXECUTE format('ALTER TABLE public.%I DISABLE ROW LEVEL SECURITY', r.tablename);\n  END LOOP;\nEND $$;\n"
    )
    [said] = project.run("schema", "--format", "json").json["unknown"]
    assert said["name"].endswith(":2")
    assert said["why"].endswith("only when it runs: ALTER TABLE public.... DISABLE ROW LEVEL SECURITY")


def test_what_needs_a_function_that_is_not_known_is_a_comment(project: Project) -> None:
    project.add(
        "CREATE TABLE t (a int);\nCREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';\n"
        "CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();\n"
        "COMMENT ON TRIGGER g ON t IS 'x';\n"
        "DO $$ DECLARE d text; BEGIN SELECT pg_get_functiondef(oid) INTO d FROM pg_proc WHERE proname = 'f';\n"
        "  EXECUTE replace(d, 'f()', 'g()'); END $$;\n"
    )
    out = project.run("schema").out
    assert "-- unknown: it needs a function that is not known: public.f\n-- CREATE TRIGGER g" in out
    assert "\n-- COMMENT ON TRIGGER g" in out
    assert "\nCREATE T" not in out.replace("\nCREATE TABLE public.t", "")


def test_what_is_made_elsewhere_is_not_guessed(project: Project) -> None:
    project.add("ALTER TABLE old ADD COLUMN x int;\nCREATE POLICY p ON storage.objects USING (true);\n")
    out = project.run("schema").out
    assert "--   relation public.old: no statement of this history makes it" in out
    assert "\nCREATE POLICY p ON storage.objects" in out
    assert "\nCREATE TABLE" not in out


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("nowhere",), "no such file or directory: nowhere"),
        (("--format", "xml"), "xml"),
        ((), "no migration directory"),
        (("--config", "x", "--isolated"), "exclude each other"),
    ],
)
def test_calls_that_cannot_be_used(project: Project, args: tuple[str, ...], said: str) -> None:
    result = project.run("schema", *args)
    assert (result.status, result.out) == (2, "")
    assert said in result.err
    assert result.err.count("\n") == 1


def test_a_file_that_is_no_text_is_refused(project: Project) -> None:
    project.add(b"CREATE TABLE a (); -- \xff")
    result = project.run("schema")
    assert (result.status, result.out) == (2, "")
    assert "not UTF-8" in result.err
