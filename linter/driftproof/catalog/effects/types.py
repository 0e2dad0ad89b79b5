"""Types: their names, their labels, and the constraints of domains."""

import msgspec

from driftproof.catalog import naming, routines
from driftproof.catalog.effects.dependents import Holder, holders, lose_member, refuse, take_along, take_away
from driftproof.catalog.effects.parts import forbid_type, need_type
from driftproof.catalog.effects.relations import put_under
from driftproof.catalog.interpreter import Interpreter
from driftproof.catalog.resolve import Resolver
from driftproof.catalog.state import ABSENT, ASSUMED, GONE, UNKNOWN, Key, Presence, Relation
from driftproof.objects import Object
from driftproof.statements import operations as op
from driftproof.statements.query import Name

_WITHOUT_ROWS = ("index", "sequence")


def create_type(run: Interpreter, made: op.Create) -> None:
    """CREATE TYPE and DOMAIN; what it is made of is looked at after the name."""
    key = run.state.creation_key(made.name)
    if key is None:
        return
    run.need_schema(made.name.schema)
    _forbid_name(run, key)
    if made.base is not None:
        if made.base.type is not None:
            need_type(run, made.base.type)
        if made.base.default is not None:
            Resolver(run).expression(msgspec.structs.replace(made.base.default, columns=()), None)  # but VALUE
    run.steps(made.needs)
    type_ = Relation(key, "type", run.made(), open=False)
    if made.of is not None:
        type_.of = run.state.creation_key(made.of)
    elif made.base is not None and made.base.type is not None and (base := run.type(made.base.type)) is not None:
        type_.of = base.key
    for label in made.labels:
        type_.members["enum-label", label] = type_.fact
    for constraint in made.constraints:
        name = constraint.name or _free(type_, naming.SUFFIXES[constraint.kind])
        type_.members["constraint", name] = type_.fact
    run.state.put_type(type_)


def _forbid_name(run: Interpreter, key: Key) -> None:
    forbid_type(run, key)
    relation = run.state.relations.get(key)
    if relation is not None and relation.kind not in _WITHOUT_ROWS and relation.fact.presence is not Presence.ABSENT:
        run.forbid(Object("type", key[0], None, key[1]), relation.fact)


def _free(type_: Relation, label: str) -> str:
    number, suffix = 0, label
    while type_.member("constraint", name := naming.object_name(type_.key[1], "", suffix)).presence in (
        Presence.PRESENT,
        Presence.MAYBE,
    ):
        number += 1
        suffix = f"{label}{number}"
    return name


def drop_type(run: Interpreter, drop: op.Drop) -> None:
    """DROP TYPE and DOMAIN; certain where nothing was made of it."""
    if not drop.missing_ok:
        need_type(run, drop.name, holds=False)
    found = run.type(drop.name)
    key = found.key if found is not None else run.state.creation_key(drop.name)
    if key is None:
        return
    if found is not None and run.state.relations.get(key) is found:
        if found.kind == "composite type":
            if not drop.cascade:
                tables: list[Holder] = [((child.key, None), True) for child in run.state.children(found)]
                refuse(run, Object("type", key[0], None, key[1]), tables)
            certain = drop.cascade or key not in run.state.used
            take_away(run, found, certain=certain, cascade=drop.cascade)
            if drop.cascade:
                for other in _made_of(run, key):
                    gone(run, other, certain=certain)
                    _drop_columns(run, other)
        return
    used = found is None or key in run.state.used
    known = found is not None and found.fact.presence is not Presence.UNKNOWN
    others = _made_of(run, key)
    gone(run, key, certain=known and (drop.cascade or not used))
    if drop.cascade and used:
        for place in (key, *others):
            _drop_columns(run, place)


def _made_of(run: Interpreter, key: Key) -> list[Key]:
    """The multirange type of a range, the domains over a type, and the domains over those."""
    found = [type_.key for type_ in run.state.types.values() if type_.of == key and type_.key != key]
    return [*found, *(other for place in found for other in _made_of(run, place))]


def _drop_columns(run: Interpreter, key: Key) -> None:
    """CASCADE takes the columns of the type along; of those whose type was never written here nothing is known."""
    for relation in list(run.state.relations.values()):
        if relation.kind in _WITHOUT_ROWS or relation.fact.presence is Presence.ABSENT:
            continue
        for name in list(relation.columns()):
            written = relation.types.get(name, "").partition("(")[0].removesuffix("[]").rpartition(".")
            if written[2] and (written[2] != key[1] or written[0] not in ("", key[0])):
                continue
            take_along(run, [(dependent, False) for dependent, _ in holders(relation, name)])
            relation = run.state.writable(run.state.relations[relation.key])
            if not written[2]:
                relation.members["column", name] = UNKNOWN
            elif name in (relation.partitioned or ()):  # a table does not outlive its partition key
                take_away(run, relation, certain=False, cascade=True)
                break
            else:
                lose_member(run, relation, ("column", name), GONE)
                relation = run.state.relations[relation.key]


def gone(run: Interpreter, key: Key, *, certain: bool) -> None:
    """A type that the statement takes away, with what is made of it."""
    for place in (key, *_made_of(run, key)):
        known = certain and place in run.state.types
        run.state.put_type(Relation(place, "type", ABSENT if known else GONE, open=False))
        forget_named_after(run, place)


def forget_named_after(run: Interpreter, key: Key) -> None:
    """Casts, operators and transforms are called after their types."""
    text = ".".join(key)
    for name in list(run.state.objects):
        if name[0] in ("cast", "operator", "transform") and text in name[2]:
            run.state.put_object(name, UNKNOWN)


def rename_type(run: Interpreter, rename: op.Rename) -> None:
    """ALTER TYPE and DOMAIN ... RENAME TO."""
    need_type(run, rename.name, holds=False)
    found = run.type(rename.name)
    if found is not None:
        move_to(run, found, (found.key[0], rename.to))


def move_type(run: Interpreter, move: op.Move) -> None:
    """ALTER TYPE and DOMAIN ... SET SCHEMA."""
    need_type(run, move.name, holds=False)
    run.need_schema(move.schema)
    found = run.type(move.name)
    if found is not None and found.key[0] != move.schema:
        move_to(run, found, (move.schema, found.key[1]))


def move_to(run: Interpreter, type_: Relation, to: Key) -> None:
    """Give a type another name or schema."""
    composite = run.state.relations.get(type_.key) is type_
    taken = run.state.relations.get(to)
    renamed = to[0] == type_.key[0]
    if composite and renamed and taken is not None:  # SET SCHEMA looks at types first
        run.forbid(Object("relation", to[0], None, to[1]), taken.fact)
    _forbid_name(run, to)
    for other in list(run.state.types.values()):
        if other.of == type_.key:
            run.state.writable(other).of = to
    if composite:
        if type_.kind == "composite type":
            put_under(run, type_, to)
        return
    moved, old = type_.copy(), type_.key
    moved.key = to
    moved.of = type_.of
    sure = type_.fact.sure and not run.unsure
    run.state.put_type(Relation(old, "type", ABSENT if sure else GONE, open=False))
    run.state.put_type(moved)
    if old in run.state.used:
        run.state.used.add(to)
    forget_named_after(run, old)


def _type(run: Interpreter, name: Name) -> Relation | None:
    """The type of a statement that alters it; None if nothing is known of it."""
    need_type(run, name, holds=False)
    _, found = run.state.look_up(name, run.state.types)
    return found if found is not None and found.fact.presence is not Presence.ABSENT else None


def add_label(run: Interpreter, add: op.AddLabel) -> None:
    """ALTER TYPE ... ADD VALUE, RENAME VALUE."""
    type_ = _type(run, add.type)
    if type_ is None:
        return
    if add.renames is not None:
        type_ = _need_label(run, type_, add.renames)
    fact = type_.member("enum-label", add.label)
    if add.if_not_exists and fact.presence is Presence.PRESENT:
        return
    if not add.if_not_exists:
        run.forbid(type_.object("enum-label", add.label), fact)
    if add.neighbour is not None and fact.presence is Presence.ABSENT:
        type_ = _need_label(run, type_, add.neighbour)
    type_ = run.state.writable(type_)
    type_.members["enum-label", add.label] = run.made()
    if add.renames is not None:
        type_.members["enum-label", add.renames] = GONE if run.unsure else ABSENT


def _need_label(run: Interpreter, type_: Relation, label: str) -> Relation:
    def prove(fact: object) -> None:
        run.state.writable(run.state.types[type_.key]).members["enum-label", label] = ASSUMED

    run.need(type_.object("enum-label", label), type_.member("enum-label", label), prove, sqlstate="22023")
    return run.state.types[type_.key]


def add_constraint(run: Interpreter, add: op.AddTypeConstraint) -> None:
    """ALTER DOMAIN ... ADD CONSTRAINT, SET NOT NULL."""
    type_ = _type(run, add.type)
    if type_ is None:
        return
    for call in add.expression.calls:
        routines.call(run, call)
    name = add.name or _free(type_, naming.SUFFIXES[add.kind])
    if add.name is not None:
        run.forbid(type_.object("constraint", name), type_.member("constraint", name))
    elif add.only_new:
        # Whether there is one already, under another name, is not kept.
        run.state.writable(type_).members["constraint", name] = UNKNOWN
        return
    run.state.writable(type_).members["constraint", name] = run.made()


def need_constraint(run: Interpreter, need: op.NeedTypeConstraint) -> None:
    """ALTER DOMAIN ... VALIDATE CONSTRAINT, COMMENT ON CONSTRAINT ... ON DOMAIN."""
    type_ = _type(run, need.type)
    if type_ is not None:
        _need_constraint(run, type_, need.name)


def _need_constraint(run: Interpreter, type_: Relation, name: str) -> Relation:
    def prove(fact: object) -> None:
        run.state.writable(run.state.types[type_.key]).members["constraint", name] = ASSUMED

    run.need(type_.object("constraint", name), type_.member("constraint", name), prove)
    return run.state.types[type_.key]


def drop_constraint(run: Interpreter, drop: op.DropTypeConstraint) -> None:
    """ALTER DOMAIN ... DROP CONSTRAINT."""
    type_ = _type(run, drop.type)
    if type_ is None:
        return
    if not drop.missing_ok:
        type_ = _need_constraint(run, type_, drop.name)
    run.state.writable(type_).members["constraint", drop.name] = GONE if run.unsure else ABSENT


def rename_constraint(run: Interpreter, rename: op.RenameTypeConstraint) -> None:
    """ALTER DOMAIN ... RENAME CONSTRAINT."""
    type_ = _type(run, rename.type)
    if type_ is None:
        return
    type_ = _need_constraint(run, type_, rename.name)
    run.forbid(type_.object("constraint", rename.to), type_.member("constraint", rename.to))
    type_ = run.state.writable(type_)
    type_.members["constraint", rename.name] = GONE if run.unsure else ABSENT
    type_.members["constraint", rename.to] = run.made()
