"""Types: enums, composite types, domains, ranges, and those that are written in C."""

from typing import Literal

from driftproof.statements import operations as op
from driftproof.statements.query import Expression, Name
from driftproof.syntax import tables
from driftproof.syntax.objects import with_method
from driftproof.syntax.parser import Node
from driftproof.syntax.queries import expression
from driftproof.syntax.tables import Operations
from driftproof.syntax.tree import names, qualified, range_var, strings, type_name, type_text


def create_enum(node: Node, _shift: int) -> Operations:
    """CREATE TYPE ... AS ENUM."""
    labels = tuple(strings(node.get("vals")))
    return [op.Create("type", qualified(strings(node["typeName"])), labels=labels, form="enum")]


def alter_enum(node: Node, _shift: int) -> Operations:
    """ALTER TYPE ... ADD VALUE, RENAME VALUE."""
    return [
        op.AddLabel(
            qualified(strings(node["typeName"])),
            node["newVal"],
            node.get("skipIfNewValExists", False),
            node.get("oldVal"),
            node.get("newValNeighbor"),
        )
    ]


def create_composite(node: Node, shift: int) -> Operations:
    """CREATE TYPE ... AS (...)."""
    columns = tuple(tables.column(item["ColumnDef"], shift) for item in node.get("coldeflist", ()))
    return [op.CreateRelation(range_var(node["typevar"], shift), "composite type", columns)]


def create_domain(node: Node, shift: int) -> Operations:
    """CREATE DOMAIN with its constraints."""
    name = qualified(strings(node["domainname"]))
    clauses = [item["Constraint"] for item in node.get("constraints", ())]
    base, array = type_name(node["typeName"]), "arrayBounds" in node["typeName"]
    default: Expression | None = None
    for clause in clauses:
        if clause["contype"] == "CONSTR_DEFAULT":
            default = tables.default_of(base, clause.get("raw_expr"), shift, array=array)
    checks = [clause for clause in clauses if clause["contype"] == "CONSTR_CHECK"]
    made = [tables.constraint(clause, shift) for clause in clauses if clause not in checks]
    return [
        *collation(node.get("collClause")),
        op.Create(
            "type",
            name,
            constraints=tuple(constraint for constraint in made if constraint is not None),
            base=op.Column("", type=base, default=default, spelled=type_text(node["typeName"])),
            form="domain",
        ),
        *(_check(name, clause, shift) for clause in checks),  # they may name the domain
    ]


def _check(domain: Name, clause: Node, shift: int) -> op.Operation:
    return op.AddTypeConstraint(domain, clause.get("conname"), "check", expression(clause.get("raw_expr"), shift))


def alter_domain(node: Node, shift: int) -> Operations:
    """ALTER DOMAIN: its constraints."""
    domain, name = qualified(strings(node["typeName"])), node.get("name", "")
    match node["subtype"]:
        case "C":
            clause = node["def"]["Constraint"]
            kind: Literal["check", "not null"] = "check" if clause["contype"] == "CONSTR_CHECK" else "not null"
            seen = expression(clause.get("raw_expr"), shift)
            return [op.AddTypeConstraint(domain, clause.get("conname"), kind, seen)]
        case "O":
            return [op.AddTypeConstraint(domain, None, "not null", only_new=True)]
        case "N":
            return [op.DropTypeConstraint(domain, None, missing_ok=True)]
        case "X":
            return [op.DropTypeConstraint(domain, name, node.get("missing_ok", False))]
        case "V":
            return [op.NeedTypeConstraint(domain, name, validates=True)]
        case _:
            return [op.Need("type", domain, forms=("domain",))]


def create_range(node: Node, _shift: int) -> Operations:
    """CREATE TYPE ... AS RANGE, and the multirange type that comes with it."""
    name = qualified(strings(node["typeName"]))
    options = {item["DefElem"]["defname"]: names(item["DefElem"].get("arg")) for item in node.get("params", ())}
    found: Operations = []
    found += [op.Need("function", qualified(options[key])) for key in ("canonical", "subtype_diff") if key in options]
    if "collation" in options:
        found.append(op.Need("collation", qualified(options["collation"]), holds=True))
    if "subtype_opclass" in options:
        found.append(op.Need("operator-class", with_method(qualified(options["subtype_opclass"]), "btree"), holds=True))
    other = options.get("multirange_type_name")
    multirange = qualified(other) if other else Name(name.schema, _multirange(name.name))
    base = _subtype(node)
    made = op.Create("type", name, needs=tuple(found), base=base, form="range")  # its name is looked at first
    return [made, op.Create("type", multirange, base=base, of=name, form="multirange")]


def _subtype(node: Node) -> op.Column | None:
    for option in (item["DefElem"] for item in node.get("params", ())):
        if option["defname"] == "subtype" and "TypeName" in option.get("arg", {}):
            written = option["arg"]["TypeName"]
            return op.Column("", type=type_name(written), spelled=type_text(written))
    return None


def _multirange(name: str) -> str:
    """The name that PostgreSQL makes up. Source: makeMultirangeTypeName, pg_type.c."""
    if "range" in name:
        return name.replace("range", "multirange", 1)
    return name.encode()[: 63 - len("_multirange")].decode(errors="ignore") + "_multirange"


def collation(clause: Node | None) -> Operations:
    """The need of a COLLATE clause."""
    if clause is None:
        return []
    return [op.Need("collation", qualified(strings(clause["collname"])), holds=True)]
