"""What each operation needs, with its SQLSTATE, and what it changes: PostgreSQL's rules, one function an operation."""

from collections.abc import Callable
from typing import Any

from driftproof.catalog import naming
from driftproof.catalog.conditions import decide
from driftproof.catalog.interpreter import Interpreter, settle
from driftproof.catalog.resolve import Resolver
from driftproof.catalog.state import (
    ABSENT,
    ASSUMED,
    GONE,
    PRESENT,
    UNKNOWN,
    Doubt,
    Fact,
    Key,
    Member,
    Presence,
    Relation,
)
from driftproof.objects import Kind, Object
from driftproof.statements import operations as op
from driftproof.statements.query import Name, Query

_INDEXED = {"primary key", "unique", "exclude"}


# -- relations --------------------------------------------------------------------------------------------------------


def create_relation(run: Interpreter, made: op.CreateRelation) -> None:
    """CREATE TABLE, VIEW, SEQUENCE...: nothing happens where IF NOT EXISTS finds the name taken."""
    key = ("pg_temp", made.name.name) if made.temporary else run.state.creation_key(made.name)
    if key is None:
        return
    if made.temporary:
        run.temporary.append(key)
    before = run.state.relations.get(key)
    fact = before.fact if before is not None else None
    there = fact is not None and fact.presence in (Presence.PRESENT, Presence.MAYBE)
    if before is not None and there and made.if_not_exists:
        _skipped(run, made, before)
        return
    if before is not None and fact is not None and not (made.replace and there):
        run.forbid(Object("relation", key[0], None, key[1]), fact, at=made.name.at)
    run.seen = []
    relation = Relation(key, made.kind, PRESENT, open=False)
    columns = _columns_of(run, made, relation)
    _check_constraints(run, made, key)
    if before is not None and made.replace and there:
        relation.dependents = before.dependents
    # Where this very file took the name away, IF NOT EXISTS finds nothing.
    dropped = before is not None and before.dropped == run.place.migration
    doubted = made.if_not_exists and not made.temporary and not dropped
    doubt = _left_doubt(run, doubted, "CREATE TABLE IF NOT EXISTS")
    relation.fact = run.made()
    for name, copied in columns:
        own = _doubted(run, doubt)
        relation.members["column", name] = own if copied is None or doubt is not None else copied
    run.state.put(relation)
    for parent in run.seen:
        _depends(run, parent, (key, None))
    for constraint in naming.all_constraints(made):
        _put_constraint(run, relation, constraint, doubt)
    for column in made.columns:
        if column.sequence:
            name = naming.object_name(key[1], column.name, "seq")
            run.state.put(Relation((key[0], name), "sequence", _doubted(run, doubt), open=False, of=key))


def _skipped(run: Interpreter, made: op.CreateRelation, before: Relation) -> None:
    """The name is taken: what is written here is there only where it was known before, or the table is not ours."""
    relation = run.state.writable(before)
    sure = relation.fact.sure
    relation.fact = PRESENT if sure else ASSUMED
    if not relation.open:
        return
    doubt = _left_doubt(run, True, "CREATE TABLE IF NOT EXISTS")
    run.unsure = True
    for column in made.columns:
        if ("column", column.name) not in relation.members:
            relation.members["column", column.name] = _doubted(run, doubt)
    for constraint in naming.all_constraints(made):
        _put_constraint(run, relation, constraint, doubt, only_new=True)


def _left_doubt(run: Interpreter, doubted: bool, command: str) -> Doubt | None:
    return run.doubt(f"{command} leaves what already stands under that name as it is") if doubted else None


def _doubted(run: Interpreter, doubt: Doubt | None) -> Fact:
    return run.made() if doubt is None else Fact(Presence.MAYBE, not run.unsure, doubt)


def _columns_of(run: Interpreter, made: op.CreateRelation, relation: Relation) -> list[tuple[str, Fact | None]]:
    """The columns, with what was known of those that are copied from elsewhere and in doubt there."""
    found: list[tuple[str, Fact | None]] = []
    for parent_name in (*made.copies, *made.parents):
        parent = run.relation(parent_name)
        relation.open = True  # of what else is copied, constraints and indexes, nothing is known
        if parent is not None:
            found.extend((name, _in_doubt(parent.member("column", name))) for name in parent.columns())
            if parent_name in made.parents:
                parent = run.state.writable(parent)
                parent.children = (*parent.children, relation.key)
                relation.parents = (*relation.parents, parent.key)
    for column in made.columns:
        found.append((column.name, None))
        _check_column(run, column)
    if made.query is not None:
        outputs = Resolver(run).query(made.query, None)
        fields = [] if outputs is None else [(name, _in_doubt(field.fact)) for name, field in outputs.items()]
        if made.aliases and len(made.aliases) <= len(fields) and _complete(made.query):
            fields = [*((alias, None) for alias in made.aliases), *fields[len(made.aliases) :]]
        elif made.aliases:
            fields = [(alias, None) for alias in made.aliases]
        relation.open = relation.open or outputs is None or not _complete(made.query)
        found.extend(fields)
    return found


def _in_doubt(fact: Fact) -> Fact | None:
    return fact if fact.presence is Presence.MAYBE else None


def _complete(query: Query) -> bool:
    """Whether the names of a query's outputs are all of its columns."""
    while query.arms:
        query = query.arms[0]
    return all(output.name is not None or output.star is not None for output in query.outputs)


def _check_column(run: Interpreter, column: op.Column) -> None:
    if column.type is not None:
        _need_type(run, column.type)
    if column.default is not None:
        for call in column.default.calls:
            run.unsure |= not run.knows_function(call.name)
        for type_ in column.default.types:
            run.unsure |= not run.knows_type(type_)


def _need_type(run: Interpreter, name: Name) -> None:
    if run.knows_type(name):
        return
    _, found = run.state.look_up(name, run.state.types)
    relation_key, relation = run.state.look_up(name)
    if found is None or (relation is not None and relation_key is not None):
        run.unsure = True
        return
    holder = found

    def prove(fact: Fact) -> None:
        run.state.writable(holder).fact = fact

    run.need(Object("type", holder.key[0], None, holder.key[1]), holder.fact, prove, at=name.at)


def _check_constraints(run: Interpreter, made: op.CreateRelation, key: Key) -> None:
    for constraint in naming.all_constraints(made):
        if constraint.references is not None:
            _references(run, constraint, key)


def _references(run: Interpreter, constraint: op.Constraint, own: Key) -> None:
    """A foreign key needs the other table, its columns, or the primary key if none are named."""
    assert constraint.references is not None
    key, _ = run.state.look_up(constraint.references)
    if key == own:
        return
    other = run.relation(constraint.references)
    if other is None:
        run.unsure = True
        return
    other = run.state.writable(other)
    other.dependents.add((own, None))
    for column in constraint.referenced:
        other = run.need_member(other, "column", column.parts[0], at=column.at)
    if not constraint.referenced and other.primary_key is not None:
        run.need_member(other, "constraint", other.primary_key, sqlstate="42704")
    elif not constraint.referenced:
        run.unsure = True


def _put_constraint(
    run: Interpreter, relation: Relation, constraint: op.Constraint, doubt: Doubt | None, *, only_new: bool = False
) -> None:
    """Enter a constraint under the name that PostgreSQL gives it, with its index if it has one."""
    columns = naming.constrained(constraint)
    name = constraint.name or naming.constraint_name(run.state, relation, constraint.kind, columns)
    if only_new and ("constraint", name) in relation.members:
        return
    fact = _doubted(run, doubt)
    relation = run.state.put_member(relation, ("constraint", name), fact)
    relation.uses["constraint", name] = columns
    if constraint.kind == "primary key":
        relation.primary_key = name
    if constraint.kind in _INDEXED:
        key = (relation.key[0], name)
        if constraint.using_index is not None:
            old = run.state.relations.get((relation.key[0], constraint.using_index))
            if old is not None:
                run.gone(old.key, "index", certain=fact.sure)
        run.state.put(Relation(key, "index", fact, open=False, of=relation.key))


def _depends(run: Interpreter, parent: Key, dependent: tuple[Key, Member | None]) -> None:
    relation = run.state.relations.get(parent)
    if relation is not None and dependent not in relation.dependents:
        run.state.writable(relation).dependents.add(dependent)


def drop_relation(run: Interpreter, drop: op.DropRelation) -> None:
    """DROP TABLE and its kin; CASCADE takes views, policies and foreign keys along."""
    sqlstate = "42704" if drop.kind == "index" else "42P01"
    key, found = run.state.look_up(drop.name)
    if key is None:
        return
    if drop.missing_ok:
        if found is None:
            run.gone(key, drop.kind, certain=drop.name.schema is not None)
            return
    else:
        if found is not None and _serves_constraint(run, found):
            return  # DROP INDEX refuses it (2BP01)
        found = run.relation(drop.name, kind="index" if drop.kind == "index" else "relation", sqlstate=sqlstate)
    if found is not None:
        _dropped(run, found, cascade=drop.cascade)


def _dropped(run: Interpreter, relation: Relation, *, cascade: bool) -> None:
    state = run.state
    certain = (cascade or not relation.dependents) and relation.fact.presence is not Presence.UNKNOWN
    certain = certain and not _serves_constraint(run, relation)
    for key, other in list(state.relations.items()):
        if other.of == relation.key:
            run.gone(key, other.kind, certain=certain)
    run.gone(relation.key, relation.kind, certain=certain)
    if cascade:
        for key, member in relation.dependents:
            dependent = state.relations.get(key)
            if dependent is None or dependent.fact.presence is Presence.ABSENT:
                continue
            if member is not None:
                state.writable(dependent).members[member] = GONE
            elif dependent.kind in ("view", "materialized view"):
                _dropped(run, dependent, cascade=True)
            else:
                dependent = state.writable(dependent)
                for name in [name for kind, name in dependent.members if kind == "constraint"]:
                    dependent.members["constraint", name] = UNKNOWN


def _serves_constraint(run: Interpreter, relation: Relation) -> bool:
    """Whether it is the index of a primary key, a unique or an exclusion constraint."""
    if relation.kind != "index" or relation.of is None:
        return False
    owner = run.state.relations.get(relation.of)
    return owner is not None and owner.members.get(("constraint", relation.key[1]), ABSENT) is not ABSENT


def rename_relation(run: Interpreter, rename: op.RenameRelation) -> None:
    """ALTER TABLE ... RENAME TO: what belongs to it goes along."""
    kind: Kind = "index" if rename.kind == "index" else "relation"
    relation = run.relation(rename.name, missing_ok=rename.missing_ok, kind=kind)
    if relation is None:
        if rename.missing_ok:
            _forget_key(run, rename.name)
        return
    _moved(run, relation, (relation.key[0], rename.to))


def move_relation(run: Interpreter, move: op.MoveRelation) -> None:
    """ALTER TABLE ... SET SCHEMA: indexes and owned sequences go along."""
    relation = run.relation(move.name, missing_ok=move.missing_ok)
    if relation is None:
        return
    for key, other in list(run.state.relations.items()):
        if other.of == relation.key and other.kind in ("index", "sequence"):
            _moved(run, other, (move.schema, key[1]), check=False)
    _moved(run, relation, (move.schema, relation.key[1]))


def _forget_key(run: Interpreter, name: Name) -> None:
    key, found = run.state.look_up(name)
    if key is not None and found is not None and found.fact.presence is not Presence.ABSENT:
        run.state.put(Relation(key, found.kind, UNKNOWN, open=True))


def _moved(run: Interpreter, relation: Relation, to: Key, *, check: bool = True) -> None:
    state, old = run.state, relation.key
    taken = state.relations.get(to)
    if check and taken is not None:
        run.forbid(Object("relation", to[0], None, to[1]), taken.fact)
    moved = relation.copy()
    moved.key = to
    state.put(moved)
    for member, fact in list(moved.members.items()):
        state.put_member(moved, member, fact)
    run.gone(old, relation.kind, certain=relation.fact.sure)
    for key, other in list(state.relations.items()):
        if other.of == old:
            other = state.writable(other)
            other.of = to
        if old in other.children:
            other = state.writable(other)
            other.children = tuple(to if child == old else child for child in other.children)
        if any(dependent == old for dependent, _ in other.dependents):
            other = state.writable(other)
            other.dependents = {(to if key == old else key, member) for key, member in other.dependents}


def need_relation(run: Interpreter, need: op.NeedRelation) -> None:
    """Whatever only needs a relation."""
    run.relation(need.name, missing_ok=need.missing_ok, kind=need.kind, sqlstate=need.sqlstate)


def create_index(run: Interpreter, made: op.CreateIndex) -> None:
    """CREATE INDEX: the columns are looked at before IF NOT EXISTS is."""
    relation = run.relation(made.table)
    if relation is None:
        return
    for column in made.columns:
        relation = run.need_member(relation, "column", column.parts[0], at=made.table.at)
    Resolver(run).over(made.expression, relation)
    relation = run.state.relations[relation.key]
    name = made.name or naming.index_name(run.state, relation, made.keys)
    key = (relation.key[0], name)
    taken = run.state.relations.get(key)
    if taken is not None:
        if made.if_not_exists:
            if taken.fact.presence is Presence.PRESENT:
                return
        else:
            run.forbid(Object("relation", key[0], None, key[1]), taken.fact)
    run.state.put(Relation(key, "index", run.made(), open=False, of=relation.key))
    used = tuple(column.parts[0] for column in made.columns) + tuple(ref.parts[-1] for ref in made.expression.columns)
    relation = run.state.writable(relation)
    relation.uses["index", name] = used


# -- columns, constraints, policies, triggers, rules ------------------------------------------------------------------


def _table(run: Interpreter, name: Name, missing_ok: bool) -> Relation | None:
    return run.relation(name, missing_ok=missing_ok)


def add_column(run: Interpreter, add: op.AddColumn) -> None:
    """ADD COLUMN: with IF NOT EXISTS the column is guaranteed, but not what hangs on it."""
    relation = _table(run, add.table, add.table_missing_ok)
    if relation is None:
        return
    column = add.column
    fact = relation.member("column", column.name)
    if fact.presence is Presence.PRESENT and add.if_not_exists:
        return
    if not add.if_not_exists:
        run.forbid(relation.object("column", column.name), fact, at=column.at)
    _check_column(run, column)
    for constraint in column.constraints:
        if constraint.references is not None:
            _references(run, constraint, relation.key)
    doubt = run.doubt("ADD COLUMN IF NOT EXISTS leaves a column that already exists as it is")
    relation = run.set_member(run.state.relations[relation.key], "column", column.name, run.made())
    for constraint in column.constraints:
        _put_constraint(run, relation, constraint, doubt if add.if_not_exists else None)


def add_constraint(run: Interpreter, add: op.AddConstraint) -> None:
    """ADD CONSTRAINT."""
    relation = _table(run, add.table, add.table_missing_ok)
    if relation is None:
        return
    constraint = add.constraint
    for column in constraint.columns:
        relation = run.need_member(relation, "column", column.parts[0], at=column.at)
    if constraint.expression is not None:
        Resolver(run).over(constraint.expression, relation)
        relation = run.state.relations[relation.key]
    if constraint.references is not None:
        _references(run, constraint, relation.key)
        relation = run.state.relations[relation.key]
    if constraint.using_index is not None:
        index = Name(relation.key[0], constraint.using_index)
        run.relation(index, kind="index", sqlstate="42704")
    if constraint.kind == "primary key" and relation.primary_key is not None:
        wanted = relation.object("constraint", relation.primary_key)
        run.forbid(wanted, relation.member("constraint", relation.primary_key), sqlstate="42P16")
    if constraint.name is not None:
        wanted = relation.object("constraint", constraint.name)
        taken = run.state.relations.get((relation.key[0], constraint.name))
        if constraint.kind in _INDEXED and constraint.using_index is None and taken is not None:
            run.forbid(wanted, taken.fact, sqlstate="42P07")
        else:
            run.forbid(wanted, relation.member("constraint", constraint.name))
    _put_constraint(run, run.state.writable(relation), constraint, None)


def create_member(run: Interpreter, made: op.CreateMember) -> None:
    """CREATE POLICY, TRIGGER, RULE."""
    relation = _table(run, made.table, False)
    if relation is None:
        return
    for column in made.columns:
        relation = run.need_member(relation, "column", column.parts[0], at=made.table.at)
    run.seen = []
    if made.expression is not None:
        Resolver(run).over(made.expression, relation, made.aliases)
        relation = run.state.relations[relation.key]
    if made.calls is not None and not run.knows_function(made.calls):
        run.unsure = True
    if not made.replace:
        run.forbid(relation.object(made.kind, made.name), relation.member(made.kind, made.name))
    key = relation.key
    run.set_member(relation, made.kind, made.name, run.made())
    for parent in run.seen:
        if parent != key:
            _depends(run, parent, (key, (made.kind, made.name)))


def need_member(run: Interpreter, need: op.NeedMember) -> None:
    """Whatever only needs something of a relation."""
    relation = _table(run, need.table, need.table_missing_ok)
    if relation is None:
        return
    if need.missing_ok:
        return
    relation = run.need_member(relation, need.kind, need.name, at=need.at)
    if need.sees is not None:
        Resolver(run).over(need.sees, relation)


def drop_member(run: Interpreter, drop: op.DropMember) -> None:
    """DROP COLUMN takes along the constraints and indexes that use it; what may depend on it makes that uncertain."""
    relation = _table(run, drop.table, drop.table_missing_ok)
    if relation is None:
        return
    if not drop.missing_ok:
        relation = run.need_member(relation, drop.kind, drop.name)
    certain = drop.cascade or not relation.dependents or drop.kind in ("policy", "trigger", "rule")
    if drop.kind == "column":
        certain = certain and not any(kind in ("policy", "trigger") for kind, _ in relation.members)
    fact = ABSENT if certain else GONE
    relation = run.set_member(relation, drop.kind, drop.name, fact)
    if drop.kind == "constraint":
        _drop_index_of(run, relation, drop.name, fact)
    if drop.kind == "column":
        for member, columns in list(relation.uses.items()):
            if drop.name in columns:
                if member[0] == "constraint":
                    relation.members[member] = fact
                _drop_index_of(run, relation, member[1], fact)
                del relation.uses[member]


def _drop_index_of(run: Interpreter, relation: Relation, name: str, fact: Fact) -> None:
    index = run.state.relations.get((relation.key[0], name))
    if index is not None and index.of == relation.key:
        run.state.put(Relation(index.key, "index", fact, open=False))
    if relation.primary_key == name:
        relation.primary_key = None


def rename_member(run: Interpreter, rename: op.RenameMember) -> None:
    """RENAME COLUMN, CONSTRAINT, POLICY, TRIGGER."""
    relation = _table(run, rename.table, rename.table_missing_ok)
    if relation is None:
        return
    if rename.kind == "column" and relation.kind == "index":
        return
    relation = run.need_member(relation, rename.kind, rename.name)
    run.forbid(relation.object(rename.kind, rename.to), relation.member(rename.kind, rename.to))
    made = run.made()
    relation = run.set_member(relation, rename.kind, rename.to, made)
    relation = run.set_member(relation, rename.kind, rename.name, ABSENT if made.sure else GONE)
    if rename.kind == "column":
        relation.uses = {
            member: tuple(rename.to if column == rename.name else column for column in columns)
            for member, columns in relation.uses.items()
        }
    if rename.kind == "constraint":
        index = run.state.relations.get((relation.key[0], rename.name))
        if index is not None and index.of == relation.key:
            _moved(run, index, (relation.key[0], rename.to), check=False)
        if relation.primary_key == rename.name:
            relation.primary_key = rename.to


# -- other objects ----------------------------------------------------------------------------------------------------


def _object_key(run: Interpreter, kind: str, name: Name) -> tuple[Any, str | None, str] | None:
    if kind in ("schema", "extension", "role", "publication"):
        return kind, None, name.name
    key = run.state.creation_key(name)
    return None if key is None else (kind, key[0], key[1])


def create(run: Interpreter, made: op.Create) -> None:
    """CREATE SCHEMA, TYPE, FUNCTION, EXTENSION..."""
    if made.kind == "type":
        _create_type(run, made)
        return
    key = _object_key(run, made.kind, made.name)
    if key is None:
        return
    fact = run.state.objects.get(key)
    if fact is not None and not (made.if_not_exists or made.replace or made.overloads):
        run.forbid(Object(made.kind, key[1], None, key[2]), fact)
    run.state.put_object(key, run.made())


def _create_type(run: Interpreter, made: op.Create) -> None:
    key = run.state.creation_key(made.name)
    if key is None:
        return
    taken = run.state.types.get(key)
    run.forbid(Object("type", key[0], None, key[1]), taken.fact if taken is not None else ABSENT)
    type_ = Relation(key, "type", run.made(), open=False)
    for label in made.labels:
        type_.members["enum-label", label] = type_.fact
    run.state.put_type(type_)


def need_object(run: Interpreter, need: op.Need) -> None:
    """COMMENT ON TYPE, GRANT ON FUNCTION...: a claim only for what the history itself dropped."""
    if need.kind == "type":
        _need_type(run, need.name)
        return
    key = _object_key(run, need.kind, need.name)
    if key is None or need.kind == "function":
        return
    fact = run.state.objects.get(key, UNKNOWN)
    run.need(Object(need.kind, key[1], None, key[2]), fact, lambda proven: run.state.put_object(key, proven))


def drop_object(run: Interpreter, drop: op.Drop) -> None:
    """DROP TYPE, FUNCTION, SCHEMA...; a function may have namesakes, so nothing is known of it afterwards."""
    if drop.kind == "type":
        _, found = run.state.look_up(drop.name, run.state.types)
        if not drop.missing_ok and found is not None:
            _need_type(run, drop.name)
        key = found.key if found is not None else run.state.creation_key(drop.name)
        if key is not None:
            run.state.put_type(Relation(key, "type", GONE, open=False))
        if drop.cascade:
            forget(run, op.Forget("column"))
        return
    name = _object_key(run, drop.kind, drop.name)
    if name is None:
        return
    if drop.kind == "function":
        run.state.put_object(name, UNKNOWN)
        if drop.cascade:
            forget(run, op.Forget("trigger"))
            forget(run, op.Forget("policy"))
        return
    fact = run.state.objects.get(name, UNKNOWN)
    if not drop.missing_ok:
        run.need(Object(drop.kind, name[1], None, name[2]), fact, lambda _fact: None)
    run.state.put_object(name, GONE)
    if drop.kind == "schema":
        for key, relation in list(run.state.relations.items()):
            if key[0] == drop.name.name:
                run.gone(key, relation.kind, certain=drop.cascade)
    if drop.kind == "extension":
        forget(run, op.Forget("type"))


def rename_object(run: Interpreter, rename: op.Rename) -> None:
    """ALTER TYPE, SCHEMA... RENAME TO."""
    if rename.kind == "type":
        _, found = run.state.look_up(rename.name, run.state.types)
        if found is not None:
            _move_type(run, found, (found.key[0], rename.to))
        return
    old, new = _object_key(run, rename.kind, rename.name), _object_key(run, rename.kind, Name(None, rename.to))
    if old is not None and new is not None:
        run.state.put_object(new, run.state.objects.get(old, ASSUMED))
        run.state.put_object(old, GONE if rename.kind != "function" else UNKNOWN)
    if rename.kind == "schema":
        for key, relation in list(run.state.relations.items()):
            if key[0] == rename.name.name:
                _moved(run, relation, (rename.to, key[1]), check=False)


def move_object(run: Interpreter, move: op.Move) -> None:
    """ALTER TYPE, FUNCTION... SET SCHEMA."""
    if move.kind == "type":
        _, found = run.state.look_up(move.name, run.state.types)
        if found is not None:
            _move_type(run, found, (move.schema, found.key[1]))
        return
    old = _object_key(run, move.kind, move.name)
    if old is not None:
        run.state.put_object((move.kind, move.schema, old[2]), run.state.objects.get(old, ASSUMED))
        run.state.put_object(old, UNKNOWN)


def _move_type(run: Interpreter, type_: Relation, to: Key) -> None:
    moved = type_.copy()
    moved.key = to
    run.state.put_type(Relation(type_.key, "type", GONE, open=False))
    run.state.put_type(moved)


def add_label(run: Interpreter, add: op.AddLabel) -> None:
    """ALTER TYPE ... ADD VALUE, RENAME VALUE."""
    _, type_ = run.state.look_up(add.type, run.state.types)
    if type_ is None:
        return
    _need_type(run, add.type)
    type_ = run.state.types[type_.key]
    if add.renames is not None:
        type_ = run.state.writable(type_)
        type_.members["enum-label", add.renames] = GONE
    fact = type_.member("enum-label", add.label)
    if not add.if_not_exists:
        run.forbid(type_.object("enum-label", add.label), fact)
    run.state.writable(type_).members["enum-label", add.label] = run.made()


# -- the rest ---------------------------------------------------------------------------------------------------------


def run_query(run: Interpreter, step: op.Run) -> None:
    """SELECT, INSERT, UPDATE, DELETE: the names in it must resolve."""
    from driftproof.catalog.resolve import Scope

    path = run.state.path
    if step.path is not None:
        run.state.path = step.path
    try:
        Resolver(run).query(step.query, Scope([], None, step.visible) if step.visible else None)
    finally:
        run.state.path = path


def set_search_path(run: Interpreter, step: op.SetSearchPath) -> None:
    """SET search_path."""
    run.state.path = run.default_path if step.reset else step.path


def transaction(run: Interpreter, step: op.Transaction) -> None:
    """BEGIN, COMMIT, ROLLBACK, SAVEPOINT."""
    run.transaction(step.command, step.savepoint)


def forget(run: Interpreter, step: op.Forget) -> None:
    """What can't be followed: UNKNOWN from here on."""
    state = run.state
    if step.table is not None:
        relation = run.relation(step.table, missing_ok=True)
        if relation is not None:
            _forget_members(run, relation, step.kind)
        return
    if step.kind in (None, "type"):
        for type_ in list(state.types.values()):
            state.put_type(Relation(type_.key, "type", UNKNOWN, open=True))
    for relation in list(state.relations.values()):
        if step.kind in (None, "relation") or (step.kind == "index" and relation.kind == "index"):
            state.put(Relation(relation.key, relation.kind, UNKNOWN, open=True, of=relation.of))
        elif step.kind in ("column", "constraint", "policy", "trigger", "rule"):
            _forget_members(run, relation, step.kind)
    for name in list(state.objects):
        if step.kind in (None, name[0]):
            state.put_object(name, UNKNOWN)


def _forget_members(run: Interpreter, relation: Relation, kind: str | None) -> None:
    relation = run.state.writable(relation)
    relation.open = True
    for member in relation.members:
        if member[0] == kind or kind is None:
            relation.members[member] = UNKNOWN


def raise_error(run: Interpreter, step: op.Raise) -> None:
    """RAISE EXCEPTION."""
    run.raises(step.sqlstate)


def end_block(run: Interpreter, _step: op.Return) -> None:
    """RETURN."""
    run.ends()


def choose(run: Interpreter, step: op.If) -> None:
    """IF: the branch of the fresh state first; where the condition is settled in every state, only that one."""
    answer = decide(run.state, step.test)
    if answer.settled is not None:
        run.unsure |= not answer.sure
        run.steps(step.then if answer.settled else step.otherwise)
        return

    def way(holds: bool) -> Callable[[], None]:
        def go() -> None:
            for wanted in answer.implied(holds):
                settle(run.state, wanted, ASSUMED if answer.there(wanted, holds) else GONE)
            run.steps(step.then if holds else step.otherwise)

        return go

    nominal = answer.fresh is not False
    run.branch(way(nominal), way(not nominal), known=answer.fresh is not None, sure=answer.sure, wild=answer.wild)


def attempt(run: Interpreter, step: op.Try) -> None:
    """A block with EXCEPTION handlers."""
    run.attempt(step.body, step.handlers)


def repeat(run: Interpreter, step: op.Repeat) -> None:
    """A loop: its body may run, or not."""
    run.branch(lambda: run.steps(step.body), lambda: None, known=False, sure=False)


EFFECTS: dict[type, Callable[[Interpreter, Any], None]] = {
    op.AddColumn: add_column,
    op.AddConstraint: add_constraint,
    op.AddLabel: add_label,
    op.Create: create,
    op.CreateIndex: create_index,
    op.CreateMember: create_member,
    op.CreateRelation: create_relation,
    op.Drop: drop_object,
    op.DropMember: drop_member,
    op.DropRelation: drop_relation,
    op.Forget: forget,
    op.If: choose,
    op.Move: move_object,
    op.MoveRelation: move_relation,
    op.Need: need_object,
    op.NeedMember: need_member,
    op.NeedRelation: need_relation,
    op.Raise: raise_error,
    op.Rename: rename_object,
    op.RenameMember: rename_member,
    op.RenameRelation: rename_relation,
    op.Repeat: repeat,
    op.Return: end_block,
    op.Run: run_query,
    op.SetSearchPath: set_search_path,
    op.Transaction: transaction,
    op.Try: attempt,
}
