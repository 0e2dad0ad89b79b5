"""From paths to histories: which files, in which order, and who is asked about."""

from collections.abc import Iterable
from pathlib import Path

import pytest

from driftproof.cli.inputs import Settings, read
from driftproof.history import History, RunMode, single
from driftproof.unusable import Unusable


def make(directory: Path, *names: str) -> Path:
    """A directory with files of these names, each with its own name as text."""
    for name in names:
        file = directory / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"-- {name}\n")
    return directory


def histories(paths: Iterable[Path]) -> list[History]:
    """The histories of these paths."""
    return [job.history for job in read([str(path) for path in paths], Settings(isolated=True))]


def only(*paths: Path) -> History:
    """The one history of these paths."""
    [history] = histories(paths)
    return history


def names(history: History) -> list[str]:
    return [Path(migration.path).name for migration in history.migrations]


class TestSupabase:
    @pytest.fixture
    def directory(self, tmp_path: Path) -> Path:
        return tmp_path / "supabase" / "migrations"

    def test_the_directory_is_recognised_and_runs_in_a_pipeline(self, directory: Path) -> None:
        history = only(make(directory, "20250101000000_a.sql"))
        assert (history.framework.name, history.framework.platform) == ("supabase", "supabase")
        assert history.migrations[0].run_mode is RunMode.PIPELINE

    def test_a_renamed_folder_is_recognised_by_the_configuration_beside_it(self, tmp_path: Path) -> None:
        make(tmp_path / "backend", "config.toml", "migrations/1_a.sql")
        assert only(tmp_path / "backend" / "migrations").framework.name == "plain"
        (tmp_path / "backend" / "config.toml").write_text('project_id = "x"\n')
        assert only(tmp_path / "backend" / "migrations").framework.name == "supabase"

    def test_the_order_is_that_of_the_bytes_of_the_names(self, directory: Path) -> None:
        make(directory, "9_b.sql", "10_a.sql", "10_B.sql", "20250101000000_z.sql")
        assert names(only(directory)) == ["10_B.sql", "10_a.sql", "20250101000000_z.sql", "9_b.sql"]

    def test_other_names_stand_alone_and_hidden_folders_are_passed_by(self, directory: Path) -> None:
        make(directory, "1_a.sql", "a.sql", "1a.sql", "1_a.txt", "1_a.SQL", "README.md", ".archive/2_b.sql")
        *others, history = histories([directory])
        assert names(history) == ["1_a.sql"]
        assert [(names(other), other.alone) for other in others] == [(["1a.sql"], True), (["a.sql"], True)]

    def test_a_letter_behind_the_number_puts_a_file_between_two_others(self, directory: Path) -> None:
        make(directory, "006_c.sql", "005_a.sql", "005b_b.sql")
        assert names(only(directory)) == ["005_a.sql", "005b_b.sql", "006_c.sql"]

    def test_a_folder_in_it_is_not_looked_into_unless_it_is_named(self, directory: Path) -> None:
        make(directory, "1_a.sql", "archived/2_b.sql")
        assert names(only(directory)) == ["1_a.sql"]
        assert names(only(directory / "archived")) == ["2_b.sql"]

    def test_names_with_a_uuid_are_migrations_too(self, directory: Path) -> None:
        name = "20250618115308-3a983471-d6d7-4b04-bb32-4dfd15b2a301.sql"
        history = only(make(directory, name, "20250618115307_a.sql"))
        assert [migration.version for migration in history.migrations] == ["20250618115307", "20250618115308"]

    @pytest.mark.parametrize(("stamp", "left_out"), [("20211208235959", True), ("20211209000000", False)])
    def test_the_old_initial_dump_is_left_out(self, directory: Path, stamp: str, left_out: bool) -> None:
        make(directory, f"{stamp}_init.sql", "20220101000000_a.sql")
        assert (names(only(directory))[0] == "20220101000000_a.sql") is left_out


class TestPlain:
    def test_the_way_down_in_the_same_file_is_no_part_of_it(self, tmp_path: Path) -> None:
        for number, mark in enumerate(("-- +goose Down", "--migrate:down transaction:false", "-- +GOOSE DOWN")):
            text = f"CREATE TABLE t (a int);\r\n{mark}\r\nDROP TABLE t; -- é\r\n"
            (tmp_path / f"{number}.sql").write_bytes(text.encode())

        for migration in only(tmp_path).migrations:
            source = migration.source
            assert source.sql.split() == ["CREATE", "TABLE", "t", "(a", "int);"]
            assert len(source.sql.encode()) == len(source.data)

    def test_the_order_is_natural(self, tmp_path: Path) -> None:
        history = only(make(tmp_path / "migrations", "10_a.sql", "9_b.sql", "v2.sql", "v10.sql"))
        assert names(history) == ["9_b.sql", "10_a.sql", "v2.sql", "v10.sql"]
        assert history.migrations[0].run_mode is RunMode.AUTOCOMMIT

    def test_files_without_a_number_stand_alone(self, tmp_path: Path) -> None:
        make(tmp_path, "1.sql", "2.sql", "views.sql", "grants.sql")
        assert sorted(map(names, histories([tmp_path]))) == [["1.sql", "2.sql"], ["grants.sql"], ["views.sql"]]

    def test_down_parts_are_no_migrations(self, tmp_path: Path) -> None:
        assert names(only(make(tmp_path, "1.up.sql", "1.down.sql", "2.rollback.sql"))) == ["1.up.sql"]


class TestNamed:
    def test_a_file_is_judged_with_its_siblings_and_only_it_is_named(self, tmp_path: Path) -> None:
        make(tmp_path, "1.sql", "2.sql", "3.sql")
        history = only(tmp_path / "2.sql")
        assert (names(history), list(history.named)) == (["1.sql", "2.sql", "3.sql"], [1])

    def test_files_of_one_directory_share_a_history(self, tmp_path: Path) -> None:
        make(tmp_path, "1.sql", "2.sql", "3.sql")
        assert only(tmp_path / "3.sql", tmp_path / "1.sql").named == {0, 2}

    def test_a_directory_names_all_of_its_files(self, tmp_path: Path) -> None:
        make(tmp_path, "1.sql", "2.sql")
        assert only(tmp_path, tmp_path / "1.sql").named == {0, 1}

    def test_a_file_that_its_tool_passes_by_is_a_history_of_its_own(self, tmp_path: Path) -> None:
        directory = make(tmp_path / "supabase" / "migrations", "1_a.sql", "draft.sql")
        assert names(only(directory / "draft.sql")) == ["draft.sql"]

    def test_directories_below_are_found_but_not_those_of_tools(self, tmp_path: Path) -> None:
        make(tmp_path, "a/1.sql", "b/c/1.sql", "node_modules/x/1.sql", ".git/1.sql", "empty/readme.md")
        assert [Path(history.migrations[0].path).parent.name for history in histories([tmp_path])] == ["a", "c"]

    def test_a_missing_file_is_an_error(self, tmp_path: Path) -> None:
        with pytest.raises(Unusable, match=r"nowhere\.sql"):
            histories([tmp_path / "nowhere.sql"])

    def test_standard_input_is_a_history_of_one(self) -> None:
        history = single("supabase/migrations/1_a.sql", b"SELECT 1;")
        assert (history.framework.name, len(history.migrations), list(history.named)) == ("supabase", 1, [0])
