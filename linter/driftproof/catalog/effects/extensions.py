"""CREATE and DROP EXTENSION: what a well-known extension brings along comes and goes with it."""

from driftproof.catalog.effects.control import forget
from driftproof.catalog.effects.types import gone, move_to, spare, take_users
from driftproof.catalog.extensions import REQUIRES, UNLISTED, Brought, listed
from driftproof.catalog.interpreter import Interpreter
from driftproof.catalog.state import GONE, Key, Presence, Relation
from driftproof.objects import Kind, Object
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
    _enter(run, made.name, place)
    if made.cascade and made.name in REQUIRES:
        _enter(run, REQUIRES[made.name], place)


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


def extensions_in(run: Interpreter, schema: str) -> list[tuple[Kind, str | None, str]]:
    """The extensions that are put in a schema, by the names of their objects."""
    homes = run.state.extensions.items()
    keys: list[tuple[Kind, str | None, str]] = [("extension", None, name) for name, home in homes if home == schema]
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
