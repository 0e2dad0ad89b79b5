"""The schema as SQL that runs on an empty database of its platform."""

from collections.abc import Iterator, Sequence

from driftproof.schema.model import Doubt, Need, Relation, Routine, Schema, Type
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
    for thing in _in_order(schema):
        if isinstance(thing, Relation) and thing.kind == "outside":
            continue
        if isinstance(thing, Relation):
            yield _statement(_relation(thing), thing.doubt)
            yield from _constraints(thing, set(), ("primary key",))  # a view may be grouped by it
        else:
            yield _statement(thing.definition, thing.doubt)
    lost = {(item.schema, item.name) for item in schema.relations if _lost(item.doubt)}
    for relation in schema.relations:
        yield from _constraints(relation, lost, ("unique", "check", "exclude"))
        yield from (_statement(text, relation.doubt) for text in relation.after)
    yield from _parts(schema, "index")
    for relation in schema.relations:  # they may refer to what a unique index is on
        yield from _constraints(relation, lost, ("foreign key",))
    for kind in _PARTS:
        yield from _parts(schema, kind)
    yield from _comments(schema)


def _parts(schema: Schema, kind: str) -> Iterator[str]:
    for relation in schema.relations:
        for part in relation.parts:
            if part.kind == kind:
                yield _statement(part.definition, relation.doubt if _lost(relation.doubt) else part.doubt)


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


def _constraints(relation: Relation, lost: set[tuple[str, str]], kinds: tuple[str, ...]) -> Iterator[str]:
    """The constraints of a table that are of these kinds."""
    name = quoted(relation.name, relation.schema)
    for item in relation.constraints:
        if item.kind in kinds:
            doubt = relation.doubt if _lost(relation.doubt) else item.doubt
            if item.references in lost:
                doubt = Doubt("unknown", "the table that it refers to is not known")
            what = "FOREIGN TABLE" if relation.kind == "foreign table" else "TABLE"
            yield _statement(f"ALTER {what} {name} ADD CONSTRAINT {quoted(item.name)} {item.definition}", doubt)


def _comments(schema: Schema) -> Iterator[str]:
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
            yield from _comment_on("CONSTRAINT", on, constraint.comment, relation.doubt)
        for part in relation.parts:
            on = quoted(part.name, relation.schema) if part.kind == "index" else f"{quoted(part.name)} ON {name}"
            yield from _comment_on(part.kind.upper(), on, part.comment, relation.doubt)
    for routine in schema.routines:
        name = f"{quoted(routine.name, routine.schema)}({', '.join(routine.arguments)})"
        yield from _comment_on(routine.kind.upper(), name, routine.comment, routine.doubt)


def _comment_on(kind: str, name: str, comment: str | None, doubt: Doubt | None) -> Iterator[str]:
    if comment is not None:
        yield _statement(f"COMMENT ON {kind} {name} IS {literal(comment)}", doubt if _lost(doubt) else None)
