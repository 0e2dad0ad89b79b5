"""What belongs to a table and has a name elsewhere: statistics in a schema, the tables of a publication."""

from driftproof.catalog import naming
from driftproof.catalog.effects.inheritance import descendants, doubted_heir
from driftproof.catalog.effects.objects import relabel
from driftproof.catalog.effects.refusals import check_kind, fails
from driftproof.catalog.entries import SYSTEM_COLUMNS, Key, Member, Relation
from driftproof.catalog.facts import ABSENT, GONE, PRESENT, Fact, Presence
from driftproof.catalog.interpreter import Interpreter
from driftproof.catalog.resolve import Resolver
from driftproof.catalog.state import ObjectKey
from driftproof.objects import Object
from driftproof.statements import operations as op
from driftproof.statements.query import NOTHING


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
    every: ObjectKey = ("publication-table", None, step.publication)
    if step.how == "make":
        run.state.put_object(every, PRESENT if step.all_tables else ABSENT)
    else:
        fails(run, "55000", run.state.objects.get(every, ABSENT))  # all tables are in it already
    run.unsure |= step.schemas
    if step.how in ("make", "set"):
        relabel(run, "publication-table", step.publication, None, certain=not run.unsure)
    listed = _listed(run, step)
    for relation, published, fact in listed:
        if published.condition != NOTHING:
            _refuse_part(run, step, relation)
            if fact.presence is Presence.PRESENT:
                Resolver(run).over(published.condition, run.state.relations[relation.key])
    for relation, published, _ in listed:
        if published.columns:
            _refuse_part(run, step, relation)
    for relation, published, fact in listed:
        _publish_one(run, step, run.state.relations[relation.key], published, fact)


def _listed(run: Interpreter, step: op.Publish) -> list[tuple[Relation, op.Published, Fact]]:
    """The tables that are listed, and those that inherit from them, with what is known of that; partitions are
    published with their parent. What is listed twice is listed as a whole. Source: OpenTableList, publicationcmds.c."""
    found: dict[Key, tuple[Relation, op.Published, Fact]] = {}
    for published in step.tables:
        relation = run.relation(published.table)
        if relation is None:
            run.unsure = True
            continue
        alone = published.only or bool(relation.partitioned)
        for table in [relation] if alone else descendants(run, relation):
            if table.key not in found:
                doubted = doubted_heir(relation, table) if table is not relation else None
                found[table.key] = table, published, PRESENT if doubted is None else doubted[1]
            elif published.in_part or found[table.key][1].in_part:
                fails(run, "42710", relation.fact, table.fact)
    return list(found.values())


def _refuse_part(run: Interpreter, step: op.Publish, relation: Relation) -> None:
    """The partitions of a partitioned table would have to be published in part."""
    if not relation.partitioned or step.how == "drop":
        return
    if step.rooted is None:
        run.unsure = True
    else:
        fails(run, "22023", relation.fact)


def _publish_one(run: Interpreter, step: op.Publish, relation: Relation, published: op.Published, listed: Fact) -> None:
    member: Member = ("publication-table", step.publication)
    if step.how == "drop":
        relation = run.need_member(relation, *member)
    else:
        if step.how == "add":
            run.forbid(relation.object(*member), relation.member(*member))
        if relation.kind not in ("table", "relation") or relation.key[0] == "pg_temp":
            fails(run, "22023", relation.fact)
    for at, column in enumerate(published.columns if listed.presence is Presence.PRESENT else ()):
        relation = run.need_member(relation, "column", column)
        if column in SYSTEM_COLUMNS and not run.unsure:
            run.raises("42P10")
        fails(run, "42P10", relation.member("virtual", column))
        if column in published.columns[:at] and not run.unsure:
            run.raises("42710")
    there = (listed if listed.doubt else run.made()) if step.how != "drop" else GONE if run.unsure else ABSENT
    relation = run.state.put_member(relation, member, there)
    used = (reference.parts[-1] for reference in published.condition.columns)
    relation.uses[member] = (*published.columns, *used)
