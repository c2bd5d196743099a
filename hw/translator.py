"""From the processor's accesses to physical addresses, or to faults."""

from amaranth import *
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from .bus import AccessRequest
from .layout import Fault
from .linear import canonical, page_of
from .permission import Protection, denied, denied_by_key, error_code, writes
from .signals import unpacked
from .translation import (
    PagingMode, translated_layout, translation_layout, walk_request_layout, walk_response_layout,
)


__all__ = ["Translator"]


class Translator(wiring.Component):
    """Looks up each access in the TLB, judges it, and has misses walked.

    Every right is judged against the control state at the access, on a hit as after a walk. An
    access that crosses a page takes one step for each page; nothing of it leaves before both
    are allowed. A write through a translation that is not dirty is walked again, so that the
    dirty bit is set in memory first. A walk that faults fills nothing, and a page fault makes the
    TLB forget the page. A walk that ends in a bus error changes neither TLB nor CR2.
    Rules 22, 23, 25.

    Ref: Intel SDM Vol. 3A, sections 4.6, 4.7, 4.10.2.3 "Details of TLB Use", 4.10.4.1.

    Latency
    -------
    The page of an access is looked up while it is accepted. It is held for one cycle if it is in
    the TLB (two if it crosses into another), and the next one follows without a gap. A miss adds
    the walk and one cycle. A cycle is lost behind a walk that faults, and behind an access that
    would cross and ends at its first page.

    Members
    -------
    request : :py:`In(stream.Signature(AccessRequest))`
        Accesses of the processor.
    result : :py:`Out(stream.Signature(translated_layout(config)))`
        The same, translated, in order.
    mode, protection : :py:`In(PagingMode)`, :py:`In(Protection)`
        Control state.
    hold : :py:`In(1)`
        Accept no further access.
    empty : :py:`Out(1)`
        No access is held.
    drained : :py:`In(1)`
        The memory transfers of all earlier accesses are done, so that a walk sees them.
    page, look, hit, hit_entry, frame, fill, drop
        The other side of :class:`hw.tlb.Tlb`.
    walk, walked
        The other side of :class:`hw.walker.Walker`.
    fault : :py:`Out(stream.Signature(64, always_ready=True))`
        Linear address of a page fault, once.
    counted_hit, counted_miss, crossed, protection_fault : :py:`Out(1)`
        Strobes: see :class:`hw.bus.Events`.
    """

    def __init__(self, config):
        self.config = config
        translation = translation_layout(config)
        super().__init__({
            "request":    In(stream.Signature(AccessRequest)),
            "result":     Out(stream.Signature(translated_layout(config))),
            "mode":       In(PagingMode),
            "protection": In(Protection),
            "hold":       In(1),
            "empty":      Out(1),
            "drained":    In(1),
            "page":       Out(config.page_width),
            "look":       Out(1),
            "hit":        In(1),
            "hit_entry":  In(translation),
            "frame":      In(config.frame_width),
            "drop":       Out(1),
            "fill":       Out(stream.Signature(translation, always_ready=True)),
            "walk":       Out(stream.Signature(walk_request_layout(config))),
            "walked":     In(stream.Signature(walk_response_layout(config))),
            "fault":      Out(stream.Signature(64, always_ready=True)),
            "counted_hit":      Out(1),
            "counted_miss":     Out(1),
            "crossed":          Out(1),
            "protection_fault": Out(1),
        })

        self._access   = Signal(AccessRequest)
        self._valid    = Signal()
        self._poisoned = Signal()                    # the access before faulted or was skipped
        self._second   = Signal()                    # this step is for the second page
        self._first    = Signal(config.frame_width)  # frame of the first page, once it is known
        self._refilled = Signal()                    # the TLB has just been filled for this step
        self._last     = Signal(64)                  # linear address of the last byte
        self._step     = Signal(64)                  # linear address of this step
        self._crosses  = Signal()
        self._walking  = Signal()

    def elaborate(self, platform):
        m = Module()

        verdict = self._judge(m)
        result  = self.result
        advance = Signal()

        self._locate(m)
        self._accept(m, advance)
        m.d.comb += advance.eq(result.valid & result.ready)

        with m.FSM():
            with m.State("TRANSLATE"):
                with m.If(verdict.walk):
                    m.d.comb += self.walk.valid.eq(self.drained)
                    with m.If(self.walk.valid & self.walk.ready):
                        m.next = "WALK"
                with m.Elif(verdict.translated & self._crosses & ~self._second):
                    m.d.comb += self.crossed.eq(1)
                    m.d.comb += self.look.eq(1)
                    m.d.sync += [self._second.eq(1), self._first.eq(self._frame())]
                    m.d.sync += self._refilled.eq(0)
                with m.Elif(self._valid):
                    m.d.comb += result.valid.eq(1)
                    m.d.comb += result.p.fault.eq(verdict.fault)

            with m.State("WALK"):
                m.d.comb += [self._walking.eq(1), self.walked.ready.eq(1)]
                with m.If(self.walked.valid & ~self.walked.p.fault):
                    m.d.comb += self.fill.valid.eq(1)
                    m.d.sync += self._refilled.eq(1)
                    m.next = "TRANSLATE"
                with m.Elif(self.walked.valid):
                    m.d.comb += [
                        self.walked.ready.eq(result.ready),
                        result.valid.eq(1),
                        result.p.fault.eq(Mux(
                            self.walked.p.bus_error, Fault.BUS_ERROR, Fault.PAGE_FAULT)),
                        result.p.error.eq(self.walked.p.error),
                    ]
                    with m.If(result.ready):
                        m.next = "TRANSLATE"

        self._report(m, verdict, advance)
        return m

    def _accept(self, m, advance):
        """Accept the next access as soon as the present one leaves, and look its page up.

        It is not accepted while another page is looked up: that of a walk, which is filled, or the
        second page of the present access.
        """
        request = self.request.p
        linear  = Signal(64)
        ahead   = self._valid & self._crosses & ~self._second
        m.d.comb += [
            linear.eq(request.linear),
            self.request.ready.eq(
                ~self.hold & (~self._valid | (advance & ~ahead & ~self._walking))),
            self.empty.eq(~self._valid),
            self.page.eq(page_of(linear, config=self.config)),
        ]
        with m.If(~self.mode.long_mode):
            m.d.comb += linear.eq(request.linear[:32])
        with m.If(ahead):
            m.d.comb += self.page.eq(page_of(self._last, config=self.config))
        with m.If(self._walking):
            m.d.comb += self.page.eq(page_of(self._step, config=self.config))
        with m.If(advance):
            m.d.sync += [
                self._valid.eq(0),
                self._second.eq(0),
                self._refilled.eq(0),
                self._poisoned.eq(self.result.p.fault != Fault.NONE),
            ]
        with m.If(self.request.valid & self.request.ready):
            end = request.linear[:12] + (1 << request.size) - 1
            m.d.comb += self.look.eq(1)
            m.d.sync += [
                self._valid.eq(1),
                self._access.eq(request),
                self._access.linear.eq(linear),
                self._crosses.eq(end[12]),
            ]

    def _locate(self, m):
        """Find the pages of the access, and fill in what is known of its physical address."""
        access = self._access
        result = self.result.p
        offset = access.linear[:12]
        last   = access.linear + (1 << access.size) - 1
        m.d.comb += [
            self._last.eq(last),
            self._step.eq(access.linear),
            result.access.eq(access),
            result.crosses.eq(self._crosses),
            result.physical.eq(Cat(offset, Mux(self._second, self._first, self._frame()))),
            result.second.eq(self._frame()),
        ]
        with m.If(~self.mode.long_mode):
            m.d.comb += self._last.eq(last[:32])
        with m.If(self._second):
            m.d.comb += self._step.eq(Cat(C(0, 12), self._last[12:]))

    def _frame(self):
        """Frame of this step. Without paging the linear address is the physical one."""
        return Mux(self.mode.paging, self.frame, self._step[12:self.config.maxphyaddr])

    def _judge(self, m):
        """Verdict on this step: it leaves, is walked, or faults. Rules 8, 18, 23."""
        verdict = unpacked("verdict", {
            "allowed":    1,
            "translated": 1,
            "walk":       1,
            "fault":      Fault,
        })
        access, mode = self._access, self.mode
        skipped       = access.chained & self._poisoned
        non_canonical = mode.long_mode & ~(
            canonical(access.linear, la57=mode.five_levels)
            & canonical(self._last, la57=mode.five_levels))
        against       = {"access": access, "protection": self.protection}
        rights        = self.hit_entry.rights
        by_key        = C(0)
        if self.config.keys:
            by_key    = denied_by_key(rights=rights, key=self.hit_entry.key, **against)
        forbidden     = denied(rights=rights, by_key=by_key, **against)
        clean         = writes(access.kind) & ~self.hit_entry.dirty
        translatable  = self._valid & ~skipped & ~non_canonical
        m.d.comb += [
            verdict.allowed.eq(self.hit & ~forbidden),
            verdict.translated.eq(translatable & (~mode.paging | (verdict.allowed & ~clean))),
            verdict.walk.eq(translatable & mode.paging & (~self.hit | (verdict.allowed & clean))),
            self.result.p.error.eq(error_code(present=1, reserved=0, by_key=by_key, **against)),
        ]
        with m.If(skipped):
            m.d.comb += verdict.fault.eq(Fault.SKIPPED)
        with m.Elif(non_canonical):
            m.d.comb += verdict.fault.eq(Fault.GENERAL_PROTECTION)
        with m.Elif(mode.paging & self.hit & forbidden):
            m.d.comb += verdict.fault.eq(Fault.PAGE_FAULT)
        return verdict

    def _report(self, m, verdict, advance):
        """Tell the walker, the TLB and the observers."""
        faulted = advance & (self.result.p.fault == Fault.PAGE_FAULT)
        walking = self.walk.valid & self.walk.ready
        looked_up = self.mode.paging & (self.crossed | (advance & self.hit & (
            verdict.translated | (verdict.fault == Fault.PAGE_FAULT))))
        m.d.comb += [
            self.walk.p.page.eq(page_of(self._step, config=self.config)),
            self.walk.p.kind.eq(self._access.kind),
            self.walk.p.user.eq(self._access.user),
            self.walk.p.implicit.eq(self._access.implicit),
            self.fill.payload.eq(self.walked.p.translation),
            self.drop.eq(faulted),
            self.fault.valid.eq(faulted),
            self.fault.payload.eq(self._step),
            self.counted_miss.eq(walking & ~self.hit),
            self.counted_hit.eq((walking & self.hit) | (looked_up & ~self._refilled)),
            self.protection_fault.eq(
                advance & (self.result.p.fault == Fault.GENERAL_PROTECTION)),
        ]
