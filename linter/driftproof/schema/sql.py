"""The schema as SQL that runs on an empty database of its platform."""

from collections.abc import Iterator, Sequence

from driftproof.schema.model import Constraint, Doubt, Need, Part, Relation, Routine, Schema, Type
from driftproof.syntax import literal
from driftproof.syntax.printing import quoted

_HEADER = """\
-- The schema that the migrations end in. Owners, privileges and rows are no part of it.

SET check_function_bodies = off;
"""
_TABLES = ("table", "foreign table")
_PARTS = ("rule", "trigger", "policy")


def render(schema: Schema) -> str:
    """The statements in an order in which each finds what it needs."""
    return "\n".join([_HEADER, *_unknown(schema), *_statements(schema)])


def _unknown(schema: Schema) -> Iterator[str]:
    if schema.unknown:
        yield "-- Not known, and not printed or printed as comments:"
        yield from (_comment(f"  {item.kind} {item.name}: {item.why}") for item in schema.unknown)
        yield ""


def _comment(text: str) -> str:
    return "\n".join(f"--{' ' * bool(line)}{line}".rstrip() for line in text.splitlines())


def _statements(schema: Schema) -> Iterator[str]:
    for item in schema.named:
        yield _statement(item.definition, item.doubt)
    lost = _all_lost(schema)
    for thing in _in_order(schema):
        if isinstance(thing, Relation) and thing.kind == "outside":
            continue
        if isinstance(thing, Relation):
            yield _statement(_relation(thing), thing.doubt)
            yield from _constraints(thing, lost, ("primary key",))  # a view may be grouped by it
        else:
            yield _statement(thing.definition, thing.doubt)
    for relation in schema.relations:
        yield from _constraints(relation, lost, ("unique", "check", "exclude"))
        yield from (_statement(text, relation.doubt) for text in relation.after)
    yield from _parts(schema, lost, "index")
    for relation in schema.relations:  # they may refer to what a unique index is on
        yield from _constraints(relation, lost, ("foreign key",))
    for kind in _PARTS:
        yield from _parts(schema, lost, kind)
    yield from _comments(schema, lost)


def _all_lost(schema: Schema) -> set[Need]:
    """The relations and functions that are printed as comments."""
    found: set[Need] = {("relation", item.schema, item.name) for item in schema.relations if _lost(item.doubt)}
    there = {(item.schema, item.name) for item in schema.routines if not _lost(item.doubt)}
    return found | {("function", *name) for item in schema.routines if (name := (item.schema, item.name)) not in there}


def _doubt(relation: Relation, item: Constraint | Part, lost: set[Need]) -> Doubt | None:
    """The doubt about what belongs to a relation: the relation's own, or that something which it needs is not known."""
    if _lost(relation.doubt):
        return relation.doubt
    for need in item.needs:
        if need in lost:
            return Doubt("unknown", f"it needs a {need[0]} that is not known: {need[1]}.{need[2]}")
    return item.doubt


def _parts(schema: Schema, lost: set[Need], kind: str) -> Iterator[str]:
    for relation in schema.relations:
        for part in relation.parts:
            if part.kind == kind:
                yield _statement(part.definition, _doubt(relation, part, lost))


def _lost(doubt: Doubt | None) -> bool:
    return doubt is not None and doubt.presence == "unknown"


def _statement(text: str, doubt: Doubt | None = None) -> str:
    """A statement behind what is in doubt about it; a comment where it is not known whether that is true."""
    said = f"{_comment(str(doubt))}\n" if doubt is not None else ""
    return f"{said}{_comment(text + ';') if _lost(doubt) else text + ';'}\n"


def _names(thing: Type | Relation | Routine) -> tuple[str, ...]:
    """As what a thing may be needed; a relation is the type of its rows too."""
    if isinstance(thing, Relation):
        return ("relation", "type")
    return ("type",) if isinstance(thing, Type) else ("function",)


def _in_order(schema: Schema) -> list[Type | Relation | Routine]:
    """Types, relations and functions, each behind what it needs."""
    things: Sequence[Type | Relation | Routine] = (*schema.types, *schema.relations, *schema.routines)
    by_name: dict[Need, list[Type | Relation | Routine]] = {}
    for thing in things:
        for kind in _names(thing):
            by_name.setdefault((kind, thing.schema, thing.name), []).append(thing)
    done: list[Type | Relation | Routine] = []
    seen: set[int] = set()

    def visit(thing: Type | Relation | Routine) -> None:
        if id(thing) not in seen:
            seen.add(id(thing))
            for need in thing.needs:
                for other in by_name.get(need, ()):
                    visit(other)
            done.append(thing)

    for thing in things:
        visit(thing)
    return done


def _relation(relation: Relation) -> str:
    """CREATE TABLE with its columns; the constraints follow when all tables are there."""
    if relation.kind not in _TABLES or not relation.definition.startswith("CREATE"):
        return relation.definition
    lines = [(column.definition, column.doubt) for column in relation.columns if column.own and column.definition]
    head, found, tail = relation.definition.partition(" ()")
    if not found or not lines:
        return relation.definition
    body = ",\n".join(f"    {text}" for text, _ in lines)
    if any(doubt for _, doubt in lines):
        body = "\n".join(
            f"    {text}{',' * (at < len(lines) - 1)}{f'  -- {doubt}' if doubt is not None else ''}"
            for at, (text, doubt) in enumerate(lines)
        )
    return f"{head} (\n{body}\n){tail}"


def _constraints(relation: Relation, lost: set[Need], kinds: tuple[str, ...]) -> Iterator[str]:
    """The constraints of a table that are of these kinds."""
    name = quoted(relation.name, relation.schema)
    for item in relation.constraints:
        if item.kind in kinds:
            doubt = _doubt(relation, item, lost)
            what = "FOREIGN TABLE" if relation.kind == "foreign table" else "TABLE"
            yield _statement(f"ALTER {what} {name} ADD CONSTRAINT {quoted(item.name)} {item.definition}", doubt)


def _comments(schema: Schema, lost: set[Need]) -> Iterator[str]:
    for item in schema.named:
        yield from _comment_on(item.kind.upper(), quoted(item.name), item.comment, item.doubt)
    for type_ in schema.types:
        what = "DOMAIN" if type_.kind == "domain" else "TYPE"
        yield from _comment_on(what, quoted(type_.name, type_.schema), type_.comment, type_.doubt)
    for relation in schema.relations:
        name = quoted(relation.name, relation.schema)
        kind = "TABLE" if relation.kind == "outside" else relation.kind.upper()
        yield from _comment_on(kind, name, relation.comment, relation.doubt)
        for column in relation.columns:
            yield from _comment_on("COLUMN", f"{name}.{quoted(column.name)}", column.comment, relation.doubt)
        for constraint in relation.constraints:
            on = f"{quoted(constraint.name)} ON {name}"
            yield from _comment_on("CONSTRAINT", on, constraint.comment, _doubt(relation, constraint, lost))
        for part in relation.parts:
            on = quoted(part.name, relation.schema) if part.kind == "index" else f"{quoted(part.name)} ON {name}"
            yield from _comment_on(part.kind.upper(), on, part.comment, _doubt(relation, part, lost))
    for routine in schema.routines:
        name = f"{quoted(routine.name, routine.schema)}({', '.join(routine.arguments)})"
        yield from _comment_on(routine.kind.upper(), name, routine.comment, routine.doubt)


def _comment_on(kind: str, name: str, comment: str | None, doubt: Doubt | None) -> Iterator[str]:
    if comment is not None:
        yield _statement(f"COMMENT ON {kind} {name} IS {literal(comment)}", doubt if _lost(doubt) else None)
