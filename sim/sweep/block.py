"""A block of cases on the units and by the rules, and where the two differ."""

from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sim.engines.operations import REGISTERS
from sim.vectors.support import control_writes
from sim.vectors.vector import AC
from sw.bus import Register

from .rules import Attempt, Bits, Expected, attempt, digits, outcomes
from .spaces import IGNORED, Case, Space
from .tables import BITS, DATA, Layout, layout, tables, vector
from .unit import Job, Outcome, Units, numbers


__all__ = ["Difference", "Done", "block", "words_of"]


class Difference(NamedTuple):
    """A case that ends otherwise on the unit than by the rules, and its outcome there."""

    case:    Case
    outcome: Outcome


class Done(NamedTuple):
    """A block that was done: its outcomes by the rules, and where the unit has others."""

    expected:    Expected
    differences: list[Difference]


class _Plan(NamedTuple):
    """All that the blocks of a space have in common.

    ``before`` and ``after`` are cells, bits and planes; ``fast`` the digits of its cases, and
    ``planes`` those that have them.
    """

    fast:   dict[str, npt.NDArray[np.intp]]
    planes: list[Bits]
    before: npt.NDArray[np.uint64]
    after:  npt.NDArray[np.uint64]


def block(units: Units, space: Space, number: int) -> Done:
    """Carry out a block of cases. Raises :class:`sim.errors.Unavailable`."""
    plan, here = _plan(space), layout(space)
    values     = plan.fast | space.slow_values(number)
    wanted     = outcomes(space, values)
    cells      = words_of(here)
    planes     = np.packbits(np.stack(
        [*plan.planes, *_requests(attempt(values)), wanted.faults, *wanted.error, wanted.stored,
         *wanted.accessed, wanted.dirtied]), axis=1, bitorder="little")
    requests = len(plan.planes)
    first    = Case(space, number, 0)
    writes   = numbers([word for pair in _writes(first) for word in pair])
    content  = numbers([word for pair in _contents(space, first, here, cells) for word in pair])
    job = Job(
        linear=here.linear, physical=here.physical, writes=len(writes) // 2,
        write=writes.ctypes.data, cells=len(cells), cell=content.ctypes.data,
        planes=planes.ctypes.data, size=planes.shape[1],
        before=len(plan.before), before_of=plan.before.ctypes.data,
        after=len(plan.after), after_of=plan.after.ctypes.data,
        data=cells[here.slots[-1].address // 8],
        kind=requests, user=requests + 3, implicit=requests + 4, faults=requests + 5,
        error=requests + 6, stored=requests + 12)
    return Done(wanted, [Difference(Case(space, number, outcome.lane), outcome)
                         for outcome in units.run(job)])


#: Planes between those of digits and those of bits that an access sets: of the request, the fault,
#: the error code, and whether it has stored.
_BETWEEN = 13


def _requests(tried: Attempt) -> list[Bits]:
    """Planes of the request: the kind by its bits, the CPL, and whether it is implicit."""
    return [tried.write & ~tried.locked, tried.fetch, tried.locked, tried.user, tried.implicit]


@cache
def _plan(space: Space) -> _Plan:
    here, fast = layout(space), digits(space)
    cells  = words_of(here)
    names  = [digit.name for digit in space.fast if digit.radix == 2]
    before = [triple for plane, name in enumerate(names)
              for triple in _held(space, here, cells, name, plane)]
    last   = len(here.slots) - 2
    sets   = [(level, BITS["a"]) for level in range(last + 1)] + [(last, BITS["d"])]
    after  = []
    for plane, (level, mask) in enumerate(sets, start=len(names) + _BETWEEN):
        after += _places(here, cells, level, mask, plane)
    planes: list[Bits] = [fast[name].astype(bool) for name in names]
    return _Plan(fast, planes, numbers(sum(before, ())).reshape(-1, 3),
                 numbers(sum(after, ())).reshape(-1, 3))


def _held(space: Space, here: Layout, cells: dict[int, int], name: str,
          plane: int) -> Iterator[tuple[int, int, int]]:
    """Cells and bits that a digit decides."""
    last = len(space.levels) - 1
    if name in IGNORED:
        yield from _places(here, cells, last, BITS[name], plane)
    elif name[-1].isdecimal():
        level, bit = int(name[-1]), name[:-1]
        mask = here.reserved[level] if bit == "reserved" else BITS[bit]
        yield from _places(here, cells, level, mask, plane)


def _places(here: Layout, cells: dict[int, int], level: int, mask: int,
            plane: int) -> list[tuple[int, int, int]]:
    """Cell, bit and plane of each bit of an entry that is in ``mask``."""
    address = here.slots[level].address
    return [(cells[address // 8], bit + 8 * (address % 8), plane)
            for bit in range(64) if mask >> bit & 1]


@cache
def words_of(here: Layout) -> dict[int, int]:
    """Words of memory that are not 0, with the order that they have for the units."""
    addresses = [slot.address for slot in here.slots]
    if here.pdpte is not None:
        addresses.append(here.pdpte)
    return {word: index for index, word in
            enumerate(dict.fromkeys(address // 8 for address in addresses))}


def _contents(space: Space, first: Case, here: Layout,
              cells: dict[int, int]) -> list[tuple[int, int]]:
    """Words, and their values in the first case of a block, all of whose digits are 0 there."""
    found   = tables(space, first.values)
    content = dict.fromkeys(cells, 0)
    for slot, value in zip(here.slots, (*found.entries, DATA), strict=True):
        content[slot.address // 8] |= value << 8 * (slot.address % 8)
    if here.pdpte is not None:
        content[here.pdpte // 8] = found.pdpte
    return list(content.items())


def _writes(first: Case) -> list[tuple[int, int]]:
    """Registers and the values that are written to them."""
    found = [(REGISTERS[register], value) for register, value in control_writes(vector(first))]
    return [*found, (REGISTERS[Register.RFLAGS], AC * first.values["ac"])]
