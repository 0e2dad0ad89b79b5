"""INSERTs that list no columns, into a table that gets a column back: that column comes last, and what is inserted by
its place would go elsewhere. So they are given the list of the columns that they mean."""

from collections.abc import Iterator, Sequence
from functools import lru_cache

from driftproof.diagnostic import Edit
from driftproof.rule import FileContext, StatementContext
from driftproof.statements.operations import CreateRelation, Run, Statement
from driftproof.statements.query import Modification, Query
from driftproof.statements.walk import flat
from driftproof.syntax import quote, tokens


def listed(context: StatementContext, made: CreateRelation, after: int) -> tuple[Edit, ...] | None:
    """The edits that list the columns in the file's INSERTs into a table, those of the statements behind the one with
    the index ``after``; None if one of them can't be told."""
    data, edits = context.file.migration.source.data, []
    for statement, modifies in _positional(context.file):
        if statement.index <= after or not _is_into(modifies, made):
            continue
        given = modifies.source.outputs if modifies.source is not None else ()
        columns = [column.name for column in made.columns][: len(given)]
        told = given and len(columns) == len(given) and not any(output.star is not None for output in given)
        if statement.command != "INSERT" or not told:
            return None
        edits.append(_list_behind(data, modifies.target.at, statement.end, columns))
    return tuple(edits)


@lru_cache(maxsize=4)  # each column that is missing in a file asks for them
def _positional(file: FileContext) -> tuple[tuple[Statement, Modification], ...]:
    """The INSERTs of a file that list no columns."""
    return tuple(
        (statement, query.modifies)
        for statement in file.statements
        for query in _queries(statement)
        if query.modifies is not None and query.modifies.source is not None
        if not (query.modifies.arms or query.modifies.columns)
    )


def _queries(statement: Statement) -> Iterator[Query]:
    for step in flat(statement.operations):
        if isinstance(step, Run):
            yield step.query
            yield from (cte.query for cte in step.query.ctes)


def _is_into(modifies: Modification, made: CreateRelation) -> bool:
    return modifies.target.name == made.name.name and modifies.target.schema in (None, "public", made.name.schema)


def _list_behind(data: bytes, start: int, end: int, columns: Sequence[str]) -> Edit:
    """The edit behind a table's name and alias."""
    words = tokens(data, start, end)
    at = 0
    while words[at + 1].name == "ASCII_46":
        at += 2
    if words[at + 1].name == "AS":
        at += 2
    return Edit(words[at].end, words[at].end, f" ({', '.join(map(quote, columns))})")
