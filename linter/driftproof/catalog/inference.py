"""Which types the values of expressions have, and which of them go together.

Source: make_op and make_scalar_array_op, parse_oper.c; transformExprRecurse and its kin, parse_expr.c.
"""

import msgspec

from driftproof.catalog import builtins, routines
from driftproof.catalog.coercion import (
    UNKNOWN,
    apart,
    category,
    coerces,
    common_type,
    has_parts,
    operated,
    operates,
    rejects,
    spelled_type,
    takes_alike,
)
from driftproof.catalog.entries import Key, Relation
from driftproof.catalog.facts import PRESENT
from driftproof.catalog.interpreter import Interpreter
from driftproof.catalog.lookups import LOOKED_UP
from driftproof.catalog.references import column_of
from driftproof.catalog.scopes import Scope
from driftproof.statements import query as q
from driftproof.statements.operations import TypeRef

_OWN_KINDS = {"enum": "anyenum", "range": "anyrange", "multirange": "anymultirange"}
_WITH_ROWS = ("composite type", "table", "view", "materialized view", "foreign table")
_ORDER = ("=", "<>", "<", "<=", ">", ">=")


def type_of(run: Interpreter, typed: q.Typed, scope: Scope | None) -> str | None:
    """The type of a value, with its schema; None if that is not known."""
    if isinstance(typed, q.ColumnRef):
        field = column_of(typed.parts, scope)
        return None if field is None or typed.fields else field.type
    if isinstance(typed, q.Name):
        return _named(run, typed)
    if isinstance(typed, q.Text):
        return UNKNOWN
    if isinstance(typed, q.Call):
        return routines.result(run, typed, types_of(run, typed, scope))
    if isinstance(typed, q.Operator):
        return _made(run, typed, scope)
    if isinstance(typed, q.Common):
        chosen = _chosen(run, [type_of(run, item, scope) for item in typed.items])
        return chosen if chosen is None or not typed.array else f"{chosen.removesuffix('[]')}[]"
    if isinstance(typed, q.Selected):
        return scope.given.get((typed.at, typed.column)) if scope is not None else None
    return None


def _made(run: Interpreter, operator: q.Operator, scope: Scope | None) -> str | None:
    left, right = type_of(run, operator.left, scope), type_of(run, operator.right, scope)
    if operator.name == q.SUBSCRIPT:
        return _element(run, left)
    if left is None or right is None:
        return None
    result = operated(operator.name, base_of(run, left), base_of(run, right))
    return None if result is None or run.state.has_any("operator") else result


def _element(run: Interpreter, array: str | None) -> str | None:
    array = None if array is None else base_of(run, array)
    return array.removesuffix("[]") if array is not None and array.endswith("[]") else None


def _named(run: Interpreter, name: q.Name) -> str | None:
    element = name.name.removesuffix("[]")
    if name.schema in (None, "pg_catalog") and element in builtins.types():
        return f"pg_catalog.{name.name}"
    type_ = routines.type_of(run, TypeRef(q.Name(name.schema, element), element != name.name))
    return None if type_.startswith("?") else type_


def types_of(run: Interpreter, call: q.Call, scope: Scope | None) -> tuple[str | None, ...]:
    """The types of a call's arguments, as far as they are known."""
    return tuple([type_of(run, typed, scope) for typed in call.types])


def own(run: Interpreter, type_: str) -> Relation | None:
    """A type that is certainly there, and none of PostgreSQL's own."""
    schema, _, name = type_.removesuffix("[]").partition(".")
    if schema == "pg_catalog":
        return None
    found = run.state.types.get((schema, name)) or run.state.relations.get((schema, name))
    return found if found is not None and found.fact == PRESENT else None


def note_column(run: Interpreter, type_: str) -> None:
    """A column is of this type, which can't be dropped then."""
    if (found := own(run, type_)) is not None:
        run.state.used.add(("column", *found.key))


def base_of(run: Interpreter, type_: str) -> str:
    """The type itself, or what a domain is over in the end."""
    found = None if type_.startswith("pg_catalog.") or type_.endswith("[]") else own(run, type_)
    if found is None or found.kind != "domain":
        return type_
    written = found.types.get("value", "")
    if found.of is not None:
        return base_of(run, ".".join(found.of) + ("[]" if written.endswith("[]") else ""))
    return spelled_type(written) or type_


def _as_built_in(run: Interpreter, type_: str) -> str | None:
    """What PostgreSQL's own operators take a type for; None where that is not known."""
    if type_.startswith("pg_catalog."):
        return type_
    found = own(run, type_)
    kind = None if found is None else "record" if found.kind in _WITH_ROWS else _OWN_KINDS.get(found.kind)
    return None if kind is None else f"pg_catalog.{kind}{'[]' if type_.endswith('[]') else ''}"


def is_operator(run: Interpreter, name: str, left: str, right: str) -> bool:
    """Whether PostgreSQL may have an operator between values of these types."""
    if left.startswith("pg_catalog.") and right.startswith("pg_catalog."):
        return operates(name, left, right)
    one, other = base_of(run, left), base_of(run, right)
    if name in _ORDER and any(base != type_ and _is_enum(run, base) for base, type_ in ((one, left), (other, right))):
        return False  # a domain over an enum is none to them
    left, right = _as_built_in(run, one) or "", _as_built_in(run, other) or ""
    if not (left and right):
        return True
    different = name in _ORDER and one != other and left == right and left.removesuffix("[]") != "pg_catalog.record"
    return not different and operates(name, left, right)


def _is_enum(run: Interpreter, type_: str) -> bool:
    found = own(run, type_)
    return found is not None and found.kind == "enum" and not type_.endswith("[]")


def _chosen(run: Interpreter, types: list[str | None]) -> str | None:
    """The type that PostgreSQL chooses for values of these types; None where that can't be told, or it refuses them."""
    if len(known := {type_ for type_ in types if type_ != UNKNOWN}) == 1:
        return known.pop()
    bases = [type_ if type_ is None else base_of(run, type_) for type_ in types]
    others = {type_ for type_ in bases if type_ != UNKNOWN}
    if len(others) == 1:
        return others.pop()
    return common_type(bases) if all(type_ is None or type_.startswith("pg_catalog.") for type_ in others) else None


def refused(run: Interpreter, types: list[str | None]) -> str | None:
    """The SQLSTATE with which values of these types are refused a common one."""
    known = {base_of(run, type_) for type_ in types if type_ not in (None, UNKNOWN)}
    if len(known) < 2:
        return None
    built_in = [_as_built_in(run, type_) for type_ in known]
    if len({category(type_) for type_ in built_in if type_ is not None}) > 1:
        return "42804"
    return apart(types) if all(type_.startswith("pg_catalog.") for type_ in known) else None


class Labels(msgspec.Struct):
    """Texts that become labels of an enum."""

    enum: Key
    texts: list[str]


class Lookup(msgspec.Struct):
    """A text that names another object, for its type."""

    type: str
    text: str


Verdict = str | Labels | Lookup | None


def judge(run: Interpreter, value: q.Value, scope: Scope | None) -> Verdict:
    """The SQLSTATE with which PostgreSQL certainly refuses to make a value, as far as the types are known and nothing
    was added to its own operators and casts; or the labels of an enum that the value is made with, or
    the name that it is."""
    if isinstance(value, q.Operator):
        return _of_operator(run, value, scope)
    if isinstance(value, q.Common):
        types = [type_of(run, item, scope) for item in value.items]
        if len(set(types)) == 1:
            return None
        return refused(run, types) or taken_as(run, _chosen(run, types), value.items)
    to = type_of(run, value.to, scope)
    if to is None or isinstance(value.value, q.Text):
        return taken_as(run, to, (value.value,))
    return "42804" if refuses_given(run, type_of(run, value.value, scope), to) else None


def _of_operator(run: Interpreter, value: q.Operator, scope: Scope | None) -> Verdict:
    quoted = isinstance(value.right, q.Text)
    if quoted and isinstance(value.left, q.Call) and not routines.namesakes(run, value.left.name)[0]:
        return None  # of other functions' values nobody asks for labels
    left = type_of(run, value.left, scope)
    if left is None:
        return None
    if value.name == q.SUBSCRIPT:
        return None if has_parts(base_of(run, left)) else "42804"
    right = type_of(run, value.right, scope)
    if right is None or (quoted and left in _STRINGS and value.name in _ORDER):
        return None
    if value.elements and right != UNKNOWN:
        right = base_of(run, right)
        if not right.endswith("[]"):
            return None if right in _VECTORS or _as_built_in(run, right) is None else "42809"
        right = right.removesuffix("[]")
    if isinstance(value.right, q.Text) and _takes_alike(run, value.name, left):
        return _quoted(run, left, value, value.right)
    if isinstance(value.left, q.Text) and _takes_alike(run, value.name, right):
        return _quoted(run, right, value, value.left)
    if not is_operator(run, value.name, left, right):
        return "42883"
    told = value.elements and operated(value.name, left, right) not in (None, "pg_catalog.bool")
    return "42809" if told else None


def _quoted(run: Interpreter, type_: str, operator: q.Operator, text: q.Text) -> Verdict:
    """What becomes of a text that an operator takes for a value of that type, or an array of them."""
    if operator.elements and text is operator.right:
        return taken_as(run, f"{type_}[]", (text,))
    if _as_built_in(run, base_of(run, type_)) == "pg_catalog.record":
        return "0A000"  # a record that is quoted
    return taken_as(run, type_, (text,))


def _takes_alike(run: Interpreter, name: str, type_: str) -> bool:
    """Whether an operator takes a text beside a value of a type as one of that type."""
    base = base_of(run, type_)
    if base != type_ and _is_enum(run, base):
        return False
    return takes_alike(name, _as_built_in(run, base) or "")


def refuses_given(run: Interpreter, type_: str | None, to: str) -> bool:
    """Whether a value of one type is certainly not given to what is of another one."""
    return type_ is not None and _refuses_given(run, type_, to) and not run.state.has_any("cast")


def _refuses_given(run: Interpreter, type_: str, to: str) -> bool:
    if type_ in (UNKNOWN, to):
        return False
    source, target = base_of(run, type_), base_of(run, to)
    if source.endswith("[]") and target.endswith("[]"):
        return _refuses_given(run, source.removesuffix("[]"), target.removesuffix("[]"))
    given, taken = _as_built_in(run, source), "" if target.endswith("[]") else _as_built_in(run, target)
    if source == target or given is None or taken is None:
        return False
    if target.startswith("pg_catalog."):
        return coerces(given, target, assigned=True) is False
    return given != taken or taken != "pg_catalog.record"


_STRINGS = ("pg_catalog.text", "pg_catalog.varchar")
_VECTORS = ("pg_catalog.int2vector", "pg_catalog.oidvector")


def taken_as(run: Interpreter, type_: str | None, values: tuple[q.Typed, ...]) -> Verdict:
    """What becomes of the texts among these values, where they get a type: labels, or none of its values (22P02)."""
    if type_ is None or type_ in _STRINGS:
        return None
    texts = [value.text for value in values if isinstance(value, q.Text)]
    if not texts:
        return None
    if type_ in LOOKED_UP:
        return Lookup(type_, texts[0]) if not texts[0].isdecimal() and texts[0] != "-" else None
    type_ = base_of(run, type_)
    if type_.endswith("[]"):
        if any("{" not in text for text in texts):
            return "22P02"
        type_, texts = type_.removesuffix("[]"), [item for text in texts for item in q.array_items(text) or ()]
    if any(rejects(_as_built_in(run, type_) or "", text) for text in texts):
        return "22P02"
    found = own(run, type_)
    return Labels(found.key, texts) if found is not None and found.kind == "enum" and texts else None
