"""What a fix is asked to look like."""

from enum import StrEnum

import msgspec


class Style(StrEnum):
    """How an object is made sure of: in a DO block that asks for it, or with PostgreSQL's own IF [NOT] EXISTS, OR
    REPLACE, where there is one."""

    DO_BLOCK = "do-block"
    NATIVE = "native"


class Scope(StrEnum):
    """Which columns of a doubted table are made sure of: those that later statements need, or all."""

    USED = "used"
    ALL = "all"


class Fixing(msgspec.Struct, frozen=True):
    """Style and scope of all fixes of a run."""

    style: Style = Style.DO_BLOCK
    scope: Scope = Scope.USED


AS_DESIGNED = Fixing()
