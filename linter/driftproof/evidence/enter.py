"""A snapshot as a state of the catalog."""

import re
from collections.abc import Iterable

from driftproof.catalog import Interpreter, interpreter
from driftproof.catalog.entries import Relation
from driftproof.catalog.facts import ABSENT, PRESENT
from driftproof.catalog.settle import settle
from driftproof.evidence import ddl
from driftproof.history.evidence import Evidence
from driftproof.objects import Kind, Object
from driftproof.statements import operations as op
from driftproof.syntax import parse

UNSEEN: frozenset[Kind] = frozenset(
    [
        *("operator", "operator-class", "operator-family", "cast", "transform", "access-method", "tablespace"),
        *("database", "text-search-parser", "text-search-template", "user-mapping", "subscription", "object"),
    ]
)
"""Kinds of objects that a snapshot does not tell apart well enough: whether one is there is not known."""

# How pg_identify_object calls kinds of objects that are looked up by their name alone.
_NAMED: dict[str, Kind] = {
    "collation": "collation",
    "conversion": "conversion",
    "language": "language",
    "foreign-data wrapper": "foreign-data-wrapper",
    "server": "server",
    "text search configuration": "text-search-configuration",
    "text search dictionary": "text-search-dictionary",
}
_PART = re.compile(r'"((?:[^"]|"")+)"|([^".]+)')


def enter(evidence: Evidence, platform: str | None) -> Interpreter:
    """An interpreter that knows of a database what its snapshot says, and that nothing else is there."""
    run = interpreter(platform)
    run.default_path = evidence.search_path
    run.complete = True
    run.start_file(-1, evidence.path, rolls_back=False)
    _name(run, evidence)
    left = _replay(run, [*ddl.statements(evidence.objects)])
    for statement in left:
        for operation in statement.operations:
            _note(run, operation)
    _certain(run)
    run.incomplete = None
    return run


def _name(run: Interpreter, evidence: Evidence) -> None:
    """Enter what there is no statement for, in the place of what the platform would have."""
    for known in run.state.objects:
        if known[0] in ("role", "publication", "extension"):
            run.state.objects[known] = ABSENT
    run.state.extensions.clear()
    for role in evidence.roles:
        run.state.put_object(("role", None, role), PRESENT)
    columns = ddl.columns_of(evidence.objects)
    for key in evidence.objects:
        for word in ("extension relation ", "foreign table "):
            if key.startswith(word):
                schema, name = _parts(key[len(word) :])
                relation = run.state.put(Relation((schema, name), "foreign table", PRESENT, open=word[0] == "e"))
                for column, _ in columns.get(key, ()):
                    run.state.put_member(relation, ("column", _parts(column)[-1]), PRESENT)
        kind = next((kind for word, kind in _NAMED.items() if key.startswith(word + " ")), None)
        if kind is not None:
            *schema_, name = _parts(key[len(kind) + 1 :])
            run.state.put_object((kind, schema_[0] if schema_ else None, name), PRESENT)


def _parts(name: str) -> list[str]:
    """A qualified name, unquoted."""
    return [quoted.replace('""', '"') or plain for quoted, plain in _PART.findall(name)]


def _replay(run: Interpreter, script: Iterable[str]) -> list[op.Statement]:
    """Run statements until none is left, or none of those that are left finds what it needs."""
    waiting = list(parse(";\n".join(script)).statements)
    while waiting:
        left = [statement for statement in waiting if not _runs(run, statement)]
        if len(left) == len(waiting):
            break
        waiting = left
    return waiting


def _runs(run: Interpreter, statement: op.Statement) -> bool:
    run.run(statement, lambda: 1)
    return not run.failed


def _note(run: Interpreter, operation: op.Operation) -> None:
    """Enter what a statement makes, without what it is made of."""
    match operation:
        case op.CreateRelation(name=name, kind=kind):
            run.state.put(Relation((name.schema or "", name.name), kind, PRESENT, open=True))
        case op.AddConstraint(table=table, constraint=constraint) if constraint.name is not None:
            settle(run.state, Object("constraint", table.schema, table.name, constraint.name), PRESENT)
        case op.CreateIndex(name=str(name), table=table):
            run.state.put(Relation((table.schema or "", name), "index", PRESENT, open=False))
        case op.CreateMember(kind=kind, table=table, name=name):
            settle(run.state, Object(kind, table.schema, table.name, name), PRESENT)
        case op.Create(kind="type", name=name):
            run.state.put_type(Relation((name.schema or "", name.name), "type", PRESENT, open=True))
        case op.CreateRoutine(name=name):
            settle(run.state, Object("function", name.schema, None, name.name), PRESENT)
        case _:
            pass


def _certain(run: Interpreter) -> None:
    """What stands in the snapshot is there, whatever could not be told of the statement that makes it."""
    state = run.state
    for relation in (*state.relations.values(), *state.types.values()):
        if relation.fact.nominal:
            relation.fact = PRESENT
        for member, fact in relation.members.items():
            if fact.nominal:
                relation.members[member] = PRESENT
    for name, fact in state.objects.items():
        if fact.nominal:
            state.objects[name] = PRESENT
