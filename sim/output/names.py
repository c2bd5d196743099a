"""Names that somebody may have meant by one that is not known."""

from collections.abc import Collection, Iterable
from difflib import get_close_matches


__all__ = ["others"]


#: Names that a complaint lists at most.
_MOST = 12


def others(word: object, known: Iterable[str], where: str = "") -> str:
    """Tell what there is besides ``word``: names that are near, and all if they are few.

    Of names with dots those are near that end in the word. ``where`` says in a few
    words where the reader finds the others.
    """
    names: Collection[str] = list(known)
    ending = [name for name in names if name.endswith(f".{word}")]
    *first, last = ending or get_close_matches(str(word), names) or [""]
    near = f"did you mean {', '.join(first)}{' or ' * bool(first)}{last}?" if last else ""
    few  = f"there are: {', '.join(names) or 'none'}" if len(names) <= _MOST else where
    return " ".join(filter(None, (near, few)))
