"""Proof: what any level of the TLB gives is what walks have found, if nothing has changed.

It is about the ports of the whole TLB, and bounded: it holds of all runs of a number of cycles,
from reset, with few rows. One page under one PCID, any of them, is watched throughout, its
translation and the tables that lead to it. That nothing has changed means that each walk which
finds them finds the same.

Ref: Intel SDM Vol. 3A, sections 4.10.2.2 "Caching Translations in TLBs" and 4.10.3.
"""

from typing import Any

from amaranth.hdl import Cat, Module, Mux, Signal, Value

from hw.layout import Flush, Level, PageSize
from hw.tlb import Tlb
from hw.translation import each_of, structure_layout, translation_layout

from .design import inputs_of
from .proof import Sentence, Subject, prove
from .property import Method, Property
from .tlb import CONFIG, CYCLES, Watch, used_as_it_expects
from .unit import frame_in


__all__ = ["PROPERTIES", "prove_of_contents"]


class Contents(Watch):
    """A TLB, and what walks find of one page.

    Attributes
    ----------
    translation : :class:`Signal`
        The translation of the page. An input, the same in all cycles, as are those that follow.
    tables : mapping of :class:`Level` to :class:`Signal`
        The table with entries of each level that leads to the page.
    constant : :class:`Signal`
        They are the same, and walks find them.
    dirty : :class:`Signal`
        A walk has found the page with D = 1, by now.
    """

    def __init__(self, tlb: Any):
        super().__init__(tlb)
        self.translation = Signal(translation_layout(tlb.config), name="watched_translation")
        self.tables   = {level: Signal(structure_layout(tlb.config), name=f"watched_{level.name}")
                         for level in (Level.PT, Level.PD, Level.PDPT)
                         if level < tlb.config.top_level}
        self.constant = Signal()
        self.dirty    = Signal()

    def elaborate(self, platform: Any) -> Module:
        m = super().elaborate(platform)
        tlb, learnt = self.part, self.part.learn
        watched = Cat(self.translation.as_value(), *map(Value.cast, self.tables.values()))
        started, before = Signal(), Signal.like(watched)
        m.d.sync += [started.eq(1), before.eq(watched)]
        m.d.comb += self.constant.eq(
            (~started | (watched == before)) & (~self._finds() | self.has(
                tlb.walked.p.translation, ("size", "frame", "rights", "global_page")))
            & Cat(~(learnt.valid & self._is_current() & (learnt.p.level == level)
                    & self._is_within(9 * (level + 1))) | (learnt.p == table)
                  for level, table in self.tables.items()).all())
        was_dirty = Signal()
        m.d.comb += self.dirty.eq(
            was_dirty | (self._finds() & tlb.walked.p.translation.dirty))
        m.d.sync += was_dirty.eq(self.dirty)
        return m

    def _is_within(self, bits: int) -> Value:
        """The page that was looked up last, and the one that is watched, have the upper bits."""
        return self._last[bits:] == self.page[bits:]

    def _finds(self) -> Value:
        """A walk has found a page that the watched one is, or is in."""
        walked = self.part.walked
        found  = walked.p.translation
        widths = {PageSize.KIB4: 0, PageSize.MIB2: 9, PageSize.MIB4: 10, PageSize.GIB1: 18}
        return (walked.valid & walked.ready & ~walked.p.fault
                & (self._is_current() | found.global_page)
                & Cat((found.size == size) & self._is_within(bits)
                      for size, bits in widths.items()).any())

    def has(self, other: Any, names: Any) -> Value:
        """Some fields of a translation are those of the watched one."""
        return Cat(Value.cast(other[name]) == Value.cast(self.translation[name])
                   for name in names).all()

    def gives(self, piece: Any) -> Value:
        """A piece is that of the translation of the page, and dirty only if a walk has said so."""
        whole = self.translation
        return ((piece.frame == frame_in(whole.frame, whole.size, page=self.page))
                & self.has(piece, ("rights", "global_page"))
                & (piece.large == (whole.size != PageSize.KIB4)) & (~piece.dirty | self.dirty))


def prove_of_contents(tlb: Any, cycles: int) -> None:
    """Prove that a TLB has of a page what walks have found, if it has anything."""
    watch = Contents(tlb)
    there = watch.asked & watch.looked & ~tlb.busy & ~watch.searching
    found = watch.asked & watch.searching & tlb.found.valid & ~tlb.found.p.fault
    start = tlb.walk.p.start

    def says(text: str, when: Any, then: Any) -> Sentence:
        return Sentence("SDM 4.10.2.2", text, when, then)

    prove(
        Subject(inputs=[watch.page, watch.pcid, watch.translation, *watch.tables.values(),
                        *inputs_of(tlb)],
                part=watch, given=watch.steady & watch.constant & used_as_it_expects(watch),
                fields={
                    "watched page": watch.page, "watched pcid": watch.pcid,
                    "frame": watch.translation.frame,
                    "size": (watch.translation.size, PageSize), "pcid": tlb.pcid,
                    "page": Mux(tlb.look, tlb.page, 0), "look": tlb.look,
                    "find": tlb.find.valid, "found": tlb.found.valid, "hit": tlb.hit,
                    "its frame": Mux(tlb.fill.valid, tlb.fill.p.frame, 0),
                    "invalidate": (tlb.invalidate.flush, Flush),
                    "walk": tlb.walk.valid, "started": tlb.walk.p.started,
                    "level": (start.level, Level),
                    "walked": tlb.walked.valid, "learn": tlb.learn.valid, "busy": tlb.busy,
                }),
        [says("what hits is the translation that walks have found", there & tlb.hit, Cat(
            ~candidate.hit | watch.gives(candidate.piece)
            for candidate in each_of(tlb.candidates)).all()),
         says("what is found is the translation that walks have found", found,
              watch.gives(tlb.fill.p)),
         says("a walk begins at a table that was learnt of the page",
              watch.asked & tlb.walk.valid & tlb.walk.p.started, Cat(
                  (start.level == level) & (start == table)
                  for level, table in watch.tables.items()).any())],
        cycles=cycles)


PROPERTIES = [Property(
    name="kept-pages", block="hw.tlb.tlb", source="SDM 4.10.2.2, 4.10.3",
    says="what hits, and what any level serves, is what walks have found of the page, and a walk "
         "begins at a table that was learnt of it, if walks always find the same",
    method=Method.BOUNDED, depth=CYCLES, checked=13, units=("few rows",),
    prove=lambda unit, depth: prove_of_contents(Tlb(CONFIG), depth))]
