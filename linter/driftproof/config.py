"""Settings from ``driftproof.toml`` or ``[tool.driftproof]`` in pyproject.toml, and the rules that they choose.

The file nearest above the migrations holds; files further up are not merged in. The command line beats it: `--select`
replaces what the file selects and ignores, `--ignore` adds to it.
"""

from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from driftproof.diagnostic import Certainty, Diagnostic, Direction, Severity
from driftproof.fixing import Fixing, Scope, Style
from driftproof.rerun import Rerun
from driftproof.unusable import Unusable, did_you_mean

if TYPE_CHECKING:
    from driftproof.history import History
    from driftproof.rule import Rule

OFF = "off"
_CHOICES = (
    ("rerun", tuple(Rerun)),
    ("direction", tuple(Direction)),
    ("fix-style", tuple(Style)),
    ("fix-scope", tuple(Scope)),
)
_LEVELS = (*(severity.value for severity in Severity), OFF)


class ConfigError(Unusable):
    """A configuration that can't be used: the file, the key and the reason, in one line."""


class Settings(msgspec.Struct, frozen=True, kw_only=True, rename="kebab", forbid_unknown_fields=True):
    """What a configuration file may say.

    ``severity`` sets a rule's severity whatever the rule itself thinks of a case, ``off`` leaves the rule out;
    ``inherited`` sets the severity of doubts that an earlier migration left (unless ``severity`` names the rule).
    ``rerun`` says when failures of a second run are reported, ``fix_style`` and ``fix_scope`` how fixes look.
    ``direction`` says which ways are checked: up, down or both.
    ``exclude`` holds globs relative to the file; one without a slash matches at any depth. ``snapshots`` are the
    snapshots of databases, relative to the file; without it, those beside the migrations are read.
    """

    select: tuple[str, ...] | None = None
    ignore: tuple[str, ...] = ()
    severity: dict[str, str] = {}
    inherited: Severity = Severity.INFO
    framework: str | None = None
    fail_on: Severity = Severity.WARNING
    rerun: Rerun = Rerun.AUTO
    direction: Direction = Direction.UP
    fix_style: Style = Style.DO_BLOCK
    fix_scope: Scope = Scope.USED
    exclude: tuple[str, ...] = ()
    snapshots: tuple[str, ...] | None = None


class Choice(msgspec.Struct, frozen=True):
    """Rules that are asked for: codes, prefixes of codes, names, or ALL. ``where`` says who asks, for messages."""

    select: tuple[str, ...] | None = None
    ignore: tuple[str, ...] = ()
    where: str = ""

    def decide(self, rules: Sequence["Rule"], chosen: Iterable["Rule"]) -> list["Rule"]:
        """The rules that are on after this choice, where ``chosen`` were on before. The narrower word wins.

        Raises Unusable for a word that means no rule.
        """
        asked = self._ranks(rules, self.select or (), "select")
        refused = self._ranks(rules, self.ignore, "ignore")
        before = {rule.code for rule in chosen} if self.select is None else set()
        return [
            rule
            for rule in rules
            if (rule.code in before or rule.code in asked) and refused.get(rule.code, -1) < asked.get(rule.code, 0)
        ]

    def _ranks(self, rules: Sequence["Rule"], words: Iterable[str], key: str) -> dict[str, int]:
        """For each rule that some word means, how narrow the narrowest of them is."""
        ranks: dict[str, int] = {}
        for word in words:
            codes, rank = meant(word, rules)
            if not codes:
                raise ConfigError(f"{self.where}{key}: {unknown_rule(word, rules)}")
            for code in codes:
                ranks[code] = max(rank, ranks.get(code, 0))
        return ranks


def meant(word: str, rules: Iterable["Rule"]) -> tuple[list[str], int]:
    """The codes of the rules that ``word`` means (ALL, a prefix, a code or a name), and how narrow it is."""
    if word == "ALL":
        return [rule.code for rule in rules], 0
    exact = [rule.code for rule in rules if word in (rule.code, rule.name)]
    if exact:
        return exact, 100
    if not word.isupper():
        return [], 0
    return [rule.code for rule in rules if rule.code.startswith(word)], len(word)


def unknown_rule(word: str, rules: Iterable["Rule"]) -> str:
    """The message for a word that means no rule."""
    return f"no rule is called {word!r}" + did_you_mean(
        word, [name for rule in rules for name in (rule.code, rule.name)]
    )


_AS_CONFIGURED = Choice()


class Config(Settings, frozen=True, kw_only=True):
    """Settings, and the ``path`` of the file that they are from (None: nothing was found, these are the defaults)."""

    path: str | None = None

    @property
    def fixing(self) -> Fixing:
        """How fixes look."""
        return Fixing(self.fix_style, self.fix_scope)

    def rules(self, rules: Sequence["Rule"], command_line: Choice = _AS_CONFIGURED) -> tuple["Rule", ...]:
        """The rules to run. Raises ConfigError for a rule that does not exist."""
        where = f"{self.path}: " if self.path is not None else ""
        self._levels(rules)  # a wrong name is to be told, whatever is selected
        default = [rule for rule in rules if rule.default]
        chosen = Choice(self.select, self.ignore, where).decide(rules, default)
        if command_line.select is None:
            off = {code for code, level in self._levels(rules).items() if level == OFF}
            chosen = [rule for rule in chosen if rule.code not in off]
        return tuple(command_line.decide(rules, chosen))

    def adjust(
        self, diagnostics: Iterable[Diagnostic], history: "History", rules: Sequence["Rule"]
    ) -> tuple[Diagnostic, ...]:
        """The diagnostics with the severities that the configuration sets."""
        levels = self._levels(rules)
        if not levels and self.inherited is Severity.INFO:
            return tuple(diagnostics)
        return tuple(self._adjusted(diagnostic, levels, history) for diagnostic in diagnostics)

    def failing(
        self, diagnostics: Iterable[Diagnostic], history: "History", rules: Sequence["Rule"], fail_on: str | None
    ) -> list[Diagnostic]:
        """Those that fail the run, and that are fixed; ``fail_on`` is what the command line says."""
        least = self.least(fail_on)
        return [item for item in self.adjust(diagnostics, history, rules) if item.severity.rank >= least]

    def least(self, fail_on: str | None) -> int:
        """The rank of the severity that fails a run."""
        return (self.fail_on if fail_on is None else Severity(fail_on)).rank

    def _adjusted(self, diagnostic: Diagnostic, levels: dict[str, str], history: "History") -> Diagnostic:
        level = levels.get(diagnostic.code, OFF)
        if level != OFF:
            severity = Severity(level)
        elif is_inherited(diagnostic, history):
            severity = self.inherited
        else:
            return diagnostic
        return msgspec.structs.replace(diagnostic, severity=severity)

    def _levels(self, rules: Sequence["Rule"]) -> dict[str, str]:
        levels: dict[str, str] = {}
        for word, level in self.severity.items():
            codes, rank = meant(word, rules)
            if rank < 100:
                raise ConfigError(f"{self.path}: severity: {unknown_rule(word, rules)}")
            levels[codes[0]] = level
        return levels

    def excludes(self, path: Path) -> bool:
        """Whether ``path``, or a folder that it lies in, is excluded."""
        if not self.exclude or self.path is None:
            return False
        from fnmatch import fnmatchcase

        base, where = Path(self.path).resolve().parent, path.resolve()
        if not where.is_relative_to(base):
            return False
        relative = where.relative_to(base)
        return any(
            fnmatchcase(place.as_posix() if "/" in pattern.rstrip("/") else place.name, pattern.strip("/"))
            for pattern in self.exclude
            for place in (relative, *relative.parents)
        )


def is_inherited(diagnostic: Diagnostic, history: "History") -> bool:
    """Whether the doubt that a diagnostic is about was left by an earlier migration, and no snapshot confirms it."""
    if diagnostic.certainty is not Certainty.DRIFT or diagnostic.origin is None or diagnostic.confirmed:
        return False
    migration = history.by_path.get(diagnostic.path)
    return migration is not None and diagnostic.origin.migration < migration.index


def load(directory: Path) -> Config:
    """The configuration for the migrations in ``directory``: the nearest file there or above. Raises ConfigError."""
    return _nearest(directory.resolve())


@cache
def _nearest(directory: Path) -> Config:
    for where in (directory, *directory.parents):
        for name in ("driftproof.toml", "pyproject.toml"):
            path = where / name
            if path.is_file() and (config := _read(path)) is not None:
                return config
    return Config()


def load_file(path: str) -> Config:
    """The configuration in the file that ``--config`` names. Raises ConfigError."""
    config = _read(Path(path))
    if config is None:
        raise ConfigError(f"{path}: has no table [tool.driftproof]")
    return config


def _read(path: Path) -> Config | None:
    """The configuration in a file; None for a pyproject.toml that says nothing of driftproof."""
    here = Path.cwd()
    shown = str(path.relative_to(here) if path.is_relative_to(here) else path)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"cannot read {shown}: {error.strerror}") from None
    nested = path.name == "pyproject.toml"
    if nested and b"driftproof" not in data:
        return None
    import tomllib

    try:
        table: Any = tomllib.loads(data.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{shown}: not valid TOML: {error}") from None
    if nested:
        tool = table.get("tool")
        table = tool.get("driftproof") if isinstance(tool, dict) else None
        if table is None:
            return None
        if not isinstance(table, dict):
            raise ConfigError(f"{shown}: tool.driftproof must be a table")
    return _convert(table, shown)


def _convert(table: dict[str, Any], shown: str) -> Config:
    known = [field.encode_name for field in msgspec.structs.fields(Settings)]
    for key in table:
        if key not in known:
            raise ConfigError(f"{shown}: unknown key {key}{did_you_mean(key, known)}")
    for key in ("inherited", "fail-on"):
        _check_level(table.get(key, "info"), _LEVELS[:-1], key, shown)
    for key, words in _CHOICES:
        _check_level(table.get(key, words[0]), words, key, shown)
    try:
        settings = msgspec.convert(table, Settings)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{shown}: {_in_toml_words(str(error))}") from None
    for word, level in settings.severity.items():
        _check_level(level, _LEVELS, f"severity.{word}", shown)
    if settings.framework is not None:
        check_framework(settings.framework, f"{shown}: framework: ")
    return Config(**{name: getattr(settings, name) for name in Settings.__struct_fields__}, path=shown)


def _check_level(level: object, levels: Sequence[str], key: str, shown: str) -> None:
    if isinstance(level, str) and level not in levels:
        raise ConfigError(
            f"{shown}: {key} must be one of {', '.join(levels)}, not {level!r}{did_you_mean(level, levels)}"
        )


def check_framework(name: str, where: str = "") -> None:
    """Raise ConfigError where no framework is called ``name``."""
    from driftproof.history import named, names_of_frameworks

    try:
        named(name)
    except KeyError:
        names = names_of_frameworks()
        raise ConfigError(
            f"{where}no framework is called {name!r} (known: {', '.join(names)}){did_you_mean(name, names)}"
        ) from None


def _in_toml_words(message: str) -> str:
    """``Expected `array`, got `str` - at `$.select` `` in the words of TOML, with the key in front."""
    reason, _, place = message.partition(" - at ")
    for word, toml in (("object", "table"), ("str", "string"), ("int", "integer"), ("bool", "boolean")):
        reason = reason.replace(f"`{word}`", toml)
    key = place.strip("`").removeprefix("$.").replace("[...]", "")
    return f"{key}: {reason[:1].lower()}{reason[1:]}".replace("`", "").replace("array", "list").replace(" | null", "")
