"""What the rules of the existence family say: one wording for an object that is missing, one for one that is there,
and one for what a second run finds."""

from collections.abc import Callable

from driftproof.catalog.failures import Failure
from driftproof.diagnostic import Certainty, Diagnostic, Fix
from driftproof.objects import Kind, described, word_for
from driftproof.rule import Rule, StatementContext

MakeFix = Callable[[StatementContext, Failure], Fix | None]


def _predicts(rule: Rule, failure: Failure) -> bool:
    return failure.certainty is not Certainty.RERUN and (failure.cause or failure.sqlstate) in rule.sqlstates


def missing(
    rule: Rule, context: StatementContext, failure: Failure, kinds: tuple[Kind, ...], fix: MakeFix | None = None
) -> Diagnostic | None:
    """The diagnostic of a statement that needs an object of one of these kinds; None if the failure is another one.

    ``fix`` makes the fix where the object is in doubt.
    """
    wanted = failure.object
    if not failure.missing or wanted.kind not in kinds or not _predicts(rule, failure):
        return None
    if failure.certainty is Certainty.ALWAYS:
        return rule.failed(context, failure, f"{described(wanted)} does not exist here: {failure.sqlstate}")
    message = f"{described(wanted)} may not exist here: {failure.sqlstate}"
    made = fix(context, failure) if fix is not None else None
    return rule.failed(context, failure, message, fix=made, help=_help(context, failure))


def present(rule: Rule, context: StatementContext, failure: Failure, kinds: tuple[Kind, ...]) -> Diagnostic | None:
    """The diagnostic of a statement that makes an object of one of these kinds, which is there already."""
    made = failure.object
    if failure.missing or made.kind not in kinds or not _predicts(rule, failure):
        return None
    return rule.failed(context, failure, f"{described(made)} exists already: {failure.sqlstate}")


def repeated(rule: Rule, context: StatementContext, failure: Failure, *, help: str, fix: MakeFix) -> Diagnostic:
    """The diagnostic of a statement that fails when its file runs over its own effects."""
    end = "does not exist any more" if failure.missing else "exists already"
    message = f"a second run fails here: {described(failure.object)} {end}: {failure.sqlstate}"
    return rule.failed(context, failure, message, fix=fix(context, failure), help=help)


def _help(context: StatementContext, failure: Failure) -> str:
    wanted = failure.object
    if context.statement.command.startswith("DROP ") and wanted.kind != "column":
        return f"{context.statement.command} IF EXISTS passes where it is missing"
    if wanted.kind == "column" and wanted.relation is not None:
        return f"make sure of it first: ALTER TABLE {wanted.relation} ADD COLUMN IF NOT EXISTS {wanted.name} ..."
    return f"make sure of it first, in a block of its own that tests for the {word_for(wanted.kind).strip()}"
