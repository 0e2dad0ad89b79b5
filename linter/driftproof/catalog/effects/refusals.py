"""What statements are refused for but for a missing object, and relations of the wrong kind."""

from driftproof.catalog.entries import Relation
from driftproof.catalog.facts import ABSENT, Fact
from driftproof.catalog.interpreter import Interpreter
from driftproof.objects import Object
from driftproof.statements import operations as op


def fails(run: Interpreter, sqlstate: str, *facts: Fact) -> None:
    """The statement is refused where all of this is there."""
    if any(fact == ABSENT for fact in facts):
        return
    if not run.unsure and all(fact.nominal and fact.sure for fact in facts):
        run.raises(sqlstate)
    run.unsure = True


def check_kind(run: Interpreter, relation: Relation, kinds: tuple[op.RelationKind, ...], *, at: int = -1) -> None:
    """The statement is for relations of these kinds only; of a relation that was not made here no kind is known."""
    if kinds and relation.kind not in kinds and relation.kind != "relation":
        _refuse(run, relation, at=at)


def check_opened(run: Interpreter, relation: Relation) -> None:
    """What belongs to a relation is looked for in one that is opened as a table; indexes and types are not.

    Source: get_object_address_relobject, objectaddress.c.
    """
    if relation.kind in ("index", "composite type"):
        _refuse(run, relation)


def _refuse(run: Interpreter, relation: Relation, *, at: int = -1) -> None:
    run.forbid(Object("relation", relation.key[0], None, relation.key[1]), relation.fact, at=at, sqlstate="42809")
