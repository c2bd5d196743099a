"""Stamps of the TLB's second level: how many of its rows become invalid at once."""

from functools import reduce
from operator import or_

from amaranth import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..layout import Flush
from .array import STAMP_WIDTH, Stamps


__all__ = ["StampBank"]


#: PCIDs whose translations outlast a change of CR3.
CONTEXTS = 8

#: Stamp of all kinds after reset, and after all rows have been swept.
FIRST = 1

#: Stamp at which the rows must be swept before there can be another one.
LAST = (1 << STAMP_WIDTH) - 1


class StampBank(wiring.Component):
    """The stamps that rows must have to count: those of the current PCID, and of some others.

    To forget rows is to make others count: those with a stamp that no row has yet. A PCID that is
    left keeps its stamps until eight others have been left after it; then what was cached of
    it is forgotten.

    Ref: Intel SDM Vol. 3A, section 4.10.4 "Invalidation of TLBs and Paging-Structure Caches".

    Parameters
    ----------
    config : :class:`MmuConfig`
        Tells whether there are PCIDs.

    Latency
    -------
    A strobe counts from the next cycle on, and so does another PCID.

    Members
    -------
    pcid : :py:`In(12)`
        The current PCID.
    switches, left : :py:`In(1)`, :py:`In(12)`
        Strobe: another PCID is current from now on; and the one that was until now.
    flush, named : :py:`In(Flush)`, :py:`In(12)`
        Forget all of these; and the PCID that is meant, if it is one: the current one, if global
        rows are meant too. Not with ``switches``.
    single : :py:`In(1)`
        Of what ``flush`` says, only what is cached of the paging structures.
    sweep : :py:`In(1)`
        All rows have been swept.
    stamps : :py:`Out(Stamps)`
        Stamps of the current PCID.
    named_stamps : :py:`Out(Stamps)`
        Those of ``named``; 0, if nothing is cached of it.
    expired, expired_pcid : :py:`Out(1)`, :py:`Out(12)`
        Strobe: what is cached of a PCID is forgotten, for others were left after it; and the PCID.
    exhausted : :py:`Out(1)`
        There is no further stamp: no row may be looked up before all have been swept.
    """

    def __init__(self, config):
        self.config = config
        super().__init__({
            "pcid":     In(12),
            "switches": In(1),
            "left":     In(12),
            "flush":  In(Flush),
            "named":  In(12),
            "single": In(1),
            "sweep":  In(1),
            "stamps":       Out(Stamps),
            "named_stamps": Out(Stamps),
            "expired":      Out(1),
            "expired_pcid": Out(12),
            "exhausted":    Out(1),
        })

        self._next    = Signal(STAMP_WIDTH, init=FIRST + 1)
        self._current = Signal(Stamps, init=dict.fromkeys(("local", "shared", "structure"), FIRST))
        self._taken   = Signal(Stamps)  # those of the current PCID, before any are renewed
        self._own     = Signal(init=1)  # the PCID that is meant is the current one
        self._fresh   = Signal()        # nothing is cached of the current PCID
        # PCIDs that were left, and their stamps: those that are valid.
        self._left  = [Signal(Stamps, name=f"left_{number}") for number in range(CONTEXTS)]
        self._pcids = [Signal(12, name=f"pcid_{number}") for number in range(CONTEXTS)]
        self._valid = Signal(CONTEXTS)

    def elaborate(self, platform):
        m = Module()

        if self.config.pcid:
            self._contexts(m)
        else:
            m.d.comb += [
                self._own.eq(1), self._taken.eq(self._current), self.named_stamps.eq(self._current)]
        m.d.comb += [
            self.stamps.eq(self._current),
            self.exhausted.eq(self._next == LAST),
        ]
        local, structure, shared = self._meant(m)
        m.d.sync += [
            self._current.local.eq(Mux(local, self._next, self._taken.local)),
            self._current.structure.eq(Mux(structure, self._next, self._taken.structure)),
            self._current.shared.eq(Mux(shared, self._next, self._taken.shared)),
        ]
        with m.If((self.flush != Flush.NONE) | self.switches):
            m.d.sync += self._next.eq(self._next + 1)
        with m.If(self.sweep):
            m.d.sync += [
                *(self._current[name].eq(FIRST) for name in ("local", "shared", "structure")),
                self._next.eq(FIRST + 1),
            ]

        return m

    def _meant(self, m):
        """The kinds of rows that are to be forgotten: local ones, structures, global ones."""
        meant = Signal(3)
        with m.Switch(self.flush):
            with m.Case(Flush.ALL):
                m.d.comb += meant.eq(0b111)
            with m.Case(Flush.LOCAL):
                m.d.comb += meant.eq(0b011)
            with m.Case(Flush.OF_PCID):
                m.d.comb += meant.eq(Mux(self._own, 0b011, 0))
            with m.Case(Flush.OF_PCID_AND_GLOBAL):
                m.d.comb += meant.eq(0b111)
        local, structure, shared = meant
        return (self._fresh | (local & ~self.single), self._fresh | structure,
                shared & ~self.single)

    def _contexts(self, m):
        """Keep the stamps of PCIDs that are left, and take up those of one that comes back."""
        left, pcids, valid = self._left, self._pcids, self._valid
        oldest  = Signal(range(CONTEXTS))
        there   = Signal(CONTEXTS)  # where the new PCID, or the one that is meant, is kept
        known   = there.any()
        kept    = Signal(Stamps)    # its stamps
        m.d.comb += [
            self._own.eq(self.named == self.pcid),
            there.eq(valid & Cat(pcid == Mux(self.switches, self.pcid, self.named)
                                 for pcid in pcids)),
            kept.eq(reduce(or_, (Mux(there[number], stamps.as_value(), 0)
                                 for number, stamps in enumerate(left)))),
            self._taken.eq(self._current),
            self.named_stamps.eq(Mux(self._own, self._current, kept)),
        ]
        with m.If(self.switches):
            slot = Mux(known, there, 1 << oldest)
            m.d.comb += [
                self.expired.eq(~known & valid.bit_select(oldest, 1)),
                self.expired_pcid.eq(Array(pcids)[oldest]),
                self._fresh.eq(~known),
                self._taken.local.eq(kept.local),
                self._taken.structure.eq(kept.structure),
            ]
            m.d.sync += [valid.eq(valid | slot), oldest.eq(oldest + ~known)]
            for number, pcid in enumerate(pcids):
                with m.If(slot[number]):
                    m.d.sync += [pcid.eq(self.left), left[number].eq(self._current)]
        with m.Elif((self.flush == Flush.OF_PCID) & ~self._own & ~self.single):
            m.d.sync += valid.eq(valid & ~there)
        with m.Elif((self.flush != Flush.NONE) & self.single):
            for number in range(CONTEXTS):
                with m.If(there[number]):
                    m.d.sync += left[number].structure.eq(self._next)
        with m.If((self.flush == Flush.ALL) | (self.flush == Flush.LOCAL) | self.sweep):
            m.d.sync += valid.eq(0)
