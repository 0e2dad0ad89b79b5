"""From a history to the schema that it ends in.

The catalog says what is there at the end, and what is in doubt; the statements that the fresh state has run, guards
and loops resolved, say what it looks like.
"""

import re
from collections.abc import Iterable
from functools import partial

from driftproof.catalog import Interpreter, interpreter
from driftproof.catalog.entries import Relation as Known
from driftproof.catalog.facts import Fact, Presence
from driftproof.catalog.state import Ran, State
from driftproof.history import History
from driftproof.objects import Kind
from driftproof.reading import read as read_statements
from driftproof.schema import model
from driftproof.schema.fold import fold
from driftproof.schema.tables import Inherited, columns_of
from driftproof.schema.things import OUTSIDE, Column, Key, Made, Relation, Routine, Thing, Type
from driftproof.schema.values import values_of
from driftproof.schema.written import (
    column_definition,
    constraint_definition,
    needs_of,
    part_definition,
    relation_definition,
    routine_definition,
    statements_after,
    type_definition,
)
from driftproof.source import Unreadable
from driftproof.statements.operations import HOLE
from driftproof.statements.walk import rolls_back
from driftproof.syntax.printing import Tree, printed, quoted, texts, type_of
from driftproof.unusable import Unusable


def read(history: History) -> model.Schema:
    """The schema that a history ends in with its last named migration. Raises Unusable for one that holds no text."""
    start = interpreter(history.framework.platform)
    before: set[object] = {*start.state.relations, *start.state.objects}
    skipped = _run(start, history)
    run = start
    if start.incomplete is not None:
        run = interpreter(history.framework.platform, by_hand=True)
        skipped = _run(run, history)
    ran = _ran(run.state)
    followed = [(item.text, item.path or ()) for item in ran if HOLE not in item.text]
    skipped += dict.fromkeys(_open(item) for item in ran if HOLE in item.text and not _GRANTS.match(item.text))
    return _Reader(run.state, start.state, fold(followed)).schema(before, skipped)


def _run(run: Interpreter, history: History) -> list[model.Unknown]:
    """Run the history, keeping account of what the fresh state runs; what it certainly can't run."""
    skipped: list[model.Unknown] = []
    for migration in history.migrations[: max(history.named, default=-1) + 1]:
        source = migration.source
        try:
            sql, parsed = source.sql, read_statements(history.framework, migration)
        except Unreadable as error:
            raise Unusable(f"{migration.path}: {error.message}") from None
        data = sql.encode()
        for failure in parsed.failures:
            place = f"{migration.path}:{source.line_number(failure.start)}"
            skipped.append(model.Unknown("statement", place, f"it does not parse: {failure.message}"))
        run.start_file(migration.index, migration.path, rolls_back=rolls_back(parsed.statements))
        for statement in parsed.statements:
            path = run.state.path
            failures = run.run(statement, partial(source.line_number, statement.start))
            if run.failed:
                place = f"{migration.path}:{source.line_number(statement.start)}"
                sqlstates = ", ".join(dict.fromkeys(item.sqlstate for item in failures))
                why = f"it fails in a fresh database{': ' * bool(sqlstates)}{sqlstates}, and is left out"
                skipped.append(model.Unknown("statement", place, why))
            elif statement.command != "DO":
                run.state.ran = Ran(data[statement.start : statement.end].decode(), path, run.state.ran)
    return skipped


_GRANTS = re.compile(r"\s*(?:GRANT|REVOKE)\s", re.IGNORECASE)  # privileges are no part of it


def _ran(state: State) -> list[Ran]:
    found: list[Ran] = []
    last = state.ran
    while last is not None:
        found.append(last)
        last = last.earlier
    return found[::-1]


def _open(ran: Ran) -> model.Unknown:
    """A statement of which some is known only when it runs."""
    written = " ".join(ran.text.replace(HOLE, "...").split())
    return model.Unknown("statement", ran.place, f"what it does is known only when it runs: {written}")


_ASSUMED = model.Doubt("assumed", "something that it depends on could not be followed")
_MADE_ELSEWHERE = "no statement of this history makes it"
_LOST = model.Doubt("unknown", "what became of it could not be followed")


def _doubt(fact: Fact | None) -> model.Doubt | None:
    """Why it is not guaranteed that something is there."""
    if fact is None or fact.presence is Presence.UNKNOWN:
        return _LOST
    if fact.presence is Presence.MAYBE:
        because = fact.doubt.because if fact.doubt is not None else None
        if because is None:
            return model.Doubt("maybe", "a guard may have found something else there")
        return model.Doubt("maybe", because.message, because.path, because.line)
    return None if fact.sure else _ASSUMED


def _gone(fact: Fact | None) -> bool:
    return fact is not None and fact.presence is Presence.ABSENT


class _Reader:
    """Holds what was made against what the catalog knows of it."""

    def __init__(self, state: State, platform: State, made: Made) -> None:
        self.state = state
        self.platform = platform
        self.made = made
        self.before: set[object] = set()
        self.unknown: list[model.Unknown] = []

    def schema(self, before: set[object], skipped: list[model.Unknown]) -> model.Schema:
        """All that is known, each kind in the order of its names."""
        named = [self._named(kind, name, thing) for (kind, name), thing in self.made.named.items()]
        types = [self._type(type_) for type_ in self.made.types.values()]
        self.before = before
        relations = [self._relation(relation) for relation in self.made.relations.values()]
        routines = [self._routine(routine) for routine in self.made.routines.values()]
        self._rest()
        return model.Schema(
            tuple(sorted(filter(None, named), key=lambda item: (item.kind != "schema", item.name))),
            tuple(sorted(filter(None, types), key=lambda item: (item.schema, item.name))),
            tuple(sorted(filter(None, relations), key=lambda item: (item.schema, item.name))),
            tuple(sorted(filter(None, routines), key=lambda item: (item.schema, item.name, item.arguments))),
            (*skipped, *sorted(self.unknown, key=lambda item: (item.kind, item.name))),
        )

    def _lose(self, kind: str, name: str, why: str) -> None:
        self.unknown.append(model.Unknown(kind, name, why))

    def _named(self, kind: Kind, name: str, thing: Thing) -> model.Named | None:
        fact = self.state.objects.get((kind, None, name))
        if _gone(fact):
            return None
        definition = printed(thing.tree) if thing.tree is not None else f"CREATE SCHEMA IF NOT EXISTS {quoted(name)}"
        return model.Named(kind, name, definition, thing.comment, _doubt(fact))

    def _type(self, type_: Type) -> model.Type | None:
        places = (
            self.state.types.get(type_.key),
            self.state.relations.get(type_.key),
        )  # a composite type is a relation
        known = next((place for place in places if place is not None and not _gone(place.fact)), None)
        if known is None:
            return None
        labels = tuple(label for label in type_.labels if not _gone(known.member("enum-label", label)))
        return model.Type(
            type_.kind,
            *type_.key,
            labels=labels,
            base=type_of(type_.tree.typeName) if type_.kind == "domain" else None,
            fields=tuple(self._column(None, known, column) for column in type_.columns.values()),
            values=values_of(type_.tree.constraints or (), "value") if type_.kind == "domain" else (),
            comment=type_.comment,
            doubt=_doubt(known.fact),
            definition=type_definition(type_),
            needs=needs_of(type_.tree, *(column.type for column in type_.columns.values())),
        )

    def _routine(self, routine: Routine) -> model.Routine | None:
        known = self.state.routines.get(routine.key, ())
        facts = [item.fact for item in known if item.arguments is None or len(item.arguments) == len(routine.arguments)]
        facts = [fact for fact in facts if not _gone(fact)]
        if known and not facts:
            return None
        if routine.lost is not None:
            self._lose(routine.kind, quoted(routine.key[1], routine.key[0]), routine.lost)
        return model.Routine(
            routine.kind,
            *routine.key,
            arguments=routine.arguments,
            definition=routine_definition(routine),
            comment=routine.comment,
            doubt=_LOST if routine.lost else min(map(_doubt, facts), key=bool, default=_LOST),
            needs=needs_of(routine.tree),
        )

    def _relation(self, relation: Relation) -> model.Relation | None:
        known = self.state.relations.get(relation.key)
        if known is None or _gone(known.fact):
            return None
        name = quoted(relation.key[1], relation.key[0])
        doubt = _doubt(known.fact)
        if relation.kind == OUTSIDE:
            doubt = None if self._platforms(relation.key) else model.Doubt("unknown", _MADE_ELSEWHERE)
        if relation.lost is not None:
            self._lose(relation.kind, name, relation.lost)
            doubt = model.Doubt("unknown", relation.lost)
        columns = self._columns(relation, known)
        if known.open and relation.kind != OUTSIDE and known.kind != "relation" and doubt is None:
            doubt = model.Doubt("unknown", "it may have columns and more that could not be followed")
        constraints = [self._constraint(known, item, thing) for item, thing in relation.constraints.items()]
        parts = [self._part(known, kind, item, thing) for (kind, item), thing in relation.parts.items()]
        trees = [tree for column in (relation.columns or {}).values() for tree in (column.type, column.default)]
        return model.Relation(
            relation.kind,
            *relation.key,
            columns=columns,
            constraints=tuple(sorted(filter(None, constraints), key=lambda item: item.name)),
            parts=tuple(sorted(filter(None, parts), key=lambda item: (item.kind, item.name))),
            row_security=relation.row_security,
            comment=relation.comment,
            doubt=doubt,
            definition=relation_definition(relation),
            after=statements_after(relation),
            needs=needs_of(
                relation.tree,
                *trees,
                *(column.generated for column in (relation.columns or {}).values()),
                *(thing.tree.raw_expr for thing in relation.constraints.values()),
            ),
        )

    def _platforms(self, key: Key) -> bool:
        """Whether a relation is the platform's own, or may be."""
        return key in self.before or not self.platform.knows_all(key[0])

    def _columns(self, relation: Relation, known: Known) -> tuple[model.Column, ...]:
        columns = relation.columns or {}
        names = list(columns if known.open else known.columns())
        names += [name for name in columns if name not in names and not _gone(known.member("column", name))]
        checks = [item.tree for item in relation.constraints.values() if item.kind == "check"]
        found = []
        for name in names:
            column = columns.get(name)
            if column is None:
                doubt = _doubt(known.member("column", name))
                found.append(model.Column(name, None, None, comment=relation.comments.get(name), doubt=doubt))
            else:
                found.append(self._column(relation, known, column, checks))
        return tuple(found)

    def _column(
        self, relation: Relation | None, known: Known, column: Column, checks: Iterable[Tree] = ()
    ) -> model.Column:
        doubt = _doubt(known.member("column", column.name)) if relation is not None else None
        if doubt == _ASSUMED and not known.fact.sure:
            doubt = None  # said of the table already
        return model.Column(
            column.name,
            type_of(column.type) if column.type is not None else None,
            not column.not_null,
            default=printed(column.default) if column.default is not None else None,
            identity=None if column.identity is None else _IDENTITIES[column.identity.generated_when],
            generated=printed(column.generated.raw_expr) if column.generated is not None else None,
            values=values_of(checks, column.name),
            comment=column.comment,
            doubt=doubt,
            own=column.own,
            definition=column_definition(column),
        )

    def _constraint(self, known: Known, name: str, thing: Thing) -> model.Constraint | None:
        fact = known.member("constraint", name)
        if _gone(fact) or isinstance(thing, Inherited):
            return None
        tree = thing.tree
        doubt = _doubt(fact)
        if thing.lost is not None:
            self._lose("constraint", f"{name} on {quoted(*known.key[::-1])}", thing.lost)
            doubt = model.Doubt("unknown", thing.lost)
        target = tree.pktable
        return model.Constraint(
            name,
            thing.kind,
            tuple(columns_of(tree)),
            constraint_definition(tree),
            references=(target.schemaname, target.relname) if target is not None else None,
            referenced=tuple(texts(tree.pk_attrs)),
            comment=thing.comment,
            doubt=None if doubt == _ASSUMED and not known.fact.sure else doubt,
            needs=needs_of(tree),
        )

    def _part(self, known: Known, kind: str, name: str, thing: Thing) -> model.Part | None:
        if kind == "index":
            index = self.state.relations.get((known.key[0], name))
            fact = index.fact if index is not None else None
        else:
            fact = known.member(_KINDS[kind], name)
        if _gone(fact):
            return None
        doubt = _doubt(fact)
        if thing.lost is not None:
            self._lose(kind, f"{name} on {quoted(*known.key[::-1])}", thing.lost)
            doubt = model.Doubt("unknown", thing.lost)
        doubt = None if doubt == _ASSUMED and not known.fact.sure else doubt
        return model.Part(name, kind, part_definition(thing), thing.comment, doubt, needs_of(thing.tree))

    def _rest(self) -> None:
        """What is there and was not made by statements that could be read."""
        for key, known in self.state.relations.items():
            if self.made.is_there(key) or self._platforms(key) or key[0] == "pg_temp" or _gone(known.fact):
                continue
            if known.kind in _PRINTED_ELSEWHERE or (known.kind == "sequence" and known.of is not None):
                continue
            why = _MADE_ELSEWHERE if known.open else "its definition could not be followed"
            self._lose(known.kind, quoted(key[1], key[0]), why)
        for (kind, schema, name), fact in self.state.objects.items():
            if kind in _NOT_PRINTED and (kind, schema, name) not in self.before and not _gone(fact):
                self._lose(kind, quoted(name, schema), "this kind of object is not printed")


_IDENTITIES = {"a": "always", "d": "by default"}
_KINDS: dict[str, Kind] = {"policy": "policy", "trigger": "trigger", "rule": "rule"}
_PRINTED_ELSEWHERE = ("index", "composite type", "function")
_NOT_PRINTED: tuple[Kind, ...] = (
    "publication",
    "statistics",
    "server",
    "foreign-data-wrapper",
    "user-mapping",
    "event-trigger",
    "subscription",
    "text-search-configuration",
    "text-search-dictionary",
    "operator",
    "operator-class",
    "operator-family",
    "cast",
    "collation",
)
