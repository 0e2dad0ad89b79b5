"""What depends on what: views, policies, triggers, rules, foreign keys and children that keep an object from being
dropped or changed, or go with it.

Source: recordDependencyOn and its callers; dependency.c.
"""

import re
from collections.abc import Collection

import msgspec

from driftproof.catalog import routines
from driftproof.catalog.effects.inheritance import inheritors
from driftproof.catalog.effects.keys import indexes
from driftproof.catalog.effects.rows import forget_values
from driftproof.catalog.entries import NONE_OR_ANY, Dependent, Key, Member, Relation
from driftproof.catalog.facts import ABSENT, GONE, PRESENT, UNKNOWN, Fact, Presence
from driftproof.catalog.interpreter import Interpreter
from driftproof.objects import Kind, Object
from driftproof.statements import operations as op
from driftproof.statements.query import Name


def depends(run: Interpreter, dependent: Dependent, on: Key, columns: frozenset[str] | None) -> None:
    """Note that a view, policy, trigger or constraint depends on a relation and on these columns of it (None: which
    ones is not known)."""
    parent, owner = run.state.relations.get(on), run.state.relations.get(dependent[0])
    if parent is None or owner is None:
        return
    run.state.writable(parent).dependents[dependent] = columns
    owner = run.state.writable(run.state.relations[owner.key])
    owner.sources[dependent[1]] = owner.sources.get(dependent[1], frozenset()) | {on}


def depends_on_read(run: Interpreter, dependent: Dependent) -> None:
    """Note that an object depends on all that the statement at hand has read."""
    known = not (run.unsure or run.vague)
    for key, columns in run.read.items():
        depends(run, dependent, key, frozenset(columns) if known else None)


def released(run: Interpreter, owner: Relation, member: Member | None) -> None:
    """The object is gone, or another one has taken its place: it depends on nothing any more."""
    for key in owner.sources.get(member, ()):
        parent = run.state.relations.get(key)
        if parent is not None:
            run.state.writable(parent).dependents.pop((owner.key, member), None)
    owner = run.state.writable(run.state.relations.get(owner.key, owner))
    owner.sources.pop(member, None)


def loosen(run: Interpreter, owner: Relation, member: Member) -> None:
    """A part of the object has been replaced: it may still depend on what it did, or not."""
    for key in owner.sources.get(member, ()):
        parent = run.state.relations.get(key)
        if parent is not None and (owner.key, member) in parent.dependents:
            run.state.writable(parent).dependents[owner.key, member] = NONE_OR_ANY


def rename_dependent(run: Interpreter, owner: Relation, old: Member, new: Member) -> None:
    """A member of a relation has another name: it depends on what it did before."""
    for key in owner.sources.pop(old, ()):
        owner.sources[new] = owner.sources.get(new, frozenset()) | {key}
        parent = run.state.relations.get(key)
        if parent is not None and (owner.key, old) in parent.dependents:
            dependents = run.state.writable(parent).dependents
            dependents[owner.key, new] = dependents.pop((owner.key, old))


Holder = tuple[Dependent, bool]
"""A dependent, and whether it certainly needs what it is asked about."""


def holders(relation: Relation, column: str | None = None) -> list[Holder]:
    """What depends on a relation, or on one of its columns."""
    if column is None:
        return [
            (dependent, columns != NONE_OR_ANY)
            for dependent, columns in relation.dependents.items()
            if dependent[0] != relation.key
        ]
    return [
        (dependent, columns is not None and column in columns and not _by_drift(relation, dependent))
        for dependent, columns in relation.dependents.items()
        if columns is None or column in columns or columns == NONE_OR_ANY
    ]


def _by_drift(relation: Relation, dependent: Dependent) -> bool:
    """Whether a column is generated in a drifted state only, so that there only it needs what it would be made of."""
    owner, member = dependent
    if owner != relation.key or member is None or member[0] != "column":
        return False
    return relation.members.get(("generated", member[1]), PRESENT).presence is Presence.ABSENT


def sequence_holders(run: Interpreter, relation: Relation, column: str | None = None) -> list[Holder]:
    """What else depends on the sequences that go with a table, or with one of its columns."""
    return [
        (dependent, True)
        for sequence in owned_sequences(run, relation, column)
        for dependent in sequence.dependents
        if dependent[0] != relation.key or (column is not None and dependent[1] and dependent[1][1] != column)
    ]


def owned_sequences(run: Interpreter, relation: Relation, column: str | None = None) -> list[Relation]:
    """The sequences that go with a table, or with one of its columns."""
    found = (
        run.state.relations.get((relation.key[0], name))
        for (kind, name), columns in relation.uses.items()
        if kind == "sequence" and (column is None or column in columns)
    )
    return [sequence for sequence in found if sequence is not None and sequence.of == relation.key]


def key_holders(run: Interpreter, relation: Relation, name: str) -> list[Holder]:
    """The foreign keys that need a table's unique index of that name."""
    index = run.state.relations.get((relation.key[0], name))
    if index is None or index.unique is None or index.of != relation.key:
        return []
    columns = index.unique.columns
    same = sum(other.unique is not None and other.unique.columns == columns for other in indexes(run, relation))
    return [
        (dependent, same == 1)
        for dependent, used in relation.dependents.items()
        if used == columns and _is_foreign_key(run, dependent)
    ]


def _is_foreign_key(run: Interpreter, dependent: Dependent) -> bool:
    owner, member = run.state.relations.get(dependent[0]), dependent[1]
    if owner is None or member is None or member[0] != "constraint":
        return False
    return owner.constraints.get(member[1], "foreign key") == "foreign key"


def typed_columns(run: Interpreter, type_: Key) -> list[Holder]:
    """The columns of a type, or of arrays of it, in other relations than its own."""
    if ("column", *type_) not in run.state.used:
        return []
    name = ".".join(type_)
    return [
        ((relation.key, ("column", column)), True)
        for relation in run.state.relations.values()
        if relation.key != type_ and relation.fact.presence is not Presence.ABSENT
        for column, written in relation.types.items()
        if written.startswith(name) and written.partition("(")[0].removesuffix("[]") == name
    ]


def naming_type(run: Interpreter, type_: Key) -> list[Holder]:
    """What has an expression in which a type is named: views, policies, constraints, defaults."""
    if ("named", *type_) not in run.state.used:
        return []
    name = ".".join(type_)
    return [
        ((relation.key, member), True)
        for relation in run.state.relations.values()
        for member, names in relation.calls.items()
        if name in names
    ]


def row_holders(run: Interpreter, key: Key) -> list[Holder]:
    """What uses the type of a relation's rows: columns and expressions elsewhere."""
    return [holder for holder in [*typed_columns(run, key), *naming_type(run, key)] if holder[0][0] != key]


def domains_over(run: Interpreter, type_: Key) -> list[Relation]:
    """The domains over a type."""
    found = [other for other in run.state.types.values() if other.of == type_ and other.kind == "domain"]
    return [domain for domain in found if domain.fact.presence is not Presence.ABSENT]


def callers(run: Interpreter, called: Collection[str]) -> list[tuple[Relation, Member | None]]:
    """What calls a function of one of these names: policies, triggers, defaults, constraints, views, indexes."""
    asked = frozenset(called)
    return [
        (relation, member)
        for relation in run.state.relations.values()
        if relation.calls and relation.fact.presence is not Presence.ABSENT
        for member, names in relation.calls.items()
        if not asked.isdisjoint(names)
        and (relation.member(*member) if member else relation.fact).presence is not Presence.ABSENT
    ]


def refuse(
    run: Interpreter, wanted: Object, found: list[Holder], sqlstate: str = "2BP01", spared: frozenset[Key] = frozenset()
) -> bool:
    """A failure if one of these certainly stands in the way; True if none of them can (``spared`` go as well)."""
    doubtful = False
    for dependent, needs in found:
        fact = _fact(run, dependent)
        if fact == ABSENT or dependent[0] in spared:
            continue
        if needs and fact.nominal and fact.sure:
            run.forbid(wanted, fact, sqlstate=sqlstate)
        doubtful = True
    run.unsure |= doubtful
    return not doubtful


def _fact(run: Interpreter, dependent: Dependent) -> Fact:
    key, member = dependent
    owner = run.state.relations.get(key)
    if owner is None:
        return UNKNOWN
    if owner.fact.presence is Presence.ABSENT or member is None:
        return owner.fact
    return owner.member(*member)


def take_along(run: Interpreter, found: list[Holder]) -> None:
    """CASCADE: these go as well, and what depends on them."""
    for dependent, needs in found:
        fact = _fact(run, dependent)
        if fact == ABSENT:
            continue
        key, member = dependent
        owner = run.state.relations.get(key)
        if owner is None:
            continue
        certain = needs and fact.nominal is not None and fact.sure
        if member is None:
            take_away(run, owner, certain=certain, cascade=True)
        else:
            released(run, owner, member)
            lose_member(run, run.state.relations[key], member, ABSENT if certain else GONE)


def lose_member(run: Interpreter, relation: Relation, member: Member, fact: Fact, *, only: bool = False) -> None:
    """Something of a relation goes, with the constraints and indexes that use it, and its children's."""
    kind, name = member
    relation = run.state.put_member(relation, member, fact)
    relation.calls.pop(member, None)
    heirs = inheritors(run, relation, kind, name, only=only)
    if kind == "constraint":
        run.state.writable(run.state.relations[relation.key]).heritage.pop(name, None)
        _drop_index_of(run, relation, name, fact)
    if kind == "column":
        relation.required -= {name}
        relation.lax -= {name}
        forget_values(run, relation)
        forget_value(run, relation, name, ("default", "identity", "generated", "virtual"), fact)
        for user, columns in list(relation.uses.items()):
            if name in columns:
                if user[0] in ("constraint", "publication-table", "statistics"):
                    relation.members[user] = fact
                    relation.heritage.pop(user[1], None)
                _drop_index_of(run, relation, user[1], fact)
                del relation.uses[user]
    for child, own in heirs:
        lose_member(run, run.state.relations[child.key], (kind, own), fact)


def forget_value(run: Interpreter, relation: Relation, column: str, kinds: tuple[Kind, ...], fact: Fact) -> None:
    """A column has no default, no identity, or is no longer generated."""
    for kind in kinds:
        if (kind, column) in relation.members:
            relation = run.state.writable(relation)
            relation.members[kind, column] = fact
            dependent: Member = ("column" if kind == "generated" else kind, column)
            relation.calls.pop(dependent, None)
            released(run, relation, dependent)


def _drop_index_of(run: Interpreter, relation: Relation, name: str, fact: Fact) -> None:
    index = run.state.relations.get((relation.key[0], name))
    if index is not None and index.of == relation.key:
        for part in run.state.children(index):
            owner = run.state.relations.get(part.of) if part.of is not None else None
            if part.partition and owner is not None:
                owner = run.state.put_member(owner, ("constraint", part.key[1]), fact)
                owner.uses.pop(("constraint", part.key[1]), None)
                _drop_index_of(run, owner, part.key[1], fact)
        run.state.put(Relation(index.key, index.kind, fact, open=False))
    if relation.primary_key == name:
        relation.primary_key = None


def take_away(run: Interpreter, relation: Relation, *, certain: bool, cascade: bool) -> None:
    """A relation goes, with its indexes, sequences and partitions; by ``cascade`` with all that depends on it."""
    state = run.state
    for member in list(relation.sources) if certain else ():
        released(run, state.relations[relation.key], member)
    relation = state.relations[relation.key]
    run.gone(relation.key, relation.kind, certain=certain)
    for other in [other for other in state.relations.values() if other.of == relation.key]:
        run.gone(other.key, other.kind, certain=certain)
    if relation.kind == "function":
        for called in routines.drop_standing(run, relation.key, certain=certain):
            if cascade:
                take_along(run, [((user.key, member), False) for user, member in callers(run, {called})])
    if cascade:
        take_along(run, [(dependent, certain and needs) for dependent, needs in sequence_holders(run, relation)])
        routines.drop_using(run, relation.key)
        take_along(run, [(dependent, certain and needs) for dependent, needs in holders(relation)])
        if relation.kind != "index":
            _take_rows(run, relation.key, certain=certain)
    for child in run.state.children(relation):
        if cascade or child.partition:
            take_away(run, child, certain=certain, cascade=cascade)


def _take_rows(run: Interpreter, key: Key, *, certain: bool) -> None:
    """What uses the type of a relation's rows goes with it."""
    take_along(run, [(user, certain) for user, _ in naming_type(run, key) if user[0] != key])
    if certain:
        take_typed(run, key)
        for domain in domains_over(run, key):
            run.steps((op.Drop("type", Name(*domain.key), missing_ok=True, cascade=True),))
    else:
        take_along(run, [(user, False) for user, _ in typed_columns(run, key)])


def take_typed(run: Interpreter, type_: Key) -> None:
    """The columns of a type go with it."""
    for (table, member), _ in typed_columns(run, type_):
        relation = run.state.relations[table]
        if member is None or relation.member(*member).presence is Presence.ABSENT:
            continue
        queried = relation.kind in ("view", "materialized view")
        if queried or member[1] in (relation.partitioned or ()):  # a table does not outlive its partition key
            take_away(run, relation, certain=relation.fact.sure, cascade=True)
        else:
            run.steps((op.DropMember("column", Name(*table), member[1], missing_ok=True, cascade=True),))


def rewrite(run: Interpreter, old: Key, to: Key) -> None:
    """What uses a type uses it under its new name."""
    before, after = ".".join(old), ".".join(to)
    for other in list(run.state.types.values()):
        if other.of == old:
            run.state.writable(other).of = to
    for user in ((), ("column",), ("named",)):
        if (*user, *old) in run.state.used:
            run.state.used.add((*user, *to))
    for relation in list(run.state.relations.values()):
        if any(before in names for names in relation.calls.values()):
            relation = run.state.writable(relation)
            relation.calls = {
                member: tuple(after if name == before else name for name in names)
                for member, names in relation.calls.items()
            }
    for (table, member), _ in typed_columns(run, old):
        relation = run.state.writable(run.state.relations[table])
        if member is not None:
            relation.types[member[1]] = after + relation.types[member[1]][len(before) :]
    for key, routine in routines.using(run, old):
        run.state.put_routine(key, msgspec.structs.replace(routine, fact=ABSENT))
        arguments = routine.arguments and tuple(_renamed(item, before, after) for item in routine.arguments)
        returns = _renamed(routine.returns, before, after)
        of = to if routine.of == old else routine.of
        run.state.put_routine(key, msgspec.structs.replace(routine, arguments=arguments, returns=returns, of=of))


def _renamed(written: str, before: str, after: str) -> str:
    return re.sub(rf"(?<![^ (]){re.escape(before)}(?![^ ,)\[])", lambda _: after, written)
