"""The values that a CHECK leaves a column: ``status IN ('active', 'inactive')``."""

from collections.abc import Iterable

from driftproof.syntax.printing import Tree, kind_of, texts


def values_of(checks: Iterable[Tree], column: str) -> tuple[str, ...]:
    """The texts that the first of these constraints which lists them allows; empty: any."""
    return next(filter(None, (_listed(check.raw_expr, column) for check in checks)), ())


def _listed(tree: Tree, column: str) -> tuple[str, ...]:
    kind = kind_of(tree)
    if kind == "BoolExpr" and tree.boolop.name == "OR_EXPR":  # column IS NULL OR column IN (...)
        parts = [part for part in tree.args if not _is_null(part, column)]
        return _listed(parts[0], column) if len(parts) == 1 else ()
    if kind != "A_Expr" or texts(tree.name) != ["="] or not _is_column(tree.lexpr, column):
        return ()
    if tree.kind.name == "AEXPR_IN":
        items = tree.rexpr
    elif tree.kind.name == "AEXPR_OP_ANY" and kind_of(_bare(tree.rexpr)) == "A_ArrayExpr":
        items = _bare(tree.rexpr).elements or ()
    else:
        return ()
    found = [getattr(getattr(_bare(item), "val", None), "sval", None) for item in items]
    texts_only = tuple(item for item in found if isinstance(item, str))
    return texts_only if len(texts_only) == len(found) else ()


def _bare(tree: Tree) -> Tree:
    """A value without its casts."""
    while kind_of(tree) == "TypeCast":
        tree = tree.arg
    return tree


def _is_column(tree: Tree, column: str) -> bool:
    tree = _bare(tree)
    return kind_of(tree) == "ColumnRef" and texts(tree.fields)[-1:] == [column]


def _is_null(tree: Tree, column: str) -> bool:
    return kind_of(tree) == "NullTest" and tree.nulltesttype.name == "IS_NULL" and _is_column(tree.arg, column)
