"""Frames of octets: flags, escapes, length, sequence number, CRC.

Ref: RFC 1662, section 4 "Octet-stuffed framing"; CRC-16/IBM-3740. The page docs/serial-link.md has
the whole.
"""

from amaranth import *
from amaranth.lib import stream, wiring
from amaranth.lib.crc import Algorithm
from amaranth.lib.wiring import In, Out


__all__ = ["CAPACITY", "Deframer", "Framer"]


FLAG   = 0x7E
ESCAPE = 0x7D
FLIP   = 0x20  #: What an escaped octet is XORed with.

#: Octets of the longest payload.
CAPACITY = 1024

#: Octets before and after the payload: length and sequence number; CRC.
HEADER, TRAILER = 3, 2


def _crc():
    return Algorithm(crc_width=16, polynomial=0x1021, initial_crc=0xFFFF, reflect_input=False,
                     reflect_output=False, xor_output=0)(data_width=8).create()


class Deframer(wiring.Component):
    """Finds frames, and tells those that are whole.

    A payload is handed on octet by octet before anybody knows whether its frame is whole.

    Members
    -------
    octets : :py:`In(stream.Signature(8, always_ready=True))`
        What comes in.
    begun : :py:`Out(1)`
        Strobe: a frame may begin with the next octet.
    payload : :py:`Out(stream.Signature(8, always_ready=True))`
        Octets of the payload.
    index : :py:`Out(range(CAPACITY))`
        Which of them.
    whole : :py:`Out(1)`
        Strobe: the frame has ended, and is whole.
    number : :py:`Out(8)`
        Its sequence number, at that time.
    length : :py:`Out(range(CAPACITY + 1))`
        Octets of its payload, at that time.
    """

    octets:  In(stream.Signature(8, always_ready=True))
    begun:   Out(1)
    payload: Out(stream.Signature(8, always_ready=True))
    index:   Out(range(CAPACITY))
    whole:   Out(1)
    number:  Out(8)
    length:  Out(range(CAPACITY + 1))

    def elaborate(self, platform):
        m = Module()

        m.submodules.crc = crc = _crc()
        octet   = self.octets.payload
        escaped = Signal()
        count   = Signal(range(HEADER + CAPACITY + TRAILER + 2))  # octets of the frame so far
        place   = Signal.like(count)                              # ... of the payload
        length  = Signal(16)
        content = Signal()                                        # an octet that is not framing
        plain   = Signal(8)

        m.d.comb += [
            content.eq(self.octets.valid & (octet != FLAG) & (octet != ESCAPE)),
            plain.eq(octet ^ Mux(escaped, FLIP, 0)),
            crc.start.eq(self.begun),
            crc.valid.eq(content),
            crc.data.eq(plain),
            self.begun.eq(self.octets.valid & (octet == FLAG)),
            self.whole.eq(self.begun & ~escaped & crc.match_detected
                          & (count == length + HEADER + TRAILER) & (length <= CAPACITY)),
            self.length.eq(length),
            place.eq(count - HEADER),
            self.payload.valid.eq(content & (count >= HEADER) & (place < length)),
            self.payload.payload.eq(plain),
            self.index.eq(place),
        ]
        with m.If(self.octets.valid):
            m.d.sync += escaped.eq(octet == ESCAPE)
        with m.If(self.begun):
            m.d.sync += count.eq(0)
        with m.Elif(content & ~count.all()):
            m.d.sync += count.eq(count + 1)
            with m.Switch(count):
                with m.Case(0):
                    m.d.sync += length[:8].eq(plain)
                with m.Case(1):
                    m.d.sync += length[8:].eq(plain)
                with m.Case(2):
                    m.d.sync += self.number.eq(plain)

        return m


class Framer(wiring.Component):
    """Sends a frame, whose payload is an octet that says what it is, and the content of a memory.

    Members
    -------
    start : :py:`In(1)`
        Strobe: begin.
    done : :py:`Out(1)`
        Strobe: the frame is out. No start before.
    number, kind : :py:`In(8)`
        Sequence number, and the first octet of the payload. To be kept.
    length : :py:`In(range(CAPACITY))`
        Octets of the memory to send. To be kept.
    address : :py:`Out(range(CAPACITY))`
        Which of them is to be read.
    content : :py:`In(8)`
        That octet, from the next cycle on.
    octets : :py:`Out(stream.Signature(8))`
        The frame.
    """

    start:   In(1)
    done:    Out(1)
    number:  In(8)
    kind:    In(8)
    length:  In(range(CAPACITY))
    address: Out(range(CAPACITY))
    content: In(8)
    octets:  Out(stream.Signature(8))

    def elaborate(self, platform):
        m = Module()

        m.submodules.crc = crc = _crc()
        escaped = Signal()
        plain   = Signal(8)                     # the octet to be sent next, before it is escaped
        special = Signal()
        taken   = Signal()                      # it has been
        part    = Signal(range(7))              # 0 to 3 header, 4 content, 5 and 6 CRC
        payload = Signal(range(CAPACITY + 1))

        m.d.comb += [
            payload.eq(self.length + 1),
            special.eq((plain == FLAG) | (plain == ESCAPE)),
            crc.start.eq(self.start),
            crc.data.eq(plain),
            crc.valid.eq(taken & (part < 5)),
        ]
        with m.Switch(part):
            for number, octet in enumerate((payload[:8], payload[8:], self.number, self.kind,
                                            self.content, crc.crc[8:], crc.crc[:8])):
                with m.Case(number):
                    m.d.comb += plain.eq(octet)

        with m.FSM():
            with m.State("WAIT"):
                m.d.sync += [part.eq(0), self.address.eq(0)]
                with m.If(self.start):
                    m.next = "OPEN"

            with m.State("OPEN"):
                self._send(m, FLAG)
                with m.If(self.octets.ready):
                    m.next = "SEND"

            with m.State("SEND"):
                with m.If(special & ~escaped):
                    self._send(m, ESCAPE)
                    m.d.sync += escaped.eq(self.octets.ready)
                with m.Else():
                    self._send(m, plain ^ Mux(escaped, FLIP, 0))
                    m.d.comb += taken.eq(self.octets.ready)
                with m.If(taken):
                    m.d.sync += escaped.eq(0)
                    m.next = "FETCH"
                    self._go_on(m, part)

            with m.State("FETCH"):  # the memory takes a cycle
                m.next = "SEND"

            with m.State("CLOSE"):
                self._send(m, FLAG)
                with m.If(self.octets.ready):
                    m.d.comb += self.done.eq(1)
                    m.next = "WAIT"

        return m

    def _send(self, m, octet):
        """Offer ``octet``."""
        m.d.comb += [self.octets.valid.eq(1), self.octets.payload.eq(octet)]

    def _go_on(self, m, part):
        """Turn to the next octet of the frame."""
        with m.Switch(part):
            with m.Case(3):
                m.d.sync += part.eq(Mux(self.length == 0, 5, 4))
            with m.Case(4):
                m.d.sync += self.address.eq(self.address + 1)
                with m.If(self.address + 1 == self.length):
                    m.d.sync += part.eq(5)
            with m.Case(6):
                m.next = "CLOSE"
            with m.Default():
                m.d.sync += part.eq(part + 1)
