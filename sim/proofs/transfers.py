"""Proofs: data pass the bus by its rules, for accesses without a fault, and come back in order.

By induction, with what the unit keeps as further sentences; order and data bounded, of one access
out of all.

Ref: Wishbone B4, chapters 3.1.3.2 and 3.4; Intel SDM Vol. 3A, section 8.1.2 "Bus Locking".
"""

from dataclasses import replace
from typing import Any

from amaranth.hdl import Array, Cat, Const, Elaboratable, Module, Mux, Signal, Value

from hw.layout import AccessKind, Fault
from hw.presets import PRESETS
from hw.transfer import TransferUnit

from .design import inputs_of
from .opened import driven, in_a_state, in_state, opened
from .proof import Sentence, Subject, prove, prove_for_ever
from .property import Method, Property
from .streams import Held
from .wishbone import BusWatch


__all__ = ["CONFIG", "PROPERTIES", "prove_of_order", "prove_of_transfers", "what_is_kept"]


#: Two transfers in flight: then one can overtake another, if any can.
CONFIG = replace(PRESETS["default"], outstanding=2)

UNITS = {
    "two in flight": CONFIG,
    "two in flight, in block RAM": replace(PRESETS["tiny"], outstanding=2),
}


def _fields(unit: Any, watch: BusWatch) -> dict[str, Any]:
    """Fields of counterexamples."""
    request, response = unit.request, unit.response
    return {
        "request":  request.valid,
        "kind":     (request.p.access.kind, AccessKind),
        "size":     request.p.access.size,
        "chained":  request.p.access.chained,
        "physical": request.p.physical,
        "crosses":  request.p.crosses,
        "second":   request.p.second,
        "fault":    (request.p.fault, Fault),
        "accepted": request.ready,
        **watch.fields,
        "response":    response.valid,
        "taken":       response.ready,
        "its fault":   (response.p.fault, Fault),
    }


def what_is_kept(inside: Any, module: Module, *, most: int, source: str) -> list[Sentence]:
    """Sentences about what a unit of transfers keeps, from which others follow.

    Parameters
    ----------
    inside, module
        The unit, and its module.
    most
        Transfers that may be in flight.
    source
        Whose sentences they are.
    """
    request, flights, words = inside.request, inside._flights, inside._words
    sound  = request.valid & (request.p.fault == Fault.NONE)
    locked = ~in_state(module, "TRANSFER")
    is_locked = ((request.p.access.kind == AccessKind.EXCHANGE)
                 | (request.p.access.kind == AccessKind.COMPARE_EXCHANGE))

    def says(text: str, when: Any, then: Any) -> Sentence:
        return Sentence(source, text, when, then)

    return [
        says("transfers are in a state that there is", Const(1), in_a_state(module)),
        says("no queue has more than it can keep", Const(1),
             (inside._receipts.level <= most) & (flights.level <= most) & (words.level <= most)),
        says("each transfer has room for what it returns", ~locked,
             flights.level + words.level <= most),
        says("the words of a locked access are compared when all have been read",
             in_state(module, "COMPARE_LOCKED"), flights.level == 0),
        says("a locked access that is under way is offered", locked, sound & is_locked),
        says("the second word of an access is transferred after the first", inside._beat,
             sound & inside._two & (in_state(module, "READ_LOCKED", "WRITE_LOCKED")
                                    | (~locked & ~is_locked))),
    ]


def prove_of_transfers(unit: Any, inside: Any) -> None:
    """Prove of a unit, which is ``inside``, that it keeps to the rules of the bus."""
    module = opened(inside)
    queues = [] if inside.config.block_ram else [
        (queue, opened(queue)) for queue in (inside._receipts, inside._words)]
    memory, request = unit.memory, unit.request
    held   = Held(unit, [request])
    offers = Held(held, [unit.response])
    watch  = BusWatch(offers, memory, most=CONFIG.outstanding)
    end    = request.p.physical[:12] + (Const(1) << request.p.access.size) - 1
    has_read = in_state(module, "WAIT_READ", "COMPARE_LOCKED", "WRITE_LOCKED", "WAIT_WRITE")
    first, second = _words(request.p)

    def was_read(number: int, word: Value) -> Value:
        return watch.read[number] & (watch.reads[number] == word)

    def says(text: str, when: Any, then: Any) -> Sentence:
        return Sentence("hw.transfer", text, when, then)

    # From reset there is time for a locked access that stores.
    prove_for_ever(
        Subject(inputs=inputs_of(unit), part=watch,
                given=watch.sound & held.steady & (request.p.crosses == end[12]),
                fields=_fields(unit, watch)), [
            *watch.rules("hw.transfer"),
            watch.rule_of_locks("hw.transfer"),
            *_of_places(unit),
            says("a transfer is of an access that is offered, and has no fault", memory.stb,
                 request.valid & (request.p.fault == Fault.NONE)),
            says("all transfers have completed if they are said to have", inside.drained,
                 watch.outstanding == 0),
            says("as many transfers are outstanding as are kept", Const(1),
                 inside._flights.level == watch.outstanding),
            says("a response stays until it is taken", Const(1), offers.steady),
            *(says("a queue has as many entries as were written and not yet read", Const(1),
                   (driven(within, "produce") - driven(within, "consume"))[:1] == queue.level[:1])
              for queue, within in queues),
            *what_is_kept(inside, module, most=CONFIG.outstanding, source="hw.transfer"),
            says("of a locked access, the first word was read before the second",
                 in_state(module, "READ_LOCKED") & inside._beat, was_read(0, first)),
            says("of a locked access, all words were read before one is stored", has_read,
                 Mux(inside._two, was_read(1, first) & was_read(0, second), was_read(0, first))),
        ], cycles=9, depth=2)


def _of_places(unit: Any) -> list[Sentence]:
    """Each byte of an access is transferred where it is, in the lane of its address."""
    access, memory = unit.request.p, unit.memory
    offset = access.physical[:12]
    lanes, data, whole = [], [], []
    for lane in range(8):
        number = (lane - offset[:3])[:3]  # of the byte that may be in this lane
        there  = number < (Const(1) << access.access.size)
        beyond = (offset + number)[12]
        page   = Mux(access.crosses & beyond, access.second, access.physical[12:])
        ours   = there & (Cat((offset + number)[3:12], page) == memory.adr)
        lanes.append(~memory.sel[lane] | ours)
        whole.append(memory.sel[lane] | ~ours)
        data.append(~(memory.sel[lane] & memory.we) | (
            memory.dat_w.word_select(lane, 8) == access.access.data.word_select(number, 8)))

    def says(text: str, then: Any) -> Sentence:
        return Sentence("hw.transfer", text, memory.stb, then)

    return [
        says("a byte is transferred at its physical address: by that of the first byte, or in the "
             "frame of the second page", Cat(*lanes).all()),
        says("all bytes of an access that are in a word are transferred together",
             Cat(*whole).all()),
        says("a byte that is stored is that of the access", Cat(*data).all()),
    ]


def _words(access: Any) -> tuple[Value, Value]:
    """Addresses of the word that an access begins in, and of the one that it may end in."""
    word = access.physical[3:]
    return word, Mux(access.crosses, Cat(Const(0, 9), access.second),
                     Cat((word[:9] + 1)[:9], word[9:]))


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
                fields={**_fields(unit, watch), "watched": order.number, "answered": answered,
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


def _prove_of_transfers(config: Any) -> None:
    unit = TransferUnit(config)
    prove_of_transfers(unit, unit)


PROPERTIES = [
    Property(
        name="transfers", block="hw.transfer", source="Wishbone B4, 3.1.3.2, 3.4; SDM 8.1.2",
        says="a data transfer is of an access that has no fault; a request stays until it is "
             "accepted, a bus cycle until its transfers have completed; a locked store is to a "
             "word that was read since the bus was locked; each byte is transferred at its "
             "physical address; a response stays until it is taken",
        method=Method.INDUCTION, depth=2, units=tuple(UNITS),
        prove=lambda unit, depth: _prove_of_transfers(UNITS[unit])),
    Property(
        name="responses", block="hw.transfer", source="hw.bus",
        says="responses are in order: each has the fault, the address and the bytes of its access",
        method=Method.BOUNDED, depth=9, checked=6, units=("two in flight",),
        prove=lambda unit, depth: prove_of_order(TransferUnit(CONFIG), depth)),
]
