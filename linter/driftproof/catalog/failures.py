"""A statement's predicted failure."""

import msgspec

from driftproof.diagnostic import Because, Certainty, Place
from driftproof.objects import Object


class Failure(msgspec.Struct, frozen=True, gc=False):
    """The object that is missing, or there already, and what left it in doubt.

    ``at`` is the byte offset of the text that names the object (-1: not known); ``origin`` the statement that left the
    doubt; ``inherited`` says that it lies in an earlier migration; ``cause`` the SQLSTATE that it comes of, if another
    one comes out. Of a second run: ``companion`` says that the file
    guards what the object is built on, ``unlikely`` that it takes a run that stopped half-way.
    """

    object: Object
    missing: bool
    sqlstate: str
    certainty: Certainty
    at: int = -1
    origin: Place | None = None
    because: Because | None = None
    inherited: bool = False
    cause: str | None = None
    companion: bool = False
    unlikely: bool = False
