"""A processor that hands whole operations to compiled code, and takes their outcomes from it.

Both are written and read in place, in the memory of ``processor_port.h``: a structure of Python
would take
longer than the operation.
"""

import ctypes
from collections.abc import Callable
from struct import Struct
from typing import Any

from hw.interrupts import FIRST_VECTOR
from hw.layout import Fault
from sim.engines.operations import (
    KINDS, REGISTERS, ControlAccess, Halt, LoadString, SendInterrupt, Settle, SingleAccess,
    StoreString, TakeInterrupt,
)
from sim.engines.processor import Names, Processor
from sw.bus import SIZES, GeneralProtection, Kind, PageFault, Response
from sw.bus import Fault as BusFault
from sw.pieces import CHUNK


__all__ = ["CompiledProcessor"]


#: Operations, as processor_port.h numbers them.
NOTHING, ACCESS, LOAD, STORE, CONTROL, SEND, TAKE, HALT, GONE = range(9)

#: Order and reply up to their marks and bytes; and how many marks there are.
ORDER = Struct("@IIQQQIIIIII")
REPLY = Struct("@QQIIII")
MARKS = 64

_MASKS = {size: (1 << 8 * size) - 1 for size in SIZES}
_NONE  = Fault.NONE.value
_PAGE  = Fault.PAGE_FAULT.value


class CompiledProcessor(Processor):
    """A :class:`sim.engines.processor.Processor` whose ports are in compiled code.

    It is of use once it is attached to a machine.
    """

    def __init__(self, stacks: Names):
        super().__init__(stacks)
        self._write: dict[type | None, Callable[[Any], None]] = {
            SingleAccess: self._write_single, LoadString: self._write_load,
            StoreString: self._write_store, ControlAccess: self._write_control,
            SendInterrupt: self._write_send, TakeInterrupt: self._write_take,
            Halt: lambda operation: self._put(HALT),
            Settle: lambda operation: self._put(NOTHING),
            type(None): lambda operation: self._put(NOTHING),
        }
        self._read: dict[type | None, Callable[[Any], Any]] = {
            SingleAccess: self._read_single, LoadString: self._read_load,
            StoreString: self._read_store, ControlAccess: self._read_control,
        }

    def attach(self, order: int, reply: int) -> None:
        """Say at which addresses order and reply are."""
        whole = ORDER.size + 4 * MARKS
        self._order = (ctypes.c_char * (whole + CHUNK)).from_address(order)
        self._reply = (ctypes.c_char * (REPLY.size + CHUNK)).from_address(reply)
        self._marks = (ctypes.c_uint32 * MARKS).from_address(order + ORDER.size)
        # A view: ctypes would copy byte by byte.
        self._sent  = memoryview((ctypes.c_char * CHUNK).from_address(order + whole)).cast("B")

    def order(self) -> None:
        """Write the operation that the kernel waits for, after the marks before it."""
        # More marks than fit are shown first, by themselves.
        self._shown = min(len(self.marks), MARKS)
        for index in range(self._shown):
            self.kernel_stack = self._marks[index] = self.marks.popleft()
        if self.marks:
            self._put(NOTHING)
        else:
            self._write[type(self.operation)](self.operation)

    def finish(self) -> None:
        """Take note that the order has ended: let the kernel move, and write its next one."""
        if not self.marks:
            operation = self.operation
            if operation is None:
                self.running = False
                self._put(GONE)
                return
            self._values    = REPLY.unpack_from(self._reply)
            self.interrupts = self._values[5]
            read = self._read.get(type(operation))
            self.resume(None if read is None else read(operation))
        self.order()

    def _put(self, operation: int, linear: int = 0, data: int = 0, compare: int = 0,
             kind: int = 0, size: int = 0, user: int = 0, implicit: int = 0,
             count: int = 0) -> None:
        ORDER.pack_into(self._order, 0, operation, 1, linear, data, compare, kind, size, user,
                        implicit, count, self._shown)

    def _write_single(self, operation: SingleAccess) -> None:
        access = operation.access
        self._put(ACCESS, access.linear, access.data, access.compare, KINDS[access.kind],
                  access.size, access.user, access.implicit)

    def _write_load(self, operation: LoadString) -> None:
        self._put(LOAD, operation.linear, kind=KINDS[Kind.READ], user=operation.user,
                  count=operation.count)

    def _write_store(self, operation: StoreString) -> None:
        self._sent[:len(operation.data)] = operation.data
        self._put(STORE, operation.linear, kind=KINDS[Kind.WRITE], user=operation.user,
                  count=len(operation.data))

    def _write_control(self, operation: ControlAccess) -> None:
        self._put(CONTROL, operation.value, kind=operation.op.value,
                  size=REGISTERS[operation.register])

    def _write_send(self, operation: SendInterrupt) -> None:
        self._put(SEND, kind=operation.target, size=operation.vector - FIRST_VECTOR)

    def _write_take(self, operation: TakeInterrupt) -> None:
        self._put(TAKE, size=operation.vector - FIRST_VECTOR)

    def _read_single(self, operation: SingleAccess) -> Response:
        access = operation.access
        if self._values[2] == _NONE:
            data = 0 if access.kind is Kind.WRITE else self._values[0] & _MASKS[access.size]
            return Response(data)
        return Response(0, self._fault(access.linear))

    def _read_load(self, operation: LoadString) -> tuple[bytes, BusFault | None]:
        done = self._values[4]
        return (self._reply[REPLY.size:REPLY.size + done],
                self._fault(operation.linear + done) if self._values[2] != _NONE else None)

    def _read_store(self, operation: StoreString) -> tuple[int, BusFault | None]:
        done = self._values[4]
        return (done, self._fault(operation.linear + done) if self._values[2] != _NONE else None)

    def _read_control(self, operation: ControlAccess) -> tuple[int, bool]:
        return self._values[0], bool(self._values[2])

    def _fault(self, linear: int) -> BusFault:
        """The fault at ``linear`` that the reply speaks of."""
        if self._values[2] == _PAGE:
            return PageFault(self._values[1], self._values[3])
        return GeneralProtection(f"#GP at {linear:#x}")
