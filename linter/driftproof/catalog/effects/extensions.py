"""CREATE EXTENSION: what a well-known extension brings along is there from then on."""

from driftproof.catalog.extensions import REQUIRES, Brought, listed
from driftproof.catalog.interpreter import Interpreter
from driftproof.catalog.state import Presence, Relation
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
    place = made.schema or (run.state.creation_key(Name(None, "")) or (None,))[0]
    _enter(run, made.name, place)
    if made.cascade and made.name in REQUIRES:
        _enter(run, REQUIRES[made.name], place)


def _enter(run: Interpreter, name: str, schema: str | None) -> None:
    run.state.put_object(("extension", None, name), run.made())
    run.state.extensions[name] = schema
    for type_ in listed().get(name, Brought()).types if schema is not None else ():
        key = (schema or "", type_)
        known = run.state.types.get(key)
        if known is None or known.fact.presence is Presence.ABSENT:
            run.state.put_type(Relation(key, "type", run.made(), open=True))
