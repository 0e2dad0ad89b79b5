"""Partitions and tables that inherit: what joins a parent, leaves it, and loses its columns with it.

Source: ATExecDropColumn, MergeAttributesIntoExisting and RemoveInheritance, tablecmds.c.
"""

from collections.abc import Iterable

import msgspec

from driftproof.catalog.effects.refusals import fails
from driftproof.catalog.entries import Key, Relation
from driftproof.catalog.facts import ABSENT, ASSUMED, PRESENT, UNKNOWN, Fact, Presence
from driftproof.catalog.interpreter import Interpreter
from driftproof.catalog.typenames import spelled
from driftproof.objects import Kind, Object
from driftproof.statements import operations as op


def refuse_inherited(run: Interpreter, relation: Relation, name: str) -> None:
    """A column that comes from a parent is dropped, renamed and retyped there only."""
    for parent in parents_of(run, relation):
        fails(run, "42P16", parent.fact, parent.member("column", name))


def refuse_shared(run: Interpreter, relation: Relation, name: str) -> None:
    """A column that children have from elsewhere as well is not retyped."""
    family = descendants(run, relation)
    for child in family[1:]:
        for parent in parents_of(run, child):
            if parent not in family:
                fails(run, "42P16", parent.fact, parent.member("column", name))


def descendants(run: Interpreter, relation: Relation) -> list[Relation]:
    """A table and all that inherit from it, level by level, the older ones first. Source: find_all_inheritors."""
    ages = {key: age for age, key in enumerate(run.state.relations)} if relation.children else {}
    found = [relation]
    for member in found:
        children = sorted(run.state.children(member), key=lambda child: ages[child.key])
        found += [child for child in children if child not in found]
    return found


def doubted_heir(parent: Relation, child: Relation) -> tuple[str, Fact] | None:
    """The column without which a table may have stood before it was to inherit from another one: then it does not."""
    for (kind, name), fact in child.members.items():
        own = fact.presence is Presence.MAYBE and fact.doubt != parent.member("column", name).doubt
        if kind == "column" and own and not child.partition:
            return name, fact
    return None


def refuse_partitioned(run: Interpreter, relation: Relation, name: str) -> None:
    """A column by which a table, or one that has it from there, is partitioned is neither dropped nor retyped."""
    if name in (relation.partitioned or ()):
        fails(run, "42P16", relation.member("column", name))
    for child in run.state.children(relation):
        refuse_partitioned(run, child, name)


def refuse_typed(run: Interpreter, relation: Relation, *, only: bool) -> None:
    """Tables of a composite type follow it by CASCADE only."""
    if only and relation.kind == "composite type":
        for child in run.state.children(relation):
            run.forbid(Object("type", relation.key[0], None, relation.key[1]), child.fact, sqlstate="2BP01")


def check_typed(run: Interpreter, relation: Relation, wanted: bool) -> None:
    """The columns of a table of a type are that type's; only such a table is made free of it."""
    types = [parent for parent in parents_of(run, relation) if parent.kind == "composite type"]
    if types and not wanted:
        fails(run, "42809", types[0].fact)
    elif wanted and not types:
        run.unsure |= relation.open
        fails(run, "42809", relation.fact)


def refuse_partition(run: Interpreter, relation: Relation) -> None:
    """A partition gets no columns by itself."""
    for parent in parents_of(run, relation) if relation.partition else ():
        fails(run, "42809", parent.fact)


def check_added(run: Interpreter, relation: Relation, add: op.AddColumn) -> None:
    """ADD COLUMN: not in a table without its children."""
    if add.only and relation.kind != "composite type":
        for child in run.state.children(relation):
            fails(run, "42P16", child.fact)
    if add.column.identity and not add.only and relation.partitioned == frozenset():
        for child in run.state.children(relation):
            fails(run, "42P16", child.fact)
    _merge(run, relation, add.column)


def _merge(run: Interpreter, relation: Relation, column: op.Column) -> None:
    """What a child has already must be of the new column's type, and stays when the parent's goes."""
    for child in run.state.children(relation):
        if child.member("column", column.name).presence is Presence.ABSENT:
            _merge(run, child, column)
            continue
        run.unsure |= not column.spelled or child.types.get(column.name) != spelled(run, column)
        if not any(parent.member("column", column.name).nominal for parent in parents_of(run, child)):
            run.state.writable(child).local |= {column.name}


def check_merged(
    run: Interpreter, relation: Relation, columns: Iterable[op.Column], copied: Iterable[Relation]
) -> None:
    """A column that a new table has from several parents, or from one and by itself, is of one type, and how it is
    generated fits. Its own columns are those that it is LIKE others as well."""
    own = {name: type_ for source in copied for name, type_ in source.types.items() if name in source.columns()}
    own |= {column.name: spelled(run, column) for column in columns}
    generated = {column.name: column.generated for column in columns}
    given = {column.name for column in columns if not column.generated and (column.default or column.sequence)}
    seen: dict[str, str | None] = {}
    computed: dict[str, bool] = {}
    for parent in (run.state.relations[key] for key in relation.parents):
        for name in parent.columns():
            for other in filter(None, (seen.get(name), own.get(name))):
                if parent.types.get(name) and parent.types[name] != other:
                    fails(run, "42804", parent.fact, parent.member("column", name))
            made = parent.members.get(("generated", name), ABSENT).presence is not Presence.ABSENT
            if name in seen and made is not computed[name]:
                fails(run, "42804", parent.fact, parent.member("column", name))
            if (generated.get(name) and not made) or (made and name in given):
                fails(run, "42611", parent.fact, parent.member("column", name))
            seen[name], computed[name] = parent.types.get(name), made


def check_renamed(run: Interpreter, relation: Relation, rename: op.RenameMember) -> None:
    """A renamed column is renamed first in all that inherit from it, which must have it from nowhere else, and no other
    of that name."""
    family = [member.key for member in descendants(run, relation)]
    for key in family[1:]:
        child = run.state.relations[key]
        if rename.only and relation.kind != "composite type":
            fails(run, "42P16", child.fact)
        if child.member("column", rename.name).presence is not Presence.MAYBE:  # one without it does not inherit
            child = run.need_member(child, "column", rename.name)
        for parent in parents_of(run, child):
            if parent.key not in family:
                fails(run, "42P16", parent.fact, parent.member("column", rename.name))
        run.forbid(child.object("column", rename.to), child.member("column", rename.to))
        if rename.name in child.local:
            child = run.state.writable(child)
            child.local = child.local - {rename.name} | {rename.to}


def parents_of(run: Interpreter, relation: Relation) -> list[Relation]:
    """What a table, or an index, belongs to."""
    found = (run.state.relations.get(key) for key in relation.parents)
    return [parent for parent in found if parent is not None and relation.key in parent.children]


def _ancestors(run: Interpreter, relation: Relation) -> set[Key]:
    found = {relation.key}
    for parent in parents_of(run, relation):
        found |= _ancestors(run, parent)
    return found


def refuse_joining(run: Interpreter, parent: Relation, child: Relation, *, partition: bool) -> None:
    if partition and child.parents:
        fails(run, "42809", parent.fact, child.fact)
    check_lifetime(run, parent, child.key, both=partition)
    if not partition:
        refuse_heirs(run, parent)
    if parent.key in child.parents or child.key in _ancestors(run, parent):
        run.raises("42P07")  # if not, as little is known of either as before; a circle is never entered
    for name in parent.columns():
        known = child.member("column", name)
        if known.presence is Presence.ABSENT:
            fails(run, "42804", parent.member("column", name), child.fact)
        elif not parent.types.get(name) or parent.types.get(name) != child.types.get(name):
            run.unsure = True


def refuse_heirs(run: Interpreter, parent: Relation) -> None:
    """Nothing but partitions inherits from a partitioned table, and nothing from a partition."""
    if parent.partitioned or (parent.partition and parent.parents):
        fails(run, "42809", parent.fact)


def check_bound(run: Interpreter, parent: Relation, bound: str) -> None:
    """FOR VALUES is written as the parent is partitioned; there is no default where that is by HASH."""
    if bound and parent.strategy and (parent.strategy == "h" if bound == "default" else bound != parent.strategy):
        fails(run, "42P16", parent.fact)


def prove_key(run: Interpreter, parent: Relation) -> Relation:
    """A table that takes a partition has the columns by which it is partitioned; it as it is afterwards."""
    for column in parent.partitioned or ():
        fact = parent.member("column", column)
        if fact.presence is Presence.MAYBE:
            parent = run.state.put_member(parent, ("column", column), PRESENT if fact.sure else ASSUMED)
    return parent


def check_lifetime(run: Interpreter, parent: Relation, child: Key, *, both: bool) -> None:
    """A table that stays inherits from no temporary one; of ``both``, no temporary one from one that stays either."""
    temporary = parent.key[0] == "pg_temp"
    if temporary != (child[0] == "pg_temp") and (both or temporary):
        fails(run, "42809", parent.fact)


def inheritors(
    run: Interpreter, relation: Relation, kind: Kind, name: str, *, only: bool
) -> list[tuple[Relation, str]]:
    """The children that lose a column or a constraint together with their parent, and what that is called there; with
    ONLY, or where it is theirs as well, they keep it. Whether a trigger of a partition was the parent's is not
    known."""
    found: list[tuple[Relation, str]] = []
    for child in run.state.children(relation):
        if kind == "constraint":
            found += [(child, own) for own in _losing(run, child, relation, name, only=only)]
        elif kind != "column":
            if (kind, name) in child.members and kind == "trigger" and child.partition:
                trigger = child.triggers.get(name)
                if trigger is not None and trigger.of == relation.key:
                    found.append((child, name))
                elif trigger is None:
                    run.state.put_member(child, (kind, name), UNKNOWN)
        elif only:
            run.state.writable(child).local |= {name}
        elif _loses_column(run, child, relation, name):
            found.append((child, name))
    return found


def losing_column(run: Interpreter, relation: Relation, name: str) -> list[Relation]:
    """A table that loses a column, and all that lose it with that."""
    heirs = [child for child in run.state.children(relation) if _loses_column(run, child, relation, name)]
    return [relation, *(loser for heir in heirs for loser in losing_column(run, heir, name))]


def _loses_column(run: Interpreter, child: Relation, relation: Relation, name: str) -> bool:
    return name not in child.local and not _others_have(run, child, relation, name)


def _losing(run: Interpreter, child: Relation, relation: Relation, name: str, *, only: bool) -> list[str]:
    """What a child calls a constraint that goes with its parent's; what stays comes from one parent less."""
    if relation.constraints.get(name) == "foreign key":
        for own, heritage in list(child.heritage.items()):
            if heritage.of == name and heritage.count is None:
                child = run.state.put_member(child, ("constraint", own), UNKNOWN)
        return [own for own, heritage in child.heritage.items() if heritage.of == name and heritage.count]
    before = child.heritage.get(name)
    if relation.constraints.get(name) != "check" or before is None or before.count == 0:
        return []
    if before.count == 1 and not before.own and not only:
        return [name]
    count = None if before.count is None else before.count - 1
    child = run.state.writable(child)
    child.heritage[name] = msgspec.structs.replace(before, count=count, own=before.own or only)
    if count is None:
        run.state.put_member(child, ("constraint", name), UNKNOWN)
    return []


def _others_have(run: Interpreter, child: Relation, but: Relation, name: str) -> bool:
    parents = (run.state.relations.get(key) for key in child.parents if key != but.key)
    return any(other is not None and other.member("column", name).presence is not Presence.ABSENT for other in parents)
