"""Streams as their users have promised: what is offered stays until it is taken."""

from typing import Any

from amaranth.hdl import Cat, Elaboratable, Module, Signal, Value


__all__ = ["Held"]


class Held(Elaboratable):
    """A part of a design, and streams of it.

    Attributes
    ----------
    steady : :class:`Signal`
        What each stream offered in the cycle before, and nobody took, it offers still.
    """

    def __init__(self, part: Any, streams: list[Any]):
        self.part     = part
        self.steady   = Signal()
        self._streams = streams

    def elaborate(self, platform: Any) -> Module:
        m = Module()
        m.submodules.part = self.part
        kept = []
        for number, stream in enumerate(self._streams):
            payload = Value.cast(stream.payload)
            waits   = Signal(name=f"waits_{number}")
            before  = Signal(len(payload), name=f"before_{number}")
            m.d.sync += [waits.eq(stream.valid & ~stream.ready), before.eq(payload)]
            kept.append(~waits | (stream.valid & (payload == before)))
        m.d.comb += self.steady.eq(Cat(*kept).all())
        return m
