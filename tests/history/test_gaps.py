"""What tools put into files: it is what is sent, its places stay, and without it nothing is run."""

import re
from pathlib import Path

import pytest

from driftproof.analysis import analyse
from driftproof.cli.inputs import Settings, read
from driftproof.diagnostic import Certainty
from driftproof.history import History, named
from driftproof.runner.migrate import up
from driftproof.runner.plan import Refused
from driftproof.runner.platforms import prepare
from driftproof.runner.proofs import Verdict
from driftproof.runner.prove import prove
from driftproof.runner.server import Server
from tests.histories import RULES, write


def history_in(place: Path) -> History:
    [*_, job] = read([str(place)], Settings(isolated=True))
    return job.history


# The framework, what lies beside the file, its name and text, and what is sent.
SENT = [
    (
        "flyway",
        {"flyway.conf": "flyway.placeholders.Schema=app\nflyway.placeholders.long=a_longer_name\n"},
        "V1__a.sql",
        "CREATE TABLE ${schema}.${long} (a text DEFAULT '${schema}', ${schema}_b int); -- ${flyway:filename}",
        "CREATE TABLE app.a_longer_name (a text DEFAULT 'app', app_b int); -- V1__a.sql",
    ),
    (
        "flyway",
        {
            "flyway.toml": '[flyway]\nplaceholderPrefix = "<<"\nplaceholderSuffix = ">>"\n[flyway.placeholders]\na = "b"\n'
        },
        "V1__a.sql",
        "SELECT <<a>>, '${x}';",
        "SELECT b, '${x}';",
    ),
    (
        "flyway",
        {"flyway.conf": "flyway.placeholderReplacement=false\n"},
        "V1__a.sql",
        "SELECT '${x}';",
        "SELECT '${x}';",
    ),
    (
        "flyway",
        {"application.properties": "spring.flyway.placeholders.a=b\nflyway.placeholders.c=d\n"},
        "V1__a.sql",
        "SELECT ${a};",
        "SELECT b;",
    ),
    (
        "flyway",
        {"application.yml": "spring:\n  flyway:\n    placeholders:\n      a: 'b'\n  other:\n    c: d\n"},
        "V1__a.sql",
        "SELECT ${a};",
        "SELECT b;",
    ),
    (
        "flyway",
        {"flyway.conf": "flyway.placeholders.hook=CREATE TABLE h (a int);\n"},
        "V1__a.sql",
        "SELECT 1;\n${hook}\nSELECT 2;",
        "SELECT 1;\nCREATE TABLE h (a int);\nSELECT 2;",
    ),
    (
        "tern",
        {"tern.conf": "[data]\nprefix = app\n", "shared/t.sql": "CREATE TABLE t ();"},
        "001_a.sql",
        'CREATE TABLE {{ .prefix }}_{{.prefix}} ();\n{{ template "shared/t.sql" . }}{{/* no more */}}',
        "CREATE TABLE app_app ();\nCREATE TABLE t ();",
    ),
    (
        "graphile-migrate",
        {
            ".gmrc": '{"placeholders": {":APP": "app", ":HOME": "!ENV"}}',
            "fixtures/a.sql": "--!include b.sql\nSELECT 1;\n",
            "fixtures/b.sql": "SET ROLE :APP;\n",
        },
        "current.sql",
        "--! include a.sql\nSELECT ':APP';\nSET ROLE :APP; SET ROLE :HOME;",
        "SET ROLE app;\nSELECT 1;\nSELECT ':APP';\nSET ROLE app; SET ROLE here;",
    ),
    (
        "liquibase",
        {"master.xml": '<databaseChangeLog>\n<property name="a" value="b"/>\n<include file="a.sql"/>'},
        "a.sql",
        "--liquibase formatted sql\n--property name:c value:d\n--changeset a:1\nSELECT ${a}, ${c};",
        "--liquibase formatted sql\n--property name:c value:d\n--changeset a:1\nSELECT b, d;",
    ),
    (
        "liquibase",
        {},
        "a.sql",
        "--liquibase formatted sql\n--changeset a:1\nSELECT 'Dear ${name}', \"${x}\"; -- ${y}",
        "--liquibase formatted sql\n--changeset a:1\nSELECT 'Dear ${name}', \"${x}\"; -- ${y}",
    ),
    (
        "goose",
        {},
        "1_a.sql",
        "-- +goose Up\n-- +goose ENVSUB ON\nSELECT ${HOME}, $HOME, ${NOT_SET:-one}, ${NOT_SET-two};",
        "-- +goose Up\n-- +goose ENVSUB ON\nSELECT here, here, one, two;",
    ),
    (
        "sqitch",
        {"sqitch.conf": '[deploy "variables"]\n\tapp = it\'s\n'},
        "deploy/a.sql",
        "\\set b 'c d' e\nSELECT :'app', :\"app\", :'b', :registry;\n\\set b f\nSELECT :b;",
        "\\set b 'c d' e\nSELECT 'it''s', \"it's\", 'c de', sqitch;\n\\set b f\nSELECT f;",
    ),
]


@pytest.mark.parametrize(("name", "beside", "file", "text", "sent"), SENT)
def test_what_is_put_in_is_sent(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    beside: dict[str, str],
    file: str,
    text: str,
    sent: str,
) -> None:
    monkeypatch.setenv("HOME", "here")
    write(tmp_path, beside | {file: text})
    source = named(name).migration(0, tmp_path / file, text.encode()).source
    whole = source.sent()
    assert whole.text == sent
    assert source.unknown is None
    assert len(source.sql.encode()) == len(text.encode())
    at = sent.rindex("SELECT") if "SELECT" in sent else sent.index("TABLE")
    word = "SELECT" if "SELECT" in sent else "TABLE"
    assert text[whole.offset(at) :].startswith(word)


def test_a_value_that_fits_is_read(tmp_path: Path) -> None:
    write(
        tmp_path / "sql",
        {
            "flyway.conf": "flyway.placeholders.schema=app\n",
            "V1__a.sql": "CREATE SCHEMA app; CREATE TABLE app.t (a int);",
            "V2__b.sql": "DROP TABLE ${schema}.t;",
            "V3__c.sql": "CREATE TABLE app.t (a int);",
            "V4__d.sql": "COMMENT ON TABLE ${schema}.u IS '${schema}';\nCREATE TABLE ${schema}.t (a int);",
        },
    )
    [job] = read([str(tmp_path / "sql")], Settings(isolated=True))
    always = [
        (item.path[-9:], item.span.start.line, item.sqlstate, item.object and item.object.schema)
        for item in analyse(job.history, RULES).diagnostics
        if item.certainty is Certainty.ALWAYS
    ]
    assert ("V4__d.sql"[-9:], 2, "42P07", "app") in always
    assert not any(path == "V3__c.sql" for path, *_ in always)


# The framework, its files, and what is said.
UNKNOWN = [
    ({"V1__a.sql": "SELECT 1;\nSELECT ${x};"}, "V1__a.sql:2: what stands for ${x} is not known here: give it"),
    ({"tern.conf": "", "001_a.sql": "CREATE TABLE {{.x}} ();"}, "001_a.sql:1: what stands for {{.x}} is not"),
    (
        {"tern.conf": "", "001_a.sql": 'SELECT 1;\n{{ template "no.sql" . }}'},
        '001_a.sql:2: what stands for {{ template "no.sql" . }} is not known here',
    ),
    (
        {"committed/000001.sql": "SELECT 1;", "current.sql": "--!include no.sql\nSELECT 1;"},
        "current.sql:1: what stands for --!include no.sql is not known here: a placeholder",
    ),
    (
        {"a.sql": "--liquibase formatted sql\n--changeset a:1\nSELECT '${x}', ${x};"},
        "a.sql:3: what stands for ${x} is not known here: make it a property of the changelog",
    ),
    ({"1_a.sql": "SELECT 1;\nSELECT :x;"}, "1_a.sql:2: what stands for :x is not known here: \\set it"),
]


@pytest.mark.parametrize(("files", "said"), UNKNOWN)
def test_without_it_nothing_is_run(tmp_path: Path, server: Server, files: dict[str, str], said: str) -> None:
    write(tmp_path / "sql", files)
    history = history_in(tmp_path / "sql")
    database = server.create_database()
    try:
        with pytest.raises(Refused, match=re.escape(said)):
            up(lambda: server.connect(database), history)
        with server.connect(database) as connection:
            assert connection.execute("SELECT to_regclass('driftproof.migrations')").fetchone() == (None,)
    finally:
        server.drop_database(database)


def test_it_could_not_be_proven(tmp_path: Path, server: Server) -> None:
    write(
        tmp_path / "sql",
        {
            "V1__a.sql": "CREATE TABLE IF NOT EXISTS t (a int, ${x} int);\nCOMMENT ON COLUMN t.a IS 'x';\n",
            "V2__b.sql": "CREATE TABLE IF NOT EXISTS u (a int, b int);\nCOMMENT ON COLUMN u.b IS 'x';\n",
        },
    )
    history = history_in(tmp_path / "sql")
    claims = analyse(history, RULES).diagnostics
    first, second = prove(history, claims, server, prepare(server, None))
    assert not first.runs
    assert "V1__a.sql:1: what stands for ${x} is not known here" in first.fresh
    assert {proof.verdict for proof in first.proofs} == {Verdict.NOT_BUILT}
    assert [proof.verdict for proof in second.proofs] == [Verdict.REPRODUCED]
