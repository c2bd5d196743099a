"""Translation lookaside buffer."""

from functools import reduce
from operator import or_

from amaranth import *
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from .layout import Flush, PageSize
from .translation import translation_layout


__all__ = ["Tlb"]


class Tlb(wiring.Component):
    """Fully associative TLB for pages of all sizes, with round-robin replacement.

    Each fill takes the slot after that of the fill before, whatever the slots hold. No two
    translations for one linear address and PCID are ever held: a fill forgets those that it
    overlaps. Rights are stored, not judged. Memory is not looked at until a translation is gone.
    Rules 24, 32, 34.

    Ref: Intel SDM Vol. 3A, section 4.10.2 "Translation Lookaside Buffers", section 4.10.1
    "Process-Context Identifiers (PCIDs)".

    Parameters
    ----------
    config : :class:`MmuConfig`
        Widths, and the number of translations held.

    Latency
    -------
    A page that is looked up is compared at once, and what was found is there in the next cycle,
    until the next look-up. A fill, a drop and a flush count from the next cycle, also for what was
    looked up before. Another PCID counts two cycles later, for all that was looked up meanwhile.

    Members
    -------
    page : :py:`In(config.page_width)`
        Linear page number that is looked up, filled or invalidated.
    pcid : :py:`In(12)`
        The current PCID; with ``flush`` the one that it means.
    look : :py:`In(1)`
        Look ``page`` up.
    hit : :py:`Out(1)`
        The TLB holds a translation of the page that was looked up last, under the current PCID.
    hit_entry : :py:`Out(translation_layout(config))`
        That translation.
    frame : :py:`Out(config.frame_width)`
        Physical page number of that page: that of ``hit_entry``, completed for large pages.
    fill : :py:`In(stream.Signature(translation_layout(config), always_ready=True))`
        Translation of ``page`` to remember. It is then the one that was looked up last.
    drop : :py:`In(1)`
        Forget ``hit_entry``.
    flush, single : :py:`In(Flush)`, :py:`In(1)`
        Forget many; or of these only the ones of ``page``.
    evicted : :py:`Out(1)`
        Strobe: a fill replaced a translation that it does not overlap.
    evicted_page, evicted_pcid : :py:`Out(config.page_width)`, :py:`Out(12)`
        With ``evicted``: a page number in the page of that translation, and its PCID.
    """

    def __init__(self, config):
        self.config = config
        translation = translation_layout(config)
        super().__init__({
            "page":      In(config.page_width),
            "pcid":      In(12),
            "look":      In(1),
            "hit":       Out(1),
            "hit_entry": Out(translation),
            "frame":     Out(config.frame_width),
            "fill":      In(stream.Signature(translation, always_ready=True)),
            "drop":      In(1),
            "flush":     In(Flush),
            "single":    In(1),
            "evicted":   Out(1),
            "evicted_page": Out(config.page_width),
            "evicted_pcid": Out(12),
        })

        depth = config.tlb_entries
        self._valid   = Signal(depth)
        self._victim  = Signal(range(depth))  # slot of the next fill
        self._pages   = Array(Signal(config.page_width, name=f"page_{n}") for n in range(depth))
        self._pcids   = Array(Signal(12 * config.pcid, name=f"pcid_{n}") for n in range(depth))
        self._slots   = Array(Signal(translation, name=f"slot_{n}") for n in range(depth))
        self._globals = Signal(depth)  # slots with a global translation
        self._own     = Signal(depth)  # slots of the current PCID
        self._same    = Signal(depth)  # slots of ``page``, whatever their PCID
        self._named   = Signal(depth)  # slots of ``pcid``
        self._gone    = Signal(depth)  # slots that become invalid

    def elaborate(self, platform):
        m = Module()

        depth  = self.config.tlb_entries
        valid  = self._valid
        found  = Signal(depth)                   # of the page that was looked up last
        looked = Signal(self.config.page_width)  # that page
        live   = Signal(depth)
        m.d.comb += [
            live.eq(found & valid & (self._own | self._globals)),
            self.hit.eq(live.any()),
            self.hit_entry.eq(reduce(or_, (
                Mux(live[n], slot.as_value(), 0) for n, slot in enumerate(self._slots)
            ))),
            self.frame.eq(self._complete(self.hit_entry, looked)),
        ]
        with m.If(self.look):
            m.d.sync += [found.eq(valid & self._same), looked.eq(self.page)]
        with m.If(self.fill.valid):
            m.d.sync += [found.eq(1 << self._victim), looked.eq(self.page)]

        self._compare(m)
        self._forget(m, live)
        self._remember(m)

        return m

    def _compare(self, m):
        """Compare page and PCID with those of all slots.

        While filling, a slot is of the page if it lies anywhere in the page that is filled.
        """
        size = Signal(PageSize)
        m.d.comb += [
            size.eq(Mux(self.fill.valid, self.fill.p.size, PageSize.KIB4)),
            self._same.eq(Cat(self._same_page(m, page, slot.size, size)
                              for page, slot in zip(self._pages, self._slots, strict=True))),
            self._named.eq(Cat(pcid == self.pcid[:len(pcid)] for pcid in self._pcids)),
            self._globals.eq(Cat(slot.global_page for slot in self._slots)),
        ]
        with m.If(self.flush == Flush.NONE):
            m.d.sync += self._own.eq(self._named)

    def _forget(self, m, live):
        """Make slots invalid: what a fault drops, a fill overlaps, and a flush means."""
        named, shared = self._named, self._globals
        meant = Signal.like(live)
        with m.Switch(self.flush):
            with m.Case(Flush.LOCAL):
                m.d.comb += meant.eq(~shared)
            with m.Case(Flush.ALL):
                m.d.comb += meant.eq(-1)
            with m.Case(Flush.OF_PCID):
                m.d.comb += meant.eq(named & ~shared)
            with m.Case(Flush.OF_PCID_AND_GLOBAL):
                m.d.comb += meant.eq(named | shared)
        served     = self._own | shared | self.fill.p.global_page.replicate(len(live))
        overlapped = self.fill.valid.replicate(len(live)) & self._same & served
        m.d.comb += [
            self._gone.eq(overlapped
                          | (live & self.drop.replicate(len(live)))
                          | (meant & (self._same | (~self.single).replicate(len(live))))),
            self.evicted.eq(self.fill.valid & (self._valid & ~self._gone).bit_select(
                self._victim, 1)),
            self.evicted_page.eq(self._pages[self._victim]),
            self.evicted_pcid.eq(self._pcids[self._victim]),
        ]
        m.d.sync += self._valid.eq(self._valid & ~self._gone)

    def _remember(self, m):
        """Put what is filled into the next slot."""
        victim = self._victim
        with m.If(self.fill.valid):
            m.d.sync += [
                self._valid.bit_select(victim, 1).eq(1),
                self._pages[victim].eq(self.page),
                self._slots[victim].eq(self.fill.p),
                self._own.bit_select(victim, 1).eq(1),
                victim.eq(victim + 1),
            ]
            if self.config.pcid:
                m.d.sync += self._pcids[victim].eq(self.pcid)

    def _same_page(self, m, page, held, size):
        """True if ``page`` and the looked-up page share a page of size ``held``, or of ``size``."""
        differ = Signal.like(page)
        larger = Signal(PageSize)
        m.d.comb += [
            differ.eq(page ^ self.page),
            larger.eq(Mux(size > held, size, held)),
        ]
        return (~differ[18:].any()
                & ((larger >= PageSize.GIB1) | ~differ[10:18].any())
                & ((larger >= PageSize.MIB4) | ~differ[9])
                & ((larger >= PageSize.MIB2) | ~differ[:9].any()))

    def _complete(self, translation, page):
        """Frame of ``page``, by its translation: the offset in a large page is the page's own."""
        def choose(size, low, high):
            return Mux(translation.size >= size, page[low:high],
                       translation.frame[low:high])

        return Cat(
            choose(PageSize.MIB2,  0,  9),
            choose(PageSize.MIB4,  9, 10),
            choose(PageSize.GIB1, 10, 18),
            translation.frame[18:],
        )
