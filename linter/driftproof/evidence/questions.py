"""Questions to a database about its rows, as SQL that changes nothing."""

from collections.abc import Sequence

from driftproof.catalog import Relation
from driftproof.syntax import quote
from driftproof.syntax.demands import Demand

Table = tuple[str, str]
"""Schema and name."""


def written(table: Table) -> str:
    """A table's qualified name."""
    return f"{quote(table[0])}.{quote(table[1])}"


def in_the_way(demand: Demand, table: Table, references: Table | None = None, referenced: Sequence[str] = ()) -> str:
    """The query that counts the rows of a table (of a unique key: its values) which do not meet a demand."""
    name, columns = written(table), [quote(column) for column in demand.columns]
    match demand.kind:
        case "not null" if demand.added:
            return f"SELECT count(*) FROM {name}"
        case "not null":
            return f"SELECT count(*) FROM {name} WHERE {columns[0]} IS NULL"
        case "check":
            return f"SELECT count(*) FROM {name} WHERE NOT ({demand.condition})"
        case "foreign key" if references is not None:
            given = " AND ".join(f"t.{column} IS NOT NULL" for column in columns)
            same = " AND ".join(
                f"r.{quote(theirs)} = t.{ours}" for ours, theirs in zip(columns, referenced, strict=True)
            )
            other = written(references)
            return f"SELECT count(*) FROM {name} t WHERE {given} AND NOT EXISTS (SELECT FROM {other} r WHERE {same})"
        case _:
            wanted = [f"{column} IS NOT NULL" for column in columns] if demand.distinct_nulls else []
            wanted += [f"({demand.condition})"] if demand.condition else []
            where = f" WHERE {' AND '.join(wanted)}" if wanted else ""
            keys = ", ".join(columns)
            groups = f"SELECT {keys} FROM {name}{where} GROUP BY {keys} HAVING count(*) > 1"
            return f"SELECT count(*) FROM ({groups}) AS duplicates"


def primary_key(relation: Relation | None) -> tuple[str, ...]:
    """The columns of a table's primary key, which a foreign key means where it names none."""
    if relation is None or relation.primary_key is None:
        return ()
    return relation.uses.get(("constraint", relation.primary_key), ())


def said(demand: Demand, table: Table, count: int) -> str:
    """What the answer means."""
    name = table[1] if table[0] == "public" else ".".join(table)
    keys = ", ".join(demand.columns)
    rows = "1 row" if count == 1 else f"{count} rows"
    match demand.kind:
        case "not null" if demand.added:
            return f"{name} has {rows}, which would have no value in the new column {keys}"
        case "not null":
            return f"{rows} of {name} {_have(count)} NULL in {keys}"
        case "check":
            return f"{rows} of {name} {_do(count)} not meet CHECK ({demand.condition})"
        case "foreign key" if demand.references is not None:
            return f"{rows} of {name} {_have(count)} a value in {keys} that {demand.references.name} does not have"
        case _:
            values = "1 value stands" if count == 1 else f"{count} values stand"
            return f"{values} more than once in {name} ({keys})"


def _have(count: int) -> str:
    return "has" if count == 1 else "have"


def _do(count: int) -> str:
    return "does" if count == 1 else "do"
