"""Views: what WITH CHECK OPTION asks of the query, OR REPLACE of the view that stands, and what of that stays."""

from collections.abc import Sequence

from driftproof.catalog import routines
from driftproof.catalog.effects.refusals import check_kind
from driftproof.catalog.entries import SYSTEM_COLUMNS, Relation
from driftproof.catalog.facts import PRESENT, Fact
from driftproof.catalog.interpreter import Interpreter
from driftproof.catalog.scopes import Field, Result
from driftproof.objects import Object
from driftproof.statements.query import ColumnRef, Query, Table


def check_option(run: Interpreter, query: Query, *, written: bool) -> None:
    """WITH CHECK OPTION is for views through which rows can be changed: those that are ``written`` so, over a table or
    another view, and with a column of it."""
    source = query.sources[0] if query.sources else None
    relation = run.state.look_up(source.name)[1] if written and isinstance(source, Table) else None
    of_rows = relation is None or relation.kind in ("table", "view", "foreign table", "relation")
    stored = any(
        output.star is not None or not isinstance(output.type, ColumnRef) or output.type.parts[-1] not in SYSTEM_COLUMNS
        for output in query.outputs
    )
    sets = any(routines.returns_set(call, None) for call in (*query.expression.calls, *query.behind.calls))
    if not run.unsure and not (written and of_rows and stored and not sets):
        run.raises("0A000")


def replace_view(
    run: Interpreter,
    before: Relation,
    relation: Relation,
    columns: Sequence[tuple[str, Fact | None]],
    outputs: Result,
) -> None:
    """The name must be a view's, and the old columns must stay, under their names, in their order and of their types;
    new ones may follow. Triggers and rules stay, and so does what depends on the view."""
    check_kind(run, before, ("view",))
    relation.dependents, relation.sources = dict(before.dependents), dict(before.sources)
    relation.members = {member: fact for member, fact in before.members.items() if member[0] != "column"}
    if before.kind != "view" or before.open or relation.open:
        return
    old = list(before.columns())
    certain = all(before.member("column", name).sure for name in old)
    certain = certain and all(fact is None or fact.sure for _, fact in columns)
    names = [name for name, _ in columns]
    if certain and (names[: len(old)] != old or _retyped(before, outputs.settled())):
        run.forbid(Object("relation", before.key[0], None, before.key[1]), before.fact, sqlstate="42P16")
    fresh = {fact.doubt for _, fact in columns if fact is not None}
    for name in old:  # without a column of its own the view that stands has others in its place
        was = before.member("column", name)
        left = [other for other in old if other != name]
        if was.doubt is None or was.doubt in fresh or names[: len(left)] == left:
            continue
        if not any(failure.origin == was.doubt.origin and failure.object.name == name for failure in run.failures):
            run.need(relation.object("column", name), was, lambda _fact: None, sqlstate="42P16")
    for name, fact in columns:  # without a column that is in doubt, others take its place
        if fact is None or fact.doubt is None:
            continue
        lost = before.member("column", name).doubt is fact.doubt  # the view that stands lacks it as well
        left = [other for other in old if not (lost and other == name)]
        if [other for other in names if other != name][: len(left)] != left:
            run.need(relation.object("column", name), fact, lambda _fact: None, sqlstate="42P16")


def _retyped(before: Relation, outputs: Result) -> bool:
    """Whether a column of a view is certainly of another type in the query that replaces its own."""
    old = (Field(PRESENT, before, name).type for name in before.columns())
    new = (field.type for _, field in outputs.columns)
    return any(None not in pair and pair[0] != pair[1] for pair in zip(old, new, strict=False))
