"""Frames of bytes: flags, escapes, header, CRC.

Ref: RFC 1662, section 4 "Octet-stuffed framing". The page docs/serial-link.md has the whole.
"""

from amaranth import *
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from .crc import ByteCrc


__all__ = ["SEGMENT", "Deframer", "Framer", "Header"]


FLAG   = 0x7E
ESCAPE = 0x7D
FLIP   = 0x20  #: The mask with which an escaped byte is XORed.

#: Bytes of the longest payload that docs/serial-link.md allows: a segment of a request, or of a
#: response.
SEGMENT = 64

#: Bytes of the CRC.
TRAILER = 4


class Header(data.Struct):
    """First three bytes of a frame."""

    segment:  4  #: Number of the segment in its request or response.
    last:     1  #: There is none after it.
    spare:    2
    response: 1  #: Sent by a board, not by a computer.
    number:   8  #: Sequence number of the request.
    about:    8  #: In a response its kind; in a request the segments of the response to send.


#: Bytes of the header.
HEADER = Header.as_shape().size // 8


def _check(segment):
    if segment not in (2, 4, 8, 16, 32, SEGMENT):
        raise ValueError(
            f"a segment must have a power of two bytes, from 2 to {SEGMENT}, not {segment!r}")


class Deframer(wiring.Component):
    """Finds frames, and tells those that are whole.

    What follows the header is handed on byte by byte before anybody knows whether the frame is
    whole, and where in it the CRC begins. Bytes must be ten cycles apart, or more.

    Parameters
    ----------
    segment : :class:`int`
        Bytes of the longest payload, a power of two: fewer only where a simulation is to be short.

    Members
    -------
    bytes : :py:`In(stream.Signature(8, always_ready=True))`
        What comes in.
    begun : :py:`Out(1)`
        Strobe: a frame may begin with the next byte.
    content : :py:`Out(stream.Signature(8, always_ready=True))`
        Bytes of the payload, and after them of the CRC; no more than a payload can have.
    offset : :py:`Out(range(segment))`
        Offset of that byte in the payload.
    whole : :py:`Out(1)`
        Strobe: the frame has ended, and is whole.
    header : :py:`Out(Header)`
        Its header, at that time.
    length : :py:`Out(range(segment + 1))`
        Bytes of its payload, at that time.
    """

    def __init__(self, segment=SEGMENT):
        _check(segment)
        self._segment = segment
        super().__init__({
            "bytes":   In(stream.Signature(8, always_ready=True)),
            "begun":   Out(1),
            "content": Out(stream.Signature(8, always_ready=True)),
            "offset":  Out(range(segment)),
            "whole":   Out(1),
            "header":  Out(Header),
            "length":  Out(range(segment + 1)),
        })

    def elaborate(self, platform):
        m = Module()

        m.submodules.crc = crc = ByteCrc()
        byte    = self.bytes.payload
        escaped = Signal()
        count   = Signal(7)  # bytes after the header; negative, modulo 128, in it
        longest = self._segment + TRAILER
        counted = Signal()   # a byte that is not framing
        plain   = Signal(8)

        m.d.comb += [
            counted.eq(self.bytes.valid & (byte != FLAG) & (byte != ESCAPE)),
            plain.eq(byte ^ Mux(escaped, FLIP, 0)),
            crc.start.eq(self.begun),
            crc.bytes.valid.eq(counted),
            crc.bytes.payload.eq(plain),
            self.begun.eq(self.bytes.valid & (byte == FLAG)),
            self.whole.eq(self.begun & ~escaped & crc.matches
                          & (count >= TRAILER) & (count <= longest)),
            self.length.eq(count - TRAILER),
            self.content.valid.eq(counted & (count < self._segment)),
            self.content.payload.eq(plain),
            self.offset.eq(count),
        ]
        with m.If(self.bytes.valid):
            m.d.sync += escaped.eq(byte == ESCAPE)
        with m.If(self.begun):
            m.d.sync += count.eq(-HEADER)
        with m.Elif(counted & (count != longest + 1)):  # The count stays there.
            m.d.sync += count.eq(count + 1)
        for index in range(HEADER):
            with m.If(counted & (count == 128 - HEADER + index)):
                m.d.sync += self.header.as_value().word_select(index, 8).eq(plain)

        return m


class Framer(wiring.Component):
    """Sends a frame, whose payload is in a memory.

    Parameters
    ----------
    segment : :class:`int`
        Bytes of the longest payload, as for :class:`Deframer`.

    Members
    -------
    start : :py:`In(1)`
        Strobe: begin.
    done : :py:`Out(1)`
        Strobe: the frame is out. No start before.
    header : :py:`In(Header)`
        Its header. To be kept.
    length : :py:`In(range(segment + 1))`
        Bytes of its payload. To be kept.
    address : :py:`Out(range(segment))`
        Which of them is to be read.
    content : :py:`In(8)`
        That byte, from the next cycle on.
    bytes : :py:`Out(stream.Signature(8))`
        The frame.
    """

    def __init__(self, segment=SEGMENT):
        _check(segment)
        super().__init__({
            "start":   In(1),
            "done":    Out(1),
            "header":  In(Header),
            "length":  In(range(segment + 1)),
            "address": Out(range(segment)),
            "content": In(8),
            "bytes":   Out(stream.Signature(8)),
        })

    def elaborate(self, platform):
        m = Module()

        m.submodules.crc = crc = ByteCrc()
        escaped = Signal()
        plain   = Signal(8)  # the byte to be sent next, before it is escaped
        special = Signal()
        taken   = Signal()   # it has been
        part    = Signal(3)  # 0 to 2 header, 3 content, 4 to 7 CRC

        m.d.comb += [
            special.eq((plain == FLAG) | (plain == ESCAPE)),
            plain.eq(Cat(self.header, self.content, crc.crc).word_select(part, 8)),
            crc.start.eq(self.start),
            crc.bytes.payload.eq(plain),
            crc.bytes.valid.eq(taken & ~part[2]),
        ]
        with m.FSM():
            with m.State("WAIT"):
                m.d.sync += [part.eq(0), self.address.eq(0)]
                with m.If(self.start):
                    m.next = "OPEN"

            with m.State("OPEN"):
                self._send(m, FLAG)
                with m.If(self.bytes.ready):
                    m.next = "SEND"

            with m.State("SEND"):
                with m.If(special & ~escaped):
                    self._send(m, ESCAPE)
                    m.d.sync += escaped.eq(self.bytes.ready)
                with m.Else():
                    self._send(m, plain ^ Mux(escaped, FLIP, 0))
                    m.d.comb += taken.eq(self.bytes.ready)
                with m.If(taken):
                    m.d.sync += escaped.eq(0)
                    m.next = "DIGEST"
                    with m.If(part == 7):
                        m.next = "CLOSE"
                    with m.Else():
                        self._go_on(m, part)

            with m.State("DIGEST"):  # the CRC takes some cycles, and the memory takes one
                with m.If(crc.bytes.ready):
                    m.next = "SEND"

            with m.State("CLOSE"):
                self._send(m, FLAG)
                with m.If(self.bytes.ready):
                    m.d.comb += self.done.eq(1)
                    m.next = "WAIT"

        return m

    def _send(self, m, byte):
        """Offer ``byte``."""
        m.d.comb += [self.bytes.valid.eq(1), self.bytes.payload.eq(byte)]

    def _go_on(self, m, part):
        """Turn to the next byte of the frame."""
        with m.Switch(part):
            with m.Case(2):
                m.d.sync += part.eq(Mux(self.length == 0, 4, 3))
            with m.Case(3):
                m.d.sync += self.address.eq(self.address + 1)
                with m.If(self.address + 1 == self.length):
                    m.d.sync += part.eq(4)
            with m.Default():
                m.d.sync += part.eq(part + 1)
