"""Queries, settings and transactions; branches, handlers and loops; what can't be followed."""

from collections.abc import Callable, Iterable
from functools import partial

import msgspec

from driftproof.catalog.conditions import decide, lacking, taking_along
from driftproof.catalog.effects.bodies import note_named
from driftproof.catalog.effects.firing import Writing, armed, fire
from driftproof.catalog.effects.invocations import invoke, seen_by
from driftproof.catalog.effects.keys import check_arbiter
from driftproof.catalog.effects.refusals import check_kind
from driftproof.catalog.effects.results import check_result
from driftproof.catalog.effects.rows import forget_rows, write_rows
from driftproof.catalog.entries import Relation
from driftproof.catalog.facts import ABSENT, PRESENT, UNKNOWN, Fact, Presence
from driftproof.catalog.interpreter import Interpreter
from driftproof.catalog.resolve import Resolver
from driftproof.catalog.scopes import Scope
from driftproof.catalog.settle import settle
from driftproof.catalog.state import Ran
from driftproof.catalog.ways import Way
from driftproof.objects import Object
from driftproof.statements import operations as op


def run_query(run: Interpreter, step: op.Run) -> None:
    """SELECT, INSERT, UPDATE, DELETE: the names in it must resolve. A function that it calls may alter anything."""

    path = run.state.path
    run.called.clear()
    scope = seen_by(run, step.visible)
    writings: list[Writing] = []
    if step.path is not None:
        run.state.path = step.path
    try:
        resolver = Resolver(run)
        if run.fired is not None:
            resolver.transition(*run.fired)
        result = resolver.query(step.query, scope)
        for _, modifies in resolver.modified:
            if modifies.sets_twice or any(arm.sets_twice for arm in modifies.arms):
                run.raises("42601")
        if step.result is not None:
            check_result(run, result.row, step.result)
        if not step.planned:
            note_named(run)
        if step.planned:  # PostgreSQL looks for the key of ON CONFLICT when it plans, after all names are resolved
            for target, modifies in resolver.arbiters:
                check_arbiter(run, target, modifies)
            for target, _ in resolver.modified:
                check_kind(run, target, ("table", "view", "foreign table"))
            if (resolver.modified or run.called) and not step.explained:
                writings = armed(run, resolver.modified)
                if writings and len(resolver.modified) > 1:
                    run.unsure = run.blind = True  # which of them comes first is not known
                write_rows(run, resolver.modified)
    finally:
        run.state.path = path
    if run.called:
        _call(run, step, scope)
    if writings:
        fire(run, writings)


def _call(run: Interpreter, step: op.Run, scope: Scope | None) -> None:
    """What a query calls when it runs."""
    called = set(run.called)
    if step.invokes:
        called -= {item.call.name.name for item in step.invokes}
        called |= invoke(run, step.invokes, scope)
    if called & run.altering:
        forget(run, op.Forget())
    if step.planned:  # what a function of the history's own does when it is run may fail
        run.unsure |= any(key[1] in called for key in run.state.routines)


def note_ran(run: Interpreter, step: op.Ran) -> None:
    """A statement of a block has run."""
    place = f"{run.path}:{run.line()}" if op.HOLE in step.text else ""
    run.state.ran = Ran(step.text, run.state.path, run.state.ran, place)


def set_search_path(run: Interpreter, step: op.SetSearchPath) -> None:
    """SET search_path. Where it is only a guess that there is no transaction, nobody knows what SET LOCAL does."""
    standing = run.standing
    if step.local and not run.in_function and standing is not None and not (standing.block or standing.known):
        run.set_path(None, local=False)
    else:
        run.set_path(run.default_path if step.reset else step.path, local=step.local)


def enter_schema(run: Interpreter, step: op.EnterSchema) -> None:
    """The elements of CREATE SCHEMA, and their end."""
    if step.schema is None:
        run.state.path = run.outside
        return
    run.outside = run.state.path
    if run.outside is not None:
        run.state.path = (step.schema, *run.outside)


def need_block(run: Interpreter, step: op.NeedBlock) -> None:
    """What works only in a transaction block, or only outside of one. In a function neither is the server's concern but
    that it is no place for the latter."""
    standing = run.standing
    if run.in_function:
        refused = not step.inside
    elif standing is None:
        return
    elif step.inside:
        refused = standing.known and not (standing.begun if step.begun else standing.block)
    else:
        refused = standing.block
    if refused:
        run.refused(step.command, missing=step.inside)


def transaction(run: Interpreter, step: op.Transaction) -> None:
    """BEGIN, COMMIT, ROLLBACK, SAVEPOINT. Behind the end of a transaction ROLLBACK may find nothing to take back."""
    if step.command == "rollback" and run.open is False:
        forget(run, op.Forget())
        return
    run.transaction(step.command, step.savepoint)


def forget(run: Interpreter, step: op.Forget) -> None:
    """What can't be followed: UNKNOWN from here on. Nobody drops a role, a schema or a table of the platform's in
    passing."""
    state = run.state
    run.unsure = run.blind = True
    forget_rows(run)
    if step.table is not None:
        relation = run.relation(step.table, missing_ok=True)
        if relation is not None:
            _forget_members(run, relation, step)
        return
    if step.kind in (None, "type"):
        for type_ in list(state.types.values()):
            if step.schema in (None, type_.key[0]):
                state.put_type(Relation(type_.key, "type", UNKNOWN, open=True))
    for relation in list(state.relations.values()):
        if step.schema not in (None, relation.key[0]):
            continue
        if step.kind is None and state.foreign and relation.key[0] in state.foreign:
            continue
        if step.kind in (None, "relation") or (step.kind == "index" and relation.kind == "index"):
            if step.makes and relation.fact.presence is Presence.PRESENT:
                continue
            state.put(Relation(relation.key, relation.kind, UNKNOWN, open=True, of=relation.of))
        elif step.kind in ("column", "constraint", "policy", "trigger", "rule"):
            _forget_members(run, relation, step)
    for name, fact in list(state.objects.items()):
        if step.schema is not None and name[1] not in (None, step.schema):
            continue
        if name[0] == step.kind or (step.kind is None and not _stays(step, name[0], fact)):
            state.put_object(name, UNKNOWN)
    if step.kind in (None, "function"):
        for key, namesakes in list(state.routines.items()):
            for routine in namesakes if step.schema in (None, key[0]) else ():
                state.put_routine(key, msgspec.structs.replace(routine, fact=UNKNOWN))


def _stays(step: op.Forget, kind: str, fact: Fact) -> bool:
    return kind == "role" if step.owned else kind in ("role", "schema") and fact == PRESENT


def _forget_members(run: Interpreter, relation: Relation, step: op.Forget) -> None:
    relation, kind = run.state.writable(relation), step.kind
    if kind is None:
        relation.open = True
    else:
        relation.vague |= {kind}
    for member, fact in relation.members.items():
        if (member[0] == kind or kind is None) and not (step.makes and fact.presence is Presence.PRESENT):
            relation.members[member] = UNKNOWN


def raise_error(run: Interpreter, step: op.Raise) -> None:
    """RAISE EXCEPTION, and what is wrong with a text in every state."""
    run.raises(step.sqlstate, meant=step.meant)


def end_block(run: Interpreter, step: op.Return) -> None:
    """RETURN, EXIT, CONTINUE."""
    run.ends(step.leaves, step.label)


def choose(run: Interpreter, step: op.If) -> None:
    """IF: the branch of the fresh state first; where the condition is settled in every state, only that one."""
    answer = decide(run.state, step.test)
    if answer.settled is not None:
        run.unsure |= not answer.sure
        run.steps(step.then if answer.settled else step.otherwise)
        return

    if answer.fresh is None and run.passes_by():
        _pass_by(run, step.then, step.otherwise)
        return
    if answer.fresh is None:  # what a file raises itself is not meant to come
        raised = [_raises(run, steps) for steps in (step.then, step.otherwise)]
        if raised[0] is not raised[1]:
            answer = msgspec.structs.replace(answer, fresh=raised[1], sure=False)
    nominal = answer.fresh is not False
    entry, worlds = run.state.fork(), run.worlds
    told = (answer.fails, answer.holds)

    def way(holds: bool, facts: Iterable[tuple[Object, Fact]], proved: Iterable[Object] = ()) -> Callable[[], None]:
        def go() -> None:
            for wanted, fact in facts:
                settle(run.state, wanted, fact)
            run.state.proved = run.state.proved.union(proved)
            run.steps(step.then if holds else step.otherwise)

        return go

    def lacks(wanted: Object, fact: Fact, but: Iterable[tuple[Object, Fact]] = ()) -> Way:
        gone = msgspec.structs.replace(ABSENT, doubt=fact.doubt)
        facts = [(wanted, gone), *told[not nominal], *but]
        return Way(way(not nominal, facts), partial(tuple, [(wanted, fact)]), worlds.get((wanted, fact)))

    # Of several things that are asked for, each that decides the answer alone may be missing.
    known = answer.fresh is not None
    each = list(lacking(entry, step.test, answer)) if known else []
    columns = list(taking_along(entry, each))
    there = [(column, PRESENT) for column, _ in columns]
    first = [*told[nominal], *((wanted, PRESENT) for wanted, _ in each), *there]
    others = [lacks(*cause, there) for cause in each] or [Way(way(not nominal, [*told[not nominal], *there]))]
    others += [lacks(*column) for column in columns]
    proved = [wanted for wanted, _ in (*each, *columns)]
    run.branch(way(nominal, first, proved), others, known=known, sure=answer.sure, wild=answer.wild)


def _pass_by(run: Interpreter, *ways: tuple[op.Operation, ...]) -> None:
    """Ways that the function of a trigger may go, or not: it may fail on them, or end there."""
    run.unsure = run.blind = True
    forget_rows(run)
    if any(map(_ends, ways)):
        run.may_have_ended()


def _ends(steps: tuple[op.Operation, ...]) -> bool:
    for step in steps:
        match step:
            case op.Return() | op.Raise():
                return True
            case op.If(then=then, otherwise=otherwise):
                inside: tuple[tuple[op.Operation, ...], ...] = (then, otherwise)
            case op.Try(body=body, handlers=handlers):
                inside = (body, *(handler.body for handler in handlers))
            case op.Loop(turns=turns):
                inside = turns
            case op.Repeat(body=body):
                inside = (body,)
            case _:
                continue
        if any(map(_ends, inside)):
            return True
    return False


def _raises(run: Interpreter, steps: tuple[op.Operation, ...]) -> bool:
    """Whether a branch raises an error of its own, which comes out of the block."""
    own = (step.sqlstate for step in steps if isinstance(step, op.Raise))
    return any(sqlstate is not None and run.comes_out(sqlstate) for sqlstate in own)


def attempt(run: Interpreter, step: op.Try) -> None:
    """A block with EXCEPTION handlers."""
    run.attempt(step)


def repeat(run: Interpreter, step: op.Repeat) -> None:
    """A loop: its body may run, or not, as where there are no rows."""
    if run.passes_by():
        _pass_by(run, step.body)
        return
    run.branch(
        lambda: run.loop(op.Loop((step.body,), step.label)), [Way(lambda: None)], known=False, sure=False, idle=True
    )


def loop(run: Interpreter, step: op.Loop) -> None:
    """A loop, turn by turn."""
    run.loop(step)
