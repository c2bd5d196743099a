"""Numbers in octets: LEB128, seven bits an octet, the lowest first.

Ref: DWARF Debugging Information Format, version 5, section 7.6 "Variable Length Data".
"""

from amaranth import *
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out


__all__ = ["VarintEncoder"]


class VarintEncoder(wiring.Component):
    """Takes a number of 64 bits, gives its octets: as few as there can be, but one.

    Latency
    -------
    The first octet comes in the cycle after the number is taken; the next number may be taken in
    the cycle of the last.

    Members
    -------
    numbers : :py:`In(stream.Signature(64))`
        Numbers.
    octets : :py:`Out(stream.Signature(8))`
        Their octets. Bit 7 says that the number goes on.
    """

    numbers: In(stream.Signature(64))
    octets:  Out(stream.Signature(8))

    def elaborate(self, platform):
        m = Module()

        rest = Signal(64)
        more = Signal()
        last = Signal()
        m.d.comb += [
            more.eq(rest[7:] != 0),
            last.eq(self.octets.valid & self.octets.ready & ~more),
            self.octets.payload.eq(Cat(rest[:7], more)),
            self.numbers.ready.eq(~self.octets.valid | last),
        ]
        with m.If(self.octets.valid & self.octets.ready):
            m.d.sync += [
                rest.eq(rest[7:]),
                self.octets.valid.eq(more),
            ]
        with m.If(self.numbers.valid & self.numbers.ready):
            m.d.sync += [
                rest.eq(self.numbers.payload),
                self.octets.valid.eq(1),
            ]

        return m
