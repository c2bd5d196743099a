"""From pipelined mode to standard mode."""

from amaranth import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.wishbone import ClassicSignature, WishboneSignature


__all__ = ["ClassicBridge"]


class ClassicBridge(wiring.Component):
    """Bridge from a pipelined bus to a classic one, on which transfers follow one after the other.

    The initiator is stalled until its transfer completes, so that no transfer is ever accepted and
    not done, and has the response in the cycle after. In that cycle ``stb`` is low: a target may
    take ``ack`` out of a register that follows ``stb``, or leave it high.

    Ref: Wishbone B4, chapter 5.2 "Pipelined master connected to standard slave", of which this
    differs by the cycle between acceptance and response.

    Parameters
    ----------
    maxphyaddr : :class:`int`
        Width of a physical byte address.
    data_width : :class:`int`
        Bits of a word of both buses: 64, or 32.

    Latency
    -------
    A cycle more than the target takes, and a transfer may begin every other cycle.

    Members
    -------
    initiator : :py:`In(WishboneSignature(maxphyaddr=maxphyaddr, data_width=data_width))`
        The pipelined bus.
    target : :py:`Out(ClassicSignature(maxphyaddr=maxphyaddr, data_width=data_width))`
        The classic bus. ``cyc`` and ``lock`` are those of the initiator.
    """

    def __init__(self, *, maxphyaddr, data_width=64):
        sizes = {"maxphyaddr": maxphyaddr, "data_width": data_width}
        super().__init__({
            "initiator": In(WishboneSignature(**sizes)),
            "target":    Out(ClassicSignature(**sizes)),
        })

    def elaborate(self, platform):
        m = Module()

        initiator, target = self.initiator, self.target
        ack, err = Signal(), Signal()  # of the transfer that has completed in the cycle before
        m.d.comb += [
            getattr(target, name).eq(getattr(initiator, name))
            for name in ("cyc", "we", "lock", "adr", "sel", "dat_w")
        ]
        m.d.comb += [
            target.stb.eq(initiator.cyc & initiator.stb & ~(ack | err)),
            initiator.stall.eq(~(target.stb & (target.ack | target.err))),
            initiator.ack.eq(ack),
            initiator.err.eq(err),
        ]
        m.d.sync += [
            ack.eq(target.stb & target.ack),
            err.eq(target.stb & target.err),
            initiator.dat_r.eq(target.dat_r),
        ]

        return m
