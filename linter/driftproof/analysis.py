"""Fold a history into diagnostics: parse each migration, hold each statement against the catalog, ask the rules."""

from collections import ChainMap
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache, partial

import msgspec

from driftproof.catalog import Catalog, Interpreter, interpreter
from driftproof.catalog.failures import Failure
from driftproof.catalog.undone import left
from driftproof.diagnostic import Certainty, Diagnostic, Direction, Severity
from driftproof.edits import in_its_place
from driftproof.fixing import AS_DESIGNED, Fixing
from driftproof.history import History, Session
from driftproof.reading import read
from driftproof.repetition import second_run
from driftproof.rerun import Rerun
from driftproof.rule import FileContext, Rule, StatementContext
from driftproof.source import Unreadable
from driftproof.statements.operations import Statement
from driftproof.statements.walk import rolls_back
from driftproof.suppress import Ignore, apply, find_ignores
from driftproof.syntax import Parsed
from driftproof.transactions import Transactions

Checks = dict[str, list[Callable[[StatementContext, Failure], Diagnostic | None]]]
"""What the rules say of a failure, by the SQLSTATEs that they are about."""


class Analysis(msgspec.Struct, frozen=True):
    """What was found in the named migrations of a history, ordered by path, offset and code."""

    diagnostics: tuple[Diagnostic, ...]
    files: int
    statements: int


def analyse(
    history: History,
    rules: Sequence[Rule],
    known: Sequence[Rule] | None = None,
    *,
    rerun: Rerun = Rerun.AUTO,
    fixing: Fixing = AS_DESIGNED,
    every: bool = False,
) -> Analysis:
    """The diagnostics of the named migrations, suppression comments honoured.

    ``known`` are all rules that an ignore comment may name, if those that run are not all of them; ``rerun`` says when
    failures of a second run are reported, ``fixing`` how fixes look. With ``every`` such a failure is said of each
    statement that needs the object, not only of the first: a fix mends one statement.

    The history is read as what an empty platform runs: what it never makes is not there. Where that shows that it
    starts from objects that were made by hand, it is read once more as what a database with these objects runs.
    """
    read: dict[int, tuple[Statement, ...]] = {}
    migrations = history.migrations[: max(history.named | history.backs, default=-1) + 1]
    files = [_File(FileContext(history, migration, read, fixing), every=every) for migration in migrations]
    for index in sorted(history.backs):
        files[index].read_back()
    transactions = Transactions(history)
    for file in (*files, *(file.back for file in files if file.back is not None)):
        file.context.standings = transactions.file(
            file.context.migration, file.context.statements, file.parsed.failures, apart=file.way_back
        )
    looks = _Looks(rules)
    scratch = _interpreter(history)
    _fold(scratch, files, looks, rerun)
    since = len(history.migrations) if scratch.incomplete is None else scratch.incomplete
    if scratch.incomplete is not None or any(file.back is not None and file.back.incomplete for file in files):
        by_hand = [file.by_hand() for file in files]
        _fold(_interpreter(history, by_hand=True), by_hand, looks, None)
        for file, other in zip(files, by_hand, strict=True):
            file.add(other, since=since)
    aside = _judge_history(history, {file.context.migration.path: file for file in files}, rules, known or rules)
    found = aside
    judged: list[_File] = []
    for parts in _parts_of_files(history, files):
        found += _suppressed(parts, rules, known or rules)
        judged += parts
    if history.snapshots:
        from driftproof.evidence.settle import settle

        back = [item for item in found if item.direction is Direction.DOWN]
        up = [item for item in found if item.direction is Direction.UP]
        found = back + settle(history, up, read, {rule.code: rule.severity for rule in rules})
    found.sort(key=lambda diagnostic: (diagnostic.path, diagnostic.span.start.offset, diagnostic.code))
    statements = sum(len(file.parsed.statements) + len(file.parsed.failures) for file in judged if file.asked)
    return Analysis(tuple(found), len({file.context.migration.path for file in judged}), statements)


def _parts_of_files(history: History, files: Sequence["_File"]) -> Iterator[list["_File"]]:
    """What is asked about, file by file: a migration, its way back, or both where they are in one file. There the first
    is given even if only the second is asked about: its comments are for both."""
    for file in files:
        back = file.back
        if back is not None and back.context.migration.path == file.context.migration.path:
            yield [file, back]
            continue
        if file.asked:
            yield [file]
        if back is not None:
            yield [back]


class _File:
    """A migration with its statements, and what the rules say of it."""

    def __init__(self, context: FileContext, parsed: Parsed | None = None, *, every: bool = False) -> None:
        self.context = context
        self.every = every
        self.asked = context.migration.index in context.history.named
        self.way_back = False
        self.back: _File | None = None
        self.incomplete = False
        self.parsed = _read(context) if parsed is None else parsed
        self.diagnostics: list[Diagnostic] = []
        self._said: set[object] = set()
        self._predicted: set[object] = set()

    def read_back(self) -> None:
        """Read the way back of the migration, if it does anything: it comes next in a history that goes so far."""
        history, migration = self.context.history, self.context.migration
        if migration.back is None:
            return
        earlier = ChainMap({}, self.context.earlier)
        back = _File(FileContext(history.way_back(migration), migration.back, earlier, self.context.fixing))
        if back.parsed.statements or back.parsed.failures or back.context.unreadable:
            back.way_back = True
            self.back = back

    def by_hand(self) -> "_File":
        """The file for being read once more; of what is predicted already it need not be said that it is in doubt."""
        other = _File(self.context, self.parsed)
        predicting = (Certainty.ALWAYS, Certainty.DRIFT)
        other._predicted = {item.object for item in self.diagnostics if item.certainty in predicting}
        other.way_back = self.way_back
        other.back = None if self.back is None else self.back.by_hand()
        return other

    def down(self, item: Diagnostic) -> Diagnostic:
        """What is said of the migration, as said of a way back."""
        fix = in_its_place(self.context.migration.source, item.fix)
        return msgspec.structs.replace(item, direction=Direction.DOWN, fix=fix)

    def judge(self, checks: Checks, statement: Statement, failure: Failure, catalog: Catalog) -> None:
        """Ask the rules about a failure. Of an object in doubt one thing is said, at the first statement that needs it,
        of what a second run fails at one for each SQLSTATE; what certainly fails is said of each statement, and so is
        the second run's, if ``every`` is asked."""
        certain = failure.certainty is Certainty.ALWAYS or (self.every and failure.certainty is Certainty.RERUN)
        if failure.certainty is Certainty.DRIFT and failure.object in self._predicted:
            return
        again = failure.sqlstate if failure.certainty is Certainty.RERUN else None
        about = failure.object, statement.index if certain else (failure.certainty, again)
        if about not in self._said:
            context = StatementContext(self.context, statement, catalog)
            asked = checks.get(failure.cause or failure.sqlstate, ())
            said = [item for check in asked if (item := check(context, failure)) is not None]
            if said:
                self._said.add(about)
                self.diagnostics += said

    def refuse(self, looks: "_Looks", statement: Statement, sqlstate: str, catalog: Catalog) -> None:
        """Ask the rules about a statement that PostgreSQL refuses."""
        context = StatementContext(self.context, statement, catalog)
        self.diagnostics += [look(context, sqlstate) for look in looks.on_refusal]

    def add(self, other: "_File", *, since: int) -> None:
        """Add what is in doubt in ``other``, where nothing was made from scratch that could be.

        From the migration ``since`` on, the history does not run on an empty platform anyway, so that a failure which
        only that is sure of is no error; where others may make objects too, it is not even said.
        """
        if self.back is not None and other.back is not None:
            index = self.context.migration.index
            self.back.add(other.back, since=-1 if self.back.incomplete or index >= since else index + 2)
        if self.context.migration.index >= since:
            certain = {(item.object, item.statement) for item in other.diagnostics if _is_certain(item)}
            whole = self.context.history.framework.whole
            self.diagnostics = [
                msgspec.structs.replace(item, severity=Severity.INFO) if echo else item
                for item in self.diagnostics
                if not (echo := _is_certain(item) and (item.object, item.statement) not in certain) or whole
            ]
        self.diagnostics += [item for item in other.diagnostics if item.certainty is Certainty.DRIFT]


def _is_certain(item: Diagnostic) -> bool:
    return item.certainty is Certainty.ALWAYS


class _Looks:
    """What the rules look at."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self.on_failure: Checks = {}
        for rule in rules:
            if rule.on_failure is not None:
                for sqlstate in rule.sqlstates:
                    self.on_failure.setdefault(sqlstate, []).append(partial(rule.on_failure, rule))
        self.on_refusal = [partial(rule.on_refusal, rule) for rule in rules if rule.on_refusal is not None]
        self.on_file = [partial(rule.on_file, rule) for rule in rules if rule.on_file is not None]
        self.on_undone = [partial(rule.on_undone, rule) for rule in rules if rule.on_undone is not None]
        looking = [(rule.commands, partial(rule.on_statement, rule)) for rule in rules if rule.on_statement is not None]

        @cache
        def on_statement(command: str) -> list[Callable[[StatementContext], Iterable[Diagnostic]]]:
            return [look for commands, look in looking if not commands or command in commands]

        self.on_statement = on_statement


def _fold(run: Interpreter, files: Sequence[_File], looks: _Looks, rerun: Rerun | None) -> None:
    """Run the statements of all files; ask the rules about those of the named ones. ``rerun`` None: only about what
    fails in a first run."""
    for file in files:
        before = run.state.fork() if file.back is not None and looks.on_undone and rerun is not None else None
        runs = _run_file(run, file, looks, rerun)
        if file.back is not None:
            with run.aside(file.context.migration.index):
                complete = run.incomplete is None
                runs &= _run_file(run, file.back, looks, None if rerun is None else Rerun.NEVER)
                file.back.incomplete = complete and run.incomplete is not None
                if before is not None and runs:
                    context = file.back.context
                    context.left, context.lost = tuple(left(before, run.state)), tuple(left(run.state, before))
                    file.back.diagnostics += [item for look in looks.on_undone for item in look(context)]


def _run_file(run: Interpreter, file: _File, looks: _Looks, rerun: Rerun | None) -> bool:
    """Run the statements of a file; whether nothing is known to fail there."""
    context, migration = file.context, file.context.migration
    asked = file.asked
    if asked and rerun is not None:
        file.diagnostics += [item for look in looks.on_file for item in look(context)]
    run.start_file(migration.index, migration.path, rolls_back=rolls_back(file.parsed.statements))
    failed: set[int] = set()
    for statement, standing in zip(file.parsed.statements, context.standings, strict=True):
        if asked and rerun is not None:
            for look in looks.on_statement(statement.command):
                file.diagnostics += look(StatementContext(context, statement, run.state))
        failures = run.run(statement, partial(migration.source.line_number, statement.start), standing)
        if run.failed:
            failed.add(statement.index)
        if asked:
            for failure in failures:
                file.judge(looks.on_failure, statement, failure, run.state)
            if run.refusal is not None:
                file.refuse(looks, statement, run.refusal, run.state)
    if asked and rerun is not None:
        for statement, failure in second_run(run, context, failed, rerun):
            file.judge(looks.on_failure, statement, failure, run.state)
    return not failed and not file.parsed.failures


def _interpreter(history: History, *, by_hand: bool = False) -> Interpreter:
    framework = history.framework
    run = interpreter(framework.platform, by_hand=by_hand)
    run.keeps_session = framework.session is Session.SHARED and "search_path" not in framework.restores
    run.own = framework.own
    return run


def _judge_history(
    history: History, files: dict[str, _File], rules: Sequence[Rule], known: Sequence[Rule]
) -> list[Diagnostic]:
    """Ask the rules about the history as a whole. What they say of a migration is added to it; what of files that are
    none comes back."""
    aside: dict[str, list[Diagnostic]] = {}
    for rule in rules:
        for item in rule.on_history(rule, history) if rule.on_history is not None else ():
            if item.path in files:
                files[item.path].diagnostics.append(item)
            elif item.path not in history.by_path and (history.around.whole or history.alone):
                aside.setdefault(item.path, []).append(item)
    sources = {source.path: source for source in history.around.ignored} if aside else {}
    found = []
    for path, items in aside.items():
        ignores = find_ignores(sources[path]) if path in sources else []
        found += apply(ignores, items, (), sources[path], _names(known).get)[0] if ignores else items
    return found


def _names(known: Sequence[Rule]) -> dict[str, str]:
    """The codes of rules by what ignore comments may call them."""
    return {name: rule.code for rule in known for name in (rule.code, rule.name)}


def _read(file: FileContext) -> Parsed:
    try:
        parsed = read(file.history.framework, file.migration)
    except Unreadable as error:
        file.unreadable = (error.message, error.offset)
        parsed = Parsed((), ())
    file.syntax_failures = parsed.failures
    file.earlier[file.migration.index] = parsed.statements
    return parsed


def _suppressed(parts: Sequence[_File], rules: Sequence[Rule], known: Sequence[Rule]) -> list[Diagnostic]:
    """What is said of one file: of a migration, its way back, or both."""
    diagnostics: list[Diagnostic] = []
    ignores: list[Ignore] = []
    spans: list[tuple[int, int]] = []
    of_others: set[Ignore] = set()
    for part in parts:
        if part.way_back:
            diagnostics += map(part.down, part.diagnostics)
        elif part.asked:
            diagnostics += part.diagnostics
        found = find_ignores(part.context.migration.source) if part.context.unreadable is None else []
        ignores += found
        if not part.asked:
            of_others.update(found)
        if ignores:
            spans += [(statement.start, statement.end) for statement in part.parsed.statements]
            spans += [(failure.start, failure.end) for failure in part.parsed.failures]
    if not ignores:
        return diagnostics
    active = {rule.code for rule in rules}
    source = parts[-1].context.migration.source
    kept, unused = apply(ignores, diagnostics, spans, source, _names(known).get, active)
    useless = [ignore for ignore in unused if ignore not in of_others]
    for rule in rules:
        if rule.on_ignore is not None:
            kept.extend(rule.on_ignore(rule, parts[-1].context, ignore) for ignore in useless)
    return kept
