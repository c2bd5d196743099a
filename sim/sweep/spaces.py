"""Cases and their numbers: all combinations of the bits that decide an access.

A space has one paging mode and one size of page. Each of its conditions is a digit, and a case is
one value of each. The first digits are those of a block: they differ from case to case in it, and
all others are the same. A block is what the units do at a time.

Cases are numbered through all spaces. Neighbouring blocks are far from each other in the product,
so that any range of numbers has a bit of everything in it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from math import gcd, prod
from typing import NamedTuple

from sim.golden.state import PagingMode


__all__ = ["BLOCK", "CASES", "CHANGES", "IGNORED", "KEYS", "KINDS", "SPACES", "Case", "Digit",
           "Space", "case_at", "number_of"]


#: Cases of a block.
BLOCK = 1 << 13

#: Kinds of access by the digit of that name.
KINDS = ("read", "write", "fetch", "rmw")

#: Settings of protection keys: CR4.PKE, CR4.PKS, and the rights (AD, and WD as bit 1) that PKRU has
#: for the key of the page. Those of other keys, and those in IA32_PKRS, are the opposite.
KEYS = ((0, 0, 0), *((pke, pks, rights) for pke, pks in ((1, 0), (0, 1), (1, 1))
                     for rights in range(4)))

#: Single changes of an entry above the last two: to P = 0, R/W = 0, U/S = 0, XD = 1, a reserved
#: bit, A = 0.
CHANGES = ("p", "rw", "us", "xd", "reserved", "a")

#: Bits of a leaf that change nothing, where a block has room for them: those that are software's,
#: G, PAT.
IGNORED = ("ignored", "global", "pat")


class Digit(NamedTuple):
    """A condition, and how many values it has."""

    name:  str
    radix: int


@dataclass(frozen=True)
class Space:
    """All cases of one paging mode and size of page.

    Attributes
    ----------
    mode : :class:`sim.golden.state.PagingMode`
        The mode.
    levels : :class:`tuple` of :class:`str`
        Entries that translate the page, root first, without those in registers.
    page : :class:`str`
        Size of the page.
    """

    mode:   PagingMode
    levels: tuple[str, ...]
    page:   str

    @property
    def name(self) -> str:
        """Name of the space."""
        return f"{self.mode.value}, {self.page}"

    @property
    def long_mode(self) -> bool:
        """True if it is a mode of long mode."""
        return self.mode in (PagingMode.FOUR_LEVELS, PagingMode.FIVE_LEVELS)

    @property
    def large(self) -> bool:
        """True if the leaf is not a PTE."""
        return self.levels[-1] != "PTE"

    @property
    def uppers(self) -> int:
        """Levels above those that a block varies, which have one change at most."""
        return max(0, len(self.levels) - 2)

    @cached_property
    def digits(self) -> tuple[Digit, ...]:
        """All digits, the fastest first."""
        found = [Digit(f"{name}{level}", 2)
                 for level in reversed(range(self.uppers, len(self.levels)))
                 for name in self._bits(level)]
        found += [Digit("kind", len(KINDS)), Digit("user", 2), Digit("implicit", 2)]
        for name in IGNORED:
            if prod(digit.radix for digit in found) < BLOCK:
                found.append(Digit(name, 2))
        upper = [Digit("upper", 1 + len(CHANGES) * self.uppers)] if self.uppers else []
        pdpte = [Digit("pdpte", 2)] if self.mode is PagingMode.PAE else []
        nxe   = [] if self.mode is PagingMode.BITS_32 else [Digit("nxe", 2)]
        keys  = [Digit("keys", len(KEYS))] if self.long_mode else []
        return (*found, *upper, *pdpte, Digit("wp", 2), Digit("smep", 2), Digit("smap", 2),
                Digit("ac", 2), *nxe, *keys)

    def _bits(self, level: int) -> list[str]:
        """Bits of an entry that a block varies."""
        leaf   = level == len(self.levels) - 1
        narrow = self.mode is PagingMode.BITS_32
        names  = ["p", "rw", "us"]
        if not narrow:
            names.append("xd")
        if not narrow or leaf and self.large:
            names.append("reserved")
        return [*names, "a", *(["d"] if leaf else [])]

    @cached_property
    def fast(self) -> tuple[Digit, ...]:
        """Digits that differ within a block."""
        sizes = list(accumulate((digit.radix for digit in self.digits), lambda a, b: a * b))
        return self.digits[:sizes.index(BLOCK) + 1]

    @cached_property
    def slow(self) -> tuple[Digit, ...]:
        """All others."""
        return self.digits[len(self.fast):]

    @cached_property
    def blocks(self) -> int:
        """Number of blocks."""
        return prod(digit.radix for digit in self.slow)

    def slow_values(self, block: int) -> dict[str, int]:
        """Digits that are the same in all of a block."""
        return _values(self.slow, block)

    def values(self, block: int, lane: int) -> dict[str, int]:
        """All digits of a case, by its block and its place there."""
        return _values(self.fast, lane) | self.slow_values(block)


def _values(digits: tuple[Digit, ...], number: int) -> dict[str, int]:
    values = {}
    for name, radix in digits:
        number, values[name] = divmod(number, radix)
    return values


def _spaces() -> tuple[Space, ...]:
    long, narrow = ("PML4E", "PDPTE", "PDE", "PTE"), ("PDE", "PTE")
    sizes  = {"PTE": "4 KiB", "PDE": "2 MiB", "PDPTE": "1 GiB"}
    found  = [Space(PagingMode.BITS_32, narrow, "4 KiB"),
              Space(PagingMode.BITS_32, narrow[:1], "4 MiB")]
    for mode, levels in ((PagingMode.PAE, narrow), (PagingMode.FOUR_LEVELS, long),
                         (PagingMode.FIVE_LEVELS, ("PML5E", *long))):
        found += [Space(mode, levels[:levels.index(leaf) + 1], size)
                  for leaf, size in sizes.items() if leaf in levels]
    return tuple(found)


#: All spaces: the paging modes, and in each the sizes of its pages.
SPACES = _spaces()

#: Blocks of all spaces, the first of each space, and the distance of neighbours.
BLOCKS = sum(space.blocks for space in SPACES)
FIRSTS = tuple(accumulate((space.blocks for space in SPACES[:-1]), initial=0))
STRIDE = next(number for number in range(BLOCKS * 618 // 1000, BLOCKS) if gcd(number, BLOCKS) == 1)

#: How many cases there are.
CASES = BLOCKS * BLOCK


class Case(NamedTuple):
    """A case: its space, its block there, and its place in the block."""

    space: Space
    block: int
    lane:  int

    @property
    def values(self) -> Mapping[str, int]:
        """Its digits by their names."""
        return self.space.values(self.block, self.lane)


def case_at(number: int) -> Case:
    """Case of a number."""
    order, lane = divmod(number, BLOCK)
    place = order * STRIDE % BLOCKS
    index = max(index for index, first in enumerate(FIRSTS) if first <= place)
    return Case(SPACES[index], place - FIRSTS[index], lane)


def number_of(space: Space, values: Mapping[str, int]) -> int:
    """Number of the case of these digits."""
    lane  = _number(space.fast, values)
    place = FIRSTS[SPACES.index(space)] + _number(space.slow, values)
    return place * pow(STRIDE, -1, BLOCKS) % BLOCKS * BLOCK + lane


def _number(digits: tuple[Digit, ...], values: Mapping[str, int]) -> int:
    number = 0
    for name, radix in reversed(digits):
        number = number * radix + values[name]
    return number
