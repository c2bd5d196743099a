"""Random paging structures: some regions of linear memory, and the entries that translate them.

What is drawn at random is mostly generous, or few accesses would get anywhere: each entry bit that
matters has its own weight.
"""

from dataclasses import dataclass, field
from random import Random

from sim.golden.state import Features


__all__ = ["Place", "Space"]


P, RW, US, PWT, PCD, A, D, PS, G, PAT = 1, 2, 4, 8, 0x10, 0x20, 0x40, 0x80, 0x100, 1 << 12
IGNORED = 0x7 << 9
XD      = 1 << 63

PAGE = 4096
MIB2, MIB4, GIB1 = 1 << 21, 1 << 22, 1 << 30

#: (shift, index bits) of each level, root first, and the bytes of an entry (Intel SDM Vol. 3A,
#: Figures 4-2, 4-4, 4-8 to 4-10).
TWO_LEVELS  = (((22, 10), (12, 10)), 4)
FOUR_LEVELS = (((39, 9), (30, 9), (21, 9), (12, 9)), 8)

#: Tables stand close together, so that pages can keep away from them.
TABLES = 64 * PAGE


@dataclass(frozen=True)
class Place:
    """Where an entry is, and what it is for.

    Attributes
    ----------
    address : :class:`int`
        Physical address.
    depth : :class:`int`
        Levels above it.
    leaf : :class:`bool`
        Whether it is to map a page.
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
class Space:
    """An address space in the making.

    Attributes
    ----------
    chance : :class:`Random`
        Where it comes from.
    machine : :class:`Features`
        What the unit can do.
    long : :class:`bool`
        4-level paging; else 32-bit paging.
    pse, nxe : :class:`bool`
        Whether CR4.PSE and EFER.NXE will be set.
    defects : :class:`int`
        How many entries are malformed: 0 is none.
    daring : :class:`bool`
        Pages may be tables as well: stores then edit entries.
    root : :class:`int`
        Physical address of the first table.
    places : list of :class:`Place`
        The entries.
    values : :class:`dict`
        Their values, by address.
    spots : list of :class:`int`
        Linear addresses of pages of 4 KiB, or of parts of larger ones, where accesses are to go.
    borders : list of :class:`int`
        Linear addresses where one page ends and another begins: some of them.
    """

    chance:  Random
    machine: Features
    long:    bool
    pse:     bool
    nxe:     bool
    defects: int
    daring:  bool = False

    root:    int            = 0
    places:  list[Place]    = field(default_factory=list)
    values:  dict[int, int] = field(default_factory=dict)
    spots:   list[int]      = field(default_factory=list)
    borders: list[int]      = field(default_factory=list)

    def __post_init__(self) -> None:
        levels, self.entry_size = FOUR_LEVELS if self.long else TWO_LEVELS
        self._shifts  = [shift for shift, _ in levels]
        self._bits    = levels[0][1]
        self._width   = self.machine.maxphyaddr if self.long else 32
        self._region  = self.chance.randrange(1, (1 << self._width) // TABLES) * TABLES
        self._starts: set[int] = set()
        self._ends:   set[int] = set()
        self._tables: dict[tuple[int, int], int] = {}
        self._frames: dict[int, list[int]]       = {}
        self.root     = self._new_table(0, 0)
        kinds = ["small", "wide", "wide", "top"] + ["huge", "edge"] * self.long
        for kind in ["large", *self.chance.sample(kinds, 2)]:
            getattr(self, f"_add_{kind}")()
        self.borders = sorted(self._starts & self._ends)

    @property
    def tables(self) -> list[int]:
        """Physical addresses of all tables."""
        return list(self._tables.values())

    def entry(self, place: Place) -> int:
        """A random value for the entry at ``place``."""
        return place.base | self._flags(place)

    # Regions

    def _add_small(self) -> None:
        """Pages of 4 KiB in a row, often across the end of a table."""
        start = self._anywhere() & -MIB4 | self.chance.choice((0, MIB2, MIB4)) - 2 * PAGE
        self._map(start, 4, len(self._shifts))

    def _add_wide(self) -> None:
        """More pages than a TLB holds."""
        self._map(self._anywhere() & -PAGE, 24, len(self._shifts))

    def _add_large(self) -> None:
        """Pages of 2 or 4 MiB between small ones."""
        size  = MIB2 if self.long else MIB4
        start = self._anywhere() & -size | size
        depth = len(self._shifts) - 1
        # Without CR4.PSE the PS bit of a 32-bit entry is ignored, and it refers to a table.
        self._map(start, 2, depth if self.long or self.pse else depth + 1)
        self._map(start - PAGE, 1, len(self._shifts))
        self._map(start + 2 * size, 1, len(self._shifts))

    def _add_huge(self) -> None:
        """Pages of 1 GiB between smaller ones."""
        start = self._anywhere() & -GIB1
        self._map(start, 2, 2)
        self._map(start - PAGE, 1, 4)
        self._map(start + 2 * GIB1, 1, 3)

    def _add_edge(self) -> None:
        """Where canonical addresses end, and begin again."""
        self._map((1 << 47) - PAGE, 1, 4)
        self._map((1 << 64) - (1 << 47), 1, 4)

    def _add_top(self) -> None:
        """Where addresses wrap around."""
        self._map((1 << 64 if self.long else 1 << 32) - PAGE, 1, len(self._shifts))
        self._map(0, 1, len(self._shifts))

    def _anywhere(self) -> int:
        """A linear address with room on both sides."""
        if not self.long:
            return self.chance.randrange(MIB4 * 2, (1 << 32) - 4 * MIB4)
        half = self.chance.randrange(4 * GIB1, (1 << 47) - 4 * GIB1)
        return half + self.chance.choice((0, (1 << 64) - (1 << 47)))

    # Entries

    def _map(self, linear: int, count: int, levels: int) -> None:
        """Map ``count`` pages in a row, each by an entry of the ``levels``-th level."""
        size = 1 << self._shifts[levels - 1]
        # Of a row of equal pages, one border is as good as another.
        self._starts |= {linear, linear + size * (count > 1)}
        self._ends   |= {linear + size, linear + count * size}
        for start in range(linear, linear + count * size, size):
            self._map_one(start & (1 << 64) - 1, levels)
            self.spots += [start] if size == PAGE else [
                start, start + size - PAGE, start + self.chance.randrange(size // PAGE) * PAGE]

    def _map_one(self, linear: int, levels: int) -> None:
        table = self.root
        for depth in range(levels):
            index   = linear >> self._shifts[depth] & (1 << self._bits) - 1
            address = table + index * self.entry_size
            leaf    = depth == levels - 1
            if address not in self.values:
                base  = self._page(depth) if leaf else self._new_table(depth + 1, address)
                place = Place(address, depth, leaf, base, linear)
                self.places.append(place)
                self.values[address] = self.entry(place)
            if not leaf:
                below = self._tables.get((depth + 1, address))
                if below is None:
                    return  # another region has a large page there
                table = below

    def _new_table(self, depth: int, above: int) -> int:
        free = set(range(self._region, self._region + TABLES, PAGE)) - set(self._tables.values())
        self._tables[depth, above] = self.chance.choice(sorted(free))
        return self._tables[depth, above]

    def _page(self, depth: int) -> int:
        """Address field of a leaf: often that of a page that has another linear address too."""
        size   = 1 << self._shifts[depth]
        frames = self._frames.setdefault(size, [])
        if frames and self.chance.random() < 0.2:
            return self.chance.choice(frames)
        if self.daring and size == PAGE and self.chance.random() < 0.15:
            return self.chance.choice(self.tables)
        frames.append(self._leaf(size))
        return frames[-1]

    def _leaf(self, size: int) -> int:
        """A page apart from the tables, as an entry has its address."""
        wide  = self._width if self.long or size == PAGE else min(self.machine.maxphyaddr, 40)
        frame = self.chance.randrange((1 << wide) // size) * size
        if frame <= self._region + TABLES and self._region < frame + size:
            return self._leaf(size)
        if size == PAGE:
            return frame
        # PSE-36: address bits from 32 up stand from bit 13 up.
        return PS | (frame if self.long else frame & 0xffff_ffff | frame >> 32 << 13)

    def _flags(self, place: Place) -> int:
        chances = {
            P:   0.97, RW: 0.8 if place.leaf else 0.92, US: 0.6 if place.leaf else 0.92,
            PWT: 0.2,  PCD: 0.2, IGNORED: 0.2, A: 0.5, D: 0.4, G: 0.3,
            XD:  self.long * (0.15 if place.leaf else 0.04) * (1 if self.nxe else self.defects / 3),
            PAT: 0.2 * (place.leaf and bool(place.base & PS)),
        }
        bits = sum(bit for bit, likely in chances.items() if self.chance.random() < likely)
        if not place.leaf and not self.long and not self.pse:
            bits |= PS * (self.chance.random() < 0.5)
        # 32-bit paging has few entries that can be malformed.
        rate = 0.02 if not place.leaf else 0.08 if self.long else 0.25
        if self.chance.random() < rate * self.defects:
            bits |= self._defect(place)
        if self.chance.random() < 0.02 * self.defects:
            bits &= ~P
        return bits

    def _defect(self, place: Place) -> int:
        """A bit that must not be set there, perhaps, depending on the registers."""
        size = 1 << self._shifts[place.depth]
        if not self.long:
            return 1 << self.chance.choice((21, self.chance.randrange(13, 22))) \
                if place.base & PS else 0
        bits = [1 << bit for bit in range(self.machine.maxphyaddr, 52)]
        bits += [XD] * (not self.nxe)
        bits += [PS] * (place.depth == 0) * 3
        if place.base & PS:
            bits += [1 << self.chance.randrange(13, size.bit_length() - 1)] * 8
        return self.chance.choice(bits)
