"""The second run of a file: what fails over its own effects, and where that is worth saying."""

from collections.abc import Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING

import msgspec

from driftproof.catalog.failures import Failure
from driftproof.diagnostic import Certainty
from driftproof.objects import Object
from driftproof.rerun import Rerun
from driftproof.statements import operations as op
from driftproof.statements.query import Modification, Name
from driftproof.statements.walk import conditional, flat

if TYPE_CHECKING:
    from driftproof.catalog import Interpreter
    from driftproof.rule import FileContext, StatementContext


def second_run(
    run: "Interpreter", file: "FileContext", failed: set[int], rerun: Rerun
) -> Iterator[tuple[op.Statement, Failure]]:
    """What fails when the file that ``run`` has just read runs again over its own effects, statement by statement.

    ``failed`` are the statements that fail in the first run already: nothing is said of those.
    """
    statements, migration = file.statements, file.migration
    if rerun is Rerun.NEVER or not statements:
        return
    guarded = {key for name in _guarded(statements) if (key := run.state.look_up(name)[0]) is not None}
    # How a file that stands alone is run is not known.
    halves = not migration.run_mode.clean_after_failure and not file.history.alone and not _one_transaction(statements)
    if rerun is Rerun.AUTO and not halves and not guarded and not migration.repeatable:
        return
    with run.again():
        for statement in statements:
            for failure in run.run(statement, partial(migration.source.line_number, statement.start)):
                if failure.certainty is not Certainty.ALWAYS or statement.index in failed:
                    continue
                companion = not failure.missing and _owner(run, failure.object) in guarded
                # Nothing stands behind the last statement that could fail and leave it done.
                stopped = halves and statement is not statements[-1]
                if rerun is Rerun.ALWAYS or companion or stopped or migration.repeatable:
                    unlikely = rerun is Rerun.AUTO and not companion and not migration.repeatable
                    yield (
                        statement,
                        msgspec.structs.replace(
                            failure, certainty=Certainty.RERUN, companion=companion, unlikely=unlikely
                        ),
                    )


def doubled(context: "StatementContext") -> str | None:
    """What a statement of a file that is run again leaves a second time, without failing: rows, an index or a
    constraint whose name PostgreSQL makes up. None where that is not certain."""
    for step in context.statement.operations:
        match step:
            case op.CreateIndex(name=None, if_not_exists=False) if not _remade(context, step.table):
                return "another index"
            case op.AddConstraint(constraint=op.Constraint(name=None, kind="check" | "foreign key" | "unique") as made):
                if not _remade(context, step.table):
                    return f"another {made.kind if made.kind != 'unique' else 'unique constraint'}"
            case op.Run(query=query) if query.modifies is not None and query.modifies.rows:
                if not query.modifies.forgives and _has_no_key(context, query.modifies):
                    return "the same rows"
    return None


def _remade(context: "StatementContext", table: Name) -> bool:
    """Whether the file itself makes the table, or takes something of it away: then nothing of it may be there twice."""
    for statement in context.file.statements:
        for step in flat(statement.operations):
            match step:
                case op.CreateRelation(if_not_exists=False) | op.DropRelation() if step.name.name == table.name:
                    return True
                case op.DropRelation(kind="index") | op.DropMember() | op.Forget() | op.Transaction():
                    return True
    return False


def _has_no_key(context: "StatementContext", written: Modification) -> bool:
    """Whether no key of a table is among the columns that are written, so that the same rows find their place again."""
    _, table = context.catalog.look_up(written.target)
    if table is None or table.kind != "table" or table.open or table.vague or table.children or table.parents:
        return False
    if _remade(context, written.target) or any(kind in ("trigger", "rule") for kind, _ in table.members):
        return False
    if any(statement.command in ("DELETE", "TRUNCATE", "UPDATE", "MERGE") for statement in context.file.statements):
        return False
    columns = {column.parts[0] for column in written.columns} or set(table.columns())
    return not any(columns & set(used) for (kind, _), used in table.uses.items() if kind in ("constraint", "index"))


def renamed(statements: Iterable[op.Statement], wanted: Object) -> bool:
    """Whether one of the statements gives the object, or what it belongs to, another name or schema."""
    names = {wanted.name, wanted.relation}
    for statement in statements:
        for step in flat(statement.operations):
            match step:
                case op.RenameRelation() | op.MoveRelation() | op.Rename() | op.Move() if step.name.name in names:
                    return True
                case op.RenameRoutine() if wanted.kind == "function" and step.name.name == wanted.name:
                    return True
                case op.RenameMember() if step.name == wanted.name:
                    return True
                case op.AddLabel() if step.renames == wanted.name:
                    return True
    return False


def _guarded(statements: Iterable[op.Statement]) -> Iterator[Name]:
    """The tables and types that the file makes only where they are not there yet."""
    for statement in statements:
        for step in statement.operations:
            if isinstance(step, op.CreateRelation) and step.if_not_exists and not step.temporary:
                yield step.name
        for step in conditional(statement.operations):
            if isinstance(step, op.CreateRelation) or (isinstance(step, op.Create) and step.kind == "type"):
                yield step.name


def _owner(run: "Interpreter", made: Object) -> tuple[str, str] | None:
    if made.schema is None:
        return None
    if made.kind == "index":
        index = run.state.relations.get((made.schema, made.name))
        return index.of if index is not None else None
    return (made.schema, made.relation) if made.relation is not None else None


def _one_transaction(statements: tuple[op.Statement, ...]) -> bool:
    """Whether the file itself says BEGIN first and COMMIT last, and nothing of the kind between."""
    ends = [
        (statement.index, step.command)
        for statement in statements
        for step in statement.operations
        if isinstance(step, op.Transaction) and step.command in ("begin", "commit", "rollback")
    ]
    return ends == [(statements[0].index, "begin"), (statements[-1].index, "commit")]
