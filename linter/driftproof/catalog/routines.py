"""Functions as PostgreSQL finds them: by schema, name and the types of their arguments.

Source: FuncnameGetCandidates (namespace.c), LookupFuncWithArgs and func_get_detail (parse_func.c).
"""

import re
from collections.abc import Iterable

import msgspec

from driftproof.catalog import builtins
from driftproof.catalog.coercion import coerces, spelled_type
from driftproof.catalog.entries import Key, Routine
from driftproof.catalog.extensions import UNLISTED, listed
from driftproof.catalog.facts import ABSENT, ASSUMED, GONE, PRESENT, UNKNOWN, Fact, Presence
from driftproof.catalog.interpreter import Interpreter
from driftproof.objects import Object
from driftproof.statements.operations import RoutineKind, TypeRef
from driftproof.statements.query import Call, Name

# What the grammar makes of COALESCE's neighbours: functions that are no entries of pg_proc.
_GRAMMAR_FUNCTIONS = {"overlay", "position", "substring", "trim", "xmlexists"}
# Which routines COMMENT ON, ALTER and GRANT take under which word.
_TAKES: dict[RoutineKind, tuple[RoutineKind, ...]] = {
    "function": ("function", "window", "aggregate"),
    "procedure": ("procedure",),
    "aggregate": ("aggregate",),
    "routine": ("function", "window", "aggregate", "procedure"),
}

_OWN = frozenset({"", "pg_catalog"})
_TYPE = re.compile(r"[^ (),\[\]]+")

Found = tuple[Key, Routine]


def object_of(key: Key, arguments: tuple[str, ...] | None) -> Object:
    """A function as an object."""
    return Object("function", key[0], None, key[1], arguments)


def using(run: Interpreter, type_: Key) -> list[Found]:
    """The functions that have a type, or a table's rows, among their arguments or in their result."""
    text = ".".join(type_)
    return [
        (key, item)
        for key, items in run.state.routines.items()
        for item in items
        if item.nominal
        and text in (written := " ".join((*(item.arguments or ()), item.returns)))
        and text in _TYPE.findall(written)
    ]


def spare(run: Interpreter, wanted: Object, type_: Key) -> bool:
    """DROP of a type or a table: a failure if a function needs it; True if none does."""
    users = [(key, item) for key, item in using(run, type_) if not _goes_with(run, item, type_)]
    for _, item in users:
        run.forbid(wanted, item.fact, sqlstate="2BP01")
    return not users


def constructors(run: Interpreter, type_: Key) -> list[Found]:
    """The functions that make values of a range or multirange type, whatever they are called by now."""
    known = run.state.types.get(type_)
    if known is not None and "range" not in known.kind:
        return []
    return [(key, item) for key, items in run.state.routines.items() for item in items if item.of == type_]


def make_constructors(run: Interpreter, range_: Key, multirange: Key, subtype: TypeRef | None) -> None:
    """The functions that come with a range and its multirange. Source: makeRangeConstructors and
    makeMultirangeConstructors, typecmds.c."""
    of = type_of(run, subtype) if subtype is not None else "?"
    value = ".".join(range_)
    for key, arguments in (
        (range_, (of, of)),
        (range_, (of, of, "pg_catalog.text")),
        (multirange, ()),
        (multirange, (value,)),
        (multirange, (f"{value}[]",)),
    ):
        before = run.state.routine(key, arguments)
        if before is not None:
            run.forbid(object_of(key, arguments), before.fact)
        spread = arguments == (f"{value}[]",)
        made = Routine(arguments, run.made(), variadic=spread, returns=".".join(key), of=key)
        run.state.put_routine(key, made)


def _goes_with(run: Interpreter, routine: Routine, type_: Key) -> bool:
    """Whether a function came with a type, or with one that is made of it."""
    of = routine.of
    while of is not None and of != type_:
        made = run.state.types.get(of)
        of = made.of if made is not None else None
    return of is not None


def drop_using(run: Interpreter, type_: Key) -> None:
    """DROP ... CASCADE of a type or a table: the functions that need it go as well."""
    for key, item in using(run, type_):
        fact = ABSENT if item.fact.sure and not run.unsure else GONE
        run.state.put_routine(key, msgspec.structs.replace(item, fact=fact))


def drop_standing(run: Interpreter, place: Key, *, certain: bool) -> list[str]:
    """The function that stands there among the relations goes with what it depends on; its name."""
    found = [(key, item) for key, items in run.state.routines.items() for item in items if item.stands == place]
    for key, item in found:
        run.state.put_routine(key, msgspec.structs.replace(item, fact=ABSENT if certain else GONE, stands=None))
    return [key[1] for key, _ in found]


def vague(types: Iterable[str]) -> bool:
    """Whether one of the types can't be told from its name."""
    return any(type_.startswith("?") for type_ in types)


def type_of(run: Interpreter, ref: TypeRef) -> str:
    """A type with its schema; with a question mark before it where the name does not tell which one it is."""
    if ref.name is None:
        _, found = run.state.look_up(ref.table) if ref.table is not None else (None, None)
        known = spelled_type(found.types.get(ref.column, "")) if found is not None else None
        return "?" if known is None or ref.array else known
    schema, name, suffix = ref.name.schema, ref.name.name, "[]" if ref.array else ""
    if schema in (None, "pg_catalog"):
        if name in builtins.types():
            return f"pg_catalog.{name}{suffix}"
        if name.startswith("_") and name[1:] in builtins.types():
            return f"pg_catalog.{name[1:]}[]"
    for table in (run.state.types, run.state.relations):
        key, found = run.state.look_up(ref.name, table)
        if key is not None and found is not None and found.fact.sure and found.fact.nominal:
            return f"{key[0]}.{key[1]}{suffix}"
    return f"?{schema or ''}.{name}{suffix}"


def namesakes(run: Interpreter, name: Name) -> tuple[list[Found], bool]:
    """What is known of the functions that a name may mean, and whether those are all that there can be."""
    schemas = (name.schema,) if name.schema is not None else run.state.path
    if schemas is None:
        return [], False
    found = [
        ((schema, name.name), routine)
        for schema in dict.fromkeys(schemas)
        for routine in run.state.routines.get((schema, name.name), ())
    ]
    made_here = bool(found) or _OWN.issuperset(schemas)
    complete = (
        made_here
        and all(item.arguments is not None and item.fact.sure for _, item in found)
        and not brought(run, name)
        and not strangers(run)
    )
    return found, complete


def brought(run: Interpreter, name: Name) -> bool:
    """Whether PostgreSQL, the platform or an extension brings a function of this name."""
    if name.schema in (None, "pg_catalog") and (name.name in builtins.functions() or name.name in _GRAMMAR_FUNCTIONS):
        return True
    full = f"{name.schema}.{name.name}" if name.schema else name.name
    if full in run.platform_functions:
        return True
    return any(_brings(run, extension, name, full) and installed(run, extension) for extension in run.state.extensions)


def installed(run: Interpreter, extension: str) -> bool:
    """Whether an extension may be there, as far as the history says."""
    fact = run.state.objects.get(("extension", None, extension))
    return fact is not None and fact.nominal is not False


def _brings(run: Interpreter, extension: str, name: Name, full: str) -> bool:
    known = listed().get(extension)
    if known is None or not (name.name in known.functions or full in known.functions):
        return False
    schema, path = run.state.extensions.get(extension), run.state.path
    found = schema == name.schema if name.schema is not None else schema is None or path is None or schema in path
    return (name.schema is not None and full in known.functions) or (found and name.name in known.functions)


def strangers(run: Interpreter) -> bool:
    """Whether an extension is there of which nobody here knows what it brings where everything is looked for."""
    return any(listed().get(name, UNLISTED).at_large and installed(run, name) for name in run.state.extensions)


def knows(run: Interpreter, name: Name) -> bool:
    """Whether a function of that name is certainly there, whatever its arguments."""
    return brought(run, name) or any(item.fact == PRESENT for _, item in namesakes(run, name)[0])


def call(
    run: Interpreter, called: Call, types: tuple[str | None, ...] = (), *, procedure: bool = False
) -> Routine | None:
    """A call in an expression; the function that it certainly means, if that was made here. Types that are not known
    are taken to fit: that there is no such function is said where none takes that many arguments, or none takes those
    types."""
    name = called.name
    found, complete = namesakes(run, name)
    if not found and not brought(run, name):
        run.need_schema(name.schema)
    there = [(key, item) for key, item in found if item.fact.presence is not Presence.ABSENT]
    fitting = [(key, item) for key, item in there if _takes(run, item, called, types, procedure=procedure)]
    if len(fitting) > 1 and complete and None not in types and len(types) == called.arguments:
        exact = [found for found in fitting if (found[1].arguments or ())[: len(types)] == types]
        fitting = [found for found in exact if found[0] == exact[0][0]] or fitting  # taken before all others
        run.unsure |= not exact
    if len(fitting) == 1 and complete:
        key, routine = fitting[0]
        if (routine.kind == "procedure") != procedure:
            run.forbid(object_of(key, routine.arguments), routine.fact, at=name.at, sqlstate="42809")
        if routine.fact == PRESENT and not run.unsure and _undetermined(types, routine):
            run.raises("42804")
        return _need(run, key, routine, at=name.at)
    if complete and _ambiguous(fitting, called):
        run.need(object_of(fitting[0][0], None), ABSENT, lambda _fact: None, at=name.at, sqlstate="42725")
    elif any((item.kind == "procedure") != procedure for _, item in fitting):
        run.unsure = True
    elif any(item.fact == PRESENT for _, item in fitting) or brought(run, name):
        return None
    elif fitting or (called.arguments == 1 and _no_call(run, name)):
        run.unsure = True
    elif complete:
        key = found[0][0] if found else (name.schema or "public", name.name)
        run.need(object_of(key, ("?",) * called.arguments), ABSENT, lambda _fact: None, at=name.at)
    elif found:
        run.need(object_of(found[0][0], None), UNKNOWN, lambda _fact: None, at=name.at)
    else:
        _lacks(run, name, found)
        run.unsure = True
    return None


def meant(run: Interpreter, called: Call, types: tuple[str | None, ...]) -> Routine | None:
    """The function that a call means if it means any; None where that can't be told, or it was not made here."""
    found, complete = namesakes(run, called.name)
    fitting = [item for _, item in found if item.fact.nominal and _takes(run, item, called, types)]
    if len(fitting) != 1 or not complete:
        return None
    wanted = spread(fitting[0], fitting[0].arguments or (), called)
    run.unsure |= called.variadic or len(types) != called.arguments
    run.unsure |= any(coerces(*pair) is not True for pair in zip(types, wanted, strict=False))
    return fitting[0]


def returns_set(called: Call, routine: Routine | None) -> bool:
    """Whether a call, which means that function if that is known, certainly gives a set of values."""
    if routine is not None:
        return routine.returns.startswith("setof ")
    return called.name.schema in (None, "pg_catalog") and builtins.returns_set(called.name.name)


def result(run: Interpreter, called: Call, types: tuple[str | None, ...]) -> str | None:
    """The type of a call's value, with its schema; None where that can't be told."""
    found, complete = namesakes(run, called.name)
    if not found:
        schema, name = called.name.schema, called.name.name
        if schema in (None, "pg_catalog"):
            return builtins.value_type(name)
        return run.platform_functions.get(f"{schema}.{name}")
    routine = _told(run, found, complete, called, types)
    if routine is None:
        return None
    returns = routine.returns.removeprefix("setof ")
    if returns.startswith("record("):
        return "pg_catalog.record"
    return None if returns.startswith(("?", "pg_catalog.any")) or "." not in returns else returns


def told(run: Interpreter, called: Call, types: tuple[str | None, ...]) -> Routine | None:
    """The function that a call certainly means, if that was made here and is there."""
    return _told(run, *namesakes(run, called.name), called, types)


def _told(
    run: Interpreter, found: list[Found], complete: bool, called: Call, types: tuple[str | None, ...]
) -> Routine | None:
    there = [item for _, item in found if item.fact.presence is not Presence.ABSENT]
    fitting = [item for item in there if _takes(run, item, called, types)]
    return fitting[0] if len(fitting) == 1 and complete and fitting[0].fact == PRESENT else None


def _no_call(run: Interpreter, name: Name) -> bool:
    """Whether ``name(x)`` may be a cast, or a column of x written like a call."""
    return (
        name.name in builtins.types()
        or any(type_ == name.name for _, type_ in run.state.types)
        or any(("column", name.name) in relation.members for relation in run.state.relations.values())
    )


def _lacks(run: Interpreter, name: Name, found: list[Found]) -> None:
    """A function of a name that nobody here ever made; what the schemas of the default path bring along is listed."""
    schemas = (name.schema,) if name.schema is not None else run.state.path
    if found or schemas is None or strangers(run):
        return
    if all(run.state.knows_all(schema) or schema in (run.default_path or ())[1:] for schema in schemas):
        run.lacks(object_of((name.schema or "public", name.name), None))


def _ambiguous(fitting: list[Found], called: Call) -> bool:
    """Whether several functions certainly take the call equally well: those of one schema whose other parameters have
    defaults."""
    taken = {(key, (item.arguments or ())[: called.arguments]) for key, item in fitting}
    sure = all(item.fact == PRESENT and item.all is None and not item.variadic for _, item in fitting)
    return len(fitting) > 1 and len(taken) == 1 and sure


def _takes(
    run: Interpreter, routine: Routine, called: Call, types: tuple[str | None, ...], *, procedure: bool = False
) -> bool:
    """Whether a call means that routine; CALL gives OUT parameters as well."""
    arguments = routine.all if procedure and routine.all is not None else routine.arguments
    if arguments is None:
        return True
    count, most = called.arguments, len(arguments)
    if routine.kind == "aggregate" and most != count:  # some are in its ORDER BY
        run.unsure = True
        return True
    many = routine.variadic and not called.variadic
    if not (most - routine.defaults <= count and (many or count <= most)):
        return False
    pairs = list(zip(types, spread(routine, arguments, called), strict=False))
    return len(_elements(pairs)) < 2 and not any(_refuses(run, *pair) for pair in pairs)


_ELEMENTS = {
    f"pg_catalog.{type_}": type_ == "anyarray" for type_ in ("anyelement", "anynonarray", "anyarray", "anyenum")
}
"""The polymorphic types that all stand for one type (False), or for arrays of it (True)."""


def _elements(pairs: Iterable[tuple[str | None, str]]) -> set[str]:
    """The types that arguments give to the polymorphic ones, as far as they are told: all have to be one."""
    found = set()
    for given, wanted in pairs:
        if wanted in _ELEMENTS and given is not None and given != "pg_catalog.unknown":
            found.add(given.removesuffix("[]") if _ELEMENTS[wanted] else given)
    return found


def _undetermined(types: Iterable[str | None], routine: Routine) -> bool:
    """Whether no argument tells what the polymorphic types stand for.

    Source: enforce_generic_type_consistency, parse_coerce.c.
    """
    given = [type_ for type_, wanted in zip(types, routine.arguments or (), strict=False) if wanted in _ELEMENTS]
    return bool(given) and all(type_ == "pg_catalog.unknown" for type_ in given)


def spread(routine: Routine, arguments: tuple[str, ...], called: Call) -> tuple[str, ...]:
    """The types that a call's arguments shall have: those that a VARIADIC parameter takes are elements of its array."""
    if not routine.variadic or called.variadic:
        return arguments
    element = arguments[-1].removesuffix("[]")
    rest = element if element != arguments[-1] else "?"
    return (*arguments[:-1], *(rest for _ in range(called.arguments - len(arguments) + 1)))


def refuses(run: Interpreter, given: str | None, wanted: str | None, *, assigned: bool = False) -> bool:
    """Whether a value of one type is certainly not taken for another one, as no casts are made here."""
    if wanted is None or coerces(given, wanted, assigned=assigned) is not False:
        return False
    return not run.state.has_any("cast")


def _refuses(run: Interpreter, given: str | None, wanted: str) -> bool:
    """Whether an argument of one type is certainly not taken for another one, as for the rows of a table, or for a type
    of the history's own to which nothing is cast."""
    if given == wanted:
        return False
    schema, _, name = wanted.partition(".")
    if given not in (None, "pg_catalog.unknown", "pg_catalog.record") and (schema, name) in run.state.relations:
        return True
    own = run.state.types.get((schema, name.removesuffix("[]")))
    if own is not None and own.kind in ("enum", "range", "multirange"):
        return given not in (None, "pg_catalog.unknown") and not run.state.has_any("cast")
    return refuses(run, given, wanted)


def need_trigger(run: Interpreter, name: Name, returns: str = "trigger") -> Key | None:
    """The function of a trigger or an event trigger, if that is known: it takes no arguments and returns a type that is
    called so."""
    found = need(run, "function", name, (), passes_procedures=True)
    if found is None:
        return None
    key, routine = found
    if routine.returns not in (f"pg_catalog.{returns}", "?"):
        run.need(object_of(key, ()), ABSENT if routine.fact.sure else GONE, lambda _fact: None, sqlstate="42P17")
    return key


def need(
    run: Interpreter,
    kind: RoutineKind,
    name: Name,
    types: tuple[str, ...] | None,
    *,
    missing_ok: bool = False,
    passes_procedures: bool = False,
) -> Found | None:
    """The function that a statement means by name and types of arguments; without types, by its name alone.
    ``passes_procedures``: one of that name and these types is as if it were not there.

    None: it is not there and the statement passes it by, or nothing is known of it.
    """
    if brought(run, name):
        return None
    if not missing_ok:
        run.need_schema(name.schema)
    found, complete = namesakes(run, name)
    if passes_procedures:
        found = [item for item in found if item[1].kind != "procedure"]
    if types is None:
        matches = [item for item in found if item[1].nominal and item[1].kind in _TAKES[kind]]
        complete = complete and all(item.fact.presence is not Presence.MAYBE for _, item in found)
    else:
        matches = [item for item in found if item[1].arguments == types and item[1].nominal][:1]
        if kind in ("procedure", "routine"):  # OUT parameters may be counted
            counted = [item for item in found if item[1].all == types and item[1].nominal]
            matches += [item for item in counted if item not in matches and item[1].kind in _TAKES[kind]][:1]
        complete = complete and not vague(types)
        complete = complete and not any(vague((*(item.arguments or ()), *(item.all or ()))) for _, item in found)
    if len(matches) > 1 and types is not None:
        for key, item in matches:  # modes that are written say that OUT parameters are not counted
            run.state.put_routine(key, msgspec.structs.replace(item, fact=UNKNOWN))
        run.unsure = True
        return None
    if len(matches) > 1:
        run.need(object_of(matches[0][0], None), ABSENT if complete else GONE, lambda _fact: None, sqlstate="42725")
        return None
    if not matches:
        return _not_found(run, name, types, found, complete=complete, missing_ok=missing_ok)
    key, routine = matches[0]
    if routine.kind not in _TAKES[kind]:
        fact = ABSENT if routine.fact == PRESENT else GONE
        run.need(object_of(key, types), fact, lambda _fact: None, sqlstate="42809")
        return None
    if not missing_ok:
        routine = _need(run, key, routine, at=name.at)
    return key, routine


def _not_found(
    run: Interpreter,
    name: Name,
    types: tuple[str, ...] | None,
    found: list[Found],
    *,
    complete: bool,
    missing_ok: bool,
) -> Found | None:
    key = found[0][0] if found else run.state.creation_key(name)
    if not missing_ok and (key is None or not complete):
        _lacks(run, name, found)
    if key is None or missing_ok:
        run.unsure |= not complete
        return None
    made = key

    def prove(fact: Fact) -> None:
        before = run.state.routine(made, types)  # it was lost sight of, and is there still
        known = Routine(types, fact) if before is None else msgspec.structs.replace(before, fact=fact)
        run.state.put_routine(made, known)

    run.need(object_of(key, types), ABSENT if complete else UNKNOWN, prove, at=name.at)
    return key, run.state.routine(key, types) or Routine(types, ASSUMED)


def _need(run: Interpreter, key: Key, routine: Routine, *, at: int) -> Routine:
    def prove(fact: Fact) -> None:
        run.state.put_routine(key, msgspec.structs.replace(routine, fact=fact))

    run.need(object_of(key, routine.arguments), routine.fact, prove, at=at)
    return run.state.routine(key, routine.arguments) or routine
