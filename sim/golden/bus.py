"""The golden machine as the kernel sees it: every operation completes at once."""

from __future__ import annotations

from collections.abc import Sequence

from sw.bus import (
    FIRST_VECTOR, Access, Fault, GeneralProtection, Kind, PageFault, Register, Response,
    check_access, check_interrupt, check_invpcid, check_load, check_number, check_store,
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
        Accesses and strings done so far, the faulting ones too.
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
        self.accesses += bool(count)
        data = bytearray()
        try:
            for page, offset, size in self.mmu.spans(linear, count, Kind.READ, user=user):
                data += page[offset:offset + size]
        except (PageFault, GeneralProtection) as fault:
            return bytes(data), fault
        return bytes(data), None

    async def store_string(self, linear: int, data: bytes, *,
                           user: bool) -> tuple[int, Fault | None]:
        """Store bytes upwards; return how many came before the first fault."""
        check_store(linear, data)
        self.accesses += bool(data)
        done = 0
        try:
            for page, offset, size in self.mmu.spans(linear, len(data), Kind.WRITE, user=user):
                page[offset:offset + size] = data[done:done + size]
                done += size
        except (PageFault, GeneralProtection) as fault:
            return done, fault
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

    async def invpcid(self, kind: int, descriptor: int) -> None:
        """Execute INVPCID. Raises :class:`GeneralProtection` and changes nothing."""
        check_invpcid(kind, descriptor)
        self.mmu.invpcid(kind, descriptor)

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
