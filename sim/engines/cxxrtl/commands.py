"""Commands to a compiled processor and their completions: structures that C++ has too.

From here comes the header ``commands.h`` of every compiled machine.
"""

from ctypes import Structure, Union
from enum import IntEnum

from sw.bus import BURST_LENGTH

from .structures import Byte, Number, Word, declaration


__all__ = ["MARKS", "Command", "Completion", "Operation", "Status", "header"]


#: Most marks in one command.
MARKS = 64


class Operation(IntEnum):
    """Operation of a processor, as a command names it."""

    NONE    = 0  #: Nothing new: the command before goes on, or has ended.
    SETTLE  = 1  #: Show the marks.
    ACCESS  = 2
    LOAD    = 3
    STORE   = 4
    CONTROL = 5
    SEND    = 6
    TAKE    = 7
    HALT    = 8
    GONE    = 9  #: Never ends: there is no kernel any more.


class AccessCommand(Structure):
    """One access, as :class:`hw.bus.AccessRequest` has it, but for its ``size`` in bytes."""

    _fields_ = (("linear", Number), ("data", Number), ("compare", Number), ("kind", Word),
                ("size", Word), ("user", Word), ("implicit", Word))


class StringCommand(Structure):
    """A load or a store of ``count`` bytes, those of the command."""

    _fields_ = (("linear", Number), ("count", Word), ("kind", Word), ("user", Word))


class ControlCommand(Structure):
    """A control operation, as :class:`hw.bus.ControlRequest` has it."""

    _fields_ = (("value", Number), ("pcid", Number), ("linear", Number), ("op", Word),
                ("number", Word))


class InterruptCommand(Structure):
    """An interrupt to send to a target, or to take: the low bits of its vector."""

    _fields_ = (("target", Word), ("vector", Word))


class _Operand(Union):
    """Operands of an operation: those of at most one kind."""

    _fields_ = (("access", AccessCommand), ("string", StringCommand),
                ("control", ControlCommand), ("interrupt", InterruptCommand))


class Command(Structure):
    """Marks to show, one a cycle, and an operation to do from the last one on.

    Python writes it; C++ sets the operation to ``NONE`` when it begins.
    """

    _anonymous_ = ("operand",)
    _fields_    = (("operation", Word), ("marks", Word), ("operand", _Operand),
                   ("mark", Word * MARKS), ("bytes", Byte * BURST_LENGTH))


class Completion(Structure):
    """End of a command.

    An access has read ``data``; a register was read as ``value``; a string has done ``count`` bytes
    before its fault, if any, and a load has those ``bytes``. ``fault`` and ``error`` are as in
    :class:`hw.bus.AccessResponse`, ``cr2`` the register after the operation. A control write may be
    ``refused``. ``pending`` are the interrupts that wait.
    """

    _fields_ = (("data", Number), ("value", Number), ("cr2", Number), ("fault", Word),
                ("error", Word), ("count", Word), ("refused", Word), ("pending", Word),
                ("bytes", Byte * BURST_LENGTH))


class Status(Structure):
    """Status of a machine.

    ``now`` is the next cycle, ``limit`` that in which to come back even if nothing has ended;
    ``begun`` counts time slices, ``claim`` is the mark. Processors whose command has ended, and
    those that waited too long, are a bit each of ``ended`` and ``hung``. If all wait for an
    interrupt, the machine is ``stuck``.
    """

    _fields_ = (("now", Number), ("limit", Number), ("begun", Number), ("claim", Word),
                ("ended", Word), ("hung", Word), ("stuck", Word))


def header() -> str:
    """Text of ``commands.h``."""
    operations = ", ".join(f"{operation.name} = {operation.value}" for operation in Operation)
    return "\n".join([
        declaration(AccessCommand, StringCommand, ControlCommand, InterruptCommand, Command,
                    Completion, Status),
        f"enum Operation : uint32_t {{ {operations} }};",
        "",
    ])
