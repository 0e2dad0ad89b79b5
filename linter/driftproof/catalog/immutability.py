"""What must be immutable, and what is not: keys and conditions of indexes, and what generated columns are made of.

Source: CheckPredicate and ComputeIndexAttrs, indexcmds.c; cookDefault, heap.c.
"""

from driftproof.catalog import builtins, routines
from driftproof.catalog.entries import Relation
from driftproof.catalog.inference import types_of
from driftproof.catalog.interpreter import Interpreter
from driftproof.catalog.scopes import Bound, Scope
from driftproof.statements.query import Expression


def is_mutable(run: Interpreter, expression: Expression, relation: Relation) -> bool:
    """Whether an expression over a relation certainly calls a function of PostgreSQL's own that is not immutable."""
    for call in expression.calls:
        name = call.name
        if name.schema in (None, "pg_catalog") and builtins.may_be_mutable(name.name):
            scope = Scope([Bound(relation.key[1], relation=relation, schema=relation.key[0])], None)
            if builtins.is_mutable(name.name, types_of(run, call, scope)) and not routines.namesakes(run, name)[0]:
                return True
    return False
