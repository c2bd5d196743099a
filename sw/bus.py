"""What the kernel needs from the machine: one processor's accesses and control registers."""

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


__all__ = [
    "Access", "Answer", "Bus", "GeneralProtection", "Kind", "PageFault", "Register",
]


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


@dataclass(frozen=True, slots=True)
class Access:
    """One access to memory by linear address.

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


@dataclass(frozen=True, slots=True)
class Answer:
    """Outcome of one access.

    Attributes
    ----------
    data : :class:`int`
        What was read; 0 after a write or a fault.
    fault : :class:`PageFault`, :class:`GeneralProtection` or :class:`None`
        Why the access was not done. It then changed no byte.
    """

    data:  int = 0
    fault: PageFault | GeneralProtection | None = None


class Bus(Protocol):
    """A processor's view of memory. Each ``await`` is a point of preemption."""

    async def access(self, access: Access) -> Answer:
        """Do one access."""

    async def burst(self, accesses: Sequence[Access]) -> list[Answer]:
        """Do accesses back to back, up to and including the first that faults.

        Returns one answer for each access done, so the last one alone may hold a fault.
        """

    async def read_control(self, register: Register) -> int:
        """Read a control register."""

    async def write_control(self, register: Register, value: int) -> None:
        """Write a control register. Raises :class:`GeneralProtection` and changes nothing."""

    async def invlpg(self, linear: int) -> None:
        """Forget the translations of the page that contains ``linear``."""

    def mark(self, stack: Sequence[str]) -> None:
        """Note which kernel functions are executing, outermost first; empty: user code."""
