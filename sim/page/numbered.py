"""Things that a document has once, and names by their number."""

from collections.abc import Hashable, Iterable, Mapping
from typing import Generic, TypeVar


__all__ = ["Numbered", "numbers"]


ThingT = TypeVar("ThingT", bound=Hashable)


class Numbered(Generic[ThingT]):
    """A list without repetitions, which grows.

    Parameters
    ----------
    *things
        The first ones.

    Attributes
    ----------
    things : :class:`list`
        The things; the place of each is its number.
    """

    def __init__(self, *things: ThingT):
        self.things: list[ThingT] = list(things)
        self._numbers = {thing: number for number, thing in enumerate(things)}

    def number(self, thing: ThingT) -> int:
        """Number of a thing, which is added if it is new."""
        if thing not in self._numbers:
            self._numbers[thing] = len(self.things)
            self.things.append(thing)
        return self._numbers[thing]


def numbers(things: Iterable[ThingT]) -> Mapping[ThingT, int]:
    """The numbers of all things that there are, each of which gets one where it comes first.

    To look up another is a :class:`KeyError`: the list is whole.
    """
    return {thing: number for number, thing in enumerate(dict.fromkeys(things))}
