"""A column definition's own text: what stands in it, and where its NOT NULL is."""

import msgspec
from pglast.parser import ParseError

from driftproof.syntax.parser import parse_fragment
from driftproof.syntax.tables import column

_BEFORE = "CREATE TABLE t ("


class ColumnText(msgspec.Struct, frozen=True):
    """``not_null`` is the byte offset of NOT NULL in the text; ``fills`` says that existing rows get a value (default,
    identity, serial, generated); ``reads`` are other columns that the definition refers to."""

    text: str
    not_null: int | None
    primary_key: bool
    unique: bool
    fills: bool
    generated: bool
    references: bool
    reads: tuple[str, ...]


def read_column(text: str) -> ColumnText | None:
    """What a column definition says; None if it is not one."""
    try:
        [(_, node)] = parse_fragment(f"{_BEFORE}{text})")
    except (ParseError, ValueError):
        return None
    [element] = node.get("tableElts", [{}])
    if "ColumnDef" not in element:
        return None
    definition = element["ColumnDef"]
    constraints = {item["Constraint"]["contype"]: item["Constraint"] for item in definition.get("constraints", ())}
    lowered = column(definition, 0)
    reads = [ref for made in lowered.constraints if made.expression for ref in made.expression.columns]
    if lowered.generated and lowered.default:
        reads.extend(lowered.default.columns)
    not_null = constraints.get("CONSTR_NOTNULL", {}).get("location")
    return ColumnText(
        text,
        not_null - len(_BEFORE) if not_null is not None else None,
        "CONSTR_PRIMARY" in constraints,
        "CONSTR_UNIQUE" in constraints,
        lowered.default is not None or lowered.sequence,
        lowered.generated,
        "CONSTR_FOREIGN" in constraints,
        tuple(dict.fromkeys(ref.parts[-1] for ref in reads if ref.parts[-1] != lowered.name)),
    )
