"""Types: their names, their labels, and the constraints of domains."""

import msgspec

from driftproof.catalog import naming, routines
from driftproof.catalog.effects.dependents import (
    Holder,
    callers,
    naming_type,
    refuse,
    rewrite,
    take_along,
    take_away,
    take_typed,
    typed_columns,
)
from driftproof.catalog.effects.parts import forbid_type
from driftproof.catalog.effects.relations import put_under
from driftproof.catalog.entries import Key, Relation
from driftproof.catalog.facts import ABSENT, ASSUMED, GONE, PRESENT, UNKNOWN, Presence
from driftproof.catalog.inference import base_of
from driftproof.catalog.interpreter import WITHOUT_ROWS, Interpreter
from driftproof.catalog.resolve import Resolver
from driftproof.catalog.scopes import Bound, Field, Result, Scope
from driftproof.catalog.typenames import check_form, need_type, never_made
from driftproof.objects import Object
from driftproof.statements import operations as op
from driftproof.statements.query import NOTHING, Expression, Name


def create_type(run: Interpreter, made: op.Create) -> None:
    """CREATE TYPE and DOMAIN; what it is made of is looked at after the name."""
    key = run.creation_key(made.name)
    if key is None:
        return
    run.need_schema(made.name.schema)
    if made.of is not None and run.state.creation_key(made.of) == key:
        run.raises("23505")
    _forbid_name(run, key)
    if made.base is not None:
        if made.base.type is not None:
            need_type(run, made.base.type, holds=False)
        if made.base.default is not None:
            _check_value(run, made.base.default, "?")
    run.steps(made.needs)
    type_ = Relation(key, made.form, run.made(), open=False)
    if made.of is not None:
        type_.of = run.state.creation_key(made.of)
    elif made.base is not None and made.base.type is not None:
        base = run.type(made.base.type)
        type_.of = base.key if base is not None else None
        type_.types["value"] = made.base.spelled
    for label in made.labels:
        type_.members["enum-label", label] = type_.fact
    for constraint in made.constraints:
        name = constraint.name or _free(type_, naming.SUFFIXES[constraint.kind])
        type_.members["constraint", name] = type_.fact
        type_.constraints[name] = constraint.kind
    run.state.put_type(type_)
    run.born(key)
    if made.form == "multirange" and type_.of is not None:
        routines.make_constructors(run, type_.of, key, _subtype(made))


def _check_value(run: Interpreter, expression: Expression, type_: str) -> None:
    """Look at an expression that sees the VALUE of a domain over that type."""
    field = Field(PRESENT, type_=None if type_.startswith("?") else type_)
    scope = Scope([Bound(None, result=Result([("value", field)]))], None)
    Resolver(run).expression(msgspec.structs.replace(expression, columns=()), scope)
    for written in expression.types:
        run.knows_type(written)


def _subtype(made: op.Create) -> op.TypeRef | None:
    return None if made.base is None else op.TypeRef(made.base.type, made.base.spelled.endswith("[]"))


def _forbid_name(run: Interpreter, key: Key) -> None:
    forbid_type(run, key)
    relation = run.state.relations.get(key)
    if relation is not None and relation.kind not in WITHOUT_ROWS and relation.fact.presence is not Presence.ABSENT:
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
    """DROP TYPE and DOMAIN; certain where all that may use it is known."""
    found = run.type(drop.name)
    if not drop.missing_ok:
        need_type(run, drop.name, holds=False, forms=drop.forms)
        found = run.type(drop.name)
    elif found is not None and found.fact.presence is not Presence.ABSENT:
        check_form(run, drop.name, drop.forms)
    if found is None and drop.missing_ok and never_made(run, drop.name):
        return
    key = found.key if found is not None else run.state.creation_key(drop.name)
    if key is None:
        return
    wanted = Object("type", key[0], None, key[1])
    if found is not None:
        _keep(run, wanted, found)
    elif drop.name.name.startswith("_"):
        run.unsure = True  # array types are called so
    places = (key, *_made_of(run, key))
    used = found is None or any(place in run.state.used for place in places)
    if found is None or found.fact.presence is Presence.ABSENT:
        pass
    elif drop.cascade:
        for place in places:
            take_users(run, place, used)
    else:
        for place in places:
            spare(run, wanted, place, spared=key)
        run.unsure |= used
    certain = found is not None and found.fact.presence is not Presence.UNKNOWN and (drop.cascade or not used)
    if found is not None and found.kind == "composite type":
        take_away(run, run.state.relations[key], certain=certain, cascade=drop.cascade)
        places = places[1:]
    for place in places:
        gone(run, place, certain=certain)


def _keep(run: Interpreter, wanted: Object, type_: Relation) -> None:
    """A table's row type goes with its table only, a multirange type with its range, an extension's with that."""
    if run.state.relations.get(type_.key) is type_ and type_.kind not in ("composite type", "relation"):
        run.forbid(wanted, type_.fact, sqlstate="2BP01")
    if type_.of is not None and type_.of[0] == "extension":
        run.forbid(wanted, type_.fact, sqlstate="2BP01")
    range_ = run.state.types.get(type_.of) if type_.kind == "multirange" and type_.of is not None else None
    if range_ is not None:
        run.forbid(wanted, range_.fact, sqlstate="2BP01")


def spare(run: Interpreter, wanted: Object, key: Key, *, spared: Key) -> None:
    """A failure if something uses the type: a column, a function, a domain, an expression, a table of that type."""
    of_type = run.state.types.get(key)
    if key != spared and of_type is not None and of_type.kind != "multirange":
        run.forbid(wanted, of_type.fact, sqlstate="2BP01")
    found = [*typed_columns(run, key), *naming_type(run, key), *_calling(run, key)]
    if (composite := run.state.relations.get(key)) is not None and composite.kind == "composite type":
        found += [((child.key, None), True) for child in run.state.children(composite)]
    refuse(run, wanted, found)
    routines.spare(run, wanted, key)


def take_users(run: Interpreter, key: Key, used: bool) -> None:
    """CASCADE takes along what uses the type; of columns whose type was never written nothing is known."""
    taken = naming_type(run, key) + _calling(run, key) + _called_with(run, key)
    routines.drop_using(run, key)
    take_along(run, taken)
    take_typed(run, key)
    for relation in list(run.state.relations.values()) if used else ():
        for name in list(relation.columns()) if relation.kind in ("table", "materialized view") else ():
            if not relation.types.get(name):
                relation = run.state.writable(relation)
                relation.members["column", name] = UNKNOWN


def _calling(run: Interpreter, key: Key) -> list[Holder]:
    """What calls a function that makes values of a range type."""
    made = routines.constructors(run, key)
    names = {name for (_, name), _ in made}
    others = [items for (_, name), items in run.state.routines.items() if name in names]
    alone = all(item.of == key or item.fact.presence is Presence.ABSENT for items in others for item in items)
    return [((relation.key, member), alone) for relation, member in callers(run, names)] if names else []


def _called_with(run: Interpreter, key: Key) -> list[Holder]:
    """What calls a function that has the type among its arguments or in its result."""
    found = [item for _, item in routines.using(run, key)]
    names = {name for (_, name), _ in routines.using(run, key)}
    others = [item for (_, name), items in run.state.routines.items() if name in names for item in items]
    alone = all(item in found or item.fact.presence is Presence.ABSENT for item in others)
    alone = alone and not any(routines.brought(run, Name(None, name)) for name in names)
    return [((relation.key, member), alone) for relation, member in callers(run, names)] if names else []


def _made_of(run: Interpreter, key: Key) -> list[Key]:
    """The multirange type of a range, the domains over a type, and the domains over those."""
    found = [
        type_.key
        for type_ in run.state.types.values()
        if type_.of == key and type_.key != key and type_.fact.presence is not Presence.ABSENT
    ]
    return [*found, *(other for place in found for other in _made_of(run, place))]


def gone(run: Interpreter, key: Key, *, certain: bool) -> None:
    """A type that the statement takes away, with what is made of it."""
    for place in (key, *_made_of(run, key)):
        known = certain and place in run.state.types
        made = routines.constructors(run, place)
        run.state.put_type(Relation(place, "type", ABSENT if known else GONE, open=False))
        forget_named_after(run, place)
        for name, routine in made:
            run.state.put_routine(name, msgspec.structs.replace(routine, fact=ABSENT if known else GONE))


def forget_named_after(run: Interpreter, key: Key) -> None:
    """Casts, operators and transforms are called after their types."""
    text = ".".join(key)
    for name in list(run.state.objects):
        if name[0] in ("cast", "operator", "transform") and text in name[2]:
            run.state.put_object(name, UNKNOWN)


def rename_type(run: Interpreter, rename: op.Rename) -> None:
    """ALTER TYPE and DOMAIN ... RENAME TO."""
    need_type(run, rename.name, holds=False, forms=rename.forms)
    found = run.type(rename.name)
    if found is not None:
        move_to(run, found, (found.key[0], rename.to))


def move_type(run: Interpreter, move: op.Move) -> None:
    """ALTER TYPE and DOMAIN ... SET SCHEMA."""
    domain = "domain" in move.forms and len(move.forms) == 1
    need_type(run, move.name, holds=False, forms=move.forms if domain else ())
    run.need_schema(move.schema)  # before what may be no type of its own
    need_type(run, move.name, holds=False, forms=move.forms)
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
    rewrite(run, type_.key, to)
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
    run.born(to)
    forget_named_after(run, old)


def _type(run: Interpreter, name: Name, form: op.TypeKind) -> Relation | None:
    """The type of a statement that alters one of that kind; None if nothing is known of it."""
    need_type(run, name, holds=False, forms=(form,))
    _, found = run.state.look_up(name, run.state.types)
    return found if found is not None and found.fact.presence is not Presence.ABSENT else None


def add_label(run: Interpreter, add: op.AddLabel) -> None:
    """ALTER TYPE ... ADD VALUE, RENAME VALUE."""
    type_ = _type(run, add.type, "enum")
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
    if add.renames is None and (fact is ABSENT or not add.if_not_exists):
        run.added_label(type_.key, add.label)
    if add.renames is not None:
        type_.members["enum-label", add.renames] = GONE if run.unsure else ABSENT


def _need_label(run: Interpreter, type_: Relation, label: str) -> Relation:
    def prove(fact: object) -> None:
        run.state.writable(run.state.types[type_.key]).members["enum-label", label] = ASSUMED

    run.need(type_.object("enum-label", label), type_.member("enum-label", label), prove, sqlstate="22023")
    return run.state.types[type_.key]


def add_constraint(run: Interpreter, add: op.AddTypeConstraint) -> None:
    """ALTER DOMAIN ... ADD CONSTRAINT, SET NOT NULL."""
    type_ = _type(run, add.type, "domain")
    if type_ is None:
        return
    if add.expression is not NOTHING:
        _check_value(run, add.expression, base_of(run, ".".join(type_.key)))
    name = add.name or _free(type_, naming.SUFFIXES[add.kind])
    if add.name is not None:
        run.forbid(type_.object("constraint", name), type_.member("constraint", name))
    elif add.only_new:
        # Whether there is one already, under another name, is not kept.
        type_ = run.state.writable(type_)
        type_.members["constraint", name] = UNKNOWN
        type_.constraints[name] = add.kind
        return
    type_ = run.state.writable(type_)
    type_.members["constraint", name] = run.made()
    type_.constraints[name] = add.kind


def need_constraint(run: Interpreter, need: op.NeedTypeConstraint) -> None:
    """ALTER DOMAIN ... VALIDATE CONSTRAINT, COMMENT ON CONSTRAINT ... ON DOMAIN."""
    type_ = _type(run, need.type, "domain")
    if type_ is not None:
        type_ = _need_constraint(run, type_, need.name)
        if need.validates and type_.constraints.get(need.name) == "not null":
            run.forbid(type_.object("constraint", need.name), type_.member("constraint", need.name), sqlstate="42809")


def _need_constraint(run: Interpreter, type_: Relation, name: str) -> Relation:
    def prove(fact: object) -> None:
        run.state.writable(run.state.types[type_.key]).members["constraint", name] = ASSUMED

    run.need(type_.object("constraint", name), type_.member("constraint", name), prove)
    return run.state.types[type_.key]


def drop_constraint(run: Interpreter, drop: op.DropTypeConstraint) -> None:
    """ALTER DOMAIN ... DROP CONSTRAINT."""
    type_ = _type(run, drop.type, "domain")
    if type_ is None:
        return
    if drop.name is not None and not drop.missing_ok:
        type_ = _need_constraint(run, type_, drop.name)
    type_ = run.state.writable(type_)
    meant = (
        [drop.name]
        if drop.name is not None
        else [name for name, kind in type_.constraints.items() if kind == "not null"]
    )
    for name in meant:
        type_.members["constraint", name] = GONE if run.unsure else ABSENT


def rename_constraint(run: Interpreter, rename: op.RenameTypeConstraint) -> None:
    """ALTER DOMAIN ... RENAME CONSTRAINT."""
    type_ = _type(run, rename.type, "domain")
    if type_ is None:
        return
    type_ = _need_constraint(run, type_, rename.name)
    run.forbid(type_.object("constraint", rename.to), type_.member("constraint", rename.to))
    type_ = run.state.writable(type_)
    type_.members["constraint", rename.name] = GONE if run.unsure else ABSENT
    type_.members["constraint", rename.to] = run.made()
    if rename.name in type_.constraints:
        type_.constraints[rename.to] = type_.constraints.pop(rename.name)
