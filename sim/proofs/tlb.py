"""Proof: a page that INVLPG or a flush has named comes from no level before it is walked anew.

It is about the ports of the whole TLB, and bounded: it holds of all runs of a number of cycles,
from reset, with few rows. One page, any of them, is watched throughout.

Ref: Intel SDM Vol. 3A, section 4.10.4.1 "Operations that Invalidate TLBs and Paging-Structure
Caches".
"""

from dataclasses import replace
from typing import Any

from amaranth.hdl import Elaboratable, Module, Mux, Signal

from hw.layout import Flush, PageSize
from hw.presets import PRESETS
from hw.tlb import Tlb

from .design import inputs_of
from .proof import Sentence, Subject, prove
from .property import Method, Property


__all__ = ["CONFIG", "CYCLES", "PROPERTIES", "prove_of_tlb"]


#: A first level of one set, two sets of pages, and two entries of directories.
CONFIG = replace(PRESETS["tiny"], tlb_entries=2, block_ram=False, second_entries=4,
                 directory_entries=2, reference_entries=2)

#: From reset to the end of the second search: a page is walked, invalidated, and searched again.
CYCLES = 16


class Watch(Elaboratable):
    """A TLB, and one page of which it must not have a translation.

    Attributes
    ----------
    tlb : :class:`Tlb`
        As it was given.
    page : :class:`Signal`
        The page that is watched. An input, the same in all cycles.
    steady : :class:`Signal`
        It is.
    gone : :class:`Signal`
        The page was invalidated, or never walked, and no walk of an address in its 4 MiB has ended
        since.
    asked : :class:`Signal`
        It was the last one that was looked up.
    looked : :class:`Signal`
        Something was looked up since the last invalidation, and is not being searched.
    searching, walking : :class:`Signal`
        A translation is being searched, and walked.
    """

    def __init__(self, tlb: Any):
        self.tlb       = tlb
        self.page      = Signal.like(tlb.page, name="watched_page")
        self.steady    = Signal()
        self.gone      = Signal(init=1)
        self.asked     = Signal()
        self.looked    = Signal()
        self.searching = Signal()
        self.walking   = Signal()
        self._last     = Signal.like(tlb.page)

    def elaborate(self, platform: Any) -> Module:
        m = Module()
        m.submodules.tlb = tlb = self.tlb
        started, page = Signal(), Signal.like(self.page)
        m.d.sync += [started.eq(1), page.eq(self.page)]
        m.d.comb += [
            self.steady.eq(~started | (self.page == page)),
            self.asked.eq(self._last == self.page),
        ]
        invalidates = tlb.invalidate.flush != Flush.NONE
        with m.If(tlb.look):
            m.d.sync += [self._last.eq(tlb.page), self.looked.eq(1)]
        with m.If(invalidates):
            m.d.sync += self.looked.eq(0)
            with m.If(~tlb.invalidate.single | (tlb.invalidate.page == self.page)):
                m.d.sync += self.gone.eq(1)
        with m.If(tlb.find.valid & tlb.find.ready):
            m.d.sync += self.searching.eq(1)
        with m.If(tlb.found.valid & tlb.found.ready):
            m.d.sync += [self.searching.eq(0), self.looked.eq(0)]
        with m.If(tlb.walk.valid & tlb.walk.ready):
            m.d.sync += self.walking.eq(1)
        with m.If(tlb.walked.valid & tlb.walked.ready):
            m.d.sync += self.walking.eq(0)
            with m.If(~tlb.walked.p.fault & (self._last[10:] == self.page[10:])):
                m.d.sync += self.gone.eq(0)
        return m


def used_as_the_unit_does(watch: Any) -> Any:
    """A page is looked up while the TLB is idle, then searched; and nothing else meanwhile.

    There are no PCIDs. The TLB is told to forget everything, or a page.
    """
    tlb = watch.tlb
    invalidates = tlb.invalidate.flush != Flush.NONE
    idle = ~watch.searching & ~tlb.busy
    return ((tlb.look + invalidates + tlb.find.valid <= 1)
            & ~tlb.elsewhere & (tlb.pcid == 0) & ~tlb.moved & (tlb.invalidate.pcid == 0)
            & (~(tlb.look | invalidates | tlb.find.valid) | idle)
            & (~tlb.find.valid | watch.looked)
            & (~invalidates | (tlb.invalidate.flush == Flush.ALL)
               | (tlb.invalidate.flush == Flush.OF_PCID_AND_GLOBAL))
            & (tlb.invalidate.flush.as_value() <= max(flush.value for flush in Flush))
            & (~tlb.walked.valid | watch.walking) & (~tlb.learn.valid | watch.walking)
            & ((tlb.walked.p.translation.size == PageSize.KIB4)
               | (tlb.walked.p.translation.size == PageSize.MIB4)
               | (tlb.walked.p.translation.size == PageSize.MIB2))
            & tlb.found.ready)


def prove_of_tlb(tlb: Any, cycles: int) -> None:
    """Prove that a TLB does not have a page that was invalidated before it was walked anew."""
    watch = Watch(tlb)
    given = watch.gone & watch.asked
    prove(
        Subject(inputs=[watch.page, *inputs_of(tlb)], part=watch,
                given=watch.steady & used_as_the_unit_does(watch),
                fields={
                    "watched page": watch.page,
                    "page": Mux(tlb.look, tlb.page, 0), "look": tlb.look,
                    "find": tlb.find.valid, "found": tlb.found.valid, "hit": tlb.hit,
                    "invalidate": (tlb.invalidate.flush, Flush), "single": tlb.invalidate.single,
                    "invalid page": tlb.invalidate.page,
                    "walk": tlb.walk.valid, "walked": tlb.walked.valid,
                    "size": (tlb.walked.p.translation.size, PageSize),
                    "gone": watch.gone, "busy": tlb.busy,
                }),
        [Sentence("SDM 4.10.4.1", "a page that was invalidated does not hit",
                  given & watch.looked & ~tlb.busy & ~watch.searching, ~tlb.hit),
         Sentence("SDM 4.10.4.1", "a page that was invalidated is walked before it is found",
                  given & tlb.found.valid & watch.searching & ~tlb.found.p.fault,
                  tlb.walked.valid & watch.walking)],
        cycles=cycles)


PROPERTIES = [Property(
    name="invalidated-pages", block="hw.tlb.tlb", source="SDM 4.10.4.1",
    says="a page that was invalidated, alone or with all others, does not hit, and is found by a "
         "walk only, until one has ended of an address in the same 4 MiB",
    method=Method.BOUNDED, depth=CYCLES, units=("few rows",),
    prove=lambda unit, depth: prove_of_tlb(Tlb(CONFIG), depth))]
