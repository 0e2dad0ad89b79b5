"""Alembic and Django write scripts and run migrations: what we make of the script is what they make of the migrations.
What we make of psql's scripts is what psql makes of them."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from driftproof.cli.inputs import Settings, read
from driftproof.runner.migrate import up
from driftproof.runner.server import Server
from driftproof.runner.snapshot import Snapshot, difference, snapshot
from tests.tools.door import door
from tests.tools.tools import find

EXAMPLES = Path(__file__).parents[1] / "history" / "examples"
ALEMBIC = {
    "alembic.ini": "[alembic]\nscript_location = .\nsqlalchemy.url = postgresql+psycopg://\n",
    "env.py": """
from alembic import context
from sqlalchemy import create_engine

how = {"transaction_per_migration": True}
if context.is_offline_mode():
    context.configure(url=context.config.get_main_option("sqlalchemy.url"), **how)
    with context.begin_transaction():
        context.run_migrations()
else:
    with create_engine(context.config.get_main_option("sqlalchemy.url")).connect() as connection:
        context.configure(connection=connection, **how)
        with context.begin_transaction():
            context.run_migrations()
""",
    "versions/a1.py": """
import sqlalchemy as sa
from alembic import op

revision, down_revision = "a1", None


def upgrade():
    op.create_table("accounts", sa.Column("id", sa.BigInteger, primary_key=True), sa.Column("name", sa.Text))
""",
    "versions/b2.py": """
import sqlalchemy as sa
from alembic import op

revision, down_revision = "b2", "a1"


def upgrade():
    op.add_column("accounts", sa.Column("email", sa.Text))
    with op.get_context().autocommit_block():
        op.create_index("accounts_email", "accounts", ["email"], postgresql_concurrently=True)
""",
}
DJANGO = {
    "settings.py": """
import os

INSTALLED_APPS = ["app"]
DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", "NAME": os.environ["PGDATABASE"]}}
""",
    "app/__init__.py": "",
    "app/migrations/__init__.py": "",
    "app/migrations/0001_make.py": """
from django.db import migrations, models


class Migration(migrations.Migration):
    operations = [
        migrations.CreateModel(
            "Account", [("id", models.BigAutoField(primary_key=True)), ("name", models.TextField(null=True))]
        )
    ]
""",
    "app/migrations/0002_index.py": """
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("app", "0001_make")]
    operations = [AddIndexConcurrently("account", models.Index(fields=["name"], name="accounts_name"))]
""",
}


def write(directory: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


class Project:
    """Migrations in Python, and a way to call their tool."""

    def __init__(self, directory: Path, program: str, server: Server, port: int) -> None:
        self.directory, self.program, self.server, self.port = directory, program, server, port

    def call(self, *arguments: str, database: str = "postgres") -> str:
        """What the tool prints. libpq takes the database from the environment, and Django from its settings."""
        where = {"PGHOST": "127.0.0.1", "PGPORT": str(self.port), "PGUSER": "postgres", "PGDATABASE": database}
        environment = {**os.environ, **where, "DJANGO_SETTINGS_MODULE": "settings", "PYTHONPATH": str(self.directory)}
        done = subprocess.run(
            [self.program, *arguments],
            cwd=self.directory,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture
def project(request: pytest.FixtureRequest, tmp_path: Path, server: Server) -> Iterator[Project]:
    program, files = request.param
    found = find(program, Path(request.config.getoption("--real-tools")).resolve())
    if found is None:
        pytest.skip(f"no {program} on the PATH or in the folder")
    write(tmp_path / "project", files)
    with door(f"{server.conninfo['host']}/.s.PGSQL.5432") as port:
        yield Project(tmp_path / "project", found, server, port)


def agree(project: Project, scripts: Path, framework: str, *migrate: str) -> None:
    """Our run of the scripts ends where the tool's run of the migrations does."""
    [job] = read([str(scripts)], Settings(isolated=True))
    assert job.history.framework.name == framework
    server, theirs, ours = project.server, project.server.create_database(), project.server.create_database()
    try:
        project.call(*migrate, database=theirs)
        assert [step.outcome for step in up(lambda: server.connect(ours), job.history) if step.failed] == []
        assert difference(schema(server, theirs), schema(server, ours)) == []
    finally:
        server.drop_database(theirs)
        server.drop_database(ours)


def schema(server: Server, database: str) -> Snapshot:
    """What is there but for the tools' bookkeeping, of which Django's scripts say nothing."""
    with server.connect(database) as connection:
        objects = snapshot(connection).objects
    return Snapshot({key: value for key, value in objects.items() if "django_" not in key})


@pytest.mark.parametrize("project", [("alembic", ALEMBIC)], indirect=True)
def test_alembic(project: Project, tmp_path: Path) -> None:
    write(tmp_path / "scripts", {"1.sql": project.call("upgrade", "head", "--sql")})
    agree(project, tmp_path / "scripts", "alembic", "upgrade", "head")


@pytest.mark.parametrize("project", [("django-admin", DJANGO)], indirect=True)
def test_django(project: Project, tmp_path: Path) -> None:
    names = ("0001_make", "0002_index")
    write(tmp_path / "scripts", {f"{name}.sql": project.call("sqlmigrate", "app", name) for name in names})
    agree(project, tmp_path / "scripts", "django", "migrate")


@pytest.mark.parametrize("project", [("psql", {})], indirect=True)
@pytest.mark.parametrize("name", ["plain", "alembic", "django", "efcore"])
def test_psql(project: Project, name: str) -> None:
    project.directory.mkdir()
    [*_, job] = read([str(EXAMPLES / name)], Settings(isolated=True))
    server, theirs, ours = project.server, project.server.create_database(), project.server.create_database()
    try:
        for migration in job.history.migrations:
            project.call("--no-psqlrc", "--set=ON_ERROR_STOP=1", f"--file={migration.path}", database=theirs)
        assert [step.outcome for step in up(lambda: server.connect(ours), job.history) if step.failed] == []
        assert difference(schema(server, theirs), schema(server, ours)) == []
        rows = []
        for database in (theirs, ours):
            with server.connect(database) as connection:
                rows.append(connection.execute("SELECT * FROM accounts").fetchall())
        assert rows[0] == rows[1]
    finally:
        server.drop_database(theirs)
        server.drop_database(ours)
