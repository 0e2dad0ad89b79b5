"""Sqitch: ``deploy/<change>.sql`` in the order of ``sqitch.plan``, by psql, each statement on its own.

Source: sqitchers/sqitch, lib/sqitchchanges.pod, lib/App/Sqitch/Engine/pg.pm. The scripts say BEGIN and COMMIT
themselves. What tells changes apart holds the one before, so that Sqitch does not know those behind a new one any more
(Plan/Change.pm, Engine.pm). A change that is planned again behind a tag was reworked: what it was before is
``<change>@<tag>.sql``.
"""

import re
from pathlib import Path

from driftproof.history import psql
from driftproof.history.model import Bookkeeping, Framework, Older, Order, RunMode, Session

_PLAN = "sqitch.plan"
_LINE = re.compile(r"\s*(?:@(?P<tag>[^\s\[#]+)|(?P<sign>[+-])?\s*(?P<change>[^\s\[#%@][^\s\[#]*))")
_VARIABLES = re.compile(rb'(?ms)^\[(?:core|deploy) "variables"\][ \t]*\r?\n(.*?)(?=^\[|\Z)')
_VARIABLE = re.compile(rb"(?m)^[ \t]*(\w+)[ \t]*=[ \t]*([^\r\n]*?)[ \t]*\r?$")
_SETTING = re.compile(r"(?m)^\s*(deploy_dir|extension)\s*=\s*(\S+)\s*$")


def _discover(directory: Path) -> list[Path]:
    plan = directory / _PLAN
    if not plan.is_file():
        return []
    try:
        said = dict(_SETTING.findall((directory / "sqitch.conf").read_text(errors="replace")))
    except OSError:
        said = {}
    deploy, ending = directory / said.get("deploy_dir", "deploy"), said.get("extension", "sql")
    paths = (deploy / f"{name}.{ending}" for name in _scripts(plan.read_text(errors="replace")))
    return [path for path in paths if path.is_file()]


def _scripts(plan: str) -> list[str]:
    """The names of the scripts of a plan, in its order."""
    scripts: list[str] = []
    last: dict[str, int] = {}
    reworked: dict[str, str] = {}
    for line in plan.splitlines():
        found = _LINE.match(line)
        if found is None:
            continue
        if found["tag"] is not None:
            for change in last:
                reworked.setdefault(change, found["tag"])
        elif found["sign"] != "-":
            change = found["change"]
            if change in last and change in reworked:
                scripts[last[change]] = f"{change}@{reworked[change]}"
            reworked.pop(change, None)
            last[change] = len(scripts)
            scripts.append(change)
    return scripts


def _version(path: Path) -> str:
    # Its registry notes a reworked change under the same name again.
    return path.as_posix().rpartition("deploy/")[2].removesuffix(".sql").partition("@")[0]


def _variables(path: Path) -> dict[bytes, bytes]:
    """What the nearest ``sqitch.conf`` gives to psql."""
    said = {b"registry": b"sqitch"}
    for above in path.parents:
        try:
            text = (above / "sqitch.conf").read_bytes()
        except OSError:
            continue
        for section in _VARIABLES.finditer(text):
            said.update((name, value.strip(b'"')) for name, value in _VARIABLE.findall(section[1]))
        break
    return said


def _down_file(path: Path) -> Path | None:
    for above in path.parents:
        if above.name == "deploy":
            return above.with_name("revert") / path.relative_to(above)
    return None


def _left_out(path: Path) -> str | None:
    for part in ("revert", "verify"):
        if part in path.parts:
            return "the way down" if part == "revert" else "a check of its change"
    return None if "deploy" in path.parts else "in no folder of changes"


framework = Framework(
    name="sqitch",
    title="Sqitch",
    run_mode=RunMode.AUTOCOMMIT,
    recognises=lambda folder: _PLAN in folder.files,
    reach=4,
    discover=_discover,
    version=_version,
    names="deploy/CHANGE.sql as in sqitch.plan",
    left_out=_left_out,
    gaps=lambda path, data: psql.gaps(data, _variables(path)),
    told="say `sqitch config deploy.variables.NAME VALUE`",
    down_file=_down_file,
    bookkeeping=Bookkeeping("sqitch.changes", "SELECT change FROM sqitch.changes"),
    session=Session.OWN,
    order=Order.LIST,
    removed="Sqitch refuses to go on where it was deployed: the plan has no such change any more",
    edited="Sqitch does not run it again where it was deployed: `sqitch rebase` does, a reworked change is a new one",
    failed="what was committed before; a script that says BEGIN first and COMMIT last leaves nothing",
    older=Older.REFUSED,
)
