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
        key = (wanted.schema or "public", wanted.name)
        found = state.relations.get(key)
        if fact.presence is Presence.PRESENT and (found is None or found.fact.presence is not Presence.PRESENT):
            if found is not None and found.fact.nominal:
                relation = found.copy()
                relation.fact = _agreed(found.fact, fact)
            else:
                relation = Relation(key, "relation", fact, open=True)
            state.put(relation)
        elif fact.presence is Presence.ABSENT and (found is None or found.fact.presence is not Presence.ABSENT):
            known = found.fact if found is not None else state.unmade(wanted)
            state.put(Relation(key, found.kind if found else "relation", _agreed(known, fact), open=False))
        return
    if wanted.relation is not None:
        table = state.types if wanted.kind == "enum-label" else state.relations
        key = (wanted.schema or "public", wanted.relation)
        owner = table.get(key)
        if owner is None:
            if fact.presence is Presence.ABSENT:
                return
            owner = Relation(key, "relation", ASSUMED, open=True)
            (state.put_type if wanted.kind == "enum-label" else state.put)(owner)
        known = owner.member(wanted.kind, wanted.name)
        if known.presence is not fact.presence:
            owner = state.put_member(owner, (wanted.kind, wanted.name), _agreed(known, fact))
            _settle_sources(state, owner, wanted, known, fact)
        index = state.relations.get((key[0], wanted.name)) if wanted.kind == "constraint" else None
        if index is not None and index.of == key and fact.presence is Presence.ABSENT:  # it goes with its constraint
            state.writable(index).fact = _agreed(index.fact, fact)
        if wanted.kind == "column" and fact.presence is Presence.ABSENT:
            _settle_users(state, key, wanted.name, fact)
        return
    if wanted.kind == "type":
        key = (wanted.schema or "public", wanted.name)
        known_type = state.types.get(key)
        if known_type is None or known_type.fact.presence is not fact.presence:
            before = known_type.fact if known_type is not None else state.unmade(wanted)
            state.put_type(Relation(key, "type", _agreed(before, fact), open=True))
        return
    if wanted.kind == "function":
        _settle_function(state, wanted, fact)
        return
    name = (wanted.kind, wanted.schema, wanted.name)
    known = state.objects.get(name) or state.unmade(wanted)
    if known.presence is not fact.presence or name not in state.objects:
        state.put_object(name, _agreed(known, fact))


def _settle_users(state: State, key: Key, column: str, fact: Fact) -> None:
    """Without a column, what needs it is not there either."""
    for (kind, name), columns in list(state.relations[key].uses.items()):
        if column in columns and kind in ("constraint", "index"):
            relation = key[1] if kind == "constraint" else None
            settle(state, Object(kind, key[0], relation, name), fact)


def _settle_sources(state: State, owner: Relation, wanted: Object, known: Fact, fact: Fact) -> None:
    """A view has a column that is in doubt where the table below has it."""
    if wanted.kind != "column" or known.doubt is None:
        return
    for key in owner.sources.get(None, ()):
        source = state.relations.get(key)
        if source is not None and source.member("column", wanted.name) == known:
            settle(state, source.object("column", wanted.name), fact)


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
