"""Operations inside operations: what stands in the branches, loops and handlers of a block."""

from collections.abc import Iterable, Iterator, Sequence

from driftproof.statements import operations as op

_NESTED = (op.If, op.Try, op.Loop, op.Repeat)


def inner(step: op.Operation) -> Iterator[tuple[op.Operation, ...]]:
    """The lists of operations inside one."""
    match step:
        case op.If():
            yield from (step.then, step.otherwise)
        case op.Try():
            yield step.body
            yield from (handler.body for handler in step.handlers)
            yield from step.behind[:1]  # it is the same for each way out, but for the values of variables
        case op.Loop():
            yield from step.turns
        case op.Repeat():
            yield step.body


def flat(steps: Iterable[op.Operation]) -> Iterator[op.Operation]:
    """Operations with those inside them."""
    for step in steps:
        yield step
        if isinstance(step, _NESTED):  # most are not: this is asked of every operation
            for steps_inside in inner(step):
                yield from flat(steps_inside)


def conditional(steps: Iterable[op.Operation]) -> Iterator[op.Operation]:
    """The operations that stand in a branch, or before a handler."""
    for step in steps:
        for steps_inside in inner(step):
            yield from flat(steps_inside) if isinstance(step, op.If | op.Try) else conditional(steps_inside)


def rolls_back(statements: Sequence[op.Statement]) -> bool:
    """Whether a ROLLBACK stands among the statements."""
    return any(
        isinstance(operation, op.Transaction) and operation.command.startswith("rollback")
        for statement in statements
        for operation in statement.operations
    )
