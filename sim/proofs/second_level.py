"""Proofs: the second level of the TLB serves no page that was dropped or flushed since it was kept.

They are about its ports, and bounded: they hold of all runs of a number of cycles, from reset, with
few rows. One page, any of them, is watched throughout. To flush is to give a stamp that was not
given before.

Ref: Intel SDM Vol. 3A, section 4.10.4.1 "Operations that Invalidate TLBs and Paging-Structure
Caches".
"""

from dataclasses import replace
from functools import reduce
from operator import and_
from typing import Any

from amaranth.hdl import Cat, Elaboratable, Module, Mux, Signal

from hw.layout import PageSize
from hw.presets import PRESETS
from hw.tlb.array import Stamps
from hw.tlb.second import SecondLevel
from hw.translation import piece_layout

from .design import inputs_of
from .proof import Sentence, Subject, prove
from .property import Method, Property


__all__ = ["CONFIG", "CYCLES", "LATENCY", "PROPERTIES", "prove_of_second_level"]


#: Two sets of pages, and two entries of directories.
CONFIG = replace(PRESETS["tiny"], block_ram=False, second_entries=4, directory_entries=2,
                 reference_entries=2)

#: Cycles from a look-up to its answer.
LATENCY = 3

#: A page is kept, dropped and served within so many cycles: each needs a look-up before.
CYCLES = 3 * (LATENCY + 1) + 1

KINDS = [name for name, _ in Stamps.as_shape()]


class Watch(Elaboratable):
    """A second level, and what it may have of one page.

    Attributes
    ----------
    second : :class:`SecondLevel`
        As it was given.
    page : :class:`Signal`
        The page that is watched. An input, the same in all cycles.
    sound : :class:`Signal`
        It is, and no stamp comes back that was replaced.
    settled : :class:`Signal`
        The answer to the last look-up is there.
    asked : :class:`Signal`
        It is about the page, or, in ``near``, about one that a large page has in common with it.
    held : :class:`Signal`
        The second level may have a translation of the page.
    small, large : :class:`Signal`
        What was kept last for the page itself, and for a page of 2 MiB that it is in.
    """

    def __init__(self, second: Any):
        self.second  = second
        self.page    = Signal.like(second.page, name="watched_page")
        self.sound   = Signal()
        self.settled = Signal()
        self.asked   = Signal()
        self.near    = Signal()
        self.held    = Signal()
        self.small   = Signal(piece_layout(CONFIG))
        self.large   = Signal(piece_layout(CONFIG))
        self._last   = Signal.like(second.page)
        self._age    = Signal(range(LATENCY + 1))  # cycles since the last look-up, if it counts

    def elaborate(self, platform: Any) -> Module:
        m = Module()
        m.submodules.second = second = self.second

        started, page, stamps = Signal(), Signal.like(self.page), Signal(Stamps)
        changed = second.stamps.as_value() != stamps.as_value()
        m.d.sync += [started.eq(1), page.eq(self.page), stamps.eq(second.stamps)]
        m.d.comb += [
            self.sound.eq((~started | (self.page == page)) & all_of(
                (second.stamps[kind] != 0) & (~started | (second.stamps[kind] >= stamps[kind]))
                for kind in KINDS)),
            self.settled.eq((self._age == LATENCY) & ~changed),
            self.asked.eq(self._last == self.page),
            self.near.eq(self._last[9:] == self.page[9:]),
            second.looked.eq(self._last),
        ]
        with m.If(second.look):
            m.d.sync += [self._last.eq(second.page), self._age.eq(1)]
        with m.Elif(changed | second.keep.valid | second.drop):
            m.d.sync += self._age.eq(0)  # What was looked up before that is looked up again.
        with m.Elif((self._age != 0) & (self._age != LATENCY)):
            m.d.sync += self._age.eq(self._age + 1)

        m.d.comb += self.held.eq(
            self._remember(m, self.small, PageSize.KIB4, self.asked)
            | self._remember(m, self.large, PageSize.MIB2, self.near))
        return m

    def _remember(self, m: Any, kept: Any, size: Any, concerned: Any) -> Any:
        """Remember what was kept last of pages of one size; return whether it is held."""
        second, shared = self.second, kept.global_page
        there, stamp   = Signal(), Signal(len(second.stamps.local))

        def of_kind(shared: Any) -> Any:
            return Mux(shared, second.stamps.shared, second.stamps.local)

        with m.If(second.keep.valid & (second.size == size) & concerned):
            m.d.sync += [
                there.eq(1), kept.eq(second.keep.p),
                stamp.eq(of_kind(second.keep.p.global_page)),
            ]
        with m.Elif(second.drop & concerned & ~(second.spare & shared)):
            m.d.sync += there.eq(0)
        return there & (stamp == of_kind(shared))


def all_of(conditions: Any) -> Any:
    return reduce(and_, conditions)


def used_as_the_tlb_does(watch: Any) -> Any:
    """One thing at a time, and nothing is stored or dropped before its page was looked up."""
    second = watch.second
    stores = second.keep.valid | second.drop | second.learn.valid
    return ((second.look + second.keep.valid + second.drop + second.learn.valid <= 1)
            & (watch.settled | ~stores) & ~second.sweep)


def prove_of_second_level(second: Any, cycles: int) -> None:
    """Prove that a second level serves what was kept, and is neither dropped nor flushed."""
    watch  = Watch(second)
    served = second.served & watch.asked & watch.settled & watch.held
    piece, small, large = second.piece, watch.small, watch.large
    prove(
        Subject(inputs=[watch.page, *(port for port in inputs_of(second)
                                      if port is not second.looked)],
                part=watch, given=watch.sound & used_as_the_tlb_does(watch),
                fields={
                    "watched page": watch.page,
                    "page":   Mux(second.look, second.page, 0),
                    "look":   second.look,
                    "keep":   second.keep.valid,
                    "size":   (second.size, PageSize),
                    "global": second.keep.valid & second.keep.p.global_page,
                    "learn":  second.learn.valid,
                    "drop":   second.drop,
                    "spare":  second.spare,
                    "stamps": second.stamps.as_value(),
                    "served": second.served,
                    "held":   watch.held,
                }),
        [Sentence("hw.tlb.second", "a page is served only if it was kept, and neither dropped nor "
                  "flushed since", second.served & watch.asked & watch.settled, watch.held),
         Sentence("hw.tlb.second", "a small page is served as it was kept", served & ~piece.large,
                  all_of(piece[name] == small[name] for name in ("frame", "rights", "dirty"))),
         Sentence("hw.tlb.second", "a part of a large page is served as that was kept",
                  served & piece.large,
                  (piece.frame == Cat(watch.page[:9], large.frame[9:]))
                  & all_of(piece[name] == large[name] for name in ("rights", "dirty")))],
        cycles=cycles)


PROPERTIES = [Property(
    name="second-level", block="hw.tlb.second", source="SDM 4.10.4.1",
    says="what is served was kept, whole, and neither dropped, nor flushed by a new stamp, since",
    method=Method.BOUNDED, depth=CYCLES, units=("few rows",),
    prove=lambda unit, depth: prove_of_second_level(SecondLevel(CONFIG), depth))]
