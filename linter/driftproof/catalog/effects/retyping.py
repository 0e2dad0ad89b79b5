"""ALTER COLUMN ... TYPE: what PostgreSQL looks at before all subcommands, and what it does in its turn.

Source: ATPrepAlterColumnType and ATExecAlterColumnType, tablecmds.c.
"""

from driftproof.catalog import routines
from driftproof.catalog.coercion import category, spelled_type
from driftproof.catalog.effects.dependents import holders, refuse
from driftproof.catalog.effects.inheritance import descendants, refuse_inherited, refuse_partitioned, refuse_shared
from driftproof.catalog.effects.refusals import fails
from driftproof.catalog.effects.rows import forget_values
from driftproof.catalog.entries import Relation
from driftproof.catalog.facts import PRESENT
from driftproof.catalog.interpreter import Interpreter
from driftproof.catalog.resolve import Resolver
from driftproof.catalog.typenames import need_column_type, refuse_itself, spelled
from driftproof.statements import operations as op
from driftproof.statements.query import Expression


def retype(run: Interpreter, step: op.Retype) -> None:
    """ALTER COLUMN ... TYPE."""
    relation = run.relation(step.table, missing_ok=step.table_missing_ok)
    if relation is None:
        return
    if step.prepares:
        _prepare(run, relation, step)
    else:
        _work(run, run.need_member(relation, "column", step.column.name), step.column)


def _prepare(run: Interpreter, relation: Relation, step: op.Retype) -> None:
    """USING is read before the column is looked for; then comes the type, to which the old one is cast by itself if
    there is no USING, and the tables that inherit last."""
    to = step.column
    if step.sees is not None:
        _read_using(run, relation, step.sees, only=step.only)
    relation = run.need_member(run.state.relations[relation.key], "column", to.name)
    refuse_inherited(run, relation, to.name)
    refuse_partitioned(run, relation, to.name)
    need_column_type(run, to)
    refuse_itself(run, relation, to)
    old, new = spelled_type(relation.types.get(to.name, "")), spelled_type(spelled(run, to))
    if to.default is None and relation.kind == "table" and routines.refuses(run, old, new, assigned=True):
        fails(run, "42804", relation.member("column", to.name))
    if step.only:
        for child in run.state.children(relation):
            fails(run, "42P16", child.fact)
    else:
        refuse_shared(run, relation, to.name)


def _read_using(run: Interpreter, relation: Relation, using: Expression, *, only: bool) -> None:
    Resolver(run).over(using, relation)
    if only or all(len(column.parts) == 1 for column in using.columns):
        return
    for child in descendants(run, relation)[1:]:  # where it is read under that table's name
        if child.key[1] != relation.key[1]:
            fails(run, "42P01", child.fact)


def _work(run: Interpreter, relation: Relation, to: op.Column) -> None:
    """Refused where a view, a rule, a policy or a trigger uses the column, or that of a table that inherits it."""
    found = [
        (dependent, needs)
        for owner in descendants(run, relation)
        for dependent, needs in holders(owner, to.name)
        if dependent[1] is None or dependent[1][0] in ("policy", "trigger", "rule", "column")
    ]
    if _no_label(run, relation.types.get(to.name, ""), to):
        fails(run, "42804", relation.member("default", to.name))
    refuse(run, relation.object("column", to.name), found, "0A000")
    old, new = spelled_type(relation.types.get(to.name, "")), spelled_type(spelled(run, to))
    if old is None or new is None or category(old) != category(new):
        run.unsure |= any(_is_compared(run, owner, to.name) for owner in descendants(run, relation))
    for heir in descendants(run, relation):
        heir = run.state.writable(heir)
        heir.types[to.name] = spelled(run, to)
        forget_values(run, heir)


def _is_compared(run: Interpreter, relation: Relation, column: str) -> bool:
    """Whether an expression of a constraint or an index uses a column: it is read again, and may not take another
    type."""
    for (kind, name), columns in relation.uses.items():
        if column in columns and kind in ("constraint", "index"):
            index = run.state.relations.get((relation.key[0], name))
            plain = index is not None and index.shape is not None and index.shape.plain
            if relation.constraints.get(name) == "check" or (kind == "index" and not plain):
                return True
    return False


def _no_label(run: Interpreter, old: str, to: op.Column) -> bool:
    """Whether a default of the old type is certainly none of the new one, which is an enum: USING is not for defaults,
    and no text is cast to a label by itself."""
    new = run.type(to.type) if to.type is not None else None
    if new is None or new.kind != "enum" or new.fact != PRESENT or to.spelled.endswith("]") is not old.endswith("]"):
        return False
    old = old.removesuffix("[]")
    text = spelled_type(old) in ("pg_catalog.text", "pg_catalog.varchar", "pg_catalog.bpchar")
    schema, _, name = old.partition(".")
    known = run.state.types.get((schema, name))
    other = known is not None and known.kind == "enum" and known.key != new.key
    return (text or other) and not run.state.has_any("cast")
