"""Functions, procedures and aggregates: CREATE, DROP, RENAME, SET SCHEMA, and whatever needs them."""

import msgspec

from driftproof.catalog import routines
from driftproof.catalog.effects.bodies import begin, forget_named
from driftproof.catalog.effects.control import forget
from driftproof.catalog.effects.dependents import Holder, callers, refuse, take_along
from driftproof.catalog.effects.firing import call_anew
from driftproof.catalog.effects.invocations import follow, seen_by
from driftproof.catalog.effects.relations import put_under
from driftproof.catalog.effects.rows import forget_rows
from driftproof.catalog.entries import Key, Routine
from driftproof.catalog.facts import ABSENT, GONE, UNKNOWN, Presence
from driftproof.catalog.inference import types_of
from driftproof.catalog.interpreter import Interpreter
from driftproof.catalog.resolve import Resolver
from driftproof.catalog.routines import brought, need, need_trigger, object_of, type_of, vague
from driftproof.catalog.typenames import need_type
from driftproof.objects import Kind
from driftproof.statements import operations as op
from driftproof.statements.query import Name

_LANGUAGES = ("sql", "plpgsql", "c", "internal")
"""Those that every database has; another one comes with an extension of its name."""


def create_routine(run: Interpreter, made: op.CreateRoutine) -> None:
    """CREATE [OR REPLACE] FUNCTION: one with the same arguments is refused, or replaced if it is of the same form."""
    run.need_schema(made.name.schema)
    key = run.creation_key(made.name)
    _check_declaration(run, made)
    if key is None:
        return
    if made.alters:
        run.altering.add(made.name.name)
    routine = _routine(run, made)
    before = run.state.routine(key, routine.arguments)
    if before is not None and before.fact.presence is not Presence.ABSENT:
        fact = msgspec.structs.replace(before.fact, sure=before.fact.sure and not vague(routine.arguments or ()))
        sqlstate = _conflict(before, routine) if made.replace else "42723"
        if sqlstate is not None and made.replace and "?" in before.returns + routine.returns:
            fact = msgspec.structs.replace(fact, sure=False)
        if sqlstate is not None:
            run.forbid(object_of(key, routine.arguments), fact, sqlstate=sqlstate)
    if before is not None:
        forget_named(run, before)
    run.state.put_routine(key, routine)
    run.making = None
    if made.parsed:
        begin(run, key, routine)


def _check_declaration(run: Interpreter, made: op.CreateRoutine) -> None:
    if made.flaw == "options":
        run.raises("42P13")
    if made.language not in _LANGUAGES and run.state.objects.get(("extension", None, made.language)) is None:
        run.steps((op.Need("language", Name(None, made.language)),))
    for item in made.parameters:
        _need_type(run, item.type)
        if item.default is not None:
            Resolver(run).expression(item.default, None)
    if made.flaw == "parameters":
        run.raises("42P13")
    if made.returns is not None:
        _need_type(run, made.returns)
    if made.flaw == "result":
        run.raises("42P13")


def _routine(run: Interpreter, made: op.CreateRoutine) -> Routine:
    inputs = [item for item in made.parameters if item.mode not in ("out", "table")]
    columns = [item for item in made.parameters if item.mode in ("out", "inout", "table")]
    if len(columns) == 1 and made.kind != "procedure":
        returns = type_of(run, columns[0].type)
    elif columns:
        returns = f"record({', '.join(f'{item.name} {type_of(run, item.type)}' for item in columns)})"
    else:
        returns = type_of(run, made.returns) if made.returns is not None else "void"
    return Routine(
        tuple(type_of(run, item.type) for item in inputs),
        run.made(),
        made.kind,
        tuple(item.name for item in inputs),
        sum(item.default is not None for item in inputs),
        any(item.mode == "variadic" for item in inputs),
        f"setof {returns}" if made.setof or any(item.mode == "table" for item in columns) else returns,
        tuple((item.name, type_of(run, item.type)) for item in columns),
        tuple(type_of(run, item.type) for item in made.parameters) if len(inputs) < len(made.parameters) else None,
        made.body,
    )


def _conflict(before: Routine, after: Routine) -> str | None:
    """Why one function can't take the other's place; ProcedureCreate, pg_proc.c."""
    if before.kind != after.kind:
        return "42809"
    renamed = any(old and old != new for old, new in zip(before.names, after.names, strict=False))
    if before.returns != after.returns or renamed or after.defaults < before.defaults:
        return "42P13"
    return None


def _need_type(run: Interpreter, ref: op.TypeRef) -> None:
    if ref.table is not None:
        relation = run.relation(ref.table)
        if relation is not None:
            run.need_member(relation, "column", ref.column)
    if ref.name is not None and type_of(run, ref).startswith("?"):
        need_type(run, ref.name)


def _types(
    run: Interpreter, refs: tuple[op.TypeRef, ...] | None, *, missing_ok: bool = False
) -> tuple[str, ...] | None:
    """The types of written arguments, which must be there unless IF EXISTS forgives that too."""
    if refs is None:
        return None
    for ref in refs if not missing_ok else ():
        _need_type(run, ref)
    return tuple(type_of(run, ref) for ref in refs)


def need_routine(run: Interpreter, step: op.NeedRoutine) -> None:
    """COMMENT ON FUNCTION, GRANT ON FUNCTION, ALTER FUNCTION."""
    if step.called_by is not None:
        run.state.used.add(("function", step.name.name))
        need_trigger(run, step.name, step.called_by)
        return
    found = need(run, step.kind, step.name, _types(run, step.arguments))
    if step.altered and found is not None and found[1].kind == "aggregate":
        _refuse_aggregate(run, *found)


def _refuse_aggregate(run: Interpreter, key: Key, routine: Routine) -> None:
    fact = ABSENT if routine.fact.sure else GONE
    run.need(object_of(key, routine.arguments), fact, lambda _fact: None, sqlstate="42809")


def rename_routine(run: Interpreter, step: op.RenameRoutine) -> None:
    """ALTER FUNCTION ... RENAME TO and SET SCHEMA; what calls it goes on calling it."""
    found = need(run, step.kind, step.name, _types(run, step.arguments))
    if found is None or found[1].arguments is None:
        return
    key, routine = found
    run.need_schema(step.schema)
    to = (step.schema or key[0], step.to or key[1])
    if step.schema is not None and to == key:
        return
    taken = run.state.routine(to, routine.arguments)
    if taken is not None:
        run.forbid(object_of(to, routine.arguments), taken.fact)
    stands = routine.stands
    if stands is not None and step.schema is not None:
        put_under(run, run.state.relations[stands], (step.schema, stands[1]), check=False)
        stands = (step.schema, stands[1])
    away = ABSENT if run.made().sure else GONE
    run.state.put_routine(to, msgspec.structs.replace(routine, fact=run.made(), stands=stands))
    run.state.put_routine(key, msgspec.structs.replace(routine, fact=away, stands=None))
    for relation, member in callers(run, {key[1]}):
        relation = run.state.writable(relation)
        relation.calls[member] = (*relation.calls[member], to[1])
    call_anew(run, key, to)


_MADE_WITH: tuple[Kind, ...] = (
    *("access-method", "cast", "conversion", "event-trigger", "foreign-data-wrapper", "language", "operator"),
    *("operator-class", "text-search-parser", "text-search-template", "transform", "type"),
)
"""What may be made with a function, and goes with it."""


def drop_routine(run: Interpreter, drop: op.DropRoutine) -> None:
    """DROP FUNCTION: refused where something uses it; CASCADE takes that along."""
    types = _types(run, drop.arguments, missing_ok=drop.missing_ok)
    found = need(run, drop.kind, drop.name, types, missing_ok=drop.missing_ok)
    if found is None:
        return
    key, routine = found
    if drop.kind == "function" and routine.kind == "aggregate":
        _refuse_aggregate(run, key, routine)
    wanted = object_of(key, routine.arguments)
    if routine.of is not None:  # it goes with its type only
        run.forbid(wanted, routine.fact, sqlstate="2BP01")
    alone = _alone(run, key, routine)
    users: list[Holder] = [((relation.key, member), alone) for relation, member in callers(run, {key[1]})]
    users = [user for user in users if user[0][0] != routine.stands]
    free = alone or not (users or ("function", key[1]) in run.state.used)
    if drop.cascade:
        take_along(run, users)
        for kind in _MADE_WITH if ("function", key[1]) in run.state.used else ():
            forget(run, op.Forget(kind))
    else:
        free = refuse(run, wanted, [(user, needs and routine.fact.sure) for user, needs in users]) and free
        run.unsure |= not free and routine.fact.presence is not Presence.ABSENT
    known = routine.arguments is not None and not vague(routine.arguments)
    gone = ABSENT if free and known and not run.unsure else GONE
    run.state.put_routine(key, msgspec.structs.replace(routine, fact=gone))


def call_procedure(run: Interpreter, step: op.CallProcedure) -> None:
    """CALL: what a procedure does is followed, as far as it can be; one that nobody here made may change anything."""
    *inner, called = step.expression.calls
    scope = seen_by(run, step.visible)
    Resolver(run).expression(msgspec.structs.replace(step.expression, calls=tuple(inner)), scope)
    procedure = routines.call(run, called, types_of(run, called, scope), procedure=True)
    if procedure is not None and follow(run, procedure, step.arguments):
        return
    made = any(item.fact.presence is Presence.PRESENT for _, item in routines.namesakes(run, called.name)[0])
    forget_rows(run)
    if not made or called.name.name in run.altering:
        forget(run, op.Forget())
    run.unsure = True


def drop_with_schema(run: Interpreter, schema: str, *, certain: bool, cascade: bool) -> None:
    """DROP SCHEMA: its functions go with it, by CASCADE with what calls them."""
    for key, namesakes in list(run.state.routines.items()):
        for routine in namesakes if key[0] == schema else ():
            if cascade and routine.fact.presence is not Presence.ABSENT:
                alone = certain and _alone(run, key, routine)
                take_along(run, [((relation.key, member), alone) for relation, member in callers(run, {key[1]})])
            run.state.put_routine(key, msgspec.structs.replace(routine, fact=ABSENT if certain else GONE))


def move_with_schema(run: Interpreter, old: str, new: str) -> None:
    """ALTER SCHEMA ... RENAME TO: its functions go along; of those that have types from there nothing is known."""
    for key, namesakes in list(run.state.routines.items()):
        for routine in namesakes if key[0] == old else ():
            own = any(f"{old}." in type_ for type_ in routine.arguments or ())
            fact = UNKNOWN if own else routine.fact
            stands = (new, routine.stands[1]) if routine.stands is not None else None
            run.state.put_routine((new, key[1]), msgspec.structs.replace(routine, fact=fact, stands=stands))
            run.state.put_routine(key, msgspec.structs.replace(routine, fact=GONE, stands=None))
            call_anew(run, key, (new, key[1]))


def _alone(run: Interpreter, key: Key, routine: Routine) -> bool:
    """Whether a call by this name can mean no other function."""
    others = [item for other, items in run.state.routines.items() if other[1] == key[1] for item in items]
    if ("function", key[1]) in run.state.used or brought(run, Name(None, key[1])):
        return False
    return all(item is routine or item.fact.presence is Presence.ABSENT for item in others)
