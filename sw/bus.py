"""What the kernel needs from the machine: a processor's accesses, registers and interrupts."""

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


__all__ = [
    "FIRST_VECTOR", "LAST_VECTOR",
    "Access", "Answer", "Bus", "Fault", "GeneralProtection", "Kind", "PageFault", "Register",
]


#: Vectors of interrupts between processors; a higher number is a higher priority.
FIRST_VECTOR = 0xF0
LAST_VECTOR  = 0xFF


class Kind(enum.Enum):
    """Kind of memory access."""

    READ             = "read"
    WRITE            = "write"
    FETCH            = "fetch"
    EXCHANGE         = "exchange"          #: locked: store ``data``, return what was there
    COMPARE_EXCHANGE = "compare-exchange"  #: locked: store ``data`` if ``compare`` was there


class Register(enum.Enum):
    """Register that a control operation names."""

    CR0      = "cr0"
    CR2      = "cr2"
    CR3      = "cr3"
    CR4      = "cr4"
    EFER     = "efer"
    RFLAGS   = "rflags"    #: only AC, bit 18
    FEATURES = "features"  #: read-only: what the unit can do


# One of these is made for each access, and one answer: to freeze them takes longer than to do it.

@dataclass(slots=True)
class Access:
    """One access to memory by linear address. Nobody changes it.

    Attributes
    ----------
    linear : :class:`int`
        Address of the first byte.
    size : :class:`int`
        1, 2, 4 or 8 bytes, at any alignment.
    user : :class:`bool`
        CPL is 3.
    implicit : :class:`bool`
        A system access, such as a descriptor read: supervisor whatever the CPL.
    data, compare : :class:`int`
        Little-endian value to store, and the one that a compare-exchange expects.
    """

    linear:   int
    size:     int
    kind:     Kind = Kind.READ
    user:     bool = False
    implicit: bool = False
    data:     int  = 0
    compare:  int  = 0


class PageFault(Exception):
    """#PF, exception 14.

    Attributes
    ----------
    address : :class:`int`
        Linear address, as CR2 holds it.
    error_code : :class:`int`
        Error code, as the processor pushes it.
    """

    def __init__(self, address: int, error_code: int):
        super().__init__(f"page fault at {address:#x}, error code {error_code:#x}")
        self.address    = address
        self.error_code = error_code


class GeneralProtection(Exception):
    """#GP(0), exception 13: a non-canonical address, or a forbidden control write."""


Fault = PageFault | GeneralProtection


@dataclass(slots=True)
class Answer:
    """Outcome of one access. Nobody changes it.

    Attributes
    ----------
    data : :class:`int`
        What was read; 0 after a write or a fault.
    fault : :class:`PageFault`, :class:`GeneralProtection` or :class:`None`
        Why the access was not done. It then changed no byte.
    """

    data:  int = 0
    fault: Fault | None = None


class Bus(Protocol):
    """A processor's view of memory. Each ``await`` is a point of preemption."""

    @property
    def interrupts(self) -> int:
        """Interrupts that wait: bit n is vector 0xF0 + n, as of the end of the last operation.

        Only ``take_interrupt`` clears one.
        """

    async def access(self, access: Access) -> Answer:
        """Do one access."""

    async def load_string(self, linear: int, count: int, *,
                          user: bool) -> tuple[bytes, Fault | None]:
        """Load bytes upwards, in the accesses that :func:`sw.pieces.pieces` says.

        There are :data:`sw.pieces.CHUNK` bytes at most.

        Each access is chained to the one before: it is not done if that one faults. Returns the
        bytes before the first fault, and that fault.
        """

    async def store_string(self, linear: int, data: bytes, *,
                           user: bool) -> tuple[int, Fault | None]:
        """Store bytes upwards, in the same way. Returns how many came before the first fault."""

    async def read_control(self, register: Register) -> int:
        """Read a control register."""

    async def write_control(self, register: Register, value: int) -> None:
        """Write a control register. Raises :class:`GeneralProtection` and changes nothing."""

    async def invlpg(self, linear: int) -> None:
        """Forget the translations of the page that contains ``linear``."""

    async def send_interrupt(self, target: int, vector: int) -> None:
        """Interrupt processor number ``target``. ``vector`` is 0xF0 to 0xFF."""

    async def take_interrupt(self) -> int:
        """Accept the interrupt with the highest vector. Returns the vector; one must wait."""

    async def halt(self) -> None:
        """Stop until an interrupt waits."""

    def mark(self, stack: Sequence[str]) -> None:
        """Note which kernel functions are executing, outermost first; empty: user code."""
