"""The machine of a stimulus: registers and paging structures, as a sequence of access vectors."""

from collections.abc import Mapping

from sim.coverage.points.terms import known_bits, level_of
from sim.golden.reserved import P, PS, RW, US
from sim.golden.state import (
    CR0_ET, CR0_PE, CR0_PG, CR0_WP, CR4_LA57, CR4_PAE, CR4_PCIDE, CR4_PGE, CR4_PKE, CR4_PKS,
    CR4_PSE, CR4_SMAP, CR4_SMEP, EFER_LMA, EFER_LME, EFER_NXE,
)
from sim.paging.walk import features_of
from sim.vectors.sequence import AccessStep, SequenceVector, Step, StoreStep, WriteStep
from sw.bus import Register

from .draft import Draft


__all__ = ["ALL_RIGHTS", "BYTES", "CR4_BITS", "Machine"]


ALL_RIGHTS = P | RW | US

#: Bytes of a page, by the name of its size.
BYTES = {"4K": 1 << 12, "2M": 1 << 21, "4M": 1 << 22, "1G": 1 << 30}

#: Places in physical memory for pages of each size: below them are the tables.
_PAGES = {"4K": 0x0180_0000, "2M": 0x1000_0000, "4M": 0x1000_0000, "1G": 0x4000_0000}

_SHIFTS = {"PML5E": 48, "PML4E": 39, "PDPTE": 30, "PDE": 21, "PTE": 12}

#: Bits of CR4 by their names, as axes have them.
CR4_BITS = {"PSE": CR4_PSE, "PGE": CR4_PGE, "PCIDE": CR4_PCIDE, "SMEP": CR4_SMEP,
            "SMAP": CR4_SMAP, "PKE": CR4_PKE, "PKS": CR4_PKS}

_WIDTHS = (32, 36, 40, 46, 52)


class Machine:
    """Registers, entries in memory, and steps, put together one by one.

    Parameters
    ----------
    draft : :class:`.draft.Draft`
        What it has to have. Registers that this does not say are drawn.
    mode : :class:`str`
        Its paging mode.

    Attributes
    ----------
    maxphyaddr : :class:`int`
        Width of a physical address.
    cr0, cr3, cr4, efer, pkru, pkrs : :class:`int`
        Registers to begin with.
    memory : :class:`dict`
        Entries of paging structures by their physical addresses.
    steps : :class:`list`
        What is done.
    """

    def __init__(self, draft: Draft, mode: str):
        self.draft = draft
        self.mode  = mode
        self.long  = mode in ("5-level", "4-level")
        self.wide  = mode != "32-bit"
        self.maxphyaddr = int(draft.given("M") or draft.rng.choice(_WIDTHS))
        self.memory: dict[int, int] = {}
        self.steps:  list[Step] = []
        self.pkru = self.pkrs = 0
        self._tables = 0x1_0000
        self._pages  = dict(_PAGES)
        self.root    = self.table()
        self.cr3     = self.root
        paging       = mode != "off"
        self.cr0  = CR0_PE | CR0_ET | CR0_PG * paging | CR0_WP * draft.flag("WP")
        self.cr4  = sum(bit for name, bit in CR4_BITS.items() if name not in ("PCIDE", "PSE")
                        and draft.flag(name))
        self.cr4 |= CR4_PSE * draft.flag("PSE", 0.8)
        self.cr4 |= CR4_PAE * (paging and self.wide) | CR4_LA57 * (mode == "5-level")
        self.cr4 |= CR4_PCIDE * (self.long and draft.flag("PCIDE", 0.3))
        self.efer = (EFER_LME | EFER_LMA) * self.long
        self.efer |= EFER_NXE * draft.flag("NXE", 0.7)
        # Of a register that has to have a bit which the unit lacks, the bit stays clear.
        self.cr4  &= known_bits(features_of(draft.config), "CR4")
        self.efer &= known_bits(features_of(draft.config), "EFER")
        self.ac   = int(draft.flag("AC"))

    # Tables

    def table(self) -> int:
        """A page of physical memory for a table."""
        self._tables += 0x1000
        return self._tables

    def tables_above(self, address: int) -> None:
        """Have all further tables above an address of physical memory."""
        self._tables |= address

    def frame(self, size: str) -> int:
        """A page of physical memory that nothing is in."""
        self._pages[size] += BYTES[size]
        return self._pages[size] - BYTES[size]

    def linear(self, *, wide: bool = False) -> int:
        """A linear address of a page, with a random index at each level."""
        rng = self.draft.rng
        if not self.long:
            page   = rng.getrandbits(20) << 12
            number = self.draft.given("PDPTE")
            return page if number in (None, "any") else page & 0x3fff_f000 | int(number) << 30
        bits = 56 if self.mode == "5-level" and (wide or self.draft.chance(0.5)) else 47
        half = rng.getrandbits(bits - 13) << 12
        if wide:
            half |= 1 << 50
        high = self.draft.choose("half", ("low", "high")) == "high"
        return half ^ (1 << 64) - (1 << bits) if high else half

    def shift(self, level: str) -> int:
        """The lowest bit of a linear address that selects an entry of a level."""
        return 22 if not self.wide and level == "PDE" else _SHIFTS[level]

    def map(self, linear: int, size: str, *, flags: Mapping[str, int] | None = None,
            frame: int | None = None) -> dict[str, int]:
        """Map a page; return the addresses of its entries by their levels, root first.

        ``flags`` are the bits of entries, but for their addresses and PS; that of an upper entry
        which is there already stays.
        """
        flags  = flags or {}
        levels = level_of(self.mode, size)
        table  = self.root
        if self.mode == "PAE":
            place = self.root + (linear >> 30 & 3) * 8
            self.memory.setdefault(place, self.table() | P)
            table = self.memory[place] & -4096
        places = {}
        for level in levels:
            bits  = 10 if not self.wide else 9
            index = linear >> self.shift(level) & (1 << bits) - 1
            place = places[level] = table + index * (8 if self.wide else 4)
            bits  = flags.get(level, ALL_RIGHTS)
            if level == levels[-1]:
                target = self.frame(size) if frame is None else frame
                self.memory[place] = bits | target | PS * (size != "4K")
            else:
                if place not in self.memory:
                    self.memory[place] = bits | self.table()
                table = self.memory[place] & 0xf_ffff_ffff_f000
        return places

    # Steps

    def access(self, kind: str, linear: int, size: int, *, cpl: int, implicit: int,
               ac: int | None = None) -> None:
        """Add an access."""
        rng = self.draft.rng
        names = {"exchange": "rmw"}
        data  = rng.getrandbits(8 * size)
        self.steps.append(AccessStep(
            names.get(kind, kind), linear, size, implicit, cpl, self.ac if ac is None else ac,
            data, rng.choice((0, data)) if kind == "compare-exchange" else 0))

    def warm(self, linear: int) -> None:
        """Add a read that every page permits, so that the page is cached."""
        self.access("read", linear, 1, cpl=0, implicit=0, ac=1)

    def write(self, register: Register, value: int) -> None:
        """Add a write of a register."""
        self.steps.append(WriteStep(register, value))

    def flush(self, name: str) -> None:
        """Add the writes that flush in a way, which has a name on the axes of bins."""
        cr0, cr4 = self.cr0, self.cr4
        match name:
            case "MOV CR3" | "CR3 with PCID":
                self.write(Register.CR3, self.cr3)
            case "PGE=0" | "PGE=1":
                self.write(Register.CR4, cr4 ^ CR4_PGE)
            case "PG=0":
                self.write(Register.CR0, cr0 & ~CR0_PG)
                self.write(Register.CR0, cr0)
            case "SMEP=1":
                self.write(Register.CR4, cr4 | CR4_SMEP)
            case "PAE toggled":
                self.write(Register.CR4, cr4 ^ CR4_PAE)
                self.write(Register.CR4, cr4)
            case _:
                raise ValueError(f"nothing flushes by the name of {name}")

    def store(self, address: int, value: int) -> None:
        """Add a store of an entry by somebody else."""
        self.steps.append(StoreStep(address, 8 if self.wide else 4, value))

    def vector(self, name: str) -> SequenceVector:
        """All of it, but for registers that the unit has not got."""
        config = self.draft.config
        return SequenceVector(
            name, self.cr0, self.cr3, self.cr4, self.efer, self.pkru * config.pku,
            self.pkrs * config.pks, self.maxphyaddr, self.steps, sorted(self.memory.items()))
