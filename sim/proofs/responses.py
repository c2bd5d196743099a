"""Proof: responses are those of the accesses, in their order, with what memory has returned.

Bounded: it holds of all runs of a number of cycles, from reset. One access, any of them, is
watched.
"""

from typing import Any

from amaranth.hdl import Array, Cat, Const, Elaboratable, Module, Mux, Signal, Value

from hw.layout import AccessKind, Fault
from hw.transfer import TransferUnit

from .design import inputs_of
from .proof import Sentence, Subject, prove
from .property import Method, Property
from .streams import Held
from .transfers import CONFIG, fields_of
from .wishbone import BusWatch


__all__ = ["PROPERTIES", "prove_of_order"]


class Order(Elaboratable):
    """A unit of transfers, and of one of its accesses what it was, and what memory has returned.

    Attributes
    ----------
    number : :class:`Signal`
        The access that is watched, counted from reset. An input, the same in all cycles.
    steady : :class:`Signal`
        It is.
    access : :class:`Signal`
        The access.
    answered : :class:`Signal`
        The response to it is there.
    due : :class:`Signal`
        Some access was accepted, and has no response, though all its transfers have completed.
    failed : :class:`Signal`
        A transfer of it has failed by now.
    returned : list of :class:`Signal`
        Words that its reads have returned by now.
    """

    def __init__(self, bus: BusWatch, unit: Any):
        self.bus, self.unit = bus, unit
        self.number   = Signal(3, name="watched_number")
        self.steady   = Signal()
        self.access   = Signal(unit.request.p.shape())
        self.answered = Signal()
        self.due      = Signal()
        self.failed   = Signal()
        self.returned = [Signal(64, name=f"returned_{number}") for number in range(2)]

    def elaborate(self, platform: Any) -> Module:
        m = Module()
        m.submodules.bus = self.bus
        request, response, memory = self.unit.request, self.unit.response, self.unit.memory
        started, number = Signal(), Signal.like(self.number)
        taken, answered = Signal(5), Signal(5)
        m.d.sync += [started.eq(1), number.eq(self.number)]
        with m.If(request.valid & request.ready):
            m.d.sync += taken.eq(taken + 1)
        with m.If(response.valid & response.ready):
            m.d.sync += answered.eq(answered + 1)
        with m.If(request.valid & (taken == self.number)):
            m.d.sync += self.access.eq(request.p)
        m.d.comb += [
            self.steady.eq(~started | (self.number == number)),
            self.answered.eq(response.valid & (answered == self.number)),
            self.due.eq((taken != answered) & (self.bus.outstanding == 0)),
        ]
        self._follow(m, ours=request.valid & (taken == self.number),
                     accepted=memory.cyc & memory.stb & ~memory.stall)
        return m

    def _follow(self, m: Module, *, ours: Value, accepted: Value) -> None:
        """Keep what memory returns for the watched access."""
        memory = self.unit.memory
        issued, completed = Signal(5), Signal(5)    # transfers since reset
        first, count, reads = Signal(5), Signal(3), Signal(2)
        completes = memory.ack | memory.err
        m.d.sync += [issued.eq(issued + accepted), completed.eq(completed + completes)]
        with m.If(ours & accepted):
            m.d.sync += [count.eq(count + 1), reads.eq(reads + ~memory.we)]
            with m.If(count == 0):
                m.d.sync += first.eq(issued)
        index = completed - first
        mine  = completes & (count != 0) & (index >= 0) & (index < count)
        failed, kept = Signal(), [Signal.like(word) for word in self.returned]
        m.d.comb += self.failed.eq(failed | (mine & memory.err))
        m.d.sync += failed.eq(self.failed)
        for place, (word, before) in enumerate(zip(self.returned, kept, strict=True)):
            m.d.comb += word.eq(Mux(mine & (index == place) & (reads > place),
                                    memory.dat_r, before))
            m.d.sync += before.eq(word)


def prove_of_order(unit: Any, cycles: int) -> None:
    """Prove that responses are those of the accesses, in their order, with their bytes."""
    held  = Held(unit, [unit.request])
    watch = BusWatch(held, unit.memory, most=CONFIG.outstanding)
    order = Order(watch, unit)
    response, access = unit.response.p, order.access
    answered, judged = order.answered, order.answered & (access.fault == Fault.NONE)
    done   = judged & (response.fault == Fault.NONE)
    data   = Cat(*order.returned) >> (access.physical[:3] << 3)
    length = Array(Const((1 << (8 << size)) - 1, 64) for size in range(4))[access.access.size]
    reads  = ((access.access.kind == AccessKind.READ) | (access.access.kind == AccessKind.FETCH)
              | (access.access.kind == AccessKind.EXCHANGE))

    def says(text: str, when: Any, then: Any) -> Sentence:
        return Sentence("hw.transfer", text, when, then)

    prove(
        Subject(inputs=[order.number, *inputs_of(unit)], part=order,
                given=watch.sound & held.steady & order.steady
                & (unit.request.p.access.kind.as_value() <= max(kind.value for kind in AccessKind)),
                fields={**fields_of(unit, watch), "watched": order.number, "answered": answered,
                        "data": response.data, "expected": data[:64] & length}), [
            says("an access that has faulted is answered by its fault",
                 answered & (access.fault != Fault.NONE),
                 (response.fault == access.fault) & (response.error == access.error)),
            says("one that has not ends in a bus error if a transfer of it has failed, and else is "
                 "done, or skipped in a chain", judged,
                 Mux(order.failed, response.fault == Fault.BUS_ERROR,
                     (response.fault == Fault.NONE)
                     | ((response.fault == Fault.SKIPPED) & access.access.chained))),
            says("when all transfers have completed, there is a response to each access",
                 order.due, unit.response.valid),
            says("the response has the address of the access", done,
                 response.physical == access.physical),
            says("what is read are the bytes that memory has returned for it", done & reads,
                 response.data == (data[:64] & length)),
        ], cycles=cycles)


PROPERTIES = [Property(
    name="responses", block="hw.transfer", source="hw.bus",
    says="responses are in order: each has the fault, the address and the bytes of its access",
    method=Method.BOUNDED, depth=9, checked=6, units=("two in flight",),
    prove=lambda unit, depth: prove_of_order(TransferUnit(CONFIG), depth))]
