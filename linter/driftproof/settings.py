"""What a file SETs for its session, and what of it is still in force behind its end."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from driftproof.history import Session
from driftproof.rule import FileContext
from driftproof.statements.operations import Statement
from driftproof.transactions import control

_SET = re.compile(
    r"""(?is)SET\s+(?:(?P<local>LOCAL)\s+|SESSION\s+(?!AUTHORIZATION\b|CHARACTERISTICS\b))?
    (?:(?P<role>ROLE|SESSION\s+AUTHORIZATION)\s+(?P<who>.+)
    |TIME\s+ZONE\s+(?P<zone>.+)|SCHEMA\s+(?P<schema>.+)
    |(?P<name>[\w$."]+)\s*(?:=|\bTO\b)\s*(?P<value>.+))\Z""",
    re.VERBOSE,
)
_RESET = re.compile(r"(?is)(?:RESET\s+(?P<name>.+)|DISCARD\s+(?P<all>ALL))\Z")
_SET_CONFIG = re.compile(
    r"(?is)SELECT\s+(?:pg_catalog\.)?set_config\s*\(\s*'(?P<name>[^']+)'\s*,\s*'(?P<value>[^']*)'\s*,\s*(?P<local>\w+)\s*\)\Z"
)
# What only says again what PostgreSQL does anyway, or changes no more than what is printed.
_DEFAULTS = {
    "statement_timeout": "0",
    "lock_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
    "transaction_timeout": "0",
    "client_encoding": "utf8",
    "standard_conforming_strings": "on",
    "xmloption": "content",
    "row_security": "on",
    "check_function_bodies": "on",
    "default_tablespace": "",
    "default_table_access_method": "heap",
    "default_with_oids": "false",
}
_PRINTED = ("client_min_messages",)
_NOT_RESET = ("role", "session_authorization")


class Setting(NamedTuple):
    """A setting that stays in force behind the end of its file, and the statement that made it."""

    name: str
    statement: Statement


def leaking(file: FileContext) -> Iterator[Setting]:
    """The settings that are still in force where the next file of the same run begins."""
    tool = file.history.framework
    shared = tool.session is Session.SHARED or (tool.session is Session.RESET and not file.history.alone)
    if not shared or file.history.alone or file.syntax_failures:
        return
    batch = file.migration.run_mode == "batch"
    left: dict[str, Statement] = {}
    for statement in file.statements:
        command = control(statement)
        if command is not None and command.command == "rollback":
            left.clear()  # which of them are taken back is not followed
        for name, local, default in _settings(file, statement):
            if name == "all":
                left = {
                    kept: where for kept, where in left.items() if kept in _NOT_RESET and statement.command == "SET"
                }
            elif default and not local:
                left.pop(name, None)
            elif not default and (batch or not local):
                left[name] = statement
    for name, statement in left.items():
        if name not in tool.restores and (tool.session is Session.SHARED or name in _NOT_RESET):
            yield Setting(name, statement)


def _settings(file: FileContext, statement: Statement) -> Iterator[tuple[str, bool, bool]]:
    """What a statement sets: the name, whether that is for the transaction only, and whether it goes back to what a new
    session has."""
    if statement.command not in ("SET", "SELECT", "DISCARD"):
        return
    text = file.migration.source.data[statement.start : statement.end].decode(errors="replace")
    if found := _RESET.match(text):
        name = "all" if found["all"] else _named(found["name"])
        yield name, False, True
    elif found := _SET.match(text):
        local = found["local"] is not None
        if found["role"]:
            name = "role" if found["role"].upper() == "ROLE" else "session_authorization"
            yield name, local, found["who"].strip().lower() in ("none", "default", "'none'")
        elif found["zone"]:
            yield "timezone", local, found["zone"].strip().lower() in ("default", "local")
        elif found["schema"]:
            yield "search_path", local, False
        else:
            yield _judged(found["name"], found["value"], local)
    elif found := _SET_CONFIG.match(text):
        yield _judged(found["name"], found["value"], found["local"].lower() in ("true", "on"))


def _judged(name: str, value: str, local: bool) -> tuple[str, bool, bool]:
    name, value = _named(name), value.strip().strip("'").lower().replace("-", "")
    default = value == "default" or name in _PRINTED or _DEFAULTS.get(name) == value
    return name, local, default


def _named(text: str) -> str:
    """The name of a setting; SESSION AUTHORIZATION and TIME ZONE are two of them in words."""
    name = " ".join(text.replace('"', "").lower().split())
    return {"session authorization": "session_authorization", "time zone": "timezone"}.get(name, name)
