"""What a kernel waits for: accesses, a control operation, or its marks."""

from collections.abc import Generator
from dataclasses import dataclass, field

from hw.bus import AccessRequest, ControlOp, ControlRequest
from hw.bus import Register as HwRegister
from hw.layout import AccessKind
from sim.recorder import Fields
from sw.bus import Access, Answer, Kind, Register


__all__ = ["Accesses", "Control", "Settle"]


_request   = Fields(AccessRequest)
_operation = Fields(ControlRequest)

_KINDS     = {kind: AccessKind[kind.name].value for kind in Kind}
_REGISTERS = {register: HwRegister[register.name].value for register in Register}


@dataclass(slots=True)
class Accesses:
    """Accesses to do back to back, all but the first chained to the one before."""

    requests:  list[Access]
    taken:     int = 0
    responses: list[int] = field(default_factory=list)

    def __await__(self) -> Generator["Accesses", list[Answer], list[Answer]]:
        return (yield self)

    def packed(self, index: int) -> int:
        """Request number ``index``, as it is on the port."""
        access = self.requests[index]
        return _request.pack({
            "linear": access.linear, "size": access.size.bit_length() - 1,
            "kind": _KINDS[access.kind], "user": access.user,
            "implicit": access.implicit, "chained": index > 0,
            "data": access.data, "compare": access.compare,
        })

    def __str__(self) -> str:
        access = self.requests[len(self.responses)]
        return f"a {access.kind.value} of {access.size} bytes at {access.linear:#x}"


@dataclass(slots=True)
class Control:
    """One control operation."""

    op:       ControlOp
    register: Register
    value:    int
    taken:    bool = False

    def __await__(self) -> Generator["Control", int, int]:
        return (yield self)

    def packed(self) -> int:
        """The request, as it is on the port."""
        return _operation.pack({
            "op": self.op.value, "register": _REGISTERS[self.register], "value": self.value,
        })

    def __str__(self) -> str:
        name = self.register.name
        return {
            ControlOp.READ:   f"a read of {name}",
            ControlOp.WRITE:  f"a write of {self.value:#x} to {name}",
            ControlOp.INVLPG: f"INVLPG {self.value:#x}",
        }[self.op]


class Settle:
    """Wait for the marks."""

    def __await__(self) -> Generator["Settle", None, None]:
        yield self
