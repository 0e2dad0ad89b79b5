"""Django's scripts: what ``manage.py sqlmigrate`` prints of a migration, run by psql or another client.

Source: django/django, core/management/commands/sqlmigrate.py. The script says BEGIN and COMMIT itself, unless the
migration is not atomic; what Python does is a comment there, and so is the note in ``django_migrations``.
"""

import re

from driftproof.history.files import DOWN, leading, numbered, unnumbered
from driftproof.history.model import Framework, RunMode

# The first operation, as the comment before its statements tells it.
_OPERATION = rb"(?:Creates?|Delete|Rename|Add|Remove|Alter|Change|Set|Raw|Custom|Concurrently|Validate)\b[^\r\n]*"
_MARK = re.compile(rb"(?:BEGIN;\r?\n)?--\r?\n-- " + _OPERATION + rb"\r?\n--\r?\n")

framework = Framework(
    name="django",
    title="Django (sqlmigrate)",
    run_mode=RunMode.AUTOCOMMIT,
    guessed=True,
    recognises=lambda folder: any(_MARK.match(folder.beginning(name)) for name in folder.sql[:3]),
    discover=numbered,
    version=leading,
    names="0001_name.sql",
    alone=unnumbered,
    left_out=lambda path: "the way down" if path.name.endswith(DOWN) else None,
    failed="what it committed before: the script says BEGIN and COMMIT itself",
)
