"""A rule as a value: its page, its metadata, its cases, and the functions that look."""

from collections.abc import Callable, Iterator, MutableMapping, Sequence
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Literal

import msgspec

from driftproof.diagnostic import Certainty, Diagnostic, Direction, Fix, Place, Severity, StatementSpan
from driftproof.fixing import AS_DESIGNED, Fixing
from driftproof.plugins import offered
from driftproof.source import Source
from driftproof.unusable import Unusable

if TYPE_CHECKING:
    from driftproof.catalog import Catalog
    from driftproof.catalog.failures import Failure
    from driftproof.history import History, Migration
    from driftproof.objects import Object
    from driftproof.statements.operations import Forget, Statement, SyntaxFailure
    from driftproof.statements.standing import Standing
    from driftproof.suppress import Ignore

ENTRY_POINT = "driftproof.rules"

Mode = Literal["pipeline", "transaction", "batch", "simple", "autocommit"]
"""A run mode of `driftproof.history`, as cases say it."""


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """An example of a rule: documentation, unit test and, on a real server, proof.

    ``sql`` is one migration; ``earlier`` are migrations before it; ``framework`` runs them all, in
    the run mode ``mode`` (None: as it does). Where names matter, the migration has the ``name``, and the files
    ``beside`` it theirs, in a real directory; ``main`` is what the main branch has there (None: it is no repository).
    ``direction`` says which ways of it are looked at.
    A bad case says at which ``line`` it is found and with what ``certainty``; ``fixed`` is the text after ``--fix``
    (``unsafe``: after ``--fix --unsafe-fixes``).
    """

    sql: str
    why: str
    bad: bool
    line: int = 0
    certainty: Certainty | None = None
    fixed: str | None = None
    unsafe: bool = False
    earlier: tuple[str, ...] = ()
    mode: Mode | None = None
    framework: str = "plain"
    name: str | None = None
    beside: dict[str, str] = {}
    main: dict[str, str] | None = None
    direction: Direction = Direction.UP


def bad(
    sql: str,
    *,
    why: str,
    line: int,
    certainty: Certainty | None = Certainty.DRIFT,
    fixed: str | None = None,
    unsafe: bool = False,
    earlier: tuple[str, ...] = (),
    mode: Mode | None = None,
    framework: str = "plain",
    name: str | None = None,
    beside: dict[str, str] | None = None,
    main: dict[str, str] | None = None,
    direction: str = "up",
) -> Case:
    """SQL that the rule reports, at ``line``."""
    return Case(
        sql=sql,
        why=why,
        bad=True,
        line=line,
        certainty=certainty,
        fixed=fixed,
        unsafe=unsafe,
        earlier=earlier,
        mode=mode,
        framework=framework,
        name=name,
        beside=beside or {},
        main=main,
        direction=Direction(direction),
    )


def good(
    sql: str,
    *,
    why: str,
    earlier: tuple[str, ...] = (),
    mode: Mode | None = None,
    framework: str = "plain",
    name: str | None = None,
    beside: dict[str, str] | None = None,
    main: dict[str, str] | None = None,
    direction: str = "up",
) -> Case:
    """SQL that the rule passes."""
    return Case(
        sql=sql,
        why=why,
        bad=False,
        earlier=earlier,
        mode=mode,
        framework=framework,
        name=name,
        beside=beside or {},
        main=main,
        direction=Direction(direction),
    )


class FileContext:
    """What rules see of a migration; ``earlier`` are the statements of all migrations up to it, by index; ``fixing``
    says how fixes shall look, ``standings`` in which transaction each statement stands. Of a way back that runs,
    ``left`` is what its migration made and it leaves there, ``lost`` what that took away and it does not bring back."""

    def __init__(
        self,
        history: "History",
        migration: "Migration",
        earlier: "MutableMapping[int, tuple[Statement, ...]]",
        fixing: Fixing = AS_DESIGNED,
    ) -> None:
        self.history = history
        self.migration = migration
        self.earlier = earlier
        self.fixing = fixing
        self.syntax_failures: tuple[SyntaxFailure, ...] = ()
        self.unreadable: tuple[str, int] | None = None
        self.standings: Sequence[Standing] = ()
        self.left: tuple[Object, ...] = ()
        self.lost: tuple[Object, ...] = ()

    @property
    def statements(self) -> "tuple[Statement, ...]":
        """The statements of the migration itself."""
        return self.earlier[self.migration.index]

    def statement(self, place: Place) -> "Statement":
        """The statement at a place in the history, up to this migration."""
        return next(item for item in self.earlier[place.migration] if item.index == place.statement)


class StatementContext:
    """What rules see of a statement. ``catalog`` is what is known before it in ``on_statement``, which must leave it as
    it is, and what is known behind it in ``on_failure``."""

    def __init__(self, file: FileContext, statement: "Statement", catalog: "Catalog") -> None:
        self.file = file
        self.statement = statement
        self.catalog = catalog

    @property
    def unfollowed(self) -> "Iterator[Forget]":
        """What the analysis can't follow in the statement, and holds for unknown from there on."""
        from driftproof.statements.operations import CallProcedure, Forget
        from driftproof.statements.walk import flat

        for step in flat(self.statement.operations):
            if isinstance(step, Forget):
                yield step
            elif isinstance(step, CallProcedure):
                called = step.expression.calls[-1].name.name
                if not any(name == called for _, name in self.catalog.routines):
                    yield Forget()


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """One rule. Its page is the docstring of the module that defines it.

    ``on_failure`` sees each predicted failure, ``on_refusal`` each statement that PostgreSQL refuses for another reason
    than what is missing or there already, with the SQLSTATE, ``on_statement`` each statement (only those with one of
    these ``commands``, if any are given), ``on_file`` each file, ``on_history`` all of them together, ``on_undone``
    each way back behind its end, and ``on_ignore`` each ignore comment that suppressed nothing. ``default`` says
    whether it runs when nothing is selected.
    """

    code: str
    name: str
    summary: str
    severity: Severity = Severity.ERROR
    sqlstates: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    default: bool = True
    cases: tuple[Case, ...] = ()
    page: str = ""
    on_failure: "Callable[[Rule, StatementContext, Failure], Diagnostic | None] | None" = None
    on_refusal: "Callable[[Rule, StatementContext, str], Diagnostic] | None" = None
    on_statement: "Callable[[Rule, StatementContext], Iterator[Diagnostic]] | None" = None
    on_file: "Callable[[Rule, FileContext], Iterator[Diagnostic]] | None" = None
    on_history: "Callable[[Rule, History], Iterator[Diagnostic]] | None" = None
    on_undone: "Callable[[Rule, FileContext], Iterator[Diagnostic]] | None" = None
    on_ignore: "Callable[[Rule, FileContext, Ignore], Diagnostic] | None" = None

    @property
    def fixable(self) -> bool:
        """Whether some case of the rule shows a fix."""
        return any(case.fixed is not None for case in self.cases)

    def at(
        self,
        file: FileContext,
        start: int,
        end: int,
        message: str,
        *,
        fix: Fix | None = None,
        help: str | None = None,
    ) -> Diagnostic:
        """A diagnostic of this rule about a stretch of the file, without a prediction."""
        source = file.migration.source
        return Diagnostic(
            code=self.code,
            name=self.name,
            severity=self.severity,
            certainty=None,
            sqlstate=None,
            path=source.path,
            span=source.span(start, end),
            statement=None,
            object=None,
            message=message,
            fix=fix,
            help=help,
        )

    def about(
        self, source: Source, message: str, *, severity: Severity | None = None, help: str | None = None
    ) -> Diagnostic:
        """A diagnostic of this rule about a file as a whole."""
        return Diagnostic(
            code=self.code,
            name=self.name,
            severity=severity or self.severity,
            certainty=None,
            sqlstate=None,
            path=source.path,
            span=source.span(0, 0),
            statement=None,
            object=None,
            message=message,
            help=help,
        )

    def refused(self, context: StatementContext, sqlstate: str, message: str) -> Diagnostic:
        """A diagnostic of this rule about a statement that PostgreSQL refuses wherever it runs."""
        source, statement = context.file.migration.source, context.statement
        whole = source.span(statement.start, statement.end)
        return Diagnostic(
            code=self.code,
            name=self.name,
            severity=self.severity,
            certainty=Certainty.ALWAYS,
            sqlstate=sqlstate,
            path=source.path,
            span=whole,
            statement=StatementSpan(statement.index, whole.start, whole.end),
            object=None,
            message=message,
        )

    def failed(
        self,
        context: StatementContext,
        failure: "Failure",
        message: str,
        *,
        fix: Fix | None = None,
        help: str | None = None,
    ) -> Diagnostic:
        """A diagnostic of this rule about a predicted failure; a doubt from an earlier migration only informs, and so
        does a second run that only an accident leads to."""
        from driftproof.syntax import locate

        source, statement = context.file.migration.source, context.statement
        start, end = locate(source, statement, failure.object, failure.at)
        informs = failure.unlikely or (failure.inherited and failure.certainty is Certainty.DRIFT)
        return Diagnostic(
            code=self.code,
            name=self.name,
            severity=Severity.INFO if informs else self.severity,
            certainty=failure.certainty,
            sqlstate=failure.sqlstate,
            path=source.path,
            span=source.span(start, end),
            statement=StatementSpan(statement.index, source.position(statement.start), source.position(statement.end)),
            object=failure.object,
            message=message,
            because=() if failure.because is None else (failure.because,),
            fix=fix,
            help=help,
            origin=failure.origin,
        )


class RuleError(Unusable):
    """A rule package that can't be used, and why."""


def load_rules() -> tuple[Rule, ...]:
    """All rules of all installed rule packages, by code. A package is named by an entry point of the group
    ``driftproof.rules``; each of its modules that defines ``rule`` holds one. Raises RuleError."""
    found: dict[str, Rule] = {}
    for name in offered(ENTRY_POINT):
        package = import_module(name)
        for module_info in iter_modules(package.__path__, f"{name}."):
            module = import_module(module_info.name)
            rule = getattr(module, "rule", None)
            if not isinstance(rule, Rule):
                continue
            if rule.code in found:
                raise RuleError(f"rule {rule.code} is defined twice, the second time in {module.__name__}")
            found[rule.code] = msgspec.structs.replace(rule, page=(module.__doc__ or "").strip())
    return tuple(found[code] for code in sorted(found))
