"""Operations of a processor, for which a kernel waits."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any

from hw.bus import ControlOp
from hw.bus import Register as HwRegister
from hw.layout import AccessKind
from sw.bus import Access, Fault, Kind, Register, Response, naturally_aligned


__all__ = [
    "KINDS", "REGISTERS",
    "ControlAccess", "Halt", "LoadString", "Operation", "SendInterrupt", "Settle", "SingleAccess",
    "StoreString", "TakeInterrupt",
]


#: The unit's numbers for what the kernel calls by these names.
KINDS: dict[Kind, int] = {kind: AccessKind[kind.name].value for kind in Kind}
REGISTERS: dict[Register, int] = {register: HwRegister[register.name].value
                                  for register in Register}


class Operation:
    """An operation that takes cycles. Awaiting it hands it to the processor; it gives the outcome.

    Its text says what the processor waits for.
    """

    __slots__ = ()

    def __await__(self) -> Generator["Operation", Any, Any]:
        return (yield self)


@dataclass(slots=True)
class SingleAccess(Operation):
    """One access. Outcome: an :class:`sw.bus.Response`."""

    access: Access

    def requests(self) -> list[Access]:
        """Return the accesses to do back to back."""
        return [self.access]

    def outcome(self, responses: Sequence[Response]) -> Response:
        """Make the outcome of the responses, one for each access up to the first that faults."""
        return responses[0]

    def __str__(self) -> str:
        access = self.access
        return f"a {access.kind.value} of {access.size} bytes at {access.linear:#x}"


@dataclass(slots=True)
class LoadString(Operation):
    """Loads upwards. Outcome: the bytes before the first fault, and that fault."""

    linear: int
    count:  int
    user:   bool

    def requests(self) -> list[Access]:
        """Return the accesses to do back to back, all but the first chained to the one before."""
        return [Access(address, size, Kind.READ, self.user)
                for address, size in naturally_aligned(self.linear, self.count)]

    def outcome(self, responses: Sequence[Response]) -> tuple[bytes, Fault | None]:
        """Make the outcome of the responses, one for each access up to the first that faults."""
        data = b"".join(response.data.to_bytes(size, "little") for response, (_, size)
                        in zip(responses, naturally_aligned(self.linear, self.count), strict=False)
                        if response.fault is None)
        return data, responses[-1].fault

    def __str__(self) -> str:
        return f"a load of {self.count} bytes from {self.linear:#x} on"


@dataclass(slots=True)
class StoreString(Operation):
    """Stores upwards. Outcome: the bytes stored before the first fault, and that fault."""

    linear: int
    data:   bytes
    user:   bool

    def requests(self) -> list[Access]:
        """Return the accesses to do back to back, all but the first chained to the one before."""
        todo, done = [], 0
        for address, size in naturally_aligned(self.linear, len(self.data)):
            value = int.from_bytes(self.data[done:done + size], "little")
            todo.append(Access(address, size, Kind.WRITE, self.user, data=value))
            done += size
        return todo

    def outcome(self, responses: Sequence[Response]) -> tuple[int, Fault | None]:
        """Make the outcome of the responses, one for each access up to the first that faults."""
        done = sum(size for response, (_, size)
                   in zip(responses, naturally_aligned(self.linear, len(self.data)), strict=False)
                   if response.fault is None)
        return done, responses[-1].fault

    def __str__(self) -> str:
        return f"a store of {len(self.data)} bytes from {self.linear:#x} on"


@dataclass(slots=True)
class ControlAccess(Operation):
    """One control operation. Outcome: the value read, and whether it was refused with #GP."""

    op:       ControlOp
    register: Register
    value:    int
    pcid:     int = 0  #: INVPCID: bits 63 to 0 of its descriptor.
    linear:   int = 0  #: INVPCID: bits 127 to 64.

    def __str__(self) -> str:
        name = self.register.name
        return {
            ControlOp.READ:    f"a read of {name}",
            ControlOp.WRITE:   f"a write of {self.value:#x} to {name}",
            ControlOp.INVLPG:  f"INVLPG {self.value:#x}",
            ControlOp.INVPCID: f"INVPCID of type {self.value:#x}",
        }[self.op]


@dataclass(slots=True)
class SendInterrupt(Operation):
    """An interrupt for processor ``target``; ``vector`` is 0xF0 to 0xFF. No outcome."""

    target: int
    vector: int

    def __str__(self) -> str:
        return f"interrupt {self.vector:#x} for processor {self.target}"


@dataclass(slots=True)
class TakeInterrupt(Operation):
    """The acceptance of an interrupt that waits. No outcome."""

    vector: int

    def __str__(self) -> str:
        return f"the acceptance of interrupt {self.vector:#x}"


class Halt(Operation):
    """Nothing, until an interrupt waits. No outcome."""

    __slots__ = ()

    def __str__(self) -> str:
        return "an interrupt"


class Settle(Operation):
    """Nothing, until all marks are on record. No outcome."""

    __slots__ = ()

    def __str__(self) -> str:
        return "its marks"
