"""DROP and COMMENT over trees."""

from driftproof.schema.naming import name_in, routines_of
from driftproof.schema.things import PARTS, Column, Key, Made, Thing
from driftproof.syntax.printing import (
    Tree,
    texts,
)


def drop(made: Made, tree: Tree) -> None:
    kind = tree.removeType.name
    for item in tree.objects:
        match kind:
            case "OBJECT_SCHEMA" | "OBJECT_EXTENSION":
                made.named.pop(("schema" if kind == "OBJECT_SCHEMA" else "extension", item.sval), None)
                if kind == "OBJECT_SCHEMA":
                    _drop_contents(made, item.sval)
            case "OBJECT_TYPE" | "OBJECT_DOMAIN":
                made.types.pop(made.find_type(*name_in(item.names)) or ("", ""), None)
            case "OBJECT_FUNCTION" | "OBJECT_PROCEDURE" | "OBJECT_ROUTINE" | "OBJECT_AGGREGATE":
                for routine in routines_of(made, item):
                    made.routines.pop((routine.key, routine.arguments), None)
            case "OBJECT_INDEX":
                found = made.index(*name_in(item))
                if found is not None:
                    found[0].parts.pop(("index", name_in(item)[1]))
            case _ if kind in PARTS:
                *table, name = texts(item)
                key = made.find(table[-2] if len(table) > 1 else None, table[-1])
                if key is not None:
                    made.relations[key].parts.pop((PARTS[kind], name), None)
            case "OBJECT_TABLE" | "OBJECT_VIEW" | "OBJECT_MATVIEW" | "OBJECT_SEQUENCE" | "OBJECT_FOREIGN_TABLE":
                _drop_relation(made, made.find(*name_in(item)))
            case _:
                pass


def _drop_relation(made: Made, key: Key | None) -> None:
    if key is None:
        return
    del made.relations[key]
    for other in list(made.relations.values()):
        if key in other.parents:
            _drop_relation(made, other.key)
        elif any(isinstance(item, tuple) and item[0] == key for item in other.after):
            made.relations.pop(other.key, None)


def _drop_contents(made: Made, schema: str) -> None:
    for key in [key for key in made.relations if key[0] == schema]:
        made.relations.pop(key, None)
    for key in [key for key in made.types if key[0] == schema]:
        del made.types[key]
    for key, arguments in [place for place in made.routines if place[0][0] == schema]:
        del made.routines[key, arguments]


def comment(made: Made, tree: Tree) -> None:
    if tree.objtype.name == "OBJECT_COLUMN":
        *table, name = texts(tree.object)
        relation = made.relations.get(made.find(table[-2] if len(table) > 1 else None, table[-1]) or ("", ""))
        if relation is not None and relation.columns is None:
            relation.comments[name] = tree.comment or None
            return
    thing = _commented(made, tree.objtype.name, tree.object)
    if thing is not None:
        thing.comment = tree.comment or None


def _commented(made: Made, kind: str, named: Tree) -> Thing | Column | None:
    match kind:
        case "OBJECT_SCHEMA" | "OBJECT_EXTENSION":
            return made.named.get(("schema" if kind == "OBJECT_SCHEMA" else "extension", named.sval))
        case "OBJECT_TYPE" | "OBJECT_DOMAIN":
            return made.types.get(made.find_type(*name_in(named.names)) or ("", ""))
        case "OBJECT_FUNCTION" | "OBJECT_PROCEDURE":
            return next(iter(routines_of(made, named)), None)
        case "OBJECT_INDEX":
            found = made.index(*name_in(named))
            return found[1] if found is not None else None
        case "OBJECT_COLUMN" | "OBJECT_TABCONSTRAINT" | "OBJECT_POLICY" | "OBJECT_TRIGGER" | "OBJECT_RULE":
            *table, name = texts(named)
            key = made.find(table[-2] if len(table) > 1 else None, table[-1])
            if key is None:
                return None
            relation = made.relations[key]
            if kind == "OBJECT_COLUMN":
                return (relation.columns or {}).get(name)
            if kind == "OBJECT_TABCONSTRAINT":
                return relation.constraints.get(name)
            return relation.parts.get((PARTS[kind], name))
        case "OBJECT_TABLE" | "OBJECT_VIEW" | "OBJECT_MATVIEW" | "OBJECT_SEQUENCE" | "OBJECT_FOREIGN_TABLE":
            return made.relations.get(made.find(*name_in(named)) or ("", ""))
        case _:
            return None
