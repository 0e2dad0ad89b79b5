"""What can't be used - a call, a configuration, an input - and the nearest thing that could have been meant."""

from collections.abc import Iterable


class Unusable(Exception):
    """Why the work can't be done, in one line; exit status 2."""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """``; did you mean X?`` with the known word that is nearest, or nothing."""
    from difflib import get_close_matches

    names = {name.lower(): name for name in known}
    near = get_close_matches(word.lower(), names, n=1)
    return f"; did you mean {names[near[0]]}?" if near else ""
