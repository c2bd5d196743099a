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
    PagingMode, find_request_layout, find_response_layout, piece_layout, translated_layout,
)


__all__ = ["Translator"]


class Translator(wiring.Component):
    """Looks up each access in the TLB, judges it, and has misses walked.

    Every right is judged against the control state at the access, on a hit as after a walk. An
    access that crosses a page takes one step for each page; nothing of it leaves before both
    are allowed. A write through a translation that is not dirty is searched anew, so that the
    dirty bit is set in memory first. A walk that faults fills nothing, and a page fault makes the
    TLB forget the page. A walk that ends in a bus error changes neither TLB nor CR2.
    Rules 22, 23, 25.

    Ref: Intel SDM Vol. 3A, sections 4.6, 4.7, 4.10.2.3 "Details of TLB Use", 4.10.4.1.

    Latency
    -------
    The page of an access is looked up while it is accepted. It is held for one cycle if it is in
    the TLB (two if it crosses into another), and the next one follows without a gap. A miss adds
    the search and one cycle. Behind a page fault the next access waits until the TLB has forgotten
    the page.

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
    page, other, elsewhere, look, hit, entry, busy, find, found
        The other side of :class:`hw.tlb.tlb.Tlb`.
    fault : :py:`Out(stream.Signature(64, always_ready=True))`
        Linear address of a page fault, once.
    counted_hit, crossed, protection_fault : :py:`Out(1)`
        Strobes: see :class:`hw.bus.Events`.
    """

    def __init__(self, config):
        self.config = config
        super().__init__({
            "request":    In(stream.Signature(AccessRequest)),
            "result":     Out(stream.Signature(translated_layout(config))),
            "mode":       In(PagingMode),
            "protection": In(Protection),
            "hold":       In(1),
            "empty":      Out(1),
            "page":       Out(config.page_width),
            "other":      Out(config.page_width),
            "elsewhere":  Out(1),
            "look":       Out(1),
            "hit":        In(1),
            "entry":      In(piece_layout(config)),
            "busy":       In(1),
            "find":       Out(stream.Signature(find_request_layout(config))),
            "found":      In(stream.Signature(find_response_layout(config))),
            "fault":      Out(stream.Signature(64, always_ready=True)),
            "counted_hit":      Out(1),
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
        self._outside  = Signal()                    # an address that is not canonical
        self._step     = Signal(64)                  # linear address of this step
        self._crosses  = Signal()
        self._ahead    = Signal()                    # the second page has not been looked up
        self._searching = Signal()
        self._again     = Signal()                   # the page is looked up once more

    def elaborate(self, platform):
        m = Module()

        verdict = self._judge(m)
        result  = self.result
        advance = Signal()
        faulted = Signal()

        self._locate(m)
        self._accept(m, advance)
        m.d.comb += [
            advance.eq(result.valid & result.ready),
            faulted.eq(advance & (result.p.fault == Fault.PAGE_FAULT)),
        ]

        with m.FSM():
            with m.State("TRANSLATE"):
                with m.If(verdict.walk):
                    m.d.comb += self.find.valid.eq(1)
                    with m.If(self.find.ready):
                        m.next = "FIND"
                with m.Elif(verdict.translated & self._crosses & ~self._second):
                    with m.If(~self.busy):
                        m.d.comb += [self.crossed.eq(1), self.look.eq(1)]
                        m.d.sync += [
                            self._ahead.eq(0), self._second.eq(1), self._refilled.eq(0),
                            self._first.eq(self._frame()),
                        ]
                with m.Elif(self._valid):
                    m.d.comb += result.valid.eq(1)
                    m.d.comb += result.p.fault.eq(verdict.fault)
                    with m.If(faulted):
                        m.next = "FORGET"

            with m.State("FIND"):
                m.d.comb += [self._searching.eq(1), self.found.ready.eq(1)]
                with m.If(self.found.valid & ~self.found.p.fault):
                    m.d.sync += self._refilled.eq(1)
                    m.next = "TRANSLATE"
                with m.Elif(self.found.valid):
                    m.d.comb += [
                        self.found.ready.eq(result.ready),
                        result.valid.eq(1),
                        result.p.fault.eq(Mux(
                            self.found.p.bus_error, Fault.BUS_ERROR, Fault.PAGE_FAULT)),
                        result.p.error.eq(self.found.p.error),
                    ]
                    with m.If(result.ready):
                        m.next = "FORGET"

            with m.State("FORGET"):
                # What was looked up meanwhile is looked up again when the TLB has forgotten.
                m.d.comb += self._again.eq(1)
                with m.If(~self.busy):
                    m.d.comb += self.look.eq(1)
                    m.next = "TRANSLATE"

        self._report(m, verdict, advance, faulted)
        return m

    def _accept(self, m, advance):
        """Accept the next access as soon as the present one leaves, and look its page up.

        It is not accepted while another page is looked up: that of a walk, which is filled, or the
        second page of the present access.
        """
        request = self.request.p
        linear  = Signal(64)
        last    = Signal(64)
        m.d.comb += [
            linear.eq(request.linear),
            last.eq(request.linear + (1 << request.size) - 1),
            self.request.ready.eq(
                ~self.hold & (~self._valid & ~self._again
                              | (advance & ~self._ahead & ~self._searching))),
            self.empty.eq(~self._valid),
            self.page.eq(page_of(linear, config=self.config)),
            self.other.eq(page_of(Mux(self._again, self._step, self._last), config=self.config)),
            self.elsewhere.eq(self._ahead | self._again),
        ]
        with m.If(~self.mode.long_mode):
            m.d.comb += [
                linear.eq(request.linear[:32]),
                last.eq((request.linear[:32] + (1 << request.size) - 1)[:32]),
            ]
        with m.If(advance):
            m.d.sync += [
                self._valid.eq(0),
                self._ahead.eq(0),
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
                self._last.eq(last),
                self._crosses.eq(end[12]),
                self._ahead.eq(end[12]),
                self._outside.eq(self.mode.long_mode & ~(
                    canonical(linear, la57=self.mode.five_levels)
                    & canonical(last, la57=self.mode.five_levels))),
            ]

    def _locate(self, m):
        """Find the pages of the access, and fill in what is known of its physical address."""
        access = self._access
        result = self.result.p
        offset = access.linear[:12]
        m.d.comb += [
            self._step.eq(access.linear),
            result.access.eq(access),
            result.crosses.eq(self._crosses),
            result.physical.eq(Cat(offset, Mux(self._second, self._first, self._frame()))),
            result.second.eq(self._frame()),
        ]
        with m.If(self._second):
            m.d.comb += self._step.eq(Cat(C(0, 12), self._last[12:]))

    def _frame(self):
        """Frame of this step. Without paging the linear address is the physical one."""
        return Mux(self.mode.paging, self.entry.frame, self._step[12:self.config.maxphyaddr])

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
        against       = {"access": access, "protection": self.protection}
        rights        = self.entry.rights
        by_key        = C(0)
        if self.config.keys:
            by_key    = denied_by_key(rights=rights, key=self.entry.key, **against)
        forbidden     = denied(rights=rights, by_key=by_key, **against)
        clean         = writes(access.kind) & ~self.entry.dirty
        translatable  = self._valid & ~skipped & ~self._outside
        m.d.comb += [
            verdict.allowed.eq(self.hit & ~forbidden),
            verdict.translated.eq(translatable & (~mode.paging | (verdict.allowed & ~clean))),
            verdict.walk.eq(translatable & mode.paging & (~self.hit | (verdict.allowed & clean))),
            self.result.p.error.eq(error_code(present=1, reserved=0, by_key=by_key, **against)),
        ]
        with m.If(skipped):
            m.d.comb += verdict.fault.eq(Fault.SKIPPED)
        with m.Elif(self._outside):
            m.d.comb += verdict.fault.eq(Fault.GENERAL_PROTECTION)
        with m.Elif(mode.paging & self.hit & forbidden):
            m.d.comb += verdict.fault.eq(Fault.PAGE_FAULT)
        return verdict

    def _report(self, m, verdict, advance, faulted):
        """Tell the TLB and the observers."""
        searching = self.find.valid & self.find.ready
        looked_up = self.mode.paging & (self.crossed | (advance & self.hit & (
            verdict.translated | (verdict.fault == Fault.PAGE_FAULT))))
        m.d.comb += [
            *(self.find.p[name].eq(self._access[name]) for name, _ in self.find.p.shape()),
            self.fault.valid.eq(faulted),
            self.fault.payload.eq(self._step),
            self.counted_hit.eq(self.hit & searching | (looked_up & ~self._refilled)),
            self.protection_fault.eq(
                advance & (self.result.p.fault == Fault.GENERAL_PROTECTION)),
        ]
