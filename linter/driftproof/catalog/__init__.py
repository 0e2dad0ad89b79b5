"""What is known of a database at each point of a history, and which statement fails where."""

from driftproof.catalog.effects import EFFECTS
from driftproof.catalog.entries import Relation
from driftproof.catalog.facts import PRESENT, Fact, Presence
from driftproof.catalog.interpreter import Interpreter
from driftproof.catalog.state import State

Catalog = State

__all__ = ["Catalog", "Fact", "Interpreter", "Presence", "Relation", "State", "interpreter"]


def interpreter(platform: str | None, *, by_hand: bool = False) -> Interpreter:
    """An interpreter at the start of a history on that platform (None: a bare server).

    ``by_hand``: what the history never makes may have been made by hand, so nothing is known of it.
    """
    if platform == "supabase":
        from driftproof.catalog import supabase

        run = Interpreter(supabase.SEARCH_PATH, supabase.FUNCTIONS, EFFECTS, None if by_hand else supabase.SCHEMAS)
        supabase.enter(run.state)
        return run
    run = Interpreter(("public",), {}, EFFECTS, None if by_hand else frozenset())
    run.state.put_object(("schema", None, "public"), PRESENT)
    return run
