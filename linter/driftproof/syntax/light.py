"""pglast's parser without the classes and enumerations of its syntax trees: these take longer to load than most checks
take, and only `driftproof.syntax.printing` needs them. Whoever asks for one of them gets it."""

import sys
from importlib import import_module
from types import ModuleType
from typing import Any


class _Later(ModuleType):
    """A stand-in for a module that is loaded when something of it is asked for."""

    def __getattr__(self, name: str) -> Any:
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        loaded = import_module(self.__name__)
        self.__dict__.update(vars(loaded))
        return getattr(loaded, name)


if "pglast" not in sys.modules:
    sys.modules.update({name: _Later(name) for name in ("pglast.ast", "pglast.enums")})

from pglast import parser  # noqa: E402
from pglast.parser import ParseError  # noqa: E402

__all__ = ["ParseError", "parser"]
