"""Objects that are neither relations, types nor functions: schemas, roles, servers, text search...

They differ in their SQLSTATEs and in whether a schema is part of their name; all else is the same for each kind.
"""

from driftproof.catalog import builtins, routines
from driftproof.catalog.effects import types
from driftproof.catalog.effects.control import forget
from driftproof.catalog.effects.dependents import take_away
from driftproof.catalog.effects.extensions import drop_callers, drop_types, drop_with_home, extensions_in, move_types
from driftproof.catalog.effects.functions import drop_with_schema, move_with_schema
from driftproof.catalog.effects.options import move_options
from driftproof.catalog.effects.relations import put_under
from driftproof.catalog.facts import ABSENT, ASSUMED, GONE, PRESENT, UNKNOWN, Fact, Presence
from driftproof.catalog.interpreter import Interpreter
from driftproof.catalog.state import ObjectKey
from driftproof.catalog.typenames import need_type
from driftproof.objects import DUPLICATE, NOT_IN_A_SCHEMA, Kind, Object
from driftproof.statements import operations as op
from driftproof.statements.query import Name

# Where ALTER ... RENAME and SET SCHEMA raise another SQLSTATE than CREATE.
_TAKEN: dict[Kind, str] = {
    "operator": "23505",
    "text-search-configuration": "42710",
    "text-search-dictionary": "42710",
    "text-search-parser": "42710",
    "text-search-template": "42710",
}


def _place(run: Interpreter, kind: Kind, name: Name, types: tuple[Name, ...]) -> ObjectKey | None:
    """Where such an object is made; None if that is not known."""
    identity = _identity(run, kind, name.name, types)
    if identity is None:
        return None
    if kind in NOT_IN_A_SCHEMA:
        return kind, None, identity
    key = run.state.creation_key(name)
    return None if key is None else (kind, key[0], identity)


def _find(run: Interpreter, kind: Kind, name: Name, types: tuple[Name, ...]) -> ObjectKey | None:
    """What such a name means: what the search_path finds first, else where it would be made."""
    place = _place(run, kind, name, types)
    if place is None or name.schema is not None or place[1] is None:
        return place
    gone: ObjectKey | None = None
    for schema in run.state.path or ():
        key = (kind, schema, place[2])
        fact = _fact(run, key)
        if fact is not None and fact.presence is not Presence.ABSENT:
            return key
        gone = gone or (key if fact is not None else None)
    return gone or place


def _identity(run: Interpreter, kind: Kind, name: str, types: tuple[Name, ...]) -> str | None:
    """The name with its types, as the catalog knows them; None where one of them is not known."""
    if not types:
        return name
    parts: list[str] = []
    for type_ in types:
        bare, brackets = type_.name.removesuffix("[]"), "[]" if type_.name.endswith("[]") else ""
        if type_.schema in (None, "pg_catalog") and (not bare or bare in builtins.types()):
            parts.append((bare or "NONE") + brackets)
            continue
        found = run.type(Name(type_.schema, bare))
        if found is None:
            return None
        parts.append(".".join(found.key) + brackets)
    return f"({' AS '.join(parts)})" if kind == "cast" else f"{name}({', '.join(parts)})"


def _fact(run: Interpreter, key: ObjectKey) -> Fact | None:
    """What is known of an object; None if it was never mentioned."""
    if key[0] == "statistics" and ("statistics", f"{key[1]}.{key[2]}") in run.state.homes:
        return run.state.statistics((key[1] or "", key[2]))
    return run.state.objects.get(key)


def _object(key: ObjectKey) -> Object:
    return Object(key[0], key[1], None, key[2])


def _need_types(run: Interpreter, types: tuple[Name, ...]) -> None:
    for type_ in types:
        bare = type_.name.removesuffix("[]")
        if bare:
            need_type(run, Name(type_.schema, bare, type_.at))


def create(run: Interpreter, made: op.Create) -> None:
    """CREATE: nothing happens where IF NOT EXISTS finds the name taken."""
    if made.kind == "type":
        types.create_type(run, made)
        return
    if made.kind not in NOT_IN_A_SCHEMA:
        run.need_schema(made.name.schema)
        run.creation_key(made.name)
    _need_types(run, made.types)
    key = _place(run, made.kind, made.name, made.types)
    if key is None:
        return
    fact = _fact(run, key)
    if made.if_not_exists and fact is not None and fact.presence in (Presence.PRESENT, Presence.MAYBE):
        run.state.put_object(key, run.made() if fact.sure else ASSUMED)
        return
    if fact is not None and not (made.if_not_exists or made.replace):
        run.forbid(_object(key), fact)
    run.steps(made.needs)
    run.state.put_object(key, run.made())


def need_object(run: Interpreter, need: op.Need) -> None:
    """COMMENT ON, GRANT ON, OWNER TO...: a claim only for what the history itself dropped."""
    if need.kind == "type":
        need_type(run, need.name, holds=need.holds, forms=need.forms)
        return
    if need.kind == "function":
        run.unsure |= not routines.knows(run, need.name)
        run.state.used.add(("function", need.name.name))
        return
    if builtins.always_there(need.kind, need.name):
        return
    forgiven = need.missing_ok or need.sqlstate is not None
    if not forgiven:
        _need_schema(run, need)
    _need_types(run, need.types)
    key = _find(run, need.kind, need.name, need.types)
    if key is None:
        _nowhere(run, need.kind, need.name, missing_ok=need.missing_ok)
        return
    if need.kind == "schema" and not need.missing_ok:
        run.need_schema(key[2])
    fact = _fact(run, key) or UNKNOWN
    if need.missing_ok and fact.presence is not Presence.PRESENT:
        return
    _need_made(run, key, need.sqlstate)

    def prove(proven: Fact) -> None:
        run.state.put_object(key, proven)

    run.need(_object(key), fact, prove, sqlstate=need.sqlstate)
    if need.holds:
        # Another class of the family may have the same operators (23505).
        run.unsure |= need.kind == "operator-family" and key in run.state.used
        run.state.used.add(key)


def _need_made(run: Interpreter, key: ObjectKey, sqlstate: str | None = None) -> None:
    """Of what is in no schema, PostgreSQL has nothing by itself that nobody made; elsewhere it may be its own. What was
    lost sight of was made."""
    if _fact(run, key) is None and key[1] is None and run.state.unmade(_object(key)) is ABSENT:
        run.lacks(_object(key), sqlstate=sqlstate)


def _nowhere(run: Interpreter, kind: Kind, name: Name, *, missing_ok: bool) -> None:
    """There is no schema of the search_path; of statistics, unlike others, PostgreSQL has none by itself."""
    if missing_ok:
        return
    if kind == "statistics" and run.state.path is not None:
        run.lacks(Object(kind, None, None, name.name))
    run.unsure = True


def _need_schema(run: Interpreter, step: op.Need | op.Drop) -> None:
    """The schema of a name; an operator of a schema that is not there is itself what is missing (42883)."""
    if step.kind not in NOT_IN_A_SCHEMA and step.kind != "operator" and step.name.schema is not None:
        run.need_schema(step.name.schema)


def drop_object(run: Interpreter, drop: op.Drop) -> None:
    """DROP: certain where nothing can have kept the object from going."""
    if drop.kind == "type":
        types.drop_type(run, drop)
        return
    if not drop.missing_ok:
        _need_schema(run, drop)
        _need_types(run, drop.types)
    key = _find(run, drop.kind, drop.name, drop.types)
    if key is None:
        _nowhere(run, drop.kind, drop.name, missing_ok=drop.missing_ok)
        return
    fact = _fact(run, key) or UNKNOWN
    if drop.kind == "schema" and not drop.missing_ok:
        run.need_schema(key[2])
    if not drop.missing_ok and not builtins.always_there(drop.kind, drop.name):
        _need_made(run, key)
        run.need(_object(key), fact, lambda _fact: None)
    content = _content(run, key[2]) if drop.kind == "schema" else None
    if content is not None and content.sure and fact.nominal and not drop.cascade:
        run.forbid(_object(key), content, sqlstate="2BP01")
    if drop.kind == "extension" and fact.nominal:
        drop_callers(run, drop)
    kept = key in run.state.used or drop.kind == "extension" or content is not None
    known = fact.presence is not Presence.UNKNOWN or (drop.kind == "schema" and run.state.knows_all(key[2]))
    certain = known and (drop.cascade or not kept)
    run.unsure |= not certain and fact.presence is not Presence.ABSENT
    run.state.put_object(key, run.away(certain))
    _take_along(run, drop, key, certain=certain)


def _content(run: Interpreter, schema: str) -> Fact | None:
    """What is known of the object in a schema that is there most certainly; None if nothing can be in it."""
    state = run.state
    there = [it.fact for key, it in (*state.relations.items(), *state.types.items()) if key[0] == schema]
    there += [it.fact for key, items in state.routines.items() if key[0] == schema for it in items]
    there += [fact for key, fact in state.objects.items() if key[1] == schema]
    there += [state.objects[key] for key in extensions_in(run, schema)]
    return next(
        (fact for fact in there if fact == PRESENT),
        next((fact for fact in there if fact.presence is not Presence.ABSENT), None),
    )


def _take_along(run: Interpreter, drop: op.Drop, key: ObjectKey, *, certain: bool) -> None:
    """What goes with an object, or may go."""
    state, name = run.state, key[2]
    match drop.kind:
        case "schema":
            for place in [place for place in state.relations if place[0] == name]:
                if state.relations[place].fact.presence is not Presence.ABSENT:
                    take_away(run, state.relations[place], certain=certain, cascade=drop.cascade)
            for place in [place for place in state.types if place[0] == name]:
                if drop.cascade and state.types[place].fact.presence is not Presence.ABSENT:
                    types.take_users(run, place, place in state.used)
                types.gone(run, place, certain=certain)
            for other, fact in list(state.objects.items()):
                if other[1] == name and fact.presence is not Presence.ABSENT:
                    state.put_object(other, ABSENT if certain else GONE)
            drop_with_schema(run, name, certain=certain, cascade=drop.cascade)
            drop_with_home(run, name, certain=certain)
        case "extension":
            drop_types(run, drop)
        case "server" | "role" | "foreign-data-wrapper":
            forget(run, op.Forget("user-mapping"))
            if drop.cascade and drop.kind != "role":
                if drop.kind == "foreign-data-wrapper":
                    forget(run, op.Forget("server"))
                for place, relation in list(state.relations.items()):
                    if relation.kind == "foreign table":
                        run.gone(place, relation.kind, certain=False)
        case "operator-family":  # its classes go with it, also those of other names that were put in it
            own: ObjectKey = ("operator-class", key[1], name)
            if key in state.used:
                forget(run, op.Forget("operator-class"))
            elif own in state.objects:
                state.put_object(own, run.away(certain))
        case "statistics":
            relabel(run, "statistics", f"{key[1]}.{name}", None, certain=certain)
        case "publication":
            relabel(run, "publication-table", name, None, certain=certain)
        case _:
            pass


def relabel(run: Interpreter, kind: Kind, old: str, new: str | None, *, certain: bool) -> None:
    """Take a mark of this name from all relations, or give it another name."""
    for relation in run.state.labelled(kind, old):
        fact = relation.members[kind, old]
        relation = run.state.put_member(relation, (kind, old), ABSENT if certain else GONE)
        if new is not None:
            relation = run.state.put_member(relation, (kind, new), fact)
            relation.uses[kind, new] = relation.uses.pop((kind, old), ())


def rename_object(run: Interpreter, rename: op.Rename) -> None:
    """ALTER ... RENAME TO."""
    if rename.kind == "type":
        types.rename_type(run, rename)
        return
    _relocate(run, rename.kind, rename.name, rename.types, to=rename.to)


def move_object(run: Interpreter, move: op.Move) -> None:
    """ALTER ... SET SCHEMA."""
    if move.kind == "type":
        types.move_type(run, move)
        return
    if move.kind == "extension":
        move_types(run, move)
        return
    _relocate(run, move.kind, move.name, move.types, schema=move.schema)


def _relocate(
    run: Interpreter,
    kind: Kind,
    name: Name,
    types: tuple[Name, ...],
    *,
    to: str | None = None,
    schema: str | None = None,
) -> None:
    need_object(run, op.Need(kind, name, types))
    old = _find(run, kind, name, types)
    if schema is not None:
        run.need_schema(schema)
    if old is None:
        return
    new: ObjectKey = (kind, schema if schema is not None else old[1], to if to is not None else old[2])
    if new == old and schema is not None:
        return
    taken = _fact(run, new)
    if taken is not None:
        run.forbid(_object(new), taken, sqlstate=_TAKEN.get(kind, DUPLICATE[kind]))
    fact = _fact(run, old) or ASSUMED
    run.state.put_object(old, ABSENT if fact.sure and not run.unsure else GONE)
    run.state.put_object(new, fact if not run.unsure else ASSUMED)
    if old in run.state.used:
        run.state.used.add(new)
    move_options(run, kind, old[2], new[2])
    if kind == "schema":
        _move_contents(run, old[2], new[2])
    elif kind in ("server", "role"):
        forget(run, op.Forget("user-mapping"))
    elif kind == "publication":
        relabel(run, "publication-table", old[2], new[2], certain=not run.unsure)
        every = run.state.objects.get(("publication-table", None, old[2]), ABSENT)
        run.state.put_object(("publication-table", None, new[2]), every)
    elif kind == "statistics":
        relabel(run, "statistics", f"{old[1]}.{old[2]}", f"{new[1]}.{new[2]}", certain=not run.unsure)


def _move_contents(run: Interpreter, old: str, new: str) -> None:
    """ALTER SCHEMA ... RENAME TO: all that is in it goes along."""
    state = run.state
    for key in [key for key in state.relations if key[0] == old]:
        if state.relations[key].fact.presence is not Presence.ABSENT:
            put_under(run, state.relations[key], (new, key[1]), check=False)
    for key in [key for key in state.types if key[0] == old]:
        if state.types[key].fact.presence is not Presence.ABSENT:
            types.move_to(run, state.types[key], (new, key[1]))
    move_with_schema(run, old, new)
    for name, fact in list(state.objects.items()):
        if name[1] == old and fact.presence is not Presence.ABSENT:
            state.put_object((name[0], new, name[2]), fact)
            state.put_object(name, GONE)
