"""Sentences about mutants that no check kills, in ``survivors.toml``.

An entry names the change, and not the number that it has in some draw; a number of a line in it
says nothing, for lines move. Cells of the unit have numbers, so an entry of it is of one netlist,
and worth nothing for another: its mutant may be another one there. One that is equivalent does
what the project does, as far as anybody can see; the sentence says why. The others would show if
somebody looked where the sentence says.
"""

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import NamedTuple

from .mutant import Mutant


__all__ = ["SURVIVORS", "Survivor", "known_survivor", "known_survivors"]


#: The file.
SURVIVORS = "survivors.toml"


class Survivor(NamedTuple):
    """A sentence about a survivor.

    Attributes
    ----------
    equivalent : :class:`bool`
        Nothing can kill it.
    why : :class:`str`
        Why nothing can, or what would.
    """

    equivalent: bool
    why:        str


def known_survivor(part: str, mutant: Mutant) -> Survivor | None:
    """Return what is known of a mutant of a part."""
    return _survivors().get((part, _without_lines(mutant.place), mutant.change, mutant.netlist))


def known_survivors(part: str) -> list[tuple[str, str, Survivor]]:
    """All that is known of mutants of a part: their places and changes, and what it is."""
    return [(place, change, survivor)
            for (other, place, change, _), survivor in _survivors().items() if other == part]


@cache
def _survivors() -> Mapping[tuple[str, str, str, str], Survivor]:
    text = resources.files(__package__).joinpath(SURVIVORS).read_text(encoding="utf-8")
    return {(part, _without_lines(entry["place"]), entry["change"], entry.get("netlist", "")):
            Survivor(entry["equivalent"], entry["why"])
            for part, entries in tomllib.loads(text).items() for entry in entries}


def _without_lines(place: str) -> str:
    return re.sub(r":\d+", "", place)
