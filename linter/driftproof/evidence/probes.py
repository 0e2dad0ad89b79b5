"""Whether an object is there, as an SQL expression for any console."""

from driftproof.objects import Object
from driftproof.syntax import literal, quote

_OF_RELATION = {
    "column": ("pg_catalog.pg_attribute", "attrelid", "attname"),
    "constraint": ("pg_catalog.pg_constraint", "conrelid", "conname"),
    "policy": ("pg_catalog.pg_policy", "polrelid", "polname"),
    "trigger": ("pg_catalog.pg_trigger", "tgrelid", "tgname"),
    "rule": ("pg_catalog.pg_rewrite", "ev_class", "rulename"),
}
_NAMED = {
    "extension": ("pg_catalog.pg_extension", "extname"),
    "role": ("pg_catalog.pg_roles", "rolname"),
    "publication": ("pg_catalog.pg_publication", "pubname"),
    "server": ("pg_catalog.pg_foreign_server", "srvname"),
    "event-trigger": ("pg_catalog.pg_event_trigger", "evtname"),
}


def there(wanted: Object) -> str | None:
    """The expression, true where the object is there; None for kinds that there is none for."""
    schema = wanted.schema or "public"
    name = literal(wanted.name)
    if wanted.kind in ("relation", "sequence", "index"):
        return f"to_regclass({written(schema, wanted.name)}) IS NOT NULL"
    if wanted.kind in _OF_RELATION and wanted.relation is not None:
        catalog, of, column = _OF_RELATION[wanted.kind]
        alive = " AND NOT attisdropped" if wanted.kind == "column" else ""
        table = f"to_regclass({written(schema, wanted.relation)})"
        return f"EXISTS (SELECT FROM {catalog} WHERE {of} = {table} AND {column} = {name}{alive})"
    if wanted.kind == "type":
        return f"to_regtype({written(schema, wanted.name)}) IS NOT NULL"
    if wanted.kind == "enum-label" and wanted.relation is not None:
        type_ = f"to_regtype({written(schema, wanted.relation)})"
        return f"EXISTS (SELECT FROM pg_catalog.pg_enum WHERE enumtypid = {type_} AND enumlabel = {name})"
    if wanted.kind == "schema":
        return f"to_regnamespace({literal(quote(wanted.name))}) IS NOT NULL"
    if wanted.kind == "function":
        where = f"proname = {name} AND pronamespace = to_regnamespace({literal(quote(schema))})"
        return f"EXISTS (SELECT FROM pg_catalog.pg_proc WHERE {where})"
    if wanted.kind in _NAMED:
        catalog, column = _NAMED[wanted.kind]
        return f"EXISTS (SELECT FROM {catalog} WHERE {column} = {name})"
    return None


def written(schema: str, name: str) -> str:
    """A qualified name as a string constant."""
    return literal(f"{quote(schema)}.{quote(name)}")
