"""The golden machine as the kernel sees it: every operation completes at once."""

from collections.abc import Sequence

from sw.bus import Access, Answer, Register

from .mmu import GoldenMmu
from .state import Machine


__all__ = ["GoldenBus"]


class GoldenBus:
    """A :class:`sw.bus.Bus` on a golden machine.

    Parameters
    ----------
    maxphyaddr : :class:`int`
        Width of a physical address in bits.
    **features : :class:`bool`
        Features of :class:`.state.Machine` by name.

    Attributes
    ----------
    mmu : :class:`GoldenMmu`
        The machine.
    accesses : :class:`int`
        Accesses done so far, the faulting ones too.
    """

    def __init__(self, maxphyaddr: int = 40, **features: bool) -> None:
        self.mmu      = GoldenMmu(Machine(maxphyaddr=maxphyaddr, **features))
        self.accesses = 0

    async def access(self, access: Access) -> Answer:
        """Do one access."""
        self.accesses += 1
        data, _, fault = self.mmu.access(access)
        return Answer(data, fault)

    async def burst(self, accesses: Sequence[Access]) -> list[Answer]:
        """Do accesses up to and including the first that faults; one answer for each."""
        answers = []
        for access in accesses:
            data, _, fault = self.mmu.access(access)
            answers.append(Answer(data, fault))
            if fault is not None:
                break
        self.accesses += len(answers)
        return answers

    async def read_control(self, register: Register) -> int:
        """Read a control register."""
        return self.mmu.read_control(register)

    async def write_control(self, register: Register, value: int) -> None:
        """Write a control register. Raises :class:`GeneralProtection` and changes nothing."""
        self.mmu.write_control(register, value)

    async def invlpg(self, linear: int) -> None:
        """Forget the translations of the page that contains ``linear``."""
        self.mmu.invlpg(linear)

    def mark(self, stack: Sequence[str]) -> None:
        """Note nothing: a machine without a clock has no waveform to mark."""
