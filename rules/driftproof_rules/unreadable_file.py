"""A file that is no text: not UTF-8, or with a NUL byte.

## What it does

Reports a file that can't be read as UTF-8, at the first byte that shows it. Nothing else is said about the file.

## Why it matters

PostgreSQL refuses such a file (SQLSTATE 22021), or takes another text for yours.

## Example

A file saved as Latin-1 or UTF-16.

## Instead

Save it as UTF-8, with or without a byte order mark.

## Fix safety

There is no automatic fix: the encoding would be a guess.
"""

from collections.abc import Iterator

from driftproof import Diagnostic, FileContext, Rule, bad, good


def _check(rule: Rule, file: FileContext) -> Iterator[Diagnostic]:
    if file.unreadable is not None:
        message, at = file.unreadable
        yield rule.at(file, at, at + 1, message)


rule = Rule(
    code="DP002",
    name="unreadable-file",
    summary="A file that is no text: not UTF-8, or with a NUL byte",
    on_file=_check,
    cases=(
        bad("SELECT 'a\0b';\n", why="a NUL byte", line=1, certainty=None),
        good("\ufeffSELECT 'é';\n", why="UTF-8 with a byte order mark"),
    ),
)
