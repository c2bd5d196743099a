"""Processor of the demonstration system: executes the operations of a request on the unit's ports.

Ref: docs/serial-link.md, "Requests".

States, each with those that may follow it (a request that ends too early leads to DECODE):

=============  ===================================================
REPORT         FINISH
FINISH         WAIT
WAIT           DECODE
DECODE         CYCLE, FINISH, ISSUE_CONTROL, REPORT, TAKE_CONTROL,
               TAKE_FLAGS, TAKE_MARK
TAKE_MARK      DECODE
CYCLE          DECODE
TAKE_CONTROL   DECODE, TAKE_VALUE
TAKE_VALUE     DECODE, ISSUE_CONTROL, TAKE_PCID
TAKE_PCID      DECODE, TAKE_ADDRESS
TAKE_ADDRESS   DECODE, ISSUE_CONTROL
ISSUE_CONTROL  AWAIT_CONTROL
AWAIT_CONTROL  DECODE
TAKE_FLAGS     DECODE, TAKE_COUNT
TAKE_COUNT     DECODE, TAKE_LINEAR
TAKE_LINEAR    DECODE, ISSUE, TAKE_DATA
TAKE_DATA      DECODE, ISSUE, TAKE_COMPARE
TAKE_COMPARE   DECODE, ISSUE
ISSUE          DECODE, TAKE_DATA
=============  ===================================================
"""

from contextlib import contextmanager

from amaranth import *
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hw.bus import AccessRequest, AccessSignature, ControlOp, ControlSignature, Register
from hw.layout import CR0, AccessKind

from .protocol import Opcode, ResponseKind, ResponseSignature


__all__ = ["Bridge"]


class Bridge(wiring.Component):
    """Takes bytes of operations, and lets the machine run as many cycles as they need.

    After a reset it greets; then it does requests.

    Parameters
    ----------
    config : :class:`hw.config.MmuConfig`
        The unit's. Without long mode, addresses and values of registers have 32 bits.

    Members
    -------
    begun : :py:`In(1)`
        Strobe: a request has come.
    bytes, end : :py:`In(stream.Signature(8))`, :py:`In(1)`
        The bytes of the request; all of them have been accepted.
    toggle : :py:`In(1)`
        Strobe: CR0.WP is to be inverted.
    go, enable : :py:`Out(1)`, :py:`In(1)`
        The machine is to run a cycle, and does.
    access, control : :py:`Out(AccessSignature())`, :py:`Out(ControlSignature())`
        The machine's ports.
    mark, marked : :py:`Out(16)`, :py:`Out(1)`
        What software is doing, and a strobe when that is new.
    last : :py:`Out(AccessRequest)`
        The access that was accepted last.
    completed : :py:`Out(1)`
        That access completes in this cycle, and no other is outstanding.
    report : :py:`Out(ResponseSignature)`
        The greeting, or the counters, are to be sent.
    finish : :py:`Out(ResponseSignature)`
        The request is done.
    """

    def __init__(self, config):
        super().__init__({
            "begun":     In(1),
            "bytes":     In(stream.Signature(8)),
            "end":       In(1),
            "toggle":    In(1),
            "go":        Out(1),
            "enable":    In(1),
            "access":    Out(AccessSignature()),
            "control":   Out(ControlSignature()),
            "mark":      Out(16),
            "marked":    Out(1),
            "last":      Out(AccessRequest),
            "completed": Out(1),
            "report":    Out(ResponseSignature),
            "finish":    Out(ResponseSignature),
        })
        self._operand     = Signal(64 if config.long_mode else 32)  # It is an address, or a value.
        self._access      = Signal(AccessRequest)                   # Its address is the operand.
        self._flags       = Signal(8)
        self._control     = Signal(8)
        self._pcid        = Signal(64 if config.invpcid else 0)  # else it is passed over
        self._address     = Signal.like(self._pcid)
        self._kind        = Signal(ResponseKind, init=ResponseKind.GREETING)
        self._first       = Signal()          # no operation of the request has come
        self._toggled     = Signal()          # the button's request waits
        self._toggles     = Signal()          # the button's request is done
        self._outstanding = Signal(6)         # accesses that have not completed
        self._remaining   = Signal(8)         # accesses of this operation after the next one
        self._more        = Signal(range(8))  # bytes of a number after the next one

    def elaborate(self, platform):
        m = Module()

        accepted  = self.access.request.valid & self.access.request.ready & self.enable
        completed = self.access.response.valid & self.enable
        m.d.comb += [
            self.access.request.payload.eq(self._access),
            self.access.request.p.linear.eq(self._operand),
            self.access.response.ready.eq(1),
            self.control.response.ready.eq(1),
            self.completed.eq(completed & (self._outstanding == 1)),
            self.report.payload.eq(self._kind),
            self.finish.payload.eq(self._kind),
        ]
        m.d.sync += self._outstanding.eq(self._outstanding + accepted - completed)
        with m.If(accepted):
            m.d.sync += self.last.eq(self.access.request.p)
        with m.If(self.toggle):
            m.d.sync += self._toggled.eq(1)

        self._show_control(m)
        with m.FSM():
            with m.State("REPORT"):
                m.d.comb += self.report.valid.eq(1)
                with m.If(self.report.ready):
                    m.next = "FINISH"

            with m.State("FINISH"):
                m.d.comb += self.finish.valid.eq(1)
                with m.If(self.finish.ready):
                    m.next = "WAIT"

            with m.State("WAIT"):
                m.d.sync += [self._kind.eq(ResponseKind.ROWS), self._first.eq(1)]
                with m.If(self.begun):
                    m.next = "DECODE"

            with m.State("DECODE"):
                self._decode(m)

            self._mark_and_cycle(m)
            self._control_operation(m)
            self._accesses(m, accepted)

        return m

    def _decode(self, m):
        """Turn to the next operation, when those before it allow it."""
        opcode  = self.bytes.payload
        on_port = (opcode == Opcode.CONTROL) | (opcode == Opcode.ACCESS)
        waits   = self.end | self.bytes.valid & (opcode != Opcode.ACCESS)
        with m.If((self._outstanding != 0) & waits):
            m.d.comb += self.go.eq(1)
        with m.Elif(self.end):
            m.next = "FINISH"
        with m.Elif(self.bytes.valid & on_port & self._toggled & (self._outstanding == 0)):
            m.d.sync += [self._toggles.eq(1), self._toggled.eq(0)]
            m.next = "ISSUE_CONTROL"
        with m.Elif(self.bytes.valid):
            m.d.comb += self.bytes.ready.eq(1)
            m.d.sync += self._first.eq(0)
            with m.Switch(opcode):
                with m.Case(Opcode.COUNTERS):
                    m.d.sync += self._kind.eq(
                        Mux(self._first, ResponseKind.COUNTERS, ResponseKind.NONSENSE))
                    m.next = "FINISH"
                    with m.If(self._first):
                        m.next = "REPORT"
                with m.Case(Opcode.MARK):
                    self._expect(m, self.mark, 2)
                    m.next = "TAKE_MARK"
                with m.Case(Opcode.CYCLE):
                    m.next = "CYCLE"
                with m.Case(Opcode.CONTROL):
                    self._expect(m, self._control, 1)
                    m.next = "TAKE_CONTROL"
                with m.Case(Opcode.ACCESS):
                    self._expect(m, self._flags, 1)
                    m.next = "TAKE_FLAGS"
                with m.Default():
                    m.d.sync += self._kind.eq(ResponseKind.NONSENSE)
                    m.next = "FINISH"

    def _show_control(self, m):
        """Show the control port its next request."""
        request = self.control.request
        m.d.comb += [
            request.p.op.eq(self._control[0:2]),
            request.p.register.eq(self._control[4:8]),
            request.p.value.eq(self._operand),
            request.p.pcid.eq(self._pcid),
            request.p.linear.eq(self._address),
        ]
        with m.If(self._toggles):
            m.d.comb += [
                request.p.op.eq(ControlOp.WRITE),
                request.p.register.eq(Register.CR0),
                request.p.value.eq(self.control.state.cr0 ^ CR0.const({"wp": 1}).as_bits()),
            ]

    def _mark_and_cycle(self, m):
        """MARK and CYCLE."""
        with m.State("TAKE_MARK"):
            with self._number(m, self.mark):
                m.d.comb += self.marked.eq(1)
                m.next = "DECODE"

        with m.State("CYCLE"):
            m.d.comb += self.go.eq(1)
            with m.If(self.enable):
                m.next = "DECODE"

    def _control_operation(self, m):
        """CONTROL, and the button's write of CR0."""
        request = self.control.request

        with m.State("TAKE_CONTROL"):
            with self._number(m, self._control):
                self._expect(m, self._operand, 8)
                m.next = "TAKE_VALUE"

        with m.State("TAKE_VALUE"):
            with self._number(m, self._operand):
                self._expect(m, self._pcid, 8)
                m.next = "TAKE_PCID"
                with m.If(request.p.op != ControlOp.INVPCID):
                    m.next = "ISSUE_CONTROL"

        with m.State("TAKE_PCID"):
            with self._number(m, self._pcid):
                self._expect(m, self._address, 8)
                m.next = "TAKE_ADDRESS"

        with m.State("TAKE_ADDRESS"):
            with self._number(m, self._address):
                m.next = "ISSUE_CONTROL"

        with m.State("ISSUE_CONTROL"):
            m.d.comb += [self.go.eq(1), request.valid.eq(1)]
            with m.If(self.enable & request.ready):
                m.next = "AWAIT_CONTROL"

        with m.State("AWAIT_CONTROL"):
            m.d.comb += self.go.eq(1)
            with m.If(self.enable & self.control.response.valid):
                m.d.sync += self._toggles.eq(0)
                m.next = "DECODE"

    def _accesses(self, m, accepted):
        """ACCESS, several times over."""
        access = self._access
        size  = 1 << access.size
        reads  = (access.kind == AccessKind.READ) | (access.kind == AccessKind.FETCH)

        with m.State("TAKE_FLAGS"):
            with self._number(m, self._flags):
                self._expect(m, self._remaining, 1)
                m.next = "TAKE_COUNT"

        with m.State("TAKE_COUNT"):
            m.d.sync += Cat(access.size, access.kind, access.user, access.implicit,
                            access.chained).eq(self._flags)
            with self._number(m, self._remaining):
                self._expect(m, self._operand, 8)
                m.next = "TAKE_LINEAR"

        with m.State("TAKE_LINEAR"):
            with self._number(m, self._operand):
                self._expect(m, access.data, size)
                m.next = "TAKE_DATA"
                with m.If(reads):
                    m.next = "ISSUE"

        with m.State("TAKE_DATA"):
            with self._number(m, access.data):
                self._expect(m, access.compare, size)
                m.next = "TAKE_COMPARE"
                with m.If(access.kind != AccessKind.COMPARE_EXCHANGE):
                    m.next = "ISSUE"

        with m.State("TAKE_COMPARE"):
            with self._number(m, access.compare):
                m.next = "ISSUE"

        with m.State("ISSUE"):
            m.d.comb += [self.go.eq(1), self.access.request.valid.eq(1)]
            with m.If(accepted):
                m.d.sync += [
                    self._operand.eq(self._operand + size),
                    access.chained.eq(1),
                    self._remaining.eq(self._remaining - 1),
                ]
                with m.If(self._remaining == 1):
                    m.next = "DECODE"
                with m.Elif(~reads):
                    self._expect(m, access.data, size)
                    m.next = "TAKE_DATA"

    def _expect(self, m, number, size):
        """Prepare for ``number``, of ``size`` bytes."""
        m.d.sync += [number.eq(0), self._more.eq(size - 1)]

    @contextmanager
    def _number(self, m, number):
        """Take a byte of ``number``; the context is for when it was the last."""
        m.d.comb += self.bytes.ready.eq(1)
        with m.If(self.bytes.valid):
            m.d.sync += [
                number.eq(Cat(self.bytes.payload, number[:-8])[:len(number)]),
                self._more.eq(self._more - 1),
            ]
            with m.If(self._more == 0):
                yield
        with m.If(self.end):  # too early
            m.d.sync += self._kind.eq(ResponseKind.NONSENSE)
            m.next = "DECODE"
