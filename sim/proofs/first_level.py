"""Proofs: the first level of the TLB answers with what was filled last, unless it was to forget it.

So it never holds two translations of one page that differ. The proofs are about its ports, and
bounded: they hold of all runs of a number of cycles, from reset, with few entries. One page, any of
them, is watched throughout.

Ref: Intel SDM Vol. 3A, sections 4.10.2.4 "Global Pages" and 4.10.4.1 "Operations that Invalidate
TLBs and Paging-Structure Caches".
"""

from dataclasses import replace
from typing import Any

from amaranth.hdl import Elaboratable, Module, Mux, Signal

from hw.layout import Flush
from hw.presets import PRESETS
from hw.tlb.block import BlockFirstLevel
from hw.tlb.first import FirstLevel
from hw.translation import piece_layout

from .design import inputs_of
from .proof import Sentence, Subject, prove
from .property import Method, Property


__all__ = ["PROPERTIES", "prove_of_first_level"]


class Watch(Elaboratable):
    """A first level, and of one page what was filled last and has not been forgotten since.

    Attributes
    ----------
    first : :class:`FirstLevel`
        As it was given.
    page : :class:`Signal`
        The page that is watched. An input, the same in all cycles.
    steady : :class:`Signal`
        It is the same as in the cycle before.
    held : :class:`Signal`
        The first level may have a translation of the page.
    translation : :class:`Signal`
        That translation.
    asked : :class:`Signal`
        The page was the last one that was looked up.
    shown, answer : :class:`Signal`
        ``held`` and ``translation`` as they were then, or have been filled since.
    filled, filled_for : :class:`Signal`
        There was a fill in the cycle before; of the watched page, which must be there: out of block
        RAM, in the second cycle after.
    looks_again : :class:`Signal`
        The page that was looked up last is looked up once more.
    """

    def __init__(self, first: Any):
        self.first       = first
        self.page        = Signal.like(first.page, name="watched_page")
        self.steady      = Signal()
        self.held        = Signal()
        self.translation = Signal(piece_layout(first.config))
        self.asked       = Signal()
        self.shown       = Signal()
        self.answer      = Signal.like(self.translation)
        self.filled      = Signal()
        self.filled_for  = Signal()
        self.looks_again = Signal()
        self._last       = Signal.like(first.page)  # the page that was looked up last

    def elaborate(self, platform: Any) -> Module:
        m = Module()
        m.submodules.first = first = self.first

        started, before = Signal(), Signal.like(self.page)
        block,  of_page = first.config.block_ram, first.fill.valid & self.asked
        m.d.sync += [
            started.eq(1),
            before.eq(self.page),
            self.filled.eq(first.fill.valid),
        ]
        m.d.comb += [
            self.steady.eq(~started | (self.page == before)),
            self.asked.eq(self._last == self.page),
            self.looks_again.eq(first.look & (first.page == self._last)),
        ]
        stored = Signal()
        m.d.sync += [
            stored.eq(of_page),
            self.filled_for.eq(
                self.looks_again & stored if block else of_page),
        ]
        with m.If(first.look):
            m.d.sync += [
                self._last.eq(first.page),
                self.shown.eq(self.held),
                self.answer.eq(self.translation),
            ]
        with m.If(of_page):
            m.d.sync += [
                self.held.eq(1),
                self.shown.eq(not block),
                *(signal.eq(first.fill.p) for signal in (self.translation, self.answer)),
            ]
        with m.Elif(self._forgotten()):
            m.d.sync += self.held.eq(0)
        return m

    def _forgotten(self) -> Any:
        """The translation of the watched page is to be forgotten."""
        first, shared = self.first, self.translation.global_page
        named = (first.drop & self.asked) | (first.pieces & self.translation.large)
        return ((named & ~(first.spare & shared)) | (first.flush == Flush.ALL)
                | ((first.flush == Flush.LOCAL) & ~shared))


def used_as_the_tlb_does(watch: Any) -> Any:
    """One thing at a time. While a fill is stored, nothing; or out of block RAM, a new look-up."""
    first    = watch.first
    flush    = first.flush != Flush.NONE
    anything = first.look + first.fill.valid + (first.drop | first.pieces) + flush
    after    = watch.looks_again if first.config.block_ram else anything == 0
    return ((anything <= 1) & (~watch.filled | after)
            & (first.flush.as_value() <= Flush.ALL.value))


def prove_of_first_level(first: Any, cycles: int) -> None:
    """Prove that a first level answers with what was filled last and not forgotten."""
    watch = Watch(first)
    found = first.hit & watch.asked
    prove(
        Subject(inputs=[watch.page, *inputs_of(first)], part=watch,
                given=watch.steady & used_as_the_tlb_does(watch),
                fields={
                    "watched page": watch.page,
                    "page":         Mux(first.look, first.page, 0),
                    "look":         first.look,
                    "fill":         first.fill.valid,
                    "fill.frame":   Mux(first.fill.valid, first.fill.p.frame, 0),
                    "fill.global":  first.fill.valid & first.fill.p.global_page,
                    "fill.large":   first.fill.valid & first.fill.p.large,
                    "drop":         first.drop,
                    "pieces":       first.pieces,
                    "spare":        first.spare,
                    "flush":        (first.flush, Flush),
                    "hit":          first.hit,
                    "frame":        first.entry.frame,
                    "held":         watch.held,
                }),
        [
            Sentence("hw.tlb.first", "a page hits only if it was filled, and not forgotten before "
                     "it was looked up", found, watch.shown),
            Sentence("hw.tlb.first", "a hit is the one translation that was filled last",
                     found & watch.shown, first.entry == watch.answer),
            Sentence("hw.tlb.first", "a page that was filled hits: in the next cycle, or then",
                     watch.filled_for, first.hit),
        ], cycles=cycles)


#: First levels of few entries: a preset, and how many.
UNITS = {f"{preset}, {entries}": (preset, entries)
         for preset, entries in [("default", 2), ("default", 4), ("full", 4), ("tiny", 4)]}


def _first_level(unit: str) -> Any:
    preset, entries = UNITS[unit]
    config = replace(PRESETS[preset], tlb_entries=entries)
    return (BlockFirstLevel if config.block_ram else FirstLevel)(config)


PROPERTIES = [Property(
    name="first-level", block="hw.tlb.first", source="SDM 4.10.2.4, 4.10.4.1",
    says="what hits is the one translation that was filled last for the page, and was not "
         "forgotten; a page that was filled hits",
    method=Method.BOUNDED, depth=8, units=tuple(UNITS),
    prove=lambda unit, depth: prove_of_first_level(_first_level(unit), depth))]
