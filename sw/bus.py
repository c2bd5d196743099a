"""The machine as a processor needs it: accesses, registers and interrupts.

Ref: Intel SDM Vol. 1, section 7.3.9.3 "Fast-String Operation".

An operation that no machine has, such as a load of 3 bytes, is refused here for all of them, by
functions that every bus calls before it does anything else.
"""

import enum
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol


__all__ = [
    "BURST_LENGTH", "FIRST_VECTOR", "LAST_VECTOR", "SIZES", "Access", "Bus", "BusError", "Fault",
    "GeneralProtection", "Kind", "PageFault", "Register", "Response", "check_access",
    "check_bytes", "check_interrupt", "check_invpcid", "check_load", "check_number", "check_store",
    "naturally_aligned",
]


#: Bytes of an access.
SIZES = frozenset((1, 2, 4, 8))

#: Most bytes of a string that are handed over at a time: a string instruction can be interrupted
#: after as many.
BURST_LENGTH = 512

_64_BITS = (1 << 64) - 1


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
    PKRU     = "pkru"      #: rights that protection keys take away from user pages
    PKRS     = "pkrs"      #: IA32_PKRS: ... from supervisor pages
    FEATURES = "features"  #: read-only: the unit's abilities


# One of these is made for each access, and one response. To freeze them takes longer than that.

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


class BusError(Exception):
    """An access, or the walk of its tables, to physical memory that does not answer.

    A processor makes a machine check of it, #MC, exception 18, which is seldom as precise: here
    it is known which access it was, and what follows can be done.
    """


Fault = PageFault | GeneralProtection | BusError


@dataclass(slots=True)
class Response:
    """Outcome of one access. Nobody changes it.

    Attributes
    ----------
    data : :class:`int`
        Value that was read; 0 after a write or a fault.
    fault : :data:`Fault` or :class:`None`
        Why the access was not done. It then changed no byte; but with a :class:`BusError`, the
        bytes in one of two words of memory may have been stored.
    """

    data:  int = 0
    fault: Fault | None = None


def check_number(value: Any, bits: int, what: str) -> None:
    """Refuse anything but a number from 0 to 2 ** ``bits`` - 1.

    Raises :class:`TypeError` and :class:`ValueError`, with one sentence that begins with ``what``.
    """
    if not isinstance(value, int):
        raise TypeError(f"{what} is a whole number, not {value!r}")
    if value >> bits:
        raise ValueError(f"{what} is a number of {bits} bits, not {value:#x}")


def check_access(access: Access) -> None:
    """Refuse an access that no processor can make. Raises like :func:`check_number`.

    The address has 64 bits; the size is 1, 2, 4 or 8 bytes; the value to store and the expected
    one fit in it.
    """
    size = access.size
    try:
        if size in SIZES and not (
                access.linear >> 64 or (access.data | access.compare) >> 8 * size):
            return
    except TypeError:
        pass  # it is no number, as is said below
    check_number(access.linear, 64, "the address")
    if not isinstance(size, int) or size not in SIZES:
        raise ValueError(f"the size of an access is 1, 2, 4 or 8 bytes, not {size!r}")
    check_number(access.data, 8 * size, f"the value of an access of size {size}")
    check_number(access.compare, 8 * size, f"the expected value of an access of size {size}")


def check_bytes(data: Any) -> None:
    """Refuse anything but bytes. Raises :class:`TypeError`."""
    if not isinstance(data, bytes | bytearray | memoryview):
        raise TypeError(f"what is stored are bytes, not {data!r}")


def check_load(linear: int, count: int) -> None:
    """Refuse a string that cannot be loaded. Raises :class:`ValueError`, :class:`TypeError`."""
    check_number(linear, 64, "the address")
    check_number(count, 64, "the length of a string")
    if count > BURST_LENGTH:
        raise ValueError(f"a string has {BURST_LENGTH} bytes at most, not {count!r}")


def check_store(linear: int, data: bytes) -> None:
    """Refuse a string that cannot be stored. Raises :class:`ValueError`, :class:`TypeError`."""
    check_bytes(data)
    check_load(linear, len(data))


def check_interrupt(target: int, vector: int, processors: int) -> None:
    """Refuse an interrupt for nobody, or of no such vector. Raises like :func:`check_number`."""
    check_number(target, 64, "the number of a processor")
    check_number(vector, 8, "a vector")
    if target >= processors:
        raise ValueError(f"there is no processor {target}: the machine has {processors}")
    if vector < FIRST_VECTOR:
        raise ValueError(f"a vector is {FIRST_VECTOR:#x} to {LAST_VECTOR:#x}, not {vector:#x}")


def check_invpcid(kind: int, descriptor: int) -> None:
    """Refuse what are no operands of INVPCID. Raises like :func:`check_number`."""
    check_number(kind, 64, "the type of INVPCID")
    check_number(descriptor, 128, "the descriptor of INVPCID")


def naturally_aligned(linear: int, count: int) -> Iterator[tuple[int, int]]:
    """Split ``count`` bytes at ``linear`` into naturally aligned accesses: address and size.

    An aligned access of up to 8 bytes is within one page, so that a fault stops the operation at
    the first byte of the page, as it would byte by byte. Behind the last address comes 0.
    """
    while count:
        size = 8
        while linear % size or size > count:
            size //= 2
        yield linear, size
        linear = linear + size & _64_BITS
        count -= size


class Bus(Protocol):
    """A processor's view of memory. Each ``await`` is a point of preemption.

    A value wider than the machine's ports is refused: :class:`ValueError`, or :class:`TypeError`
    for one that is no number.
    """

    @property
    def interrupts(self) -> int:
        """Interrupts that wait: bit n is vector 0xF0 + n, as of the end of the last operation.

        Only ``take_interrupt`` clears one.
        """

    async def access(self, access: Access) -> Response:
        """Do one access."""

    async def load_string(self, linear: int, count: int, *,
                          user: bool) -> tuple[bytes, Fault | None]:
        """Load bytes upwards, in the accesses of :func:`naturally_aligned`.

        There are :data:`BURST_LENGTH` bytes at most.

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

    async def invpcid(self, kind: int, descriptor: int) -> None:
        """Execute INVPCID of type ``kind``: the PCID is in bits 11 to 0, the address in 127 to 64.

        Raises :class:`GeneralProtection` and changes nothing.
        """

    async def send_interrupt(self, target: int, vector: int) -> None:
        """Interrupt processor number ``target``. ``vector`` is 0xF0 to 0xFF."""

    async def take_interrupt(self) -> int:
        """Accept the interrupt with the highest vector. Returns the vector; one must wait."""

    async def halt(self) -> None:
        """Stop until an interrupt waits."""

    def mark(self, stack: Sequence[str]) -> None:
        """Note which kernel functions are executing, outermost first; empty: user code."""
