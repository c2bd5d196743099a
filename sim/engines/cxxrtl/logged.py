"""Structures in which a compiled machine logs what happens on a processor's ports.

From here comes the header ``logged.h`` of every compiled machine. They hold what the records of
:mod:`sim.record.records` do, as numbers: an index in place of a mark and of a control state, and
the signals themselves where it is seldom that there is something to say.
"""

from ctypes import Array, Structure, c_uint32
from typing import Any

from amaranth import Shape

from hw.bus import ControlState, TlbUpdate

from .structures import Byte, Flag, Number, Signed, Word, declaration


__all__ = [
    "LOGGED", "Logged", "LoggedAccess", "LoggedControl", "LoggedEvent", "LoggedInterrupt",
    "LoggedMark", "LoggedState", "LoggedTlb", "LoggedTransfer", "header",
]


def _words(layout: Any) -> type[Array[c_uint32]]:
    """The chunks of a signal."""
    width: int = Shape.cast(layout).width
    return Word * -(-width // 32)


class LoggedAccess(Structure):
    """An access; ``completed`` is -1 while it has not been."""

    _fields_ = (("accepted", Number), ("completed", Signed), ("linear", Number), ("data", Number),
                ("compare", Number), ("result", Number), ("physical", Number), ("state", Word),
                ("mark", Word), ("size", Byte), ("kind", Byte), ("user", Flag),
                ("implicit", Flag), ("chained", Flag), ("fault", Byte), ("error", Byte))


class LoggedTransfer(Structure):
    """A transfer; ``acked`` is -1 while it has not completed."""

    _fields_ = (("accepted", Number), ("acked", Signed), ("address", Number), ("data", Number),
                ("mark", Word), ("sel", Byte), ("write", Flag), ("lock", Flag), ("walk", Flag),
                ("failed", Flag))


class LoggedControl(Structure):
    """A control operation; ``completed`` is -1 while it has not been."""

    _fields_ = (("accepted", Number), ("completed", Signed), ("value", Number), ("result", Number),
                ("pcid", Number), ("linear", Number), ("mark", Word), ("op", Byte),
                ("number", Byte), ("refused", Flag))


class LoggedInterrupt(Structure):
    """An interrupt that was sent to ``target``, or taken, by the low bits of its vector."""

    _fields_ = (("cycle", Number), ("vector", Word), ("target", Word), ("mark", Word),
                ("sent", Flag))


class LoggedEvent(Structure):
    """A strobe, by its bit among the events."""

    _fields_ = (("cycle", Number), ("bit", Word))


class LoggedTlb(Structure):
    """Signals of a cycle in which the TLB changes."""

    _fields_ = (("cycle", Number), ("events", Word), ("update", _words(TlbUpdate)))


class LoggedState(Structure):
    """The control registers from a cycle on."""

    _fields_ = (("cycle", Number), ("state", _words(ControlState)))


class LoggedMark(Structure):
    """The numbers on the marks from a cycle on."""

    _fields_ = (("cycle", Number), ("stack", Word), ("claim", Word))


#: Structures, by the names that :class:`sim.record.records.Recording` has for what they are of.
LOGGED: dict[str, type[Structure]] = {
    "marks": LoggedMark, "states": LoggedState, "accesses": LoggedAccess,
    "transfers": LoggedTransfer, "controls": LoggedControl, "interrupts": LoggedInterrupt,
    "events": LoggedEvent, "tlb": LoggedTlb,
}


class LoggedPart(Structure):
    """Structures of one kind, in the order of cycles.

    ``start`` is the address of the first, ``count`` how many there are. The first ``again`` of them
    were there the last time, when they were open.
    """

    _fields_ = (("start", Number), ("count", Number), ("again", Number))


class Logged(Structure):
    """All that is logged of a processor, kind by kind."""

    _fields_ = tuple((name, LoggedPart) for name in LOGGED)


def header() -> str:
    """Text of ``logged.h``."""
    return declaration(*LOGGED.values(), LoggedPart, Logged)
