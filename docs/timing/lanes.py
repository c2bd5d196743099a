"""Lanes of diagrams: signals by their paths, and those of the ports that several diagrams show."""

from collections.abc import Callable
from dataclasses import replace
from enum import Enum
from typing import Any

from amaranth import Cat, Value
from amaranth.utils import exact_log2

from hw.bus import ControlOp, Register
from hw.layout import AccessKind, Fault, Flush

from .diagrams import Lane


__all__ = ["access", "at", "bits", "bus", "control", "events", "numbers", "spelt_hex", "stream"]


def spelt_hex(value: int) -> str:
    """Spell a number as all diagrams do."""
    return f"{value:x}"


def _fault(value: int) -> str:
    return {Fault.NONE: "-", Fault.PAGE_FAULT: "#PF", Fault.GENERAL_PROTECTION: "#GP",
            Fault.SKIPPED: "skipped", Fault.BUS_ERROR: "bus error"}[Fault(value)]


def _named(enumeration: type[Enum]) -> Callable[[int], str]:
    return lambda value: enumeration(value).name


def at(path: str) -> Callable[[Any], Any]:
    """Return what finds the signal with a path, such as ``walker/updater/request.valid``.

    What ends in a slash is a block. A step that is a number is an index.
    """
    *blocks, port = path.split("/")

    def found(parts: Any) -> Any:
        for block in blocks:
            parts = parts[block]
        for step in port.split("."):
            parts = parts[int(step)] if step.isdigit() else getattr(parts, step)
        return parts

    return found


def _name(path: str) -> str:
    return path.rpartition("/")[2].replace(".payload", "")


def bits(*paths: str) -> tuple[Lane, ...]:
    """Return the lanes of signals of a bit."""
    return tuple(Lane(_name(path), at(path)) for path in paths)


def numbers(*paths: str, when: str | None = None) -> tuple[Lane, ...]:
    """Return the lanes of signals that are numbers, and mean something with the signal ``when``."""
    valid = None if when is None else at(when)
    return tuple(Lane(_name(path), at(path), _SPELT.get(path.rpartition(".")[2], spelt_hex), valid)
                 for path in paths)


#: Spellings of signals, and of fields of a payload, by their names.
_SPELT: dict[str, Callable[[int], str]] = {
    "kind": _named(AccessKind), "op": _named(ControlOp), "register": _named(Register),
    "fault": _fault, "flush": _named(Flush),
}


def stream(path: str, *fields: str) -> tuple[Lane, ...]:
    """Return the lanes of a stream: of ``valid``, ``ready``, and fields of its payload."""
    return tuple(lane for field in fields for lane in (
        bits(f"{path}.{field}") if field in ("valid", "ready")
        else numbers(f"{path}.payload.{field}", when=f"{path}.valid")))


def _store(parts: Any) -> Value:
    return parts.access.request.valid & (
        parts.access.request.payload.kind == AccessKind.WRITE)


def _ended(*, in_a_fault: bool) -> Callable[[Any], Value]:
    """Return what tells that a response is there, and is a fault, or is none."""
    def found(parts: Any) -> Value:
        response = parts.access.response
        return response.valid & ((response.payload.fault != Fault.NONE) == in_a_fault)
    return found


def _chosen(lanes: tuple[Lane, ...], names: tuple[str, ...]) -> tuple[Lane, ...]:
    """Return those of ``lanes`` that have one of ``names``; each must be there."""
    by_name = {lane.name: lane for lane in lanes}
    return tuple(by_name[name] for name in names)


def _within(port: str, lanes: tuple[Lane, ...]) -> tuple[Lane, ...]:
    """Return lanes by their names within a port, as in a group that has its name."""
    return tuple(replace(lane, name=lane.name.removeprefix(f"{port}.")) for lane in lanes)


def access(*names: str) -> tuple[Lane, ...]:
    """Return lanes of the port ``access`` of a unit."""
    response = "access.response.payload"
    return _chosen((
        *_within("access", stream("access.request", "valid", "ready", "linear", "kind")),
        Lane("request.data", at("access.request.payload.data"), spelt_hex, _store),
        Lane("response.valid", at("access.response.valid")),
        Lane("response.fault", at(f"{response}.fault"), _fault, at("access.response.valid")),
        Lane("response.error", at(f"{response}.error"), spelt_hex, _ended(in_a_fault=True)),
        *(Lane(f"response.{name}", at(f"{response}.{name}"), spelt_hex, _ended(in_a_fault=False))
          for name in ("physical", "data")),
    ), names)


def control(*names: str) -> tuple[Lane, ...]:
    """Return lanes of the port ``control`` of a unit."""
    return _chosen(_within("control", (
        *stream("control.request", "valid", "ready", "op", "register", "value"),
        *bits("control.response.valid"),
        Lane("response.fault", at("control.response.payload.fault"), str,
             at("control.response.valid")),
        *numbers(*(f"control.state.{name}" for name in (
            "cr0", "cr2", "cr3", "pdpte0", "pdpte1", "pdpte2", "pdpte3"))),
    )), names)


def bus(*names: str, port: str = "memory") -> tuple[Lane, ...]:
    """Return lanes of a bus. ``address`` is in bytes; of ``dat_w`` there are the selected lanes."""
    found = at(port)

    def transfer(parts: Any) -> Value:
        return found(parts).cyc & found(parts).stb

    def stores(parts: Any) -> Value:
        return transfer(parts) & found(parts).we

    def address(parts: Any) -> Value:
        return found(parts).adr << exact_log2(len(found(parts).sel))

    def data(parts: Any) -> Value:
        return found(parts).dat_w & Cat(lane.replicate(8) for lane in found(parts).sel)

    return _chosen((
        *(Lane(name, at(f"{port}.{name}"))
          for name in ("cyc", "stb", "stall", "lock", "we", "ack", "err") if name in names),
        Lane("address", address, spelt_hex, transfer),
        Lane("sel",     at(f"{port}.sel"), spelt_hex, transfer),
        Lane("dat_w",   data, spelt_hex, stores),
        Lane("dat_r",   at(f"{port}.dat_r"), spelt_hex, at(f"{port}.ack")),
    ), names)


def events(*names: str) -> tuple[Lane, ...]:
    """Return lanes of strobes of a unit."""
    return tuple(Lane(name, at(f"events.{name}")) for name in names)
