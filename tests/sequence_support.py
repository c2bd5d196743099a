"""Random sequences of table edits, flushes, control writes and accesses, for Hypothesis.

Nothing is flushed but by the sequence itself, so what a unit does may depend on translations that
memory no longer agrees with. Some entries lead to memory that does not answer, if it is that of
:func:`answers`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import strategies as st
from paging_support import CR0_32, CR4_LA57, CR4_LONG, EFER_LONG, ROOT

from sw.bus import Access, GeneralProtection, Kind, Register


__all__ = [
    "BITS_32", "CONTEXTS", "FIVE", "FOURTH", "IN_EACH_WORLD", "KEYED", "LINEAR", "LONG",
    "PAE_WORLD", "PAGES", "Step", "World", "accesses", "answers", "do", "edits", "refuses", "steps",
]


P, RW, US, A, D, PS, G, XD = 1, 2, 4, 0x20, 0x40, 0x80, 0x100, 1 << 63
WP, CD, PG, PE = 1 << 16, 1 << 30, 1 << 31, 1
PSE, PAE, PGE, PCIDE, SMEP, SMAP = 1 << 4, 1 << 5, 1 << 7, 1 << 17, 1 << 20, 1 << 21
PKE, PKS = 1 << 22, 1 << 24
LME, NXE, AC = 1 << 8, 1 << 11, 1 << 18

#: The first of four pages: it and its neighbour; one behind the next entry of the table above
#: theirs; and one whose number ends in the same bits, so that they meet in a set of a small TLB.
LINEAR = 0x4060_5000
FOURTH = LINEAR - 0x4000

#: Their addresses. No bit is common to two, lest a mixture of two frames look like one.
PAGES = (0x8000_9000, 0x1010_2000, 0x0800_4000)


#: A page of memory that is not there, and one that can be read only: to write it is a bus error.
HOLE, ROM = 0x0402_0000, 0x0204_0000

#: One step: "edit", a place, an entry; "control", (a register, a value); "invlpg", an address;
#: "invpcid", (a type, a descriptor); "access", an access.
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
    pdptes : :class:`tuple`
        Physical addresses of PDPTEs, and directories that they may be given.
    keys : :class:`tuple` of :class:`int`
        Protection keys that entries are given.
    switches : :class:`tuple`
        Writes of CR3 by which sequences go from one PCID to another.
    shared : :class:`tuple`
        Entries that begin otherwise than :attr:`start` has it, and their values.
    """

    registers:  tuple[tuple[Register, int], ...]
    controls:   tuple[tuple[Register, int], ...]
    entry_size: int
    entries:    tuple[tuple[tuple[int, ...], tuple[int, ...]], ...]
    third:      int
    features:   Mapping[str, bool] = field(default_factory=dict)
    pdptes:     tuple[tuple[int, ...], tuple[int, ...]] = ((), ())
    keys:       tuple[int, ...]    = (0,)
    switches:   tuple[tuple[Register, int], ...] = ()
    shared:     tuple[tuple[int, int], ...]      = ()

    @property
    def start(self) -> list[Step]:
        """Steps that map everything, and turn paging on."""
        return [
            *(("edit", place, self.pdptes[1][0] | P) for place in self.pdptes[0]),
            *(("edit", place, bases[0] | P | RW | US)
              for places, bases in reversed(self.entries) for place in places),
            *(("edit", *entry) for entry in self.shared),
            *(("control", write) for write in self.registers),
        ]

    @property
    def frames(self) -> list[int]:
        """Physical addresses of all that sequences may name: tables, and pages of 4 KiB."""
        places = (place for places, _ in (*self.entries, self.pdptes) for place in places)
        return sorted({*PAGES, HOLE, *(place & -0x1000 for place in places)})


COMMON = (
    (Register.CR3, ROOT), (Register.CR3, 0x7000), (Register.CR3, HOLE),
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
        *(((0x4028, 0x4030, 0x5028, 0x4008), PAGES),) * 4,
        # 0x4000 is the last table itself: sequences may write entries by accesses.
        ((0x4028, 0x4030, 0x5028, 0x5030), (0x4000, PAGES[0])),
        *(((0x3018, 0x3010), (0x4000, 0x5000, 0x20_0000 | PS, 0x40_0000 | PS)),) * 2,
        ((0x4028, 0x4030, 0x5028, 0x4008), (HOLE, ROM)),
        ((0x3018, 0x3010), (HOLE, ROM)),
        ((ROM | 0x28, ROM | 0x30, ROM | 8), PAGES),
        ((0x2008,), (0x3000, 0x3000, 0x4000_0000 | PS, HOLE)),
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
        *(((0x4814, 0x4818, 0x5814, 0x4804), PAGES),) * 3,
        ((0x4814, 0x4818, 0x5814, 0x5818), (0x4000, PAGES[0])),
        *(((ROOT + 0x404, ROOT + 0x400), (0x4000, 0x5000, 0x40_0000 | PS, 0x80_6000 | PS)),) * 2,
        ((0x4814, 0x4818, 0x5814, 0x4804), (HOLE, ROM)),
        ((ROOT + 0x404, ROOT + 0x400), (HOLE, ROM)),
        ((ROM | 0x814, ROM | 0x818, ROM | 0x804), PAGES),
        ((0x7404, 0x7400), (0x4000, 0x5000)),
    ),
    LINEAR - 0x40_0000,
)

FIVE = replace(
    LONG,
    registers=((Register.CR4, CR4_LA57), *LONG.registers[1:]),
    controls=(*LONG.controls, (Register.CR4, CR4_LA57), (Register.CR4, CR4_LA57 | SMEP | PGE)),
    entries=(*LONG.entries[:-1], ((0x6000,), (0x2000,)), ((ROOT, 0x7000), (0x6000,))),
    features={"la57": True})

#: The directory of 4-level paging, below PDPTEs.
PAE_WORLD = World(
    ((Register.CR4, PAE), (Register.CR3, ROOT), (Register.CR0, CR0_32)),
    (*COMMON, (Register.CR0, CR0_32 | CD), (Register.CR4, 0), (Register.EFER, 0),
     (Register.EFER, NXE), (Register.EFER, LME), (Register.CR3, ROOT | 0x18),
     *((Register.CR4, PAE | bits) for bits in (0, PGE, PSE, SMAP, SMEP, PGE | SMEP | SMAP))),
    8,
    LONG.entries[:-2],
    LONG.third,
    {"pae": True},
    ((ROOT + 8, 0x7008, ROOT + 16), (0x3000, 0x3000, 0x2000, HOLE)))


def tables_of(root, *, page):
    """Entries of a PCID's own tables, which stand behind ``root``; its pages begin at ``page``.

    It may be given the tables of PCID 0 instead. The last of the three pages begins in those.
    """
    pdpt, directory, table = (root + 0x1000 * number for number in (1, 2, 3))
    return (
        *(((table | 0x28, table | 0x30, table | 8), (page, *PAGES, HOLE)),) * 2,
        ((directory | 0x18,), (table, table, 0x4000, 0x20_0000 | PS)),
        ((directory | 0x10,), (0x5000, table, 0x40_0000 | PS)),
        ((pdpt | 8,), (directory, directory, 0x3000)),
        ((root,), (pdpt, pdpt, 0x2000)),
    )


#: Roots by PCID: each has other pages at the same linear addresses.
ROOTS = {0: ROOT, 1: 0x10_0000, 2: 0x18_0000, 0xfff: 0x28_0000}

#: 4-level paging with PCIDs.
CONTEXTS = replace(
    LONG,
    registers=(*LONG.registers, (Register.CR4, PAE | PCIDE | PGE)),
    controls=(
        *(write for write in LONG.controls if write[0] is not Register.CR4),
        (Register.CR4, 0), (Register.CR4, PAE),
        *((Register.CR4, PAE | PCIDE | bits) for bits in (0, PGE, PGE | SMEP, PGE | SMAP)),
        (Register.CR3, ROOT | 1), (Register.CR3, ROOT | 1 << 62),
    ),
    entries=(
        *LONG.entries,
        *tables_of(ROOTS[1], page=PAGES[1]), *tables_of(ROOTS[2], page=PAGES[2]),
        *tables_of(ROOTS[0xfff], page=0x2001_0000),
    ),
    features={"invpcid": True},
    switches=tuple((Register.CR3, root | pcid | keeps) for pcid, root in ROOTS.items()
                   for keeps in (0, 1 << 63, 1 << 63)),
    # The third page is global, and begins as the same one for all.
    shared=((0x3010, 0x5000 | P | RW | US), (0x5028, PAGES[0] | P | RW | US | G)))

#: 4-level paging with protection keys.
KEYED = replace(
    LONG, features={"pku": True, "pks": True}, keys=(0, 1, 1, 2, 2, 15),
    controls=(
        *LONG.controls,
        *((Register.CR4, PAE | bits) for bits in (PKE, PKS, PKE | PKS, PKE | PKS | SMAP)),
        *((register, value) for register in (Register.PKRU, Register.PKRS)
          for value in (0, 0x4, 0x8, 0x4000_0024, 0xffff_fff3, 1 << 32)),
    ),
)

IN_EACH_WORLD = pytest.mark.parametrize(
    "world", [LONG, BITS_32, FIVE, PAE_WORLD, CONTEXTS, KEYED],
    ids=["4-level", "32-bit", "5-level", "PAE", "PCIDs", "keys"])


def answers(physical, write):
    """Tell whether memory answers a processor that reads or writes at an address."""
    return physical & -0x1000 != HOLE and not (write and physical & -0x1000 == ROM)


def flags(world):
    """Flags of an entry: mostly generous, or few sequences would get anywhere."""
    ordinary = st.sampled_from((
        P | RW | US, P | RW | US, P | RW | US | A | D, P | RW | US | G, P | US | A, P | RW | D,
        P | RW | US | G | A | D, P | US, 0, RW | US | A,
    ))
    rare = st.sampled_from((P | RW | US | 1 << 51, P | RW | US | 1 << 60, P | RW | US | XD))
    if world is BITS_32:
        return ordinary
    some = st.one_of(ordinary, ordinary, ordinary, rare)
    return st.builds(lambda bits, key: bits | key << 59, some, st.sampled_from(world.keys))


def edits(world):
    """Give one entry a value. A PDPTE has flags of its own, and is seldom malformed."""
    def given(places, bases, some_flags):
        return st.tuples(st.just("edit"), st.sampled_from(places), st.builds(
            lambda base, bits: base | bits, st.sampled_from(bases), some_flags))

    found = [given(places, bases, flags(world)) for places, bases in world.entries]
    if world.pdptes[0]:
        found.append(given(*world.pdptes, st.sampled_from((P, P, P | 0xe18, 0, P | RW))))
    return st.one_of(found)


def accesses(world):
    """Do one access: at the four pages, or from the first into the second."""
    linear = st.sampled_from((
        LINEAR, LINEAR + 0x28, LINEAR + 0xffd, LINEAR + 0x1030, LINEAR + 0x1ffc, world.third + 8,
        world.third + 8, FOURTH + 0x10, FOURTH + 0x10))
    return st.tuples(st.just("access"), st.builds(
        Access, linear, st.sampled_from((1, 4, 8)), st.sampled_from(Kind), st.booleans(),
        st.sampled_from((False, False, False, True)),
        st.sampled_from((0, PAGES[0] | 0x27, PAGES[1] | 3, 0xffff_ffff_ffff_ffff)), st.just(0)))


def steps(world):
    """One step of a sequence; accesses come as often as everything else."""
    pages = st.sampled_from((LINEAR, LINEAR + 0x1fff, world.third, FOURTH, LINEAR | 1 << 63))
    kinds = {
        "access":  accesses(world),
        "edit":    edits(world),
        "control": st.tuples(st.just("control"), st.sampled_from(world.controls)),
        "invlpg":  st.tuples(st.just("invlpg"), pages),
    }
    weights = {"access": 9, "edit": 3, "control": 1, "invlpg": 1}
    if world.switches:
        # With PCIDs there is more to forget.
        kinds |= {
            "switch":  st.tuples(st.just("control"), st.sampled_from(world.switches)),
            "invpcid": st.tuples(st.just("invpcid"), st.tuples(st.integers(0, 4), st.builds(
                lambda linear, pcid: linear << 64 | pcid, pages,
                st.sampled_from((0, 1, 2, 0xfff, 0x1001))))),
        }
        weights |= {"switch": 4, "invpcid": 1}
    # One strategy of several would give each of their alternatives the same weight.
    return st.sampled_from([kind for kind, weight in weights.items() for _ in range(weight)]
                           ).flatmap(kinds.__getitem__)


def do(machine, step, *, entry_size):
    """Do one step on a model: the outcome of an access, or whether a control write is refused."""
    match step:
        case "edit", place, entry:
            return machine.memory.write(place, entry_size, entry)
        case "control", (register, value):
            return refuses(machine, register, value)
        case "invlpg", linear:
            return machine.invlpg(linear)
        case "invpcid", (kind, descriptor):
            return refused(machine.invpcid, kind, descriptor)
        case "access", access:
            return machine.access(access)
    raise AssertionError(f"not a step: {step}")


def refuses(machine, register, value):
    """Write a control register of a model; return true if that raises #GP."""
    return refused(machine.write_control, register, value)


def refused(operation, *operands):
    """Do an operation; return true if it raises #GP."""
    try:
        operation(*operands)
    except GeneralProtection:
        return True
    return False
