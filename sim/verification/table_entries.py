"""Entries of random paging structures, and random flags for them.

Random bits are mostly generous, or few accesses would get anywhere: each entry bit that matters has
its own weight.
"""

from dataclasses import dataclass
from random import Random

from sim.coverage.points.terms import KEYS
from sim.golden.reserved import PS, RW, US, XD, A, D, G, P
from sim.golden.state import Features, PagingMode


__all__ = ["FORMS", "PAGE", "EntryFlags", "TableEntry"]


PWT, PCD, IGNORED, PAT = 1 << 3, 1 << 4, 0x7 << 9, 1 << 12

PAGE = 4096  # bytes

#: (shift, index bits) of each level, root first, and the bytes of an entry (Intel SDM Vol. 3A,
#: Figures 4-2, 4-4, 4-5, 4-8 to 4-11). Those of PAE paging are the tables below its PDPTEs.
FORMS = {
    PagingMode.BITS_32:     (((22, 10), (12, 10)), 4),
    PagingMode.PAE:         (((21, 9), (12, 9)), 8),
    PagingMode.FOUR_LEVELS: (((39, 9), (30, 9), (21, 9), (12, 9)), 8),
    PagingMode.FIVE_LEVELS: (((48, 9), (39, 9), (30, 9), (21, 9), (12, 9)), 8),
}

#: Reserved bits of a PDPTE of PAE paging.
PDPTE_RESERVED = 0x1e6


@dataclass(frozen=True)
class TableEntry:
    """An entry of a paging structure, but for its flags.

    Attributes
    ----------
    address : :class:`int`
        Physical address.
    depth : :class:`int`
        Number of levels from the root to it; -1 of a PDPTE of PAE paging.
    leaf : :class:`bool`
        It is to map a page.
    base : :class:`int`
        Address field, and PS: the table or page that it refers to.
    linear : :class:`int`
        An address that it translates.
    """

    address: int
    depth:   int
    leaf:    bool
    base:    int
    linear:  int

    def __str__(self) -> str:
        return f"the entry at {self.address:#x}"


@dataclass
class EntryFlags:
    """Source of random flags of entries.

    Attributes
    ----------
    rng, features, mode, pse, nxe, defects
        As those of :class:`.tables.PagingTables`.
    """

    rng:      Random
    features: Features
    mode:     PagingMode
    pse:      bool
    nxe:      bool
    defects:  int

    def __post_init__(self) -> None:
        levels, entry_size = FORMS[self.mode]
        self._shifts = [shift for shift, _ in levels]
        self._wide   = entry_size == 8
        self._long   = self.mode in (PagingMode.FOUR_LEVELS, PagingMode.FIVE_LEVELS)

    def draw(self, entry: TableEntry) -> int:
        """Random flags of ``entry``."""
        return self._of_entry(entry) if entry.depth >= 0 else self._of_pdpte()

    def _of_pdpte(self) -> int:
        """Flags of a PDPTE: P, those that mean nothing to a walk, and seldom a reserved bit."""
        rng  = self.rng
        bits = P * (rng.random() < 0.9) | rng.choice((0, PWT, PCD, IGNORED))
        if rng.random() < 0.1 * self.defects:
            bits |= P | rng.choice((PDPTE_RESERVED & rng.getrandbits(9),
                                    1 << rng.randrange(self.features.maxphyaddr, 64)))
        return bits

    def _of_entry(self, entry: TableEntry) -> int:
        xd = (0.15 if entry.leaf else 0.04) * (1 if self.nxe else self.defects / 3)
        weights = {
            P:   0.97, RW: 0.8 if entry.leaf else 0.92, US: 0.6 if entry.leaf else 0.92,
            PWT: 0.2,  PCD: 0.2, IGNORED: 0.2, A: 0.5, D: 0.4, G: 0.3,
            XD:  self._wide * xd,
            PAT: 0.2 * (entry.leaf and bool(entry.base & PS)),
        }
        bits = sum(bit for bit, likely in weights.items() if self.rng.random() < likely)
        if not entry.leaf and not self._wide and not self.pse:
            bits |= PS * (self.rng.random() < 0.5)
        # 32-bit paging has few entries that can be malformed.
        rate = 0.02 if not entry.leaf else 0.08 if self._wide else 0.25
        rate += 0.04 * (entry.depth < len(self._shifts) - 4)  # there are few PML5Es
        if self.rng.random() < rate * self.defects:
            bits |= self._defect(entry)
        if self.rng.random() < 0.02 * self.defects:
            bits &= ~P
        if self._long and (self.features.pku or self.features.pks):
            bits |= self.rng.choice(KEYS) << 59
        return bits

    def _defect(self, entry: TableEntry) -> int:
        """A bit that must not be set there, perhaps, depending on the registers.

        0 if there is none, as in a PDE of a unit whose addresses leave no bit.
        """
        size = 1 << self._shifts[entry.depth]
        if not self._wide:
            return 1 << self.rng.choice((21, self.rng.randrange(13, 22))) \
                if entry.base & PS else 0
        top  = 52 if self._long else 63
        bits = [1 << bit for bit in range(self.features.maxphyaddr, top)]
        bits += [XD] * (not self.nxe)
        # An entry above a PDPTE has no PS.
        bits += [PS] * (entry.depth < len(self._shifts) - 3) * 3
        bits += [PS] * (entry.depth < len(self._shifts) - 4) * 20
        if entry.base & PS:
            bits += [1 << self.rng.randrange(13, size.bit_length() - 1)] * 8
        return self.rng.choice(bits) if bits else 0
