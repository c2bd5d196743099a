"""The whole TLB: searches, fills and invalidations."""

from amaranth import *
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from ..layout import ErrorCode, Flush, Level, PageSize
from ..permission import writes
from ..translation import (
    candidates_layout, find_request_layout, find_response_layout, invalidation_layout, piece_layout,
    piece_of, structure_layout, walk_request_layout, walk_response_layout,
)
from .block import BlockFirstLevel
from .first import FirstLevel
from .second import SecondLevel
from .stamps import StampBank


__all__ = ["Tlb"]


class Tlb(wiring.Component):
    """Translation lookaside buffer: looked up at each access, searched on a miss, then walked.

    All translations come to an access by the first level, in which it is judged. A page that this
    one lacks is searched in the second; if it is not there either, the walk begins at the lowest
    table that is known. What a walk finds is stored in the cycle after.

    Ref: Intel SDM Vol. 3A, section 4.10 "Caching Translation Information".

    Parameters
    ----------
    config : :class:`MmuConfig`
        Widths and sizes.

    Latency
    -------
    What is looked up is there in the next cycle. A search takes three cycles, or none without a
    second level; the walk comes on top. An invalidation begins in the cycle after it is given, and
    takes one cycle; one of a single page takes four, or two without a second level.

    Members
    -------
    page, look : :py:`In(config.page_width)`, :py:`In(1)`
        Linear page number, and a strobe: look it up. Only while the TLB is not ``busy``.
    after, elsewhere : :py:`In(config.page_width)`, :py:`In(1)`
        The page after it; and a switch: look up the one that came after the last one instead.
    other : :py:`Out(config.page_width)`
        The page that came after the one that was looked up last without that switch.
    candidates : :py:`Out(candidates_layout(config))`
        What the ways of the first level hold for the page that was looked up last.
    hit : :py:`Out(1)`
        One of them is its translation.
    find : :py:`In(stream.Signature(find_request_layout(config)))`
        Find a translation of that page for an access, and set accessed and dirty bits.
    found : :py:`Out(stream.Signature(find_response_layout(config)))`
        It has been found, and is a candidate now; or else a page fault, or a bus error.
    pcid, moved : :py:`In(12)`, :py:`In(1)`
        The current PCID; and a strobe: it is another one than in the cycle before. That takes part
        of the first level with it. Only after a cycle in which the TLB is not ``busy``.
    drained : :py:`In(1)`
        The memory transfers of all earlier accesses are done, so that a walk sees them.
    walk : :py:`Out(stream.Signature(walk_request_layout(config)))`
        Walk of that page, from the lowest table that is known.
    walked : :py:`In(stream.Signature(walk_response_layout(config)))`
        Its result.
    learn : :py:`In(stream.Signature(structure_layout(config), always_ready=True))`
        Table that the walk has come to.
    invalidate : :py:`In(invalidation_layout(config))`
        What to forget. Not while the TLB is ``busy``, but for the cycle in which ``pcid`` has
        changed; and of a PCID only the new one then.
    busy : :py:`Out(1)`
        An invalidation or a fill is under way.
    fill : :py:`Out(stream.Signature(piece_layout(config), always_ready=True))`
        Translation that the first level is given, for observers.
    evicted, evicted_page : :py:`Out(1)`, :py:`Out(config.page_width)`
        Strobe: it takes the place of that of another page; and this page.
    row : :py:`Out(16)`
        Row of the second level that is kept or displaced, see :class:`hw.bus.TlbUpdate`.
    expired_pcid : :py:`Out(12)`
        PCID that expires.
    found_second, switched, kept, displaced, expired, swept : :py:`Out(1)`
        Strobes: see :class:`hw.bus.Events`.
    """

    def __init__(self, config):
        self.config = config
        super().__init__({
            "page":    In(config.page_width),
            "after":     In(config.page_width),
            "elsewhere": In(1),
            "other":     Out(config.page_width),
            "look":    In(1),
            "hit":     Out(1),
            "candidates": Out(candidates_layout(config)),
            "find":    In(stream.Signature(find_request_layout(config))),
            "found":   Out(stream.Signature(find_response_layout(config))),
            "pcid":    In(12),
            "moved":   In(1),
            "drained": In(1),
            "walk":    Out(stream.Signature(walk_request_layout(config))),
            "walked":  In(stream.Signature(walk_response_layout(config))),
            "learn":   In(stream.Signature(structure_layout(config), always_ready=True)),
            "invalidate": In(invalidation_layout(config)),
            "busy":    Out(1),
            "fill":    Out(stream.Signature(piece_layout(config), always_ready=True)),
            "evicted": Out(1),
            "evicted_page": Out(config.page_width),
            "row":          Out(16),
            "expired_pcid": Out(12),
            **dict.fromkeys(("found_second", "switched", "kept", "displaced", "expired", "swept"),
                            Out(1)),
        })

        self._first   = (BlockFirstLevel if config.block_ram else FirstLevel)(config)
        self._second  = SecondLevel(config) if config.second_entries else None
        self._stamps  = StampBank(config) if config.second_entries else None

        self._access  = Signal(find_request_layout(config))  # what is searched for
        self._pending = Signal(invalidation_layout(config))  # what is to be forgotten
        self._forget  = Signal()                             # ... there is something
        self._own     = Signal()                             # ... under the current PCID
        self._moved    = Signal()                            # the PCID changed in a cycle before
        self._switches = Signal()                            # ... in this one or before
        self._asked    = Signal()                            # ... the stamps were asked for it
        self._left    = Signal(12 * config.pcid)             # the PCID that the first level is of
        self._looked  = Signal(config.page_width)            # the page that was looked up last
        self._again   = Signal()                             # it is looked up once more
        self._size    = Signal(PageSize)                     # that of the page that was walked
        self._error   = Signal(ErrorCode)                    # that of a walk that has ended so
        self._failed  = Signal()                             # ... or memory has not answered
        self._used    = Signal(reset_less=True)              # the second level has rows
        self._exhausted = Signal()                           # it has no more stamps

    def elaborate(self, platform):
        m = Module()

        m.submodules.first = first = self._first
        m.d.comb += [
            self._own.eq(self._pending.pcid[:len(self._left)] == self._left),
            self._switches.eq(self.moved | self._moved),
            first.page.eq(Mux(self._again | self._forget | self.elsewhere,
                              Mux(self._again, self._looked, self.other), self.page)),
            first.look.eq(self.look | self._again),
            first.fill.payload.eq(self.fill.p),
            first.fill.valid.eq(self.fill.valid),
            self.hit.eq(first.hit),
            self.candidates.eq(first.candidates),
            self.evicted.eq(first.evicted),
            self.evicted_page.eq(first.evicted_page),
            self.busy.eq(self._forget | self._switches | self._exhausted),
        ]
        with m.If(first.look):
            m.d.sync += self._looked.eq(first.page)
        with m.If(self.look & ~self.elsewhere):
            m.d.sync += self.other.eq(self.after)
        with m.If(self.invalidate.flush != Flush.NONE):
            # No access is held then that could go on to another page.
            m.d.sync += [
                self._forget.eq(1),
                self._pending.eq(self.invalidate),
                self.other.eq(self.invalidate.page),
            ]
        if self._second is not None:
            self._connect_second(m)
        with m.If(self.moved):
            m.d.sync += self._moved.eq(1)

        with m.FSM(init="IDLE" if self._second is None else "START"):
            with m.State("IDLE"):
                with m.If(~self._exhausted):
                    self._begin(m)
                if self._second is not None:
                    with m.Else():
                        m.next = "START"
            self._search(m)
            self._forget_page(m)
            if self._second is not None:
                self._sweep(m)

        return m

    def _connect_second(self, m):
        """Connect the second level, and the stamps of its rows."""
        second, stamps = self._second, self._stamps
        m.submodules.second, m.submodules.stamps = second, stamps
        m.d.comb += [
            self._exhausted.eq(stamps.exhausted),
            second.page.eq(self._first.page),
            second.look.eq(self._first.look),
            second.looked.eq(self._looked),
            second.write.eq(writes(self._access.kind)),
            second.learn.payload.eq(self.learn.p),
            second.learn.valid.eq(self.learn.valid),
            second.keep.payload.eq(self._first.entry),
            second.size.eq(self._size),
            second.spare.eq(self._pending.flush == Flush.OF_PCID),
            stamps.asked.eq(Mux(self._forget & ~self._asked, self._pending.pcid, self.pcid)),
            stamps.left.eq(self._left),
            stamps.own.eq(self._own),
            stamps.single.eq(self._pending.single),
        ]
        if self.config.pcid:
            # From the search for a PCID to the comparison of its stamps would be a long way.
            m.d.sync += second.stamps.eq(Mux(self._forget, stamps.named_stamps, stamps.stamps))
        else:
            m.d.comb += second.stamps.eq(stamps.stamps)
        with m.If(self.learn.valid | self.fill.valid):
            m.d.sync += self._used.eq(1)
        self._tell(m)

    def _tell(self, m):
        """Tell observers what becomes of the rows of the second level."""
        second, stamps = self._second, self._stamps
        size = self.walked.p.translation.size
        m.d.comb += [
            self.kept.eq(self.walked.valid & self.fill.valid
                         & ((size == PageSize.KIB4) | (size == PageSize.MIB2))),
            self.displaced.eq(self.learn.valid & (self.learn.p.level == Level.PT)),
            self.row.eq(Mux(self.displaced | (size == PageSize.MIB2),
                            second.directory_row, second.page_row)),
            self.expired.eq(stamps.expired),
            self.expired_pcid.eq(stamps.expired_pcid),
        ]

    def _begin(self, m):
        """Forget, or else search."""
        with m.If(self._switches & ~self._asked):
            m.d.sync += self._asked.eq(1)
        with m.Elif(self._switches):
            if self._stamps is not None:
                m.d.comb += self._stamps.switches.eq(1)
            m.d.comb += [self.switched.eq(1), self._first.flush.eq(Flush.LOCAL)]
            m.d.sync += [self._asked.eq(0), self._moved.eq(0), self._left.eq(self.pcid)]
        with m.Elif(self._forget & self._pending.single):
            m.d.comb += self._first.look.eq(1)
            m.next = "FORGET_FIRST"
        with m.Elif(self._forget):
            if self._stamps is not None:
                m.d.comb += self._stamps.flush.eq(self._pending.flush)
            m.d.sync += self._forget.eq(0)
            with m.Switch(self._pending.flush):
                with m.Case(Flush.ALL, Flush.OF_PCID_AND_GLOBAL):
                    m.d.comb += self._first.flush.eq(Flush.ALL)
                with m.Case(Flush.LOCAL):
                    m.d.comb += self._first.flush.eq(Flush.LOCAL)
                with m.Default():
                    m.d.comb += self._first.flush.eq(Mux(self._own, Flush.LOCAL, Flush.NONE))
        with m.Elif(self.find.valid):
            m.d.comb += self.find.ready.eq(1)
            m.d.sync += self._access.eq(self.find.p)
            m.next = "COMPARE" if self._second is not None else "CHOOSE"

    def _search(self, m):
        """Search the second level, and have the page walked if it is not there."""
        second = self._second
        found  = self.found
        m.d.comb += [
            self.walk.p.access.eq(self._access),
            self.walk.p.page.eq(self._looked),
        ]
        with m.State("COMPARE"):
            m.next = "CHOOSE"

        with m.State("CHOOSE"):
            served, piece = C(0), C(0)
            if second is not None:
                served, piece = second.served, second.piece
                m.d.comb += [
                    self.walk.p.start.eq(second.start),
                    self.walk.p.started.eq(second.started),
                ]
            with m.If(served):
                m.d.comb += [self.found_second.eq(1), self.fill.payload.eq(piece)]
                self._give(m, size=PageSize.GIB1)  # It is kept already.
            with m.Else():
                m.d.comb += self.walk.valid.eq(self.drained)
                with m.If(self.walk.valid & self.walk.ready):
                    m.next = "WALK"

        with m.State("WALK"):
            walked = self.walked.p
            m.d.comb += [
                self.walked.ready.eq(1),
                self.fill.payload.eq(piece_of(walked.translation, self._looked,
                                              config=self.config)),
            ]
            with m.If(self.walked.valid & ~walked.fault):
                self._give(m, size=walked.translation.size)
            with m.Elif(self.walked.valid):
                m.d.sync += [self._error.eq(walked.error), self._failed.eq(walked.bus_error)]
                m.next = "REFUSE"

        with m.State("REFUSE"):
            # From the entry through its checks to the next access would be a long way.
            m.d.comb += [
                found.valid.eq(1),
                found.p.fault.eq(1),
                found.p.bus_error.eq(self._failed),
                found.p.error.eq(self._error),
            ]
            with m.If(found.ready):
                m.next = "IDLE"

        with m.State("STORE"):
            m.d.comb += self.busy.eq(1)
            if second is not None:
                m.d.comb += second.keep.valid.eq(1)
            if self.config.block_ram:
                m.d.comb += [self._again.eq(1), found.valid.eq(1)]
            m.next = "IDLE"

    def _give(self, m, *, size):
        """Give the first level a translation.

        The access is judged by it in the next cycle; or, out of block RAM, when its page has been
        looked up once more.
        """
        m.d.comb += self.fill.valid.eq(1)
        if not self.config.block_ram:
            m.d.comb += self.found.valid.eq(1)
        m.d.sync += self._size.eq(size)
        m.next = "STORE"

    def _forget_page(self, m):
        """Forget one page: in the first level, and then in the second."""
        first, second = self._first, self._second
        with m.State("FORGET_FIRST"):
            m.d.comb += [
                first.drop.eq(self._own),
                first.pieces.eq(self._own),
                first.spare.eq(self._pending.flush == Flush.OF_PCID),
            ]
            if second is not None:
                m.next = "FORGET_COMPARE"
            else:
                m.d.sync += self._forget.eq(0)
                m.next = "IDLE"

        if second is not None:
            with m.State("FORGET_COMPARE"):
                m.next = "FORGET_SECOND"

            with m.State("FORGET_SECOND"):
                m.d.comb += [
                    second.drop.eq(1),
                    self._stamps.flush.eq(self._pending.flush),
                ]
                m.d.sync += self._forget.eq(0)
                m.next = "IDLE"

    def _sweep(self, m):
        """Clear all rows of the second level, so that all stamps are free again."""
        number = self._second.number
        row    = Signal.like(number)
        with m.State("START"):
            # After a reset the rows are still there.
            m.d.comb += self.swept.eq(self._exhausted)
            m.next = "IDLE"
            with m.If(self._used):
                m.d.comb += self.busy.eq(1)
                m.next = "SWEEP"
            with m.Else():
                m.d.comb += self._stamps.sweep.eq(1)

        with m.State("SWEEP"):
            # A row that was looked up before it is cleared would have a stamp that counts again.
            m.d.comb += [self.busy.eq(1), self._second.sweep.eq(1), number.eq(row)]
            m.d.sync += row.eq(row + 1)
            with m.If((row + 1)[:len(row)] == 0):
                m.d.comb += self._stamps.sweep.eq(1)
                m.d.sync += self._used.eq(0)
                m.next = "IDLE"
