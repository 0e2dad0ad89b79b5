"""What is blanked out or stood in for keeps every offset, and what is outside of it."""

import re
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftproof.history import named, names_of_frameworks
from driftproof.source import BOM, Source

PIECES = [
    "CREATE TABLE t (a int);",
    "SELECT ':a', '${b}', \"{{c}}\" -- :d ${e}\n",
    "DO $body$ BEGIN PERFORM 1; END $body$;",
    "SELECT (ARRAY[1,2])[1:2], now()::text;",
    "\n",
    "\r\n",
    "é🐍",
    "/* ${x} :y */",
    "'",
    '"',
    "$$",
    ";",
    ";;",
    "-- +goose Up\n",
    "-- +goose Down\n",
    "-- +goose ENVSUB ON\n",
    "-- +goose ENVSUB OFF\n",
    "-- migrate:up\n",
    "-- migrate:down\n",
    "-- Up Migration\n",
    "-- Down Migration\n",
    "---- create above / drop below ----\n",
    "# --- !Ups\n",
    "# --- !Downs\n",
    "# remark\n",
    "--liquibase formatted sql\n",
    "--changeset a:b endDelimiter:@@\n",
    "--rollback DROP TABLE t;\n",
    "/* liquibase rollback\nDROP TABLE t;\n*/",
    "--ignoreLines:2\n",
    "--ignoreLines:start\n",
    "--ignoreLines:end\n",
    "@@",
    "go\n",
    "-- atlas:delimiter @@\n",
    "$%AUTO_INCREMENT_PRIMARY_KEY%$",
    ":name",
    ":'name'",
    ':"name"',
    ":NAME",
    "${schema}",
    "$VAR",
    "{{ .prefix }}",
    " x ",
]
TEXT = st.lists(st.sampled_from(PIECES), max_size=25).map("".join)


@pytest.mark.parametrize("name", names_of_frameworks())
@given(text=TEXT, bom=st.booleans())
def test_lengths_lines_and_characters_stay(name: str, text: str, bom: bool) -> None:
    data = (BOM if bom else b"") + text.encode()
    framework = named(name)
    find = None if framework.gaps is None else partial(framework.gaps, Path("x.sql"))
    for way in filter(None, (framework.up, framework.down)):
        source = Source("x.sql", data, way, find)
        sql = source.sql.encode()

        assert len(sql) == len(data)
        assert [(at, byte) for at, byte in enumerate(sql) if byte in b"\r\n"] == [
            (at, byte) for at, byte in enumerate(data) if byte in b"\r\n"
        ]


@pytest.mark.parametrize("name", names_of_frameworks())
@given(text=st.text(st.characters(exclude_characters=":$#{;@\x00", exclude_categories=["Cs"]), max_size=60))
def test_what_has_no_mark_stays_as_it_is(name: str, text: str) -> None:
    if not re.search(r"(?im)^\s*(?:--|go\s*$|/\s*$)", text):
        data = text.encode()
        assert named(name).up(data) == data


STAND_INS = [
    ("flyway", "SELECT * FROM ${schema}.t;", "SELECT * FROM schema___.t;"),
    ("flyway", "${setUp};\nSELECT 1;\n  ${tearDown}\n", "        ;\nSELECT 1;\n             \n"),
    ("flyway", "SELECT ${flyway:timestamp}, ${1st};", "SELECT flyway_timestamp___, _1st__;"),
    ("flyway", "SELECT * FROM ${flyway:defaultSchema}.t;", "SELECT * FROM public                 .t;"),
    ("flyway", 'FROM "${Flyway:defaultSchema}".t;', 'FROM "public"                 .t;'),
    ("flyway", "WHERE s = '${flyway:defaultSchema}';", "WHERE s = 'public'                 ;"),
    ("flyway", "FROM ${flyway:defaultSchema}_t;", "FROM public_t                 ;"),
    ("flyway", "-- ${a}\nSELECT 1;", "-- a___\nSELECT 1;"),
    ("tern", "CREATE TABLE {{.prefix}}t ();", "CREATE TABLE prefix_____t ();"),
    ("sqitch", "SELECT :a, :'b', :\"c\";", "SELECT a_, 'b_', \"c_\";"),
    ("sqitch", "SELECT a[1:n], ':a', x::text, $$ :a $$; -- :a", "SELECT a[1:n], ':a', x::text, $$ :a $$; -- :a"),
    ("sqitch", "SELECT ARRAY[:a, :b], x[:n];", "SELECT ARRAY[a_, b_], x[:n];"),
    ("sqitch", "DROP ROLE app_:env;", "DROP ROLE app_env_;"),
    ("sqitch", "ALTER SEQUENCE s RESTART :n; SELECT 1 LIMIT :n", "ALTER SEQUENCE s RESTART 01; SELECT 1 LIMIT 01"),
    ("sqitch", "GRANT r TO a,\n  :b,\n  :c;\n", "GRANT r TO a,\n  b_,\n  c_;\n"),
    ("sqitch", "SELECT 1; -- one\n\\set a 'b'\n:a\n", "SELECT 1; -- one\n\\set a 'b'\n  \n"),
    ("sqitch", "SELECT 'x' AS a\n\\gset\n:a;\n", "SELECT 'x' AS a\n\\gset\n  ;\n"),
    ("flyway", "GRANT r TO\n  ${me};\n", "GRANT r TO\n  me___;\n"),
    ("sqitch", "EXPLAIN :how SELECT 1;", "EXPLAIN      SELECT 1;"),
    ("sqitch", "\\set a b\nSELECT :a, :'a', :\"a\";", "\\set a b\nSELECT b , 'b' , \"b\" ;"),
    ("sqitch", ":HOW SELECT 1;\n:HOW\nSELECT 2;", "     SELECT 1;\n    \nSELECT 2;"),
    ("sqitch", "AS :LIBRARY, 'f' LANGUAGE c; SELECT 1 AS :a, 'b'", "AS 'IBRARY', 'f' LANGUAGE c; SELECT 1 AS a_, 'b'"),
    (
        "sqitch",
        "AS :LIBRARY LANGUAGE c; COMMENT ON LARGE OBJECT :n",
        "AS 'IBRARY' LANGUAGE c; COMMENT ON LARGE OBJECT 01",
    ),
    ("sqitch", "SELECT FROM (:query) q, (VALUES (:value)) v;", "SELECT FROM (SELECT) q, (VALUES (value_)) v;"),
    ("sqitch", "SELECT FROM (:orders CROSS JOIN :items);", "SELECT FROM (orders_ CROSS JOIN items_);"),
    ("sqitch", "AS :LIBRARY, 'f'\nROWS 10 LANGUAGE c", "AS 'IBRARY', 'f'\nROWS 10 LANGUAGE c"),
    ("sqitch", "CREATE TABLESPACE t LOCATION :DIR;", "CREATE TABLESPACE t LOCATION 'IR';"),
    ("plain", "CREATE FUNCTION @extschema@.f()", "CREATE FUNCTION extschema__.f()"),
    ("sqitch", ":all\nSELECT 1;\n  :all ;\n", "    \nSELECT 1;\n       ;\n"),
    ("graphile-migrate", "GRANT x TO :APP_USER; SELECT ':NO';", "GRANT x TO app_user_; SELECT ':NO';"),
    ("play", "# a\nSELECT ';;';\n", "   \nSELECT '; ';\n"),
    ("liquibase", "--changeset a:1\nSELECT 1\ngo\nSELECT 2\n/\n", "--changeset a:1\nSELECT 1\n; \nSELECT 2\n;\n"),
    ("liquibase", "--changeset a:1 endDelimiter:@@\na@@", "--changeset a:1 endDelimiter:@@\na; "),
    (
        "liquibase",
        "--changeset a:1 splitStatements:false endDelimiter:@@\na@@",
        "--changeset a:1 splitStatements:false endDelimiter:@@\na@@",
    ),
    (
        "liquibase",
        '--changeset a:1 dbms:"h2, oracle"\na\n--changeset a:2 dbms:postgresql\nb',
        '--changeset a:1 dbms:"h2, oracle"\n \n--changeset a:2 dbms:postgresql\nb',
    ),
    ("liquibase", "--changeset a:1 dbms:!postgresql\na", "--changeset a:1 dbms:!postgresql\n "),
    ("goose", "-- +goose Up\nSELECT ${A};", "-- +goose Up\nSELECT ${A};"),
    ("goose", "-- +goose ENVSUB ON\nSELECT ${A}, $B;\n", "-- +goose ENVSUB ON\nSELECT a___, b_;\n"),
    ("dbmate", "-- migrate:up\r\na\r\n-- migrate:down\r\nb\r\n", "-- migrate:up\r\na\r\n               \r\n \r\n"),
    (
        "dbmate",
        "-- migrate:up\na\n-- migrate:down\nb\n-- migrate:up\nc",
        "-- migrate:up\na\n               \n \n             \n ",
    ),
]


@pytest.mark.parametrize(("name", "text", "expected"), STAND_INS)
def test_what_stands_in(name: str, text: str, expected: str) -> None:
    assert named(name).migration(0, Path("x.sql"), text.encode()).source.sql == expected
