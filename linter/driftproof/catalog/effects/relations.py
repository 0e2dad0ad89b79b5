"""Tables, views, sequences and indexes that are there: DROP, RENAME, SET SCHEMA, and what only needs one."""

from collections.abc import Iterator

import msgspec

from driftproof.catalog import routines
from driftproof.catalog.effects.dependents import (
    domains_over,
    holders,
    key_holders,
    refuse,
    rewrite,
    row_holders,
    sequence_holders,
    take_along,
    take_away,
)
from driftproof.catalog.effects.inheritance import check_bound, check_typed, parents_of, prove_key
from driftproof.catalog.effects.keys import rename_index
from driftproof.catalog.effects.parts import forbid_type
from driftproof.catalog.effects.refusals import check_kind, fails
from driftproof.catalog.entries import Key, Relation
from driftproof.catalog.facts import ABSENT, ASSUMED, PRESENT, UNKNOWN, Fact, Presence
from driftproof.catalog.interpreter import WITHOUT_ROWS, Interpreter
from driftproof.catalog.ways import Way
from driftproof.objects import SYSTEM_SCHEMAS, Kind, Object
from driftproof.statements import operations as op
from driftproof.statements.query import Name


def drop_relation(run: Interpreter, drop: op.DropRelation) -> None:
    """DROP TABLE and its kin; CASCADE takes views, policies and foreign keys along."""
    sqlstate = "42704" if drop.kind in ("index", "foreign table") else "42P01"
    key, found = run.state.look_up(drop.name)
    if key is None:  # nothing is known of the search_path, or it has no schema
        if not drop.missing_ok:
            run.relation(drop.name, kind="index" if drop.kind == "index" else "relation", sqlstate=sqlstate)
        return
    absent = found is not None and found.fact.presence is Presence.ABSENT
    if len(drop.together) > 1 and key in run.state.touched and absent:
        return  # it went with another one of these
    if drop.missing_ok:
        if found is None:
            run.gone(key, drop.kind, certain=True)
            return
    else:
        if drop.name.schema is not None:
            run.need_schema(drop.name.schema)
        found = run.relation(drop.name, kind="index" if drop.kind == "index" else "relation", sqlstate=sqlstate)
    if found is not None:
        if found.fact.presence is not Presence.ABSENT:
            check_kind(run, found, (drop.kind,), at=drop.name.at)
        _drop(run, found, drop)


def _drop(run: Interpreter, relation: Relation, drop: op.DropRelation) -> None:
    wanted = Object("index" if drop.kind == "index" else "relation", relation.key[0], None, relation.key[1])
    free = relation.fact.presence is not Presence.UNKNOWN
    run.unsure |= not free and not drop.cascade
    if relation.kind == "index" and relation.of in run.state.relations:
        owner = run.state.relations[relation.of]
        held = owner.members.get(("constraint", relation.key[1]), ABSENT)
        if held.nominal and held.sure:
            run.forbid(wanted, held, sqlstate="2BP01")  # the index of a constraint goes with it only, even by CASCADE
        for above in parents_of(run, relation) if relation.partition else ():
            run.forbid(wanted, above.fact, sqlstate="2BP01")
        free = free and held == ABSENT
        found = key_holders(run, owner, relation.key[1])
    else:
        found = holders(relation)
        found += [((child.key, None), True) for child in run.state.children(relation) if not child.partition]
        found += sequence_holders(run, relation)
        for part in _partitions(run, relation):
            found += [holder for holder in holders(run.state.relations[part]) if holder[0][0] != relation.key]
        for key in (relation.key, *_partitions(run, relation)):
            found += row_holders(run, key)
        identities = [holder for holder in found if holder[0][1] and holder[0][1][0] == "identity"]
        if relation.kind == "sequence":
            refuse(run, wanted, identities)  # CASCADE or not
    if drop.cascade and relation.kind == "index":
        take_along(run, found)
    elif not drop.cascade and (relation.fact.presence is not Presence.ABSENT or relation.fact.doubt is not None):
        dropped = [relation, *(named for name in drop.together if (named := run.state.look_up(name)[1]) is not None)]
        spared = frozenset(key for one in dropped for key in (one.key, *_partitions(run, one)))
        free = refuse(run, wanted, found, spared=spared) and free
        free = routines.spare(run, wanted, relation.key) and free
        for domain in domains_over(run, relation.key):
            run.forbid(wanted, domain.fact, sqlstate="2BP01")
    take_away(run, run.state.relations[relation.key], certain=free, cascade=drop.cascade)


def _partitions(run: Interpreter, relation: Relation) -> Iterator[Key]:
    """The partitions of a table, which are dropped with it, and theirs."""
    for child in run.state.children(relation):
        if child.partition:
            yield child.key
            yield from _partitions(run, child)


def _takes(kind: op.RelationKind) -> tuple[op.RelationKind, ...]:
    """What ALTER VIEW and its kin rename and move; ALTER TABLE does all but composite types."""
    return (kind,) if kind != "table" else ("table", "foreign table", "view", "materialized view", "sequence", "index")


def rename_relation(run: Interpreter, rename: op.RenameRelation) -> None:
    """ALTER TABLE ... RENAME TO: what belongs to it goes along."""
    kind: Kind = "index" if rename.kind == "index" else "relation"
    key, found = run.state.look_up(rename.name)
    if rename.missing_ok and found is not None and key is not None and found.fact.presence is Presence.MAYBE:
        _rename_if_there(run, found, rename)
        return
    relation = run.relation(rename.name, missing_ok=rename.missing_ok, kind=kind)
    if relation is not None and rename.kind != "index":
        check_kind(run, relation, _takes(rename.kind), at=rename.name.at)
    if relation is None:
        if rename.missing_ok:
            _forget_key(run, rename.name)
        return
    if relation.kind != "index":
        forbid_type(run, (relation.key[0], rename.to))
    elif owner := run.state.relations.get(relation.of or relation.key):
        taken = run.state.relations.get((relation.key[0], rename.to))
        if taken is not None:
            run.forbid(Object("relation", relation.key[0], None, rename.to), taken.fact)
        if owner.members.get(("constraint", relation.key[1]), ABSENT).nominal:
            run.forbid(owner.object("constraint", rename.to), owner.member("constraint", rename.to))
    put_under(run, relation, (relation.key[0], rename.to))


def _rename_if_there(run: Interpreter, found: Relation, rename: op.RenameRelation) -> None:
    """IF EXISTS, of what the fresh state has: where it is missing, so is what it would be called."""
    fact, (schema, name) = found.fact, found.key

    def missing() -> None:
        for key in (found.key, (schema, rename.to)):
            known = run.state.relations.get(key)
            if key == found.key or known is None or known.fact.presence is Presence.ABSENT:
                run.state.put(Relation(key, found.kind, Fact(Presence.ABSENT, doubt=fact.doubt), open=False))

    def there() -> None:
        run.state.writable(run.state.relations[found.key]).fact = PRESENT if fact.sure else ASSUMED
        rename_relation(run, msgspec.structs.replace(rename, missing_ok=False))

    wanted = Object("relation", schema, None, name)
    run.branch(there, [Way(missing, lambda: ((wanted, fact),))], known=True, sure=fact.sure)


def move_relation(run: Interpreter, move: op.MoveRelation) -> None:
    """ALTER TABLE ... SET SCHEMA: indexes and owned sequences go along."""
    relation = run.relation(move.name, missing_ok=move.missing_ok)
    if relation is None:
        return
    check_kind(run, relation, _takes(move.kind), at=move.name.at)
    owner = run.state.relations.get(relation.of) if relation.kind == "sequence" and relation.of is not None else None
    if owner is not None:  # it goes where its table goes
        fails(run, "0A000", relation.fact, owner.fact)
    run.need_schema(move.schema)
    if relation.key[0] == move.schema:
        return
    if "pg_temp" in (relation.key[0], move.schema):
        fails(run, "0A000", relation.fact)
    old = relation.key
    for key, other in list(run.state.relations.items()):
        if other.of == relation.key and other.kind in ("index", "sequence"):
            put_under(run, other, (move.schema, key[1]), check=False)
    put_under(run, relation, (move.schema, relation.key[1]))
    if move.schema in SYSTEM_SCHEMAS:  # where any name is looked for, whatever the search_path says
        run.state.put(Relation(old, relation.kind, UNKNOWN, open=True))


def _forget_key(run: Interpreter, name: Name) -> None:
    key, found = run.state.look_up(name)
    if key is not None and found is not None and found.fact.presence is not Presence.ABSENT:
        run.state.put(Relation(key, found.kind, UNKNOWN, open=True))


def put_under(run: Interpreter, relation: Relation, to: Key, *, check: bool = True) -> None:
    """Give a relation another name or schema; ``check`` that nothing has it already."""
    state, old = run.state, relation.key
    taken = state.relations.get(to)
    if check and taken is not None:
        run.forbid(Object("relation", to[0], None, to[1]), taken.fact)
    moved = relation.copy()
    moved.key = to
    if run.unsure:
        moved.fact = msgspec.structs.replace(moved.fact, sure=False)
    state.put(moved)
    for member, fact in list(moved.members.items()):
        state.put_member(moved, member, fact)
    run.gone(old, relation.kind, certain=relation.fact.sure)
    if moved.of is not None and moved.of in state.relations:
        if moved.kind == "index":
            rename_index(run, state.relations[moved.of], old[1], to[1])
        elif ("sequence", old[1]) in state.relations[moved.of].uses:
            owner = state.writable(state.relations[moved.of])
            owner.uses["sequence", to[1]] = owner.uses.pop(("sequence", old[1]))
    for other in list(state.relations.values()):
        if other.of == old:
            other = state.writable(other)
            other.of = to
        if old in other.children or old in other.parents:
            other = state.writable(other)
            other.children = tuple(to if child == old else child for child in other.children)
            other.parents = tuple(to if parent == old else parent for parent in other.parents)
    if relation.kind not in WITHOUT_ROWS:
        rewrite(run, old, to)
    _keep_dependents(run, old, to)


def _keep_dependents(run: Interpreter, old: Key, to: Key) -> None:
    """What depends on a renamed relation does so under its new name, and so does what it depends on."""
    state = run.state
    moved = state.writable(state.relations[to])
    for key in {key for keys in moved.sources.values() for key in keys} | {to}:
        parent = state.relations.get(key if key != old else to)
        if parent is not None and any(dependent[0] == old for dependent in parent.dependents):
            parent = state.writable(parent)
            parent.dependents = {
                ((to, member) if owner == old else (owner, member)): columns
                for (owner, member), columns in parent.dependents.items()
            }
    for owner, _ in list(moved.dependents):
        dependent = state.relations.get(owner)
        if dependent is not None and any(old in keys for keys in dependent.sources.values()):
            dependent = state.writable(dependent)
            dependent.sources = {
                member: frozenset(to if key == old else key for key in keys)
                for member, keys in dependent.sources.items()
            }


def need_relation(run: Interpreter, need: op.NeedRelation) -> None:
    """Whatever only needs a relation."""
    relation = run.relation(need.name, missing_ok=need.missing_ok, kind=need.kind, sqlstate=need.sqlstate)
    if relation is None:
        return
    if relation.kind in need.unsuited:
        fails(run, "0A000", relation.fact)
    check_kind(run, relation, need.kinds, at=need.name.at)
    if need.filled and relation.kind == "view" and not any(kind == "trigger" for kind, _ in relation.members):
        run.forbid(Object("relation", relation.key[0], None, relation.key[1]), relation.fact, sqlstate="42809")
    if need.filled:
        run.state.accounted = frozenset()
    if need.partitioned is not None:
        _check_partitioned(run, relation, need.partitioned)
        check_bound(run, relation, need.bound)
        if need.partitioned:
            prove_key(run, relation)
    if need.typed is not None and relation.kind == "table":
        check_typed(run, relation, need.typed)
    run.steps(need.needs)


def _check_partitioned(run: Interpreter, relation: Relation, wanted: bool) -> None:
    """Partitions are attached to partitioned tables and their indexes only; neither these nor partitions inherit, nor
    tables of a type."""
    table = run.state.relations.get(relation.of) if relation.kind == "index" and relation.of else relation
    if table is None or table.partitioned is None:
        run.unsure |= wanted
    elif bool(table.partitioned) is not wanted or (not wanted and table.partition and table.parents):
        fails(run, "42809", relation.fact, table.fact)
    elif not wanted:
        check_typed(run, table, False)
