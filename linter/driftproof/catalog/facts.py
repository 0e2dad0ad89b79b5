"""What can be known of an object's presence, over all start states."""

from enum import Enum

import msgspec

from driftproof.diagnostic import Because, Place
from driftproof.objects import Object


class Presence(Enum):
    """Whether an object is there, over all start states.

    MAYBE: there in the fresh state, but not guaranteed in a drifted one. UNKNOWN: nothing is known, nothing is claimed.
    """

    PRESENT = "present"
    ABSENT = "absent"
    MAYBE = "maybe"
    UNKNOWN = "unknown"


class Doubt(msgspec.Struct, frozen=True, gc=False):
    """The statement that left an object in doubt. ``lacks``: of one that is not there in the fresh state, what a
    drifted state lacked where it was made."""

    origin: Place
    because: Because
    lacks: Object | None = None


class Fact(msgspec.Struct, frozen=True, gc=False):
    """A presence; ``sure`` says whether it is certain for the fresh state, so that a failure there can be claimed.
    What is ABSENT with a doubt that something was lacking may be there in a drifted state."""

    presence: Presence
    sure: bool = True
    doubt: Doubt | None = None

    @property
    def nominal(self) -> bool | None:
        """Whether the object is there in the fresh state; None if that is not known."""
        if self.presence is Presence.UNKNOWN:
            return None
        return self.presence is not Presence.ABSENT


PRESENT = Fact(Presence.PRESENT)
ASSUMED = Fact(Presence.PRESENT, sure=False)
ABSENT = Fact(Presence.ABSENT)
GONE = Fact(Presence.ABSENT, sure=False)
UNKNOWN = Fact(Presence.UNKNOWN, sure=False)
