"""Proof: what was to be forgotten of a page comes from no level before the page is walked anew.

It is about the ports of the whole TLB, and bounded: it holds of all runs of a number of cycles,
from reset, with few rows. One page under one PCID, any of them, is watched throughout: its
translation, the global one, and the tables that lead to it.

Ref: Intel SDM Vol. 3A, section 4.10.4.1 "Operations that Invalidate TLBs and Paging-Structure
Caches".
"""

from dataclasses import replace
from typing import Any

from amaranth.hdl import Cat, Elaboratable, Module, Mux, Signal, Value

from hw.layout import Flush, Level, PageSize
from hw.presets import PRESETS
from hw.tlb import Tlb
from hw.translation import each_of

from .design import inputs_of
from .proof import Sentence, Subject, prove
from .property import Method, Property
from .stamp_promises import few_stamps, used_as_the_unit_does


__all__ = [
    "CONFIG", "CYCLES", "PROPERTIES", "UNITS", "Watch", "prove_of_tlb",
    "used_as_it_expects",
]


#: A first level of one set, two sets of pages, and two entries of directories.
CONFIG = replace(PRESETS["tiny"], tlb_entries=2, block_ram=False, second_entries=4,
                 directory_entries=2, reference_entries=2)

#: The same of 4-level paging, with PCIDs and caches of all upper levels.
WITH_PCIDS = replace(PRESETS["default"], maxphyaddr=32, tlb_entries=2, second_entries=4,
                     directory_entries=2, reference_entries=2)

UNITS = {"few rows": CONFIG, "few rows, with PCIDs": WITH_PCIDS}

#: From reset to the end of the second search: a page is walked, invalidated, and searched again.
CYCLES = 16


class Watch(Elaboratable):
    """A TLB, and one page of which it must not have a translation.

    Attributes
    ----------
    part : component
        The TLB.
    page, pcid : :class:`Signal`
        The page that is watched, and under which PCID. Inputs, the same in all cycles.
    steady : :class:`Signal`
        They are.
    gone, shared_gone : :class:`Signal`
        The translation of the page, and a global one, was invalidated, or never walked, and no walk
        that has found such a one has ended since of an address in its 2 MiB.
    tables_gone : :class:`Signal`
        The tables that lead to the page were, and none has been learnt since.
    asked : :class:`Signal`
        It was the last one that was looked up, and its PCID is the current one.
    looked : :class:`Signal`
        Something was looked up since the last invalidation, and is not being searched.
    searching, walking : :class:`Signal`
        A translation is being searched, and walked.
    moved, may_move : :class:`Signal`
        The current PCID is another one than in the cycle before, and it may be: nothing was to be
        done then.
    """

    def __init__(self, tlb: Any):
        self.part      = tlb
        self.page      = Signal.like(tlb.page, name="watched_page")
        self.pcid      = Signal.like(tlb.pcid, name="watched_pcid")
        self.steady    = Signal()
        self.gone        = Signal(init=1)
        self.shared_gone = Signal(init=1)
        self.tables_gone = Signal(init=1)
        self.asked     = Signal()
        self.looked    = Signal()
        self.searching = Signal()
        self.walking   = Signal()
        self.moved     = Signal()
        self.may_move  = Signal()
        self._last     = Signal.like(tlb.page)

    def elaborate(self, platform: Any) -> Module:
        m = Module()
        m.submodules.tlb = tlb = self.part
        watched = Cat(self.page, self.pcid)
        started, before, pcid = Signal(), Signal.like(watched), Signal.like(tlb.pcid)
        m.d.sync += [
            started.eq(1), before.eq(watched), pcid.eq(tlb.pcid),
            self.may_move.eq(~tlb.busy & (tlb.invalidate.flush == Flush.NONE)),
        ]
        m.d.comb += [
            self.steady.eq(~started | (watched == before)),
            self.asked.eq((self._last == self.page) & self._is_current()),
            self.moved.eq(tlb.pcid != pcid),
        ]
        with m.If(tlb.look):
            m.d.sync += [self._last.eq(tlb.page), self.looked.eq(1)]
        with m.If((tlb.invalidate.flush != Flush.NONE) | tlb.moved):
            m.d.sync += self.looked.eq(0)
        with m.If(tlb.find.valid & tlb.find.ready):
            m.d.sync += self.searching.eq(1)
        with m.If(tlb.found.valid & tlb.found.ready):
            m.d.sync += [self.searching.eq(0), self.looked.eq(0)]
        with m.If(tlb.walk.valid & tlb.walk.ready):
            m.d.sync += self.walking.eq(1)
        with m.If(tlb.walked.valid & tlb.walked.ready):
            m.d.sync += self.walking.eq(0)
        self._find(m)
        self._forget(m)
        return m

    def _is_current(self) -> Value:
        return self.part.pcid == self.pcid

    def _find(self, m: Module) -> None:
        """See what walks find: translations and tables."""
        tlb, learnt = self.part, self.part.learn
        shared = tlb.walked.p.translation.global_page
        with m.If(tlb.walked.valid & tlb.walked.ready & ~tlb.walked.p.fault
                  & (self._last[9:] == self.page[9:])):
            with m.If(shared):
                m.d.sync += self.shared_gone.eq(0)
            with m.Elif(self._is_current()):
                m.d.sync += self.gone.eq(0)
        # A table has the entries of as many pages as its level says.
        ours = Cat((learnt.p.level == level)
                   & (self._last[9 * (level + 1):] == self.page[9 * (level + 1):])
                   for level in (Level.PT, Level.PD, Level.PDPT, Level.PML4)
                   if 9 * (level + 1) < len(self.page)).any()
        with m.If(learnt.valid & ours & self._is_current()):
            m.d.sync += self.tables_gone.eq(0)

    def _forget(self, m: Module) -> None:
        """See what is to be forgotten."""
        named  = self.part.invalidate
        flush  = named.flush
        here   = ~named.single | (named.page == self.page)
        of_one = (flush == Flush.OF_PCID) | (flush == Flush.OF_PCID_AND_GLOBAL)
        ours   = ((flush == Flush.ALL) | (flush == Flush.LOCAL)
                  | (of_one & (named.pcid == self.pcid)))
        with m.If(ours & here):
            m.d.sync += self.gone.eq(1)
        with m.If(((flush == Flush.ALL) | (flush == Flush.OF_PCID_AND_GLOBAL)) & here):
            m.d.sync += self.shared_gone.eq(1)
        # INVLPG makes the tables of all pages of the current PCID be forgotten.
        with m.If(ours & (here | (flush == Flush.OF_PCID_AND_GLOBAL))):
            m.d.sync += self.tables_gone.eq(1)


def used_as_it_expects(watch: Any) -> Value:
    """A page is looked up while the TLB is idle, then searched; and nothing else meanwhile."""
    tlb   = watch.part
    named = tlb.invalidate
    flush = named.flush != Flush.NONE
    sizes = [tlb.walked.p.translation.size == size for size in PageSize
             if size not in _missing(tlb.config)]
    return ((tlb.look + flush + tlb.find.valid <= 1)
            & ~tlb.elsewhere & (tlb.config.pcid | (tlb.pcid == 0))
            & (tlb.config.pcid | (named.pcid == 0))
            & used_as_the_unit_does(watch)
            & (~(tlb.look | tlb.find.valid) | (~watch.searching & ~tlb.busy))
            & (~(flush | watch.moved) | ~watch.searching)
            & (~tlb.find.valid | watch.looked)
            & (~tlb.walked.valid | watch.walking) & (~tlb.learn.valid | watch.walking)
            & Cat(*sizes).any() & tlb.found.ready)


def _missing(config: Any) -> list[PageSize]:
    """Sizes of pages that a unit does not have."""
    return [PageSize.MIB4] if config.long_mode else [PageSize.GIB1]


def prove_of_tlb(tlb: Any, cycles: int) -> None:
    """Prove that a TLB does not have a page that was invalidated before it was walked anew."""
    watch = Watch(tlb)
    named = tlb.invalidate
    there = watch.asked & watch.looked & ~tlb.busy & ~watch.searching
    found = watch.asked & watch.searching & tlb.found.valid & ~tlb.found.p.fault

    def says(text: str, when: Any, then: Any) -> Sentence:
        return Sentence("SDM 4.10.4.1", text, when, then)

    def kept(piece: Any) -> Value:
        """A translation is one that was not invalidated."""
        return ~Mux(piece.global_page, watch.shared_gone, watch.gone)

    prove(
        Subject(inputs=[watch.page, watch.pcid, *inputs_of(tlb)], part=watch,
                given=watch.steady & used_as_it_expects(watch),
                fields={
                    "watched page": watch.page, "watched pcid": watch.pcid,
                    "pcid": tlb.pcid,
                    "page": Mux(tlb.look, tlb.page, 0), "look": tlb.look,
                    "find": tlb.find.valid, "found": tlb.found.valid, "hit": tlb.hit,
                    "invalidate": (named.flush, Flush), "single": named.single,
                    "invalid page": named.page, "invalid pcid": named.pcid,
                    "walk": tlb.walk.valid, "started": tlb.walk.p.started,
                    "walked": tlb.walked.valid, "learn": tlb.learn.valid,
                    "size": (tlb.walked.p.translation.size, PageSize),
                    "global": tlb.walked.p.translation.global_page,
                    "gone": watch.gone, "global gone": watch.shared_gone,
                    "tables gone": watch.tables_gone, "busy": tlb.busy,
                }),
        [says("a page that was invalidated does not hit", there & tlb.hit, Cat(
            ~candidate.hit | kept(candidate.piece) for candidate in each_of(tlb.candidates)).all()),
         says("a page that was invalidated is walked before it is found", found,
              (tlb.walked.valid & watch.walking) | kept(tlb.fill.p)),
         says("a page whose tables were invalidated is walked from the root",
              watch.asked & tlb.walk.valid & watch.tables_gone, ~tlb.walk.p.started)],
        cycles=cycles)


def _prove(unit: str, cycles: int) -> None:
    with few_stamps():
        prove_of_tlb(Tlb(UNITS[unit]), cycles)


PROPERTIES = [Property(
    name="invalidated-pages", block="hw.tlb.tlb", source="SDM 4.10.4.1",
    says="a page that MOV CR3, INVLPG, INVPCID of any type or a flush of everything has named does "
         "not hit, and is found by a walk only, until one has ended of an address in the same "
         "2 MiB; and that walk begins at the root, until a table was learnt",
    method=Method.BOUNDED, depth=CYCLES, units=tuple(UNITS),
    prove=lambda unit, depth: _prove(unit, depth))]
