"""The text of guarded blocks: the question whether an object is there, and what runs behind it."""

from collections.abc import Sequence

import msgspec

from driftproof.objects import Object
from driftproof.syntax import literal, quote

STEP = "    "


def question(wanted: Object) -> list[str] | None:
    """The lines of a SELECT that has a row where the object is there; None for a kind that none is known of.

    The catalogs are asked the way PostgreSQL's users write it, so that whoever reads the file knows the guard. What the
    schema of temporary objects is called, nobody knows beforehand.
    """
    if wanted.schema == "pg_temp":
        return None
    schema, relation, name = literal(wanted.schema or "public"), wanted.relation or "", literal(wanted.name)
    table = regclass(wanted.schema or "public", relation)
    match wanted.kind:
        case "column":
            return _where(
                "information_schema.columns",
                f"table_schema = {schema}",
                f"table_name = {literal(relation)}",
                f"column_name = {name}",
            )
        case "relation":
            return _where("pg_class", f"relnamespace = {_regnamespace(wanted)}", f"relname = {name}")
        case "sequence":
            return _where("pg_sequences", f"schemaname = {schema}", f"sequencename = {name}")
        case "index":
            return _where("pg_indexes", f"schemaname = {schema}", f"indexname = {name}")
        case "constraint":
            return _where("pg_constraint", f"conrelid = {table}", f"conname = {name}")
        case "policy":
            return _where(
                "pg_policies",
                f"schemaname = {schema}",
                f"tablename = {literal(relation)}",
                f"policyname = {name}",
            )
        case "trigger":
            return _where("pg_trigger", f"tgrelid = {table}", f"tgname = {name}")
        case "type":
            return _where("pg_type", f"typnamespace = {_regnamespace(wanted)}", f"typname = {name}")
        case "enum-label":
            regtype = literal(f"{quote(wanted.schema or 'public')}.{quote(relation)}")
            return _where("pg_enum", f"enumtypid = {regtype}::regtype", f"enumlabel = {name}")
        case "schema":
            return _where("pg_namespace", f"nspname = {name}")
        case "extension":
            return _where("pg_extension", f"extname = {name}")
        case "role":
            return _where("pg_roles", f"rolname = {name}")
        case "publication":
            return _where("pg_publication", f"pubname = {name}")
        case "publication-table":
            return _where(
                "pg_publication_tables",
                f"pubname = {name}",
                f"schemaname = {schema}",
                f"tablename = {literal(relation)}",
            )
        case _:
            return None


def attribute_question(wanted: Object) -> list[str]:
    """The same for an attribute of a composite type, which is no column of the information schema."""
    owner = regclass(wanted.schema or "public", wanted.relation or "")
    return _where("pg_attribute", f"attrelid = {owner}", f"attname = {literal(wanted.name)}", "NOT attisdropped")


def _where(catalog: str, *conditions: str) -> list[str]:
    first, *others = conditions
    return [f"SELECT 1 FROM {catalog}", f"WHERE {first}", *(f"  AND {other}" for other in others)]


def regclass(schema: str, relation: str) -> str:
    """A relation as the catalogs refer to it."""
    return f"{literal(f'{quote(schema)}.{quote(relation)}')}::regclass"


def _regnamespace(wanted: Object) -> str:
    return f"{literal(quote(wanted.schema or 'public'))}::regnamespace"


class Block(msgspec.Struct, frozen=True):
    """Lines of PL/pgSQL, and those of the EXCEPTION part that catches what they may raise; ``plain`` is a statement of
    SQL instead, which needs no block."""

    body: tuple[str, ...]
    handlers: tuple[str, ...] = ()
    plain: str = ""

    def statement(self) -> str:
        """The block as a statement of its own."""
        if self.plain:
            return self.plain
        text = "\n".join(self._begin_end())
        tag = dollar_tag(text)
        return f"DO {tag}\n{text} {tag};"

    def step(self) -> list[str]:
        """The lines of the block as a step of another block."""
        if self.plain:
            return [self.plain]
        return [*self._begin_end()[:-1], "END;"] if self.handlers else list(self.body)

    def _begin_end(self) -> list[str]:
        caught = ["EXCEPTION", *indented(self.handlers, 1)] if self.handlers else []
        return ["BEGIN", *indented(self.body, 1), *caught, "END"]


def guarded(asked: Sequence[str], body: Sequence[str], *, there: bool = False) -> list[str]:
    """The lines that run ``body`` where a question has no row, or where it has one (``there``)."""
    return [*_test(asked, there), *indented(body, 1), "END IF;"]


def opening(asked: Sequence[str], *, there: bool) -> list[str]:
    """The lines of a block up to the statement that it guards, and behind it `CLOSING`."""
    return ["BEGIN", *indented(_test(asked, there), 1)]


CLOSING = (f"{STEP}END IF;", "END")


def _test(asked: Sequence[str], there: bool) -> list[str]:
    return [f"IF {'EXISTS' if there else 'NOT EXISTS'} (", *indented(asked, 1), ") THEN"]


def indented(lines: Sequence[str], steps: int) -> list[str]:
    """The lines, each so many steps to the right; the further lines of one that has several stay as they are."""
    return [STEP * steps + line for line in lines]


def dollar_tag(body: str) -> str:
    """A dollar quote that the body does not hold."""
    tag = "$$"
    while tag in body:
        tag = "$guard$" if tag == "$$" else f"${tag[1:-1]}_$"
    return tag


def warning(text: str) -> str:
    """A statement that warns; the text is none of RAISE's formats."""
    return f"RAISE WARNING {literal(text.replace('%', '%%'))};"
