"""Ways back on the command line: --direction, the configuration, reports and fixes."""

from tests.cli.conftest import Project
from tests.histories import write

MAKE, DROP = "CREATE TABLE t (a int);\n", "DROP TABLE t;\n"
ADD = "ALTER TABLE t ADD COLUMN b int;\n"


def test_a_fix_stands_in_the_way_back_and_is_proven(project: Project) -> None:
    sql = "-- +goose Up\nCREATE TABLE IF NOT EXISTS t (a int, b int);\n-- +goose Down\nALTER TABLE t DROP COLUMN b;\n"
    write(project.root, {"m/1_a.sql": sql})
    assert project.run("check", "--isolated", "m").status == 0
    assert project.run("check", "--isolated", "--direction", "both", "m").status == 1

    assert project.run("check", "--isolated", "--direction", "both", "--fix", "m").status == 0
    text = (project.root / "m/1_a.sql").read_text()
    up, _, back = text.partition("-- +goose Down\n")
    assert up == sql.partition("-- +goose Down\n")[0]
    assert back.startswith("-- Ensure columns exist")
    assert "ALTER TABLE t DROP COLUMN b;\n" in back


def test_the_document_says_the_direction(project: Project) -> None:
    write(project.root, {"m/1_a.up.sql": MAKE, "m/1_a.down.sql": "DROP TABLE t;\nDROP TABLE t;\n"})
    result = project.run("check", "--isolated", "--direction=both", "--format=json", "m")
    assert [(item["path"], item["direction"]) for item in result.json["diagnostics"]] == [("m/1_a.down.sql", "down")]
    assert result.json["summary"]["files"] == 2
    assert result.json["summary"]["statements"] == 3
    result = project.run("check", "--isolated", "--direction=both", "m")
    assert "DP102 relation-not-guaranteed: t does not exist here: 42P01 (always, way back)\n" in result.out


def test_a_way_back_that_is_named_is_judged_behind_its_migration(project: Project) -> None:
    write(project.root, {"m/1_a.up.sql": MAKE, "m/1_a.down.sql": "DROP TABLE t;\nDROP TABLE t;\n", "m/2_b.up.sql": ADD})
    result = project.run("check", "--isolated", "--direction=both", "--format=json", "m/1_a.down.sql")
    assert [item["path"] for item in result.json["diagnostics"]] == ["m/1_a.down.sql"]
    assert result.json["summary"]["files"] == 1
    result = project.run("check", "--isolated", "--direction=both", "--format=json", "m/2_b.up.sql")
    assert result.json["summary"] | {"statements": 1, "files": 1, "diagnostics": 0} == result.json["summary"]


def test_the_configuration_says_it_too(project: Project) -> None:
    write(project.root, {"m/1_a.up.sql": MAKE, "m/1_a.down.sql": "DROP TABLE t;\nDROP TABLE t;\n"})
    project.write("driftproof.toml", 'direction = "both"\n')
    assert project.run("check", "m").status == 1
    assert project.run("check", "--direction", "up", "m").status == 0
    project.write("driftproof.toml", 'direction = "sideways"\n')
    result = project.run("check", "m")
    assert result.status == 2
    assert "direction must be one of up, down, both" in result.err


def test_ignore_comments_cover_both_ways_of_a_file(project: Project) -> None:
    twice = "DROP TABLE t;\nDROP TABLE t;\n"
    sql = f"-- driftproof: ignore-file[DP102] so it is\n-- +goose Up\n{MAKE}-- +goose Down\n{twice}"
    write(project.root, {"m/1_a.sql": sql})
    for direction in ("both", "down"):
        assert project.run("check", "--isolated", "--direction", direction, "m").status == 0, direction
    assert "DP003" in project.run("check", "--isolated", "m").out, "on the way up there is nothing to ignore"
    write(project.root, {"m/1_a.sql": sql.replace("DP102", "DP103")})
    assert "DP003" not in project.run("check", "--isolated", "--direction=down", "m").out, "it may be for the way up"


def test_other_commands_look_at_the_way_up_only(project: Project) -> None:
    write(project.root, {"m/1_a.up.sql": MAKE, "m/1_a.down.sql": DROP})
    project.write("driftproof.toml", 'direction = "down"\n')
    assert "CREATE TABLE public.t" in project.run("schema", "m").out


def test_files_are_shown_with_their_ways_back(project: Project) -> None:
    write(project.root, {"m/1_a.up.sql": MAKE, "m/1_a.down.sql": DROP})
    assert "1_a.down.sql  [simple, the way back]" in project.run("check", "--show-files", "--direction=both", "m").out
