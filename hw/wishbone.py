"""Port towards physical memory.

Ref: Wishbone B4, chapter 3.1.3.2 "Pipelined mode"; ``err``: chapter 3.1.3 "Handshaking protocol";
lock: chapter 3.4 "RMW cycle".
"""

from amaranth import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out


__all__ = ["WishboneSignature"]


class WishboneSignature(wiring.Signature):
    """Wishbone B4 in pipelined mode, 64 bits wide, seen from the initiator.

    A transfer is accepted in a cycle with ``cyc & stb & ~stall`` and completes, in order, in a
    later cycle with ``cyc & ack``, or with ``cyc & err``: it has failed, and nothing was stored.
    The two are never high together. A target that has no errors leaves ``err`` at 0.

    Parameters
    ----------
    maxphyaddr : :class:`int`
        Width of a physical byte address; ``adr`` counts 8-byte words.

    Members
    -------
    cyc, stb, we : :py:`Out(1)`
        Bus cycle, transfer request, and its direction.
    lock : :py:`Out(1)`
        The bus cycle must not be interrupted by another initiator's.
    adr : :py:`Out(maxphyaddr - 3)`
        Word address.
    sel : :py:`Out(8)`
        Byte lanes.
    dat_w, dat_r : :py:`Out(64)`, :py:`In(64)`
        Data to and from memory.
    stall, ack, err : :py:`In(1)`
        The request must be held; a transfer completes; a transfer fails.
    """

    def __init__(self, *, maxphyaddr):
        self.maxphyaddr = maxphyaddr
        super().__init__({
            "cyc":   Out(1),
            "stb":   Out(1),
            "we":    Out(1),
            "lock":  Out(1),
            "adr":   Out(maxphyaddr - 3),
            "sel":   Out(8),
            "dat_w": Out(64),
            "dat_r": In(64),
            "stall": In(1),
            "ack":   In(1),
            "err":   In(1),
        })

    def __eq__(self, other):
        return type(other) is type(self) and self.maxphyaddr == other.maxphyaddr

    def __repr__(self):
        return f"WishboneSignature(maxphyaddr={self.maxphyaddr!r})"
