"""The start state that a doubt names, as a recipe: an earlier attempt has been there, and a part of it is missing."""

from collections.abc import Callable, Collection, Iterable, Iterator
from typing import TYPE_CHECKING

import msgspec

from driftproof.catalog.naming import all_constraints
from driftproof.history import History, Migration
from driftproof.objects import Object
from driftproof.reading import Piece
from driftproof.runner.execute import pieces_of
from driftproof.statements.operations import AddConstraint, CreateIndex, CreateRelation, If, Probe, Statement, Test
from driftproof.statements.walk import flat
from driftproof.syntax import literal, quote

if TYPE_CHECKING:
    from driftproof.diagnostic import Place


class NotBuilt(Exception):
    """Why a start state could not be built, in one line."""


class ComesBack(NotBuilt):
    """What is taken away is made again by the statement: it asks for something else than it makes."""

    def __init__(self) -> None:
        super().__init__("its guard tests another object, so the statement makes it again")


class Recipe(msgspec.Struct, frozen=True):
    """How a start state is made, and the file that is run there.

    It begins with the state before the migration ``base``; ``statements`` are run there one by one, then the migrations
    ``between``. ``given`` is the file; where it has to make the state itself, because that needs what it does first,
    the statements stand in it, as its statements from ``at`` on: ``within`` of them, ``length`` bytes at ``offset``; or
    ``earlier`` of them in the first migration between.
    ``number`` tells the ways to make one state apart; ``away`` says that the last of ``statements`` takes away what the
    others make.
    """

    number: int
    base: int
    given: Migration
    statements: tuple[str, ...] = ()
    between: tuple[Migration, ...] = ()
    at: int = 0
    within: int = 0
    earlier: int = 0
    offset: int = 0
    length: int = 0
    away: bool = False

    def own(self, statement: int | None) -> int | None:
        """The index that a statement of ``given`` has in the file itself; None for one that makes the state."""
        if statement is None or statement < self.at:
            return statement
        return None if statement < self.at + self.within else statement - self.within

    def index(self, statement: int) -> int:
        """The index that a statement of the file itself has in ``given``."""
        return statement if statement < self.at else statement + self.within

    def ahead(self, statement: int | None) -> bool:
        """Whether a statement of ``given`` stands before the state is made, or makes it."""
        return statement is not None and bool(self.within) and statement < self.at + self.within

    def stands(self, offset: int) -> int:
        """Where in ``given`` stands what stands at that offset of the file."""
        return offset if offset < self.offset else offset + self.length


def recipes(
    history: History, migration: Migration, missing: Object, origin: "Place", place: Callable[[int], int] = int
) -> Iterator[Recipe]:
    """Ways to make the state in which ``origin`` has run before, but the object is missing, the most faithful first.

    ``migration`` is the file that meets it, perhaps rewritten: ``place`` says where an offset of it stands then.
    Raises NotBuilt for what can't be dropped by itself.
    """
    doubted = history.migrations[origin.migration]
    statement = next(piece for piece in pieces_of(doubted) if piece.index == origin.statement)
    text = doubted.source.sent(statement.start, statement.end).text
    away = take_away(missing, statement)
    made = (text, *_emptied(missing, statement), away)
    between = history.migrations[doubted.index : migration.index]
    if not between:
        yield Recipe(0, migration.index, migration, made, away=True)
        yield _within(1, migration, place(statement.start), made)
    else:
        yield Recipe(0, doubted.index, migration, made, between, away=True)
        yield _earlier(1, migration, between, statement.start, made)
        # It has another name since, or is made in parts.
        yield Recipe(2, migration.index, migration, (away,), away=True)
    if decoys := tuple(_decoys(statement)):
        # Its guard may ask for something else than it protects.
        yield Recipe(3, doubted.index, migration, decoys, between)
    # What was made by hand is there before the statement, or before all of the file.
    if by_hand := tuple(_by_hand(history, doubted, [statement])):
        if not between:
            yield _within(4, migration, place(statement.start), (*by_hand, *made))
        else:
            yield _earlier(4, migration, between, statement.start, (*by_hand, *made))
    pieces = [piece for piece in pieces_of(doubted) if piece.index <= statement.index]
    for number, needing in ((5, pieces), (7, pieces_of(doubted))):
        if by_hand := tuple(_by_hand(history, doubted, needing)):
            if not between:
                put = _within(number, migration, place(statement.start), made)
            else:
                put = _earlier(number, migration, between, statement.start, made)
            yield msgspec.structs.replace(put, statements=by_hand, away=False)
    if plain := _plain(history, doubted, statement, missing):
        yield Recipe(6, doubted.index, migration, (plain,), between)


def _earlier(
    number: int, migration: Migration, between: tuple[Migration, ...], at: int, statements: tuple[str, ...]
) -> Recipe:
    """The state that an earlier migration leaves with statements put in at an offset."""
    put = _within(number, between[0], at, statements)
    changed = (put.given, *between[1:])
    return Recipe(number, between[0].index, migration, between=changed, at=put.at, earlier=put.within, away=True)


def _within(number: int, migration: Migration, at: int, statements: tuple[str, ...]) -> Recipe:
    """The file with statements put in at an offset."""
    data = migration.source.data
    text = "".join(f"{statement};\n" for statement in statements).encode()
    given = msgspec.structs.replace(migration, source=migration.source.rewritten(data[:at] + text + data[at:]))
    first = sum(piece.end <= at for piece in pieces_of(migration))
    return Recipe(
        number, migration.index, given, at=first, within=len(statements), offset=at, length=len(text), away=True
    )


def _emptied(missing: Object, statement: Piece) -> Iterator[str]:
    """Takes away the rows that a block writes beside making their table: whoever made it before wrote others."""
    if not isinstance(statement, Statement) or statement.command != "DO":
        return
    for step in flat(statement.operations):
        if isinstance(step, CreateRelation) and step.kind == "table" and step.name.name == missing.relation:
            yield f"TRUNCATE {quote(missing.schema or 'public')}.{quote(missing.relation)} CASCADE"
            return


def _decoys(statement: Piece) -> Iterator[str]:
    """Statements that make what the guards of a block ask for."""
    for step in flat(getattr(statement, "operations", ())):
        if isinstance(step, If):
            yield from filter(None, map(_decoy, _probes(step.test)))


def _by_hand(history: History, migration: Migration, statements: Iterable[Piece]) -> Iterable[str]:
    """Statements that make what the tables of these statements refer to and they do not make, where that was made by
    hand: as the history makes it later, or with the columns that are referred to."""
    found: dict[str, str] = {}
    made: set[str] = set()
    for piece in statements:
        _referred(history, migration, piece, found, made)
        made |= {step.name.name for step in flat(getattr(piece, "operations", ())) if isinstance(step, CreateRelation)}
    return found.values()


def _referred(
    history: History, before: Migration, statement: Piece, found: dict[str, str], made: Collection[str]
) -> None:
    for step in flat(getattr(statement, "operations", ())):
        if isinstance(step, AddConstraint) and step.constraint.kind == "foreign key" and step.table.name not in made:
            _made_later(history, before, step.table.schema or "public", step.table.name, found, made)
        if not isinstance(step, CreateRelation):
            continue
        types = {column.name: column.spelled for column in step.columns}
        for constraint in all_constraints(step):
            if constraint.kind != "foreign key" or constraint.references is None:
                continue
            schema, name = constraint.references.schema or "public", constraint.references.name
            if name in (*found, *made, step.name.name):
                continue
            if _made_later(history, before, schema, name, found, made):
                continue
            to = [ref.parts[-1] for ref in constraint.referenced] or ["id"]
            own = [types.get(ref.parts[-1], "") for ref in constraint.columns]
            if len(to) == len(own) and all(own):
                columns = ", ".join(f"{quote(column)} {type_}" for column, type_ in zip(to, own, strict=True))
                key = ", ".join(map(quote, to))
                found[name] = (
                    f"CREATE TABLE IF NOT EXISTS {quote(schema)}.{quote(name)} ({columns}, PRIMARY KEY ({key}))"
                )


def _made_later(
    history: History, before: Migration, schema: str, name: str, found: dict[str, str], made: Collection[str]
) -> bool:
    """Whether the history makes a table later; then it is found as it makes it there, with what that refers to."""
    first = next(_tables(history.migrations, name), None) if schema == "public" and name not in found else None
    if first is None or first[0] <= before.index:
        return False
    other = history.migrations[first[0]]
    piece = next(piece for piece in pieces_of(other) if piece.index == first[1])
    found[name] = ""  # what it refers to may refer to it
    _referred(history, before, piece, found, made)
    del found[name]
    found[name] = other.source.sent(piece.start, piece.end).text
    return True


def _tables(migrations: Iterable[Migration], name: str) -> Iterator[tuple[int, int, CreateRelation]]:
    """What makes a table of that name, with the migration and the statement."""
    for migration in migrations:
        if name.encode() not in migration.source.data:
            continue
        for piece in pieces_of(migration):
            for step in flat(getattr(piece, "operations", ())):
                if isinstance(step, CreateRelation) and step.kind == "table" and step.name.name == name:
                    yield migration.index, piece.index, step


def _plain(history: History, migration: Migration, statement: Piece, missing: Object) -> str | None:
    """A table by itself in the place of a partition or a child, with the columns of its parent but for one, or of one
    that is partitioned by that."""
    for step in flat(getattr(statement, "operations", ())):
        if not isinstance(step, CreateRelation) or step.name.name != missing.relation:
            continue
        by = step.partitioned.columns if step.partitioned is not None else ()
        if not step.parents and missing.name not in (column.parts[-1] for column in by):
            continue
        parents = [
            made
            for parent in step.parents[:1]
            for _, _, made in _tables(history.migrations[: migration.index + 1], parent.name)
        ]
        columns = {column.name: column.spelled for parent in parents for column in parent.columns}
        columns |= {column.name: column.spelled for column in step.columns}
        if missing.kind == "column" and missing.name in columns and all(columns.values()):
            written = ", ".join(f"{quote(name)} {type_}" for name, type_ in columns.items() if name != missing.name)
            return f"CREATE TABLE {quote(missing.schema or 'public')}.{quote(missing.relation)} ({written})"
    return None


def _probes(test: Test) -> Iterator[Probe]:
    if test.probe is not None:
        yield test.probe
    for part in test.parts:
        yield from _probes(part)


def _decoy(probe: Probe) -> str | None:
    if probe.name is None:
        return None
    name, schema = quote(probe.name), quote(probe.schema or "public")
    match probe.kind:
        case "type":
            return f"CREATE TYPE {schema}.{name} AS ENUM ()"
        case "relation":
            return f"CREATE TABLE {schema}.{name} ()"
        case "column" if probe.relation is not None:
            return f"ALTER TABLE {schema}.{quote(probe.relation)} ADD COLUMN {name} text"
        case "constraint" if probe.relation is not None:
            return f"ALTER TABLE {schema}.{quote(probe.relation)} ADD CONSTRAINT {name} CHECK (true)"
        case "schema":
            return f"CREATE SCHEMA {name}"
        case _:
            return None


def take_away(missing: Object, statement: Piece | None = None) -> str:
    """The statement that takes away what the start state lacks, and that ``statement`` makes. Raises NotBuilt for what
    can't be dropped alone."""
    name, schema = quote(missing.name), quote(missing.schema or "public")
    table = f"{schema}.{quote(missing.relation)}" if missing.relation is not None else ""
    match missing.kind:
        case "column":
            return f"ALTER TABLE {table} DROP COLUMN {name} CASCADE"
        case "default" | "identity" | "generated":
            what = "EXPRESSION" if missing.kind == "generated" else missing.kind.upper()
            return f"ALTER TABLE {table} ALTER COLUMN {name} DROP {what}"
        case "constraint":
            return f"ALTER TABLE {table} DROP CONSTRAINT {name} CASCADE"
        case "index" if missing.relation is not None and not _makes_index(missing, statement):
            return f"ALTER TABLE {table} DROP CONSTRAINT {name} CASCADE"
        case "index":
            return f"DROP INDEX {schema}.{name} CASCADE"
        case "policy" | "trigger" | "rule":
            return f"DROP {missing.kind.upper()} {name} ON {table} CASCADE"
        case "relation" | "sequence":
            return f"DROP {_relation_kind(missing, statement)} {schema}.{name} CASCADE"
        case "type":
            return f"DROP TYPE {schema}.{name} CASCADE"
        case "enum-label":
            # PostgreSQL has no DROP VALUE; it lets a superuser write its catalogs.
            label, type_ = literal(missing.name), literal(table)
            return f"DELETE FROM pg_catalog.pg_enum WHERE enumtypid = {type_}::regtype AND enumlabel = {label}"
        case "function":
            arguments = "" if missing.arguments is None else f"({', '.join(map(_type, missing.arguments))})"
            return f"DROP ROUTINE {schema}.{name}{arguments} CASCADE"
        case "statistics" | "collation":
            return f"DROP {missing.kind.upper()} {schema}.{name}"
        case "schema" | "extension" | "server":
            return f"DROP {missing.kind.upper()} {name} CASCADE"
        case "publication" | "role":
            return f"DROP {missing.kind.upper()} {name}"
        case "publication-table":
            return f"ALTER PUBLICATION {name} DROP TABLE {table}"
        case _:
            raise NotBuilt(f"a {missing.kind} can't be taken away by itself")


def _type(written: str) -> str:
    name = written.removesuffix("[]")
    return ".".join(quote(part) for part in name.split(".", 1)) + written[len(name) :]


def _makes_index(missing: Object, statement: Piece | None) -> bool:
    """Whether the statement makes the index itself, and not a constraint that has one."""
    return isinstance(statement, Statement) and any(
        isinstance(step, CreateIndex) and step.name == missing.name for step in flat(statement.operations)
    )


def _relation_kind(missing: Object, statement: Piece | None) -> str:
    if isinstance(statement, Statement):
        for step in flat(statement.operations):
            if isinstance(step, CreateRelation) and step.name.name == missing.name:
                return step.kind.upper()
    return "SEQUENCE" if missing.kind == "sequence" else "TABLE"
