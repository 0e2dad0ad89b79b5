"""What belongs to a table and has a name elsewhere: statistics in a schema, the tables of a publication."""

from driftproof.catalog import naming
from driftproof.catalog.effects.objects import relabel
from driftproof.catalog.effects.refusals import check_kind, fails
from driftproof.catalog.entries import Key
from driftproof.catalog.facts import ABSENT, GONE, PRESENT, UNKNOWN, Presence
from driftproof.catalog.interpreter import Interpreter
from driftproof.catalog.resolve import Resolver
from driftproof.objects import Kind, Object
from driftproof.statements import operations as op
from driftproof.statements.query import Expression


def create_statistics(run: Interpreter, made: op.CreateStatistics) -> None:
    """CREATE STATISTICS: the name is looked at before the columns are."""
    if made.name is not None:
        run.need_schema(made.name.schema)
    relation = run.relation(made.table)
    if relation is None:
        return
    Resolver(run).over(made.expression, relation)
    relation = run.state.relations[relation.key]
    check_kind(run, relation, ("table", "materialized view", "foreign table"), at=made.table.at)
    key = run.creation_key(made.name) if made.name is not None else None
    if made.name is not None and key is None:
        return
    if key is None:
        key = (relation.key[0], naming.statistics_name(run.state, relation, made.keys))
    fact = run.state.statistics(key)
    if made.if_not_exists and fact.presence is Presence.PRESENT:
        return
    if not made.if_not_exists and fact.presence is not Presence.ABSENT:
        run.forbid(Object("statistics", key[0], None, key[1]), fact)
    columns = tuple(column for column in made.keys if column is not None)
    for at, column in enumerate(columns):
        relation = run.need_member(relation, "column", column)
        if column in columns[:at]:
            run.raises("42701")
    label = ".".join(key)
    relation = run.state.put_member(relation, ("statistics", label), run.made())
    relation.uses["statistics", label] = columns + tuple(ref.parts[-1] for ref in made.expression.columns)


def publish(run: Interpreter, step: op.Publish) -> None:
    """CREATE PUBLICATION, and ALTER PUBLICATION ... ADD, SET and DROP TABLE."""
    every: tuple[Kind, str | None, str] = ("publication-table", None, step.publication)
    if step.how == "make":
        run.state.put_object(every, PRESENT if step.all_tables else ABSENT)
    else:
        fails(run, "55000", run.state.objects.get(every, ABSENT))  # all tables are in it already
    run.unsure |= step.schemas
    if step.how in ("make", "set"):
        relabel(run, "publication-table", step.publication, None, certain=not run.unsure)
    seen: set[Key] = set()
    for name, columns, condition in zip(step.tables, step.columns, step.conditions, strict=True):
        relation = run.relation(name)
        if relation is not None and relation.key in seen:
            continue
        seen |= set() if relation is None else {relation.key}
        if relation is None:
            run.unsure = True
            continue
        lasting = relation.kind in ("table", "relation") and relation.key[0] != "pg_temp"
        if not lasting and step.how != "drop":
            fails(run, "22023", relation.fact)
            continue
        if relation.partitioned and step.how != "drop" and (columns or condition != Expression()):
            if step.rooted is None:
                run.unsure = True
            else:  # its partitions would have to be published in part
                fails(run, "22023", relation.fact)
                continue
        Resolver(run).over(condition, relation)
        relation = run.state.relations[relation.key]
        for column in columns:
            relation = run.need_member(relation, "column", column)
        if step.how == "drop":
            relation = run.need_member(relation, "publication-table", step.publication)
        elif step.how == "add":
            wanted = relation.object("publication-table", step.publication)
            run.forbid(wanted, relation.member("publication-table", step.publication))
        there = run.made() if step.how != "drop" else GONE if run.unsure else ABSENT
        relation = run.state.put_member(relation, ("publication-table", step.publication), there)
        named = columns + tuple(reference.parts[-1] for reference in condition.columns)
        relation.uses["publication-table", step.publication] = named
        for child in run.state.children(relation):  # tables that inherit from it come along, partitions do not
            run.state.put_member(child, ("publication-table", step.publication), UNKNOWN)
