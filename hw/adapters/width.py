"""From a bus of 64 bits to one of 32."""

from amaranth import *
from amaranth.lib import data, fifo, wiring
from amaranth.lib.wiring import In, Out

from hw.wishbone import WishboneSignature


__all__ = ["DownConverter"]


class Half(data.Struct):
    """Place of a transfer of 32 bits in the one of 64 that it is of."""

    second: 1  #: There was another one before.
    last:   1  #: There is none to come.


class DownConverter(wiring.Component):
    """Converter of each transfer of 64 bits into one or two of 32, in order.

    There are two, the lower half first, if byte lanes of both halves are selected. They are locked
    from the first one's request to the second one's acceptance, so that no other initiator comes
    between them: an aligned quadword stays whole, as on a bus that is as wide. A cycle follows in
    which neither ``lock`` nor ``stb`` is high, for others. In a locked bus cycle of the initiator
    there is none, and ``lock`` is high throughout, over both halves of what it reads and writes.

    If one half fails, the transfer does, when both have completed. The other one may have been
    stored.

    An initiator may end its bus cycle before its transfers have completed. Those that it saw
    accepted are done all the same, and their responses dropped; the next one waits for that.

    Ref: Wishbone B4, chapters 3.1.3.2 and 3.4; Intel SDM Vol. 3A, section 8.1.1 "Guaranteed Atomic
    Operations".

    Parameters
    ----------
    maxphyaddr : :class:`int`
        Width of a physical byte address.
    outstanding : :class:`int`
        Transfers of 32 bits that may be outstanding. While so many are, none is requested.

    Latency
    -------
    None for a transfer of one half: it is requested, and its response comes, in the same cycle on
    both sides. One of two halves takes a cycle more, and the next one begins a cycle later still.

    Members
    -------
    initiator : :py:`In(WishboneSignature(maxphyaddr=maxphyaddr))`
        The wide bus.
    target : :py:`Out(WishboneSignature(maxphyaddr=maxphyaddr, data_width=32))`
        The narrow bus.
    """

    def __init__(self, *, maxphyaddr, outstanding=8):
        if not isinstance(outstanding, int) or outstanding < 1:
            raise ValueError(f"outstanding must be 1 or more, not {outstanding!r}")
        super().__init__({
            "initiator": In(WishboneSignature(maxphyaddr=maxphyaddr)),
            "target":    Out(WishboneSignature(maxphyaddr=maxphyaddr, data_width=32)),
        })

        self._two       = Signal()  # the transfer has two halves
        self._second    = Signal()  # the first of them was accepted
        self._accepted  = Signal()  # a half is accepted now
        self._yielded   = Signal()  # the bus is left to others
        self._abandoned = Signal()  # responses belong to a bus cycle that the initiator has ended
        self._halves    = fifo.SyncFIFO(width=Shape.cast(Half).width, depth=outstanding)

    def elaborate(self, platform):
        m = Module()
        m.submodules.halves = self._halves

        self._request(m)
        self._follow(m)
        self._respond(m)

        return m

    def _request(self, m):
        """Request the present half."""
        wide, narrow = self.initiator, self.target
        lower, upper = wide.sel[:4], wide.sel[4:]
        is_upper     = self._second | ~lower.any()
        half         = Signal(Half)
        present      = wide.cyc & wide.stb & ~self._yielded & ~self._abandoned
        m.d.comb += [
            self._two.eq(lower.any() & upper.any()),
            narrow.cyc.eq(wide.cyc | self._halves.r_rdy),
            narrow.stb.eq(present & self._halves.w_rdy),
            narrow.lock.eq(wide.cyc & wide.lock | present & self._two),
            narrow.we.eq(wide.we),
            narrow.adr.eq(Cat(is_upper, wide.adr)),
            narrow.sel.eq(Mux(is_upper, upper, lower)),
            narrow.dat_w.eq(Mux(is_upper, wide.dat_w[32:], wide.dat_w[:32])),
            self._accepted.eq(narrow.stb & ~narrow.stall),
            wide.stall.eq(~(self._accepted & half.last)),
            half.second.eq(self._second),
            half.last.eq(self._second | ~self._two),
            self._halves.w_data.eq(half),
            self._halves.w_en.eq(self._accepted),
        ]

    def _follow(self, m):
        """Know which half comes next, and whose responses are to come."""
        wide, halves = self.initiator, self._halves
        returned     = halves.r_en & halves.r_rdy
        outstanding  = halves.r_rdy & ~(returned & (halves.level == 1))
        m.d.sync += [
            self._yielded.eq(self._accepted & self._second & ~wide.lock),
            self._abandoned.eq(outstanding & (self._abandoned | ~wide.cyc)),
        ]
        with m.If(~wide.cyc):
            m.d.sync += self._second.eq(0)
        with m.Elif(self._accepted):
            m.d.sync += self._second.eq(self._two & ~self._second)

    def _respond(self, m):
        """Complete a transfer with its last half."""
        wide, narrow = self.initiator, self.target
        half     = data.View(Half, self._halves.r_data)
        returned = self._halves.r_rdy & (narrow.ack | narrow.err)
        failed   = Signal()
        first    = Signal(32)  # the first of two halves, and whether it has failed
        broken   = Signal()
        complete = returned & half.last & ~self._abandoned
        m.d.comb += [
            self._halves.r_en.eq(returned),
            failed.eq(narrow.err | half.second & broken),
            wide.dat_r.eq(Cat(Mux(half.second, first, narrow.dat_r), narrow.dat_r)),
            wide.ack.eq(complete & ~failed),
            wide.err.eq(complete & failed),
        ]
        with m.If(returned):
            m.d.sync += [first.eq(narrow.dat_r), broken.eq(narrow.err)]
