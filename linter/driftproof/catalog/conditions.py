"""Conditions over the catalog: what the fresh state answers, and what holds in each branch."""

from collections.abc import Iterable, Iterator
from typing import cast

import msgspec

from driftproof.catalog.entries import Key, Member, Relation
from driftproof.catalog.facts import ABSENT, ASSUMED, GONE, PRESENT, UNKNOWN, Fact, Presence
from driftproof.catalog.settle import known, settle
from driftproof.catalog.state import State
from driftproof.catalog.texts import definitions, like, says
from driftproof.objects import NOT_IN_A_SCHEMA, Kind, Object
from driftproof.statements.operations import MemberKind, Probe, Rows, Test, Text
from driftproof.statements.query import Name


class Answer(msgspec.Struct):
    """``settled``: the answer in every start state; ``fresh``: the fresh state's, ``sure`` if that is certain.

    ``holds`` and ``fails`` are what is known of objects where the condition holds, and where not.
    """

    settled: bool | None
    fresh: bool | None
    sure: bool
    holds: tuple[tuple[Object, Fact], ...] = ()
    fails: tuple[tuple[Object, Fact], ...] = ()
    wild: frozenset[Member] = frozenset()


_NOTHING = Answer(None, None, False)


def decide(state: State, test: Test) -> Answer:
    """What a condition means in a state of the catalog."""
    match test.connective:
        case "true":
            return Answer(True, True, True)
        case "false":
            return Answer(False, False, True)
        case "probe" if test.probe is not None:
            return _probe(state, test.probe)
        case "rows" if test.rows is not None:
            return _rows(state, test.rows)
        case "text" if test.text is not None:
            return _text(state, test.text)
        case "not":
            inner = decide(state, test.parts[0])
            return Answer(
                _negated(inner.settled), _negated(inner.fresh), inner.sure, inner.fails, inner.holds, inner.wild
            )
        case "and":
            return _all([decide(state, part) for part in test.parts])
        case "or":
            negated = _all([decide(state, Test("not", parts=(part,))) for part in test.parts])
            return Answer(
                _negated(negated.settled), _negated(negated.fresh), negated.sure, negated.fails, negated.holds
            )
        case _:
            return _NOTHING


def _negated(value: bool | None) -> bool | None:
    return None if value is None else not value


def _all(answers: list[Answer]) -> Answer:
    def every(values: list[bool | None]) -> bool | None:
        if False in values:
            return False
        return None if None in values else True

    open_answers = [answer for answer in answers if answer.settled is not True]
    fresh = every([answer.fresh for answer in answers])
    refuted = any(answer.fresh is False and answer.sure for answer in answers)
    return Answer(
        every([answer.settled for answer in answers]),
        fresh,
        refuted if fresh is False else all(answer.sure for answer in answers),
        holds=tuple(item for answer in answers for item in answer.holds),
        fails=open_answers[0].fails if len(open_answers) == 1 else (),
        wild=frozenset().union(*(answer.wild for answer in answers)),
    )


def _probe(state: State, probe: Probe) -> Answer:
    if probe.name is None and probe.kind == "constraint":
        named = _of_kind(state, probe)
        if named == []:
            return Answer(None, False, True)
        probe = named[0] if named is not None and len(named) == 1 else probe
    if probe.name is None or (probe.kind in ("column", "publication-table") and probe.relation is None):
        return _NOTHING
    if probe.reach == "path" and probe.schema is None and probe.kind not in NOT_IN_A_SCHEMA:
        # Where the search_path has no schema, only PostgreSQL's own and what is temporary is found by a bare name.
        name = probe.relation or probe.name
        if state.creation_key(Name(None, name)) is None and ("pg_temp", name) not in state.relations:
            stored = state.path is not None and probe.kind not in ("function", "type", "enum-label")
            return Answer(False, False, True) if stored and not name.startswith("pg_") else _NOTHING
    wild: frozenset[Member] = frozenset()
    if probe.kind in ("column", "constraint", "trigger", "policy", "publication-table", "rule", "index"):
        if probe.relation is None and probe.kind != "index":
            wanted, fact = _anywhere(state, probe)
            wild = frozenset({(probe.kind, probe.name)})
        else:
            wanted, fact = _member(state, probe)
    elif probe.kind == "enum-label":
        wanted, fact = _label(state, probe)
    elif probe.kind in ("relation", "type"):
        wanted, fact = _named(state, probe)
    elif probe.kind == "function":
        there = [fact for _, fact in _functions(state, probe) if fact.presence is not Presence.ABSENT]
        if probe.alone and len(there) > 1:
            return _NOTHING
        wanted, fact = _function(state, probe)
    else:
        schema = None if probe.kind in NOT_IN_A_SCHEMA else probe.schema or "public"
        wanted, fact = (
            Object(probe.kind, schema, None, probe.name),
            state.objects.get((probe.kind, schema, probe.name)),
        )
    exact = probe.reach != "any" and not wild
    if wanted is None:
        if fact is None:
            return _NOTHING
        certain = not probe.filtered if fact.nominal else exact or not _others_may_have(state, probe)
        return Answer(None, fact.nominal, fact.sure and certain, wild=wild)
    holds = ((wanted, PRESENT if exact else ASSUMED),)
    sees = _sees(state, probe, wanted)
    filtered = probe.filtered or sees is None
    some = filtered or (probe.only and probe.kind in ("relation", "type"))
    fails = ((wanted, GONE if some else ABSENT),)
    if fact is None:
        # Never mentioned: the fresh state does not have it, unless the platform does.
        unmade = state.unmade(wanted)
        if unmade is PRESENT:
            return Answer(True, True, True)
        sure = unmade is ABSENT and (exact or _alone(state, probe, wanted))
        return Answer(None, False, sure, holds, fails, wild)
    if fact.nominal is not False and sees is False:
        return Answer(None, None if fact.nominal is None else False, fact.sure, wild=wild)
    settled = True if fact.presence is Presence.PRESENT and not filtered else None
    certain = exact if fact.nominal is False else not filtered
    return Answer(settled, fact.nominal, fact.sure and (certain or _alone(state, probe, wanted)), holds, fails, wild)


_FOLLOWED = ("check", "primary key", "unique", "foreign key", "exclude")


def _of_kind(state: State, probe: Probe) -> list[Probe] | None:
    """What asks by their names for the constraints that are asked for by their kind alone; None: these are not known,
    as CHECKs in information_schema, to which NOT NULL is one too."""
    standard = probe.asked is not None and probe.asked.catalog.startswith("information_schema")
    if probe.relation is None or len(probe.only) != 1 or probe.only[0] not in _FOLLOWED[standard:]:
        return None
    owner = _relation(state, probe, probe.relation)[1]
    if owner is None or owner.open or "constraint" in owner.vague or not owner.fact.nominal:
        return None
    of_kind = [name for name, kind in owner.constraints.items() if kind == probe.only[0]]
    return [
        msgspec.structs.replace(probe, name=name)
        for name in of_kind
        if owner.member("constraint", name).presence is not Presence.ABSENT
    ]


def _text(state: State, asked: Text) -> Answer:
    if asked.of == "definition":
        return _definition(state, asked)
    if state.error is None:
        return _NOTHING
    if asked.of == "sqlstate":
        same: bool | None = like(state.error.sqlstate, asked.pattern, folded=asked.folded)
    else:
        same = says(state.error, asked.pattern)
    return Answer(same, same, same is not None)


def _definition(state: State, asked: Text) -> Answer:
    assert asked.probe is not None
    named = [asked.probe] if asked.probe.name is not None else _of_kind(state, asked.probe)
    if named is None or len(named) != 1:
        return _NOTHING
    probe = named[0]
    wanted, fact = _anywhere(state, probe) if probe.relation is None else _member(state, probe)
    if wanted is None or fact is None or not fact.nominal:
        return _NOTHING
    owner = state.relations[wanted.schema or "public", wanted.relation or ""]
    same = {like(text, asked.pattern, folded=asked.folded) for text in definitions(state, owner, wanted.name)}
    if len(same) != 1 or '"' in asked.pattern:
        return _NOTHING
    answer = same.pop()
    return Answer(answer if fact.presence is Presence.PRESENT else None, answer, fact.sure)


_TEXTS = ("text", "varchar")
_NUMBERS = ("int2", "int4", "int8")


def _rows(state: State, asked: Rows) -> Answer:
    """What the fresh state answers is taken for every state's: a database that has a row which the history writes, or
    lacks it, is held to have run what goes with it."""
    key, table = state.look_up(asked.table)
    if table is None or key is None or table.kind != "table" or not table.fact.nominal:
        return _NOTHING
    rows = [dict(values) for owner, values in state.rows if owner == key]
    wanted = dict(asked.values)
    if any(wanted.items() <= row.items() for row in rows):
        keyed = table.uses.get(("constraint", table.primary_key or ""), ())
        given = asked.column is None or asked.column in wanted or asked.column in keyed
        return Answer(True, True, True) if given else _NOTHING
    closed = key in state.accounted and not table.parents and not state.children(table)
    if closed and all(any(_differs(table, name, text, row) for name, text in wanted.items()) for row in rows):
        return Answer(False, False, True)
    return _NOTHING


def _differs(table: Relation, column: str, text: str, row: dict[str, str]) -> bool:
    """Whether a row has another value in that column: constants that are written otherwise may mean the same one."""
    type_, other = table.types.get(column, "").removeprefix("pg_catalog.").partition("(")[0], row.get(column)
    if other is None:
        return False
    if type_ in _TEXTS:
        return text != other
    return type_ in _NUMBERS and text.isdecimal() and other.isdecimal() and int(text) != int(other)


def _sees(state: State, probe: Probe, wanted: Object) -> bool | None:
    """Whether what is there is of the kind that the probe asks for; None: its kind is not known."""
    if not probe.only:
        return True
    if probe.kind == "constraint":
        owner = state.relations.get((wanted.schema or "public", wanted.relation or ""))
        kind = owner.constraints.get(wanted.name) if owner is not None else None
        return None if kind is None else kind in probe.only
    table = state.types if probe.kind == "type" else state.relations
    found = table.get((wanted.schema or "public", wanted.relation or wanted.name))
    return found is None or found.kind in ("relation", "type") or found.kind in probe.only


def _alone(state: State, probe: Probe, wanted: Object) -> bool:
    """Whether no other schema is known to have a namesake of what is asked for in any schema."""
    if probe.reach != "any" or probe.filtered or not (wanted.relation or wanted.kind in ("relation", "index", "type")):
        return False
    name = wanted.relation or wanted.name
    return not any(
        key[1] == name and key[0] != wanted.schema and found.fact.presence is not Presence.ABSENT
        for key, found in (state.types if wanted.kind in ("type", "enum-label") else state.relations).items()
    )


def _relation(state: State, probe: Probe, name: str) -> tuple[tuple[str, str], Relation | None]:
    """The relation that a question means; without a schema, the one that the search_path finds, or any other."""
    schema = probe.schema
    if probe.reach == "current":
        schema = (state.creation_key(Name(None, name)) or (None,))[0]
    key, found = state.look_up(Name(schema, name))
    if found is None and probe.reach == "any":
        found = next((other for other in state.relations.values() if other.key[1] == name and other.fact.nominal), None)
    return (found.key if found is not None else key or ("public", name)), found


def _member(state: State, probe: Probe) -> tuple[Object | None, Fact | None]:
    name = cast(str, probe.name)
    if probe.kind == "index":
        key, found = _relation(state, probe, name)
        return Object("index", key[0], None, name), found.fact if found is not None else None
    key, found = _relation(state, probe, cast(str, probe.relation))
    if probe.reach == "any" and found is not None and not found.member(probe.kind, name).nominal:
        for other in state.relations.values():  # a namesake may have it
            if other.key[1] == probe.relation and other.fact.nominal and other.member(probe.kind, name).nominal:
                key, found = other.key, other
    wanted = Object(probe.kind, key[0], key[1], name)
    if found is None:
        return wanted, None if state.knows_all(key[0]) else UNKNOWN
    if found.fact.presence is Presence.ABSENT:
        return wanted, ABSENT if found.fact.sure else UNKNOWN
    if (found.open or probe.kind in found.vague) and (probe.kind, name) not in found.members:
        return wanted, UNKNOWN
    return wanted, found.member(probe.kind, name)


def _anywhere(state: State, probe: Probe) -> tuple[Object | None, Fact | None]:
    """A constraint, trigger or policy asked for by its name alone."""
    name = cast(str, probe.name)
    owners = state.labelled(cast(MemberKind, probe.kind), name)
    there = [owner for owner in owners if owner.members[probe.kind, name] == PRESENT]
    if len(owners) == 1 or there:
        owner = (there or owners)[0]
        return owner.object(probe.kind, name), owner.members[probe.kind, name]
    if owners:
        return None, None
    return None, ABSENT


def _others_may_have(state: State, probe: Probe) -> bool:
    """Whether a table that the history did not make may have a constraint, trigger or policy of that name. Constraints
    are called after their tables."""
    if probe.kind != "constraint" or not state.foreign:
        return state.foreign != frozenset()
    name = cast(str, probe.name)
    return any(key[0] in state.foreign and name.startswith(f"{key[1]}_") for key in state.relations)


def _label(state: State, probe: Probe) -> tuple[Object | None, Fact | None]:
    if probe.relation is None:
        return None, None
    key, found = state.look_up(Name(probe.schema, probe.relation), state.types)
    if found is None:
        return key and Object("enum-label", key[0], probe.relation, cast(str, probe.name)), None
    return found.object("enum-label", cast(str, probe.name)), found.member("enum-label", cast(str, probe.name))


def _functions(state: State, probe: Probe) -> list[tuple[Key, Fact]]:
    """What is known of the functions of a name, in the order in which they are found."""
    schemas = (probe.schema or "public",) if probe.reach != "path" else state.path or ()
    keys = [(schema, cast(str, probe.name)) for schema in schemas]
    return [(key, routine.fact) for key in keys for routine in state.routines.get(key, ())]


def _function(state: State, probe: Probe) -> tuple[Object, Fact | None]:
    """A function asked for by its name alone: any of those that share it."""
    name, found = cast(str, probe.name), _functions(state, probe)
    key = found[0][0] if found else state.creation_key(Name(probe.schema, name)) or ("public", name)
    facts = [fact for _, fact in found]
    wanted = Object("function", key[0], None, key[1])
    for presence in (Presence.PRESENT, Presence.MAYBE, Presence.UNKNOWN):
        if fact := next((fact for fact in facts if fact.presence is presence), None):
            return wanted, fact
    return wanted, facts[0] if facts else None


def _named(state: State, probe: Probe) -> tuple[Object | None, Fact | None]:
    name = cast(str, probe.name)
    kind: Kind = probe.kind
    if kind == "type":
        key, found = state.look_up(Name(probe.schema, name), state.types)
        where = found.key if found is not None else key or ("public", name)
        if found is None or not found.fact.nominal:  # each relation with columns is a type too
            row = state.look_up(Name(probe.schema, name))[1]
            if row is not None and row.fact.nominal is not False and row.kind not in ("index", "sequence"):
                if probe.only and "composite type" not in probe.only and row.kind != "relation":
                    return None, ABSENT
                return None, row.fact
    else:
        where, found = _relation(state, probe, name)
    return Object(kind, where[0], None, where[1]), found.fact if found is not None else None


def lacking(state: State, test: Test, answer: Answer) -> Iterator[tuple[Object, Fact]]:
    """What is missing where a condition is not answered as in the fresh state: each thing that decides it alone, or
    without which a drifted state has something that does."""
    for wanted in dict.fromkeys(_asked(state, test)):
        fact = known(state, wanted)
        if fact is None or fact.doubt is None:
            continue
        cause = wanted, fact
        if fact.presence is Presence.ABSENT and fact.doubt.lacks is not None:
            cause = fact.doubt.lacks, known(state, fact.doubt.lacks) or ABSENT
        if cause[1].presence is Presence.MAYBE:
            other = _otherwise(state, test, wanted, fact)
            if other.sure and other.fresh is not answer.fresh:
                yield cause


def _otherwise(state: State, test: Test, wanted: Object, fact: Fact) -> Answer:
    """The answer where something is not as in the fresh state."""
    other = state.fork()
    settle(other, wanted, PRESENT if fact.presence is Presence.ABSENT else ABSENT)
    return decide(other, test)


def taking_along(state: State, causes: Iterable[tuple[Object, Fact]]) -> Iterator[tuple[Object, Fact]]:
    """The columns in doubt with which a constraint or an index may have gone that is in doubt for the same reason."""
    for wanted, fact in causes:
        schema = wanted.schema or "public"
        index = state.relations.get((schema, wanted.name)) if wanted.relation is None else None
        key = (schema, wanted.relation or "") if index is None else index.of
        owner = state.relations.get(key) if key is not None else None
        if owner is None:
            continue
        for column in owner.uses.get(("constraint", wanted.name)) or owner.uses.get(("index", wanted.name), ()):
            if owner.member("column", column) == fact:
                yield owner.object("column", column), fact


def _asked(state: State, test: Test) -> Iterator[Object]:
    """All that a condition asks for."""
    if test.probe is not None:
        yield from (wanted for wanted, _ in _probe(state, test.probe).holds)
    for part in test.parts:
        yield from _asked(state, part)
