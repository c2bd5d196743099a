"""Proofs: data pass the bus by its rules, for accesses without a fault, and where they are.

By induction, with what the unit keeps as further sentences.

Ref: Wishbone B4, chapters 3.1.3.2 and 3.4; Intel SDM Vol. 3A, section 8.1.2 "Bus Locking".
"""

from dataclasses import replace
from typing import Any

from amaranth.hdl import Cat, Const, Module, Mux, Value

from hw.layout import AccessKind, Fault
from hw.presets import PRESETS
from hw.transfer import TransferUnit

from .design import inputs_of
from .opened import driven, in_a_state, in_state, opened
from .proof import Sentence, Subject, prove_for_ever
from .property import Method, Property
from .streams import Held
from .wishbone import BusWatch


__all__ = ["CONFIG", "PROPERTIES", "fields_of", "prove_of_transfers", "what_is_kept"]


#: Two transfers in flight: then one can overtake another, if any can.
CONFIG = replace(PRESETS["default"], outstanding=2)

UNITS = {
    "two in flight": CONFIG,
    "two in flight, in block RAM": replace(PRESETS["tiny"], outstanding=2),
}


def fields_of(unit: Any, watch: BusWatch) -> dict[str, Any]:
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
                fields=fields_of(unit, watch)), [
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
]
