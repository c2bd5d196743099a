"""The golden machine as the kernel sees it: every operation completes at once."""

from __future__ import annotations

from collections.abc import Sequence

from sw.bus import (
    FIRST_VECTOR, Access, Fault, Kind, Register, Response, check_access, check_interrupt,
    check_load, check_number, check_store, naturally_aligned,
)

from .mmu import GoldenMmu
from .state import Features


__all__ = ["GoldenBus"]


class GoldenBus:
    """A :class:`sw.bus.Bus` on a golden machine.

    Parameters
    ----------
    maxphyaddr : :class:`int`
        Width of a physical address in bits.
    **features : :class:`bool`
        Features of :class:`.state.Features` by name.

    Attributes
    ----------
    mmu : :class:`GoldenMmu`
        The machine.
    accesses : :class:`int`
        Accesses done so far, the faulting ones too.
    interrupts : :class:`int`
        Interrupts that wait: bit n is vector 0xF0 + n.
    processors : :class:`list` of :class:`GoldenBus`
        The machine's processors by number, this one among them.
    """

    def __init__(self, maxphyaddr: int = 40, **features: bool) -> None:
        self.mmu        = GoldenMmu(Features(maxphyaddr=maxphyaddr, **features))
        self.accesses   = 0
        self.interrupts = 0
        self.processors: Sequence[GoldenBus] = [self]

    def do(self, access: Access) -> Response:
        """Do one access, now."""
        self.accesses += 1
        data, _, fault = self.mmu.access(access)
        return Response(data, fault)

    async def access(self, access: Access) -> Response:
        """Do one access."""
        check_access(access)
        return self.do(access)

    async def load_string(self, linear: int, count: int, *,
                          user: bool) -> tuple[bytes, Fault | None]:
        """Load bytes upwards; return those before the first fault."""
        check_load(linear, count)
        data = bytearray()
        for address, size in naturally_aligned(linear, count):
            response = self.do(Access(address, size, Kind.READ, user))
            if response.fault is not None:
                return bytes(data), response.fault
            data += response.data.to_bytes(size, "little")
        return bytes(data), None

    async def store_string(self, linear: int, data: bytes, *,
                           user: bool) -> tuple[int, Fault | None]:
        """Store bytes upwards; return how many came before the first fault."""
        check_store(linear, data)
        done = 0
        for address, size in naturally_aligned(linear, len(data)):
            value  = int.from_bytes(data[done:done + size], "little")
            response = self.do(Access(address, size, Kind.WRITE, user, data=value))
            if response.fault is not None:
                return done, response.fault
            done += size
        return done, None

    async def read_control(self, register: Register) -> int:
        """Read a control register."""
        return self.mmu.read_control(register)

    async def write_control(self, register: Register, value: int) -> None:
        """Write a control register. Raises :class:`GeneralProtection` and changes nothing."""
        check_number(value, 64, f"the value of {register.name}")
        self.mmu.write_control(register, value)

    async def invlpg(self, linear: int) -> None:
        """Forget the translations of the page that contains ``linear``."""
        check_number(linear, 64, "the address")
        self.mmu.invlpg(linear)

    async def send_interrupt(self, target: int, vector: int) -> None:
        """Interrupt processor number ``target``."""
        check_interrupt(target, vector, len(self.processors))
        self.processors[target].interrupts |= 1 << vector - FIRST_VECTOR

    async def take_interrupt(self) -> int:
        """Accept the interrupt with the highest vector."""
        assert self.interrupts, "no interrupt waits"
        highest = self.interrupts.bit_length() - 1
        self.interrupts &= ~(1 << highest)
        return FIRST_VECTOR + highest

    async def halt(self) -> None:
        """Stop until an interrupt waits."""
        assert self.interrupts, "a processor that is alone is never woken up"

    def mark(self, stack: Sequence[str]) -> None:
        """Note nothing: a machine without a clock has no waveform to mark."""
