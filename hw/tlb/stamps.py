"""Stamps of the TLB's second level: how many of its rows become invalid at once."""

from amaranth import *
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
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


class _Context(data.Struct):
    """A PCID that was left, and its stamps. Those of global rows are of all PCIDs."""

    pcid:      12
    local:     STAMP_WIDTH
    structure: STAMP_WIDTH


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
    A strobe counts from the next cycle on. A PCID is found out to be kept in the cycle in which it
    is asked for, so that it is known in the next.

    Members
    -------
    asked : :py:`In(12)`
        A PCID: the one that is to be current, in the cycle before ``switches``; or else the one
        that is meant, in the cycle of ``flush``, and if ``single``, in the one before.
    switches, left : :py:`In(1)`, :py:`In(12)`
        Strobe: another PCID is current from now on; and the one that was until now. What is kept
        must not change while it is asked for: no strobe in the cycle before, and no ``flush`` in
        the one before that.
    flush, own : :py:`In(Flush)`, :py:`In(1)`
        Forget all of these; and whether the PCID that is meant, if it is one, is the current one,
        as it is if global rows are meant too. Not with ``switches``.
    single : :py:`In(1)`
        Of what ``flush`` says, only what is cached of the paging structures. No strobe in the two
        cycles before such a ``flush``.
    sweep : :py:`In(1)`
        All rows have been swept.
    stamps : :py:`Out(Stamps)`
        Stamps of the current PCID.
    named_stamps : :py:`Out(Stamps)`
        Those of the PCID that is meant, in the cycle after it is asked for; 0, if nothing is cached
        of it.
    expired, expired_pcid : :py:`Out(1)`, :py:`Out(12)`
        Strobe: what is cached of a PCID is forgotten, for others were left after it; and the PCID.
    exhausted : :py:`Out(1)`
        There is no further stamp: no row may be looked up before all have been swept.
    """

    def __init__(self, config):
        self.config = config
        super().__init__({
            "asked":    In(12),
            "switches": In(1),
            "left":     In(12),
            "flush":  In(Flush),
            "own":    In(1),
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
        self._fresh   = Signal()        # nothing is cached of the current PCID
        # PCIDs that were left: those that are valid. Their stamps are in a memory.
        self._pcids = [Signal(12, name=f"pcid_{number}") for number in range(CONTEXTS)]
        self._valid = Signal(CONTEXTS)
        self._known = Signal()                 # the PCID that was asked for is kept, ...
        self._place = Signal(range(CONTEXTS))  # ... and there

    def elaborate(self, platform):
        m = Module()

        if self.config.pcid:
            self._contexts(m)
        else:
            m.d.comb += [
                self._taken.eq(self._current), self.named_stamps.eq(self._current)]
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
                m.d.comb += meant.eq(Mux(self.own, 0b011, 0))
            with m.Case(Flush.OF_PCID_AND_GLOBAL):
                m.d.comb += meant.eq(0b111)
        local, structure, shared = meant
        return (self._fresh | (local & ~self.single), self._fresh | structure,
                shared & ~self.single)

    def _contexts(self, m):
        """Keep the stamps of PCIDs that are left, and take up those of one that comes back."""
        pcids, valid = self._pcids, self._valid
        known, place = self._known, self._place
        oldest  = Signal(range(CONTEXTS))
        there   = Signal(CONTEXTS)         # where the PCID that is asked for is kept
        slot    = Signal(range(CONTEXTS))  # the place that matters
        clears  = Signal()                 # the PCID that was meant is forgotten
        m.submodules.contexts = memory = Memory(shape=_Context, depth=CONTEXTS, init=[])
        read, write = memory.read_port(domain="comb"), memory.write_port()
        kept = read.data
        m.d.comb += [
            there.eq(valid & Cat(pcid == self.asked for pcid in pcids)),
            slot.eq(Mux(known, place, oldest)),
            read.addr.eq(slot),
            write.addr.eq(slot),
            write.data.pcid.eq(self.left),
            write.data.local.eq(self._current.local),
            write.data.structure.eq(self._current.structure),
            self._taken.eq(self._current),
            self.expired_pcid.eq(kept.pcid),
            self.named_stamps.local.eq(Mux(known, kept.local, 0)),
            self.named_stamps.structure.eq(Mux(known, kept.structure, 0)),
            self.named_stamps.shared.eq(self._current.shared),
        ]
        m.d.sync += [
            known.eq(there.any()),
            place.eq(Cat(Cat(there[number] for number in range(CONTEXTS) if number >> bit & 1).any()
                         for bit in range(len(place)))),
            clears.eq((self.flush == Flush.OF_PCID) & ~self.own & ~self.single),
        ]
        with m.If(self.own):
            m.d.comb += self.named_stamps.eq(self._current)
        with m.If(clears & known):
            m.d.sync += valid.bit_select(place, 1).eq(0)
        with m.If(self.switches):
            m.d.comb += [
                write.en.eq(1),
                self.expired.eq(~known & valid.bit_select(oldest, 1)),
                self._fresh.eq(~known),
                self._taken.local.eq(kept.local),
                self._taken.structure.eq(kept.structure),
            ]
            m.d.sync += [valid.bit_select(slot, 1).eq(1), oldest.eq(oldest + ~known)]
            for number, pcid in enumerate(pcids):
                with m.If(slot == number):
                    m.d.sync += pcid.eq(self.left)
        with m.Elif((self.flush != Flush.NONE) & self.single & known):
            m.d.comb += [
                write.en.eq(1),
                write.data.pcid.eq(kept.pcid),
                write.data.local.eq(kept.local),
                write.data.structure.eq(self._next),
            ]
        with m.If((self.flush == Flush.ALL) | (self.flush == Flush.LOCAL) | self.sweep):
            m.d.sync += valid.eq(0)
