"""Numbers in bytes: LEB128, seven bits a byte, the lowest first.

Ref: DWARF Debugging Information Format, version 5, section 7.6 "Variable Length Data".
"""

from amaranth import *
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out


__all__ = ["VarintEncoder"]


class VarintEncoder(wiring.Component):
    """Takes a number of 64 bits, gives its bytes: as few as there can be, but one.

    Latency
    -------
    The first byte comes in the cycle after the number is taken; the next number may be taken in
    the cycle of the last.

    Members
    -------
    numbers : :py:`In(stream.Signature(64))`
        Numbers.
    bytes : :py:`Out(stream.Signature(8))`
        Their bytes. Bit 7 says that the number goes on.
    """

    numbers: In(stream.Signature(64))
    bytes:   Out(stream.Signature(8))

    def elaborate(self, platform):
        m = Module()

        rest = Signal(64)
        more = Signal()
        last = Signal()
        m.d.comb += [
            more.eq(rest[7:] != 0),
            last.eq(self.bytes.valid & self.bytes.ready & ~more),
            self.bytes.payload.eq(Cat(rest[:7], more)),
            self.numbers.ready.eq(~self.bytes.valid | last),
        ]
        with m.If(self.bytes.valid & self.bytes.ready):
            m.d.sync += [
                rest.eq(rest[7:]),
                self.bytes.valid.eq(more),
            ]
        with m.If(self.numbers.valid & self.numbers.ready):
            m.d.sync += [
                rest.eq(self.numbers.payload),
                self.bytes.valid.eq(1),
            ]

        return m
