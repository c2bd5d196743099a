"""First level of the TLB in block RAM: translations of 4 KiB pages, direct-mapped."""

from amaranth import *
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory

from ..layout import Flush
from ..translation import first_level_members


__all__ = ["BlockFirstLevel"]


class BlockFirstLevel(wiring.Component):
    """TLB of 4 KiB pages and of pieces of larger ones, for an FPGA whose look-up tables are no
    memory.

    It does what :class:`.first.FirstLevel` does, but that each page has one place: that of the low
    bits of its number. A row is read while its page is on the port, and its tag is compared in the
    cycle after.

    Ref: Intel SDM Vol. 3A, section 4.10.2 "Translation Lookaside Buffers".

    Parameters
    ----------
    config : :class:`MmuConfig`
        Widths, and the number of translations held.

    Latency
    -------
    A page that is looked up is there in the next cycle, until the next look-up or fill. A fill, a
    drop and a flush count for look-ups from the next cycle on.

    Members
    -------
    page, look, candidates, hit, entry, fill, drop, pieces, flush, spare, evicted, evicted_page
        As those of :class:`.first.FirstLevel`.
    """

    def __init__(self, config):
        self.config = config
        super().__init__(first_level_members(config))

        self._bits   = config.tlb_entries.bit_length() - 1  # of a page number, that choose its row
        self._valid  = Signal(config.tlb_entries)
        self._shared = Signal(config.tlb_entries)  # rows of global translations
        self._pieces = Signal(config.tlb_entries)  # rows of pieces of larger pages
        self._looked = Signal(config.page_width)   # the page that was looked up last
        self._taken  = Signal()                    # its row holds any page

    def elaborate(self, platform):
        m = Module()

        layout = data.StructLayout({
            "tag":   self.config.page_width - self._bits,
            "piece": self.entry.shape(),
        })
        m.submodules.rows = memory = Memory(
            shape=layout, depth=self.config.tlb_entries, init=[], attrs={"ram_style": "block"})
        read, write = memory.read_port(), memory.write_port()
        index, tag  = self._looked[:self._bits], self._looked[self._bits:]
        m.d.comb += [
            read.addr.eq(self.page[:self._bits]),
            read.en.eq(self.look),
            self.hit.eq(self._taken & (read.data.tag == tag)),
            self.entry.eq(read.data.piece),
            self.candidates[0].hit.eq(self.hit),
            self.candidates[0].piece.eq(read.data.piece),
            self.evicted.eq(self.fill.valid & self._taken & ~self.hit),
            # Before the first look-up nobody knows what block RAM has read.
            self.evicted_page.eq(Mux(self.evicted, Cat(index, read.data.tag), 0)),
            write.addr.eq(index),
            write.data.tag.eq(tag),
            write.data.piece.eq(self.fill.p),
            write.en.eq(self.fill.valid),
        ]
        with m.If(self.look):
            m.d.sync += [
                self._looked.eq(self.page),
                self._taken.eq(self._valid.bit_select(self.page[:self._bits], 1)),
            ]
        self._keep(m, index)

        return m

    def _keep(self, m, index):
        """Know which rows count."""
        here = Signal(self.config.tlb_entries)  # the row of the page that was looked up last
        gone = (Mux(self.drop & self.hit, here, 0) | Mux(self.pieces, self._pieces, 0)
                ) & ~Mux(self.spare, self._shared, 0)
        m.d.comb += here.eq(1 << index)
        with m.If(self.fill.valid):
            m.d.sync += [
                self._taken.eq(0),
                self._valid.eq(self._valid | here),
                self._shared.bit_select(index, 1).eq(self.fill.p.global_page),
                self._pieces.bit_select(index, 1).eq(self.fill.p.large),
            ]
        with m.If(self.drop | self.pieces):
            m.d.sync += self._valid.eq(self._valid & ~gone)
        with m.If(self.flush == Flush.LOCAL):
            m.d.sync += self._valid.eq(self._valid & self._shared)
        with m.If(self.flush == Flush.ALL):
            m.d.sync += self._valid.eq(0)
