"""Random paging structures: some regions of linear memory, and the entries that translate them."""

from dataclasses import dataclass, field, replace
from random import Random

from sim.golden.reserved import PS, RW, US, A, G, P
from sim.golden.state import Features, PagingMode

from .table_entries import FORMS, PAGE, EntryFlags, TableEntry


__all__ = ["PagingTables"]


MIB2, MIB4, GIB1 = 1 << 21, 1 << 22, 1 << 30

#: Bytes of linear address space behind a PDPTE of PAE paging.
QUARTER = 1 << 30

#: Bytes that hold all tables: they stand close together, so that pages can keep away from them.
TABLES = 64 * PAGE


@dataclass
class PagingTables:
    """Random paging structures.

    Attributes
    ----------
    rng : :class:`Random`
        Random source.
    features : :class:`Features`
        Features of the unit.
    mode : :class:`sim.golden.state.PagingMode`
        The paging mode.
    pse, nxe : :class:`bool`
        CR4.PSE and EFER.NXE, as they will be set.
    defects : :class:`int`
        Weight of malformed entries: 0 is none.
    self_mapped : :class:`bool`
        Pages may be tables as well: stores then edit entries.
    contexts : :class:`int`
        Roots, between which PCIDs are divided. Some pages are the same in all of them; the others
        have a translation in each, and none of these is global.
    root : :class:`int`
        Physical address of the first table; of PAE paging, of the PDPTEs.
    entries : list of :class:`TableEntry`
        The entries.
    values : :class:`dict`
        Their values, by address.
    targets : list of :class:`int`
        Linear addresses of pages of 4 KiB, or of parts of larger ones, where accesses are to go.
    boundaries : list of :class:`int`
        Linear addresses where one page ends and another begins: some of them.
    """

    rng:         Random
    features:    Features
    mode:        PagingMode
    pse:         bool
    nxe:         bool
    defects:     int
    self_mapped: bool = False
    contexts:    int  = 1

    root:       int              = 0
    entries:    list[TableEntry] = field(default_factory=list)
    values:     dict[int, int]   = field(default_factory=dict)
    targets:    list[int]        = field(default_factory=list)
    boundaries: list[int]        = field(default_factory=list)

    def __post_init__(self) -> None:
        levels, self.entry_size = FORMS[self.mode]
        self._shifts  = [shift for shift, _ in levels]
        self._bits    = levels[0][1]
        self._wide    = self.entry_size == 8
        # The lowest of the bits of a linear address that must be equal; None if no bits must be.
        self._sign    = {PagingMode.FOUR_LEVELS: 47, PagingMode.FIVE_LEVELS: 56}.get(self.mode)
        self._width   = self.features.maxphyaddr if self._wide else 32
        self._region  = self.rng.randrange(1, (1 << self._width) // TABLES) * TABLES
        self._flags   = EntryFlags(
            self.rng, self.features, self.mode, self.pse, self.nxe, self.defects)
        self._starts: set[int] = set()
        self._ends:   set[int] = set()
        self._tables: dict[tuple[int, int], int] = {}
        self._frames: dict[int, list[int]]       = {}
        self._mapped: list[tuple[int, int]]      = []  # pages, and the levels that each has
        self._own:    set[int]                   = set()  # leaves that are never global
        self._fixed:  set[int]                   = set()  # entries that are always the same
        self.root     = self._add_pdptes() if self.mode is PagingMode.PAE \
            else self._new_table(0, 0)
        regions  = [self._add_small, self._add_many, self._add_many, self._add_top]
        regions += [self._add_gigabytes, self._add_edge] * (self._sign is not None)
        for add in [self._add_large, *self.rng.sample(regions, 2)]:
            add()
        self.boundaries = sorted(self._starts & self._ends)
        self._roots = [self.root]
        if self.contexts > 1:
            self._add_contexts()

    def root_of(self, pcid: int) -> int:
        """Physical address of the first table for a PCID."""
        return self._roots[pcid % len(self._roots)]

    @property
    def tables(self) -> list[int]:
        """Physical addresses of all tables."""
        return list(self._tables.values())

    @property
    def pdptes(self) -> list[TableEntry]:
        """The four PDPTEs of PAE paging; in other modes, none."""
        return [entry for entry in self.entries if entry.depth < 0]

    def some_entry(self) -> TableEntry:
        """Any entry; of PAE paging, often a PDPTE."""
        pdptes = self.pdptes
        return self.rng.choice(pdptes if pdptes and self.rng.random() < 0.2 else self.entries)

    def draw(self, entry: TableEntry) -> int:
        """A random value for ``entry``."""
        if entry.address in self._fixed:
            return entry.base | P | RW | US | A
        flags = self._flags.draw(entry)
        return entry.base | (flags & ~G if entry.address in self._own else flags)

    def is_never_global(self, entry: TableEntry) -> bool:
        """True of a leaf whose translation differs between roots: it has no G."""
        return entry.address in self._own

    # Regions

    def _add_small(self) -> None:
        """Pages of 4 KiB in a row, often across the end of a table."""
        start = self._anywhere() & -MIB4 | self.rng.choice((0, MIB2, MIB4)) - 2 * PAGE
        self._map(start, 4, len(self._shifts))

    def _add_many(self) -> None:
        """More pages than a TLB holds."""
        self._map(self._anywhere() & -PAGE, 24, len(self._shifts))

    def _add_large(self) -> None:
        """Pages of 2 or 4 MiB between small ones."""
        size  = MIB2 if self._wide else MIB4
        start = self._anywhere() & -size | size
        depth = len(self._shifts) - 1
        # Without CR4.PSE the PS bit of a 32-bit entry is ignored, and it refers to a table.
        self._map(start, 2, depth if self._wide or self.pse else depth + 1)
        self._map(start - PAGE, 1, len(self._shifts))
        self._map(start + 2 * size, 1, len(self._shifts))

    def _add_gigabytes(self) -> None:
        """Pages of 1 GiB between smaller ones."""
        start, depth = self._anywhere() & -GIB1, len(self._shifts)
        self._map(start, 2, depth - 2)
        self._map(start - PAGE, 1, depth)
        self._map(start + 2 * GIB1, 1, depth - 1)

    def _add_edge(self) -> None:
        """The end of the lower canonical addresses, and the beginning of the upper ones."""
        assert self._sign is not None
        self._map((1 << self._sign) - PAGE, 1, len(self._shifts))
        self._map((1 << 64) - (1 << self._sign), 1, len(self._shifts))

    def _add_top(self) -> None:
        """Both sides of the address at which linear addresses wrap around."""
        self._map((1 << (32 if self._sign is None else 64)) - PAGE, 1, len(self._shifts))
        self._map(0, 1, len(self._shifts))

    def _anywhere(self) -> int:
        """A linear address with free space on both sides."""
        if self._sign is None:
            return self.rng.randrange(MIB4 * 2, (1 << 32) - 4 * MIB4)
        half = self.rng.randrange(4 * GIB1, (1 << self._sign) - 4 * GIB1)
        return half + self.rng.choice((0, (1 << 64) - (1 << self._sign)))

    # Entries

    def _map(self, linear: int, count: int, levels: int) -> None:
        """Map ``count`` pages in a row, each by an entry of the ``levels``-th level."""
        size = 1 << self._shifts[levels - 1]
        # Of a row of equal pages, one boundary is as good as another.
        self._starts |= {linear, linear + size * (count > 1)}
        self._ends   |= {linear + size, linear + count * size}
        for start in range(linear, linear + count * size, size):
            self._mapped.append((start & (1 << 64) - 1, levels))
            self._map_one(*self._mapped[-1])
            self.targets += [start] if size == PAGE else [
                start, start + size - PAGE, start + self.rng.randrange(size // PAGE) * PAGE]

    def _add_pdptes(self) -> int:
        """Four PDPTEs, apart from the tables, and the page directories that they refer to."""
        while True:
            # CR3 has 32 bits outside long mode.
            root = self.rng.randrange(1 << 27) * 32
            if not self._region <= root < self._region + TABLES:
                break
        for number in range(4):
            entry = TableEntry(root + 8 * number, -1, False, self._new_table(0, number),
                               number * QUARTER)
            self.entries.append(entry)
            # Were it malformed, paging could not be turned on.
            self.values[entry.address] = entry.base | P * (self.rng.random() < 0.9)
        return root

    def _add_contexts(self) -> None:
        """Further roots, each with a part of the tables of the first one, and with others."""
        upper  = [entry for entry in self.entries if entry.depth == 0]
        shared = [entry for entry in upper if self.rng.random() < 0.4]
        # A translation that is global has the same rights in all of them.
        self._fixed |= {entry.address for entry in shared}
        self.values |= {entry.address: self.draw(entry) for entry in shared}
        while len(self._roots) < self.contexts:
            root = self._new_table(0, len(self._roots))
            self._roots.append(root)
            for entry in shared:
                copy = replace(entry, address=root + entry.address % PAGE)
                self._fixed.add(copy.address)
                self._add(copy)
            for linear, levels in self._mapped:
                self._map_one(linear, levels, root)
        common = {self._index(entry.linear, 0) for entry in shared}
        for entry in self.entries:
            if entry.leaf and self._index(entry.linear, 0) not in common:
                self._own.add(entry.address)
                self.values[entry.address] &= ~G

    def _index(self, linear: int, depth: int) -> int:
        """Number of the entry for ``linear`` in a table."""
        return linear >> self._shifts[depth] & (1 << self._bits) - 1

    def _add(self, entry: TableEntry) -> None:
        self.entries.append(entry)
        self.values[entry.address] = self.draw(entry)

    def _map_one(self, linear: int, levels: int, root: int | None = None) -> None:
        table = self.root if root is None else root
        if self.mode is PagingMode.PAE:
            table = self._tables[0, linear // QUARTER % 4]
        for depth in range(levels):
            address = table + self._index(linear, depth) * self.entry_size
            leaf    = depth == levels - 1
            if address not in self.values:
                base  = self._page(depth) if leaf else self._new_table(depth + 1, address)
                self._add(TableEntry(address, depth, leaf, base, linear))
            if not leaf:
                below = self._tables.get((depth + 1, address))
                if below is None:
                    return  # another region has a large page there, or all roots share tables
                table = below

    def _new_table(self, depth: int, parent: int) -> int:
        free = set(range(self._region, self._region + TABLES, PAGE)) - set(self._tables.values())
        self._tables[depth, parent] = self.rng.choice(sorted(free))
        return self._tables[depth, parent]

    def _page(self, depth: int) -> int:
        """Address field of a leaf: often that of a page that has another linear address too."""
        size   = 1 << self._shifts[depth]
        frames = self._frames.setdefault(size, [])
        if frames and self.rng.random() < 0.2:
            return self.rng.choice(frames)
        if self.self_mapped and size == PAGE and self.rng.random() < 0.15:
            return self.rng.choice(self.tables)
        frames.append(self._leaf(size))
        return frames[-1]

    def _leaf(self, size: int) -> int:
        """Address field of a page apart from the tables."""
        small = self._wide or size == PAGE
        wide  = self._width if small else min(self.features.maxphyaddr, 40)
        frame = self.rng.randrange((1 << wide) // size) * size
        if frame <= self._region + TABLES and self._region < frame + size \
                or frame <= self.root < frame + size:
            return self._leaf(size)
        if size == PAGE:
            return frame
        # PSE-36: address bits from 32 up stand from bit 13 up.
        return PS | (frame if self._wide else frame & 0xffff_ffff | frame >> 32 << 13)
