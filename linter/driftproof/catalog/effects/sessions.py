"""What lasts as long as a session, or begins with the next one: prepared statements, the default search_path."""

import msgspec

from driftproof.catalog.effects.control import run_query
from driftproof.catalog.facts import ABSENT, PRESENT, UNKNOWN, Fact
from driftproof.catalog.interpreter import Interpreter
from driftproof.objects import Object
from driftproof.statements import operations as op


def _object(name: str) -> Object:
    return Object("prepared-statement", None, None, name)


def prepare(run: Interpreter, step: op.Prepare) -> None:
    """PREPARE: the query is resolved before its name is looked at."""
    query = op.Run(step.query, path=run.state.path)
    run_query(run, msgspec.structs.replace(query, planned=False))
    if step.name in run.prepared:
        run.forbid(_object(step.name), Fact(PRESENT.presence, run.prepared[step.name][1]))
    run.prepared[step.name] = (query, not run.unsure)


def execute(run: Interpreter, step: op.Execute) -> None:
    """EXECUTE: of what this session did not prepare nothing is known, unless it deallocated it."""
    known = run.prepared.get(step.name)
    if known is not None:
        run.unsure |= not known[1]
        run_query(run, known[0])
    else:
        run.need(_object(step.name), _absence(run, step.name), lambda _fact: None)


def deallocate(run: Interpreter, step: op.Deallocate) -> None:
    """DEALLOCATE."""
    names = [step.name] if step.name is not None else list(run.prepared)
    if step.name is not None and step.name not in run.prepared:
        run.need(_object(step.name), _absence(run, step.name), lambda _fact: None)
    for name in names:
        run.deallocated.add(name)
        run.prepared.pop(name, None)


def _absence(run: Interpreter, name: str) -> Fact:
    return ABSENT if name in run.deallocated else UNKNOWN


def set_default_path(run: Interpreter, step: op.SetDefaultPath) -> None:
    """ALTER DATABASE or ROLE ... SET search_path. A role that the history made is not the one that runs it."""
    if step.role is not None and ("role", None, step.role) in run.state.objects:
        return
    if step.path != run.default_path:
        run.default_path = None


def set_replication_role(run: Interpreter, step: op.SetReplicationRole) -> None:
    """SET session_replication_role."""
    run.state.replication = step.role
