"""One memory for several initiators.

Ref: Wishbone B4, chapter 3.1.3.2 "Pipelined mode"; lock: chapter 3.4 "RMW cycle".
"""

from amaranth import *
from amaranth.lib import fifo, wiring
from amaranth.lib.wiring import In, Out

from .wishbone import WishboneSignature


__all__ = ["Arbiter"]


class Arbiter(wiring.Component):
    """Round robin, transfer by transfer: while k initiators ask, each has every k-th transfer.

    Transfers of several initiators may be in flight at once; each answer goes to the initiator
    that asked for it. A transfer that the target stalls stays on the bus until it is taken.

    A transfer that is taken with ``cyc & lock`` begins a locked bus cycle: from then on until that
    initiator drops ``lock`` or ``cyc``, no other's transfer is taken. In the cycle in which it
    drops it, others go on.

    An initiator must keep ``cyc`` until all its transfers are answered, as the users of
    :class:`hw.mmu.Mmu`'s port do: its answers come all the same, and would be taken for those of
    its next bus cycle.

    Parameters
    ----------
    initiators : :class:`int`
        How many.
    maxphyaddr : :class:`int`
        Width of a physical byte address.
    outstanding : :class:`int`
        Transfers of all initiators together that may wait for their answers; while so many do,
        none is taken. Nobody is slowed by that if it is no less than what they have in flight.

    Latency
    -------
    None: a transfer that nobody contests is asked for, and answered, in the same cycle at the
    initiator and at the target.

    Members
    -------
    initiators : :py:`In(WishboneSignature(maxphyaddr=maxphyaddr)).array(initiators)`
        Those who ask. ``stall`` is high for all but the one whose transfer is taken.
    target : :py:`Out(WishboneSignature(maxphyaddr=maxphyaddr))`
        Physical memory. ``cyc`` is high while a transfer is asked for or waits for its answer,
        and throughout a locked bus cycle.
    hold : :py:`In(initiators)`
        Initiators that must wait: no transfer of theirs is begun, unless in their own locked bus
        cycle. One that the target has stalled goes on. Answers come all the same.
    owner : :py:`Out(range(initiators))`
        Whose transfer is asked for in this cycle; if none is, whose was the last.
    """

    def __init__(self, *, initiators, maxphyaddr, outstanding=16):
        for name, number in (("initiators", initiators), ("outstanding", outstanding)):
            if not isinstance(number, int) or number < 1:
                raise ValueError(f"{name} must be 1 or more, not {number!r}")
        self.outstanding = outstanding
        super().__init__({
            "initiators": In(WishboneSignature(maxphyaddr=maxphyaddr)).array(initiators),
            "target":     Out(WishboneSignature(maxphyaddr=maxphyaddr)),
            "hold":       In(initiators),
            "owner":      Out(range(initiators)),
        })

        self._last    = Signal.like(self.owner)  # owner in the cycle before
        self._stalled = Signal()                 # ... whose transfer the target did not take
        self._begun   = Signal()                 # ... whose locked bus cycle had begun
        self._alone   = Signal()                 # ... and goes on: nobody else may ask

    def elaborate(self, platform):
        m = Module()

        m.submodules.owed = owed = fifo.SyncFIFO(width=len(self.owner), depth=self.outstanding)

        locked = Signal(len(self.initiators))
        taken  = Signal()
        m.d.comb += [
            locked.eq(Cat(self._locked(initiator) for initiator in self.initiators)),
            taken.eq(self.target.stb & ~self.target.stall),
            self._alone.eq(self._begun & locked.bit_select(self._last, 1)),
        ]
        m.d.sync += [
            self._last.eq(self.owner),
            self._stalled.eq(self.target.stb & self.target.stall),
            self._begun.eq(Mux(taken, locked.bit_select(self.owner, 1), self._alone)),
        ]

        self._choose(m, room=owed.w_rdy)
        self._ask(m)
        m.d.comb += [
            self.target.cyc.eq(self.target.stb | owed.r_rdy | self._alone),
            owed.w_data.eq(self.owner),
            owed.w_en.eq(taken),
        ]
        self._answer(m, owed)

        return m

    def _locked(self, initiator):
        """Whether ``initiator`` keeps all others off the bus, once it has been given a transfer."""
        return initiator.cyc & initiator.lock

    def _choose(self, m, *, room):
        """Find the first after the last owner, in turn, that asks and may; the last is last."""
        count   = len(self.initiators)
        asking  = Cat(initiator.cyc & initiator.stb for initiator in self.initiators)
        allowed = Mux(self._stalled | self._alone, 1 << self._last, ~self.hold)
        ready   = Signal(count)
        m.d.comb += [
            ready.eq(Mux(room, asking & allowed, 0)),
            self.target.stb.eq(ready.any()),
            self.owner.eq(self._last),
        ]
        with m.Switch(self._last):
            for last in range(count):
                with m.Case(last):
                    for number in [(last + turn) % count for turn in reversed(range(1, count))]:
                        with m.If(ready[number]):
                            m.d.comb += self.owner.eq(number)

    def _ask(self, m):
        """Connect the target to the owner, and stall the others."""
        for number, initiator in enumerate(self.initiators):
            m.d.comb += initiator.stall.eq(1)
            with m.If(self.owner == number):
                m.d.comb += [
                    getattr(self.target, name).eq(getattr(initiator, name))
                    for name in ("we", "adr", "sel", "dat_w")
                ]
                m.d.comb += [
                    self.target.lock.eq(initiator.lock & (self.target.stb | self._alone)),
                    initiator.stall.eq(self.target.stall | ~self.target.stb),
                ]

    def _answer(self, m, owed):
        """Give each answer to the one whose transfer is the oldest that waits for one."""
        m.d.comb += owed.r_en.eq(self.target.ack)
        for number, initiator in enumerate(self.initiators):
            m.d.comb += [
                initiator.dat_r.eq(self.target.dat_r),
                initiator.ack.eq(self.target.ack & owed.r_rdy & (owed.r_data == number)),
            ]
