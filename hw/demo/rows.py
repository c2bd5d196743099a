"""Rows of the trace: the events of a cycle, in numbers.

Ref: docs/serial-link.md, "Rows".
"""

from amaranth import *
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hw.bus import ControlOp, ControlState, Events
from hw.layout import AccessKind


__all__ = ["RowWriter"]


class RowWriter(wiring.Component):
    """Lets a machine run a cycle, after it has written down what happens in it.

    Latency
    -------
    A cycle in which nothing happens takes three cycles of the clock: what happens is found out in
    the first, and counts in those after it; the machine runs at the end of the last, for whose
    strobe all of the machine waits. Another takes about as many as there are numbers that a row can
    have, or more if they are not taken.

    Parameters
    ----------
    machine : :class:`.subsystem.MemorySubsystem`
        Whose ports are looked at.

    Members
    -------
    mark : :py:`In(16)`
        What software is doing.
    marked : :py:`In(1)`
        Strobe: there is a new mark.
    go : :py:`In(1)`
        The machine is to run a cycle, and shows what happens in it. To be kept, with all that goes
        into the machine, until it has.
    enable : :py:`Out(1)`
        It does, with the next edge of the clock.
    events : :py:`Out(Events)`
        What happens in that cycle.
    numbers : :py:`Out(stream.Signature(64))`
        The row.
    """

    def __init__(self, machine):
        self._machine = machine
        super().__init__({
            "mark":    In(16),
            "marked":  In(1),
            "go":      In(1),
            "enable":  Out(1),
            "events":  Out(Events),
            "numbers": Out(stream.Signature(64)),
        })
        self._known  = Signal()  # the mask is that of this cycle
        self._mask   = Signal(12)
        self._since = Signal(16, init=1)  # cycles since the row before
        self._mark_pending  = Signal(init=1)
        self._state_pending = Signal(init=1)

    def elaborate(self, platform):
        m = Module()

        words  = self._words()
        index  = Signal(range(len(words) + 1))
        wanted = Signal()
        last   = Signal()
        done   = Signal()
        with m.If(self.go & ~self._known):
            m.d.sync += [
                self._known.eq(1),
                self._mask.eq(Cat(self._conditions())),
                self.events.eq(self._machine.events),
            ]
        with m.Switch(index):
            for number, (condition, word) in enumerate(words):
                with m.Case(number):
                    m.d.comb += [wanted.eq(condition), self.numbers.payload.eq(word)]
            with m.Default():
                m.d.comb += last.eq(1)

        happened = (self._mask != 0) | self._since.all()
        m.d.comb += [
            self.numbers.valid.eq(self.go & self._known & happened & wanted),
            done.eq(self.go & self._known & (~happened | last)),
        ]
        m.d.sync += self.enable.eq(done & ~self.enable)
        with m.If(self.go & self._known & ~done & (self.numbers.ready | ~wanted)):
            m.d.sync += index.eq(index + 1)
        with m.If(self.enable):
            m.d.sync += [
                index.eq(0),
                self._known.eq(0),
                self._since.eq(Mux(happened, 1, self._since + 1)),
            ]
        self._remember(m)

        return m

    def _conditions(self):
        """Bits of the mask, from the lowest on."""
        access, control, memory = self._machine.access, self._machine.control, self._machine.memory
        transfer = memory.cyc & memory.stb & ~memory.stall
        request  = access.request.valid & access.request.ready
        kind     = access.request.p.kind
        return [
            self._mark_pending,
            self._state_pending,
            self._machine.events.as_value() != 0,
            memory.cyc & memory.ack,
            transfer,
            transfer & memory.we,
            access.response.valid,
            request,
            request & (kind != AccessKind.READ) & (kind != AccessKind.FETCH),
            control.response.valid,
            control.request.valid & control.request.ready,
            memory.cyc & memory.err,
        ]

    def _words(self):
        """All numbers that a row can have, in order, each with the condition that it has it.

        An error of memory, the last bit of the mask, has none.
        """
        access, control, memory = self._machine.access, self._machine.control, self._machine.memory
        state, request, response = control.state, access.request.p, access.response.p
        numbers = [
            [self.mark],
            [state[name] for name, _ in ControlState.as_shape()],
            [self.events],
            [memory.dat_r],
            [memory.adr, Cat(memory.we, memory.lock, memory.sel)],
            [memory.dat_w],
            [Cat(response.fault, response.error), response.physical, response.data],
            [Cat(request.size, request.kind, request.user, request.implicit, request.chained),
             request.linear],
            [request.data, request.compare],
            [control.response.p.fault, control.response.p.value],
            [Cat(control.request.p.op, C(0, 2), control.request.p.register),
             control.request.p.value],
        ]
        descriptor = self._mask[10] & (control.request.p.op == ControlOp.INVPCID)
        return [(C(1), self._since), (C(1), self._mask),
                *((self._mask[bit], number) for bit, group in enumerate(numbers)
                  for number in group),
                (descriptor, control.request.p.pcid), (descriptor, control.request.p.linear)]

    def _remember(self, m):
        """Note what the next row has to say besides what happens in it."""
        control = self._machine.control.request
        with m.If(self.enable):
            m.d.sync += [
                self._mark_pending.eq(0),
                self._state_pending.eq((control.valid & control.ready) | self.events.page_fault),
            ]
        with m.If(self.marked):
            m.d.sync += self._mark_pending.eq(1)
