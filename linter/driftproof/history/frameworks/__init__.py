"""The migration tools that are known: one module each, which holds one ``framework``.

A tool is known by being a module of this package, or of a package or module that an installed distribution names by an
entry point of the group ``driftproof.frameworks``; those of others are asked first. A module is imported when its tool
is asked, so that the first that recognises a directory is the last that is loaded.
"""

from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from driftproof.history.model import Framework
from driftproof.plugins import offered

ENTRY_POINT = "driftproof.frameworks"
PLAIN = "plain"
# Who is asked before whom, because a directory may look like that of both: first those that leave a file of their own,
# then those whose files have marks, then those with names only. Who is not listed comes after these.
_ORDER = (
    "supabase",
    "sqitch",
    "drizzle",
    "prisma",
    "graphile_migrate",
    "synapse",
    "play",
    "hasura",
    "diesel",
    "goose",
    "dbmate",
    "liquibase",
    "tern",
    "node_pg_migrate",
    "atlas",
    "refinery",
    "flyway",
    "sqlx",
    "golang_migrate",
    "alembic",
    "django",
    "efcore",
    "yoyo",
    "postgres_migrations",
)


def every() -> Iterator[Framework]:
    """All tools but the plain directory, in the order in which they are asked."""
    yield from _others()
    for module in _ORDER:
        yield _load(f"{__name__}.{module}")
    for info in iter_modules(__path__):
        if info.name not in (*_ORDER, PLAIN):
            yield _load(f"{__name__}.{info.name}")


def named(name: str) -> Framework:
    """The tool of this name. Raises KeyError."""
    module = name.replace("-", "_")
    if module in (PLAIN, *_ORDER) and not _others():
        return _load(f"{__name__}.{module}")
    for framework in (*every(), _load(f"{__name__}.{PLAIN}")):
        if framework.name == name:
            return framework
    raise KeyError(name)


def names() -> list[str]:
    """The names of all tools, in the order of the alphabet; last the plain directory."""
    return [*sorted({framework.name for framework in every()}), PLAIN]


@cache
def _others() -> tuple[Framework, ...]:
    return tuple(framework for package in offered(ENTRY_POINT) for framework in _in_package(package))


@cache
def _load(module: str) -> Framework:
    framework = getattr(import_module(module), "framework", None)
    if not isinstance(framework, Framework):
        raise TypeError(f"{module} holds no framework")
    return framework


def _in_package(name: str) -> Iterator[Framework]:
    package = import_module(name)
    if isinstance(framework := getattr(package, "framework", None), Framework):
        yield framework
    for info in iter_modules(getattr(package, "__path__", ())):
        if isinstance(framework := getattr(import_module(f"{name}.{info.name}"), "framework", None), Framework):
            yield framework
