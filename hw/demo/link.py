"""Requests and answers: numbered, repeated when they got lost, and done once.

Ref: docs/serial-link.md.
"""

from amaranth import *
from amaranth.lib import enum, stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out, connect, flipped

from .framing import CAPACITY, Deframer, Framer


__all__ = ["CONNECT", "AnswerKind", "AnswerSignature", "Link"]


#: First octet of a request that begins anew.
CONNECT = 0x01

#: Octets of an answer, without the one that says its kind.
ROOM = CAPACITY - 1


class AnswerKind(enum.Enum, shape=unsigned(8)):
    """First octet of an answer."""

    GREETING = 1
    ROWS     = 2
    MORE     = 3  #: The request is not done: there was no more room.
    COUNTERS = 4
    NONSENSE = 5  #: Rows, up to an operation that there is not.


#: A stream of answers, by their kinds.
AnswerSignature = stream.Signature(AnswerKind, payload_init=AnswerKind.ROWS)


class Link(wiring.Component):
    """Keeps the last request and its answer, so that it can be repeated, and is done once.

    Members
    -------
    received : :py:`In(stream.Signature(8, always_ready=True))`
        Octets from the line.
    sent : :py:`Out(stream.Signature(8))`
        Octets to the line.
    connected : :py:`Out(1)`
        Strobe: a request to begin anew has come. Whoever uses the link drops what it does, and
        answers with a greeting.
    begun : :py:`Out(1)`
        Strobe: another request has come.
    request : :py:`Out(stream.Signature(8))`
        Its octets.
    end : :py:`Out(1)`
        All of them have been taken.
    answer : :py:`In(stream.Signature(8))`
        Octets of the answer. When there is no room, they wait for the computer.
    finish : :py:`In(AnswerSignature)`
        The answer is complete.
    """

    received:  In(stream.Signature(8, always_ready=True))
    sent:      Out(stream.Signature(8))
    connected: Out(1)
    begun:     Out(1)
    request:   Out(stream.Signature(8))
    end:       Out(1)
    answer:    In(stream.Signature(8))
    finish:    In(AnswerSignature)

    def __init__(self):
        super().__init__()
        self._number = Signal(8)      # of the last request that was done, or is
        self._kind   = Signal(AnswerKind, init=AnswerKind.ROWS)
        self._filled = Signal(range(CAPACITY))
        self._known  = Signal()       # somebody has connected
        self._stored = Signal()       # the payload that comes in is kept
        self._first  = Signal(8)      # its first octet, kept or not
        self._length = Signal(range(CAPACITY + 1))  # of the request that is done
        self._place  = Signal(range(CAPACITY + 1))  # in it

    def elaborate(self, platform):
        m = Module()

        m.submodules.deframer = deframer = Deframer()
        m.submodules.framer   = framer   = Framer()
        connect(m, flipped(self.received), deframer.octets)
        connect(m, framer.octets, flipped(self.sent))

        again     = Signal()  # the request that has come is the last one once more
        following = Signal()  # ... the one after it
        anew      = Signal()  # ... one to connect
        idle      = Signal()
        m.d.comb += [
            anew.eq(deframer.whole & (deframer.length != 0) & (self._first == CONNECT)),
            again.eq(deframer.whole & self._known & (deframer.number == self._number)),
            following.eq(deframer.whole & self._known
                         & (deframer.number == (self._number + 1)[:8])),
            framer.number.eq(self._number),
            framer.kind.eq(self._kind),
            framer.length.eq(self._filled),
        ]
        with m.FSM():
            with m.State("IDLE"):
                m.d.comb += idle.eq(1)
                with m.If(anew):
                    self._connect(m, deframer)
                with m.Elif(following & self._stored):
                    m.d.comb += self.begun.eq(1)
                    m.d.sync += [self._length.eq(deframer.length), self._place.eq(0)]
                    self._begin(m, deframer)
                with m.Elif(again):
                    self._send(m, framer)

            with m.State("DO"):
                with m.If(anew):
                    self._connect(m, deframer)
                with m.Else():
                    self._gather(m, framer)

            with m.State("SEND"):
                with m.If(framer.done):
                    m.next = "IDLE"
                    with m.If(self._kind == AnswerKind.MORE):
                        m.next = "WAIT_FOR_ROOM"

            with m.State("WAIT_FOR_ROOM"):
                with m.If(anew):
                    self._connect(m, deframer)
                with m.Elif(following):
                    self._begin(m, deframer)
                with m.Elif(again):
                    self._send(m, framer)

        self._keep_request(m, deframer, idle)
        self._keep_answer(m, framer)

        return m

    def _connect(self, m, deframer):
        """Begin anew."""
        m.d.comb += self.connected.eq(1)
        m.d.sync += [self._known.eq(1), self._length.eq(0), self._place.eq(0)]
        self._begin(m, deframer)

    def _begin(self, m, deframer):
        """Make room for an answer to the request that has come."""
        m.d.sync += [self._number.eq(deframer.number), self._filled.eq(0)]
        m.next = "DO"

    def _gather(self, m, framer):
        """Take octets of the answer; send it when it is complete, or there is no more room."""
        full = self._filled == ROOM
        m.d.comb += [
            self.answer.ready.eq(~full),
            self.finish.ready.eq(~self.answer.valid),
        ]
        with m.If(self.answer.valid & self.answer.ready):
            m.d.sync += self._filled.eq(self._filled + 1)
        with m.If(self.answer.valid & full):
            m.d.sync += self._kind.eq(AnswerKind.MORE)
            self._send(m, framer)
        with m.If(self.finish.valid & self.finish.ready):
            m.d.sync += self._kind.eq(self.finish.payload)
            self._send(m, framer)

    def _send(self, m, framer):
        """Send the answer as it is."""
        m.d.comb += framer.start.eq(1)
        m.next = "SEND"

    def _keep_request(self, m, deframer, idle):
        """Store payloads that come in, but not over a request that is not done; and read them."""
        m.submodules.requests = memory = Memory(shape=8, depth=CAPACITY, init=[])
        write, read = memory.write_port(), memory.read_port()
        fresh = Signal()  # the memory shows what is at our place
        m.d.comb += [
            write.addr.eq(deframer.index),
            write.data.eq(deframer.payload.payload),
            write.en.eq(deframer.payload.valid & self._stored),
            read.addr.eq(self._place),
            self.end.eq(self._place == self._length),
            self.request.valid.eq(fresh & ~self.end),
            self.request.payload.eq(read.data),
        ]
        # The flag that ends a request may begin another, before anybody is busy with the first.
        with m.If(deframer.begun):
            m.d.sync += self._stored.eq(idle)
        with m.Elif(~idle):
            m.d.sync += self._stored.eq(0)
        with m.If(deframer.payload.valid & (deframer.index == 0)):
            m.d.sync += self._first.eq(deframer.payload.payload)

        m.d.sync += fresh.eq(~self.begun)
        with m.If(self.request.valid & self.request.ready):
            m.d.sync += [self._place.eq(self._place + 1), fresh.eq(0)]

    def _keep_answer(self, m, framer):
        """Store the answer, for sending it as often as need be."""
        m.submodules.answers = memory = Memory(shape=8, depth=CAPACITY, init=[])
        write, read = memory.write_port(), memory.read_port()
        m.d.comb += [
            write.addr.eq(self._filled),
            write.data.eq(self.answer.payload),
            write.en.eq(self.answer.valid & self.answer.ready),
            read.addr.eq(framer.address),
            framer.content.eq(read.data),
        ]
