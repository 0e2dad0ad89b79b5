"""Statements that the fresh state has run, in their order, over what the history has made so far."""

from collections.abc import Callable, Sequence

from driftproof.schema import types
from driftproof.schema.alter import alter_table
from driftproof.schema.drops import comment, drop
from driftproof.schema.naming import name_in, qualify, routines_of
from driftproof.schema.renames import rename, set_schema
from driftproof.schema.tables import create_table, free_index
from driftproof.schema.things import Made, Relation, Routine, Thing
from driftproof.syntax.printing import (
    Tree,
    column_ref,
    copy_of,
    inside,
    kind_of,
    result_target,
    strings,
    texts,
    trees,
    type_of,
)


def fold(ran: Sequence[tuple[str, tuple[str, ...]]]) -> Made:
    """What these statements make, each with the search_path that it runs under."""
    made = Made()
    for text, path in ran:
        for tree in trees(text):
            made.path = path
            _run(made, tree)
    return made


def _run(made: Made, tree: Tree) -> None:
    handler = _STATEMENTS.get(kind_of(tree))
    if handler is not None:
        handler(made, tree)


# -- schemas and extensions --------------------------------------------------------------------------------------------


def _create_schema(made: Made, tree: Tree) -> None:
    name = tree.schemaname or tree.authrole.rolename
    made.named.setdefault(("schema", name), Thing("schema", ("", name), None))
    path, made.path = made.path, (name, *made.path)
    for element in tree.schemaElts or ():
        _run(made, element)
    made.path = path


def _create_extension(made: Made, tree: Tree) -> None:
    tree = copy_of(tree, if_not_exists=True)
    made.named.setdefault(("extension", tree.extname), Thing("extension", ("", tree.extname), tree))


# -- relations ---------------------------------------------------------------------------------------------------------


def _alter_table(made: Made, tree: Tree) -> None:
    schema, name = tree.relation.schemaname, tree.relation.relname
    if tree.objtype.name == "OBJECT_TYPE":
        key = made.find_type(schema, name)
        if key is not None and key in made.types:
            for command in tree.cmds:
                types.alter_composite(made.types[key], made, command)
        return
    found = made.index(schema, name) if made.find(schema, name) is None else None
    if found is not None:
        found[1].lost = "ALTER INDEX changed it"
        return
    relation = made.outside(schema, name)
    for command in tree.cmds:
        alter_table(made, relation, command)


def _create_view(made: Made, tree: Tree) -> None:
    if tree.view.relpersistence == "t":
        return
    key = made.place(tree.view.schemaname, tree.view.relname)
    tree = copy_of(tree)
    _expand_stars(made, tree.query)
    qualify(made, tree)
    tree.view.schemaname = key[0]
    old = made.relations.get(key)
    view = Relation("view", key, tree)
    if old is not None and tree.replace:  # what hangs on it stays
        old.tree, old.lost = tree, None
        view = old
    tree.replace = False
    made.relations[key] = view


def _create_as(made: Made, tree: Tree) -> None:
    if tree.into.rel.relpersistence == "t":
        return
    key = made.place(tree.into.rel.schemaname, tree.into.rel.relname)
    if made.is_there(key) and tree.if_not_exists:
        return
    tree = copy_of(tree, if_not_exists=False)
    materialized = tree.objtype.name == "OBJECT_MATVIEW"
    if kind_of(tree.query) == "SelectStmt":
        _expand_stars(made, tree.query)
    qualify(made, tree)
    tree.into.rel.schemaname = key[0]
    tree.into.skipData = not materialized or tree.into.skipData
    made.relations[key] = Relation("materialized view" if materialized else "table", key, tree)
    if not materialized:
        made.relations[key].lost = "its columns are those of a query"


def _expand_stars(made: Made, query: Tree) -> None:
    """What ``*`` means now, written out where that is plain: over named tables that the history made."""
    if not query.targetList or any(kind_of(node) == "CommonTableExpr" for node in inside(query)):
        return
    sources = _sources(made, query.fromClause or ())
    if sources is None:
        return
    targets: list[Tree] = []
    for target in query.targetList:
        fields = target.val.fields if kind_of(target.val) == "ColumnRef" else ()
        if not fields or kind_of(fields[-1]) != "A_Star":
            targets.append(target)
            continue
        names = texts(fields[:-1])[-1:] or list(sources)
        for name in names:
            targets += [result_target(column_ref(name, column)) for column in sources.get(name, ())]
    query.targetList = tuple(targets)


def _sources(made: Made, items: Sequence[Tree]) -> dict[str, list[str]] | None:
    """The columns of each table in a FROM clause, by the name that it has there; None where that is not plain."""
    found: dict[str, list[str]] = {}
    for item in items:
        if kind_of(item) == "JoinExpr" and not item.usingClause and not item.isNatural and item.alias is None:
            inner = _sources(made, (item.larg, item.rarg))
        elif kind_of(item) == "RangeVar" and (item.alias is None or not item.alias.colnames):
            key = made.find(item.schemaname, item.relname)
            columns = made.relations[key].columns if key is not None else None
            name = item.alias.aliasname if item.alias is not None else item.relname
            inner = None if columns is None else {name: list(columns)}
        else:
            return None
        if inner is None or found.keys() & inner.keys():
            return None
        found.update(inner)
    return found


def _create_sequence(made: Made, tree: Tree) -> None:
    if tree.sequence.relpersistence == "t":
        return
    key = made.place(tree.sequence.schemaname, tree.sequence.relname)
    if made.is_there(key) and tree.if_not_exists:
        return
    tree = copy_of(tree, if_not_exists=False)
    tree.sequence.schemaname = key[0]
    sequence = made.relations[key] = Relation("sequence", key, tree)
    _owned(made, sequence, tree)


def _alter_sequence(made: Made, tree: Tree) -> None:
    key = made.find(tree.sequence.schemaname, tree.sequence.relname)
    if key is None:
        return
    sequence = made.relations[key]
    tree = copy_of(tree)
    tree.sequence.schemaname = key[0]
    _owned(made, sequence, tree)
    if tree.options:
        sequence.after.append(tree)


def _owned(made: Made, sequence: Relation, tree: Tree) -> None:
    """Take OWNED BY out of the options: it is said when the table is there."""
    for option in tree.options or ():
        if option.defname == "owned_by":
            *schema, table, column = ["", *texts(option.arg)][-3:] if len(texts(option.arg)) > 1 else ("", "", "")
            key = made.find(next(filter(None, schema), None), table) if table else None
            sequence.after = [item for item in sequence.after if not isinstance(item, tuple)]
            if key is not None:
                sequence.after.append((key, column))
    tree.options = tuple(item for item in tree.options or () if item.defname not in ("owned_by", "restart"))


def _create_index(made: Made, tree: Tree) -> None:
    relation = made.outside(tree.relation.schemaname, tree.relation.relname)
    key = relation.key
    if tree.if_not_exists and made.index(key[0], tree.idxname) is not None:
        return
    tree = copy_of(tree, concurrent=False, if_not_exists=False)
    qualify(made, tree)
    if tree.idxname is None:
        tree.idxname = free_index(made, relation, tree)
    elif made.index(key[0], tree.idxname) is not None:
        found = made.index(key[0], tree.idxname)
        if found is not None:
            found[0].parts.pop(("index", tree.idxname))
    relation.parts["index", tree.idxname] = Thing("index", key, tree)


def _part(kind: str, table: str, name: str) -> Callable[[Made, Tree], None]:
    """CREATE TRIGGER, POLICY and RULE: the fields that hold the relation and the name."""

    def create(made: Made, tree: Tree) -> None:
        place = getattr(tree, table)
        relation = made.outside(place.schemaname, place.relname)
        tree = copy_of(tree)
        if hasattr(tree, "replace"):
            tree.replace = False
        qualify(made, tree)
        relation.parts[kind, getattr(tree, name)] = Thing(kind, relation.key, tree)

    return create


def _alter_policy(made: Made, tree: Tree) -> None:
    key = made.find(tree.table.schemaname, tree.table.relname)
    policy = made.relations[key].parts.get(("policy", tree.policy_name)) if key is not None else None
    if policy is None:
        return
    tree = copy_of(tree)
    qualify(made, tree)
    for field in ("roles", "qual", "with_check"):
        if getattr(tree, field) is not None:
            setattr(policy.tree, field, getattr(tree, field))


# -- functions ---------------------------------------------------------------------------------------------------------


def _create_routine(made: Made, tree: Tree) -> None:
    key = made.place(*name_in(tree.funcname))
    tree = copy_of(tree, funcname=strings(*key))
    qualify(made, tree)
    inputs = [item for item in tree.parameters or () if item.mode.name not in ("FUNC_PARAM_OUT", "FUNC_PARAM_TABLE")]
    arguments = tuple(type_of(copy_of(item.argType, typmods=None)) for item in inputs)
    kind = "procedure" if tree.is_procedure else "function"
    routine = Routine(kind, key, tree, arguments)
    old = made.routines.get((key, arguments)) if tree.replace else None
    if old is not None:
        routine.comment, tree.replace = old.comment, old.tree.replace
    made.routines[key, arguments] = routine


def _alter_function(made: Made, tree: Tree) -> None:
    for routine in routines_of(made, tree.func):
        options = list(routine.tree.options)
        for action in copy_of(tuple(tree.actions)):
            setting = action.arg if action.defname == "set" else None
            options = [item for item in options if not _replaces(action, item)]
            if setting is None or setting.kind.name not in ("VAR_RESET", "VAR_RESET_ALL", "VAR_SET_DEFAULT"):
                options.append(action)
        routine.tree.options = tuple(options)


def _replaces(action: Tree, option: Tree) -> bool:
    """Whether what ALTER FUNCTION says stands in the place of an option; of settings each has a name."""
    if action.defname != option.defname:
        return False
    if action.defname != "set":
        return True
    return bool(action.arg.kind.name == "VAR_RESET_ALL" or action.arg.name == option.arg.name)


_STATEMENTS: dict[str, Callable[[Made, Tree], None]] = {
    "AlterDomainStmt": types.alter_domain,
    "AlterEnumStmt": types.alter_enum,
    "AlterFunctionStmt": _alter_function,
    "AlterObjectSchemaStmt": set_schema,
    "AlterPolicyStmt": _alter_policy,
    "AlterSeqStmt": _alter_sequence,
    "AlterTableStmt": _alter_table,
    "CommentStmt": comment,
    "CompositeTypeStmt": types.create_composite,
    "CreateDomainStmt": types.create_domain,
    "CreateEnumStmt": types.create_enum,
    "CreateExtensionStmt": _create_extension,
    "CreateForeignTableStmt": create_table,
    "CreateFunctionStmt": _create_routine,
    "CreatePolicyStmt": _part("policy", "table", "policy_name"),
    "CreateRangeStmt": types.create_range,
    "CreateSchemaStmt": _create_schema,
    "CreateSeqStmt": _create_sequence,
    "CreateStmt": create_table,
    "CreateTableAsStmt": _create_as,
    "CreateTrigStmt": _part("trigger", "relation", "trigname"),
    "DropStmt": drop,
    "IndexStmt": _create_index,
    "RenameStmt": rename,
    "RuleStmt": _part("rule", "relation", "rulename"),
    "ViewStmt": _create_view,
}
