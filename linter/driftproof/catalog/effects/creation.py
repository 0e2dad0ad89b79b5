"""CREATE TABLE, VIEW and SEQUENCE: what is needed and made, in the order in which PostgreSQL looks at it."""

import msgspec

from driftproof.catalog import naming
from driftproof.catalog.coercion import PSEUDO_TYPES
from driftproof.catalog.effects.clones import clone_all
from driftproof.catalog.effects.copies import copied_constraints, copied_identities, copy_indexes, copy_values
from driftproof.catalog.effects.dependents import depends_on_read, released
from driftproof.catalog.effects.extensions import check_period, need_default_class
from driftproof.catalog.effects.heritage import note_taken, take_over
from driftproof.catalog.effects.inheritance import (
    check_bound,
    check_lifetime,
    check_merged,
    prove_key,
    refuse_heirs,
)
from driftproof.catalog.effects.keys import check_columns, check_partitioned, covers_own, key_columns, lack_of_key
from driftproof.catalog.effects.partitions import ensure_all, inherited_keys, link
from driftproof.catalog.effects.parts import (
    INDEXED,
    check_persistence,
    check_reference,
    doubted,
    forbid_relation,
    forbid_type,
    put_constraint,
    refers_to,
    table_doubt,
)
from driftproof.catalog.effects.refusals import check_kind, fails
from driftproof.catalog.effects.required import require, take_required
from driftproof.catalog.effects.rows import forget_rows
from driftproof.catalog.effects.values import check_generated, put_value, read_value, sequence_keys
from driftproof.catalog.effects.views import check_option, replace_view
from driftproof.catalog.entries import SYSTEM_COLUMNS, Key, Relation
from driftproof.catalog.facts import ASSUMED, PRESENT, Fact, Presence
from driftproof.catalog.inference import note_column
from driftproof.catalog.interpreter import Interpreter
from driftproof.catalog.resolve import Resolver
from driftproof.catalog.scopes import Result
from driftproof.catalog.typenames import need_column_type, need_type, spelled
from driftproof.catalog.ways import Way
from driftproof.objects import Object
from driftproof.statements import operations as op
from driftproof.statements.query import ColumnRef, Name


def create_relation(run: Interpreter, made: op.CreateRelation) -> None:
    """CREATE TABLE, VIEW, SEQUENCE...: nothing happens where IF NOT EXISTS finds the name taken.

    In PostgreSQL's order: a query is read before anything else, keys and types before the name, expressions and foreign
    keys behind it.
    """
    run.read, run.vague = {}, False
    run.called.clear()
    resolver = Resolver(run)
    outputs = resolver.query(made.query, None) if made.query is not None else Result()
    if made.kind != "table" and made.query is not None and any(cte.query.modifies for cte in made.query.ctes):
        run.raises("0A000")  # a view modifies nothing
    if made.checks is not None and made.query is not None:
        check_option(run, made.query, written=made.checks)
    if resolver.temporary and made.kind == "materialized view":
        run.raises("0A000")
    if resolver.temporary and made.kind == "view":  # it is as temporary as what it reads
        made = msgspec.structs.replace(made, temporary=True)
    key = ("pg_temp", made.name.name) if made.temporary else run.creation_key(made.name)
    if made.temporary and made.name.schema not in (None, "pg_temp"):
        run.need_schema(made.name.schema)
        run.raises("42P16")
    if made.fleeting and not made.temporary:
        run.raises("42P16")  # ON COMMIT
    if key is None:
        return
    if made.temporary:
        run.temporary.append(key)
    before = run.state.relations.get(key)
    presence = before.fact.presence if before is not None and made.if_not_exists else Presence.ABSENT
    if before is not None and presence in (Presence.PRESENT, Presence.MAYBE):
        _skipped(run, made, before)
    elif before is not None and presence is Presence.UNKNOWN:
        skip = Way(lambda: _skipped(run, made, before))
        run.branch(lambda: _create(run, made, key, outputs), [skip], known=False, sure=False)
    else:
        _create(run, made, key, outputs)


def _create(run: Interpreter, made: op.CreateRelation, key: Key, outputs: Result) -> None:
    before = run.state.relations.get(key)
    fact = before.fact if before is not None else None
    there = fact is not None and fact.presence in (Presence.PRESENT, Presence.MAYBE)
    spare = outputs.certain and len(made.aliases) > len(outputs.columns)  # there are no more columns than these
    if spare and made.kind == "view" and not run.unsure:
        run.raises("42601")
    outputs = outputs.renamed(made.aliases)
    if not made.temporary:
        run.need_schema(made.name.schema)
    relation = Relation(key, made.kind, PRESENT, open=outputs.open)
    rows = made.kind == "composite type" and before is not None and before.kind not in ("index", "sequence")
    if before is not None and fact is not None and rows:
        run.forbid(Object("type", key[0], None, key[1]), fact)
    columns = _columns_of(run, made, relation, outputs)
    likes = [(run.state.look_up(like.table)[1], like.including) for like in made.copies]
    copies = [(source, including) for source, including in likes if source is not None]
    relation.members = {("column", name): fact or PRESENT for name, fact in columns}
    parents = [run.state.relations[parent] for parent in relation.parents] if made.partition else []
    inherited = [pair for parent in parents for pair in inherited_keys(run, parent)]
    constraints = [*(key for _, key in inherited), *_in_order(naming.all_constraints(made))]
    types = relation.types | {column.name: spelled(run, column) for column in made.columns if column.spelled}
    _check_keys(run, relation, constraints, types, inherited=len(inherited))
    sequenced = [*(column for copy in copies for column in copied_identities(*copy)), *made.columns]
    sequences = sequence_keys(run, key, sequenced)
    _check_names(run, made, relation, columns)
    _check_parents(run, made, relation)
    if not made.typed:
        check_merged(run, relation, made.columns, [source for source, _ in copies])
    if made.typed or made.partition:  # what is said of columns is of the type's, or of the parent's
        for column in made.columns:
            for parent in relation.parents:
                run.need_member(run.state.relations[parent], "column", column.name, at=column.at)
    if made.kind == "view":
        if before is not None and made.replace and there:
            replace_view(run, before, relation, columns, outputs)
            types = before.types | types
        _check_outputs(run, relation, outputs)
    if before is not None and fact is not None and not rows and not (made.replace and there):
        run.forbid(Object("relation", key[0], None, key[1]), fact, at=made.name.at)
    forbid_type(run, key)
    if spare and not run.unsure:
        run.raises("42601")
    if made.kind != "view":
        _check_outputs(run, relation, outputs)
    for above in parents:
        if above.partitioned == frozenset():
            fails(run, "42P17", above.fact)
        check_bound(run, above, made.bound)
    if made.query is not None and not outputs.open:
        given = {name: field.type for name, field in outputs.settled().columns if field.type is not None}
        types |= {name: type_.removeprefix("pg_catalog.") for name, type_ in given.items()}
        for type_ in set(given.values()):
            note_column(run, type_)
    relation.types = types
    values = [read_value(run, relation, column, sequences.values()) for column in sequenced]
    check_generated(run, made.columns)
    if made.partitioned is not None:
        Resolver(run).over(made.partitioned, relation)
        need_default_class(run, types, relation.partitioned or (), "hash" if made.strategy == "h" else "btree")
    copied = [pair for copy in copies for pair in copied_constraints(run, relation, *copy)]
    behind = sum(constraint.references is None for constraint in constraints)  # all but the foreign keys
    constraints[behind:behind] = [constraint for constraint, _ in copied]
    if not made.typed:
        take_over(run, relation)
    constraints = _check_constraints(run, relation, constraints, types, copied=range(behind, behind + len(copied)))
    # Where this very file took the name away, IF NOT EXISTS finds nothing.
    dropped = before is not None and before.dropped == run.place.migration
    maybe_there = made.if_not_exists and not made.temporary and not dropped and made.name.name not in run.own
    doubt = table_doubt(run) if maybe_there else None
    if made.query is not None and made.kind != "view" and any(key[1] in run.called for key in run.state.routines):
        run.unsure = True  # what a function of the history's own does may fail
        forget_rows(run)
    relation.fact = run.made() if not made.fleeting else ASSUMED
    if before is not None and there and not made.replace:
        relation.dependents = dict(before.dependents)
    guaranteed = doubted(run, doubt)
    for name, doubted_there in columns:
        relation.members["column", name] = guaranteed if doubted_there is None or doubt else doubted_there
    if run.called and made.kind in ("view", "materialized view"):
        relation.calls[None] = tuple(run.called)
    run.state.put(relation)
    if made.kind == "table" and made.query is None and relation.fact == PRESENT:
        run.state.accounted |= {key}
    for parent in relation.parents:
        other = run.state.writable(run.state.relations[parent])
        other.children = (*other.children, key)
    if made.kind in ("view", "materialized view"):
        released(run, relation, None)
        depends_on_read(run, (key, None))
    note_taken(run, key, None if doubt is None else doubted(run, doubt))
    for constraint in constraints:
        put_constraint(run, run.state.relations[key], constraint, doubt)
    if doubt is None:
        _keep_doubts(run, key, constraints[behind:], [fact for _, fact in copied])
    for (index, _), constraint in zip(inherited, constraints, strict=False):
        own = run.state.relations.get((key[0], constraint.name or ""))
        if own is not None:
            link(run, run.state.relations[index.key], own)
    for above in parents:
        ensure_all(run, run.state.relations[above.key], run.state.relations[key])
        clone_all(run, run.state.relations[above.key], run.state.relations[key], doubted(run, doubt))
    for source, including in copies:
        copy_values(run, key, source, including)
        copy_indexes(run, key, source, including)
    for source in (*(source for source, _ in copies), *(run.state.relations[parent] for parent in relation.parents)):
        take_required(run, relation, source)
    require(run, relation, [column.name for column in made.columns if column.required])
    for parent in relation.parents if not made.typed else ():
        copy_values(run, key, run.state.relations[parent], ("defaults", "generated"))
    for column, value in zip(sequenced, values, strict=True):
        put_value(run, key, column, doubted(run, doubt), value, sequences.get(column.name))
    run.steps(made.needs)


def _keep_doubts(run: Interpreter, table: Key, constraints: list[op.Constraint], facts: list[Fact]) -> None:
    """What is in doubt where it is copied from is in doubt here."""
    for constraint, fact in zip(constraints, facts, strict=False):
        if fact != PRESENT:
            relation = run.state.writable(run.state.relations[table])
            relation.members["constraint", constraint.name or ""] = fact


def _check_keys(
    run: Interpreter, relation: Relation, constraints: list[op.Constraint], types: dict[str, str], *, inherited: int
) -> None:
    """There is one primary key at most, and keys are of columns of that table; the ``inherited`` first ones are."""
    primary = False
    for place, constraint in enumerate(constraints):
        if constraint.kind == "primary key" and place >= inherited:
            if primary:
                name = constraint.name or naming.object_name(relation.key[1], "", "pkey")
                run.forbid(relation.object("constraint", name), PRESENT, sqlstate="42P16")
            primary = True
        if constraint.kind in ("primary key", "unique") and place >= inherited:
            _own_columns(run, relation, constraint.columns)
            check_columns(run, relation, constraint)
            check_period(run, types, constraint)


def _check_names(
    run: Interpreter, made: op.CreateRelation, relation: Relation, columns: list[tuple[str, Fact | None]]
) -> None:
    """No parent is named twice, and no column, unless a parent has it."""
    for at, key in enumerate(relation.parents):
        if key in relation.parents[:at]:
            run.forbid(Object("relation", key[0], None, key[1]), run.state.relations[key].fact)
    said: set[str] = set()
    if not made.parents and made.copies:
        for name, doubt in columns[: len(columns) - len(made.columns)]:
            if name in said:
                run.forbid(relation.object("column", name), doubt or PRESENT)
            said.add(name)
    for column in made.columns:
        if column.name in said:
            run.forbid(relation.object("column", column.name), PRESENT, at=column.at)
        said.add(column.name)


def _check_outputs(run: Interpreter, relation: Relation, outputs: Result) -> None:
    """No column is called like a system column, if it is stored; no two of its query have one name, and none is of a
    pseudo-type."""
    for kind, name in relation.members if relation.kind not in ("view", "composite type") else ():
        if kind == "column" and name in SYSTEM_COLUMNS:
            run.forbid(relation.object("column", name), PRESENT)
    if outputs.repeated is not None:
        run.forbid(relation.object("column", outputs.repeated), PRESENT)
    for name, field in outputs.columns:
        if field.type is not None and field.type.removeprefix("pg_catalog.").removesuffix("[]") in PSEUDO_TYPES:
            run.forbid(relation.object("column", name), PRESENT, sqlstate="42P16")


def _own_columns(run: Interpreter, relation: Relation, columns: tuple[ColumnRef, ...]) -> None:
    """A constraint of a CREATE TABLE needs columns of that table."""
    for column in columns:
        fact = relation.members.get(("column", column.parts[0]))
        if fact != PRESENT:
            lacking = fact or relation.member("column", column.parts[0])
            run.need(relation.object("column", column.parts[0]), lacking, lambda _fact: None, at=column.at)


# The order in which CREATE TABLE makes its constraints. Source: transformCreateStmt, parse_utilcmd.c.
_STAGES: dict[op.ConstraintKind, int] = {"primary key": 1, "unique": 2, "exclude": 2, "foreign key": 3}


def _in_order(constraints: list[op.Constraint]) -> list[op.Constraint]:
    """Of two keys on the same columns only the first is made, under the name that is written for either."""
    found: list[op.Constraint] = []
    for constraint in sorted(constraints, key=lambda constraint: _STAGES.get(constraint.kind, 0)):
        for at, twin in enumerate(found):
            if _same_key(twin, constraint):
                found[at] = msgspec.structs.replace(twin, name=twin.name or constraint.name)
                break
        else:
            found.append(constraint)
    return found


def _same_key(one: op.Constraint, other: op.Constraint) -> bool:
    if not {one.kind, other.kind} <= {"primary key", "unique"} or one.kind == other.kind == "primary key":
        return False
    same = one.keys == other.keys and len(one.columns) == len(other.columns)
    return same and (one.deferrable, one.temporal) == (other.deferrable, other.temporal)


def _check_constraints(
    run: Interpreter, relation: Relation, constraints: list[op.Constraint], types: dict[str, str], *, copied: range
) -> list[op.Constraint]:
    """Each constraint of a CREATE TABLE sees the columns of that table, and the names of those before it; all of them
    under the names that they get. Those that are ``copied`` come with their columns."""
    named: list[op.Constraint] = []
    for place, constraint in enumerate(constraints):
        taken = next((other for other in named if constraint.kind == other.kind == "primary key"), None)
        if taken is not None:
            run.forbid(relation.object("constraint", taken.name or ""), PRESENT, sqlstate="42P16")
        if constraint.expression is not None and place not in copied:
            Resolver(run).over(constraint.expression, relation)
        if constraint.kind == "exclude" and place not in copied:
            _own_columns(run, relation, constraint.columns)
        if constraint.kind in INDEXED:
            need_default_class(run, types, key_columns(constraint), constraint.method)
            check_partitioned(run, relation, key_columns(constraint))
        name = constraint.name
        if name is None:
            name = naming.constraint_name(run.state, relation, constraint.kind, naming.named_after(constraint))
        elif constraint.kind in INDEXED:
            indexes = {relation.key[1], *(other.name for other in named if other.kind in INDEXED)}
            if name in indexes:
                run.forbid(Object("relation", relation.key[0], None, name), PRESENT, sqlstate="42P07")
            forbid_relation(run, (relation.key[0], name))
        if constraint.no_inherit and relation.partitioned:
            fails(run, "42P16")
        if constraint.kind == "check" == relation.constraints.get(name) and name in relation.heritage:
            run.unsure = True  # 42710, if it is not the same
            heritage = relation.heritage[name]
            relation.heritage[name] = msgspec.structs.replace(heritage, own=True)
        elif ("constraint", name) in relation.members:
            run.forbid(relation.object("constraint", name), PRESENT)
        relation.members["constraint", name] = PRESENT
        named.append(msgspec.structs.replace(constraint, name=name))
        if constraint.references is not None:
            _check_foreign_key(run, relation, constraint, constraints, types)
    return named


def _check_foreign_key(
    run: Interpreter,
    relation: Relation,
    constraint: op.Constraint,
    constraints: list[op.Constraint],
    types: dict[str, str],
) -> None:
    assert constraint.references is not None
    own = refers_to(run, constraint.references, relation.key)
    if not own and (other := run.relation(constraint.references)) is not None:
        check_kind(run, other, ("table",), at=constraint.references.at)
        check_persistence(run, relation.key, other)
    _own_columns(run, relation, constraint.columns)
    check_reference(run, constraint, relation.key, types, made=True)
    if own:
        _own_columns(run, relation, constraint.referenced)
        if not (relation.open or relation.vague) and not covers_own(constraints, constraint):
            lack_of_key(run, relation, constraint)


def _skipped(run: Interpreter, made: op.CreateRelation, before: Relation) -> None:
    """The name is taken: what is written here is there only where it was known before, or the table is not ours."""
    relation = run.state.writable(before)
    sure = relation.fact.sure
    run.unsure |= bool(made.needs) and relation.fact.presence is Presence.MAYBE
    relation.fact = PRESENT if sure else ASSUMED
    if not relation.open:
        return
    doubt = table_doubt(run)
    run.unsure = True
    for column in made.columns:
        if ("column", column.name) not in relation.members:
            relation.members["column", column.name] = doubted(run, doubt)
    for constraint in naming.all_constraints(made):
        put_constraint(run, relation, constraint, doubt, only_new=True)


def _columns_of(
    run: Interpreter, made: op.CreateRelation, relation: Relation, outputs: Result
) -> list[tuple[str, Fact | None]]:
    """The columns, with what was known of those that are copied from elsewhere and in doubt there."""
    found: list[tuple[str, Fact | None]] = []
    if made.parents and not made.typed:  # all of them are opened before any is looked at
        for name in (*(like.table for like in made.copies), *made.parents):
            run.relation(name)
    for parent_name in (*(like.table for like in made.copies), *made.parents):
        if made.typed:
            need_type(run, parent_name, forms=("composite type",))
        parent = _row_type(run, parent_name) if made.typed else run.relation(parent_name)
        if made.partition and parent is not None and parent_name in made.parents:
            parent = prove_key(run, parent)
        relation.open |= parent is None or parent.open
        if parent is not None:
            relation.vague |= parent.vague
            relation.types.update(parent.types)
            found.extend((name, _in_doubt(parent.member("column", name))) for name in parent.columns())
            if parent_name in made.parents:
                relation.parents = (*relation.parents, parent.key)
            else:
                check_kind(run, parent, _COPYABLE, at=parent_name.at)
                relation.local |= frozenset(parent.columns())
    relation.partition = made.partition
    if made.partitioned is None:
        relation.partitioned = frozenset()
    elif made.partitioned.columns:
        relation.strategy = made.strategy
        relation.partitioned = frozenset(column.parts[-1] for column in made.partitioned.columns)
    if not made.partition:
        relation.local |= frozenset(column.name for column in made.columns)
    for column in made.columns:
        need_column_type(run, column)
        found.append((column.name, None))
    if made.query is not None:
        found.extend((name, _in_doubt(field.fact)) for name, field in outputs.columns)
    return found


def _check_parents(run: Interpreter, made: op.CreateRelation, relation: Relation) -> None:
    """Tables and foreign tables have heirs, partitioned ones nothing but partitions, and types tables of them."""
    kinds: tuple[op.RelationKind, ...] = ("composite type",) if made.typed else ("table", "foreign table")
    for name in made.parents:
        parent = _row_type(run, name) if made.typed else run.state.look_up(name)[1]
        if parent is None or parent.key not in relation.parents:
            continue
        check_kind(run, parent, kinds, at=name.at)
        if not made.typed:
            check_lifetime(run, parent, relation.key, both=made.partition)
        if not (made.partition or made.typed):
            refuse_heirs(run, parent)


def _row_type(run: Interpreter, name: Name) -> Relation | None:
    found = run.type(name)
    return run.state.relations.get(found.key) if found is not None else None


_COPYABLE: tuple[op.RelationKind, ...] = ("table", "view", "materialized view", "foreign table", "composite type")


def _in_doubt(fact: Fact) -> Fact | None:
    return None if fact == PRESENT else fact
