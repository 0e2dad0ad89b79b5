"""What triggers do when rows are written: their functions run with the statement.

Source: fireBSTriggers and its kin, nodeModifyTable.c; ExecBRInsertTriggers and its kin, trigger.c;
plpgsql_exec_trigger, pl_exec.c.
"""

from collections.abc import Iterable, Iterator

import msgspec

from driftproof.catalog.effects.clones import is_clone
from driftproof.catalog.effects.rows import fill, forget_rows
from driftproof.catalog.entries import Key, Relation, Trigger
from driftproof.catalog.facts import PRESENT, Presence
from driftproof.catalog.interpreter import Interpreter
from driftproof.catalog.ways import Fails, Way
from driftproof.objects import Kind
from driftproof.statements import operations as op
from driftproof.statements.query import Modification

_KEPT = {"insert": {"new"}, "update": {"new", "old"}, "delete": {"old"}}
"""What a BEFORE trigger returns of a row that is written; without it the row is passed by."""


class Writing:
    """What a statement writes to one relation: ``rows`` says whether a row is (None: nobody knows), ``certain`` that
    the triggers of the statement fire; ``others`` are relations to which it may come to write as well. ``last``: behind
    its triggers nothing comes."""

    def __init__(self, run: Interpreter, target: Relation, modifies: Modification, *, alone: bool) -> None:
        self.run = run
        self.key = target.key
        self.modifies = modifies
        self.rows = _writes_rows(run, target, modifies)
        self.events = _events(modifies)
        self.others = list(_others(run, target, modifies))
        self.last = not run.in_function or run.passive is True
        self.certain = alone and modifies.command != "merge"

    def fires(self) -> bool:
        """Whether there are triggers that may fire."""
        return bool(self.others or self.run.state.relations[self.key].triggers)

    def fire(self) -> None:
        """All of them, in PostgreSQL's order."""
        run, target = self.run, self.run.state.relations[self.key]
        matters = self.rows or not all(trigger.firing.row for trigger in target.triggers.values())
        self.certain = self.certain and matters and _writes_here(target, self.events[0])
        asked = self.certain or not self.last
        if asked and (_has_unknown(target) or _may_refuse(target, self.modifies)):
            run.unsure = run.blind = True
        for event in self.events:
            self._each(self.key, event, "BEFORE", row=False, certain=self.certain)
        if self.rows is not False:
            self._rows(target)
        for event in reversed(self.events):
            self._each(self.key, event, "AFTER", row=False, certain=self.certain)

    def _rows(self, target: Relation) -> None:
        run, modifies = self.run, self.modifies
        first, *further = self.events
        certain, unsure = bool(self.rows) and self.certain, run.unsure
        if target.kind == "table" and target.partitioned != frozenset():
            self._risk()  # there may be no partition for it
        certain = self._each(self.key, first, "BEFORE", row=True, certain=certain)
        certain = self._each(self.key, first, "INSTEAD OF", row=True, certain=certain)
        for event in further:
            self._each(self.key, event, "BEFORE", row=True, certain=False)
            self._each(self.key, event, "INSTEAD OF", row=True, certain=False)
        for other in self.others:
            for name, trigger in sorted(run.state.relations[other].triggers.items()):
                if not is_clone(run.state.relations[other], name):
                    self._one(other, name, trigger, "update", certain=False)
        if certain and not unsure and first == "insert":
            fill(run, target, modifies)
        if any(trigger.firing.timing == "AFTER" for trigger in target.triggers.values()):
            self._risk()
        for event in further:
            self._each(self.key, event, "AFTER", row=True, certain=False)
        self._each(self.key, first, "AFTER", row=True, certain=certain and not modifies.forgives)

    def _risk(self) -> None:
        """A row may be refused."""
        self.run.risks("23")
        self.run.blind |= not self.modifies.forgives

    def _each(self, key: Key, event: str, timing: str, *, row: bool, certain: bool) -> bool:
        """The triggers that fire at that point, in the order of their names; whether the row is certainly written after
        that, if it ``certain``ly was before."""
        for name, trigger in sorted(self.run.state.relations[key].triggers.items()):
            firing = trigger.firing
            if event in firing.events and firing.timing == timing and firing.row is row:
                certain = self._one(key, name, trigger, event, certain=certain)
        return certain

    def _one(self, key: Key, name: str, trigger: Trigger, event: str, *, certain: bool) -> bool:
        run, relation = self.run, self.run.state.relations[key]
        fact, fires = relation.member("trigger", name), self._fires(trigger, event)
        if fact.presence is Presence.ABSENT or fires is False:
            return certain
        kept = False

        def go() -> None:
            nonlocal kept
            kept = self._call(key, name, trigger, event)

        outer, run.passive = run.passive, None if _alters(run, trigger) else self.last
        if not (certain and fires) or fact.presence is Presence.UNKNOWN:
            if run.passes_by():
                run.unsure = run.blind = True
                forget_rows(run)
            else:
                run.branch(go, [Way(lambda: None)], known=False, sure=False, idle=True)
        else:
            run.unsure |= not fact.sure
            if fact.presence is Presence.MAYBE:
                run.where_missing(relation.object("trigger", name), fact, lambda: None, go)
            else:
                go()
        run.passive = outer
        return certain and kept

    def _fires(self, trigger: Trigger, event: str) -> bool | None:
        """Whether a trigger fires at an event of its own, as far as that is known."""
        mode, role = trigger.enabled, self.run.state.replication
        told = mode == "A" or (mode != "?" and role is not None)
        if mode == "D" or (told and mode != "A" and (mode == "R") != (role == "replica")):
            return False
        if event == "update" and trigger.columns and self.modifies.command != "merge":
            relation = self.run.state.relations[self.key]
            if trigger.columns.isdisjoint(column.parts[0] for column in self.modifies.assigned):
                computed = any(relation.member("generated", name).nominal is not False for name in trigger.columns)
                return None if computed else False
        return True if told and not (trigger.firing.conditional or trigger.firing.waits) else None

    def _call(self, key: Key, name: str, trigger: Trigger, event: str) -> bool:
        """Run its function; whether a row that it fires for is certainly written, where it fires before that."""
        firing, relation, modifies = trigger.firing, self.run.state.relations[key], self.modifies
        variables = {
            "tg_when": firing.timing,
            "tg_level": "ROW" if firing.row else "STATEMENT",
            "tg_name": name,
            "tg_nargs": str(len(firing.arguments)),
        }
        if key == self.key:
            variables["tg_op"] = event.upper()
        if key[0] != "pg_temp" and not (firing.row and relation.partitioned):
            variables |= {"tg_relname": key[1], "tg_table_name": key[1], "tg_table_schema": key[0]}
        once = not firing.row or (modifies.command == "insert" and (len(modifies.rows) == 1 or not modifies.source))
        returns = _call(self.run, trigger, key, variables, once=once)
        return returns is not None and returns <= _KEPT.get(event, set())


def _call(
    run: Interpreter, trigger: Trigger, key: Key, variables: dict[str, str], *, once: bool
) -> frozenset[str] | None:
    """Run the function of a trigger; what it returns, None where it could not be followed."""
    routine = run.state.routine(trigger.function, ()) if trigger.function is not None else None
    called = None
    if routine is not None and routine.body is not None and routine.fact == PRESENT:
        called = routine.body.fired(tuple(variables.items()))
    alters = _alters(run, trigger)
    if called is None or routine is None or routine.body is None or (alters and not once):
        followed = False
    else:
        followed = run.call(routine.body, called, (key, trigger.firing.tables))
    if followed and called is not None:
        return called.returns
    run.unsure = True
    forget_rows(run)
    if alters:
        run.steps((op.Forget(),))
    return None


def _alters(run: Interpreter, trigger: Trigger) -> bool:
    """Whether its function may make or drop objects."""
    return trigger.function is not None and trigger.function[1] in run.altering


def armed(run: Interpreter, modified: list[tuple[Relation, Modification]]) -> list[Writing]:
    """What is written where triggers may fire."""
    found = []
    for target, modifies in modified:
        target = run.state.relations.get(target.key, target)
        # As nearly always, nothing can come of it.
        quiet = target.kind == "table" and (modifies.command == "insert" or not target.dependents)
        if target.triggers or target.children or not quiet:
            found.append(Writing(run, target, modifies, alone=len(modified) == 1))
    return [writing for writing in found if writing.fires()]


def fire(run: Interpreter, writings: Iterable[Writing]) -> None:
    """The triggers of a statement; where one fails, so does that."""
    at, passive = len(run.writing), run.passive
    before = run.state.fork()
    try:
        for writing in writings:
            run.writing.append(writing.key)
            writing.fire()
    except Fails:
        run.state = before
        raise
    finally:
        del run.writing[at:]
        run.passive = passive


def need_unused(run: Interpreter, step: op.NeedUnused) -> None:
    """What alters a table does not work in a trigger of a statement that writes to it."""
    if any(run.state.look_up(name)[0] in run.writing for name in step.tables):
        run.raises("55006")


def truncate(run: Interpreter, step: op.ForgetRows) -> None:
    """TRUNCATE: which rows are left is not known."""
    forget_rows(run)
    for name in step.tables:
        _, relation = run.state.look_up(name)
        if relation is not None and (relation.triggers or step.cascade or relation.children):
            writing = Writing(run, relation, Modification(name, command="truncate"), alone=len(step.tables) == 1)
            referred = any(member is not None and member[0] == "constraint" for _, member in relation.dependents)
            run.unsure |= referred or bool(writing.others)
            if writing.fires():
                fire(run, [writing])


def switch(run: Interpreter, step: op.SwitchTriggers) -> None:
    """ENABLE and DISABLE TRIGGER, in partitions as well."""
    relations = list(run.state.relations.values())
    if step.table is not None:
        relation = run.relation(step.table, missing_ok=step.table_missing_ok)
        relations = [] if relation is None else [relation]
    for relation in relations:
        _switch(run, relation, step)


def _switch(run: Interpreter, relation: Relation, step: op.SwitchTriggers) -> None:
    for name, trigger in list(relation.triggers.items()):
        if step.name in (None, name):
            relation = run.state.writable(relation)
            relation.triggers[name] = msgspec.structs.replace(trigger, enabled=step.enabled)
    for child in run.state.children(relation) if relation.partitioned and not step.only else ():
        _switch(run, child, step)


def call_anew(run: Interpreter, old: Key, new: Key) -> None:
    """A function has another name: the triggers that call it go on calling it."""
    for relation in list(run.state.relations.values()):
        for name, trigger in relation.triggers.items():
            if trigger.function == old:
                relation = run.state.writable(relation)
                relation.triggers[name] = msgspec.structs.replace(trigger, function=new)


def _events(modifies: Modification) -> tuple[str, ...]:
    """What happens to rows, the first one to those that are certainly written."""
    if modifies.command == "merge":
        return "insert", "update", "delete"
    return ("insert", "update") if modifies.forgives and not modifies.inserts else (modifies.command,)


def _writes_rows(run: Interpreter, target: Relation, modifies: Modification) -> bool | None:
    if modifies.command == "truncate":
        return False
    if modifies.command == "insert":
        return True if modifies.rows or modifies.source is None else None
    if modifies.command != "merge" and target.key in run.state.filled:
        return True if modifies.whole else None
    empty = target.key in run.state.accounted and not any(row[0] == target.key for row in run.state.rows)
    return False if empty and not target.children and modifies.command != "merge" else None


def _writes_here(target: Relation, event: str) -> bool:
    """Whether what is written to a relation certainly comes there: a rule may do something else, and so does a view
    without an INSTEAD OF trigger."""
    if any(kind == "rule" and fact.presence is not Presence.ABSENT for (kind, _), fact in target.members.items()):
        return False
    if target.kind == "view":
        return any(
            trigger.firing.timing == "INSTEAD OF"
            and event in trigger.firing.events
            and target.member("trigger", name) == PRESENT
            for name, trigger in target.triggers.items()
        )
    return target.kind == "table"


def _others(run: Interpreter, target: Relation, modifies: Modification) -> Iterator[Key]:
    """Children, the tables of a view, and those whose foreign keys follow: where they have triggers, these may fire."""
    seen, behind = {target.key}, [target]
    while behind:
        relation = behind.pop()
        near = [*relation.children]
        if relation.kind == "view":
            near += relation.sources.get(None, ())
        if not modifies.inserts or relation is not target:
            near += [key for key, member in relation.dependents if member is not None and member[0] == "constraint"]
        for key in near:
            other = run.state.relations.get(key)
            if other is not None and key not in seen:
                seen.add(key)
                behind.append(other)
                if any(not is_clone(other, name) for name in other.triggers):
                    yield key


def _has_unknown(relation: Relation) -> bool:
    """Whether there may be triggers of which nothing is known."""
    if relation.open or "trigger" in relation.vague:
        return True
    return any(
        kind == "trigger" and name not in relation.triggers and fact.presence is not Presence.ABSENT
        for (kind, name), fact in relation.members.items()
    )


def _may_refuse(target: Relation, modifies: Modification) -> bool:
    """Whether a value may be refused before a trigger fires: by a domain, or because the column takes none, or only by
    OVERRIDING."""
    if any("." in type_ for type_ in target.types.values()):
        return True
    names = [column.parts[0] for column in (*modifies.columns, *modifies.assigned)]
    if modifies.command == "insert" and not modifies.columns and modifies.source is not None:
        names += target.columns()
    return any(target.member(kind, name).nominal is not False for kind in _COMPUTED for name in names)


_COMPUTED: tuple[Kind, ...] = ("generated", "identity")
