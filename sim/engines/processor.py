"""One processor as the kernel sees it: a bus, whose operations an engine brings to the ports.

The kernel is a coroutine. When it waits for the bus it hands out an operation; the engine puts it
on the ports, and resumes the kernel with the outcome. Nothing here knows a simulator.
"""

from collections import deque
from collections.abc import Awaitable, Generator, Sequence
from typing import Any

from hw.bus import ControlOp
from hw.interrupts import FIRST_VECTOR
from sw.bus import (
    Access, Fault, GeneralProtection, Register, Response, check_access, check_interrupt,
    check_invpcid, check_load, check_number, check_store,
)

from .operations import (
    ControlAccess, Halt, LoadString, Operation, SendInterrupt, Settle, SingleAccess, StoreString,
    TakeInterrupt,
)


__all__ = ["Names", "Processor"]


class Names:
    """Texts that a signal can show, numbered as they come up.

    Number 0 is the first one, which the signal shows after reset.
    """

    def __init__(self, first: Any):
        self.texts    = [first]
        self._numbers = {first: 0}

    def number(self, text: Any) -> int:
        """The number of ``text``, a new one if need be."""
        if text not in self._numbers:
            self._numbers[text] = len(self.texts)
            self.texts.append(text)
        return self._numbers[text]


class Processor:
    """A :class:`sw.bus.Bus`, and the coroutine that runs on it.

    Every mark stays on its signal for a cycle or more, so that a function that does not touch
    memory is seen too; operations wait for the marks before them.

    Parameters
    ----------
    stacks : :class:`Names`
        Function stacks seen so far, as tuples.

    Attributes
    ----------
    processors : :class:`int`
        How many the machine has.
    interrupts : :class:`int`
        Interrupts that wait: bit n is vector 0xF0 + n, as of the end of the last operation.
    running : :class:`bool`
        There is still something to do.
    operation : :class:`Operation` or :class:`None`
        What the kernel waits for; none before its start and after its end.
    kernel_stack : :class:`int`
        Number of the mark that was shown last.
    marks : :class:`collections.deque` of :class:`int`
        Marks to show after it.
    """

    def __init__(self, stacks: Names):
        self._stacks     = stacks
        self._kernel: Generator[Any, Any, None] | None = None
        self.operation: Operation | None = None
        self.marks: deque[int] = deque()
        self.kernel_stack = 0
        self.processors   = 1
        self.interrupts   = 0
        self.running      = False

    # The kernel's side

    async def access(self, access: Access) -> Response:
        """Do one access."""
        check_access(access)
        response: Response = await SingleAccess(access)
        return response

    async def load_string(self, linear: int, count: int, *,
                          user: bool) -> tuple[bytes, Fault | None]:
        """Load bytes upwards; return those before the first fault."""
        check_load(linear, count)
        return await LoadString(linear, count, user) if count else (b"", None)

    async def store_string(self, linear: int, data: bytes, *,
                           user: bool) -> tuple[int, Fault | None]:
        """Store bytes upwards; return how many came before the first fault."""
        check_store(linear, data)
        return await StoreString(linear, data, user) if data else (0, None)

    async def read_control(self, register: Register) -> int:
        """Read a control register."""
        value: int
        value, _ = await ControlAccess(ControlOp.READ, register, 0)
        return value

    async def write_control(self, register: Register, value: int) -> None:
        """Write a control register. Raises :class:`GeneralProtection` and changes nothing."""
        check_number(value, 64, f"the value of {register.name}")
        _, refused = await ControlAccess(ControlOp.WRITE, register, value)
        if refused:
            raise GeneralProtection(f"#GP: {value:#x} cannot be written to {register.name}")

    async def invlpg(self, linear: int) -> None:
        """Forget the translations of the page that contains ``linear``."""
        check_number(linear, 64, "the address")
        await ControlAccess(ControlOp.INVLPG, Register.CR0, linear)

    async def invpcid(self, kind: int, descriptor: int) -> None:
        """Execute INVPCID. Raises :class:`GeneralProtection` and changes nothing."""
        check_invpcid(kind, descriptor)
        _, refused = await ControlAccess(ControlOp.INVPCID, Register.CR0, kind,
                                         descriptor & (1 << 64) - 1, descriptor >> 64)
        if refused:
            raise GeneralProtection(f"#GP: INVPCID of type {kind:#x}, descriptor {descriptor:#x}")

    async def send_interrupt(self, target: int, vector: int) -> None:
        """Interrupt a processor."""
        check_interrupt(target, vector, self.processors)
        await SendInterrupt(target, vector)

    async def take_interrupt(self) -> int:
        """Accept the interrupt with the highest vector; return the vector."""
        assert self.interrupts, "no interrupt waits"
        vector: int = FIRST_VECTOR + self.interrupts.bit_length() - 1
        await TakeInterrupt(vector)
        self.interrupts &= ~(1 << vector - FIRST_VECTOR)
        return vector

    async def halt(self) -> None:
        """Stop until an interrupt waits."""
        await Halt()

    def mark(self, stack: Sequence[str]) -> None:
        """Note which kernel functions are executing, outermost first; empty: user code."""
        number = self._stacks.number(tuple(stack))
        if number != (self.marks[-1] if self.marks else self.kernel_stack):
            self.marks.append(number)

    async def settle(self) -> None:
        """Wait until every mark so far has been seen, and is on record."""
        if self.marks:
            await Settle()

    # The engine's side

    @property
    def ahead(self) -> int:
        """Cycles that the next operation must wait for marks to be shown."""
        return max(0, len(self.marks) - 1)

    def start(self, kernel: Awaitable[None]) -> None:
        """Begin to run ``kernel``, up to its first operation."""
        self._kernel = kernel.__await__()
        self.running = True
        self.resume(None)

    def resume(self, outcome: Any) -> None:
        """Let the kernel run up to its next operation. Raises whatever the kernel raises."""
        assert self._kernel is not None
        try:
            self.operation = self._kernel.send(outcome)
        except StopIteration:
            self.operation = None

    def stop(self) -> None:
        """Drop the kernel wherever it is."""
        self.running = False
        while self._kernel is not None:
            try:
                self._kernel.close()
                self._kernel = None
            except RuntimeError:
                # On its way out it waited for the bus once more. It is dropped there, then.
                continue
