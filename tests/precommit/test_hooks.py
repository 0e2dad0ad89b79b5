"""The hooks under the real pre-commit, with real commits."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.precommit.conftest import Repository

FIRST = "supabase/migrations/20250122000000_integrations.sql"
SECOND = "supabase/migrations/20250123000000_more.sql"
CREATE = "CREATE TABLE IF NOT EXISTS integrations (id uuid PRIMARY KEY, configuration jsonb);\n"
BAD = CREATE + "COMMENT ON COLUMN integrations.configuration IS 'x';\n"


def test_the_manifest_is_valid(hooks: Repository) -> None:
    run = hooks.run(sys.executable, "-m", "pre_commit", "validate-manifest", ".pre-commit-hooks.yaml")
    assert run.returncode == 0, run.stdout


def test_a_commit_that_may_not_run_is_stopped(hooks: Repository, repository: Repository) -> None:
    repository.use(hooks, "driftproof-check")
    file = repository.write(FIRST, BAD)
    run = repository.commit()
    assert run.returncode == 1
    assert f"{FIRST}:2:19: error DP101 column-not-guaranteed: " in run.stdout
    assert repository.commits == 0
    assert file.read_text() == BAD


def test_the_fix_hook_rewrites_and_the_second_try_passes(hooks: Repository, repository: Repository) -> None:
    repository.use(hooks, "driftproof-fix")
    file = repository.write(FIRST, BAD)
    run = repository.commit()
    assert run.returncode == 1
    assert "files were modified by this hook" in run.stdout
    assert "1 fixed" in run.stdout
    assert repository.commits == 0
    fixed = file.read_text()
    assert fixed != BAD
    run = repository.commit()
    assert run.returncode == 0, run.stdout
    assert file.read_text() == fixed
    assert repository.commits == 1


def test_both_hooks_pass_a_commit_that_runs(hooks: Repository, repository: Repository) -> None:
    repository.use(hooks, "driftproof-fix", "driftproof-check")
    repository.write(FIRST, CREATE)
    run = repository.commit()
    assert run.returncode == 0, run.stdout


def test_a_changed_file_is_judged_with_its_history(hooks: Repository, repository: Repository) -> None:
    repository.write(FIRST, BAD.replace(" IF NOT EXISTS", ""))
    assert repository.commit().returncode == 0
    repository.use(hooks, "driftproof-check")
    repository.write(SECOND, "COMMENT ON COLUMN integrations.missing IS 'x';\n")
    run = repository.commit()
    assert run.returncode == 1
    assert f"{SECOND}:1:19: error DP101 " in run.stdout
    assert "(always)" in run.stdout


def test_what_earlier_files_left_stops_no_commit(hooks: Repository, repository: Repository) -> None:
    repository.write(FIRST, BAD)
    assert repository.commit().returncode == 0
    repository.use(hooks, "driftproof-check")
    repository.write(SECOND, "COMMENT ON COLUMN integrations.id IS 'x';\n")
    run = repository.commit()
    assert run.returncode == 0, run.stdout


def test_other_files_are_left_alone(hooks: Repository, repository: Repository) -> None:
    repository.use(hooks, "driftproof-fix")
    repository.write("notes.txt", BAD)
    repository.write("query.py", f'"""{BAD}"""\n')
    run = repository.commit()
    assert run.returncode == 0, run.stdout
    assert "no files to check" in run.stdout
