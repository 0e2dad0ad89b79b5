"""`check` with snapshots of databases beside the migrations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from driftproof.history.evidence import FORMAT, Evidence, written

if TYPE_CHECKING:
    from tests.cli.conftest import Project

COLUMNS = {
    f"column public.integrations.{name}": {"of": "table public.integrations", "type": type_}
    for name, type_ in (("id", "uuid"), ("configuration", "jsonb"))
}


def snapshot(*columns: str, applied: tuple[str, ...] | None = ()) -> bytes:
    """The file of a database that has the table with these columns."""
    objects = {key: value for key, value in COLUMNS.items() if key.rpartition(".")[2] in columns}
    objects["table public.integrations"] = {"columns": "\n".join(columns)}
    return written(
        Evidence(
            format=FORMAT,
            taken="2026-01-01 10:00",
            server="18.6",
            search_path=("public",),
            roles=(),
            applied=applied,
            objects=objects,
        )
    )


@pytest.mark.parametrize("where", ["supabase/migrations", "supabase"])
def test_a_snapshot_beside_the_migrations_settles_the_doubt(project: Project, where: str) -> None:
    project.add()
    project.write(f"{where}/production.snapshot.json", snapshot("id", "configuration"))

    result = project.run("check")

    assert result.status == 0
    assert result.out == (
        f"note: {where}/production.snapshot.json (taken 2026-01-01 10:00) is older than 1 of 1 migrations,"
        f" from {project.name} on: take it anew when they have run\n"
        "checked 1 file, 2 statements: nothing to report\n"
    )


def test_a_snapshot_that_confirms_the_doubt_is_named(project: Project) -> None:
    project.add()
    project.write("supabase/staging.snapshot.json", snapshot("id", "configuration"))
    project.write("supabase/production.snapshot.json", snapshot("id"))

    result = project.run("check", project.path)

    assert result.status == 1
    assert "why: supabase/production.snapshot.json:7: production is without it (taken 2026-01-01 10:00)" in result.out
    assert "staging.snapshot.json:" not in result.out
    assert len(project.run("check", "--format", "json").json["notes"]) == 2


def test_fix_leaves_what_is_settled(project: Project) -> None:
    file = project.add()
    project.write("supabase/production.snapshot.json", snapshot("id", "configuration"))
    assert project.run("check", "--fix").status == 0
    assert file.read_text() == project.bad


def test_the_configuration_names_them_or_none(project: Project) -> None:
    project.add()
    project.write("supabase/production.snapshot.json", snapshot("id", "configuration"))
    project.write("driftproof.toml", "snapshots = []\n")
    assert project.run("check").status == 1
    project.write("databases/a.snapshot.json", snapshot("id", "configuration"))
    project.write("driftproof.toml", 'snapshots = ["databases/a.snapshot.json"]\n')
    assert project.run("check").status == 0
    project.write("driftproof.toml", 'snapshots = ["databases/b.snapshot.json"]\n')
    result = project.run("check")
    assert (result.status, result.err) == (2, "driftproof: databases/b.snapshot.json: No such file or directory\n")


def test_a_snapshot_that_is_broken_stops_the_run(project: Project) -> None:
    project.add()
    project.write("supabase/production.snapshot.json", "{}")
    result = project.run("check")
    assert result.status == 2
    assert result.err.startswith("driftproof: supabase/production.snapshot.json: not a snapshot")


def test_standard_input_and_files_that_stand_alone_have_none(project: Project) -> None:
    project.write("supabase/migrations/alone.sql", project.bad)
    project.write("supabase/migrations/production.snapshot.json", snapshot("id", "configuration"))
    assert project.run("check", "supabase/migrations/alone.sql").status == 1
