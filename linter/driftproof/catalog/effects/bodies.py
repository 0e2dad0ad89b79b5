"""Functions whose bodies PostgreSQL parses when they are made (BEGIN ATOMIC, RETURN): what these name can't be dropped.

Such a function stands among the relations as well, as what depends on others.
"""

import msgspec

from driftproof.catalog.effects.dependents import depends_on_read, released
from driftproof.catalog.entries import Key, Relation, Routine
from driftproof.catalog.interpreter import Interpreter

KIND = "function"
"""The kind of relation that only stands for a function."""


def begin(run: Interpreter, key: Key, routine: Routine) -> None:
    """The queries that come next are those of this function's body."""
    run.making = key, routine
    run.read, run.vague = {}, False


def note_named(run: Interpreter) -> None:
    """A query of the body has been read."""
    if run.making is None or not (run.read or run.called):
        return
    key, routine = run.making
    if routine.stands is None:
        place = (key[0], f"{key[1]}({', '.join(routine.arguments or ())})")
        run.state.put(Relation(place, KIND, routine.fact, open=False))
        routine = msgspec.structs.replace(routine, stands=place)
        run.state.put_routine(key, routine)
        run.making = key, routine
    assert routine.stands is not None
    depends_on_read(run, (routine.stands, None))
    relation = run.state.writable(run.state.relations[routine.stands])
    relation.calls[None] = (*relation.calls.get(None, ()), *run.called)


def forget_named(run: Interpreter, routine: Routine) -> None:
    """The function gets another body, or is gone."""
    if routine.stands is not None:
        released(run, run.state.relations[routine.stands], None)
        run.gone(routine.stands, KIND, certain=True)
