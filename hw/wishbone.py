"""Ports towards physical memory.

Ref: Wishbone B4, chapter 3.1.3.2 "Pipelined mode", and 3.1.3.1 on the standard one; ``err``:
chapter 3.1.3 "Handshaking protocol"; lock: chapter 3.4 "RMW cycle".
"""

from amaranth import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import exact_log2


__all__ = ["ClassicSignature", "WishboneSignature", "requests", "responses"]


def requests(initiator, target):
    """Assignments by which ``target`` gets the requests of ``initiator``."""
    return [getattr(target, name).eq(getattr(initiator, name))
            for name in ("cyc", "stb", "we", "lock", "adr", "sel", "dat_w")]


def responses(target, initiator):
    """Assignments by which ``initiator`` gets the responses of ``target``, in pipelined mode."""
    return [getattr(initiator, name).eq(getattr(target, name))
            for name in ("dat_r", "stall", "ack", "err")]


class _BusSignature(wiring.Signature):
    """Signals of Wishbone in both modes; ``further`` are those of one."""

    def __init__(self, further, *, maxphyaddr, data_width):
        if data_width not in (32, 64):
            raise ValueError(f"data_width must be 32 or 64, not {data_width!r}")
        self.maxphyaddr = maxphyaddr
        self.data_width = data_width
        lanes = data_width // 8
        super().__init__({
            "cyc":   Out(1),
            "stb":   Out(1),
            "we":    Out(1),
            "lock":  Out(1),
            "adr":   Out(maxphyaddr - exact_log2(lanes)),
            "sel":   Out(lanes),
            "dat_w": Out(data_width),
            "dat_r": In(data_width),
            **further,
            "ack":   In(1),
            "err":   In(1),
        })

    def __eq__(self, other):
        return (type(other) is type(self) and self.maxphyaddr == other.maxphyaddr
                and self.data_width == other.data_width)

    def __repr__(self):
        width = f", data_width={self.data_width!r}" if self.data_width != 64 else ""
        return f"{type(self).__name__}(maxphyaddr={self.maxphyaddr!r}{width})"


class WishboneSignature(_BusSignature):
    """Wishbone B4 in pipelined mode, seen from the initiator.

    A transfer is accepted in a cycle with ``cyc & stb & ~stall`` and completes, in order, in a
    later cycle with ``cyc & ack``, or with ``cyc & err``: it has failed, and nothing was stored.
    The two are never high together. A target that has no errors leaves ``err`` at 0.

    Parameters
    ----------
    maxphyaddr : :class:`int`
        Width of a physical byte address; ``adr`` counts words.
    data_width : :class:`int`
        Bits of a word: 64, or 32.

    Members
    -------
    cyc, stb, we : :py:`Out(1)`
        Bus cycle, transfer request, and its direction.
    lock : :py:`Out(1)`
        The bus cycle must not be interrupted by another initiator's.
    adr : :py:`Out(maxphyaddr - exact_log2(data_width // 8))`
        Word address.
    sel : :py:`Out(data_width // 8)`
        Byte lanes, next to each other.
    dat_w, dat_r : :py:`Out(data_width)`, :py:`In(data_width)`
        Data to and from memory.
    stall, ack, err : :py:`In(1)`
        The request must be held; a transfer completes; a transfer fails.
    """

    def __init__(self, *, maxphyaddr, data_width=64):
        super().__init__({"stall": In(1)}, maxphyaddr=maxphyaddr, data_width=data_width)


class ClassicSignature(_BusSignature):
    """Wishbone B4 in standard mode, which is also called classic, seen from the initiator.

    A transfer is requested with ``cyc & stb``, and stays as it is until the cycle in which it
    completes: one with ``ack``, which may be its first one, or with ``err``: it has failed, and
    nothing was stored. The two are never high together. A target that has no errors leaves ``err``
    at 0.

    Parameters
    ----------
    maxphyaddr : :class:`int`
        Width of a physical byte address; ``adr`` counts words.
    data_width : :class:`int`
        Bits of a word: 64, or 32.

    Members
    -------
    cyc, stb, we : :py:`Out(1)`
        Bus cycle, transfer request, and its direction.
    lock : :py:`Out(1)`
        The bus cycle must not be interrupted by another initiator's.
    adr : :py:`Out(maxphyaddr - exact_log2(data_width // 8))`
        Word address.
    sel : :py:`Out(data_width // 8)`
        Byte lanes, next to each other.
    dat_w, dat_r : :py:`Out(data_width)`, :py:`In(data_width)`
        Data to and from memory.
    ack, err : :py:`In(1)`
        The transfer completes; the transfer fails.
    """

    def __init__(self, *, maxphyaddr, data_width=64):
        super().__init__({}, maxphyaddr=maxphyaddr, data_width=data_width)
