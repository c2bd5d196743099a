"""Payloads of the unit's ports as integers, packed as its structures say."""

from typing import Any, NamedTuple

from amaranth.lib.data import Layout

from hw.bus import (
    AccessRequest, AccessResponse, ControlOp, ControlRequest, ControlResponse, Events,
)
from hw.bus import Register as HwRegister
from hw.layout import AccessKind, Fault
from sw.bus import Access, Kind, Register


__all__ = ["EVENTS", "AccessResult", "ControlResult", "decode_access", "decode_control",
           "encode_access", "encode_control", "encode_invlpg", "encode_invpcid", "fields"]


def fields(shape: Any) -> dict[str, tuple[int, int]]:
    """Lowest bit and width of each field of a packed structure."""
    return {name: (field.offset, field.width) for name, field in Layout.cast(shape)}


_ACCESS_REQUEST   = fields(AccessRequest)
_ACCESS_RESPONSE  = fields(AccessResponse)
_CONTROL_REQUEST  = fields(ControlRequest)
_CONTROL_RESPONSE = fields(ControlResponse)

#: Lowest bit and width of each of the unit's strobes.
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


class AccessResult(NamedTuple):
    """Response to an access. ``error`` is meaningful with a page fault, ``data`` with none."""

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
            case Fault.SKIPPED:
                return "skipped"
        return "a bus error" if self.fault is Fault.BUS_ERROR else "#GP"


class ControlResult(NamedTuple):
    """Response to a control operation: the value that was read, and True if it was refused."""

    value: int
    fault: bool


def encode_access(access: Access, *, chained: bool) -> int:
    """Payload of a request for ``access``."""
    return _pack(
        _ACCESS_REQUEST, linear=access.linear, size=access.size.bit_length() - 1,
        kind=_KINDS[access.kind], user=access.user, implicit=access.implicit, chained=chained,
        data=access.data, compare=access.compare)


def decode_access(payload: int) -> AccessResult:
    """Response to an access that a payload carries."""
    return AccessResult(
        Fault(_field(_ACCESS_RESPONSE, payload, "fault")),
        *(_field(_ACCESS_RESPONSE, payload, name) for name in ("data", "physical", "error")))


def encode_control(register: Register, value: int | None = None) -> int:
    """Payload of a read of ``register``, or of a write of ``value``."""
    op = ControlOp.READ if value is None else ControlOp.WRITE
    return _pack(_CONTROL_REQUEST, op=op.value, register=_REGISTERS[register], value=value or 0)


def encode_invlpg(linear: int) -> int:
    """Payload of an INVLPG of the page of ``linear``."""
    return _pack(_CONTROL_REQUEST, op=ControlOp.INVLPG.value, value=linear)


def encode_invpcid(kind: int, descriptor: int) -> int:
    """Payload of an INVPCID of type ``kind``, with a descriptor of 128 bits."""
    return _pack(_CONTROL_REQUEST, op=ControlOp.INVPCID.value, value=kind, pcid=descriptor,
                 linear=descriptor >> 64)


def decode_control(payload: int) -> ControlResult:
    """Response to a control operation that a payload carries."""
    return ControlResult(_field(_CONTROL_RESPONSE, payload, "value"),
                         bool(_field(_CONTROL_RESPONSE, payload, "fault")))
