"""What tools note of the migrations that they have applied, as they note it, on their examples."""

from pathlib import Path

import pytest

from driftproof.cli.inputs import Settings, read
from driftproof.runner.evidence import applied_versions
from driftproof.runner.server import Server

EXAMPLES = Path(__file__).parents[1] / "history" / "examples"
_MIGRATE = "CREATE TABLE schema_migrations (version bigint, dirty boolean); INSERT INTO schema_migrations VALUES"
_HASURA = "CREATE SCHEMA hdb_catalog; CREATE TABLE hdb_catalog.hdb_version (cli_state jsonb); INSERT INTO hdb_catalog.hdb_version VALUES"
_DRIZZLE = "CREATE SCHEMA drizzle; CREATE TABLE drizzle.__drizzle_migrations (created_at bigint);"
_DELTAS = "CREATE TABLE applied_schema_deltas (version int, file text); INSERT INTO applied_schema_deltas VALUES"
_CHANGES = "CREATE TABLE databasechangelog (id text, filename text); INSERT INTO databasechangelog VALUES"

NOTES = [
    ("golang-migrate", f"{_MIGRATE} (10, false)", ["9", "10"]),
    ("golang-migrate", f"{_MIGRATE} (10, true)", ["9"]),
    ("tern", "CREATE TABLE schema_version (version int); INSERT INTO schema_version VALUES (2)", ["1", "2"]),
    ("drizzle", f"{_DRIZZLE} INSERT INTO drizzle.__drizzle_migrations VALUES (1), (2)", ["0000_make", "0002_add"]),
    ("drizzle", _DRIZZLE, []),
    (
        "hasura",
        f"""{_HASURA} ('{{"migrations": {{"default": {{"9": false, "10": true}}, "b": {{"11": false}}}}}}')""",
        ["9"],
    ),
    ("liquibase", f"{_CHANGES} ('1', 'changes/make.sql'), ('2', 'changes/add.sql')", ["changes/make.sql"]),
    ("liquibase", f"{_CHANGES} ('2', 'changes/add.sql'), ('3', 'classpath:changes/add.sql')", ["changes/add.sql"]),
    (
        "synapse",
        f"{_DELTAS} (73, '73/02add.sql')",
        [
            "common/full_schemas/72/full.sql.postgres",
            "main/full_schemas/72/full.sql.postgres",
            "main/delta/73/02add.sql",
        ],
    ),
    ("sqitch", "CREATE SCHEMA sqitch; CREATE TABLE sqitch.changes AS SELECT 'twice' AS change", ["twice"]),
    ("plain", "SELECT 1", None),
]


@pytest.mark.parametrize(("name", "sql", "expected"), NOTES)
def test_what_is_applied(server: Server, name: str, sql: str, expected: list[str] | None) -> None:
    history = [job.history for job in read([str(EXAMPLES / name)], Settings(isolated=True))][-1]
    database = server.create_database()
    try:
        with server.connect(database) as connection:
            connection.execute(sql.encode())
            found = applied_versions(connection, history.framework, history.migrations)
    finally:
        server.drop_database(database)
    assert found == (None if expected is None else tuple(sorted(expected)))
