"""One access at a time, over the product of the conditions that paging looks at.

After kvm-unit-tests' ``x86/access.c``: each condition is one bit, and the golden model judges
fault, error code, CR2, physical address, data, and the entries afterwards. The whole product has
some 2**40 cases; it falls apart into slices since the manual decides in stages.

- *rights*: after a walk the verdict depends on the control state, the access, and three combined
  bits of the page (SDM Vol. 3A, 4.6.1). All of that is covered. The level that withholds a right
  rotates, so that each takes part in combining them.
- *structure*: before that, the topmost defective entry decides (4.7). Every defect at every level
  of every page size, with and without rights failing above; of the access only what the error
  code tells, of the control state only what defects and the error code depend on.
- *flags*: accessed and dirty depend on the entries' own flags, on the access, and on whether it
  is allowed (4.8). All subsets of the flags.
- *crossings*: for an access that crosses a page, all pairs of what its two pages can be.
- *sample*: what the slices keep apart might yet meet: a fixed random sample of everything.
"""

import itertools
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

import pytest
from paging_support import (
    CR0_32, CR4_LA57, CR4_LONG, DIRECTORIES, EFER_LONG, FIVE_LEVELS, FOUR_LEVELS, PAE_TABLES,
    PDPTES, ROOT, TWO_LEVELS, chain,
)

from hw.config import MmuConfig
from sim.golden.stale import StaleModel
from sim.golden.state import Features
from sw.bus import Access, Kind, Register

from .compiled_support import CompiledUnit
from .mmu_support import SMALL, bench_of
from .processor_support import Processor


pytestmark = pytest.mark.slow


P, RW, US, A, D, PS, XD = 1, 2, 4, 0x20, 0x40, 0x80, 1 << 63
NAMES = {"p": P, "rw": RW, "us": US, "a": A, "d": D, "ps": PS, "xd": XD}

LINEAR = 0x4060_5000
DATA   = 0x0123_4567_89ab_cdef

#: (user, implicit). There is no implicit fetch.
MODES = ((False, False), (True, False), (False, True), (True, True))
ACCESSES = tuple(
    Access(LINEAR + 8, 8, kind, user, implicit, data=DATA)
    for kind in Kind for user, implicit in MODES if kind is not Kind.FETCH or not implicit
)
READ, WRITE, FETCH = (Access(LINEAR, 1, kind) for kind in (Kind.READ, Kind.WRITE, Kind.FETCH))
EXCHANGE = Access(LINEAR, 2, Kind.EXCHANGE, data=7)

#: One access for each error code that a defect can have.
DISTINCT = (
    READ, Access(LINEAR, 8, user=True), Access(LINEAR, 8, Kind.WRITE, implicit=True),
    Access(LINEAR, 8, Kind.COMPARE_EXCHANGE, user=True), FETCH,
    Access(LINEAR, 8, Kind.FETCH, user=True),
)


@dataclass(frozen=True)
class Form:
    """A paging mode.

    Attributes
    ----------
    tables : :class:`tuple`
        Levels and entry size, as :mod:`paging_support` has them.
    registers : :class:`dict`
        What turns the mode on, in the order of writing.
    bits : :class:`dict`
        Control bits that the mode looks at: register and bit by name.
    place : :class:`int`
        Where pages are; a page's address is its lower bits dropped.
    defects : :class:`dict`
        Bits that must not be set, by the number of the level that forbids them, and by whether
        the entry is a large page.
    depths : :class:`tuple`
        Numbers of levels that a page can have.
    root : :class:`int`
        Address of the first table that a walk of ``LINEAR`` reads.
    contents : :class:`tuple`
        Words of memory besides, by address.
    features : :class:`dict`
        Features of the unit that differ from :class:`hw.config.MmuConfig`'s defaults.
    """

    tables:    tuple
    registers: dict[Register, int]
    bits:      dict[str, tuple[Register, int]]
    place:     int
    defects:   dict[tuple[int, bool], tuple[int, ...]]
    depths:    tuple[int, ...]
    root:      int = ROOT
    contents:  tuple[tuple[int, int], ...] = ()
    features:  dict[str, bool] = field(default_factory=dict)

    @property
    def disables(self) -> bool:
        """Entries can disable execution."""
        return self.tables[1] == 8

    def page(self, depth: int) -> int:
        """Address and PS flag of a leaf at ``depth``."""
        return self.place & -(1 << self.tables[0][depth - 1][0]) | PS * (depth < self.depths[0])


_BITS = {
    "wp":   (Register.CR0, 1 << 16),
    "smep": (Register.CR4, 1 << 20),
    "smap": (Register.CR4, 1 << 21),
    "nxe":  (Register.EFER, 1 << 11),
    "ac":   (Register.RFLAGS, 1 << 18),
}
LONG = Form(
    FOUR_LEVELS,
    {Register.CR4: CR4_LONG, Register.EFER: EFER_LONG, Register.CR3: ROOT, Register.CR0: CR0_32,
     Register.RFLAGS: 0},
    _BITS, 0xc9_4000_0000 + 0xa9_6000,
    {(0, False): (PS, 1 << 40, 1 << 51, XD), (1, False): (1 << 40, XD), (2, False): (1 << 51, XD),
     (3, False): (1 << 40, 1 << 51, XD), (1, True): (1 << 13, 1 << 29, 1 << 45, XD),
     (2, True): (1 << 13, 1 << 20, 1 << 45, XD)},
    (4, 3, 2),
)
BITS_32 = Form(
    TWO_LEVELS,
    {Register.CR4: 1 << 4, Register.EFER: 0, Register.CR3: ROOT, Register.CR0: CR0_32,
     Register.RFLAGS: 0},
    _BITS, 0xc9a9_6000,
    {(0, True): (1 << 21,), (0, False): (), (1, False): ()},
    (2, 1),
)
PAE = Form(
    PAE_TABLES,
    {Register.CR4: CR4_LONG, Register.EFER: 0, Register.CR3: ROOT, Register.CR0: CR0_32,
     Register.RFLAGS: 0},
    _BITS, 0xc9_4000_0000 + 0xa9_6000,
    {(0, False): (1 << 40, 1 << 62, XD), (1, False): (1 << 40, 1 << 51, 1 << 52, 1 << 59, XD),
     (0, True): (1 << 13, 1 << 20, 1 << 45, 1 << 57, XD)},
    (2, 1), DIRECTORIES[LINEAR >> 30],
    tuple((ROOT + 8 * number, pdpte) for number, pdpte in enumerate(PDPTES)),
    {"pae": True, "la57": True},
)
FIVE = replace(
    LONG, tables=FIVE_LEVELS, registers=LONG.registers | {Register.CR4: CR4_LA57},
    defects={(0, False): (PS, 1 << 40, XD),
             **{(level + 1, large): bits for (level, large), bits in LONG.defects.items()}},
    depths=(5, 4, 3), features={"pae": True, "la57": True})
FORMS = pytest.mark.parametrize("form", [LONG, BITS_32, PAE, FIVE],
                                ids=["4-level", "32-bit", "PAE", "5-level"])


@dataclass(frozen=True)
class Case:
    """One access by one chain of entries.

    Attributes
    ----------
    control : :class:`frozenset`
        Names of the control bits that are set.
    entries : :class:`tuple`
        Flags of each entry, root first. The last one is the leaf.
    access : :class:`sw.bus.Access`
        The access.
    second : :class:`int`
        Flags of the next page's leaf, which is in the same table.
    """

    control: frozenset[str]
    entries: tuple[int, ...]
    access:  Access
    second:  int = 0

    def __str__(self) -> str:
        named = (
            " ".join(name for name, bit in NAMES.items() if flags & bit) + f" ({flags:#x})"
            for flags in (*self.entries, self.second)
        )
        return f"{sorted(self.control)}; {', '.join(named)}; {self.access}"


def subsets(names: Iterable[str]) -> Iterator[frozenset[str]]:
    """All subsets of names of control bits."""
    listed = tuple(names)
    for chosen in itertools.product((False, True), repeat=len(listed)):
        yield frozenset(itertools.compress(listed, chosen))


def rights(form: Form) -> Iterator[Case]:
    """Control state, access, combined rights: all of it."""
    levels   = itertools.cycle(range(form.depths[0]))
    withheld = (0, RW, US, RW | US)
    disabled = (0, XD) if form.disables else (0,)
    for control in subsets(form.bits):
        for missing, xd, access in itertools.product(withheld, disabled, ACCESSES):
            entries = [P | RW | US | A] * form.depths[0]
            entries[-1] |= D
            for right in (RW, US):
                entries[next(levels)] &= ~(missing & right)
            entries[next(levels)] |= xd
            yield Case(control, tuple(entries), access)


def structure(form: Form) -> Iterator[Case]:
    """Every defect at every level of every page size."""
    for control in subsets(("smep", "nxe")):
        for depth in form.depths:
            for level, above in itertools.product(range(depth), (P | RW | US, P)):
                large = depth < form.depths[0] and level == depth - 1
                reserved = form.defects[level, large]
                defects = (0, RW | US | D, *reserved, *(P | US | RW | bit for bit in reserved))
                for defect, access in itertools.product(defects, DISTINCT):
                    entries = [above | A] * level + [defect] + [P | RW | US] * (depth - level - 1)
                    yield Case(control, tuple(entries), access)


def flags(form: Form) -> Iterator[Case]:
    """Accessed and dirty flags of every level of every page size, for each kind of outcome."""
    for depth in form.depths:
        for accessed in itertools.product((0, A), repeat=depth):
            for dirty, right, access in itertools.product(
                (0, D), (RW | US, US, 0), (READ, WRITE, FETCH, EXCHANGE),
            ):
                entries = [P | RW | US | bit for bit in accessed]
                entries[-1] = entries[-1] & ~(RW | US) | right | dirty
                yield Case(frozenset(("wp", "smap")), tuple(entries), access)


def crossings(form: Form) -> Iterator[Case]:
    """Accesses to two pages: every pair of pages, every kind."""
    pages = (P | RW | US, P | RW | US | A | D, P | US, P | RW, RW | US | A)
    pages += (P | RW | US | 1 << 50,) if form.disables else ()
    spans = itertools.cycle(((0xfff, 2), (0xffd, 4), (0xfff, 4), (0xff9, 8), (0xffc, 8)))
    upper = (P | RW | US,) * (form.depths[0] - 1)
    for first, second, kind, user in itertools.product(pages, pages, Kind, (False, True)):
        offset, size = next(spans)
        access = Access(LINEAR | offset, size, kind, user, data=DATA)
        yield Case(frozenset(("wp",)), (*upper, first), access, second)


def sample(form: Form) -> Iterator[Case]:
    """A random sample of everything."""
    chance = random.Random(20250)
    for control in itertools.islice(itertools.cycle(subsets(form.bits)), 64):
        for _ in range(16):
            depth = chance.choice(form.depths)
            entries = [
                sum(bit for bit in (RW, US, A, D) if chance.random() < 0.8)
                | P * (chance.random() < 0.95) | XD * (form.disables and chance.random() < 0.1)
                for _ in range(depth)
            ]
            second  = sum(bit for bit in (P, RW, US, A, D) if chance.random() < 0.9)
            access  = Access(
                LINEAR | chance.choice((0, 3, 8, 0xff8, 0xffc, 0xfff)), chance.choice((1, 2, 4, 8)),
                chance.choice(tuple(Kind)), chance.random() < 0.5, chance.random() < 0.2,
                chance.getrandbits(64), chance.choice((0, chance.getrandbits(64))),
            )
            yield Case(control, tuple(entries), access, second)


class Duel:
    """The gateware and the golden model, side by side.

    Attributes
    ----------
    cpu : :class:`Processor` or :class:`CompiledUnit`
        The gateware.
    model : :class:`sim.golden.stale.StaleModel`
        The model. Nothing stale is left before a case, so that it allows what a walk gives.
    """

    def __init__(self, cpu: Processor | CompiledUnit, form: Form):
        self.cpu, self.form = cpu, form
        self.model = StaleModel.of(Features(maxphyaddr=cpu.maxphyaddr, **form.features))
        self._written: dict[Register, int] = {}
        for memory in (cpu.memory, self.model.memory):
            for place, word in form.contents:
                memory.write(place, 8, word)

    async def judge(self, case: Case) -> bool:
        """True if the gateware does what the manual says."""
        for register, value in self.form.registers.items():
            for name in case.control:
                owner, bit = self.form.bits[name]
                value |= bit * (owner is register)
            if self._written.get(register) != value or register is Register.CR3:
                self._written[register] = value
                self.model.write_control(register, value)
                await self.cpu.write_control(register, value)
        self._write_entries(case)
        outcome = await self.cpu.access(case.access)
        return self.model.judge(case.access, outcome, lambda place: self.cpu.memory.read(place, 1))

    def _write_entries(self, case: Case) -> None:
        """Put the entries of ``case`` into both memories."""
        size    = self.form.tables[1]
        depth   = len(case.entries)
        root    = self.form.root
        places  = chain(self.form.tables, LINEAR, depth=depth, root=root)
        targets = [root + 0x1000 * (n + 1) for n in range(depth - 1)] + [self.form.page(depth)]
        entries = [target | flags for target, flags in zip(targets, case.entries, strict=True)]
        # The page behind the second one lies elsewhere, so that its frame cannot be guessed.
        places.append(places[-1] + size)
        entries.append(self.form.page(depth) ^ 0x40_0000 | case.second)
        for place, entry in zip(places, entries, strict=True):
            for memory in (self.cpu.memory, self.model.memory):
                memory.write(place, size, entry)


def wrong_on(machine, form: Form, cases: Iterable[Case]) -> list[str]:
    """The cases in which the gateware does not what the manual says."""
    wrong = []

    async def main(cpu):
        duel = Duel(cpu, form)
        for case in cases:
            if not await duel.judge(case):
                wrong.append(str(case))

    machine.run(main, deadline=1_000_000)
    return wrong


@FORMS
@pytest.mark.parametrize("slice_", [rights, structure, flags, crossings, sample])
def test_gateware_agrees_with_the_golden_model(form, slice_):
    assert wrong_on(CompiledUnit(MmuConfig(**form.features)), form, slice_(form)) == []


@FORMS
def test_gateware_that_is_not_compiled_agrees_with_the_golden_model(form):
    # Few cases, for they take long; but memory is strict, and the TLB is soon full.
    few = itertools.islice(sample(form), None, None, 3)
    assert wrong_on(bench_of(**SMALL, **form.features), form, few) == []
