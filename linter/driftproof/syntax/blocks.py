"""Which commands the server refuses in a transaction block, and which outside of one; and which while their tables are
in use.

Source: PreventInTransactionBlock, RequireTransactionBlock and CheckTableNotInUse in PostgreSQL's sources;
tests/runner/test_transactions.py asks the server for each.
"""

from collections.abc import Callable

from driftproof.statements import operations as op
from driftproof.statements.query import Name
from driftproof.syntax.parser import Node
from driftproof.syntax.queries import NOWHERE
from driftproof.syntax.tree import names, qualified, range_var, strings

_OFF = ("off", "false")
_WITH_HOLD = 0x0020  # CURSOR_OPT_HOLD


def needs(tag: str, node: Node) -> op.NeedBlock | None:
    """What a statement asks of the place where it stands; the server looks at that first."""
    asking = _ASKING.get(tag)
    return asking(node) if asking is not None else None


def alone(tag: str, node: Node) -> list[op.Operation]:
    """The tables that a statement must have for itself."""
    tables: list[Name] = []
    if tag in ("AlterTableStmt", "IndexStmt"):
        tables = [range_var(node["relation"], NOWHERE)]
    elif tag == "TruncateStmt":
        tables = [range_var(item["RangeVar"], NOWHERE) for item in node["relations"]]
    elif tag == "DropStmt" and node["removeType"] == "OBJECT_TABLE":
        tables = [qualified(strings(item["List"]["items"])) for item in node["objects"]]
    return [op.NeedUnused(tuple(tables))] if tables else []


def _outside(words: str) -> op.NeedBlock:
    return op.NeedBlock(words, inside=False)


def _reindex(node: Node) -> op.NeedBlock | None:
    if _on(node, "params", "concurrently", absent=False):
        return _outside("REINDEX CONCURRENTLY")
    return _outside(f"REINDEX {node['kind'].removeprefix('REINDEX_OBJECT_')}") if "relation" not in node else None


def _alter_table(node: Node) -> op.NeedBlock | None:
    for command in node.get("cmds", ()):
        if command["AlterTableCmd"].get("def", {}).get("PartitionCmd", {}).get("concurrent"):
            return _outside("ALTER TABLE ... DETACH CONCURRENTLY")
    return None


def _alter_database(node: Node) -> op.NeedBlock | None:
    moves = any(item["DefElem"]["defname"] == "tablespace" for item in node.get("options", ()))
    return _outside("ALTER DATABASE SET TABLESPACE") if moves else None


def _create_subscription(node: Node) -> op.NeedBlock | None:
    connects = _on(node, "options", "connect", absent=True)
    return _outside("CREATE SUBSCRIPTION") if _on(node, "options", "create_slot", absent=connects) else None


def _transaction(node: Node) -> op.NeedBlock | None:
    words = node.get("kind", "").removeprefix("TRANS_STMT_").replace("_", " ")
    match words:
        case "COMMIT PREPARED" | "ROLLBACK PREPARED":
            return _outside(words)
        case "SAVEPOINT":
            return op.NeedBlock(words, begun=True)
        case "RELEASE" | "ROLLBACK TO":
            return op.NeedBlock(f"{words} SAVEPOINT", begun=True)
        case "COMMIT" | "ROLLBACK" if node.get("chain"):
            return op.NeedBlock(f"{words} AND CHAIN", begun=True)
        case _:
            return None


def _on(node: Node, field: str, name: str, *, absent: bool) -> bool:
    """Whether an option is switched on; ``absent``: what it is if it is not written."""
    for item in node.get(field, ()):
        option = item["DefElem"]
        if option["defname"] == name:
            written = option.get("arg", {})
            number = written.get("Integer", {"ival": 1}).get("ival", 0)
            return number != 0 and not any(word.lower() in _OFF for word in names(written))
    return absent


_ASKING: dict[str, Callable[[Node], op.NeedBlock | None]] = {
    "AlterDatabaseStmt": _alter_database,
    "AlterSystemStmt": lambda _node: _outside("ALTER SYSTEM"),
    "AlterTableStmt": _alter_table,
    "ClusterStmt": lambda node: None if "relation" in node else _outside("CLUSTER"),
    "CreateSubscriptionStmt": _create_subscription,
    "CreateTableSpaceStmt": lambda _node: _outside("CREATE TABLESPACE"),
    "CreatedbStmt": lambda _node: _outside("CREATE DATABASE"),
    "DeclareCursorStmt": lambda node: None if node["options"] & _WITH_HOLD else op.NeedBlock("DECLARE CURSOR"),
    "DiscardStmt": lambda node: _outside("DISCARD ALL") if node["target"] == "DISCARD_ALL" else None,
    "DropStmt": lambda node: _outside("DROP INDEX CONCURRENTLY") if node.get("concurrent") else None,
    "DropTableSpaceStmt": lambda _node: _outside("DROP TABLESPACE"),
    "DropdbStmt": lambda _node: _outside("DROP DATABASE"),
    "IndexStmt": lambda node: _outside("CREATE INDEX CONCURRENTLY") if node.get("concurrent") else None,
    "LockStmt": lambda _node: op.NeedBlock("LOCK TABLE"),
    "ReindexStmt": _reindex,
    "TransactionStmt": _transaction,
    "VacuumStmt": lambda node: _outside("VACUUM") if node.get("is_vacuumcmd") else None,
}
