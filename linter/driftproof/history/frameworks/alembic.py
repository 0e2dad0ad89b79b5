"""Alembic's offline scripts: what ``alembic upgrade --sql`` prints, run by psql or another client.

Source: sqlalchemy/alembic, docs/build/offline.rst, alembic/runtime/migration.py. The script says BEGIN and COMMIT
itself, around all of its revisions or around each; what must not run in a transaction stands between a COMMIT and a
BEGIN.
"""

import re

from driftproof.history.files import DOWN, leading, numbered, unnumbered
from driftproof.history.model import Framework, RunMode

_MARK = re.compile(rb"(?m)^-- Running (?:upgrade|downgrade) .*->|^CREATE TABLE (?:\w+\.)?alembic_version\b")

framework = Framework(
    name="alembic",
    title="Alembic (offline SQL)",
    run_mode=RunMode.AUTOCOMMIT,
    guessed=True,
    recognises=lambda folder: _MARK.search(folder.beginnings) is not None,
    discover=numbered,
    version=leading,
    names="1_name.sql",
    alone=unnumbered,
    left_out=lambda path: "the way down" if path.name.endswith(DOWN) else None,
    failed="what it committed before: the script says BEGIN and COMMIT itself",
)
