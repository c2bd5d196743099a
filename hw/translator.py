"""From the processor's accesses to physical addresses, or to faults."""

from amaranth import *
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from .bus import AccessRequest
from .layout import ErrorCode, Fault
from .linear import canonical, extended, last_below_gap, page_of
from .permission import (
    Protection, Rights, denied, denied_by_keys, error_code, key_number, writes,
)
from .signals import unpacked
from .translation import (
    PagingMode, candidates_layout, chosen, each_of, find_request_layout, find_response_layout,
    translated_layout,
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
    takes, ends : :py:`In(1)`, :py:`In(1)`
        One would be accepted that has no fault; that has one.
    mode, protection : :py:`In(PagingMode)`, :py:`In(Protection)`
        Control state.
    hold : :py:`In(1)`
        Accept no further access.
    empty : :py:`Out(1)`
        No access is held.
    page, after, elsewhere, other, look, candidates, busy, find, found
        The other side of :class:`hw.tlb.tlb.Tlb`.
    fault : :py:`Out(stream.Signature(64, always_ready=True))`
        Linear address of a page fault, once. It stays in the cycle after, if the unit is ``busy``.
    counted_hit, crossed, protection_fault : :py:`Out(1)`
        Strobes: see :class:`hw.bus.Events`.
    """

    def __init__(self, config):
        self.config = config
        super().__init__({
            "request":    In(stream.Signature(AccessRequest)),
            "result":     Out(stream.Signature(translated_layout(config))),
            "takes":      In(1),
            "ends":       In(1),
            "mode":       In(PagingMode),
            "protection": In(Protection),
            "hold":       In(1),
            "empty":      Out(1),
            "page":       Out(config.page_width),
            "after":      Out(config.page_width),
            "elsewhere":  Out(1),
            "other":      In(config.page_width),
            "look":       Out(1),
            "candidates": In(candidates_layout(config)),
            "busy":       In(1),
            "find":       Out(stream.Signature(find_request_layout(config))),
            "found":      In(stream.Signature(find_response_layout(config))),
            "fault":      Out(stream.Signature(64, always_ready=True)),
            "counted_hit":      Out(1),
            "crossed":          Out(1),
            "protection_fault": Out(1),
        })

        self._hit      = Signal()                    # the TLB holds the page of this step
        self._access   = Signal(AccessRequest)
        self._valid    = Signal()
        self._poisoned = Signal()                    # the access before faulted or was skipped
        self._second   = Signal()                    # this step is for the second page
        self._first    = Signal(config.frame_width)  # frame of the first page, once it is known
        self._refilled = Signal()                    # the TLB has just been filled for this step
        self._outside  = Signal()                    # an address that is not canonical
        self._step     = Signal(64)                  # linear address of this step
        self._frame    = Signal(config.frame_width)  # frame of this step
        self._crosses  = Signal()
        self._settling = Signal()                    # a search has ended in a fault
        # Rights and keys that would deny the access: a bit for each value in the layout of Rights,
        # and for each number of a key.
        self._refusals     = Signal(1 << Shape.cast(Rights).width)
        self._key_refusals = Signal(32 * config.keys)

    def elaborate(self, platform):
        m = Module()

        # Amaranth's simulator computes all of a module anew when something of it changes: so there
        # are several.
        m.submodules.foreseeing = foreseeing = Module()
        m.submodules.judging   = judging   = Module()
        m.submodules.locating  = locating  = Module()
        m.submodules.reporting = reporting = Module()
        verdict = self._judge(judging)
        ending  = unpacked("ending", {"fault": Fault, "error": ErrorCode})
        result  = self.result
        advance = Signal()

        self._locate(locating, ending)
        self._accept(m, verdict, ending, advance, self._foresee(foreseeing))
        m.d.comb += [
            advance.eq(result.valid & result.ready),
            ending.error.eq(verdict.error),
        ]

        with m.FSM():
            with m.State("TRANSLATE"):
                m.d.comb += [
                    result.valid.eq(verdict.faults | (verdict.translated & ~self.elsewhere)),
                    ending.fault.eq(verdict.fault),
                ]
                with m.If(verdict.walk):
                    m.d.comb += self.find.valid.eq(1)
                    with m.If(self.find.ready):
                        m.next = "FIND"
                with m.Elif(self.crossed):
                    m.d.sync += [
                        self.elsewhere.eq(0), self._second.eq(1), self._refilled.eq(0),
                        self._first.eq(self._frame),
                    ]

            with m.State("FIND"):
                m.d.comb += self.found.ready.eq(1)
                with m.If(self.found.valid & ~self.found.p.fault):
                    m.d.sync += self._refilled.eq(1)
                    m.next = "TRANSLATE"
                with m.Elif(self.found.valid):
                    m.d.comb += [
                        self.found.ready.eq(result.ready),
                        result.valid.eq(1),
                        ending.fault.eq(Mux(
                            self.found.p.bus_error, Fault.BUS_ERROR, Fault.PAGE_FAULT)),
                        ending.error.eq(self.found.p.error),
                    ]
                    with m.If(result.ready):
                        m.next = "FORGET"

            with m.State("FORGET"):
                m.d.comb += self._settling.eq(1)
                with m.If(~self.busy):
                    m.next = "TRANSLATE"

        self._report(reporting, verdict, advance)
        return m

    def _accept(self, m, verdict, ending, advance, foreseen):
        """Accept the next access as soon as the present one leaves, and look its page up.

        It is not accepted while another page is looked up: that of a walk, which is filled, or the
        second page of the present access. Nor is it while the present one ends in a page fault:
        whether it is denied takes longer to find out than whether it leaves, and the TLB has to
        forget the page first.
        """
        request = self.request.p
        linear  = Signal(64)
        leaves  = Signal()    # the present access is translated, or is not to be
        free    = Signal()    # nothing is held from now on
        end     = request.linear[:12] + (1 << request.size) - 1
        m.d.comb += [
            linear.eq(request.linear),
            leaves.eq(~self.elsewhere & (verdict.translated & self.takes
                                         | verdict.early & self.ends)),
            free.eq(~self._valid | leaves),
            self.request.ready.eq(free & ~self.hold & ~self._settling),
            self.empty.eq(~self._valid),
            self.page.eq(page_of(linear, config=self.config)),
            self.after.eq(self.page + 1),
            self.crossed.eq(verdict.translated & self.elsewhere & ~self.busy),
            # What nobody requests is looked up, too: from the request on it would be a long way.
            self.look.eq((free | self.crossed) & ~self.busy),
        ]
        with m.If(~self.mode.long_mode):
            m.d.comb += [linear.eq(request.linear[:32]), self.after.eq((self.page + 1)[:20])]
        with m.If(advance):
            m.d.sync += [
                self._valid.eq(0),
                self.elsewhere.eq(0),
                self._refilled.eq(0),
                self._poisoned.eq(ending.fault != Fault.NONE),
            ]
        with m.If(free & ~self.busy):
            m.d.sync += [
                self._second.eq(0),
                self._access.eq(request),
                self._refusals.eq(foreseen.refusals),
                self._key_refusals.eq(foreseen.key_refusals),
                self._access.linear.eq(linear),
                self._crosses.eq(end[12]),
                self._outside.eq(self.mode.long_mode & (
                    ~canonical(linear, la57=self.mode.five_levels)
                    | (end[12] & last_below_gap(linear, la57=self.mode.five_levels)))),
            ]
        with m.If(self.request.valid & self.request.ready):
            m.d.sync += [self._valid.eq(1), self.elsewhere.eq(end[12])]

    def _foresee(self, m):
        """Find out, while an access is accepted, which rights and which keys would deny it.

        The control state is that of its verdict: it does not change while an access is held.
        """
        foreseen = unpacked("foreseen", {
            "refusals": self._refusals.shape(), "key_refusals": self._key_refusals.shape()})
        m.d.comb += [
            foreseen.refusals.eq(self.refusals_of(self.request.p)),
            foreseen.key_refusals.eq(self.key_refusals_of(self.request.p)),
        ]
        return foreseen

    def refusals_of(self, access):
        """Values of :class:`Rights` that deny ``access`` in this control state, a bit for each."""
        return Cat(denied(access=access, rights=Rights(C(number, Shape.cast(Rights).width)),
                          by_key=C(0), protection=self.protection)
                   for number in range(len(self._refusals)))

    def key_refusals_of(self, access):
        """Numbers of keys that do, if there are keys: a bit for each."""
        if not self.config.keys:
            return C(0, 0)
        return denied_by_keys(access=access, protection=self.protection)

    def _locate(self, m, ending):
        """Find the pages of the access, and fill in what is known of its physical address."""
        access = self._access
        result = self.result.p
        offset = access.linear[:12]
        m.d.comb += [
            self._step.eq(access.linear),
            result.access.eq(access),
            result.crosses.eq(self._crosses),
            result.physical.eq(Cat(offset, Mux(self._second, self._first, self._frame))),
            result.second.eq(self._frame),
            result.fault.eq(ending.fault),
            result.error.eq(ending.error),
            # Without paging the linear address is the physical one.
            self._frame.eq(Mux(self.mode.paging, chosen(self.candidates, config=self.config).frame,
                               self._step[12:self.config.maxphyaddr])),
        ]
        with m.If(self._second):
            m.d.comb += [
                self._step[:12].eq(0),
                self._step[12:].eq(extended(self.other, config=self.config)),
            ]

    def _judge(self, m):
        """Verdict on this step: it leaves, is walked, or faults. Rules 8, 18, 23."""
        verdict = unpacked("verdict", {
            "early":      1,  # it faults whatever the TLB holds
            "usable":     1,  # the TLB holds a translation that allows it as it is
            "denied":     1,  # ... that denies it
            "translated": 1,
            "walk":       1,
            "faults":     1,
            "fault":      Fault,
            "error":      ErrorCode,
        })
        access, mode = self._access, self.mode
        skipped      = access.chained & self._poisoned
        translatable = self._valid & ~skipped & ~self._outside
        usable, forbidden, by_key = self._judge_candidates()
        refused      = translatable & mode.paging & verdict.denied
        m.d.comb += [
            verdict.usable.eq(usable),
            verdict.denied.eq(forbidden),
            self._hit.eq(Cat(candidate.hit for candidate in each_of(self.candidates)).any()),
            verdict.early.eq(self._valid & (skipped | self._outside)),
            verdict.faults.eq(verdict.early | refused),
            verdict.translated.eq(translatable & (~mode.paging | verdict.usable)),
            verdict.walk.eq(translatable & mode.paging & ~verdict.usable & ~verdict.denied),
            verdict.error.eq(error_code(
                access=access, present=1, reserved=0, by_key=by_key, protection=self.protection)),
        ]
        with m.If(skipped):
            m.d.comb += verdict.fault.eq(Fault.SKIPPED)
        with m.Elif(self._outside):
            m.d.comb += verdict.fault.eq(Fault.GENERAL_PROTECTION)
        with m.Elif(refused):
            m.d.comb += verdict.fault.eq(Fault.PAGE_FAULT)
        return verdict

    def _judge_candidates(self):
        """Judge what each way has by its rights, whether or not it hits.

        Returns three values: the access may go through the translation as it is, it is denied, and
        it is denied by the page's key. Without a hit none of them is true.
        """
        judged = []
        for candidate in each_of(self.candidates):
            piece  = candidate.piece
            by_key = C(0)
            if self.config.keys:
                by_key = self._key_refusals.bit_select(
                    key_number(rights=piece.rights, key=piece.key), 1)
            refused = self._refusals.bit_select(piece.rights.as_value(), 1) | by_key
            clean   = writes(self._access.kind) & ~piece.dirty
            judged.append([candidate.hit & outcome
                           for outcome in (~refused & ~clean, refused, by_key)])
        return [Cat(*outcomes).any() for outcomes in zip(*judged, strict=True)]

    def _report(self, m, verdict, advance):
        """Tell the TLB and the observers."""
        searching = self.find.valid & self.find.ready
        looked_up = self.mode.paging & (self.crossed | (advance & self._hit & (
            verdict.translated | (verdict.fault == Fault.PAGE_FAULT))))
        m.d.comb += [
            *(self.find.p[name].eq(self._access[name]) for name, _ in self.find.p.shape()),
            self.fault.valid.eq(advance & (self.result.p.fault == Fault.PAGE_FAULT)),
            self.fault.payload.eq(self._step),
            self.counted_hit.eq(self._hit & searching | (looked_up & ~self._refilled)),
            self.protection_fault.eq(
                advance & (self.result.p.fault == Fault.GENERAL_PROTECTION)),
        ]
