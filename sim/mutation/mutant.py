"""A mutant of any part, and a draw of several."""

from dataclasses import dataclass
from typing import Protocol


__all__ = ["Draw", "Mutant"]


@dataclass(frozen=True)
class Draw:
    """Mutants of a part: how many, and the seed that they are drawn from.

    Equal ones bring the same mutants of the same sources.
    """

    count: int
    seed:  int


class Mutant(Protocol):
    """A change of the project."""

    @property
    def number(self) -> int:
        """Its number in its draw, from 1 on."""

    @property
    def place(self) -> str:
        """Its place: a file and a line, and what helps to find it there."""

    @property
    def change(self) -> str:
        """The difference, in words."""

    @property
    def netlist(self) -> str:
        """Digest of what gives names in them their meaning; empty if they are names of sources."""
