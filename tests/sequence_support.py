"""Random sequences of table edits, flushes, control writes and accesses, for Hypothesis.

Nothing is flushed but by the sequence itself, so what a unit does may depend on translations that
memory no longer agrees with.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import strategies as st
from paging_support import CR0_32, CR4_LONG, EFER_LONG, ROOT

from sw.bus import Access, GeneralProtection, Kind, Register


__all__ = [
    "BITS_32", "IN_EACH_WORLD", "KEYED", "LONG", "PAGES", "Step", "World", "do", "refuses", "steps",
]


P, RW, US, A, D, PS, G, XD = 1, 2, 4, 0x20, 0x40, 0x80, 0x100, 1 << 63
WP, PG, PE = 1 << 16, 1 << 31, 1
PSE, PAE, PGE, SMEP, SMAP = 1 << 4, 1 << 5, 1 << 7, 1 << 20, 1 << 21
PKE, PKS = 1 << 22, 1 << 24
LME, NXE, AC = 1 << 8, 1 << 11, 1 << 18

#: Three pages: two neighbours, and one behind the next entry of the table above theirs.
LINEAR = 0x4060_5000

#: Their addresses. No bit is common to two, lest a mixture of two frames look like one.
PAGES = (0x8000_9000, 0x1010_2000, 0x0800_4000)


#: One step: "edit", a place, an entry; "control", (a register, a value); "invlpg", an address;
#: "access", an access.
Step = tuple[Any, ...]


@dataclass(frozen=True)
class World:
    """A paging mode, and the entries that sequences edit.

    Attributes
    ----------
    registers : :class:`tuple`
        Writes that turn the mode on.
    controls : :class:`tuple`
        Writes that sequences do; some are illegal.
    entry_size : :class:`int`
        Bytes of an entry.
    entries : :class:`tuple`
        Physical addresses of entries, and the bases that they may be given: tables or pages.
    third : :class:`int`
        Linear address of the third page.
    features : mapping
        Features that the unit needs besides those of every unit.
    keys : :class:`tuple` of :class:`int`
        Protection keys that entries are given.
    """

    registers:  tuple[tuple[Register, int], ...]
    controls:   tuple[tuple[Register, int], ...]
    entry_size: int
    entries:    tuple[tuple[tuple[int, ...], tuple[int, ...]], ...]
    third:      int
    features:   Mapping[str, bool] = field(default_factory=dict)
    keys:       tuple[int, ...]    = (0,)

    @property
    def start(self) -> list[Step]:
        """Steps that map everything, and turn paging on."""
        return [
            *(("edit", place, bases[0] | P | RW | US)
              for places, bases in reversed(self.entries) for place in places),
            *(("control", write) for write in self.registers),
        ]


COMMON = (
    (Register.CR3, ROOT), (Register.CR3, 0x7000),
    (Register.CR0, CR0_32), (Register.CR0, CR0_32 | WP), (Register.CR0, PG),
    (Register.RFLAGS, 0), (Register.RFLAGS, AC), (Register.CR2, 0x1234),
)
LONG = World(
    ((Register.CR4, CR4_LONG), (Register.EFER, EFER_LONG), (Register.CR3, ROOT),
     (Register.CR0, CR0_32)),
    (*COMMON, (Register.CR4, 0), (Register.EFER, 0), (Register.CR3, 1 << 40),
     *((Register.CR4, PAE | bits) for bits in (0, PGE, SMAP, SMEP, PGE | SMEP | SMAP)),
     (Register.EFER, LME), (Register.EFER, LME | NXE)),
    8,
    (
        # The last tables come most often.
        *(((0x4028, 0x4030, 0x5028), PAGES),) * 4,
        # 0x4000 is the last table itself: sequences may write entries by accesses.
        ((0x4028, 0x4030, 0x5028, 0x5030), (0x4000, PAGES[0])),
        *(((0x3018, 0x3010), (0x4000, 0x5000, 0x20_0000 | PS, 0x40_0000 | PS)),) * 2,
        ((0x2008,), (0x3000, 0x3000, 0x4000_0000 | PS)),
        ((ROOT, 0x7000), (0x2000,)),
    ),
    LINEAR - 0x20_0000,
)
BITS_32 = World(
    ((Register.CR3, ROOT), (Register.CR0, CR0_32)),
    (*COMMON, (Register.CR4, PAE), (Register.EFER, LME), (Register.CR3, 1 << 40),
     *((Register.CR4, bits) for bits in (0, PSE, PSE | PGE, SMAP, PSE | PGE | SMEP | SMAP)),
     (Register.EFER, NXE)),
    4,
    (
        *(((0x4814, 0x4818, 0x5814), PAGES),) * 3,
        ((0x4814, 0x4818, 0x5814, 0x5818), (0x4000, PAGES[0])),
        *(((ROOT + 0x404, ROOT + 0x400), (0x4000, 0x5000, 0x40_0000 | PS, 0x80_6000 | PS)),) * 2,
        ((0x7404, 0x7400), (0x4000, 0x5000)),
    ),
    LINEAR - 0x40_0000,
)

KEYED = replace(
    LONG, features={"pku": True, "pks": True}, keys=(0, 1, 1, 2, 2, 15),
    controls=(
        *LONG.controls,
        *((Register.CR4, PAE | bits) for bits in (PKE, PKS, PKE | PKS, PKE | PKS | SMAP)),
        *((register, value) for register in (Register.PKRU, Register.PKRS)
          for value in (0, 0x4, 0x8, 0x4000_0024, 0xffff_fff3, 1 << 32)),
    ),
)

IN_EACH_WORLD = pytest.mark.parametrize("world", [LONG, BITS_32], ids=["4-level", "32-bit"])


def flags(world):
    """Flags of an entry: mostly generous, or few sequences would get anywhere."""
    ordinary = st.sampled_from((
        P | RW | US, P | RW | US, P | RW | US | A | D, P | RW | US | G, P | US | A, P | RW | D,
        P | RW | US | G | A | D, P | US, 0, RW | US | A,
    ))
    rare = st.sampled_from((P | RW | US | 1 << 51, P | RW | US | XD))
    if world is BITS_32:
        return ordinary
    some = st.one_of(ordinary, ordinary, ordinary, rare)
    return st.builds(lambda bits, key: bits | key << 59, some, st.sampled_from(world.keys))


def edits(world):
    """Give one entry a value."""
    return st.one_of([
        st.tuples(st.just("edit"), st.sampled_from(places), st.builds(
            lambda base, bits: base | bits, st.sampled_from(bases), flags(world)))
        for places, bases in world.entries
    ])


def accesses(world):
    """Do one access: at the three pages, or from the first into the second."""
    linear = st.sampled_from((
        LINEAR, LINEAR + 0x28, LINEAR + 0xffd, LINEAR + 0x1030, LINEAR + 0x1ffc, world.third + 8))
    return st.tuples(st.just("access"), st.builds(
        Access, linear, st.sampled_from((1, 4, 8)), st.sampled_from(Kind), st.booleans(),
        st.sampled_from((False, False, False, True)),
        st.sampled_from((0, PAGES[0] | 0x27, PAGES[1] | 3, 0xffff_ffff_ffff_ffff)), st.just(0)))


def steps(world):
    """One step of a sequence; accesses come as often as everything else."""
    invlpg = st.tuples(st.just("invlpg"), st.sampled_from(
        (LINEAR, LINEAR + 0x1fff, world.third, LINEAR | 1 << 63)))
    control = st.tuples(st.just("control"), st.sampled_from(world.controls))
    return st.one_of(accesses(world), accesses(world), accesses(world), edits(world),
                     edits(world), invlpg, control)


def do(machine, step, *, entry_size):
    """Do one step on a model: the outcome of an access, or whether a control write is refused."""
    match step:
        case "edit", place, entry:
            return machine.memory.write(place, entry_size, entry)
        case "control", (register, value):
            return refuses(machine, register, value)
        case "invlpg", linear:
            return machine.invlpg(linear)
        case "access", access:
            return machine.access(access)
    raise AssertionError(f"not a step: {step}")


def refuses(machine, register, value):
    """Write a control register of a model; return true if that raises #GP."""
    try:
        machine.write_control(register, value)
    except GeneralProtection:
        return True
    return False
