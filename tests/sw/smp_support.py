"""A kernel on several golden processors, one bus operation at a time, in an order of choice."""

import itertools
import random
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator
from typing import Any

from sim.golden.processors import GoldenProcessor, Wait, golden_processors
from sw.arch.x86.include.asm.page_types import PAGE_SIZE
from sw.arch.x86.include.asm.pgtable_types import PAGING_64, Paging
from sw.bus import Register
from sw.era import ERA_6_X
from sw.include.linux.completion import completion
from sw.include.linux.cpumask import cpu_online_mask
from sw.kernel.fork.clone import CLONE_FILES, CLONE_SIGHAND, CLONE_THREAD, CLONE_VM
from sw.kernel.sched.completion import wait_for_completion
from sw.kernel.sched.idle import start_on
from sw.kernel.trace.ftrace import ret_stack
from sw.processor.cpu import Cpu
from sw.user import User
from sw.variables import per_cpu_ptr
from sw.vmlinux import Kernel

from .arch_support import RecordingBus, features_for, is_lazy, loaded_mm


__all__ = [
    "THREAD", "Deadlock", "Holder", "Processor", "Smp", "beside", "flushes", "seeded",
    "two_threads", "went_idle",
]


#: Flags for all that a thread shares with the one that makes it.
THREAD = CLONE_VM | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD

#: Operations after which a machine that does not end is thought never to.
PATIENCE = 1_000_000


class Deadlock(Exception):
    """No processor will ever go on."""


class Processor(GoldenProcessor, RecordingBus):
    """A golden processor that remembers what was asked of it.

    Attributes
    ----------
    sent : :class:`list` of :class:`tuple`
        Interrupts: target and vector.
    """

    def __init__(self, **features: Any) -> None:
        super().__init__(**features)
        self.sent: list[tuple[int, int]] = []

    async def send_interrupt(self, target: int, vector: int) -> None:
        await super().send_interrupt(target, vector)
        self.sent.append((target, vector))


def seeded(seed: int, count: int = 2) -> Iterator[int]:
    """Time slices without end: now finely mixed, now a long one for one processor."""
    dice = random.Random(seed)
    while True:
        number = dice.randrange(count)
        yield from itertools.repeat(number, dice.randint(1, dice.choice((1, 2, 8, 60, 400))))


class Smp:
    """A booted kernel on ``count`` processors. The others idle; number 0 runs what it is given.

    Parameters
    ----------
    order : iterable of :class:`int`
        Time slices while it boots, as in :meth:`run`.

    Attributes
    ----------
    buses : :class:`list` of :class:`Processor`
        What each processor was asked for since the boot.
    """

    def __init__(self, count: int = 2, paging: Paging = PAGING_64, ram_bytes: int = 1 << 20, *,
                 era: Any = ERA_6_X, highmem_bytes: int | None = None,
                 hugepages: int = 0, order: Iterable[int] = (), **features: Any) -> None:
        self.buses = golden_processors(count, Processor, **features_for(paging) | features)
        for number in range(64):
            self.buses[0].mmu.memory.page(number)[:] = b"\xa5" * PAGE_SIZE
        self.kernel = Kernel(paging, ram_bytes, era, highmem_bytes=highmem_bytes,
                             hugepages=hugepages)
        self.cpus   = [Cpu(bus, number) for number, bus in enumerate(self.buses)]
        self._waits = [Wait.TURN] * count
        self._executing: list[Coroutine[Any, Any, Any] | None] = [
            None, *(self.kernel.secondary(cpu) for cpu in self.cpus[1:])]
        self.run(lambda cpu: self.kernel.boot(*self.cpus), order)
        self.forget()

    def forget(self) -> None:
        """Forget what the processors were asked for."""
        for bus in self.buses:
            for record in (bus.log, bus.done, bus.marks, bus.sent):
                record.clear()

    def run(self, main: Callable[[Cpu], Awaitable[Any]], order: Iterable[int] = ()) -> Any:
        """Execute ``main`` on processor 0 and return its result. The others go on meanwhile.

        ``order`` has the number of the processor for each operation. One that is halted gives
        its turn away; when the numbers run out all take turns. Raises :class:`Deadlock`.
        """
        self._executing[0] = main(self.cpus[0])
        self._waits[0]     = Wait.TURN
        turns = itertools.chain(order, itertools.cycle(range(len(self.cpus))))
        try:
            for number in itertools.islice(turns, PATIENCE):
                if self._halted(number):
                    if all(map(self._halted, range(len(self.cpus)))):
                        raise Deadlock(f"all processors are halted: {self._where()}")
                    continue
                self._waits[number] = self._executing[number].send(None)
            raise Deadlock(f"no end in sight: {self._where()}")
        except StopIteration as end:
            self._executing[0] = None
            return end.value
        except BaseException:
            self._stop()
            raise

    def _halted(self, number: int) -> bool:
        return self._waits[number] is Wait.INTERRUPT and not self.buses[number].interrupts

    def _where(self) -> str:
        return "; ".join(f"CPU {cpu.number} in {per_cpu_ptr(ret_stack, cpu)}" for cpu in self.cpus)

    def _stop(self) -> None:
        """Drop everything where it is."""
        for coroutine in filter(None, self._executing):
            closed = False
            while not closed:
                try:
                    coroutine.close()
                    closed = True
                except RuntimeError:
                    # On its way out it waited for the bus once more.
                    continue


async def two_threads(cpu: Cpu) -> tuple[User, User]:
    """Make a process on processor 0, and a thread of it that processor 1 can execute."""
    user = await User.create(cpu)
    await user.handle()
    return user, (await user.clone(THREAD)).on(cpu_online_mask(cpu)[1])


async def beside(user: User, program: Callable[[], Awaitable[Any]]) -> completion:
    """Let the idle processor of ``user`` execute a program."""
    return await start_on(cpu_online_mask(user.cpu)[0], user.cpu, lambda cpu: program())


def flushes(bus: Processor) -> list[Any]:
    """Flushes of a processor: pages by INVLPG, or register writes."""
    return [op[1] for op in bus.log if op[:2] != ("write", Register.RFLAGS)]


class Holder:
    """A program that keeps an address space on its processor until it is told to leave."""

    def __init__(self, user: User) -> None:
        self.user    = user
        self.leave   = False
        self.arrived = False
        self.done: completion | None = None

    async def _hold(self) -> None:
        await self.user._run(self.user.cpu.pause)
        self.arrived = True
        while not self.leave:
            await self.user.cpu.pause()

    async def begin(self, cpu: Cpu) -> None:
        self.done = await beside(self.user, self._hold)
        while not self.arrived:
            await cpu.pause()

    async def end(self, cpu: Cpu) -> None:
        self.leave = True
        assert self.done is not None
        await wait_for_completion(cpu, self.done)


async def went_idle(cpu: Cpu, smp: Smp, user: User) -> None:
    """Let processor 1 execute ``user`` for a moment, and go idle with its tables."""
    holder = Holder(user)
    await holder.begin(cpu)
    await holder.end(cpu)
    assert is_lazy(smp.cpus[1]) and loaded_mm(smp.cpus[1]) is user.task.mm
    smp.forget()
