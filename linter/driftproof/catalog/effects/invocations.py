"""What a statement does by calling functions of the history's own: their bodies run with it."""

from driftproof.catalog import routines
from driftproof.catalog.entries import Routine
from driftproof.catalog.facts import PRESENT
from driftproof.catalog.inference import types_of
from driftproof.catalog.interpreter import Interpreter
from driftproof.catalog.scopes import Bound, Scope
from driftproof.statements import operations as op


def seen_by(run: Interpreter, visible: tuple[str, ...]) -> Scope | None:
    """What a statement of a block or a function sees beside its own: the variables, and the rows of a trigger."""
    if not visible:
        return None
    variables = Scope([], None, visible)
    if run.fired is None:
        return variables
    rows = [Bound(name, relation=run.state.relations[run.fired[0]]) for name in ("new", "old")]
    for row in rows:
        row.bare = False
    return Scope(rows, variables)


def invoke(run: Interpreter, invocations: tuple[op.Invocation, ...], scope: Scope | None) -> set[str]:
    """Run the functions that a query calls when it runs; the names of those that could not be followed."""
    left = set()
    for item in invocations:
        routine = routines.meant(run, item.call, types_of(run, item.call, scope))
        if routine is None or not follow(run, routine, item.arguments):
            left.add(item.call.name.name)
    return left


def follow(run: Interpreter, routine: Routine, arguments: tuple[op.Argument, ...]) -> bool:
    """Run what a call of that function does; whether that can be told."""
    if routine.body is None or routine.fact != PRESENT:
        return False
    called = routine.body.called(arguments)
    return called is not None and run.call(routine.body, called)
