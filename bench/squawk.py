"""driftproof against squawk on the same migrations: ``python bench/squawk.py DIRECTORY...``

One process each, from a cold start, in turn; both read every .sql file below the directories. squawk must be on the
PATH (``pip install squawk-cli``). Prints the least, the median and the most of the runs in milliseconds.
"""

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

RUNS = 11


def milliseconds(command: list[str]) -> float:
    """The wall time of one run."""
    started = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
    return (time.perf_counter() - started) * 1000


def main(directories: list[str]) -> None:
    """Print one line for each tool."""
    # A cold start is what a hook and CI pay, and they have the compiled modules that pip leaves behind.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    files = sorted(str(path) for directory in directories for path in Path(directory).rglob("*.sql"))
    commands = {
        "driftproof": [str(Path(sys.executable).with_name("driftproof")), "check", "--isolated", *directories],
        "squawk": ["squawk", *files],
    }
    times: dict[str, list[float]] = {tool: [] for tool in commands}
    for run in range(RUNS + 1):
        for tool, command in commands.items():
            taken = milliseconds(command)
            if run > 0:  # the first one fills the caches
                times[tool].append(taken)
    size = sum(Path(file).stat().st_size for file in files)
    print(f"{len(files)} files, {size / 1e6:.1f} MB")
    for tool, taken_by in times.items():
        least, median, most = min(taken_by), statistics.median(taken_by), max(taken_by)
        print(f"{tool:12} {least:7.0f} {median:7.0f} {most:7.0f} ms")


if __name__ == "__main__":
    main(sys.argv[1:])
