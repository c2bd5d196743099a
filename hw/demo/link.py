"""Requests and responses: numbered, in segments, repeated when they got lost, and done once.

Ref: docs/serial-link.md.
"""

from amaranth import *
from amaranth.lib import stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out, connect, flipped
from amaranth.utils import exact_log2

from hw.signals import unpacked

from .framing import SEGMENT, Deframer, Framer
from .protocol import Opcode, ResponseKind, ResponseSignature


__all__ = ["Link"]


#: Segments of the longest request, and of the longest response, whose last one is not full.
SEGMENTS = 16


class Link(wiring.Component):
    """Keeps the last request and its response, so that it can be repeated, and is done once.

    Parameters
    ----------
    segment : :class:`int`
        Bytes of a segment, as for :class:`.framing.Deframer`.

    Members
    -------
    received : :py:`In(stream.Signature(8, always_ready=True))`
        Bytes from the line, ten cycles apart or more.
    sent : :py:`Out(stream.Signature(8))`
        Bytes to the line.
    connected : :py:`Out(1)`
        Strobe: a request to begin anew has come. Whoever uses the link drops what it does, and
        responds with a greeting.
    begun : :py:`Out(1)`
        Strobe: another request has come.
    request : :py:`Out(stream.Signature(8))`
        Its bytes.
    end : :py:`Out(1)`
        All of them have been taken.
    response : :py:`In(stream.Signature(8))`
        Bytes of the response. While it is full, they wait for the computer.
    finish : :py:`In(ResponseSignature)`
        The response is complete.
    """

    received:  In(stream.Signature(8, always_ready=True))
    sent:      Out(stream.Signature(8))
    connected: Out(1)
    begun:     Out(1)
    request:   Out(stream.Signature(8))
    end:       Out(1)
    response:  In(stream.Signature(8))
    finish:    In(ResponseSignature)

    def __init__(self, segment=SEGMENT):
        super().__init__()
        self._size        = segment
        self._offset_bits = exact_log2(segment)
        self._request_capacity  = SEGMENTS * segment
        self._response_capacity = SEGMENTS * segment - 1
        self._number  = Signal(8)  # of the last request that was done, or is
        self._kind    = Signal(ResponseKind, init=ResponseKind.ROWS)
        self._known   = Signal()   # somebody has connected
        self._stored  = Signal()   # the payload that comes in is kept
        self._first   = Signal(8)  # its first byte, kept or not
        self._next    = Signal(4)  # segments of the next request that have come
        self._missing = Signal()   # MISSING is sent, not the response
        self._segment = Signal(4)  # of the response that is sent
        self._final   = Signal(4)  # the last segment that was requested
        self._request_length  = Signal(range(self._request_capacity + 1))
        self._response_length = Signal(range(self._response_capacity + 1))
        self._offset = Signal(range(self._request_capacity + 1))  # of the next byte in the request

    def elaborate(self, platform):
        m = Module()

        m.submodules.deframer = deframer = Deframer(self._size)
        m.submodules.framer   = framer   = Framer(self._size)
        connect(m, flipped(self.received), deframer.bytes)
        connect(m, framer.bytes, flipped(self.sent))

        idle = Signal()
        self._sequence(m, deframer, framer, self._classify(m, deframer), idle)
        self._show_frame(m, framer)
        self._keep_request(m, deframer, idle)
        self._keep_response(m, framer)

        return m

    def _classify(self, m, deframer):
        """Tell frames that come: strobes, of which several may be high."""
        header = deframer.header
        frame  = unpacked("frame", {
            "came":      1,  # a segment of a request
            "ended":     1,  # the last segment of a request
            "again":     1,  # the last request once more
            "following": 1,  # the request after the last one
            "anew":      1,  # a request to connect
        })
        m.d.comb += [
            frame.came.eq(deframer.whole & ~header.response),
            frame.ended.eq(frame.came & header.last),
            frame.anew.eq(frame.ended & (header.segment == 0) & (deframer.length != 0)
                          & (self._first == Opcode.CONNECT)),
            frame.again.eq(frame.ended & self._known & (header.number == self._number)),
            frame.following.eq(
                frame.came & self._known & (header.number == (self._number + 1)[:8])),
        ]
        return frame

    def _sequence(self, m, deframer, framer, frame, idle):
        """Go from state to state: the states of docs/serial-link.md, "Who repeats"."""
        header = deframer.header
        with m.FSM():
            with m.State("IDLE"):
                m.d.comb += idle.eq(1)
                with m.If(frame.anew):
                    self._connect(m, header)
                    m.next = "CONNECT"
                with m.Elif(frame.following & self._stored & (header.segment == self._next)):
                    self._accept(m, deframer)
                    with m.If(header.last):
                        m.next = "DO"
                with m.Elif(frame.following & header.last):
                    m.d.sync += self._missing.eq(1)
                    m.next = "SEND"
                with m.Elif(frame.again):
                    self._select(m, header)
                    m.next = "SEND"

            with m.State("CONNECT"):
                # All of the machine waits for this strobe, so it comes from a register.
                m.d.comb += self.connected.eq(1)
                m.next = "DO"

            with m.State("DO"):
                with m.If(self._gather(m)):
                    m.next = "SEND"
                # What is gathered meanwhile is forgotten: no need for it to wait for this.
                with m.If(frame.anew):
                    self._connect(m, header)
                    m.next = "CONNECT"

            with m.State("SEND"):
                m.d.comb += framer.start.eq(1)
                m.next = "AWAIT_FRAMER"

            with m.State("AWAIT_FRAMER"):
                with m.If(framer.done):
                    m.d.sync += [self._missing.eq(0), self._segment.eq(self._segment + 1)]
                    m.next = "SEND"
                    with m.If(self._missing):
                        m.next = "IDLE"
                    with m.Elif(framer.header.last | (self._segment == self._final)):
                        m.next = "IDLE"
                        with m.If(self._kind == ResponseKind.MORE):
                            m.next = "WAIT_FOR_SPACE"

            with m.State("WAIT_FOR_SPACE"):
                with m.If(frame.anew):
                    self._connect(m, header)
                    m.next = "CONNECT"
                with m.Elif(frame.following & header.last):
                    self._begin(m, header)
                    m.next = "DO"
                with m.Elif(frame.again):
                    self._select(m, header)
                    m.next = "SEND"

    def _connect(self, m, header):
        """Begin anew."""
        m.d.sync += [self._known.eq(1), self._request_length.eq(0), self._offset.eq(0)]
        self._begin(m, header)

    def _accept(self, m, deframer):
        """Keep the segment that has come; after the last one, begin."""
        length, bits = deframer.length, self._offset_bits
        with m.If(deframer.header.last):
            m.d.comb += self.begun.eq(1)
            m.d.sync += [
                self._request_length.eq(Cat(length[:bits], self._next + length[bits])),
                self._offset.eq(0),
            ]
            self._begin(m, deframer.header)
        with m.Elif(length == self._size):
            m.d.sync += self._next.eq(self._next + 1)

    def _begin(self, m, header):
        """Prepare for a response to the request that has come."""
        m.d.sync += [
            self._number.eq(header.number), self._next.eq(0), self._response_length.eq(0),
            Cat(self._segment, self._final).eq(header.about),
        ]

    def _gather(self, m):
        """Take bytes of the response; return true when it is complete, or full."""
        full     = self.response.valid & (self._response_length == self._response_capacity)
        finished = self.finish.valid & self.finish.ready
        m.d.comb += [
            self.response.ready.eq(self._response_length != self._response_capacity),
            self.finish.ready.eq(~self.response.valid),
        ]
        with m.If(self.response.valid & self.response.ready):
            m.d.sync += self._response_length.eq(self._response_length + 1)
        with m.If(full):
            m.d.sync += self._kind.eq(ResponseKind.MORE)
        with m.If(finished):
            m.d.sync += self._kind.eq(self.finish.payload)
        return full | finished

    def _select(self, m, header):
        """Choose the segments of the response that the request wants."""
        m.d.sync += Cat(self._segment, self._final).eq(header.about)

    def _show_frame(self, m, framer):
        """Show what the frame has that is to be sent."""
        bits = self._offset_bits
        last = Signal()
        m.d.comb += [
            last.eq(self._segment == self._response_length[bits:]),
            framer.header.number.eq(self._number),
            framer.header.response.eq(1),
        ]
        with m.If(self._missing):
            m.d.comb += [
                framer.header.segment.eq(self._next),
                framer.header.last.eq(1),
                framer.header.about.eq(ResponseKind.MISSING),
            ]
        with m.Else():
            m.d.comb += [
                framer.header.segment.eq(self._segment),
                framer.header.last.eq(last),
                framer.header.about.eq(self._kind),
                framer.length.eq(Mux(last, self._response_length[:bits], self._size)),
            ]

    def _keep_request(self, m, deframer, idle):
        """Store segments that come in, but not over a request that is not done; and read them."""
        m.submodules.requests = memory = Memory(shape=8, depth=SEGMENTS * self._size, init=[])
        write, read = memory.write_port(), memory.read_port()
        fresh = Signal()  # the memory shows what is at our offset
        m.d.comb += [
            # Behind those that are kept, whatever the frame says: it may not be whole.
            write.addr.eq(Cat(deframer.offset, self._next)),
            write.data.eq(deframer.content.payload),
            write.en.eq(deframer.content.valid & self._stored),
            read.addr.eq(self._offset),
            self.end.eq(self._offset == self._request_length),
            self.request.valid.eq(fresh & ~self.end),
            self.request.payload.eq(read.data),
        ]
        # The flag that ends a request may begin another, before anybody is busy with the first.
        with m.If(deframer.begun):
            m.d.sync += self._stored.eq(idle)
        with m.Elif(~idle):
            m.d.sync += self._stored.eq(0)
        with m.If(deframer.content.valid & (deframer.offset == 0)):
            m.d.sync += self._first.eq(deframer.content.payload)

        m.d.sync += fresh.eq(~self.begun)
        with m.If(self.request.valid & self.request.ready):
            m.d.sync += [self._offset.eq(self._offset + 1), fresh.eq(0)]

    def _keep_response(self, m, framer):
        """Store the response, for sending it as often as need be."""
        m.submodules.responses = memory = Memory(shape=8, depth=SEGMENTS * self._size, init=[])
        write, read = memory.write_port(), memory.read_port()
        m.d.comb += [
            write.addr.eq(self._response_length),
            write.data.eq(self.response.payload),
            write.en.eq(self.response.valid & self.response.ready),
            read.addr.eq(Cat(framer.address, self._segment)),
            framer.content.eq(read.data),
        ]
