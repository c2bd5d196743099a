"""Physical transfers of an access, and its response."""

from amaranth import *
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from .bus import AccessResponse
from .lanes import beyond, lanes_of, rotated
from .layout import AccessKind, ErrorCode, Fault
from .queue import queue_of
from .translation import translated_layout
from .wishbone import WishboneSignature


__all__ = ["TransferUnit"]


def receipt_layout(config):
    """Parts of an access that its response needs, besides what memory returns."""
    return data.StructLayout({
        "physical": config.maxphyaddr,
        "fault":    Fault,
        "error":    ErrorCode,
        "unwritten": 1,  #: The store of a locked access has failed.
    })


class Flight(data.Struct):
    """Parts of an access by which its data are made of the words that memory returns."""

    offset: 3  #: Offset of the first byte in its word.
    size:   2
    second: 1  #: The transfer is that of the second of two words.
    last:   1  #: The transfer is that of the second word, or of the only one.


class TransferUnit(wiring.Component):
    """Executes translated accesses in order, one word a cycle; their responses are in order too.

    An access whose bytes lie in two 8-byte words is two transfers. The locked kinds wait until
    all earlier transfers have completed, and keep the bus from their first read to their last
    write. An access that has faulted makes no transfer.

    A transfer that fails makes its access end in a bus error. Of two words, the other one may have
    been stored; a locked access whose read fails stores nothing. Chained accesses after it that
    are not on the bus yet are skipped.

    Ref: Intel SDM Vol. 3A, section 8.1.2 "Bus Locking"; Wishbone B4, sections 3.1.3, 3.1.3.2.

    Latency
    -------
    A transfer is requested in the cycle in which the access is offered, and the access is accepted
    when its last one is; the response is there as the last transfer completes. Accesses of one
    transfer follow each other every cycle.

    Members
    -------
    request : :py:`In(stream.Signature(translated_layout(config)))`
        Accesses to do.
    takes, ends : :py:`Out(1)`, :py:`Out(1)`
        One that has no fault, and one that has, would be accepted if it were offered: as ``ready``
        is, but for the fault, which takes longer to find out.
    response : :py:`Out(stream.Signature(AccessResponse))`
        Their outcomes.
    memory : :py:`Out(WishboneSignature(maxphyaddr=config.maxphyaddr))`
        Physical memory.
    drained : :py:`Out(1)`
        All transfers that memory has accepted have completed.
    """

    def __init__(self, config):
        self.config = config
        super().__init__({
            "request":  In(stream.Signature(translated_layout(config))),
            "takes":    Out(1),
            "ends":     Out(1),
            "response": Out(stream.Signature(AccessResponse)),
            "memory":   Out(WishboneSignature(maxphyaddr=config.maxphyaddr)),
            "drained":  Out(1),
        })

        depth = config.outstanding
        self._lanes    = Signal(16)  # byte lanes in both words of the access
        self._two      = Signal()
        self._beat     = Signal()    # index of the word that is transferred now
        self._final    = Signal()    # it is the second word, or the only one
        self._accepted = Signal()    # memory accepts a transfer
        self._gathered = Signal()    # memory returns the last word of an access
        self._passed   = Signal()    # ... and its response leaves at once
        self._same     = Signal()    # ... and has read what lets it write
        self._writing  = Signal()    # a locked access has read, and now writes
        self._failed   = Signal()    # the transfer that returns, or the one before of its access,
        self._broken   = Signal()    # has failed; the same of the one that returned last
        self._idle     = Signal()    # no locked access is under way
        self._stopped  = Signal()    # the access is not begun: its chain has failed
        self._flights  = queue_of(config, width=Shape.cast(Flight).width, depth=depth)
        self._receipts = queue_of(config, width=receipt_layout(config).size, depth=depth)
        self._returned = Signal(64)  # what memory has returned last, as far as the access has it
        self._words    = queue_of(  # data of accesses, and "failed"
            config, width=65, depth=depth, last=Cat(self._returned, self._broken))

    def elaborate(self, platform):
        m = Module()

        m.submodules.flights  = flights  = self._flights
        m.submodules.receipts = receipts = self._receipts
        m.submodules.words    = words    = self._words

        space  = Signal()
        locked = Signal()
        m.d.comb += [
            space.eq(flights.level + words.level < self.config.outstanding),
            locked.eq((self.request.p.access.kind == AccessKind.EXCHANGE)
                      | (self.request.p.access.kind == AccessKind.COMPARE_EXCHANGE)),
        ]
        faulted = self.request.p.fault != Fault.NONE
        m.d.comb += self.request.ready.eq(Mux(faulted, self.ends, self.takes))
        # Amaranth's simulator computes all of a module anew when something of it changes: so there
        # are several.
        for add in (self._prepare, self._gather, self._follow_chain, self._respond):
            part = Module()
            m.submodules[add.__name__.strip("_")] = part
            add(part)
        with m.FSM():
            with m.State("TRANSFER"):
                may_issue = space & (receipts.w_rdy | self._beat)
                m.d.comb += [
                    self._idle.eq(1),
                    self.ends.eq(receipts.w_rdy),
                    self.takes.eq(Mux(self._stopped, receipts.w_rdy,
                                      ~locked & may_issue & self._final & ~self.memory.stall)),
                ]
                with m.If(self.request.valid & (faulted | self._stopped)):
                    m.d.comb += receipts.w_en.eq(1)
                with m.Elif(self.request.valid & locked):
                    with m.If(~flights.r_rdy & ~words.r_rdy & receipts.w_rdy):
                        m.next = "READ_LOCKED"
                with m.Elif(self.request.valid):
                    self._issue(m, when=may_issue)
                    m.d.comb += receipts.w_en.eq(self._accepted & ~self._beat)
            self._read_locked(m)
            self._write_locked(m)

        return m

    def _read_locked(self, m):
        """Read for a locked access, and find out whether it stores."""
        with m.State("READ_LOCKED"):
            self._lock(m)
            self._issue(m, when=self._flights.w_rdy)
            with m.If(self._accepted & self._final):
                m.next = "WAIT_READ"

        with m.State("WAIT_READ"):
            self._lock(m)
            m.d.sync += self._same.eq(self._matches())
            with m.If(~self._flights.r_rdy):
                m.next = "COMPARE_LOCKED"

        with m.State("COMPARE_LOCKED"):
            # The comparison has a cycle of its own: from it to the next access is a long way.
            self._lock(m)
            m.next = "WRITE_LOCKED"
            with m.If(self._broken | ~self._same):
                self._end_locked(m)

    def _write_locked(self, m):
        """Store for a locked access."""
        with m.State("WRITE_LOCKED"):
            self._lock(m)
            m.d.comb += self._writing.eq(1)
            self._issue(m, when=self._flights.w_rdy)
            with m.If(self._accepted & self._final):
                m.next = "WAIT_WRITE"

        with m.State("WAIT_WRITE"):
            self._lock(m)
            m.d.comb += self._writing.eq(1)
            with m.If(~self._flights.r_rdy):
                self._end_locked(m)

    def _end_locked(self, m):
        """Let the locked access go: it keeps the bus no longer than this cycle."""
        m.d.comb += [self._receipts.w_en.eq(1), self.takes.eq(1)]
        m.next = "TRANSFER"

    def _prepare(self, m):
        """Lay the access out on its words, and note what the responses will need of it."""
        request = self.request.p
        offset = request.physical[:3]
        word   = request.physical[3:]
        # A second word of the same page differs in its number there.
        second = Mux(request.crosses, Cat(C(0, 9), request.second),
                     Cat((word[:9] + 1)[:9], word[9:]))
        flight, receipt = Signal(Flight), Signal(receipt_layout(self.config))
        m.d.comb += [
            self._lanes.eq(lanes_of(offset, request.access.size)),
            self._two.eq(self._lanes[8:].any()),
            self._final.eq(self._beat | ~self._two),
            self.memory.adr.eq(Mux(self._beat, second, word)),
            self.memory.sel.eq(self._lanes.word_select(self._beat, 8)),
            self.memory.dat_w.eq(rotated(request.access.data, offset)),
            self.memory.we.eq((request.access.kind == AccessKind.WRITE) | self._writing),
            flight.offset.eq(offset),
            flight.size.eq(request.access.size),
            flight.second.eq(self._beat),
            flight.last.eq(self._final),
            self._flights.w_data.eq(flight),
            self._flights.w_en.eq(self._accepted),
            *(receipt[name].eq(request[name]) for name in ("physical", "error")),
            receipt.fault.eq(Mux(self._stopped & (request.fault == Fault.NONE),
                                 Fault.SKIPPED, request.fault)),
            receipt.unwritten.eq(self._writing & self._broken),
            self._receipts.w_data.eq(receipt),
        ]

    def _issue(self, m, *, when):
        """Request the transfer of the present word; go on to the next once it is accepted."""
        m.d.comb += [
            self.memory.stb.eq(when),
            self._accepted.eq(self.memory.stb & ~self.memory.stall),
        ]
        with m.If(self._accepted):
            m.d.sync += self._beat.eq(self._two & ~self._beat)

    def _lock(self, m):
        m.d.comb += self.memory.lock.eq(1)

    def _gather(self, m):
        """Make the data of an access of the one or two words that memory returns for it."""
        flight   = data.View(Flight, self._flights.r_data)
        returned = (self.memory.ack | self.memory.err) & self._flights.r_rdy
        word     = Signal(64)
        lanes    = []
        for number in range(8):
            in_first = flight.second & (flight.offset < 8 - number)
            byte     = Mux(in_first, self._returned.word_select(number, 8),
                           word.word_select(number, 8))
            lanes.append(Mux(beyond(flight.size)[number], 0, byte))
        m.d.comb += [
            self.memory.cyc.eq(self.memory.stb | self.memory.lock | self._flights.r_rdy),
            word.eq(rotated(self.memory.dat_r, -flight.offset)),
            self._flights.r_en.eq(returned),
            self._failed.eq(self.memory.err | (flight.second & self._broken)),
            self._words.w_data.eq(Cat(lanes, self._failed)),
            self._gathered.eq(returned & flight.last & ~self._writing),
            self._words.w_en.eq(self._gathered & ~self._passed),
            self.drained.eq(~self._flights.r_rdy),
        ]
        with m.If(returned):
            m.d.sync += [self._returned.eq(Cat(lanes)), self._broken.eq(self._failed)]

    def _follow_chain(self, m):
        """Know whether a chained access that is to begin follows one that has failed.

        Transfers of its chain may be in flight, and before them transfers of others.
        """
        access  = self.request.p.access
        ours    = Signal.like(self._flights.level)  # transfers in flight of the present chain
        failed  = Signal()                          # one of the chain has failed
        held    = Signal()                          # memory stalls the present transfer
        begins  = self._idle & self.request.valid & ~self._beat & ~access.chained
        oldest  = (ours != 0) & (ours == self._flights.level)
        ended   = (self.memory.ack | self.memory.err) & oldest
        m.d.sync += held.eq(self.memory.stb & self.memory.stall)
        m.d.comb += self._stopped.eq(self._idle & access.chained & failed & ~self._beat & ~held)
        m.d.sync += ours.eq(ours + self._accepted - ended)
        with m.If(self.memory.err & oldest):
            m.d.sync += failed.eq(1)
        with m.If(begins):
            m.d.sync += [ours.eq(self._accepted), failed.eq(0)]

    def _matches(self):
        """True if the locked access may store. Once it has read, its word is the only one."""
        access = self.request.p.access
        word   = self._words.r_data
        same   = Cat(word.word_select(number, 8) == access.compare.word_select(number, 8)
                     for number in range(8))
        return (access.kind == AccessKind.EXCHANGE) | (same | beyond(access.size)).all()

    def _respond(self, m):
        """Offer the response to the oldest access as soon as its data are there."""
        receipt  = data.View(receipt_layout(self.config), self._receipts.r_data)
        faulted  = receipt.fault != Fault.NONE
        failed   = ~faulted & (receipt.unwritten | Mux(
            self._words.r_rdy, self._words.r_data[64], self._failed))
        response = self.response.p
        # What memory returns now is of the oldest access if nothing is kept, and is not kept
        # if the response leaves at once. A locked access has read before it has a receipt.
        passing  = self._gathered & ~self._words.r_rdy
        m.d.comb += [
            self.response.valid.eq(self._receipts.r_rdy & (faulted | self._words.r_rdy | passing)),
            response.data.eq(Mux(faulted | failed, 0, Mux(
                self._words.r_rdy, self._words.r_data, self._words.w_data))),
            self._passed.eq(passing & self.response.ready & self._receipts.r_rdy & ~faulted),
            response.physical.eq(receipt.physical),
            response.fault.eq(Mux(failed, Fault.BUS_ERROR, receipt.fault)),
            response.error.eq(receipt.error),
        ]
        with m.If(self.response.valid & self.response.ready):
            m.d.comb += [self._receipts.r_en.eq(1), self._words.r_en.eq(~faulted)]
