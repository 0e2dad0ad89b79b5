"""What concerns the session and its transaction: settings, BEGIN and COMMIT, prepared statements, cursors."""

from typing import Any

from driftproof.statements import operations as op
from driftproof.statements.query import Name
from driftproof.syntax.calls import invoked, passed
from driftproof.syntax.parser import Node
from driftproof.syntax.queries import QUERIES, expression, query
from driftproof.syntax.tables import Operations, create_table_as
from driftproof.syntax.tree import constant, needed_roles, role, strings, type_name

_COMMANDS: dict[str, Any] = {
    "TRANS_STMT_BEGIN": "begin",
    "TRANS_STMT_START": "begin",
    "TRANS_STMT_COMMIT": "commit",
    "TRANS_STMT_ROLLBACK": "rollback",
    "TRANS_STMT_SAVEPOINT": "savepoint",
    "TRANS_STMT_RELEASE": "release",
    "TRANS_STMT_ROLLBACK_TO": "rollback to",
}


_REPLICATION = "session_replication_role"


def transaction(node: Node, _shift: int) -> Operations:
    """BEGIN, COMMIT, ROLLBACK, SAVEPOINT; what is committed in two phases is not followed."""
    kind = node.get("kind", "TRANS_STMT_BEGIN")
    if kind in ("TRANS_STMT_PREPARE", "TRANS_STMT_COMMIT_PREPARED"):
        return [op.Forget()]
    command = _COMMANDS.get(kind)
    return [op.Transaction(command, node.get("savepoint_name", ""), node.get("chain", False))] if command else []


def set_(node: Node, _shift: int) -> Operations:
    """SET and RESET: the search_path, and the role that is set."""
    local, kind, name = node.get("is_local", False), node.get("kind", "VAR_SET_VALUE"), node.get("name")
    if kind == "VAR_RESET_ALL":
        return [op.SetSearchPath((), local, reset=True), op.SetReplicationRole("origin")]
    if name == _REPLICATION:
        if kind != "VAR_SET_VALUE":
            return [op.SetReplicationRole("origin")]
        return [op.SetReplicationRole(None if local else constant(node["args"][0]))]
    if name in ("role", "session_authorization") and kind == "VAR_SET_VALUE":
        wanted = constant(node["args"][0])
        return needed_roles([wanted] if wanted and wanted != "none" else [], sqlstate="22023")
    if name != "search_path":
        return []
    if kind == "VAR_SET_VALUE":
        return [op.SetSearchPath(_path(node), local)]
    return [op.SetSearchPath((), local, reset=True)]


def _path(node: Node) -> tuple[str, ...] | None:
    path = [constant(argument) for argument in node.get("args", ())]
    known = tuple(part for part in path if part is not None)
    return known if len(known) == len(path) else None


def set_for_later(node: Node, _shift: int) -> Operations:
    """ALTER DATABASE and ALTER ROLE ... SET: of later sessions."""
    owner, setting = role(node.get("role")), node["setstmt"]
    found: Operations = needed_roles([owner] if owner is not None else [])
    if "dbname" in node:
        found.append(op.Need("database", Name(None, node["dbname"])))
    if setting.get("name") == "search_path":
        path = _path(setting) if setting.get("kind", "VAR_SET_VALUE") == "VAR_SET_VALUE" else None
        found.append(op.SetDefaultPath(path, owner))
    return found


def select(node: Node, shift: int) -> Operations:
    """SELECT without INTO, and the set_config() in it."""
    found: Operations = [op.Run(query({"SelectStmt": node}, shift), invokes=invoked(node))]
    for target in node.get("targetList", ()):
        call = target["ResTarget"].get("val", {}).get("FuncCall")
        if call and strings(call.get("funcname"))[-1:] == ["set_config"] and len(call.get("args", ())) == 3:
            found.extend(_set_config([constant(argument) for argument in call["args"]]))
    return found


def call(node: Node, shift: int) -> Operations:
    """CALL."""
    called = node["funccall"]
    return [op.CallProcedure(expression([{"FuncCall": called}], shift), passed(called))]


def _set_config(arguments: list[str | None]) -> Operations:
    name, value, local = arguments
    if name is not None and name.lower() == _REPLICATION:
        return [op.SetReplicationRole(None if local != "false" else value)]
    if name is not None and name.lower() != "search_path":
        return []
    if name is None or value is None:
        return [op.SetSearchPath(None, local == "true")]
    path = tuple(part.strip().strip('"') for part in value.split(",") if part.strip())
    return [op.SetSearchPath(path, local == "true")]


def discard(node: Node, _shift: int) -> Operations:
    """DISCARD ALL: prepared statements and settings."""
    if node["target"] != "DISCARD_ALL":
        return []
    return [op.Deallocate(None), op.SetSearchPath((), reset=True), op.SetReplicationRole("origin")]


def prepare(node: Node, shift: int) -> Operations:
    """PREPARE: the types of its parameters, then the query."""
    types = (type_name(item["TypeName"]) for item in node.get("argtypes", ()))
    needs = [op.Need("type", type_) for type_ in types if type_ is not None]
    return [*needs, op.Prepare(node["name"], query(node["query"], shift))]


def execute(node: Node, _shift: int) -> Operations:
    """EXECUTE."""
    return [op.Execute(node["name"])]


def deallocate(node: Node, _shift: int) -> Operations:
    """DEALLOCATE."""
    return [op.Deallocate(None if node.get("isall") else node.get("name"))]


def declare_cursor(node: Node, shift: int) -> Operations:
    """DECLARE CURSOR: its query is resolved at once."""
    return [op.Run(query(node["query"], shift))]


def explain(node: Node, shift: int) -> Operations:
    """EXPLAIN of a query, or of a prepared statement. Of what makes a table it reads the query; with ANALYZE it does
    what it explains."""
    tag, fields = next(iter(node["query"].items()))
    options = {item["DefElem"]["defname"] for item in node.get("options", ())}
    if tag == "ExecuteStmt":
        return execute(fields, shift)
    if tag == "CreateTableAsStmt":
        return create_table_as(fields, shift) if "analyze" in options else [op.Run(query(fields["query"], shift))]
    return [op.Run(query(node["query"], shift), explained="analyze" not in options)] if tag in QUERIES else []
