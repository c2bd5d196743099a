"""Several golden processors on one memory, with interrupts between them.

Each has a unit of its own, with its own cached translations: what one writes to a page table, the
others see when they walk it, and not before. An operation waits for its time slice, then completes
at once; so whoever resumes the coroutines decides the order of all operations.
"""

import enum
import types
from collections.abc import Generator
from typing import Any, TypeVar

from sw.bus import Access, Fault, Register, Response

from .bus import GoldenBus


__all__ = ["GoldenProcessor", "Wait", "golden_processors", "wait"]


class Wait(enum.Enum):
    """Reason for which a processor's coroutine is not going on, which it hands out."""

    TURN      = "for its time slice"
    PAUSE     = "for its time slice, in which it only lets time pass"
    INTERRUPT = "for an interrupt"
    START     = "for the others, to begin with them"


@types.coroutine
def wait(reason: Wait) -> Generator[Wait, None, None]:
    """Hand out a reason, and go on when the processor is resumed."""
    yield reason


class GoldenProcessor(GoldenBus):
    """A :class:`sw.bus.Bus` whose operations wait for their time slice."""

    async def access(self, access: Access) -> Response:
        """Do one access."""
        await wait(Wait.TURN)
        return await super().access(access)

    async def load_string(self, linear: int, count: int, *,
                          user: bool) -> tuple[bytes, Fault | None]:
        """Load bytes upwards, all in one slice."""
        await wait(Wait.TURN)
        return await super().load_string(linear, count, user=user)

    async def store_string(self, linear: int, data: bytes, *,
                           user: bool) -> tuple[int, Fault | None]:
        """Store bytes upwards, all in one slice."""
        await wait(Wait.TURN)
        return await super().store_string(linear, data, user=user)

    async def read_control(self, register: Register) -> int:
        """Read a control register."""
        await wait(Wait.TURN)
        return await super().read_control(register)

    async def write_control(self, register: Register, value: int) -> None:
        """Write a control register. Raises :class:`GeneralProtection` and changes nothing."""
        await wait(Wait.TURN)
        await super().write_control(register, value)

    async def invlpg(self, linear: int) -> None:
        """Forget the translations of the page that contains ``linear``."""
        await wait(Wait.TURN)
        await super().invlpg(linear)

    async def invpcid(self, kind: int, descriptor: int) -> None:
        """Execute INVPCID. Raises :class:`GeneralProtection` and changes nothing."""
        await wait(Wait.TURN)
        await super().invpcid(kind, descriptor)

    async def send_interrupt(self, target: int, vector: int) -> None:
        """Interrupt processor number ``target``."""
        await wait(Wait.TURN)
        await super().send_interrupt(target, vector)

    async def take_interrupt(self) -> int:
        """Accept the interrupt with the highest vector."""
        await wait(Wait.TURN)
        return await super().take_interrupt()

    async def halt(self) -> None:
        """Stop until an interrupt waits."""
        await wait(Wait.TURN)
        while not self.interrupts:
            await wait(Wait.INTERRUPT)


B = TypeVar("B", bound=GoldenProcessor)


def golden_processors(count: int, kind: type[B], **features: Any) -> list[B]:
    """Make ``count`` processors of a machine: buses of type ``kind``, by number."""
    processors = [kind(**features) for _ in range(count)]
    for processor in processors:
        processor.mmu.memory = processors[0].mmu.memory
        processor.processors = processors
    return processors
