"""Policies, triggers and rules: from syntax trees to operations."""

from typing import Any

from driftproof.statements import operations as op
from driftproof.statements.query import ColumnRef, Expression
from driftproof.syntax.parser import Node
from driftproof.syntax.queries import expression, query
from driftproof.syntax.tables import TABLES, Operations
from driftproof.syntax.tree import needed_roles, qualified, range_var, role_names, strings


def create_policy(node: Node, shift: int) -> Operations:
    """CREATE POLICY: the roles, then the table, which USING and WITH CHECK see. Rows that are read have no WITH CHECK,
    and those that are inserted no USING.

    Source: CreatePolicy, policy.c.
    """
    unfit = {"insert": "qual", "select": "with_check", "delete": "with_check"}.get(node.get("cmd_name", ""))
    return [
        *([op.Raise("42601")] if unfit in node else []),
        *needed_roles(role_names(node.get("roles"))),
        op.CreateMember(
            "policy",
            range_var(node["table"], shift),
            node["policy_name"],
            expression=_policy_expression(node, shift),
            kinds=("table",),
        ),
    ]


def alter_policy(node: Node, shift: int) -> Operations:
    """ALTER POLICY."""
    return [
        *needed_roles(role_names(node.get("roles"))),
        op.NeedMember(
            "policy", range_var(node["table"], shift), node["policy_name"], sees=_policy_expression(node, shift)
        ),
    ]


def _policy_expression(node: Node, shift: int) -> Expression:
    return expression([node[clause] for clause in ("qual", "with_check") if clause in node], shift)


def create_trigger(node: Node, shift: int) -> Operations:
    """CREATE TRIGGER: UPDATE OF columns, and WHEN, which sees OLD and NEW."""
    return [
        op.CreateMember(
            "trigger",
            range_var(node["relation"], shift),
            node["trigname"],
            tuple(ColumnRef((name,)) for name in strings(node.get("columns"))),
            expression(node.get("whenClause"), shift),
            aliases=("old", "new"),
            calls=qualified(strings(node.get("funcname"))),
            fires=_firing(node),
            replace=node.get("replace", False),
            kinds=_trigger_kinds(node),
            constrains=node.get("isconstraint", False),
            flaw=_trigger_flaw(node),
            misreads=_misread(node),
        )
    ]


_BEFORE, _INSERT, _DELETE, _UPDATE, _TRUNCATE, _INSTEAD_OF = 2, 4, 8, 16, 32, 64  # TRIGGER_TYPE_*, pg_trigger.h


def _firing(node: Node) -> op.Firing:
    bits = {"insert": _INSERT, "delete": _DELETE, "update": _UPDATE, "truncate": _TRUNCATE}
    timing = node.get("timing", 0)
    return op.Firing(
        frozenset(event for event, bit in bits.items() if node.get("events", 0) & bit),
        "BEFORE" if timing & _BEFORE else "INSTEAD OF" if timing & _INSTEAD_OF else "AFTER",
        row=node.get("row", False),
        conditional="whenClause" in node,
        waits=node.get("deferrable", False),
        arguments=tuple(strings(node.get("args"))),
        tables=tuple(item["TriggerTransition"]["name"] for item in node.get("transitionRels", ())),
    )


def _trigger_kinds(node: Node) -> tuple[op.RelationKind, ...]:
    if node.get("timing", 0) & _INSTEAD_OF:
        return ("view",)
    of_rows = node.get("row") or "transitionRels" in node
    return TABLES if of_rows or node.get("events", 0) & _TRUNCATE else (*TABLES, "view")


def _trigger_flaw(node: Node) -> str | None:
    """The SQLSTATE of a trigger whose parts don't go together.

    Source: CreateTriggerFiringOn, trigger.c.
    """
    timing, events, row = node.get("timing", 0), node.get("events", 0), node.get("row", False)
    if events & _TRUNCATE and row:
        return "0A000"
    if timing & _INSTEAD_OF and (not row or "whenClause" in node or "columns" in node):
        return "0A000"
    for wrapped in node.get("transitionRels", ()):
        transition = wrapped["TriggerTransition"]
        if not transition.get("isTable", False):
            return "0A000"
        if timing & (_BEFORE | _INSTEAD_OF):
            return "42P17"
        if events & _TRUNCATE or events.bit_count() > 1 or "columns" in node:
            return "0A000"
        if events & (_DELETE if transition.get("isNew", False) else _INSERT):
            return "42P17"
    return None


def _misread(node: Node) -> str | None:
    """The SQLSTATE of a WHEN that reads rows which the trigger has not."""
    rows, events = _rows_of(node.get("whenClause")), node.get("events", 0)
    lacking = {"old": events & _INSERT, "new": events & _DELETE}
    return "42P17" if any(lacking[name] or not node.get("row", False) for name in rows) else None


def _rows_of(node: Any) -> set[str]:
    """Which of OLD and NEW an expression reads."""
    if isinstance(node, list):
        return {name for item in node for name in _rows_of(item)}
    if not isinstance(node, dict):
        return set()
    if "ColumnRef" in node:
        return {"old", "new"} & set(strings(node["ColumnRef"]["fields"][:1]))
    return _rows_of(list(node.values()))


_RULE_ROWS = {"CMD_INSERT": ("new",), "CMD_UPDATE": ("old", "new"), "CMD_DELETE": ("old",)}


def create_rule(node: Node, shift: int) -> Operations:
    """CREATE RULE, its condition and its actions, which see OLD and NEW."""
    rows, actions = _RULE_ROWS.get(node["event"], ()), node.get("actions", ())
    return [
        op.CreateMember(
            "rule",
            range_var(node["relation"], shift),
            node["rulename"],
            expression=expression(node.get("whereClause"), shift) if rows else None,
            aliases=rows,
            replace=node.get("replace", False),
            kinds=("table", "view", "materialized view"),
            misreads="42P17" if rows and not _rows_of(actions) <= set(rows) else None,
            actions=tuple(query(item, shift) for item in actions if rows and "NotifyStmt" not in item),
        )
    ]
