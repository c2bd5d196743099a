"""Proof: a hit gives what a walk would give, if nothing has changed since the page was walked.

By induction, about a unit as a whole, without a second level of the TLB. One page, any of them, is
watched throughout, and what the entries say that memory has returned for its last walk that found
it. If neither memory nor the control state has changed since, another walk would read the same
entries, and :mod:`sim.proofs.walker` proves that its response is what they say.

Ref: Intel SDM Vol. 3A, section 4.10.2.2 "Caching Translations in TLBs".
"""

from dataclasses import replace
from typing import Any

from amaranth.hdl import Array, Cat, Const, Elaboratable, Module, Mux, Signal, Value

from hw.layout import AccessKind, Fault, PageSize
from hw.mmu import Mmu
from hw.permission import denied, denied_by_key, error_code, writes
from hw.presets import PRESETS
from hw.tlb.first import set_width
from hw.translation import each_of, piece_layout

from . import walker_watch
from .first_level_ways import rows_of_ways, what_ways_keep
from .proof import Sentence, Subject, prove_for_ever
from .property import Method, Property
from .translator import foreseen
from .unit import CYCLES, frame_in, sentences_of, subject_of
from .unit_watch import Watch as UnitWatch
from .walker import frame_and_size, modes_of
from .walker_kept import Kept, what_is_kept


__all__ = ["PROPERTIES", "UNITS", "prove_of_refinement"]


#: Units without a second level, with two sets of two ways, and a paging mode each.
UNITS = {
    "32-bit paging": replace(PRESETS["tiny"], tlb_entries=4, outstanding=2, block_ram=False),
    "4-level paging": replace(PRESETS["default"], tlb_entries=4, outstanding=2, second_entries=0),
    "every mode": replace(PRESETS["full"], tlb_entries=4, outstanding=2, second_entries=0),
}


class Watch(Elaboratable):
    """A unit, and what the entries of one page have said when it was walked last.

    Attributes
    ----------
    page : :class:`Signal`
        The page that is watched. An input, the same in all cycles.
    constant : :class:`Signal`
        It is.
    walked : :class:`Signal`
        A walk has found the page, since reset.
    said : :class:`Signal`
        What the entries said then that memory had returned, as a translation of the page.
    """

    def __init__(self, unit: UnitWatch):
        config = unit.mmu.config
        self.unit = unit
        self.walk = walker_watch.Watch(unit.walker, part=unit)
        self.page     = Signal.like(unit.tlb.page, name="watched_page")
        self.constant = Signal()
        self.walked   = Signal()
        self.said     = Signal(piece_layout(config))

    def elaborate(self, platform: Any) -> Module:
        m = Module()
        m.submodules.walk = self.walk
        began, page = Signal(), Signal.like(self.page)
        m.d.sync += [began.eq(1), page.eq(self.page)]
        m.d.comb += self.constant.eq(~began | (self.page == page))
        with m.If(self.unit.tlb.fill.valid & self.is_looked_up()):
            m.d.sync += [self.walked.eq(1), self.said.as_value().eq(self._says())]
        return m

    def is_looked_up(self) -> Value:
        """The page that was looked up last is the one that is watched."""
        return self.unit.tlb._looked == self.page

    def _says(self) -> Value:
        """The entries of the present walk, as a translation of the page."""
        config, mode, walk = self.unit.mmu.config, self.unit.walker.mode, self.walk.walk
        found = frame_and_size(walk, mode, config)
        frame, size = found[:config.frame_width], found[config.frame_width:]
        said = {
            "frame": frame_in(frame, size, page=self.page), "large": size != PageSize.KIB4,
            "rights": walk.rights, "dirty": walk.dirty, "key": walk.entry.key,
            "global_page": walk.entry.global_page & mode.pge,
        }
        return Cat(said[name] for name, _ in self.said.shape())


def _of_rows(watch: Watch, rows: list[list[Any]]) -> list[Sentence]:
    """The rows of the page in the first level have what its entries have said."""
    first = watch.unit.tlb._first
    width = set_width(first.config)
    index = watch.page[:width]
    tag   = watch.page[width:]
    known = watch.walked
    stored = first._storing
    here  = watch.is_looked_up()

    def says(text: str, when: Any, then: Any) -> Sentence:
        return Sentence("hw.tlb.first", text, when, then)

    def kept(way: int) -> Value:
        """A row of a way that is of the page has that, unless it is being replaced."""
        row = Array(row.as_value() for row in rows[way])[index]
        return (~first._valid[way].bit_select(index, 1) | (row[:len(tag)] != tag)
                | (stored[way] & here) | (known & (row[len(tag):] == watch.said.as_value())))

    return [
        says("a row of the page has what its entries have said", Const(1), Cat(
            map(kept, range(len(rows)))).all()),
        says("a row that is stored of the page has what its entries have said",
             stored.any() & here, known & (first._stored.piece == watch.said)),
        says("a way that hits has the page that was looked up", Const(1), Cat(
            ~first._matches[way] | (first._rows[way].tag == first._looked[width:])
            for way in range(len(rows))).all()),
    ]


def _of_accesses(watch: Watch) -> list[Sentence]:
    """An access to the page is judged, and goes, by what its entries have said."""
    unit, said = watch.unit, watch.said
    translator, result = unit.translator, unit.translator.result
    access = result.p.access
    known  = {"access": access, "protection": translator.protection}
    by_key = (denied_by_key(**known, rights=said.rights, key=said.key) if unit.mmu.config.keys
              else Const(0))
    done   = result.valid & (result.p.fault == Fault.NONE)
    leaves = translator.crossed | done
    refused = (result.valid & (result.p.fault == Fault.PAGE_FAULT) & ~translator.found.valid)
    judged = translator.mode.paging & (leaves | refused) & watch.is_looked_up()

    def says(text: str, when: Any, then: Any) -> Sentence:
        return Sentence("SDM 4.10.2.2", text, when, then)

    return [
        says("what hits is what the entries of the page have said when it was walked last",
             Cat(candidate.hit for candidate in each_of(translator.candidates)).any()
             & watch.is_looked_up(),
             watch.walked & Cat(~candidate.hit | (candidate.piece == said) for candidate
                                in each_of(translator.candidates)).all()),
        says("an access is denied if a walk would deny it", judged,
             refused == denied(**known, rights=said.rights, by_key=by_key)),
        says("its error code is that of a walk", judged & refused,
             result.p.error.as_value() == error_code(
                 **known, present=1, reserved=0, by_key=by_key)),
        says("an access goes to the frame that the entries have said", judged & done, Mux(
            translator._second, result.p.second == said.frame,
            result.p.physical == Cat(access.linear[:12], said.frame))),
        says("a write goes to a page whose entry has D set", judged & leaves & writes(access.kind),
             said.dirty),
        Sentence("hw.translator", "what would deny an access is known while it is held, and there "
                 "is such an access", ~translator.empty,
                 foreseen(translator) & ~((translator._access.kind == AccessKind.FETCH)
                                          & translator._access.implicit)),
    ]


def prove_of_refinement(mmu: Any, rows: list[list[Any]]) -> None:
    """Prove that hits are what walks have found, of a unit with ``rows`` in its first level."""
    unit    = UnitWatch(mmu)
    watch   = Watch(unit)
    walker  = unit.walker
    subject = subject_of(unit)
    request = mmu.access.request.p
    prove_for_ever(
        Subject(
            inputs=[watch.page, *subject.inputs], part=watch,
            given=(subject.given & watch.constant
                   & ~((request.kind == AccessKind.FETCH) & request.implicit)),
            fields={**subject.fields, "watched page": watch.page, "walked": watch.walked,
                    "frame": watch.said.frame}), [
            *_of_accesses(watch),
            *_of_rows(watch, rows),
            *what_ways_keep(unit.tlb._first, rows, unit.filled),
            *what_is_kept(Kept(walker, walker, watch.walk)),
            Sentence("hw.walker", "walks are of a mode that there is, in which nothing changes",
                     Const(1), watch.walk.steady & modes_of(walker, watch.walk)),
            *sentences_of(unit),
        ], cycles=CYCLES, depth=1)


def _prove(unit: str) -> None:
    with rows_of_ways(UNITS[unit]) as rows:
        prove_of_refinement(Mmu(UNITS[unit]), rows)


PROPERTIES = [Property(
    name="refinement", block="hw.mmu", source="SDM 4.10.2.2",
    says="a hit gives what the entries of the page have said when it was walked last, and so what "
         "a walk would give, if nothing has changed since: verdict, error code, frame, attributes",
    method=Method.INDUCTION, units=tuple(UNITS), prove=lambda unit, depth: _prove(unit))]
