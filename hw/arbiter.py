"""One memory for several initiators.

Ref: Wishbone B4, chapter 3.1.3.2 "Pipelined mode"; lock: chapter 3.4 "RMW cycle".
"""

from amaranth import *
from amaranth.lib import fifo, wiring
from amaranth.lib.wiring import In, Out

from .wishbone import WishboneSignature


__all__ = ["Arbiter"]


class Arbiter(wiring.Component):
    """Round robin, transfer by transfer: of k requesting initiators each has every k-th one.

    Transfers of several initiators may be in flight at once; each response goes to the
    initiator that issued the transfer. A transfer that the target stalls stays on the bus until it
    is accepted.

    A transfer that is accepted with ``cyc & lock`` begins a locked bus cycle: from then on until
    that initiator drops ``lock`` or ``cyc``, no other's transfer is accepted. In the cycle in which
    it drops it, others go on.

    An initiator must keep ``cyc`` until all its transfers have completed, as the users of
    :class:`hw.mmu.Mmu`'s port do: their responses come all the same, and would be taken for those
    of its next bus cycle.

    Parameters
    ----------
    initiators : :class:`int`
        How many.
    maxphyaddr : :class:`int`
        Width of a physical byte address.
    outstanding : :class:`int`
        Transfers of all initiators together that may be outstanding; while so many are, none is
        accepted. Nobody is slowed by that if it is no less than what they have in flight.

    Latency
    -------
    None: a transfer that nobody contests is requested, and its response comes, in the same cycle
    at the initiator and at the target.

    Members
    -------
    initiators : :py:`In(WishboneSignature(maxphyaddr=maxphyaddr)).array(initiators)`
        ``stall`` is high for all but the one whose transfer is accepted.
    target : :py:`Out(WishboneSignature(maxphyaddr=maxphyaddr))`
        Physical memory. ``cyc`` is high while a transfer is requested or outstanding, and
        throughout a locked bus cycle.
    hold : :py:`In(initiators)`
        Initiators that must wait: no transfer of theirs is begun, unless in their own locked bus
        cycle. One that the target has stalled goes on. Responses come all the same.
    owner : :py:`Out(range(initiators))`
        The initiator whose transfer is requested in this cycle; if none is, that of the last.
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

        self._last      = Signal.like(self.owner)  # owner in the cycle before
        self._stalled   = Signal()  # the target did not accept its transfer
        self._begun     = Signal()  # its locked bus cycle had begun
        self._exclusive = Signal()  # its locked bus cycle goes on: no other may request

    def elaborate(self, platform):
        m = Module()

        # Initiators of outstanding transfers, the oldest first.
        m.submodules.owners = owners = fifo.SyncFIFO(
            width=len(self.owner), depth=self.outstanding)

        locked   = Signal(len(self.initiators))
        accepted = Signal()
        m.d.comb += [
            locked.eq(Cat(self._locked(initiator) for initiator in self.initiators)),
            accepted.eq(self.target.stb & ~self.target.stall),
            self._exclusive.eq(self._begun & locked.bit_select(self._last, 1)),
        ]
        m.d.sync += [
            self._last.eq(self.owner),
            self._stalled.eq(self.target.stb & self.target.stall),
            self._begun.eq(Mux(accepted, locked.bit_select(self.owner, 1), self._exclusive)),
        ]

        self._choose(m, space=owners.w_rdy)
        self._forward(m)
        m.d.comb += [
            self.target.cyc.eq(self.target.stb | owners.r_rdy | self._exclusive),
            owners.w_data.eq(self.owner),
            owners.w_en.eq(accepted),
        ]
        self._respond(m, owners)

        return m

    def _locked(self, initiator):
        """True if ``initiator`` keeps all others off the bus, once it has been given a transfer."""
        return initiator.cyc & initiator.lock

    def _choose(self, m, *, space):
        """Find the next initiator, round robin, that requests and may; the last owner is last."""
        count    = len(self.initiators)
        requests = Cat(initiator.cyc & initiator.stb for initiator in self.initiators)
        allowed  = Mux(self._stalled | self._exclusive, 1 << self._last, ~self.hold)
        ready    = Signal(count)
        m.d.comb += [
            ready.eq(Mux(space, requests & allowed, 0)),
            self.target.stb.eq(ready.any()),
            self.owner.eq(self._last),
        ]
        with m.Switch(self._last):
            for last in range(count):
                with m.Case(last):
                    for number in [(last + step) % count for step in reversed(range(1, count))]:
                        with m.If(ready[number]):
                            m.d.comb += self.owner.eq(number)

    def _forward(self, m):
        """Connect the target to the owner, and stall the others."""
        for number, initiator in enumerate(self.initiators):
            m.d.comb += initiator.stall.eq(1)
            with m.If(self.owner == number):
                m.d.comb += [
                    getattr(self.target, name).eq(getattr(initiator, name))
                    for name in ("we", "adr", "sel", "dat_w")
                ]
                m.d.comb += [
                    self.target.lock.eq(initiator.lock & (self.target.stb | self._exclusive)),
                    initiator.stall.eq(self.target.stall | ~self.target.stb),
                ]

    def _respond(self, m, owners):
        """Give each response to the initiator of the oldest outstanding transfer."""
        m.d.comb += owners.r_en.eq(self.target.ack | self.target.err)
        for number, initiator in enumerate(self.initiators):
            m.d.comb += [
                initiator.dat_r.eq(self.target.dat_r),
                initiator.ack.eq(self.target.ack & owners.r_rdy & (owners.r_data == number)),
                initiator.err.eq(self.target.err & owners.r_rdy & (owners.r_data == number)),
            ]
