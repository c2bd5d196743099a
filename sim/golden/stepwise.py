"""Golden processors whose page walks can be interrupted: each read of an entry is a step.

A step is what other processors could see of an operation. An access that hits the TLB is one. A
walk has one more for each entry that it reads, and one for each accessed or dirty flag that it
sets, for which the entry is read again with the bus locked: if it has changed, the walk begins
anew. A string that is copied is one step.
"""

from collections.abc import Iterator, Sequence

from sw.bus import (
    Access, Fault, GeneralProtection, Kind, PageFault, Register, Response, check_access, check_load,
    check_store,
)

from .bus import GoldenBus
from .permission import Attempt
from .processors import GoldenProcessor, Wait, wait
from .walk import Update, Walk, stepwise


__all__ = ["BLOCK", "StepwiseProcessor", "UnlockedProcessor", "WholeProcessor"]


#: More than the number of any word.
BLOCK = 1 << 60


class StepwiseProcessor(GoldenProcessor):
    """A :class:`.processors.GoldenProcessor` that hands out a wait before each of its steps.

    Attributes
    ----------
    doing : :class:`str`
        The step that it waits for.
    stack : :class:`tuple` of :class:`str`
        Kernel functions that it executes, outermost first.
    operations : :class:`int`
        Operations that were begun.
    locations : :class:`list` of :class:`tuple`
        What the step in progress has touched, and whether it was written: the number of an 8-byte
        word of physical memory, ``BLOCK`` plus the number of a block of 512 bytes that was written
        as a whole, or -1 - n for the interrupts of processor n. Of a word that is touched, its
        block is read. Whoever resumes the processor empties it.
    """

    def __init__(self, maxphyaddr: int = 40, **features: bool) -> None:
        super().__init__(maxphyaddr, **features)
        self.doing = ""
        self.stack: tuple[str, ...] = ()
        self.operations = 0
        self.locations: list[tuple[int, bool]] = []

    async def _step(self, doing: str, reason: Wait = Wait.TURN) -> None:
        self.doing = doing
        await wait(reason)

    async def access(self, access: Access) -> Response:
        """Do one access, after the walks that it needs."""
        check_access(access)
        self.operations += 1
        for linear in _pages(access.linear, access.size):
            if fault := await self._reach(linear, access):
                return Response(fault=fault)
        await self._step(f"{access.kind.value} {access.size} bytes at {access.linear:#x}")
        self.accesses += 1
        data, physical, fault = self.mmu.access(access)
        if physical is not None:
            self._touch(physical, access.size, access.kind not in (Kind.READ, Kind.FETCH))
        return Response(data, fault)

    async def load_string(self, linear: int, count: int, *,
                          user: bool) -> tuple[bytes, Fault | None]:
        """Load bytes upwards, all that can be had in one step."""
        check_load(linear, count)
        self.operations += 1
        count, fault = await self._reach_all(linear, count, Kind.READ, user)
        if not count:
            return b"", fault
        await self._step(f"read {count} bytes from {linear:#x}")
        data, denied = await GoldenBus.load_string(self, linear, count, user=user)
        self._touch_all(linear, len(data), Kind.READ, user)
        return data, denied or fault

    async def store_string(self, linear: int, data: bytes, *,
                           user: bool) -> tuple[int, Fault | None]:
        """Store bytes upwards, all that can be had in one step."""
        check_store(linear, data)
        self.operations += 1
        count, fault = await self._reach_all(linear, len(data), Kind.WRITE, user)
        if not count:
            return 0, fault
        await self._step(f"write {count} bytes to {linear:#x}")
        done, denied = await GoldenBus.store_string(self, linear, data[:count], user=user)
        self._touch_all(linear, done, Kind.WRITE, user)
        return done, denied or fault

    async def read_control(self, register: Register) -> int:
        """Read a control register. To read RFLAGS is to let time pass: see ``Cpu.pause``."""
        self.operations += 1
        if register is Register.RFLAGS:
            await self._step("pause", Wait.PAUSE)
        else:
            await self._step(f"read {register.name}")
        return await GoldenBus.read_control(self, register)

    async def write_control(self, register: Register, value: int) -> None:
        """Write a control register. Raises :class:`GeneralProtection` and changes nothing."""
        self.operations += 1
        await self._step(f"write {value:#x} to {register.name}")
        await GoldenBus.write_control(self, register, value)

    async def invlpg(self, linear: int) -> None:
        """Forget the translations of the page that contains ``linear``."""
        self.operations += 1
        await self._step(f"invlpg {linear:#x}")
        await GoldenBus.invlpg(self, linear)

    async def invpcid(self, kind: int, descriptor: int) -> None:
        """Execute INVPCID. Raises :class:`GeneralProtection` and changes nothing."""
        self.operations += 1
        await self._step(f"invpcid of type {kind}")
        await GoldenBus.invpcid(self, kind, descriptor)

    async def send_interrupt(self, target: int, vector: int) -> None:
        """Interrupt processor number ``target``."""
        self.operations += 1
        await self._step(f"interrupt processor {target} with vector {vector:#x}")
        await GoldenBus.send_interrupt(self, target, vector)
        self.locations.append((-1 - target, True))

    async def take_interrupt(self) -> int:
        """Accept the interrupt with the highest vector."""
        self.operations += 1
        await self._step("take an interrupt")
        self.locations.append((-1 - self.number, True))
        return await GoldenBus.take_interrupt(self)

    async def halt(self) -> None:
        """Stop until an interrupt waits."""
        if not self.interrupts:
            self.operations += 1
            await self._step("halt", Wait.INTERRUPT)

    def mark(self, stack: Sequence[str]) -> None:
        """Note which kernel functions are executing."""
        self.stack = tuple(stack)

    @property
    def number(self) -> int:
        """Number of the processor."""
        return self.processors.index(self)

    # Walks

    async def _reach_all(self, linear: int, count: int, kind: Kind,
                         user: bool) -> tuple[int, Fault | None]:
        """Have the pages of a string translated; return the bytes before a fault, and the fault."""
        done = 0
        for page in _pages(linear, count):
            if fault := await self._reach(page, Access(page, 1, kind, user)):
                return done, fault
            done = min(count, (page | 0xfff) + 1 - linear)
        return done, None

    async def _reach(self, linear: int, access: Access) -> Fault | None:
        """Have the page of ``linear`` in the TLB, as the access needs it; a fault if it cannot be.

        An access that the TLB serves, or refuses, needs no walk.
        """
        while self.mmu.walks(linear, access):
            steps = stepwise(self.mmu.state, Attempt.of(access), linear)
            try:
                address, size = next(steps)
                while True:
                    await self._step(f"walk {linear:#x}: read the entry at {address:#x}")
                    self._touch(address, size, False)
                    address, size = steps.send(self.mmu.memory.read(address, size))
            except StopIteration as end:
                walked: Walk = end.value
            if not await self._update(linear, walked):
                continue
            try:
                self.mmu.conclude(linear, walked)
            except (PageFault, GeneralProtection) as fault:
                return fault
        return None

    async def _update(self, linear: int, walked: Walk) -> bool:
        """Set the flags of a walk, each in a locked step; False: an entry is not what was read."""
        read = {step.address: step.entry for step in walked.steps}
        for update in walked.updates:
            await self._step(f"walk {linear:#x}: set {_flags(read[update.address], update)} in "
                             f"the entry at {update.address:#x}")
            self._touch(update.address, update.size, True)
            if self.mmu.memory.read(update.address, update.size) != read[update.address]:
                return False
            self._store(update)
        return True

    def _store(self, update: Update) -> None:
        self.mmu.memory.write(update.address, update.size, update.value)

    # What steps touch

    def _touch(self, physical: int, size: int, write: bool) -> None:
        end = physical + size
        if write and not (physical | size) % 512:
            self.locations += [(BLOCK + block, True) for block in range(physical >> 9, end >> 9)]
            return
        self.locations += [(word, write) for word in range(physical >> 3, end + 7 >> 3)]
        self.locations += [(BLOCK + block, False) for block in range(physical >> 9,
                                                                     end + 511 >> 9)]

    def _touch_all(self, linear: int, count: int, kind: Kind, user: bool) -> None:
        end = linear + count
        while linear < end:
            size     = min(end - linear, 4096 - linear % 4096)
            physical = self.mmu.access(Access(linear, 1, Kind.READ, user)).physical
            assert physical is not None, "it was read or written just now"
            self._touch(physical, size, kind is Kind.WRITE)
            linear += size


class WholeProcessor(StepwiseProcessor):
    """A processor each of whose operations is one step, with the walks in it."""

    async def _reach(self, linear: int, access: Access) -> Fault | None:
        return None


class UnlockedProcessor(StepwiseProcessor):
    """A processor with a flaw: its walker sets flags without looking at the entry again.

    What another processor has stored in the entry since it was read is lost.
    """

    async def _update(self, linear: int, walked: Walk) -> bool:
        for update in walked.updates:
            await self._step(f"walk {linear:#x}: store the entry at {update.address:#x}, unlocked")
            self._touch(update.address, update.size, True)
            self._store(update)
        return True


def _pages(linear: int, count: int) -> Iterator[int]:
    """First byte of a range, and of each page in it behind that."""
    yield linear
    yield from range((linear | 0xfff) + 1, linear + count, 4096)


def _flags(before: int, update: Update) -> str:
    """Names of the flags that an update sets."""
    return " and ".join(name for bit, name in ((5, "A"), (6, "D"))
                        if (before ^ update.value) >> bit & 1)
