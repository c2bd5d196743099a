"""Second level of the TLB, and caches of the paging structures."""

from functools import reduce
from operator import or_

from amaranth import *
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from ..layout import Level, PageSize
from ..permission import Rights
from ..translation import piece_layout, structure_layout, target_layout
from .array import CacheArray, RowKind, Stamps


__all__ = ["SecondLevel"]


def page_layout(config):
    """Translation of a 4 KiB page, and the bit by which a set's two ways take turns."""
    return data.StructLayout({"target": target_layout(config), "turn": 1})


def directory_layout(config):
    """Entry of a page directory: a page of 2 MiB, or a table."""
    return data.StructLayout({"leaf": 1, "target": target_layout(config)})


def reference_layout(config):
    """Entry that references a table, and the rights that it and all above it grant."""
    return data.StructLayout({"table": config.frame_width, "rights": Rights})


class SecondLevel(wiring.Component):
    """Translations of 4 KiB and 2 MiB pages, and entries that reference tables, of each level.

    Pages of 4 KiB have an array of two ways. Entries of page directories have another: pages of
    2 MiB, and references to page tables; one of 32-bit paging takes a row for each half of
    its 4 MiB. The levels above have an array each. Larger pages are not kept.

    What is found is used as it is: the accessed bits of all entries on the way were set when it
    was read. A translation that is not dirty does not serve a write.

    Ref: Intel SDM Vol. 3A, section 4.10.2, section 4.10.3 "Paging-Structure Caches".

    Parameters
    ----------
    config : :class:`MmuConfig`
        Widths and sizes.

    Latency
    -------
    What was looked up is there three cycles later, until the next look-up. What is kept, and what
    is dropped, counts for look-ups from the next cycle on.

    Members
    -------
    page, look : :py:`In(config.page_width)`, :py:`In(1)`
        Linear page number, and a strobe: look it up.
    looked : :py:`In(config.page_width)`
        The page that was looked up last.
    write : :py:`In(1)`
        The access that is served is a write.
    stamps : :py:`In(Stamps)`
        Stamps that count.
    served : :py:`Out(1)`
        There is a translation that serves the access.
    piece : :py:`Out(piece_layout(config))`
        That translation.
    start : :py:`Out(structure_layout(config))`
        The lowest table that is known for the page, if ``started``.
    started : :py:`Out(1)`
        A table is known.
    keep : :py:`In(stream.Signature(piece_layout(config), always_ready=True))`
        Translation of ``looked`` to keep, if its page has a size that is kept.
    size : :py:`In(PageSize)`
        That size.
    learn : :py:`In(stream.Signature(structure_layout(config), always_ready=True))`
        Table, and the level of its entries, that a walk of ``looked`` has come to.
    page_row, directory_row : :py:`Out(16)`
        Numbers of the rows that the translation of a page of 4 KiB, and an entry of a page
        directory, take if they are kept now.
    drop, spare : :py:`In(1)`
        Forget the translations of ``looked``; but not global ones.
    sweep : :py:`In(1)`
        Clear the row ``number`` of each array.
    number : :py:`In(range(max(config.second_entries // 2, config.directory_entries)))`
        Number of a row.
    """

    def __init__(self, config):
        self.config = config
        super().__init__({
            "page":    In(config.page_width),
            "look":    In(1),
            "looked":  In(config.page_width),
            "write":   In(1),
            "stamps":  In(Stamps),
            "served":  Out(1),
            "piece":   Out(piece_layout(config)),
            "start":   Out(structure_layout(config)),
            "started": Out(1),
            "keep":    In(stream.Signature(piece_layout(config), always_ready=True)),
            "size":    In(PageSize),
            "learn":   In(stream.Signature(structure_layout(config), always_ready=True)),
            "page_row":      Out(16),
            "directory_row": Out(16),
            "drop":    In(1),
            "spare":   In(1),
            "sweep":   In(1),
            "number":  In(range(max(config.second_entries // 2, config.directory_entries))),
        })

        def array(shape, *, low, depth, block):
            return CacheArray(shape, low=low, page_width=config.page_width, depth=depth,
                              block=block)

        self._pages = [array(page_layout(config), low=0, depth=config.second_entries // 2,
                             block=True) for _ in range(2)]
        self._directory = array(directory_layout(config), low=9, depth=config.directory_entries,
                                block=True)
        self._references = {
            level: array(reference_layout(config), low=9 * level, depth=config.reference_entries,
                         block=False)
            for level in config.upper_levels}

    def elaborate(self, platform):
        m = Module()

        m.submodules.first_way, m.submodules.second_way = self._pages
        m.submodules.directory = self._directory
        for level, array in self._references.items():
            m.submodules[level.name.lower()] = array
        for array in (*self._pages, self._directory, *self._references.values()):
            m.d.comb += [
                array.page.eq(self.page),
                array.look.eq(self.look),
                array.looked.eq(self.looked),
                array.stamps.eq(self.stamps),
                array.sweep.eq(self.sweep),
                array.number.eq(self.number),
            ]
        self._serve(m)
        self._start(m)
        self._keep(m)
        self._learn(m)
        self._drop(m)

        return m

    def _serve(self, m):
        """Find the translation that serves the access: of a small page before that of a large one.

        There may be both, if the size was changed and nothing flushed. Section 4.10.2.3.
        """
        directory = self._directory
        frame     = Cat(self.looked[:9], directory.row.target.frame[9:])
        found     = [(way.found, way.row.target, way.row.target.frame, way.kind, 0)
                     for way in self._pages]
        found.append((directory.found & directory.row.leaf, directory.row.target, frame,
                      directory.kind, 1))
        serving, pieces = [], []
        for number, (there, target, frame, kind, large) in enumerate(found):
            piece = Signal(self.piece.shape(), name=f"piece_{number}")
            serves = there & (target.dirty | ~self.write)
            if large:
                serves = serves & ~Cat(serving).any()
            m.d.comb += [
                *(piece[name].eq(target[name]) for name, _ in target_layout(self.config)),
                piece.frame.eq(frame),
                piece.global_page.eq(kind == RowKind.SHARED),
                piece.large.eq(large),
            ]
            serving.append(serves)
            pieces.append(Mux(serves, piece.as_value(), 0))
        m.d.comb += [
            self.served.eq(Cat(serving).any()),
            self.piece.eq(reduce(or_, pieces)),
        ]

    def _start(self, m):
        """Find the lowest table that is known."""
        directory = self._directory
        known = [(array.found, level - 1, array.row.table, array.row.rights)
                 for level, array in sorted(self._references.items(), reverse=True)]
        known.append((directory.found & ~directory.row.leaf, Level.PT,
                      directory.row.target.frame, directory.row.target.rights))
        for there, level, table, rights in known:
            with m.If(there):
                m.d.comb += [
                    self.started.eq(1),
                    self.start.level.eq(level),
                    self.start.table.eq(table),
                    self.start.rights.eq(rights),
                ]

    def _keep(self, m):
        """Keep a translation in the array for its size."""
        found  = Cat(way.found for way in self._pages)
        free   = Cat(way.kind == RowKind.EMPTY for way in self._pages)
        turns  = Cat(way.row.turn for way in self._pages)
        chosen = Signal()
        m.d.comb += chosen.eq(turns[0] ^ turns[1])
        with m.If(found.any()):
            m.d.comb += chosen.eq(found[1])
        with m.Elif(free.any()):
            m.d.comb += chosen.eq(~free[0])
        self._number(m, chosen)
        small = self.keep.valid & (self.size == PageSize.KIB4)
        for number, way in enumerate(self._pages):
            other = self._pages[1 - number].row.turn
            m.d.comb += [
                way.fill.valid.eq(small & (chosen == number)),
                # The two bits differ after a fill of the first way, and are equal after the second.
                way.fill.p.value.turn.eq(other ^ (number == 0)),
                *self._kept(way.fill.p),
            ]

    def _kept(self, row):
        """Make a row that of the translation which is kept."""
        kind = Mux(self.keep.p.global_page, RowKind.SHARED, RowKind.LOCAL)
        return [row.kind.eq(kind), *(row.value.target[name].eq(self.keep.p[name])
                                     for name, _ in target_layout(self.config))]

    def _number(self, m, chosen):
        """Number the rows: those of pages, way by way, and those of directories with bit 15."""
        m.d.comb += [
            self.page_row.eq(Cat(self._pages[0].place, chosen)),
            self.directory_row.eq(self._directory.place | 1 << 15),
        ]

    def _learn(self, m):
        """Keep a page of 2 MiB, or a reference to a table, in the array for its level."""
        learnt, directory = self.learn.p, self._directory.fill
        with m.If(self.keep.valid & (self.size == PageSize.MIB2)):
            m.d.comb += [
                directory.valid.eq(1),
                directory.p.value.leaf.eq(1),
                *self._kept(directory.p),
            ]
        with m.Elif(self.learn.valid & (learnt.level == Level.PT)):
            m.d.comb += [
                directory.valid.eq(1),
                directory.p.kind.eq(RowKind.STRUCTURE),
                directory.p.value.target.frame.eq(learnt.table),
                directory.p.value.target.rights.eq(learnt.rights),
            ]
        for level, array in self._references.items():
            m.d.comb += [
                array.fill.valid.eq(self.learn.valid & (learnt.level == level - 1)),
                array.fill.p.kind.eq(RowKind.STRUCTURE),
                array.fill.p.value.table.eq(learnt.table),
                array.fill.p.value.rights.eq(learnt.rights),
            ]

    def _drop(self, m):
        """Forget translations: those that were found, and what a global one takes the place of."""
        arrays = (*self._pages, self._directory)
        gone   = Cat(array.found & ~(self.spare & (array.kind == RowKind.SHARED))
                     for array in arrays)
        for number, array in enumerate(arrays):
            m.d.comb += array.clear.eq(self.drop & gone[number])
        for number, way in enumerate(self._pages):
            other = self._pages[1 - number]
            with m.If(other.fill.valid & self.keep.p.global_page & way.same):
                m.d.comb += way.clear.eq(1)
