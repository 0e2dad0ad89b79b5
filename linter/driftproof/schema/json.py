"""The schema as one JSON document."""

from typing import Any

import msgspec

from driftproof import __version__
from driftproof.schema.model import Schema

_OURS = ("needs", "after", "own")
"""What only the SQL is made with."""


def render(schema: Schema) -> str:
    """The document; what an object does not have is left out of it."""
    data: dict[str, Any] = {"version": __version__, **msgspec.to_builtins(schema)}
    named = data.pop("named")
    schemas = [item for item in named if item["kind"] == "schema"]
    extensions = [item for item in named if item["kind"] == "extension"]
    for relation in data["relations"]:
        if relation["kind"] in ("table", "foreign table"):
            relation.pop("definition", None)  # its columns and constraints say it
    data = {"version": data.pop("version"), "schemas": schemas, "extensions": extensions, **data}
    return msgspec.json.format(msgspec.json.encode(_without(data)), indent=2).decode() + "\n"


def _without(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without(item) for name, item in value.items() if name not in _OURS}
    if isinstance(value, list | tuple):
        return [_without(item) for item in value]
    return value
