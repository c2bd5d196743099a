"""First level of the TLB: translations of 4 KiB pages, two to a set."""

from amaranth import *
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory

from ..layout import Flush
from ..translation import chosen, first_level_members, piece_layout


__all__ = ["FirstLevel"]


def row_layout(config):
    """Translation as a way of a set keeps it, but for what flip-flops beside the memory keep."""
    return data.StructLayout({
        "tag":   config.page_width - set_width(config),
        "piece": piece_layout(config),
    })


def set_width(config):
    """Bits of a page number that choose its set."""
    return (config.tlb_entries // config.tlb_ways).bit_length() - 1


class FirstLevel(wiring.Component):
    """TLB of 4 KiB pages and of pieces of larger ones, under the current PCID; two ways.

    A page's set is the low bits of its number. A fill takes the place of the same page; else a
    free one; else that of the older of the set's two translations. Rights are stored, not judged.
    Memory is not looked at until a translation is gone. Rule 24.

    Ref: Intel SDM Vol. 3A, section 4.10.2 "Translation Lookaside Buffers".

    Parameters
    ----------
    config : :class:`MmuConfig`
        Widths, and the number of translations held.

    Latency
    -------
    A page that is looked up is there in the next cycle, until the next look-up. A fill is there in
    the next cycle, too, as if it had been looked up, and is stored in that cycle: nothing else may
    be asked in it. A drop and a flush count for look-ups from the next cycle on.

    Members
    -------
    page, look : :py:`In(config.page_width)`, :py:`In(1)`
        Linear page number, and a strobe: look it up.
    candidates : :py:`Out(candidates_layout(config))`
        What the ways hold for the page that was looked up last.
    hit, entry : :py:`Out(1)`, :py:`Out(piece_layout(config))`
        One of them is its translation; and that.
    fill : :py:`In(stream.Signature(piece_layout(config), always_ready=True))`
        Translation, to remember, of the page that was looked up last.
    drop, pieces : :py:`In(1)`
        Forget the translation of the page that was looked up last; and all pieces of larger pages.
    flush : :py:`In(Flush)`
        Forget all, or all but global ones.
    spare : :py:`In(1)`
        A drop leaves global translations alone.
    evicted : :py:`Out(1)`
        Strobe: a fill takes the place of another page.
    evicted_page : :py:`Out(config.page_width)`
        With ``evicted``: that page.
    """

    def __init__(self, config):
        self.config = config
        super().__init__(first_level_members(config))

        ways = config.tlb_ways
        sets = config.tlb_entries // ways
        self._valid  = [Signal(sets, name=f"valid_{way}") for way in range(ways)]
        self._shared = [Signal(sets, name=f"shared_{way}") for way in range(ways)]
        self._pieces = [Signal(sets, name=f"pieces_{way}") for way in range(ways)]
        self._older  = Signal(sets)               # the way of each set that is replaced next
        self._looked = Signal(config.page_width)  # the page that was looked up last
        self._matches = Signal(ways)              # ways that hold it
        self._stored  = Signal(row_layout(config))  # the row of that fill
        self._taken   = Signal(ways)              # ways of its set that hold any page
        self._rows    = [Signal(row_layout(config), name=f"row_{way}") for way in range(ways)]
        self._way     = Signal(range(ways))       # the way that a fill takes
        self._filling = Signal(row_layout(config))  # the row that it gets
        self._storing = Signal(ways)              # the way that is written in this cycle

    def elaborate(self, platform):
        m = Module()

        self._look_up(m)
        self._choose(m)
        self._store(m)
        self._forget(m)
        m.d.comb += [
            self.hit.eq(self._matches.any()),
            self.entry.eq(chosen(self.candidates, config=self.config)),
        ]
        for way, row in enumerate(self._rows):
            m.d.comb += [
                self.candidates[way].hit.eq(self._matches[way]),
                self.candidates[way].piece.eq(row.piece),
            ]

        return m

    def _index(self, page):
        """Number of the set of ``page``."""
        return page[:set_width(self.config)]

    def _tag(self, page):
        """The rest of its bits."""
        return page[set_width(self.config):]

    def _look_up(self, m):
        """Read the set of the page on the port, and find the ways that hold the page."""
        index = self._index(self.page)
        for way, (valid, row) in enumerate(zip(self._valid, self._rows, strict=True)):
            memory = Memory(shape=row.shape(), depth=len(valid), init=[])
            m.submodules[f"way_{way}"] = memory
            write = memory.write_port()
            m.d.comb += [
                write.addr.eq(self._index(self._looked)),
                write.data.eq(self._stored),
                write.en.eq(self._storing[way]),
            ]
            with m.If(self.look):
                m.d.sync += self._taken[way].eq(valid.bit_select(index, 1))
            self._read(m, memory, way)
        with m.If(self.look):
            m.d.sync += self._looked.eq(self.page)

    def _read(self, m, memory, way):
        """Read a way, and compare its tag, all while the page comes."""
        index = self._index(self.page)
        read  = memory.read_port(domain="comb")
        there = self._valid[way].bit_select(index, 1)
        m.d.comb += read.addr.eq(index)
        fills = self.fill.valid & (self._way == way)
        # Whether a page is looked up takes long to find out: nothing but a clock enable is to
        # depend on it.
        with m.If(self.look | fills):
            m.d.sync += self._rows[way].eq(Mux(self.fill.valid, self._filling, read.data))
        with m.If(self.look | self.fill.valid):
            m.d.sync += self._matches[way].eq(Mux(
                self.fill.valid, fills, there & (read.data.tag == self._tag(self.page))))

    def _choose(self, m):
        """Choose the way for a fill."""
        index  = self._index(self._looked)
        other  = Signal.like(self._taken)
        m.d.comb += self._way.eq(self._older.bit_select(index, 1))
        with m.If(self._matches.any()):
            m.d.comb += self._way.eq(self._matches[1])
        with m.Elif(~self._taken.all()):
            m.d.comb += self._way.eq(self._taken[0])
        m.d.comb += [
            other.eq(self._taken & ~self._matches),
            self.evicted.eq(self.fill.valid & other.bit_select(self._way, 1)),
            self.evicted_page.eq(Cat(index, Mux(
                self._way, self._rows[1].tag, self._rows[0].tag))),
        ]

    def _store(self, m):
        """Show a fill as if it had been looked up, and store it in the cycle after."""
        index = self._index(self._looked)
        m.d.comb += [
            self._filling.tag.eq(self._tag(self._looked)),
            self._filling.piece.eq(self.fill.p),
        ]
        m.d.sync += self._storing.eq(Mux(self.fill.valid, 1 << self._way, 0))
        with m.If(self.fill.valid):
            m.d.sync += [
                self._stored.eq(self._filling),
                self._older.bit_select(index, 1).eq(~self._way),
            ]
        for way in range(self.config.tlb_ways):
            with m.If(self._storing[way]):
                m.d.sync += [
                    self._valid[way].bit_select(index, 1).eq(1),
                    self._shared[way].bit_select(index, 1).eq(self._stored.piece.global_page),
                    self._pieces[way].bit_select(index, 1).eq(self._stored.piece.large),
                ]

    def _forget(self, m):
        """Make translations invalid."""
        here = 1 << self._index(self._looked)
        for way, (valid, shared) in enumerate(zip(self._valid, self._shared, strict=True)):
            gone = (Mux(self.drop & self._matches[way], here, 0)
                    | Mux(self.pieces, self._pieces[way], 0))
            with m.If(self.drop | self.pieces):
                m.d.sync += valid.eq(valid & ~(gone & ~Mux(self.spare, shared, 0)))
            with m.If(self.flush == Flush.LOCAL):
                m.d.sync += valid.eq(valid & shared)
            with m.If(self.flush == Flush.ALL):
                m.d.sync += valid.eq(0)
