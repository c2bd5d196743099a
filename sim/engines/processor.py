"""One processor in front of a unit: a bus for the kernel, and the driver of the unit's ports.

The kernel is a coroutine. When it waits for the bus it hands out an operation; the driver, stepped
once a cycle, puts the operation on the ports and resumes the kernel with the outcome. Nothing
here knows a simulator.
"""

from collections import deque
from collections.abc import Awaitable, Generator, Sequence
from typing import Any

from hw.bus import AccessResponse, ControlOp, ControlResponse, ControlState
from hw.layout import Fault
from sim.engine import BusHang
from sim.recorder import Fields, Sample
from sw.bus import Access, Answer, GeneralProtection, Kind, PageFault, Register
from sw.bus import Fault as BusFault
from sw.pieces import pieces

from .operations import Accesses, Control, Settle


__all__ = ["Names", "Processor"]


_response = Fields(AccessResponse)
_outcome  = Fields(ControlResponse)
_state    = Fields(ControlState)

_FAULTS   = {fault.value: fault for fault in Fault}


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
    """A :class:`sw.bus.Bus`, and the values to drive onto the ports of the unit in each cycle.

    Every mark stays on its signal for a cycle or more, so that a function that does not touch
    memory is seen too; operations wait for the marks before them.

    Parameters
    ----------
    stacks : :class:`Names`
        Function stacks seen so far, as tuples.
    deadline : :class:`int`
        Cycles in which the unit must do something for an operation.

    Attributes
    ----------
    running : :class:`bool`
        There is still something to do.
    request_valid, request : :class:`int`
        Stream of accesses, in the cycle to come.
    control_valid, control : :class:`int`
        Stream of control operations, in the cycle to come.
    kernel_stack : :class:`int`
        Number of the mark, in the cycle to come.
    """

    def __init__(self, stacks: Names, *, deadline: int):
        self._stacks    = stacks
        self._deadline  = deadline
        self._marks: deque[int] = deque()
        self._kernel: Generator[Any, Any, None] | None = None
        self._operation: Accesses | Control | Settle | None = None
        self._progress  = 0
        self.running    = False
        self.request_valid = self.request = 0
        self.control_valid = self.control = 0
        self.kernel_stack  = 0

    # The kernel's side

    async def access(self, access: Access) -> Answer:
        """Do one access."""
        return (await Accesses([access]))[0]

    async def load_string(self, linear: int, count: int, *,
                          user: bool) -> tuple[bytes, BusFault | None]:
        """Load bytes upwards; return those before the first fault."""
        todo = [Access(piece, size, Kind.READ, user) for piece, size in pieces(linear, count)]
        answers = await Accesses(todo) if todo else []
        data = b"".join(answer.data.to_bytes(access.size, "little")
                        for access, answer in zip(todo, answers, strict=False)
                        if answer.fault is None)
        return data, answers[-1].fault if answers else None

    async def store_string(self, linear: int, data: bytes, *,
                           user: bool) -> tuple[int, BusFault | None]:
        """Store bytes upwards; return how many came before the first fault."""
        todo = [Access(piece, size, Kind.WRITE, user, data=int.from_bytes(
                    data[piece - linear:piece - linear + size], "little"))
                for piece, size in pieces(linear, len(data))]
        answers = await Accesses(todo) if todo else []
        done = sum(access.size for access, answer in zip(todo, answers, strict=False)
                   if answer.fault is None)
        return done, answers[-1].fault if answers else None

    async def read_control(self, register: Register) -> int:
        """Read a control register."""
        return _outcome(await Control(ControlOp.READ, register, 0))["value"]

    async def write_control(self, register: Register, value: int) -> None:
        """Write a control register. Raises :class:`GeneralProtection` and changes nothing."""
        if _outcome(await Control(ControlOp.WRITE, register, value))["fault"]:
            raise GeneralProtection(f"#GP: {value:#x} cannot be written to {register.name}")

    async def invlpg(self, linear: int) -> None:
        """Forget the translations of the page that contains ``linear``."""
        await Control(ControlOp.INVLPG, Register.CR0, linear)

    @property
    def interrupts(self) -> int:
        """Interrupts that wait: none ever does."""
        return 0

    async def send_interrupt(self, target: int, vector: int) -> None:
        """Interrupt a processor."""
        raise NotImplementedError

    async def take_interrupt(self) -> int:
        """Accept an interrupt."""
        raise NotImplementedError

    async def halt(self) -> None:
        """Stop until an interrupt waits."""
        raise NotImplementedError

    def mark(self, stack: Sequence[str]) -> None:
        """Note which kernel functions are executing, outermost first; empty: user code."""
        number = self._stacks.number(tuple(stack))
        if number != (self._marks[-1] if self._marks else self.kernel_stack):
            self._marks.append(number)

    async def settle(self) -> None:
        """Wait until every mark so far has been seen, and is on record."""
        if self._marks:
            await Settle()

    # The machine's side

    @property
    def ahead(self) -> int:
        """Cycles that the next operation must wait for marks to be shown."""
        return max(0, len(self._marks) - 1)

    def start(self, kernel: Awaitable[None]) -> None:
        """Begin to run ``kernel``, up to its first operation."""
        self._kernel  = kernel.__await__()
        self.running  = True
        self._resume(None, 0)
        self._drive()

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

    def step(self, cycle: int, sample: Sample) -> None:
        """Take note of ``cycle``, which has ended, and set the attributes for the next one.

        Raises :class:`sim.engine.BusHang`, and whatever the kernel raises.
        """
        operation = self._operation
        if isinstance(operation, Accesses):
            self._step_accesses(cycle, sample, operation)
        elif isinstance(operation, Control):
            self._step_control(cycle, sample, operation)
        elif not self._marks and operation is None:
            self.running = False
        elif not self._marks:
            self._resume(None, cycle)
        self._drive()

    def _step_accesses(self, cycle: int, sample: Sample, operation: Accesses) -> None:
        if sample.request_valid and sample.request_ready:
            operation.taken += 1
            self._progress = cycle
        if sample.response_valid:
            operation.responses.append(sample.response)
            self._progress = cycle
            if len(operation.responses) == len(operation.requests):
                self._resume(self._answers(operation, sample.state), cycle)
                return
        self._check(cycle)

    def _step_control(self, cycle: int, sample: Sample, operation: Control) -> None:
        if sample.control_valid and sample.control_ready:
            operation.taken = True
            self._progress = cycle
        if sample.controlled_valid:
            self._resume(sample.controlled, cycle)
        else:
            self._check(cycle)

    def _check(self, cycle: int) -> None:
        if self._marks:
            self._progress = cycle
        elif cycle - self._progress > self._deadline:
            raise BusHang(cycle, str(self._operation))

    def _resume(self, outcome: Any, cycle: int) -> None:
        """Let the kernel run up to its next operation."""
        assert self._kernel is not None
        self._progress = cycle
        try:
            self._operation = self._kernel.send(outcome)
        except StopIteration:
            self._operation = None

    def _drive(self) -> None:
        """Set the attributes: the next mark, and behind the last one, the operation."""
        if self._marks:
            self.kernel_stack = self._marks.popleft()
        operation = self._operation
        self.request_valid = self.control_valid = 0
        if self._marks or operation is None:
            return
        if isinstance(operation, Accesses):
            if operation.taken < len(operation.requests):
                self.request_valid, self.request = 1, operation.packed(operation.taken)
        elif isinstance(operation, Control) and not operation.taken:
            self.control_valid, self.control = 1, operation.packed()

    def _answers(self, operation: Accesses, state: int) -> list[Answer]:
        """One answer for each access that was not skipped."""
        answers = []
        for access, bits in zip(operation.requests, operation.responses, strict=True):
            response = _response(bits)
            fault    = _FAULTS[response["fault"]]
            if fault == Fault.NONE:
                mask = 0 if access.kind is Kind.WRITE else (1 << 8 * access.size) - 1
                answers.append(Answer(response["data"] & mask))
            elif fault == Fault.PAGE_FAULT:
                cr2 = _state(state)["cr2"]
                answers.append(Answer(fault=PageFault(cr2, response["error"])))
            elif fault == Fault.GENERAL_PROTECTION:
                answers.append(Answer(fault=GeneralProtection(f"#GP at {access.linear:#x}")))
        return answers
