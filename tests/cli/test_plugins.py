"""Rule packages are found as importlib.metadata would find them."""

import sys
from importlib.metadata import entry_points
from pathlib import Path
from zipfile import ZipFile

import pytest

from driftproof.plugins import offered


def _distribution(folder: Path, name: str, text: str) -> None:
    (folder / name).mkdir(parents=True)
    (folder / name / "entry_points.txt").write_text(text)
    (folder / name / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name.partition('-')[0]}\nVersion: 1\n")


def _known(group: str) -> list[str]:
    return sorted({entry.module for entry in entry_points(group=group)})


@pytest.mark.parametrize("group", ["driftproof.rules", "console_scripts", "pytest11", "no.such.group"])
def test_what_is_installed_here(group: str) -> None:
    assert offered(group) == _known(group)


def test_other_packages_can_bring_rules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    _distribution(
        tmp_path,
        "acme-1.0.dist-info",
        "# ours\n[console_scripts]\nacme = acme.cli:main\n\n[driftproof.rules]\nb = acme_b\na=acme_a:rules [extra]\n"
        "[other]\nc = acme_c\n",
    )
    assert set(offered("driftproof.rules")) - {"driftproof_rules"} == {"acme_a", "acme_b"}
    assert offered("driftproof.rules") == _known("driftproof.rules")


def test_the_first_on_the_path_hides_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder, module in (("second", "old"), ("first", "new")):
        _distribution(tmp_path / folder, f"acme-{len(folder)}.dist-info", f"[driftproof.rules]\nx = {module}\n")
        monkeypatch.syspath_prepend(str(tmp_path / folder))
    assert "new" in offered("driftproof.rules")
    assert "old" not in offered("driftproof.rules")
    assert offered("driftproof.rules") == _known("driftproof.rules")


def test_a_path_may_hold_what_is_not_there_and_what_is_zipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [*sys.path, "", str(tmp_path / "nothing.zip")])
    assert offered("driftproof.rules") == _known("driftproof.rules")
    archive = tmp_path / "rules.zip"
    with ZipFile(archive, "w") as file:
        file.writestr("zipped-1.dist-info/entry_points.txt", "[driftproof.rules]\nx = zipped\n")
        file.writestr("zipped-1.dist-info/METADATA", "Metadata-Version: 2.1\nName: zipped\nVersion: 1\n")
    monkeypatch.setattr(sys, "path", [*sys.path, str(archive)])
    assert "zipped" in offered("driftproof.rules")
