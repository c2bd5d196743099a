"""The physical transfers of an access, and its response."""

from amaranth import *
from amaranth.lib import data, fifo, stream, wiring
from amaranth.lib.wiring import In, Out

from .bus import AccessResponse
from .layout import AccessKind, ErrorCode, Fault
from .translator import translated_layout
from .wishbone import WishboneSignature


__all__ = ["Transfer"]


class Receipt(data.Struct):
    """What is needed, when memory has answered, to answer the access."""

    offset:   3   #: Of the first byte in its word.
    size:     2
    two:      1   #: The bytes lie in two words.
    physical: 52
    fault:    Fault
    error:    ErrorCode


class Transfer(wiring.Component):
    """Does translated accesses in order, one word a cycle, and answers them in order.

    An access whose bytes lie in two 8-byte words is two transfers. The locked kinds wait until
    all earlier transfers are answered, and keep the bus from their first read to their last
    write. An access that has faulted makes no transfer.

    Ref: Intel SDM Vol. 3A, section 8.1.2 "Bus Locking"; Wishbone B4, section 3.1.3.2.

    Latency
    -------
    A transfer is asked for in the cycle after the access is taken; the response is there in the
    cycle after memory's last answer. Accesses of one transfer follow each other every cycle.

    Members
    -------
    request : :py:`In(stream.Signature(translated_layout(config)))`
        Accesses to do.
    response : :py:`Out(stream.Signature(AccessResponse))`
        Their outcomes.
    memory : :py:`Out(WishboneSignature(...))`
        Physical memory.
    drained : :py:`Out(1)`
        No access is held and memory has answered all transfers.
    """

    def __init__(self, config):
        self.config = config
        super().__init__({
            "request":  In(stream.Signature(translated_layout(config))),
            "response": Out(stream.Signature(AccessResponse)),
            "memory":   Out(WishboneSignature(maxphyaddr=config.maxphyaddr)),
            "drained":  Out(1),
        })

        depth = config.outstanding
        self._held    = Signal(translated_layout(config))
        self._valid   = Signal()
        self._finish  = Signal()             # the held access is done with
        self._beat    = Signal()             # which of its words is transferred now
        self._two     = Signal()
        self._asked   = Signal()             # memory takes a transfer
        self._flying  = Signal(range(depth + 1))
        self._lanes   = Signal(16)           # of both words
        self._old     = Signal(64)           # what a locked access has read, in its lanes
        self._seen    = Signal()             # ... the first word of it
        self._writing = Signal()             # ... and now writes
        self._rotated = Signal(64)           # an operand, in the lanes

    def elaborate(self, platform):
        m = Module()

        m.submodules.receipts = receipts = fifo.SyncFIFO(
            width=Shape.cast(Receipt).width, depth=self.config.outstanding)
        m.submodules.words = words = fifo.SyncFIFO(width=64, depth=self.config.outstanding)

        locked = self._prepare(m)
        room   = Signal()
        m.d.comb += room.eq(self._flying + words.level < self.config.outstanding)

        self._take(m)
        self._count(m, words)
        self._answer(m, receipts, words)
        with m.FSM():
            with m.State("TRANSFER"):
                with m.If(self._valid & (self._held.fault != Fault.NONE)):
                    m.d.comb += [receipts.w_en.eq(1), self._finish.eq(receipts.w_rdy)]
                with m.Elif(self._valid & locked):
                    m.d.sync += self._seen.eq(0)
                    with m.If((self._flying == 0) & (words.level == 0) & receipts.w_rdy):
                        m.next = "READ_LOCKED"
                with m.Elif(self._valid):
                    self._ask(m, when=room & (receipts.w_rdy | self._beat))
                    m.d.comb += receipts.w_en.eq(self._asked & ~self._beat)
                    m.d.comb += self._finish.eq(self._asked & (self._beat | ~self._two))

            with m.State("READ_LOCKED"):
                self._lock(m)
                self._ask(m, when=1)
                with m.If(self._asked & (self._beat | ~self._two)):
                    m.next = "WAIT_READ"

            with m.State("WAIT_READ"):
                self._lock(m)
                self._rotate(m, self._held.access.compare)
                with m.If(self._flying == 0):
                    m.next = "WRITE_LOCKED"
                    with m.If(~self._matches()):
                        m.d.comb += [receipts.w_en.eq(1), self._finish.eq(1)]
                        m.next = "TRANSFER"

            with m.State("WRITE_LOCKED"):
                self._lock(m)
                m.d.comb += self._writing.eq(1)
                self._ask(m, when=1)
                with m.If(self._asked & (self._beat | ~self._two)):
                    m.next = "WAIT_WRITE"

            with m.State("WAIT_WRITE"):
                self._lock(m)
                m.d.comb += self._writing.eq(1)
                with m.If(self._flying == 0):
                    m.d.comb += [receipts.w_en.eq(1), self._finish.eq(1)]
                    m.next = "TRANSFER"

        m.d.comb += receipts.w_data.eq(self._receipt())
        return m

    def _take(self, m):
        """Take the next access as soon as the held one is done with."""
        m.d.comb += self.request.ready.eq(~self._valid | self._finish)
        with m.If(self._finish):
            m.d.sync += self._valid.eq(0)
        with m.If(self.request.valid & self.request.ready):
            m.d.sync += [self._valid.eq(1), self._held.eq(self.request.payload)]

    def _prepare(self, m):
        """Lay the held access out on its words; return whether it is a locked one."""
        access = self._held.access
        offset = self._held.physical[:3]
        word   = self._held.physical[3:]
        beyond = Mux(self._held.crosses, Cat(C(0, 9), self._held.second), word + 1)
        widths = Array([0x01, 0x03, 0x0f, 0xff])
        m.d.comb += [
            self._lanes.eq(widths[access.size] << offset),
            self._two.eq(self._lanes[8:].any()),
            self.memory.adr.eq(Mux(self._beat, beyond, word)),
            self.memory.sel.eq(self._lanes.word_select(self._beat, 8)),
            self.memory.dat_w.eq(self._rotated),
            self.memory.we.eq((access.kind == AccessKind.WRITE) | self._writing),
        ]
        self._rotate(m, access.data)
        return ((access.kind == AccessKind.EXCHANGE)
                | (access.kind == AccessKind.COMPARE_EXCHANGE))

    def _ask(self, m, *, when):
        """Ask memory for the present word; go on to the next once it is taken."""
        m.d.comb += [
            self.memory.stb.eq(when),
            self._asked.eq(self.memory.stb & ~self.memory.stall),
        ]
        with m.If(self._asked):
            m.d.sync += self._beat.eq(self._two & ~self._beat)

    def _lock(self, m):
        m.d.comb += self.memory.lock.eq(1)

    def _count(self, m, words):
        """Follow the transfers in flight, and keep what memory answers."""
        answered = self.memory.ack & (self._flying != 0)
        m.d.comb += [
            self.memory.cyc.eq(self.memory.stb | self.memory.lock | (self._flying != 0)),
            words.w_data.eq(self.memory.dat_r),
            words.w_en.eq(answered & ~self._writing),
            self.drained.eq(~self._valid & (self._flying == 0)),
        ]
        m.d.sync += self._flying.eq(self._flying + self._asked - answered)
        with m.If(words.w_en):
            m.d.sync += self._seen.eq(1)
            for lane in range(8):
                with m.If(~self._seen | self._lanes[8 + lane]):
                    m.d.sync += self._old.word_select(lane, 8).eq(
                        self.memory.dat_r.word_select(lane, 8))

    def _rotate(self, m, operand):
        """Turn ``operand`` so that its bytes are in their lanes, of whichever word."""
        m.d.comb += self._rotated.eq(_rotated(operand, self._held.physical[:3]))

    def _matches(self):
        """May the locked access store? When its second operand is in the lanes."""
        same = Cat(self._old.word_select(lane, 8) == self._rotated.word_select(lane, 8)
                   for lane in range(8))
        return ((self._held.access.kind == AccessKind.EXCHANGE)
                | (same | ~(self._lanes[:8] | self._lanes[8:])).all())

    def _receipt(self):
        """What the response will need of the held access."""
        return Cat(
            self._held.physical[:3],
            self._held.access.size,
            self._two & (self._held.fault == Fault.NONE),
            self._held.physical | C(0, 52),
            self._held.fault,
            self._held.error,
        )

    def _answer(self, m, receipts, words):
        """Answer the oldest access as soon as its words are there."""
        receipt = data.View(Receipt, receipts.r_data)
        first   = Signal(64)
        kept    = Signal()  # ``first`` holds the first of two words
        faulted = receipt.fault != Fault.NONE
        wanted  = receipt.two & ~kept
        # The lanes from the first byte on are in the first word, and the others in the second.
        both    = Cat(Mux(receipt.two & (receipt.offset <= lane), first.word_select(lane, 8),
                          words.r_data.word_select(lane, 8)) for lane in range(8))
        found   = _rotated(both, -receipt.offset)
        answer  = self.response.p
        m.d.comb += [
            self.response.valid.eq(receipts.r_rdy & (faulted | (words.r_rdy & ~wanted))),
            answer.data.eq(Mux(faulted, 0, found & _byte_mask(receipt.size))),
            answer.physical.eq(receipt.physical),
            answer.fault.eq(receipt.fault),
            answer.error.eq(receipt.error),
        ]
        with m.If(self.response.valid & self.response.ready):
            m.d.comb += [receipts.r_en.eq(1), words.r_en.eq(~faulted)]
            m.d.sync += kept.eq(0)
        with m.Elif(receipts.r_rdy & ~faulted & words.r_rdy & wanted):
            m.d.comb += words.r_en.eq(1)
            m.d.sync += [first.eq(words.r_data), kept.eq(1)]


def _rotated(value, octets):
    """``value``, of 64 bits, turned to the left by so many bytes, modulo 8."""
    for bit in range(3):
        value = Mux(octets[bit], value.rotate_left(8 << bit), value)
    return value


def _byte_mask(size):
    """Mask of the low 1, 2, 4 or 8 bytes."""
    return Array(C((1 << (8 << n)) - 1, 64) for n in range(4))[size]
