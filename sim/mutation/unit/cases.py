"""Cases of the sweep for compiled units, and more of them, with hits of the TLB and with any key.

The sweep itself has walks alone, to pages of one key. A hit is judged by what the TLB keeps, in
another part of the unit, and each key by a part of its own: so other cases have an access before
theirs, of any kind, that may fill the TLB, and any key, with any rights.
"""

from collections.abc import Mapping
from random import Random

from sim.golden.reserved import A, D, P, RW, US
from sim.sweep.spaces import CASES, Case, Space, case_at, number_of
from sim.sweep.tables import Slot, layout, vector
from sim.vectors.engines.compiled import CxxrtlVectors
from sim.vectors.engines.compiled_sequences import Rows
from sim.vectors.engines.golden import GoldenVectors
from sim.vectors.vector import KINDS, Vector, VectorOutcome, VectorStep


__all__ = ["Cases"]


#: Difference of the linear addresses of two pages that share a set of the first level.
BESIDE = 0x2000

#: Difference of their frames.
ELSEWHERE = 1 << 28


class Cases:
    """Random cases, always the same ones, with the outcomes that the golden model has.

    Parameters
    ----------
    plain, others : :class:`int`
        How many as the sweep has them, and how many others.
    """

    def __init__(self, plain: int, others: int):
        random = Random("mutants")
        self._cases  = [vector(case_at(random.randrange(CASES))) for _ in range(plain)]
        self._cases += [_another(random) for _ in range(others)]
        self._right = GoldenVectors().run(self._cases)

    def noticed(self, unit: Rows) -> str:
        """The first of them that ends as it must not, in words; empty if none does."""
        player = CxxrtlVectors(unit)
        for first in range(0, len(self._cases), player.batch):
            every = player.run(self._cases[first:first + player.batch])
            for number, found in enumerate(every, first):
                if isinstance(found, VectorOutcome):
                    found = found._replace(cycles=None)
                if found != self._right[number]:
                    told = found if isinstance(found, str) else "another outcome"
                    return f"case {number}: {told}"
        return ""


def _another(random: Random) -> Vector:
    """A case whose page can be walked to, perhaps after another access to it."""
    space  = case_at(random.randrange(CASES)).space
    values = {name: _drawn(name, radix, random) for name, radix in space.digits}
    found  = vector(_well_formed(space, values))
    if space.long_mode:
        found = _keyed(found, leaf=len(space.levels) - 1, random=random)
    access = found.access._replace(kind=random.choice(list(KINDS)))
    before = [VectorStep(random.choice(list(KINDS)), access.linear, access.size,
                         random.randrange(2), random.choice((0, 3)), random.randrange(2))]
    entries = found.entries
    if random.randrange(2):
        # It goes to the other way of the set.
        before.insert(0, VectorStep("read", access.linear ^ BESIDE, access.size, 0, 0, 1))
        if not space.large:
            entries = [*entries, _beside(layout(space).slots[-2], layout(space).bases[-1])]
    return found._replace(access=access, entries=entries,
                          before=before if random.randrange(3) else None)


def _drawn(name: str, radix: int, random: Random) -> int:
    """A value of a digit: rights are granted more often than not, so that others matter, too."""
    match name[:2]:
        case "rw" | "us":
            return int(random.random() < 0.7)
        case "xd":
            return int(random.random() < 0.2)
    return random.randrange(radix)


def _keyed(found: Vector, *, leaf: int, random: Random) -> Vector:
    """The same with another key, of which as of all others a right may be withheld."""
    entries = list(found.entries)
    address, value = entries[leaf]
    entries[leaf]  = address, value ^ random.randrange(16) << 59
    pkru, pkrs = (random.getrandbits(32) & random.getrandbits(32) for _ in range(2))
    return found._replace(entries=entries, pkru=pkru, pkrs=pkrs)


def _well_formed(space: Space, values: Mapping[str, int]) -> Case:
    """The case that has these digits, but for those that keep a walk from coming to the page."""
    good = {"upper": 0, "pdpte": 0, "nxe": 1} | {
        f"{name}{level}": value for level in range(len(space.levels))
        for name, value in (("p", 1), ("reserved", 0), ("a", 1))}
    return case_at(number_of(space, {
        name: good.get(name, value) for name, value in values.items()}))


def _beside(leaf: Slot, page: int) -> tuple[int, int]:
    """Entry of the page beside, which grants everything."""
    return leaf.address ^ BESIDE // 4096 * leaf.size, (page ^ ELSEWHERE) | P | RW | US | A | D
