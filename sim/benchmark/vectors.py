"""Access vectors, from lines of input to lines of output."""

import json
from collections.abc import Iterator
from random import Random

from sim.vectors.engines import VECTOR_ENGINES
from sim.vectors.parser import parse
from sim.vectors.renderer import render

from .works import CONFIG


__all__ = ["VectorLines", "examples"]


#: Count of different vectors.
EXAMPLES = 256

#: 4-level paging with everything that protects: registers as a kernel has them.
REGISTERS = {"cr0": "0x80050033", "cr3": "0x1000", "cr4": "0x3000a0", "efer": "0xd01"}

PRESENT, WRITABLE, USER, ACCESSED = 1 << 0, 1 << 1, 1 << 2, 1 << 5


def examples() -> Iterator[str]:
    """Yield lines without their ends: walks of four entries with random rights; some fault."""
    random = Random(1)
    for number in range(EXAMPLES):
        linear  = random.randrange(1 << 47) & ~7
        entries = []
        for level in range(4):
            index  = linear >> 39 - 9 * level & 0x1ff
            rights = random.choice((0, WRITABLE)) | random.choice((0, USER)) \
                | random.choice((0, ACCESSED)) | PRESENT * (random.random() < 0.95)
            entries.append([hex((level + 1) * 0x1000 + index * 8), hex((level + 2) << 12 | rights)])
        yield json.dumps({
            "id": number, **REGISTERS, "maxphyaddr": CONFIG.maxphyaddr,
            "ac": random.randrange(2), "cpl": random.choice((0, 3)),
            "access": {"kind": random.choice(("read", "write", "fetch", "rmw")),
                       "linear": hex(linear), "size": 8},
            "entries": entries,
        })


class VectorLines:
    """Run of access vectors on one engine, from line to line.

    Parameters
    ----------
    engine : :class:`str`
        A name in :data:`sim.vectors.engines.VECTOR_ENGINES`.
    """

    def __init__(self, engine: str):
        self._engine = VECTOR_ENGINES[engine]()
        self._lines  = list(examples())

    async def vectors(self, count: int) -> None:
        """Run ``count`` vectors. Raises :class:`RuntimeError` if one has no outcome."""
        for start in range(0, count, self._engine.batch):
            batch = range(start, min(count, start + self._engine.batch))
            vectors  = [parse(number + 1, self._lines[number % EXAMPLES]) for number in batch]
            outcomes = self._engine.run(vectors)
            "".join(map(render, vectors, outcomes))
            for outcome in outcomes:
                if isinstance(outcome, str):
                    raise RuntimeError(f"an access vector failed: {outcome}")
