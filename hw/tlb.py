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
    translations for one linear address are ever held: a fill forgets those that it overlaps.
    Rights are stored, not judged. Memory is not looked at until a translation is gone. Rule 24.

    Ref: Intel SDM Vol. 3A, section 4.10.2 "Translation Lookaside Buffers".

    Parameters
    ----------
    config : :class:`MmuConfig`
        Widths, and the number of translations held.

    Latency
    -------
    A page that is looked up is compared at once, and what was found is there in the next cycle,
    until the next look-up. A fill, a drop, an invalidation and a flush count from the next cycle,
    also for what was looked up before.

    Members
    -------
    page : :py:`In(config.page_width)`
        Linear page number that is looked up, filled or invalidated.
    look : :py:`In(1)`
        Look ``page`` up.
    hit : :py:`Out(1)`
        The TLB holds a translation of the page that was looked up last.
    hit_entry : :py:`Out(translation_layout(config))`
        That translation.
    frame : :py:`Out(config.frame_width)`
        Physical page number of that page: that of ``hit_entry``, completed for large pages.
    fill : :py:`In(stream.Signature(translation_layout(config), always_ready=True))`
        Translation of ``page`` to remember. It is then the one that was looked up last.
    drop : :py:`In(1)`
        Forget ``hit_entry``.
    invalidate : :py:`In(1)`
        Forget the translation of ``page``.
    flush : :py:`In(Flush)`
        Forget many.
    evicted : :py:`Out(1)`
        Strobe: a fill replaced a translation of another page.
    evicted_page : :py:`Out(config.page_width)`
        With ``evicted``: a page number in the page of that translation.
    """

    def __init__(self, config):
        self.config = config
        translation = translation_layout(config)
        super().__init__({
            "page":      In(config.page_width),
            "look":      In(1),
            "hit":       Out(1),
            "hit_entry": Out(translation),
            "frame":     Out(config.frame_width),
            "fill":      In(stream.Signature(translation, always_ready=True)),
            "drop":      In(1),
            "invalidate": In(1),
            "flush":     In(Flush),
            "evicted":   Out(1),
            "evicted_page": Out(config.page_width),
        })

    def elaborate(self, platform):
        m = Module()

        depth   = self.config.tlb_entries
        valid   = Signal(depth)
        matches = Signal(depth)                   # of ``page``
        found   = Signal(depth)                   # of the page that was looked up last
        looked  = Signal(self.config.page_width)  # that page
        live    = Signal(depth)
        victim  = Signal(range(depth))
        pages   = Array(Signal(self.config.page_width, name=f"page_{n}") for n in range(depth))
        slots   = Array(Signal(self.hit_entry.shape(), name=f"slot_{n}") for n in range(depth))

        # While filling, a slot matches if it lies anywhere in the page that is filled.
        size = Signal(PageSize)
        m.d.comb += [
            size.eq(Mux(self.fill.valid, self.fill.p.size, PageSize.KIB4)),
            *(matches[n].eq(valid[n] & self._same_page(m, pages[n], slots[n].size, size))
              for n in range(depth)),
            live.eq(found & valid),
            self.hit.eq(live.any()),
            self.hit_entry.eq(reduce(or_, (
                Mux(live[n], slots[n].as_value(), 0) for n in range(depth)
            ))),
            self.frame.eq(self._complete(self.hit_entry, looked)),
            self.evicted.eq(self.fill.valid & (valid & ~matches).bit_select(victim, 1)),
            self.evicted_page.eq(pages[victim]),
        ]

        with m.If(self.look):
            m.d.sync += [found.eq(matches), looked.eq(self.page)]
        with m.If(self.drop):
            m.d.sync += valid.eq(valid & ~found)
        with m.If(self.invalidate | self.fill.valid):
            m.d.sync += valid.eq(valid & ~matches)
        with m.If(self.fill.valid):
            m.d.sync += [
                found.eq(1 << victim),
                looked.eq(self.page),
                valid.bit_select(victim, 1).eq(1),
                pages[victim].eq(self.page),
                slots[victim].eq(self.fill.p),
                victim.eq(victim + 1),
            ]
        with m.Switch(self.flush):
            with m.Case(Flush.LOCAL):
                m.d.sync += valid.eq(valid & Cat(slot.global_page for slot in slots))
            with m.Case(Flush.ALL):
                m.d.sync += valid.eq(0)

        return m

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
