"""CRC-32 of bytes, one bit in a cycle.

Ref: CRC-32/ISO-HDLC; RFC 1662, appendix C.3 "32-bit FCS Computation Method".
"""

from amaranth import *
from amaranth.lib import stream, wiring
from amaranth.lib.crc.catalog import CRC32_ISO_HDLC
from amaranth.lib.wiring import In, Out


__all__ = ["ByteCrc"]


class ByteCrc(wiring.Component):
    """CRC-32 of a frame. A line has far more cycles for a byte than it has bits, so logic is saved.

    Latency
    -------
    Eight cycles a byte. ``crc`` and ``matches`` hold for all bytes so far when ``bytes.ready`` is
    high again.

    Members
    -------
    start : :py:`In(1)`
        Strobe: forget all bytes. None may be under way.
    bytes : :py:`In(stream.Signature(8))`
        The bytes of a frame.
    crc : :py:`Out(32)`
        Their CRC. It is sent with its lowest byte first.
    matches : :py:`Out(1)`
        The last four bytes are the CRC of those before them.
    """

    start:   In(1)
    bytes:   In(stream.Signature(8))
    crc:     Out(32)
    matches: Out(1)

    def elaborate(self, platform):
        m = Module()

        m.submodules.serial = serial = CRC32_ISO_HDLC(data_width=1).create()
        bits = Signal(9, init=1)  # those that are still to be taken, and a 1 above them
        m.d.comb += [
            serial.start.eq(self.start),
            serial.data.eq(bits[0]),
            serial.valid.eq(~self.bytes.ready),
            self.bytes.ready.eq(bits == 1),
            self.crc.eq(serial.crc),
            self.matches.eq(serial.match_detected),
        ]
        with m.If(~self.bytes.ready):
            m.d.sync += bits.eq(bits[1:])
        with m.Elif(self.bytes.valid):
            m.d.sync += bits.eq(Cat(self.bytes.payload, 1))

        return m
