"""Payloads of the unit's ports as integers: what its packed structures say of their fields."""

from typing import NamedTuple

from amaranth.lib.data import Layout

from hw.bus import (
    AccessRequest, AccessResponse, ControlOp, ControlRequest, ControlResponse, Events,
)
from hw.bus import Register as HwRegister
from hw.layout import AccessKind, Fault
from sw.bus import Access, Kind, Register


__all__ = ["EVENTS", "AccessAnswer", "ControlAnswer", "access_answer", "access_request",
           "control_answer", "control_request", "fields", "invlpg_request"]


def fields(shape: type) -> dict[str, tuple[int, int]]:
    """Lowest bit and width of each field of a packed structure."""
    return {name: (field.offset, field.width) for name, field in Layout.cast(shape)}


_REQUEST    = fields(AccessRequest)
_RESPONSE   = fields(AccessResponse)
_OPERATION  = fields(ControlRequest)
_CONTROLLED = fields(ControlResponse)

#: The strobes: where they are, and how wide.
EVENTS = fields(Events)

_KINDS     = {kind: AccessKind[kind.name].value for kind in Kind}
_REGISTERS = {register: HwRegister[register.name].value for register in Register}


def _pack(layout: dict[str, tuple[int, int]], **values: int) -> int:
    packed = 0
    for name, value in values.items():
        offset, width = layout[name]
        packed |= (value & (1 << width) - 1) << offset
    return packed


def _field(layout: dict[str, tuple[int, int]], packed: int, name: str) -> int:
    offset, width = layout[name]
    return packed >> offset & (1 << width) - 1


def access_request(access: Access, *, chained: bool) -> int:
    """``access`` on the wires."""
    return _pack(
        _REQUEST, linear=access.linear, size=access.size.bit_length() - 1,
        kind=_KINDS[access.kind], user=access.user, implicit=access.implicit, chained=chained,
        data=access.data, compare=access.compare)


class AccessAnswer(NamedTuple):
    """A response to an access. ``error`` is meaningful with a page fault, ``data`` with none."""

    fault:    Fault
    data:     int
    physical: int
    error:    int

    def __str__(self) -> str:
        match self.fault:
            case Fault.NONE:
                return f"{self.data:#x} at physical {self.physical:#x}"
            case Fault.PAGE_FAULT:
                return f"#PF({self.error:#x})"
        return "skipped" if self.fault is Fault.SKIPPED else "#GP"


def access_answer(payload: int) -> AccessAnswer:
    """A response to an access, from the wires."""
    return AccessAnswer(
        Fault(_field(_RESPONSE, payload, "fault")),
        *(_field(_RESPONSE, payload, name) for name in ("data", "physical", "error")))


def control_request(register: Register, value: int | None = None) -> int:
    """A read of ``register`` on the wires, or a write of ``value``."""
    op = ControlOp.READ if value is None else ControlOp.WRITE
    return _pack(_OPERATION, op=op.value, register=_REGISTERS[register], value=value or 0)


def invlpg_request(linear: int) -> int:
    """INVLPG on the wires."""
    return _pack(_OPERATION, op=ControlOp.INVLPG.value, value=linear)


class ControlAnswer(NamedTuple):
    """A response to a control operation."""

    value: int
    fault: bool


def control_answer(payload: int) -> ControlAnswer:
    """A response to a control operation, from the wires."""
    return ControlAnswer(_field(_CONTROLLED, payload, "value"),
                         bool(_field(_CONTROLLED, payload, "fault")))


