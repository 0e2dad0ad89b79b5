"""Each framework on a directory of its own: recognised, in order, in its run modes, and run to the same schema."""

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from driftproof.analysis import analyse
from driftproof.cli.inputs import Settings, read
from driftproof.diagnostic import Certainty, Severity
from driftproof.history import History, RunMode, left_out, names_of_frameworks, single
from driftproof.report.files import lines
from driftproof.rule import load_rules
from driftproof.runner.migrate import up
from driftproof.runner.platforms import prepare
from driftproof.runner.server import Server
from driftproof.unusable import Unusable
from tests.histories import check, history_of, write

EXAMPLES = Path(__file__).parent / "examples"

# Of each example: the files in their order, each with the letter of its run mode; what is left out; what stands alone.
EXPECTED = {
    "alembic": ("1_to_head.sql a", "", ""),
    "atlas": ("20240101000000_make.sql t, 20240102000000.sql t, 20240103000000_index.sql a", "", ""),
    "dbmate": ("20_make.sql t, 30_twice.sql t, 3_add.sql t, 4_index.sql s", "", ""),
    "diesel": (
        "00000000000000_diesel_initial_setup/up.sql t, 2024-01-02-000000_make/up.sql t,"
        " 2024-01-03-000000-0000_add/up.sql t, 2024-01-04-000000_index/up.sql s",
        "00000000000000_diesel_initial_setup/down.sql, 2024-01-02-000000_make/down.sql",
        "",
    ),
    "django": ("0001_make.sql a, 0002_add.sql a, 0010_index.sql a", "", ""),
    "drizzle": ("0000_make.sql b, 0002_add.sql b, 0001_index.sql b", "0003_by_hand.sql", ""),
    "efcore": ("1_idempotent.sql a", "", ""),
    "flyway": (
        "V1_9__make.sql t, later/V1.10__add.sql t, V2__index.sql a, V3__vacuum.sql a, R__twice.sql t",
        "U2__index.sql, v3__lower_case.sql",
        "afterMigrate.sql",
    ),
    "golang-migrate": (
        "9_make.up.sql s, 10_add.up.sql s, 0011_index.up.sql s",
        "10_add.down.sql, 9_make.down.sql",
        "",
    ),
    "goose": ("9_make.sql t, 10_add.sql t, 00011_index.sql a", "", ""),
    "graphile-migrate": (
        "committed/000001.sql t, committed/000002-add.sql t, committed/000003.sql s, current.sql t",
        "",
        "",
    ),
    "hasura": (
        "9_make/up.sql t, 10_add/up.sql t, 11_index/up.sql s",
        "12_nothing/up.sql, 9_make/down.sql",
        "",
    ),
    "liquibase": ("changes/make.sql t, changes/add.sql t, changes/a_index.sql a", "changes/notes.sql", ""),
    "node-pg-migrate": (
        "1700000000000_make.sql b, 20240101000000000_add.sql b, 1800000000000_index.sql b",
        "",
        "",
    ),
    "plain": ("9_make.sql a, 10_add.sql a, 11_index.sql a", "11_index.down.sql", ""),
    "play": ("9.sql a, 10.sql a, 11.sql a", "", ""),
    "postgres-migrations": ("1_make.sql t, 02-add.sql t, 3.sql s", "", ""),
    "prisma": (
        "20240101000000_make/migration.sql s, 20240102000000_add/migration.sql s, 20240103000000_index/migration.sql s",
        "20240102000000_add/down.sql",
        "",
    ),
    "refinery": ("V9__make.sql t, more/V10__add.sql t, U11__index.sql t", "V1-bad.sql", ""),
    "sqitch": (
        "deploy/make.sql a, deploy/twice@v1.sql a, deploy/add.sql a, deploy/twice.sql a, deploy/indexes/email.sql a",
        "revert/make.sql, verify/make.sql",
        "",
    ),
    "sqlx": ("9_make.sql t, 10_add.up.sql t, 11_index.sql s", "10_add.down.sql", ""),
    "supabase": (
        "20240101000000_make.sql p, 20240102000000_add.sql p, 20240103000000_index.sql p",
        "",
        "notes.sql",
    ),
    "synapse": (
        "common/full_schemas/72/full.sql.postgres t, main/full_schemas/72/full.sql.postgres t,"
        " common/delta/73/01twice.sql.postgres t, main/delta/73/02add.sql t, main/delta/100/01index.sql t",
        "main/delta/72/01old.sql",
        "",
    ),
    "tern": ("001_make.sql t, 002_add.sql t, 003_index.sql a", "", ""),
    "yoyo": (
        "0001.make.sql t, 0003.add.sql t, 0002.index.sql a",
        "0001.make.rollback.sql, post-apply.sql",
        "",
    ),
}


def read_example(name: str) -> tuple[History, list[str]]:
    """The history of an example, and the files that stand alone beside it."""
    histories = [job.history for job in read([str(EXAMPLES / name)], Settings(isolated=True))]
    return histories[-1], [Path(one.migrations[0].path).name for one in histories[:-1]]


def relative(history: History, path: Path) -> str:
    assert history.directory is not None
    return path.relative_to(history.directory).as_posix()


def test_every_framework_has_an_example() -> None:
    assert sorted(EXPECTED) == sorted(names_of_frameworks())
    assert sorted(EXPECTED) == sorted(path.name for path in EXAMPLES.iterdir())


@pytest.mark.parametrize("name", EXPECTED)
def test_a_directory_is_recognised_and_read_in_order(name: str) -> None:
    history, alone = read_example(name)
    order, passed_by, by_itself = EXPECTED[name]

    assert history.framework.name == name
    assert ", ".join(f"{relative(history, Path(one.path))} {one.run_mode[0]}" for one in history.migrations) == order
    said = [(relative(history, path), why) for path, why in left_out(history)]
    assert ", ".join(path for path, _ in said if path not in alone) == passed_by
    assert ", ".join(alone) == by_itself
    assert all(why for _, why in said)


@pytest.mark.parametrize("name", EXPECTED)
def test_one_file_is_judged_with_the_others(name: str) -> None:
    whole, _ = read_example(name)
    last = whole.migrations[-1]
    [job] = read([last.path], Settings(isolated=True))
    assert [one.path for one in job.history.migrations] == [one.path for one in whole.migrations]
    assert job.history.named == {last.index}


# Whose names or places tell them, not their texts.
_BY_NAME = {"atlas", "diesel", "drizzle", "flyway", "golang-migrate", "graphile-migrate", "hasura", "node-pg-migrate"}
_BY_NAME |= {
    "plain",
    "play",
    "postgres-migrations",
    "prisma",
    "refinery",
    "sqitch",
    "sqlx",
    "supabase",
    "synapse",
    "yoyo",
}


@pytest.mark.parametrize("name", sorted(set(EXPECTED) - _BY_NAME))
def test_a_text_that_lies_nowhere_is_recognised_by_what_it_says(name: str) -> None:
    first = read_example(name)[0].migrations[0]
    assert single("<stdin>", first.source.data).framework.name == name
    assert single("nowhere/x.sql", first.source.data).framework.name == name


def test_a_text_that_lies_nowhere_is_recognised_by_its_name() -> None:
    assert single("db/V1__a.sql", b"SELECT 1;").framework.name == "flyway"
    assert single("db/1_a.up.sql", b"SELECT 1;").framework.name == "golang-migrate"
    assert single("db/1_a.sql", b"SELECT 1;").framework.name == "plain"


def test_what_pg_dump_writes_is_not_taken_for_django() -> None:
    assert single("<stdin>", b"--\n-- PostgreSQL database dump\n--\n\nSELECT 1;\n").framework.name == "plain"


@pytest.mark.parametrize("name", EXPECTED)
def test_every_offset_stays(name: str) -> None:
    for migration in read_example(name)[0].migrations:
        source = migration.source
        assert len(source.sql.encode()) == len(source.data)
        assert [at for at, byte in enumerate(source.sql.encode()) if byte == 10] == [
            at for at, byte in enumerate(source.data) if byte == 10
        ]


def test_a_program_that_runs_tern_is_known_by_what_it_needs(tmp_path: Path) -> None:
    (tmp_path / "migrations").mkdir()
    (tmp_path / "migrations" / "001_a.sql").write_text("CREATE TABLE t ();\n")
    [job] = read([str(tmp_path / "migrations")], Settings(isolated=True))
    assert job.history.framework.name == "plain"
    (tmp_path / "go.mod").write_text("require github.com/jackc/tern/v2 v2.1.1\n")
    [job] = read([str(tmp_path / "migrations")], Settings(isolated=True))
    assert job.history.framework.name == "tern"


def test_names_that_goose_refuses(tmp_path: Path) -> None:
    for name in ("0_a.sql", "1_b.sql", "c.sql"):
        (tmp_path / name).write_text("-- +goose Up\nSELECT 1;\n")
    [job] = read([str(tmp_path)], Settings(isolated=True))
    assert [Path(one.path).name for one in job.history.migrations] == ["1_b.sql"]
    assert [(path.name, "refuses" in why) for path, why in left_out(job.history)] == [
        ("0_a.sql", True),
        ("c.sql", True),
    ]


def test_the_opt_out_of_the_way_down_is_not_that_of_the_way_up(tmp_path: Path) -> None:
    down = "---- create above / drop below ----\n---- tern: disable-tx ----\nDROP TABLE t;\n"
    (tmp_path / "001_a.sql").write_text(f"CREATE TABLE t ();\n{down}")
    (tmp_path / "002_b.sql").write_bytes(b"---- tern: disable-tx ----\r\nCREATE TABLE u ();\r\n")  # not with CRLF
    (tmp_path / "003_c.sql").write_text("---- tern: disable-tx ----\nCREATE TABLE u ();\n")
    [job] = read([str(tmp_path)], Settings(isolated=True))
    assert [one.run_mode[0] for one in job.history.migrations] == ["t", "t", "a"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("flyway.conf", "flyway.sqlMigrationPrefix=M\nflyway.sqlMigrationSeparator=-\n#flyway.group=true\n"),
        ("conf/flyway.conf", "flyway.sqlMigrationPrefix = M\nflyway.sqlMigrationSeparator = -\n"),
        ("flyway.toml", '[flyway]\nsqlMigrationPrefix = "M"\nsqlMigrationSeparator = "-"\n'),
        (
            "application.properties",
            "a.sql-migration-prefix=X\nspring.flyway.sql-migration-prefix=M\nspring.flyway.sql-migration-separator=-\n",
        ),
    ],
)
def test_flyway_says_how_its_files_are_called(tmp_path: Path, name: str, text: str) -> None:
    directory = tmp_path / "db" / "migration"
    directory.mkdir(parents=True)
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text(text)
    for file in ("M1-a.sql", "M1_1-b.sql", "V2__c.sql", "R-d.sql", "U1-a.sql"):
        (directory / file).write_text("SELECT 1;\n")
    history = [job.history for job in read([str(directory)], Settings(isolated=True))][-1]
    assert history.framework.name == "flyway"
    assert [(Path(one.path).name, one.version, one.repeatable, one.run_mode[0]) for one in history.migrations] == [
        ("M1-a.sql", "1", False, "t"),
        ("M1_1-b.sql", "1.1", False, "t"),
        ("R-d.sql", "R-d", True, "t"),
    ]


@pytest.mark.parametrize(
    ("said", "mode"), [("group=true", "b"), ("executeInTransaction=false", "a"), ("group=false", "t")]
)
def test_flyway_says_how_its_files_are_run(tmp_path: Path, said: str, mode: str) -> None:
    (tmp_path / "flyway.conf").write_text(f"flyway.{said}\n")
    (tmp_path / "V1__a.sql").write_text("SELECT 1;\n")
    [job] = read([str(tmp_path)], Settings(isolated=True))
    assert [one.run_mode[0] for one in job.history.migrations] == [mode]


def test_a_new_database_begins_with_the_last_checkpoint_of_atlas(tmp_path: Path) -> None:
    checkpoint = "-- atlas:checkpoint v1\n\nCREATE TABLE t ();\n"
    texts = {"1_a": "CREATE TABLE t ();\n", "2_b": checkpoint, "3_c": "SELECT 1;\n-- atlas:checkpoint\n\n"}
    for name, text in {**texts, "atlas": ""}.items():
        (tmp_path / f"{name}.sql").write_text(text)
    (tmp_path / "atlas.sql").rename(tmp_path / "atlas.sum")
    [job] = read([str(tmp_path)], Settings(isolated=True))
    assert [one.version for one in job.history.migrations] == ["2", "3"]
    assert [path.name for path, _ in left_out(job.history)] == ["1_a.sql"]
    book = job.history.framework.bookkeeping
    assert book is not None
    assert [list(book.applied(job.history.migrations, rows)) for rows in ([], ["1"], ["2", "3"])] == [
        [],
        ["1", "2"],
        ["2", "3"],
    ]


def test_files_that_no_journal_lists_are_run_by_hand(tmp_path: Path) -> None:
    (tmp_path / "meta").mkdir()
    (tmp_path / "meta" / "_journal.json").write_text('{"entries": [{"tag": "0000_gone"}]}')
    for name in ("10_b.sql", "9_a.sql"):
        (tmp_path / name).write_text("SELECT 1;")
    [job] = read([str(tmp_path)], Settings(isolated=True))
    assert job.history.framework.name == "drizzle"
    assert [(Path(one.path).name, one.run_mode) for one in job.history.migrations] == [
        ("9_a.sql", RunMode.AUTOCOMMIT),
        ("10_b.sql", RunMode.AUTOCOMMIT),
    ]


def test_a_journal_that_is_none_is_said(tmp_path: Path) -> None:
    (tmp_path / "meta").mkdir()
    (tmp_path / "meta" / "_journal.json").write_text("[1]")
    (tmp_path / "0_a.sql").write_text("SELECT 1;")
    with pytest.raises(Unusable, match="no journal of Drizzle"):
        read([str(tmp_path)], Settings(isolated=True))


def test_a_repeatable_file_must_be_repeatable(tmp_path: Path) -> None:
    (tmp_path / "V1__a.sql").write_text("CREATE TABLE t (a int);\n")
    (tmp_path / "R__b.sql").write_text("CREATE TABLE u (a int);\n")
    [job] = read([str(tmp_path)], Settings(isolated=True))
    found = analyse(job.history, load_rules()).diagnostics
    assert [(Path(one.path).name, one.code, one.severity) for one in found] == [("R__b.sql", "DP201", Severity.WARNING)]


def test_what_one_changeset_makes_is_committed_for_the_next(tmp_path: Path) -> None:
    text = "--liquibase formatted sql\n--changeset a:1\nCREATE TYPE mood AS ENUM ('ok');\n--changeset a:2\n"
    text += "ALTER TYPE mood ADD VALUE 'sad';\n--changeset a:3\nCREATE TABLE t (m mood DEFAULT 'sad');\n"
    for name, found in (("a.sql", []), ("b.sql", ["55P04"])):
        (tmp_path / name).write_text(text if name == "a.sql" else text.replace("--changeset a:3\n", ""))
        [job] = read([str(tmp_path / name)], Settings(isolated=True))
        alone = msgspec.structs.replace(
            job.history,
            migrations=(msgspec.structs.replace(job.history.migrations[-1], index=0),),
            named=frozenset({0}),
        )
        assert [one.sqlstate for one in analyse(alone, load_rules()).diagnostics if one.sqlstate] == found


EITHER = """--liquibase formatted sql
--changeset a:1 {0}
CREATE TABLE t (a int);
{1}
--changeset a:2 {0}
CREATE TABLE t (a int);
{1}
--changeset a:3
ALTER TABLE t ADD COLUMN a int;
"""
MARKED = "--preconditions onFail:MARK_RAN\n--precondition-sql-check expectedResult:0 SELECT 1"


@pytest.mark.parametrize(
    ("attributes", "line", "expected"),
    [
        ("", "", ["42P07", "42701"]),
        ("runOnChange:false", "--comment context:x", ["42P07", "42701"]),
        ("context:prod", "", []),
        ('contextFilter:"prod and !test"', "", []),
        ("labels:one", "", []),
        ("", MARKED, []),
        ("", MARKED.replace("MARK_RAN", "HALT"), ["42P07", "42701"]),
    ],
)
def test_of_changesets_that_a_run_may_leave_out_nothing_is_certain(
    attributes: str, line: str, expected: list[str]
) -> None:
    text = EITHER.format(attributes, line)
    found = check(text, framework="liquibase").diagnostics
    assert [item.sqlstate for item in found if item.certainty is Certainty.ALWAYS] == expected


@pytest.mark.parametrize(
    ("framework", "text", "line"),
    [
        ("graphile-migrate", "--!include functions/more.sql", 1),
        ("graphile-migrate", "CREATE TABLE v ();\n--!include functions/more.sql\nCREATE TABLE u (a int);\n", 3),
        ("graphile-migrate", "CREATE TABLE u (a int);\n--!include functions/more.sql\n", 1),
        ("tern", '{{ template "shared/more.sql" . }}\n', 1),
        ("tern", 'CREATE TABLE u (a int);\n{{ install_snapshot "abc" }}\n', 1),
        ("tern", "-- {{/* a note */}}\nCREATE TABLE {{.name}} (a int);\n", None),
    ],
)
def test_text_that_is_put_in_is_not_known(framework: str, text: str, line: int | None) -> None:
    history = history_of("CREATE TABLE t (a int);", text, framework=framework)
    history = msgspec.structs.replace(history, named=frozenset({0, 1}))
    found = analyse(history, load_rules()).diagnostics
    assert [item.span.start.line for item in found if item.code == "DP004"] == ([line] if line else [])
    behind = check("CREATE TABLE t (a int);", text, "ALTER TABLE t ADD COLUMN a int;", framework=framework).diagnostics
    assert [item.sqlstate for item in behind if item.sqlstate] == ([] if line else ["42701"])


def test_what_is_not_certain_of_a_file_is_said(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    (tmp_path / "a" / "a.sql").write_text(EITHER.format("labels:one", ""))
    (tmp_path / "b" / "tern.conf").touch()
    (tmp_path / "b" / "001_a.sql").write_text('SELECT 1;\n{{ template "x" . }}\n')
    jobs = read([str(tmp_path / "a"), str(tmp_path / "b")], Settings(isolated=True))
    said = [line for job in jobs for line in lines(job.history)]
    assert any("[transaction, perhaps without lines 3, 6]" in line for line in said)
    assert any("[transaction, without line 2, what is put in is not read: line 2]" in line for line in said)


def test_others_can_bring_a_framework(tmp_path: Path) -> None:
    module = (
        "from driftproof.history import Framework, RunMode\n"
        "framework = Framework(name='acme', title='Acme', run_mode=RunMode.SIMPLE, names='x',\n"
        "    recognises=lambda folder: folder.has('acme.txt'), version=lambda path: path.stem,\n"
        "    discover=lambda directory: sorted(directory.glob('*.sql'), reverse=True))\n"
    )
    (tmp_path / "acme_tool.py").write_text(module)
    (tmp_path / "acme-1.dist-info").mkdir()
    (tmp_path / "acme-1.dist-info" / "entry_points.txt").write_text("[driftproof.frameworks]\nacme = acme_tool\n")
    sql = tmp_path / "sql"
    sql.mkdir()
    for name in ("acme.txt", "a.sql", "b.sql"):
        (sql / name).write_text("")
    said = subprocess.run(
        [sys.executable, "-m", "driftproof", "check", "--show-files", str(sql)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.returncode == 0, said.stderr
    assert "Acme (acme), 2 files" in said.stdout
    assert said.stdout.index("b.sql") < said.stdout.index("a.sql")


def test_drizzle_without_a_journal_goes_by_its_folders(tmp_path: Path) -> None:
    names = ("20240101000000_b", "20240101000000_A", "20240102000000_c")
    for name in names:
        write(tmp_path / "drizzle" / name, {"migration.sql": "SELECT 1;", "snapshot.json": "{}"})
    [job] = read([str(tmp_path)], Settings(isolated=True))
    history = job.history
    assert history.framework.name == "drizzle"
    assert [one.version for one in history.migrations] == [names[1], names[0], names[2]]
    assert {one.run_mode for one in history.migrations} == {RunMode.BATCH}
    table = history.framework.bookkeeping
    assert table is not None
    assert table.applied(history.migrations, ["1704067200000"]) == [names[1], names[0]]


def test_graphile_migrate_may_have_nothing_but_a_current_one(tmp_path: Path) -> None:
    write(
        tmp_path, {".gmrc": "{}", "migrations/current/2-b.sql": "SELECT 1;", "migrations/current/10-a.sql": "SELECT 2;"}
    )
    [job] = read([str(tmp_path)], Settings(isolated=True))
    assert job.history.framework.name == "graphile-migrate"
    assert [one.version for one in job.history.migrations] == ["2", "10"]


HASURA = "version: 2\nendpoint: http://localhost:8080\nmetadata_directory: metadata\n"


def test_hasuras_older_layout_has_no_folders(tmp_path: Path) -> None:
    files = {
        f"migrations/{name}": "SELECT 1;" for name in ("10_b.up.sql", "9_a.up.sql", "9_a.down.sql", "11_c.up.yaml")
    }
    write(tmp_path, {"config.yaml": HASURA, **files})
    [job] = read([str(tmp_path)], Settings(isolated=True))
    history = job.history
    assert history.framework.name == "hasura"
    assert [(one.version, one.run_mode) for one in history.migrations] == [
        ("9", RunMode.TRANSACTION),
        ("10", RunMode.TRANSACTION),
    ]
    assert history.framework.down_file(Path(history.migrations[0].path)) == tmp_path / "migrations" / "9_a.down.sql"


MASTERS = [
    (
        "master.xml",
        '<databaseChangeLog><include file="db/changes/b.sql"/>\n<include file="more.xml" relativeToChangelogFile="true"'
        ' context="test"/>\n<includeAll path="rest/"/></databaseChangeLog>',
        "more.xml",
        '<databaseChangeLog>\n<include file="changes/a.sql"/>\n</databaseChangeLog>',
    ),
    (
        "db.changelog-master.yaml",
        "databaseChangeLog:\n  - include:\n      file: changes/b.sql\n  - include:\n      file: more.yaml\n"
        "      contextFilter: test\n  - includeAll:\n      path: classpath:db/rest\n",
        "more.yaml",
        "databaseChangeLog:\n  - include: {file: changes/a.sql}\n",
    ),
    (
        "root.json",
        '{"databaseChangeLog": [{"include": {"file": "changes/b.sql"}}, {"include": {"file": "more.json", "labels": "x"}},'
        ' {"includeAll": {"path": "rest"}}]}',
        "more.json",
        '{"databaseChangeLog": [{"include": {"file": "changes/a.sql"}}]}',
    ),
]


@pytest.mark.parametrize(("name", "text", "other", "included"), MASTERS)
def test_liquibase_includes_what_its_changelogs_say(
    tmp_path: Path, name: str, text: str, other: str, included: str
) -> None:
    header = "--liquibase formatted sql\n--changeset a:{}\n"
    files = {
        f"db/{name}": text,
        f"db/{other}": included,
        "db/changes/a.sql": header.format(1) + "CREATE TABLE t (a int);\n",
        "db/changes/b.sql": "CREATE TABLE s (a int);\n",
        "db/rest/c.sql": header.format(2) + "CREATE TABLE t (a int);\n",
        "db/changes/d.sql": "not included",
    }
    write(tmp_path, files)
    [job] = read([str(tmp_path)], Settings(isolated=True))
    history = job.history
    assert history.framework.name == "liquibase"
    order = [relative(history, Path(one.path)) for one in history.migrations]
    assert order == ["changes/b.sql", "changes/a.sql", "rest/c.sql"]
    # It is made for some contexts only, so that it may be there or not.
    assert [item for item in analyse(history, load_rules()).diagnostics if item.certainty is Certainty.ALWAYS] == []
    assert any("perhaps without" in line for line in lines(history))


@pytest.mark.parametrize("name", EXPECTED)
def test_it_runs_to_the_schema_that_is_meant(server: Server, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXTRA", "more_than_that")
    history, _ = read_example(name)
    platform = prepare(server, history.framework.platform)
    database = server.create_database(platform.template)
    try:
        steps = up(lambda: server.connect(database), history)
        assert [(step.migration.path, step.outcome) for step in steps if step.failed] == []
        with server.connect(database) as connection:
            columns = connection.execute(
                "SELECT column_name FROM information_schema.columns"
                " WHERE table_name = 'accounts' AND table_schema = 'public' ORDER BY ordinal_position"
            ).fetchall()
            valid = connection.execute(
                "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('accounts_email')"
            ).fetchall()
            rows = connection.execute("SELECT id, email, twice(21) FROM accounts").fetchall()
    finally:
        server.drop_database(database)
    assert columns == [("id",), ("name",), ("email",)]
    assert valid == [(True,)]
    assert rows == [(1, "a@example.com", 42)]
