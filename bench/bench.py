"""How long driftproof takes, as a whole process from a cold start: `make bench`.

One file of 15 statements, and histories of 900 such files, each with a table of its own that later statements depend
on: made with a plain CREATE TABLE, so that there is nothing to find, or with IF NOT EXISTS, with seven findings a file.
The one file is also proven, with the start of a server: in seven states that drifted and in a fresh database, each
without and with the fix. `prove` is to take less than 1.5 seconds where nothing else runs.
Prints the least, the median and the most of the runs in milliseconds.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

RUNS = 15

TABLE = """\
-- Migration {n}
CREATE TABLE IF NOT EXISTS table_{n} (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    owner_id uuid NOT NULL REFERENCES auth.users (id) ON DELETE CASCADE,
    title text NOT NULL,
    status text NOT NULL DEFAULT 'new' CHECK (status IN ('new', 'open', 'done')),
    settings jsonb DEFAULT '{{}}',
    position integer,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE table_{n} IS 'Rows of {n}';
COMMENT ON COLUMN table_{n}.settings IS 'Settings';
COMMENT ON COLUMN table_{n}.status IS 'new, open or done';
CREATE INDEX IF NOT EXISTS table_{n}_owner ON table_{n} (owner_id);
CREATE INDEX IF NOT EXISTS table_{n}_open ON table_{n} (created_at DESC) WHERE status = 'open';
ALTER TABLE table_{n} ADD COLUMN IF NOT EXISTS archived_at timestamptz;
ALTER TABLE table_{n} ENABLE ROW LEVEL SECURITY;
DROP POLICY IF EXISTS own ON table_{n};
CREATE POLICY own ON table_{n} FOR SELECT USING (owner_id = (SELECT auth.uid()));
CREATE OR REPLACE FUNCTION touch_{n}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN NEW.updated_at = now(); RETURN NEW; END $$;
DROP TRIGGER IF EXISTS touch ON table_{n};
CREATE TRIGGER touch BEFORE UPDATE ON table_{n} FOR EACH ROW EXECUTE FUNCTION touch_{n}();
CREATE OR REPLACE VIEW open_{n} AS
SELECT t.id, t.title, u.email FROM table_{n} t JOIN auth.users u ON u.id = t.owner_id;
DO $$ BEGIN
    IF NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conname = 'table_{n}_position') THEN
        ALTER TABLE table_{n} ADD CONSTRAINT table_{n}_position CHECK (position >= 0);
    END IF;
END $$;
GRANT SELECT ON table_{n} TO authenticated;
"""


def timed(command: list[str], directory: Path) -> list[float]:
    """The wall times of the runs in milliseconds, one run before them not counted. They find their bytecode, as an
    installation leaves it, whatever the environment says of that."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    times = []
    for _ in range(RUNS + 1):
        started = time.perf_counter()
        subprocess.run(
            command,
            cwd=directory,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            check=False,
        )
        times.append((time.perf_counter() - started) * 1000)
    return times[1:]


def main() -> None:
    """Print one line for each measurement."""
    driftproof = [str(Path(sys.executable).with_name("driftproof"))]
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        plain = TABLE.replace("CREATE TABLE IF NOT EXISTS", "CREATE TABLE")
        for directory, count, text in (("one", 1, TABLE), ("doubted", 900, TABLE), ("plain", 900, plain)):
            migrations = root / directory / "supabase" / "migrations"
            migrations.mkdir(parents=True)
            for n in range(count):
                (migrations / f"{20250101000000 + n}_table_{n}.sql").write_text(text.format(n=n))
        for title, command, directory in (
            ("--version", ["--version"], "one"),
            ("check, one file of 15 statements", ["check", "supabase/migrations"], "one"),
            ("prove, one file of 15 statements", ["prove", "supabase/migrations"], "one"),
            ("check, 900 files, no finding", ["check", "--format", "json"], "plain"),
            ("check, 900 files, 6300 findings", ["check", "--format", "json"], "doubted"),
        ):
            times = timed(driftproof + command, root / directory)
            least, median, most = min(times), statistics.median(times), max(times)
            print(f"{title:36} {least:7.0f} {median:7.0f} {most:7.0f} ms")


if __name__ == "__main__":
    main()
