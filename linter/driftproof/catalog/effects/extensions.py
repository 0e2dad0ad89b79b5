"""CREATE and DROP EXTENSION: what a well-known extension brings along comes and goes with it."""

from collections.abc import Iterable

from driftproof.catalog import builtins, routines
from driftproof.catalog.effects.control import forget
from driftproof.catalog.effects.dependents import Holder, callers, refuse, take_along
from driftproof.catalog.effects.types import gone, move_to, spare, take_users
from driftproof.catalog.entries import Key, Relation
from driftproof.catalog.extensions import REQUIRES, UNLISTED, Brought, listed
from driftproof.catalog.facts import ABSENT, GONE, UNKNOWN, Fact, Presence
from driftproof.catalog.interpreter import Interpreter
from driftproof.catalog.state import ObjectKey
from driftproof.objects import Object
from driftproof.statements import operations as op
from driftproof.statements.query import Name


def create_extension(run: Interpreter, made: op.CreateExtension) -> None:
    """CREATE EXTENSION [IF NOT EXISTS]."""
    fact = run.state.objects.get(("extension", None, made.name))
    if fact is not None and fact.presence is Presence.PRESENT and made.if_not_exists:
        return
    if fact is not None and not made.if_not_exists:
        run.forbid(Object("extension", None, None, made.name), fact)
    if made.schema is not None:
        run.steps((op.Need("schema", Name(None, made.schema), holds=True),))
    place = made.schema or (run.creation_key(Name(None, "")) or (None,))[0]
    required = REQUIRES.get(made.name)
    if required is not None:
        there = run.state.objects.get(("extension", None, required))
        if made.cascade and (there is None or there.nominal is False):
            _enter(run, required, place)
        elif not made.cascade:
            _need(run, required, there)
    _enter(run, made.name, place)


def _need(run: Interpreter, name: str, fact: Fact | None) -> None:
    wanted = Object("extension", None, None, name)
    if fact is None and run.state.foreign is not None:
        run.lacks(wanted)

    def prove(proven: Fact) -> None:
        run.state.put_object(("extension", None, name), proven)

    run.need(wanted, fact or UNKNOWN, prove)


def _enter(run: Interpreter, name: str, schema: str | None) -> None:
    types = listed().get(name, Brought()).types if schema is not None else ()
    new: list[Key] = []
    for key in [(schema or "", type_) for type_ in types]:
        known = run.type(Name(*key))
        if known is None or known.fact.presence is Presence.ABSENT:
            new.append(key)
        elif known.kind != "type":  # else others may have put the extension there
            run.forbid(Object("type", key[0], None, key[1]), known.fact)
    run.state.put_object(("extension", None, name), run.made())
    run.state.extensions[name] = schema
    for key in new:
        run.state.put_type(Relation(key, "type", run.made(), open=True, of=("extension", name)))


def move_types(run: Interpreter, move: op.Move) -> None:
    """ALTER EXTENSION ... SET SCHEMA: what it brought goes along."""
    for type_ in _types_of(run, move.name.name):
        if type_.key[0] != move.schema and type_.fact.presence is not Presence.ABSENT:
            move_to(run, type_, (move.schema, type_.key[1]))
    run.state.extensions[move.name.name] = None if run.unsure else move.schema


def extensions_in(run: Interpreter, schema: str) -> list[ObjectKey]:
    """The extensions that are put in a schema, by the names of their objects."""
    homes = run.state.extensions.items()
    keys: list[ObjectKey] = [("extension", None, name) for name, home in homes if home == schema]
    return [key for key in keys if key in run.state.objects]


def drop_with_home(run: Interpreter, schema: str, *, certain: bool) -> None:
    """DROP SCHEMA ... CASCADE takes the extensions along that are in it."""
    for key in extensions_in(run, schema):
        if run.state.objects[key].presence is not Presence.ABSENT:
            run.steps((op.Drop("extension", Name(None, key[2]), missing_ok=True, cascade=True),))
            if not certain:
                run.state.put_object(key, GONE)


def _types_of(run: Interpreter, name: str) -> list[Relation]:
    return [type_ for type_ in run.state.types.values() if type_.of == ("extension", name)]


def drop_types(run: Interpreter, drop: op.Drop) -> None:
    """DROP EXTENSION: the types that it brought go with it. Of one that is not listed nothing is known but that CASCADE
    takes along what uses its types."""
    wanted = Object("extension", None, None, drop.name.name)
    brought = _types_of(run, drop.name.name)
    for type_ in brought:
        if not drop.cascade:
            spare(run, wanted, type_.key, spared=type_.key)
    for type_ in brought:
        if drop.cascade:
            take_users(run, type_.key, type_.key in run.state.used)
        gone(run, type_.key, certain=not run.unsure)
    if drop.cascade and listed().get(drop.name.name, UNLISTED).more:
        forget(run, op.Forget("type"))


def drop_callers(run: Interpreter, drop: op.Drop) -> None:
    """DROP EXTENSION: the extensions that need it, what calls its functions, and the indexes that have one of its
    operator classes."""
    known, wanted = listed().get(drop.name.name, UNLISTED), Object("extension", None, None, drop.name.name)
    for user in (name for name, required in REQUIRES.items() if required == drop.name.name):
        key: ObjectKey = ("extension", None, user)
        fact = run.state.objects.get(key, ABSENT)
        if fact.presence is not Presence.ABSENT and drop.cascade:
            run.steps((op.Drop("extension", Name(None, user), missing_ok=True, cascade=True),))
        elif not drop.cascade and fact.nominal:
            run.forbid(wanted, fact, sqlstate="2BP01")
    others = {key[1] for key in run.state.routines} | builtins.functions()
    users: list[Holder] = [
        ((relation.key, member), not any(name in others for name in relation.calls[member]))
        for relation, member in callers(run, known.functions | known.classes)
    ]
    if drop.cascade:
        take_along(run, users)
    else:
        refuse(run, wanted, users)


# Plain values of these types are sorted by B-trees; some other methods learn it from an extension.
_PLAIN = frozenset(
    {
        *("int2", "int4", "int8", "float4", "float8", "numeric", "text", "varchar", "bpchar", "uuid", "bool"),
        *("date", "time", "timetz", "timestamp", "timestamptz", "interval"),
    }
)
_RANGES = frozenset(
    f"{of}{form}" for of in ("int4", "int8", "num", "ts", "tstz", "date") for form in ("range", "multirange")
)
_TAUGHT = {"gist": "btree_gist", "gin": "btree_gin"}
_UNSORTED = frozenset(("json", "xml", "point", "line", "lseg", "box", "path", "polygon", "circle", "jsonpath"))
# For which types, of those that are plainly written, an access method has no operator class of its own.
_CLASSLESS = {
    "btree": _UNSORTED,
    "hash": _UNSORTED | {"money", "bit", "varbit", "tsvector", "tsquery"},
    "gist": _PLAIN,
    "gin": _PLAIN,
    "spgist": _PLAIN - {"text", "varchar"},
}


def _has_class(run: Interpreter, method: str) -> bool:
    """Whether the history may have made an operator class for an access method."""
    return any(
        kind == "operator-class" and name.endswith(f" USING {method}") and fact.presence is not Presence.ABSENT
        for (kind, _, name), fact in run.state.objects.items()
    )


def need_default_class(run: Interpreter, types: dict[str, str], columns: Iterable[str | None], method: str) -> None:
    """A key for which no operator class is written needs one that is the default of its type."""
    lacking, extension = _CLASSLESS.get(method), _TAUGHT.get(method)
    if lacking is None or run.state.foreign is None or (extension and routines.installed(run, extension)):
        return
    for column in columns:
        type_ = types.get(column or "", "").partition("(")[0]
        if type_ in lacking and not _has_class(run, method):
            run.lacks(Object("operator-class", None, None, f"{type_}_ops"))


def check_period(run: Interpreter, types: dict[str, str], constraint: op.Constraint) -> None:
    """WITHOUT OVERLAPS stands at the last of several columns, which is of a range type."""
    if not constraint.temporal:
        return
    type_ = types.get(constraint.keys[-1], "").partition("(")[0]
    if not run.unsure and (type_ in _PLAIN or len(constraint.keys) == 1):
        run.raises("42601" if len(constraint.keys) == 1 else "42804")
    run.unsure |= type_ not in _RANGES


def need_class(run: Interpreter, name: Name, method: str) -> None:
    """An operator class that a key of an index names: one that was made here, or that an extension brings. Of others,
    which PostgreSQL may have, nothing is said."""
    made = f"{name.name} USING {method}"
    if any(kind == "operator-class" and known == made for kind, _, known in run.state.objects):
        run.steps((op.Need("operator-class", Name(name.schema, made), holds=True),))
        return
    homes = [extension for extension, brought in listed().items() if name.name in brought.classes]
    schemas = run.state.path if name.schema is None else (name.schema,)
    if not homes or schemas is None or run.state.foreign is None:
        return
    for home in homes:
        place = run.state.extensions.get(home)
        if routines.installed(run, home) and (place is None or place in schemas):
            return
    run.lacks(Object("operator-class", name.schema, None, name.name))
