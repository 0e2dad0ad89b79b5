"""What holds after either of two ways through a statement: what both know, and what only one of them guarantees."""

from typing import cast

import msgspec

from driftproof.catalog.entries import Member, Relation, Routine, Trigger
from driftproof.catalog.facts import UNKNOWN, Doubt, Fact, Presence
from driftproof.catalog.state import State
from driftproof.objects import Object


def joined(
    nominal: State,
    other: State,
    doubt: Doubt,
    *,
    known: bool,
    sure: bool,
    wild: frozenset[Member] = frozenset(),
    leaving: Doubt | None = None,
    idle: bool = False,
) -> State:
    """What holds after either of two ways; ``nominal`` is the fresh state's if that is ``known``.

    What only the nominal way guarantees is MAYBE afterwards, with ``doubt`` as the reason. ``sure`` says whether it is
    certain that the fresh state goes the nominal way; ``wild`` are members that a condition named without their table.
    ``leaving``: what only the other way makes is ABSENT with that doubt. ``idle``: nothing happens there, and
    a state that is empty enough goes it, so that what was in doubt still is.
    """
    merge = _Merge(nominal, doubt, known, sure, wild, leaving, idle)
    if other.path != nominal.path:
        nominal.path = None
    if other.replication != nominal.replication:
        nominal.replication = None
    nominal.accounted = (nominal.accounted & other.accounted) - {row[0] for row in nominal.rows ^ other.rows}
    nominal.rows &= other.rows
    nominal.filled &= other.filled
    nominal.proved &= other.proved
    nominal.touched |= other.touched
    for extension, home in other.extensions.items():
        if nominal.extensions.setdefault(extension, home) != home:
            nominal.extensions[extension] = None
    for name in nominal.touched:
        if len(name) == 2:
            for table, others in ((nominal.relations, other.relations), (nominal.types, other.types)):
                mine, theirs = table.get(name), others.get(name)
                if mine is not theirs:
                    result = merge.relations(mine, theirs)
                    table[name] = result
                    if nominal.owned is not None:
                        nominal.owned.add(id(result))
        elif name[0] == "function":
            key = (name[1] or "", name[2])
            nominal.routines[key] = merge.routines(nominal.routines.get(key, ()), other.routines.get(key, ()))
        elif name in nominal.objects or name in other.objects:
            kind, schema, label = name
            unmade = nominal.unmade(Object(kind, schema, None, label))
            nominal.objects[name] = merge.facts(nominal.objects.get(name, unmade), other.objects.get(name, unmade))
    return nominal


def _either(one: Trigger, other: Trigger) -> Trigger:
    """A trigger that does the one or the other; which function it calls is known where it is the same."""
    events = one.firing.events | other.firing.events
    if one.firing == other.firing and one.function == other.function:
        return msgspec.structs.replace(one, columns=one.columns & other.columns, enabled="?")
    return Trigger(msgspec.structs.replace(one.firing, events=events, conditional=True), None)


class _Merge:
    def __init__(
        self,
        state: State,
        doubt: Doubt,
        known: bool,
        sure: bool,
        wild: frozenset[Member],
        leaving: Doubt | None,
        idle: bool,
    ) -> None:
        self.state = state
        self.doubt = doubt
        self.known = known
        self.sure = sure
        self.wild = wild
        self.leaving = leaving
        self.idle = idle

    def relations(self, mine: Relation | None, theirs: Relation | None) -> Relation:
        base = mine or theirs
        assert base is not None
        result = base.copy()
        unmade = self.state.unmade(Object("relation", base.key[0], None, base.key[1]))
        nothing = Relation(base.key, base.kind, unmade, open=unmade is UNKNOWN)
        mine, theirs = mine or nothing, theirs or nothing
        result.fact = self.facts(mine.fact, theirs.fact)
        result.open = mine.open or (theirs.open and not self.known)
        if mine.kind != theirs.kind and theirs.fact.presence is not Presence.ABSENT and not (self.known and self.sure):
            # Which of the two it is, is known where one of them is not there.
            result.kind = theirs.kind if mine.fact.presence is Presence.ABSENT else "relation"
        if mine.parents != theirs.parents and not (self.known and self.sure):  # it may go with a parent, or not
            result.fact = msgspec.structs.replace(result.fact, sure=False)
        result.vague = mine.vague | theirs.vague
        result.required = mine.required & theirs.required
        result.lax = (mine.lax | theirs.lax | mine.required | theirs.required) - result.required
        result.members = {}
        for member in {**mine.members, **theirs.members}:
            one, two = mine.member(*member), theirs.member(*member)
            certain = one is two or (member in self.wild and one.presence is Presence.PRESENT)
            result.members[member] = one if certain else self.facts(one, two)
        result.uses = {**theirs.uses, **mine.uses}
        result.calls = {**theirs.calls, **mine.calls}
        result.triggers = {**theirs.triggers, **mine.triggers}
        for name in mine.triggers.keys() & theirs.triggers.keys():
            if mine.triggers[name] != theirs.triggers[name]:
                result.triggers[name] = _either(mine.triggers[name], theirs.triggers[name])
        result.constraints = {**theirs.constraints, **mine.constraints}
        result.heritage = {**theirs.heritage, **mine.heritage}
        for name in mine.heritage.keys() & theirs.heritage.keys():
            if mine.heritage[name] != theirs.heritage[name]:
                result.heritage[name] = msgspec.structs.replace(mine.heritage[name], count=None)
        result.partitioned = mine.partitioned if mine.partitioned == theirs.partitioned else None
        result.dependents = {**theirs.dependents, **mine.dependents}
        known = theirs.types if theirs.types else mine.types
        result.types = {name: type_ for name, type_ in mine.types.items() if known.get(name, type_) == type_}
        result.sources = {**theirs.sources, **mine.sources}
        return result

    def routines(self, mine: tuple[Routine, ...], theirs: tuple[Routine, ...]) -> tuple[Routine, ...]:
        """Where one way only knows that some function of the name is there, it is taken for the other way's."""
        result = []
        ours, others = ({item.arguments: item for item in side} for side in (mine, theirs))
        for arguments in ours | others:
            one, two = ours.get(arguments, ours.get(None)), others.get(arguments, others.get(None))
            base = cast(Routine, ours.get(arguments) or others.get(arguments))
            fact = self.facts(one.fact if one else UNKNOWN, two.fact if two else UNKNOWN)
            if one and two and arguments is not None and msgspec.structs.replace(one, fact=two.fact) != two:
                fact = msgspec.structs.replace(fact, sure=False)
            if arguments is not None or len(ours | others) == 1:
                result.append(msgspec.structs.replace(base, fact=fact))
        return tuple(result)

    def facts(self, mine: Fact, theirs: Fact) -> Fact:
        if mine == theirs:
            return mine
        if mine.presence is theirs.presence:
            sure = mine.sure if self.known and self.sure else mine.sure and theirs.sure
            return msgspec.structs.replace(mine, sure=sure)
        if self.known:
            sure = mine.sure and self.sure
            if mine.presence is Presence.PRESENT:
                if theirs.presence is Presence.MAYBE and theirs.doubt != self.doubt:
                    # The other way is gone for another doubt: no state drifts twice.
                    return msgspec.structs.replace(mine, sure=sure)
                return Fact(Presence.MAYBE, sure, theirs.doubt or self.doubt)
            left = theirs.nominal and mine.presence is Presence.ABSENT and self.leaving is not None
            return msgspec.structs.replace(mine, sure=sure, doubt=self.leaving if left else mine.doubt)
        if self.idle and mine.presence is Presence.PRESENT and theirs.presence is Presence.MAYBE:
            return msgspec.structs.replace(theirs, sure=False)
        return UNKNOWN
