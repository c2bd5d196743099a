"""Cases that are drawn, by the golden model: the rules on arrays must agree with it on each."""

import random
from typing import NamedTuple

from sim.vectors.engines.golden import GoldenVectors
from sim.vectors.vector import Ending, VectorOutcome

from .rules import Expected
from .spaces import BLOCK, Case, Space
from .tables import BITS, DATA, layout, tables, vector


__all__ = ["Outcome", "agrees", "by_rules", "drawn"]


class Outcome(NamedTuple):
    """Outcome of a case: the end of its access, and memory afterwards, as its vector has it."""

    ending:  Ending
    entries: list[int]


def drawn(space: Space, block: int, count: int) -> list[Case]:
    """Cases of a block: always the same ones, whoever draws them."""
    draw = random.Random(f"{space.name} {block}")
    return [Case(space, block, draw.randrange(BLOCK)) for _ in range(count)]


def agrees(case: Case, expected: Expected) -> bool:
    """True if the golden model has the outcome of a case that is expected of its block."""
    outcome, = GoldenVectors().run([vector(case)])
    assert isinstance(outcome, VectorOutcome), f"{case}: {outcome}"
    return Outcome(outcome.ending, outcome.entries) == by_rules(case, expected)


def by_rules(case: Case, expected: Expected) -> Outcome:
    """Outcome of a case by what is expected of its block."""
    here, lane = layout(case.space), case.lane
    found   = tables(case.space, case.values)
    entries = [value | BITS["a"] * bool(accessed[lane])
               for value, accessed in zip(found.entries, expected.accessed, strict=True)]
    entries[-1] |= BITS["d"] * bool(expected.dirtied[lane])
    data    = 0 if expected.stored[lane] else DATA
    halves  = [data >> 32 * half & 0xffff_ffff for half in range(2)]
    memory  = [*([] if here.pdpte is None else [found.pdpte]), *entries,
               *(halves if here.slots[0].size == 4 else [data])]
    if not expected.faults[lane]:
        return Outcome(Ending(physical=here.physical), memory)
    error = sum(bool(bit[lane]) << number for number, bit in enumerate(expected.error))
    return Outcome(Ending("#PF", error, here.linear), memory)
