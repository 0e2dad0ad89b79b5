"""Fold a history into diagnostics: parse each migration, hold each statement against the catalog, ask the rules."""

from collections.abc import Sequence
from functools import partial

import msgspec

from driftproof.catalog import interpreter
from driftproof.diagnostic import Diagnostic
from driftproof.history import History
from driftproof.objects import Object
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


def analyse(history: History, rules: Sequence[Rule], known: Sequence[Rule] | None = None) -> Analysis:
    """The diagnostics of the named migrations, suppression comments honoured.

    ``known`` are all rules that an ignore comment may name, if those that run are not all of them.
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
        diagnostics = [item for check in on_file for item in check(file)] if named else []
        said: set[Object] = set()
        for statement in parsed.statements:
            if named:
                for check in on_statement:
                    diagnostics.extend(check(StatementContext(file, statement, run.state)))
            for failure in run.run(statement, partial(migration.source.line_number, statement.start)):
                if named and failure.object not in said:
                    said.add(failure.object)
                    context = StatementContext(file, statement, run.state)
                    diagnostics.extend(filter(None, (judge(context, failure) for judge in on_failure)))
        if named:
            statements += len(parsed.statements) + len(parsed.failures)
            found.extend(_suppressed(file, parsed, diagnostics, rules, known or rules))
    found.sort(key=lambda diagnostic: (diagnostic.path, diagnostic.span.start.offset, diagnostic.code))
    return Analysis(tuple(found), len(history.named), statements)


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
