"""A plain directory of .sql files, run by psql or by hand.

Those whose names begin with a number are a history, in natural order (``9_x`` before ``10_x``). Of the others nobody
knows the order, so each stands alone. psql's own commands are blanked out where the text is parsed.
"""

import re
from pathlib import Path

from driftproof import gaps
from driftproof.gaps import Gap
from driftproof.history import masks, psql
from driftproof.history.files import DOWN, leading, numbered, unnumbered
from driftproof.history.model import Framework, RunMode

_EXTENSION = re.compile(rb"@extschema(?::\w+)?@")  # in scripts of extensions: the schema that one is made in
# A file that its tool's mark of the way up is missing from, or one of several tools'.
_PARTS = re.compile(rb"(?im)^--[ \t]*(?:(?:\+goose[ \t]+up|migrate:up)|(?P<down>\+goose[ \t]+down|migrate:down))\b")


def _down_file(path: Path) -> Path | None:
    stem = path.name.removesuffix(".sql").removesuffix(".up")
    return next((file for ending in DOWN if (file := path.with_name(stem + ending)).is_file()), None)


def _gaps(_path: Path, data: bytes) -> tuple[Gap, ...]:
    schemas = gaps.find(data, _EXTENSION) if b"@extschema" in data else ()
    return tuple(sorted((*schemas, *psql.gaps(data)), key=lambda gap: gap.start))


framework = Framework(
    name="plain",
    title="plain SQL files (psql)",
    run_mode=RunMode.AUTOCOMMIT,
    guessed=True,
    recognises=lambda _folder: True,
    discover=numbered,
    version=leading,
    names="1_name.sql",
    alone=unnumbered,
    left_out=lambda path: "the way down" if path.name.endswith(DOWN) else None,
    up=lambda data: masks.up_parts(data, _PARTS),
    down=lambda data: masks.down_parts(data, _PARTS),
    gaps=_gaps,
    told="\\set it in the script",
    down_file=_down_file,
    failed="what the statements before did stays: each commits on its own",
)
