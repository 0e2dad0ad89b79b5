"""What a way through a statement takes for granted: that an object is, or is not, there."""

import msgspec

from driftproof.catalog.entries import Key, Relation, Routine
from driftproof.catalog.facts import ASSUMED, Fact, Presence
from driftproof.catalog.state import State
from driftproof.objects import Object


def known(state: State, wanted: Object) -> Fact | None:
    """What is known of a relation, or of a member of one; None of anything else."""
    if wanted.kind in ("type", "function", "enum-label"):
        return None
    found = state.relations.get((wanted.schema or "public", wanted.relation or wanted.name))
    if found is None:
        return None
    return found.fact if wanted.relation is None else found.member(wanted.kind, wanted.name)


def settle(state: State, wanted: Object, fact: Fact) -> None:
    """Note in a state that an object is, or is not, there."""
    if wanted.kind == "relation" or (wanted.kind == "index" and wanted.relation is None):
        _settle_relation(state, wanted, fact)
    elif wanted.relation is not None:
        _settle_member(state, wanted, fact)
    elif wanted.kind == "type":
        _settle_type(state, wanted, fact)
    elif wanted.kind == "function":
        _settle_function(state, wanted, fact)
    else:
        name = (wanted.kind, wanted.schema, wanted.name)
        before = state.objects.get(name) or state.unmade(wanted)
        if before.presence is not fact.presence or name not in state.objects:
            state.put_object(name, _agreed(before, fact))


def _settle_relation(state: State, wanted: Object, fact: Fact) -> None:
    key = (wanted.schema or "public", wanted.name)
    found = state.relations.get(key)
    if found is not None and found.fact.presence is fact.presence:
        return
    if fact.presence is Presence.ABSENT:
        before = found.fact if found is not None else state.unmade(wanted)
        state.put(Relation(key, found.kind if found else "relation", _agreed(before, fact), open=False))
    elif fact.presence is Presence.PRESENT and found is not None and found.fact.nominal:
        relation = found.copy()
        relation.fact = _agreed(found.fact, fact)
        state.put(relation)
    elif fact.presence is Presence.PRESENT:
        state.put(Relation(key, "relation", fact, open=True))


def _settle_member(state: State, wanted: Object, fact: Fact) -> None:
    key = (wanted.schema or "public", wanted.relation or "")
    owner = (state.types if wanted.kind == "enum-label" else state.relations).get(key)
    if owner is None:
        if fact.presence is Presence.ABSENT:
            return
        owner = Relation(key, "relation", ASSUMED, open=True)
        (state.put_type if wanted.kind == "enum-label" else state.put)(owner)
    before = owner.member(wanted.kind, wanted.name)
    if before.presence is not fact.presence:
        owner = state.put_member(owner, (wanted.kind, wanted.name), _agreed(before, fact))
        _settle_sources(state, owner, wanted, before, fact)
    if fact.presence is Presence.ABSENT and wanted.kind == "constraint":
        index = state.relations.get((key[0], wanted.name))
        if index is not None and index.of == key:  # it goes with its constraint
            state.writable(index).fact = _agreed(index.fact, fact)
    if fact.presence is Presence.ABSENT and wanted.kind == "column":
        _settle_users(state, key, wanted.name, fact)


def _settle_type(state: State, wanted: Object, fact: Fact) -> None:
    key = (wanted.schema or "public", wanted.name)
    found = state.types.get(key)
    if found is None or found.fact.presence is not fact.presence:
        before = found.fact if found is not None else state.unmade(wanted)
        state.put_type(Relation(key, "type", _agreed(before, fact), open=True))


def _settle_users(state: State, key: Key, column: str, fact: Fact) -> None:
    """Without a column, what needs it is not there either."""
    for (kind, name), columns in list(state.relations[key].uses.items()):
        if column in columns and kind in ("constraint", "index"):
            relation = key[1] if kind == "constraint" else None
            settle(state, Object(kind, key[0], relation, name), fact)


def _settle_sources(state: State, owner: Relation, wanted: Object, known: Fact, fact: Fact) -> None:
    """A view has a column that is in doubt where the table below has it, and that where its views do."""
    if wanted.kind != "column" or known.doubt is None:
        return
    views = (key for key, member in owner.dependents if member is None)
    for key in (*owner.sources.get(None, ()), *views):
        other = state.relations.get(key)
        if other is not None and other.member("column", wanted.name) == known:
            settle(state, other.object("column", wanted.name), fact)


def _agreed(known: Fact, fact: Fact) -> Fact:
    """What was certain of the fresh state stays certain where the answer is the same."""
    return msgspec.structs.replace(fact, sure=True) if known.sure and known.nominal is fact.nominal else fact


def _settle_function(state: State, wanted: Object, fact: Fact) -> None:
    """A name alone means the one function of that name, or, where it is not there, all of them."""
    key = (wanted.schema or "public", wanted.name)
    meant = [item for item in state.routines.get(key, ()) if wanted.arguments in (None, item.arguments)]
    if not meant:
        state.put_routine(key, Routine(wanted.arguments, fact))
    elif len(meant) == 1 or fact.presence is Presence.ABSENT:
        for routine in meant:
            if routine.fact.presence is not fact.presence:
                state.put_routine(key, msgspec.structs.replace(routine, fact=fact))
