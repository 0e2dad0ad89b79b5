"""EF Core's scripts: what ``dotnet ef migrations script`` prints, run by psql or another client.

Source: npgsql/efcore.pg, src/EFCore.PG/Migrations/Internal/NpgsqlHistoryRepository.cs. The script says START
TRANSACTION and COMMIT itself, around each migration; with ``--idempotent`` each statement asks the history table first,
in a block.
"""

from driftproof.history.files import DOWN, leading, numbered, unnumbered
from driftproof.history.model import Framework, RunMode

_TABLE = b'"__EFMigrationsHistory"'

framework = Framework(
    name="efcore",
    title="EF Core (script)",
    run_mode=RunMode.AUTOCOMMIT,
    guessed=True,
    own=("__EFMigrationsHistory",),
    recognises=lambda folder: _TABLE in folder.beginnings,
    discover=numbered,
    version=leading,
    names="1_name.sql",
    alone=unnumbered,
    left_out=lambda path: "the way down" if path.name.endswith(DOWN) else None,
    failed="what it committed before: the script says START TRANSACTION and COMMIT itself",
)
