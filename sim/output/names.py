"""Names that somebody may have meant by one that is not known."""

from collections.abc import Collection, Iterable
from difflib import get_close_matches


__all__ = ["others"]


#: Names that a complaint lists at most.
_MOST = 12


def others(word: object, known: Iterable[str], where: str) -> str:
    """Tell what there is besides ``word``: all names if they are few, else those that are nearest.

    ``where`` says in a few words where the reader finds the others.
    """
    names: Collection[str] = list(known)
    if len(names) <= _MOST:
        return f"there are: {', '.join(names) or 'none'}"
    *first, last = get_close_matches(str(word), names) or [""]
    near = f"{', '.join(first)} or {last}" if first else last
    return f"did you mean {near}? {where}" if near else where
