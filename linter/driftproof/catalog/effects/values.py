"""Where a column gets its values from: defaults, sequences and identities, and what a generated column is made of.

Source: ATExecColumnDefault and its neighbours, tablecmds.c; generateSerialExtraStmts, parse_utilcmd.c;
process_owned_by, sequence.c; recordDependencyOnExpr, dependency.c.
"""

from collections.abc import Collection, Iterable
from typing import NamedTuple

import msgspec

from driftproof.catalog import naming
from driftproof.catalog.effects.dependents import depends, forget_value, owned_sequences, rename_dependent
from driftproof.catalog.effects.inheritance import parents_of
from driftproof.catalog.effects.parts import forbid_relation
from driftproof.catalog.effects.refusals import check_kind, fails
from driftproof.catalog.effects.required import allow, named_anew, refuse_only, require, requires
from driftproof.catalog.entries import Key, Member, Relation
from driftproof.catalog.facts import ABSENT, ASSUMED, PRESENT, Fact, Presence
from driftproof.catalog.immutability import is_mutable
from driftproof.catalog.interpreter import Interpreter
from driftproof.catalog.resolve import Resolver
from driftproof.catalog.typenames import named_in
from driftproof.objects import Kind
from driftproof.statements import operations as op
from driftproof.statements import query as q

_OWNERS: tuple[op.RelationKind, ...] = ("table", "foreign table", "view")


class Value(NamedTuple):
    """The relations that a default or a generated column reads, with the columns; the functions that it calls, and the
    types that it names."""

    reads: dict[Key, set[str]]
    calls: tuple[str, ...]


NOTHING = Value({}, ())


def sequence_keys(run: Interpreter, table: Key, columns: Iterable[op.Column]) -> dict[str, Key]:
    """The sequences of serial and identity columns, which are made before anything else: under the names that are
    written, or the first ones that are free."""
    found = {
        column.name: _sequence_key(run, table, column.name, column.sequence_name)
        for column in columns
        if column.sequence
    }
    for column in columns:
        if column.sequence_name is not None:
            forbid_relation(run, found[column.name])
            if found[column.name][0] != table[0]:
                _check_owner(run, q.Name(found[column.name][0], table[1]), column.name)
    return found


def _check_owner(run: Interpreter, name: q.Name, column: str) -> None:
    """PostgreSQL looks for the table of an identity in the schema that is written for its sequence."""
    owner = run.state.look_up(name)[1]
    if owner is None or owner.fact == ABSENT:
        if not run.unsure:
            run.raises("42P01")
    elif (relation := run.relation(name)) is not None:
        check_kind(run, relation, _OWNERS, at=name.at)
        run.need_member(relation, "column", column)


def _sequence_key(run: Interpreter, table: Key, column: str, name: q.Name | None) -> Key:
    if name is not None:
        run.need_schema(name.schema)
        return name.schema or table[0], name.name
    number, key = 0, (table[0], naming.object_name(table[1], column, "seq"))
    while (taken := run.state.relations.get(key)) is not None and taken.fact.presence is not Presence.ABSENT:
        number += 1
        key = (table[0], naming.object_name(table[1], column, f"seq{number}"))
    return key


def read_value(run: Interpreter, relation: Relation, column: op.Column, sequences: Iterable[Key]) -> Value:
    """Look at what a column is generated from, or at its default, which may name a sequence that is made with it."""
    if column.default is None or column.default is q.NOTHING:
        return NOTHING
    return _read(run, relation, column.default, column.generated, set(sequences))


def check_generated(run: Interpreter, columns: Iterable[op.Column]) -> None:
    """No column of a new table is generated from another one that is."""
    generated = {column.name: column.default for column in columns if column.generated and column.default is not None}
    if any(ref.parts[-1] in generated for value in generated.values() for ref in value.columns):
        fails(run, "42P17")


def _read(
    run: Interpreter, relation: Relation, value: q.Expression, generated: bool, sequences: Collection[Key] = ()
) -> Value:
    """A default sees no columns: one that names some is refused (0A000)."""
    outer = run.read, run.vague
    names = {name: _meant(run, name, sequences) for name in value.relations}
    run.read, run.vague = {key: set() for key in sequences if key in names.values()}, False
    run.unsure |= bool(value.columns) and not generated
    seen = value
    if names or (value.columns and not generated):
        seen = msgspec.structs.replace(
            value,
            columns=value.columns if generated else (),
            relations=tuple(name for name, key in names.items() if key not in sequences),
        )
    Resolver(run).over(seen, relation)
    if generated:
        others = (relation.member("generated", ref.parts[-1]) for ref in value.columns)
        if PRESENT in others or is_mutable(run, value, relation):
            fails(run, "42P17")
    read = Value(run.read, named_in(run, value))
    run.read, run.vague = outer
    return read


def _meant(run: Interpreter, name: q.Name, sequences: Collection[Key]) -> Key | None:
    """What a name means when these sequences have been made."""
    key, found = run.state.look_up(name)
    if name.schema is None and (found is None or found.fact.presence is Presence.ABSENT):
        made = ((schema, name.name) for schema in run.state.path or ())
        return next((other for other in made if other in sequences), key)
    return key


def put_value(run: Interpreter, table: Key, column: op.Column, fact: Fact, value: Value, key: Key | None) -> None:
    """Note how a new column gets its values, with the sequence that is made for it under that key."""
    kind: Kind = "identity" if column.identity else "generated" if column.generated else "default"
    if column.default is None and key is None:
        return
    _put(run, table, (kind, column.name), fact, value)
    if column.virtual:
        run.state.writable(run.state.relations[table]).members["virtual", column.name] = fact
    if key is not None and key[0] == table[0]:
        sequence = run.state.put(Relation(key, "sequence", fact, open=False))
        sequence.brought = True
        _own(run, sequence, table, column.name)
        depends(run, (table, (kind, column.name)), key, frozenset())
    elif key is not None:  # it belongs to another column then, and does not serve this one
        _own(run, run.state.put(Relation(key, "sequence", ASSUMED, open=False)), (key[0], table[1]), column.name)


def _put(run: Interpreter, table: Key, member: Member, fact: Fact, value: Value) -> None:
    relation = run.state.writable(run.state.relations[table])
    relation.members[member] = fact
    kind, name = member
    dependent: Member = ("column", name) if kind == "generated" else member
    if value.calls:  # a generated column goes itself with what it is made of
        relation.calls[dependent] = value.calls
    for key, columns in value.reads.items():
        depends(run, (table, dependent), key, frozenset(columns))


def alter_value(run: Interpreter, alter: op.AlterValue) -> None:
    """ALTER COLUMN: SET and DROP DEFAULT, NOT NULL and EXPRESSION; ADD, SET and DROP an identity."""
    relation = run.relation(alter.table, missing_ok=alter.table_missing_ok)
    if relation is None:
        return
    name = alter.column
    relation = run.need_member(relation, "column", name)
    default, identity = relation.member("default", name), relation.member("identity", name)
    generated = relation.member("generated", name)
    match alter.action:
        case "set default" | "drop default":
            fails(run, "42601", identity)
            fails(run, "42601", generated)
            _replace(run, relation, ("default", name), alter.value, only=alter.only)
        case "set not null":
            if alter.only and relation.partitioned:
                refuse_only(run, relation, name)
            named_anew(run, relation)
            require(run, run.state.relations[relation.key], (name,), only=alter.only)
        case "drop not null":
            fails(run, "42601", identity)
            _loosen(run, relation, name, only=alter.only)
        case "add identity":
            made = op.Column(name, sequence=True, identity=True, sequence_name=alter.sequence)
            keys = sequence_keys(run, relation.key, (made,))
            fails(run, "55000", identity)
            fails(run, "55000", default)
            put_value(run, relation.key, made, run.made(), NOTHING, keys[name])
        case "set identity":
            _lacking(run, identity)
        case "drop identity":
            if alter.missing_ok and identity == ABSENT:
                return
            if not alter.missing_ok:
                _lacking(run, identity)
            gone = run.away(identity.sure and bool(identity.nominal))
            for sequence in owned_sequences(run, relation, name):
                if (relation.key, ("identity", name)) in sequence.dependents:
                    run.gone(sequence.key, "sequence", certain=gone == ABSENT)
            forget_value(run, run.state.relations[relation.key], name, ("identity",), gone)
        case "set expression":
            _lacking(run, generated)
            _replace(run, relation, ("generated", name), alter.value, only=alter.only)
        case "drop expression":
            if not (alter.missing_ok and generated == ABSENT):
                if not alter.missing_ok:
                    _lacking(run, generated)
                fails(run, "0A000", relation.member("virtual", name))
                _replace(run, relation, ("generated", name), None, only=alter.only)


def _loosen(run: Interpreter, relation: Relation, name: str, *, only: bool) -> None:
    """DROP NOT NULL, of a column that is in no primary key, and has it from no parent."""
    for parent in parents_of(run, relation):
        held = requires(parent, name) if parent.member("column", name).presence is not Presence.ABSENT else False
        run.unsure |= held is None
        if held:
            fails(run, "42P16", parent.fact, parent.member("column", name))
    for (kind, constraint), columns in list(relation.uses.items()):
        if kind == "constraint" and name in columns:
            what, fact = relation.constraints.get(constraint), relation.member(kind, constraint)
            index = run.state.relations.get((relation.key[0], constraint))
            included = index is not None and index.unique is not None and name not in index.unique.columns
            if what == "primary key" and not included:
                fails(run, "42P16", fact)
            elif what == "not null":
                relation = run.state.put_member(relation, (kind, constraint), run.away())
    if only:
        relation = run.state.writable(run.state.relations[relation.key])
        relation.required -= {name}
    else:
        allow(run, relation, (name,))


def _lacking(run: Interpreter, fact: Fact) -> None:
    """The column is not what the statement takes it for (55000)."""
    if fact.presence is Presence.ABSENT and fact.sure and not run.unsure:
        run.raises("55000")
    run.unsure |= not (fact.nominal and fact.sure)


def _replace(
    run: Interpreter, relation: Relation, member: Member, value: q.Expression | None, *, only: bool = False
) -> None:
    """The value, if there is one, takes the place of the old one."""
    kind, name = member
    read = None if value is None else _read(run, relation, value, kind == "generated")
    forget_value(run, run.state.relations[relation.key], name, ("default", "generated"), run.away())
    if read is not None:
        _put(run, relation.key, member, run.made(), read)
    for child in run.state.children(relation) if not only else ():
        _replace(run, child, member, value)


def _own(run: Interpreter, sequence: Relation, table: Key | None, column: str) -> None:
    """A sequence goes with a column, and no longer with another one."""
    member: Member = ("sequence", sequence.key[1])
    if sequence.of is not None and sequence.of in run.state.relations:
        run.state.writable(run.state.relations[sequence.of]).uses.pop(member, None)
    run.state.writable(sequence).of = table
    if table is not None:
        run.state.writable(run.state.relations[table]).uses[member] = (column,)


def own_sequence(run: Interpreter, own: op.Own) -> None:
    """OWNED BY: the table must be in the sequence's schema, and an identity keeps its sequence."""
    _, sequence = run.state.look_up(own.sequence)
    table: Key | None = None
    if own.table is not None:
        relation = run.relation(own.table)
        if relation is None:
            run.unsure = True
            return
        check_kind(run, relation, _OWNERS, at=own.table.at)
        if sequence is not None and sequence.key[0] != relation.key[0] and not run.unsure:
            run.raises("55000")
        table = run.need_member(relation, "column", own.column).key
        _, sequence = run.state.look_up(own.sequence)
    if sequence is not None:
        for owner, member in sequence.dependents:
            if member is not None and member[0] == "identity" and owner in run.state.relations:
                fails(run, "0A000", run.state.relations[owner].member(*member))
        _own(run, sequence, table, own.column)


def rename_value(run: Interpreter, relation: Relation, name: str, to: str) -> None:
    """A renamed column keeps its default, its identity or what it is generated from."""
    relation = run.state.writable(relation)
    for kind in VALUES:
        if (kind, name) in relation.members:
            relation.members[kind, to] = relation.members.pop((kind, name))
        if (kind, name) in relation.calls:
            relation.calls[kind, to] = relation.calls.pop((kind, name))
        rename_dependent(run, relation, (kind, name), (kind, to))


VALUES: tuple[Kind, ...] = ("default", "identity", "generated", "virtual")
