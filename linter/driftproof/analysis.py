"""Fold a history into diagnostics: parse each migration, hold each statement against the catalog, ask the rules."""

from collections.abc import Callable, Sequence
from functools import partial

import msgspec

from driftproof.catalog import Interpreter, interpreter
from driftproof.catalog.failures import Failure
from driftproof.diagnostic import Certainty, Diagnostic
from driftproof.history import History
from driftproof.objects import Object
from driftproof.repetition import second_run
from driftproof.rerun import Rerun
from driftproof.rule import FileContext, Rule, StatementContext
from driftproof.source import Unreadable
from driftproof.statements.operations import Statement, Transaction
from driftproof.suppress import apply, find_ignores
from driftproof.syntax import Parsed, parse


class Analysis(msgspec.Struct, frozen=True):
    """What was found in the named migrations of a history, ordered by path, offset and code."""

    diagnostics: tuple[Diagnostic, ...]
    files: int
    statements: int


def analyse(
    history: History, rules: Sequence[Rule], known: Sequence[Rule] | None = None, *, rerun: Rerun = Rerun.AUTO
) -> Analysis:
    """The diagnostics of the named migrations, suppression comments honoured.

    ``known`` are all rules that an ignore comment may name, if those that run are not all of them; ``rerun`` says when
    failures of a second run are reported.
    """
    run = interpreter(history.framework.platform)
    found: list[Diagnostic] = []
    statements = 0
    last = max(history.named, default=-1)
    read: dict[int, tuple[Statement, ...]] = {}
    on_file = [partial(rule.on_file, rule) for rule in rules if rule.on_file is not None]
    on_statement = [partial(rule.on_statement, rule) for rule in rules if rule.on_statement is not None]
    on_failure = [partial(rule.on_failure, rule) for rule in rules if rule.on_failure is not None]
    for migration in history.migrations[: last + 1]:
        named = migration.index in history.named
        file = FileContext(history, migration, read)
        parsed = _read(file)
        read[migration.index] = parsed.statements
        rolls_back = any(
            isinstance(operation, Transaction) and operation.command.startswith("rollback")
            for statement in parsed.statements
            for operation in statement.operations
        )
        run.start_file(migration.index, migration.path, rolls_back=rolls_back)
        findings = _Findings(
            file, run, on_failure, [item for check in on_file for item in check(file)] if named else []
        )
        failed: set[int] = set()
        for statement in parsed.statements:
            if named:
                for look in on_statement:
                    findings.diagnostics.extend(look(StatementContext(file, statement, run.state)))
            for failure in run.run(statement, partial(migration.source.line_number, statement.start)):
                if failure.certainty is Certainty.ALWAYS:
                    failed.add(statement.index)
                if named:
                    findings.judge(statement, failure)
        if named:
            for statement, failure in second_run(run, migration, parsed.statements, failed, rerun, alone=history.alone):
                findings.judge(statement, failure)
            statements += len(parsed.statements) + len(parsed.failures)
            found.extend(_suppressed(file, parsed, findings.diagnostics, rules, known or rules))
    found.sort(key=lambda diagnostic: (diagnostic.path, diagnostic.span.start.offset, diagnostic.code))
    return Analysis(tuple(found), len(history.named), statements)


class _Findings:
    """What the rules say of one migration: one diagnostic an object for its first run, and one for a second."""

    def __init__(
        self,
        file: FileContext,
        run: Interpreter,
        checks: Sequence[Callable[[StatementContext, Failure], Diagnostic | None]],
        diagnostics: list[Diagnostic],
    ) -> None:
        self.file = file
        self.run = run
        self.checks = checks
        self.diagnostics = diagnostics
        self.said: set[tuple[Object, bool]] = set()

    def judge(self, statement: Statement, failure: Failure) -> None:
        """Ask the rules about a failure, if nothing was said of its object yet."""
        about = failure.object, failure.certainty is Certainty.RERUN
        if about not in self.said:
            self.said.add(about)
            context = StatementContext(self.file, statement, self.run.state)
            self.diagnostics.extend(filter(None, (check(context, failure) for check in self.checks)))


def _read(file: FileContext) -> Parsed:
    try:
        parsed = parse(file.migration.source.sql)
    except Unreadable as error:
        file.unreadable = (error.message, error.offset)
        return Parsed((), ())
    file.syntax_failures = parsed.failures
    return parsed


def _suppressed(
    file: FileContext,
    parsed: Parsed,
    diagnostics: list[Diagnostic],
    rules: Sequence[Rule],
    known: Sequence[Rule],
) -> list[Diagnostic]:
    source = file.migration.source
    ignores = find_ignores(source) if file.unreadable is None else []
    if not ignores:
        return diagnostics
    names = {name: rule.code for rule in known for name in (rule.code, rule.name)}
    active = {rule.code for rule in rules}
    spans = [(statement.start, statement.end) for statement in parsed.statements]
    spans += [(failure.start, failure.end) for failure in parsed.failures]
    kept, unused = apply(ignores, diagnostics, spans, source, names.get, active)
    for rule in rules:
        if rule.on_ignore is not None:
            kept.extend(rule.on_ignore(rule, file, ignore) for ignore in unused)
    return kept
