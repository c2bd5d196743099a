"""A processor that hands whole operations to compiled code, and takes their outcomes from it.

Both are written and read in place, in the structures of :mod:`sim.engines.cxxrtl.commands`, several
members at once: one by one would take longer than the operation.
"""

from collections.abc import Callable
from typing import Any

from hw.interrupts import FIRST_VECTOR
from hw.layout import Fault
from sim.engines.operations import (
    KINDS, REGISTERS, ControlAccess, Halt, LoadString, SendInterrupt, Settle, SingleAccess,
    StoreString, TakeInterrupt,
)
from sim.engines.processor import Names, Processor
from sw.bus import SIZES, BusError, GeneralProtection, Kind, PageFault, Response
from sw.bus import Fault as BusFault

from .commands import MARKS, Command, Completion, Operation
from .structures import members


__all__ = ["CompiledProcessor"]


# Plain numbers: enumerations are slow to pack.
_SETTLE, _ACCESS, _LOAD, _STORE, _CONTROL, _SEND, _TAKE, _HALT, _GONE = (
    operation.value for operation in Operation if operation is not Operation.NONE)

#: Members that a command has, whatever its operation; and those besides of an access, and so on.
_PLAIN     = members(Command, "operation", "marks")
_SINGLE    = members(Command, "operation", "marks", "access.linear", "access.data",
                     "access.compare", "access.kind", "access.size", "access.user",
                     "access.implicit")
_STRING    = members(Command, "operation", "marks", "string.linear", "string.count",
                     "string.kind", "string.user")
_REGISTER  = members(Command, "operation", "marks", "control.value", "control.pcid",
                     "control.linear", "control.op", "control.number")
_INTERRUPT = members(Command, "operation", "marks", "interrupt.target", "interrupt.vector")

#: Members that count of a completion: always, after an access, and so on.
_ENDED      = members(Completion, "pending")
_RESPONDED  = members(Completion, "data", "cr2", "fault", "error", "pending")
_MOVED      = members(Completion, "cr2", "fault", "error", "count", "pending")
_CONTROLLED = members(Completion, "value", "refused", "pending")

_MASKS = {size: (1 << 8 * size) - 1 for size in SIZES}
_NONE  = Fault.NONE.value
_PAGE  = Fault.PAGE_FAULT.value
_BUS   = Fault.BUS_ERROR.value
_READ  = KINDS[Kind.READ]
_WRITE = KINDS[Kind.WRITE]


class CompiledProcessor(Processor):
    """A :class:`sim.engines.processor.Processor` whose ports are in compiled code.

    It is of use once it is attached to a machine.
    """

    def __init__(self, stacks: Names):
        super().__init__(stacks)
        self._write: dict[type, Callable[[Any], None]] = {
            SingleAccess: self._write_single, LoadString: self._write_load,
            StoreString: self._write_store, ControlAccess: self._write_control,
            SendInterrupt: self._write_send, TakeInterrupt: self._write_take,
            Halt: lambda operation: self._write_plain(_HALT),
            Settle: lambda operation: self._write_plain(_SETTLE),
            type(None): lambda operation: self._write_plain(_SETTLE),
        }
        self._read: dict[type, Callable[[Any], Any]] = {
            SingleAccess: self._read_single, LoadString: self._read_load,
            StoreString: self._read_store, ControlAccess: self._read_control,
            SendInterrupt: self._read_plain, TakeInterrupt: self._read_plain,
            Halt: self._read_plain, Settle: self._read_plain,
        }

    def attach(self, command: Command, completion: Completion) -> None:
        """Take the structures that are shared with the machine."""
        self._command    = command
        self._completion = completion
        self._marks      = command.mark
        # Views: ctypes would copy byte by byte.
        self._sent       = memoryview(command.bytes).cast("B")
        self._received   = memoryview(completion.bytes).cast("B")

    def command(self) -> None:
        """Write the operation that the kernel waits for, after the marks before it."""
        # More marks than fit are shown first, by themselves.
        self._shown = min(len(self.marks), MARKS)
        for index in range(self._shown):
            self.kernel_stack = self._marks[index] = self.marks.popleft()
        if self.marks:
            self._write_plain(_SETTLE)
        else:
            self._write[type(self.operation)](self.operation)

    def finish(self) -> None:
        """Take note that the command has ended: let the kernel move, and write its next one."""
        if not self.marks:
            operation = self.operation
            if operation is None:
                self.running = False
                self._write_plain(_GONE)
                return
            self.resume(self._read[type(operation)](operation))
        self.command()

    def _write_plain(self, operation: int) -> None:
        _PLAIN.pack_into(self._command, 0, operation, self._shown)

    def _write_single(self, operation: SingleAccess) -> None:
        access = operation.access
        _SINGLE.pack_into(
            self._command, 0, _ACCESS, self._shown, access.linear, access.data, access.compare,
            KINDS[access.kind], access.size, access.user, access.implicit)

    def _write_load(self, operation: LoadString) -> None:
        _STRING.pack_into(self._command, 0, _LOAD, self._shown, operation.linear, operation.count,
                          _READ, operation.user)

    def _write_store(self, operation: StoreString) -> None:
        count = len(operation.data)
        self._sent[:count] = operation.data
        _STRING.pack_into(self._command, 0, _STORE, self._shown, operation.linear, count, _WRITE,
                          operation.user)

    def _write_control(self, operation: ControlAccess) -> None:
        _REGISTER.pack_into(self._command, 0, _CONTROL, self._shown, operation.value,
                            operation.pcid, operation.linear, operation.op.value,
                            REGISTERS[operation.register])

    def _write_send(self, operation: SendInterrupt) -> None:
        _INTERRUPT.pack_into(self._command, 0, _SEND, self._shown, operation.target,
                             operation.vector - FIRST_VECTOR)

    def _write_take(self, operation: TakeInterrupt) -> None:
        _INTERRUPT.pack_into(self._command, 0, _TAKE, self._shown, 0,
                             operation.vector - FIRST_VECTOR)

    def _read_plain(self, operation: Any) -> None:
        self.interrupts, = _ENDED.unpack_from(self._completion)

    def _read_single(self, operation: SingleAccess) -> Response:
        data, cr2, fault, error, self.interrupts = _RESPONDED.unpack_from(self._completion)
        access = operation.access
        if fault == _NONE:
            return Response(0 if access.kind is Kind.WRITE else data & _MASKS[access.size])
        return Response(0, _fault(fault, error, cr2, access.linear))

    def _read_load(self, operation: LoadString) -> tuple[bytes, BusFault | None]:
        count, fault = self._read_string(operation.linear)
        return self._received[:count].tobytes(), fault

    def _read_store(self, operation: StoreString) -> tuple[int, BusFault | None]:
        return self._read_string(operation.linear)

    def _read_string(self, linear: int) -> tuple[int, BusFault | None]:
        cr2, fault, error, count, self.interrupts = _MOVED.unpack_from(self._completion)
        return count, None if fault == _NONE else _fault(fault, error, cr2, linear + count)

    def _read_control(self, operation: ControlAccess) -> tuple[int, bool]:
        value, refused, self.interrupts = _CONTROLLED.unpack_from(self._completion)
        return value, bool(refused)


def _fault(fault: int, error: int, cr2: int, linear: int) -> BusFault:
    """The fault at ``linear`` that a completion speaks of."""
    if fault == _PAGE:
        return PageFault(cr2, error)
    if fault == _BUS:
        return BusError(f"a bus error at {linear:#x}")
    return GeneralProtection(f"#GP at {linear:#x}")
