"""Signals of a unit for a waveform: ports field by field, strobes, state machines."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from amaranth.hdl import Fragment, Value

from hw.bus import ControlOp, Register
from hw.layout import CR0, CR4, AccessKind, Fault, Flush
from hw.permission import Rights

from .decoding import TLB_STROBES
from .signals import FIELDS, MARK_WIDTH, Fields
from .waves import Shown
from .words import rights_text


__all__ = ["Probe", "error_text", "functions", "ports", "shared", "state_machines", "tested"]


#: A signal, and how it is shown.
Probe = tuple[Shown, Value]

#: Bits of a page fault's error code, from the lowest on (SDM Vol. 3A, Figure 4-12).
ERROR_BITS = ("P", "W", "U", "RSVD", "I", "PK")

_RIGHTS = Fields(Rights)


def error_text(code: int) -> str:
    """Names of the bits that are set in an error code; "-" if none is."""
    return "|".join(name for bit, name in enumerate(ERROR_BITS) if code >> bit & 1) or "-"


def tested(texts: Callable[[], Sequence[str]], claim: Value) -> Probe:
    """The mark that says which claim is tested; ``texts`` are those of its numbers."""
    return Shown("software", "claim", MARK_WIDTH, lambda number: texts()[number] or "-"), claim


def functions(texts: Callable[[], Sequence[Sequence[str]]], kernel_stack: Value) -> list[Probe]:
    """The mark that says which functions execute: the innermost, and all of them."""
    return [
        (Shown("software", "kernel_function", MARK_WIDTH,
               lambda number: (texts()[number] or ("user",))[-1]), kernel_stack),
        (Shown("software", "kernel_stack", MARK_WIDTH,
               lambda number: " > ".join(texts()[number]) or "user"), kernel_stack),
    ]


def ports(unit: Any, *, tlb: bool = True) -> list[Probe]:
    """The ports of a :class:`hw.mmu.Mmu`, in the order in which a reader wants to see them.

    ``tlb`` includes the changes of the TLB, which a board does not report.
    """
    groups = (
        _request(unit.access.request), _response(unit.access.response),
        _state(unit.control.state), _control(unit.control), _events(unit.events),
        _tlb(unit.events, unit.tlb) if tlb else [], _memory(unit.memory),
    )
    return [probe for group in groups for probe in group]


def shared(arbiter: Any, interrupts: Any) -> list[Probe]:
    """Signals that several processors share: the bus to memory, and pending interrupts."""
    target = arbiter.target
    return [
        _show("bus", "owner",    arbiter.owner),
        _show("bus", "hold",     arbiter.hold),
        *_while(
            _show("bus", "transfer", target.cyc & target.stb & ~target.stall),
            _show("bus", "address",  target.adr << 3),
            _show("bus", "write",    target.we),
            _show("bus", "lock",     target.lock),
        ),
        *(_show("interrupts", f"pending_{number}", processor.pending)
          for number, processor in enumerate(interrupts.processors)),
    ]


def state_machines(fragment: Fragment, path: tuple[str, ...] = ()) -> Iterator[Probe]:
    """The state of every state machine in an elaborated design, by its component's name."""
    for name, machine in fragment.generated.items():
        texts = {number: state for state, number in machine.encoding.items()}
        label = "_".join((*path, "" if name == "fsm" else name)).strip("_")
        yield Shown("states", label, len(machine.state), texts.__getitem__), machine.state
    for part, name, _ in fragment.subfragments:
        yield from state_machines(part, (*path, str(name)))


def _show(group: str, name: str, value: Any, text: Callable[[int], str] | None = None) -> Probe:
    value = Value.cast(value)
    return Shown(group, name, len(value), text), value


def _while(strobe: Probe, *others: Probe) -> list[Probe]:
    """A strobe, and other signals of its group that mean something while it is high."""
    return [strobe, *((replace(shown, when=strobe[0].name), value) for shown, value in others)]


def _name_of(enumeration: Any) -> Callable[[int], str]:
    names = {member.value: member.name for member in enumeration}
    return lambda number: names.get(number, f"{number}?")


def _request(stream: Any) -> list[Probe]:
    access = stream.payload
    return _while(
        _show("access", "request",    stream.valid & stream.ready),
        _show("access", "linear",     access.linear),
        _show("access", "kind",       access.kind, _name_of(AccessKind)),
        _show("access", "bytes",      (1 << access.size)[:4]),
        _show("access", "user",       access.user),
        _show("access", "implicit",   access.implicit),
        _show("access", "store_data", access.data),
    )


def _response(stream: Any) -> list[Probe]:
    outcome  = stream.payload
    response = stream.valid & stream.ready
    return [
        *_while(
            _show("verdict", "response",   response),
            _show("verdict", "fault",      outcome.fault, _name_of(Fault)),
        ),
        *_while(
            _show("verdict", "page_fault", response & (outcome.fault == Fault.PAGE_FAULT)),
            _show("verdict", "error_code", outcome.error),
            _show("verdict", "error_bits", outcome.error, error_text),
        ),
        *_while(
            _show("verdict", "done",       response & (outcome.fault == Fault.NONE)),
            _show("verdict", "load_data",  outcome.data),
            _show("verdict", "physical",   outcome.physical),
        ),
    ]


def _state(state: Any) -> list[Probe]:
    cr0, cr4 = CR0(state.cr0), CR4(state.cr4)
    return [
        _show("registers", "pg",   cr0.pg),
        _show("registers", "wp",   cr0.wp),
        _show("registers", "smep", cr4.smep),
        _show("registers", "smap", cr4.smap),
        _show("registers", "ac",   state.ac),
        _show("registers", "cr2",  state.cr2),
        _show("registers", "cr3",  state.cr3),
    ]


def _control(control: Any) -> list[Probe]:
    operation = control.request.payload
    return _while(
        _show("control", "operation", control.request.valid & control.request.ready),
        _show("control", "op",        operation.op,       _name_of(ControlOp)),
        _show("control", "register",  operation.register, _name_of(Register)),
        _show("control", "value",     operation.value),
        _show("control", "pcid",      operation.pcid),
        _show("control", "linear",    operation.linear),
    )


def _events(events: Any) -> list[Probe]:
    return [_show("events", name, getattr(events, name)) for name in FIELDS["events"](0)]


def _tlb(events: Any, update: Any) -> list[Probe]:
    texts = {"rights": _rights, "flush": _name_of(Flush)}
    return _while(
        _show("tlb", "change", (Value.cast(events) & TLB_STROBES).any()),
        *(_show("tlb", name, getattr(update, name), texts.get(name))
          for name in FIELDS["tlb"](0)),
    )


def _rights(bits: int) -> str:
    return rights_text(**{name: bool(value) for name, value in _RIGHTS(bits).items()})


def _memory(memory: Any) -> list[Probe]:
    return [
        *_while(
            _show("memory", "transfer", memory.cyc & memory.stb & ~memory.stall),
            _show("memory", "address",  memory.adr << 3),
            _show("memory", "write",    memory.we),
            _show("memory", "lanes",    memory.sel),
            _show("memory", "lock",     memory.lock),
            _show("memory", "written",  memory.dat_w),
        ),
        *_while(
            _show("memory", "ack",      memory.cyc & memory.ack),
            _show("memory", "err",      memory.cyc & memory.err),
            _show("memory", "read",     memory.dat_r),
        ),
    ]
