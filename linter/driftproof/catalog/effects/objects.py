"""Schemas, types, functions, extensions, roles and publications."""

from typing import Any

from driftproof.catalog.effects.control import forget
from driftproof.catalog.effects.parts import need_type
from driftproof.catalog.effects.relations import put_under
from driftproof.catalog.interpreter import Interpreter
from driftproof.catalog.state import (
    ABSENT,
    ASSUMED,
    GONE,
    UNKNOWN,
    Key,
    Relation,
)
from driftproof.objects import Object
from driftproof.statements import operations as op
from driftproof.statements.query import Name


def _object_key(run: Interpreter, kind: str, name: Name) -> tuple[Any, str | None, str] | None:
    if kind in ("schema", "extension", "role", "publication"):
        return kind, None, name.name
    key = run.state.creation_key(name)
    return None if key is None else (kind, key[0], key[1])


def create(run: Interpreter, made: op.Create) -> None:
    """CREATE SCHEMA, TYPE, FUNCTION, EXTENSION..."""
    if made.kind == "type":
        _create_type(run, made)
        return
    key = _object_key(run, made.kind, made.name)
    if key is None:
        return
    if made.alters:
        run.altering.add(made.name.name)
    fact = run.state.objects.get(key)
    if fact is not None and not (made.if_not_exists or made.replace or made.overloads):
        run.forbid(Object(made.kind, key[1], None, key[2]), fact)
    run.state.put_object(key, run.made())


def _create_type(run: Interpreter, made: op.Create) -> None:
    key = run.state.creation_key(made.name)
    if key is None:
        return
    taken = run.state.types.get(key)
    run.forbid(Object("type", key[0], None, key[1]), taken.fact if taken is not None else ABSENT)
    type_ = Relation(key, "type", run.made(), open=False)
    for label in made.labels:
        type_.members["enum-label", label] = type_.fact
    run.state.put_type(type_)


def need_object(run: Interpreter, need: op.Need) -> None:
    """COMMENT ON TYPE, GRANT ON FUNCTION...: a claim only for what the history itself dropped."""
    if need.kind == "type":
        need_type(run, need.name)
        return
    key = _object_key(run, need.kind, need.name)
    if key is None or need.kind == "function":
        return
    fact = run.state.objects.get(key, UNKNOWN)
    run.need(Object(need.kind, key[1], None, key[2]), fact, lambda proven: run.state.put_object(key, proven))


def drop_object(run: Interpreter, drop: op.Drop) -> None:
    """DROP TYPE, FUNCTION, SCHEMA...; a function may have namesakes, so nothing is known of it afterwards."""
    if drop.kind == "type":
        _, found = run.state.look_up(drop.name, run.state.types)
        if not drop.missing_ok and found is not None:
            need_type(run, drop.name)
        key = found.key if found is not None else run.state.creation_key(drop.name)
        if key is not None:
            run.state.put_type(Relation(key, "type", GONE, open=False))
        if drop.cascade:
            forget(run, op.Forget("column"))
        return
    name = _object_key(run, drop.kind, drop.name)
    if name is None:
        return
    if drop.kind == "function":
        run.state.put_object(name, UNKNOWN)
        if drop.cascade:
            forget(run, op.Forget("trigger"))
            forget(run, op.Forget("policy"))
        return
    fact = run.state.objects.get(name, UNKNOWN)
    if not drop.missing_ok:
        run.need(Object(drop.kind, name[1], None, name[2]), fact, lambda _fact: None)
    run.state.put_object(name, GONE)
    if drop.kind == "schema":
        for key, relation in list(run.state.relations.items()):
            if key[0] == drop.name.name:
                run.gone(key, relation.kind, certain=drop.cascade)
    if drop.kind == "extension":
        forget(run, op.Forget("type"))


def rename_object(run: Interpreter, rename: op.Rename) -> None:
    """ALTER TYPE, SCHEMA... RENAME TO."""
    if rename.kind == "type":
        _, found = run.state.look_up(rename.name, run.state.types)
        if found is not None:
            _move_type(run, found, (found.key[0], rename.to))
        return
    old, new = _object_key(run, rename.kind, rename.name), _object_key(run, rename.kind, Name(None, rename.to))
    if old is not None and new is not None:
        run.state.put_object(new, run.state.objects.get(old, ASSUMED))
        run.state.put_object(old, GONE if rename.kind != "function" else UNKNOWN)
    if rename.kind == "schema":
        for key, relation in list(run.state.relations.items()):
            if key[0] == rename.name.name:
                put_under(run, relation, (rename.to, key[1]), check=False)


def move_object(run: Interpreter, move: op.Move) -> None:
    """ALTER TYPE, FUNCTION... SET SCHEMA."""
    if move.kind == "type":
        _, found = run.state.look_up(move.name, run.state.types)
        if found is not None:
            _move_type(run, found, (move.schema, found.key[1]))
        return
    old = _object_key(run, move.kind, move.name)
    if old is not None:
        run.state.put_object((move.kind, move.schema, old[2]), run.state.objects.get(old, ASSUMED))
        run.state.put_object(old, UNKNOWN)


def _move_type(run: Interpreter, type_: Relation, to: Key) -> None:
    moved = type_.copy()
    moved.key = to
    run.state.put_type(Relation(type_.key, "type", GONE, open=False))
    run.state.put_type(moved)


def add_label(run: Interpreter, add: op.AddLabel) -> None:
    """ALTER TYPE ... ADD VALUE, RENAME VALUE."""
    _, type_ = run.state.look_up(add.type, run.state.types)
    if type_ is None:
        return
    need_type(run, add.type)
    type_ = run.state.types[type_.key]
    if add.renames is not None:
        type_ = run.state.writable(type_)
        type_.members["enum-label", add.renames] = GONE
    fact = type_.member("enum-label", add.label)
    if not add.if_not_exists:
        run.forbid(type_.object("enum-label", add.label), fact)
    run.state.writable(type_).members["enum-label", add.label] = run.made()
