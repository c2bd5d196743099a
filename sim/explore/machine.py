"""A golden machine that stands at the start of a race, to be played step by step."""

from collections.abc import Coroutine, Mapping
from contextlib import suppress
from types import MappingProxyType
from typing import Any

from sim.golden.processors import Wait, golden_processors, wait
from sim.golden.stepwise import StepwiseProcessor
from sw.arch.x86.include.asm.pgtable_types import PAGING_64
from sw.audit import audit
from sw.errno import KernelError
from sw.include.linux.signal_types import Killed, Signal
from sw.kconfig import Era
from sw.kernel.sched.idle import start_on
from sw.processor.cpu import Cpu
from sw.vmlinux import Kernel

from .race import Race, RaceModule, Variant


__all__ = ["RAM", "RacingMachine"]


#: Bytes of physical memory, if the race does not need more.
RAM = 1 << 20

#: Steps in which a machine boots and sets up.
PATIENCE = 1_000_000


class RacingMachine:
    """A machine whose processors have set up, and are about to begin their programs.

    Parameters
    ----------
    module : module
        The race.
    variant : :class:`.race.Variant`
        Machine and kernel.
    era : :class:`sw.kconfig.Era`
        Rules of the kernel.
    processor : class or :class:`None`
        Its processors, if they are not to be those of the variant.
    kernel : mapping
        Further parameters of :class:`sw.vmlinux.Kernel`, by name.

    Attributes
    ----------
    processors : :class:`list` of :class:`sim.golden.stepwise.StepwiseProcessor`
        The processors.
    waits : :class:`list` of :class:`sim.golden.processors.Wait`
        What each processor waits for.
    over : :class:`list` of :class:`bool`
        The program of each processor has ended. It still serves interrupts.
    ends : :class:`list` of :class:`str`
        What has ended them before their time: an error or a signal; else empty.
    """

    def __init__(self, module: RaceModule, variant: Variant, era: Era,
                 processor: type[StepwiseProcessor] | None = None, *,
                 kernel: Mapping[str, Any] = MappingProxyType({})):
        count           = module.CPUS
        self.processors = golden_processors(count, processor or variant.processor)
        self.waits      = [Wait.TURN] * count
        self.over       = [False] * count
        self.ends       = [""] * count
        self._begun     = False
        self._race: Race | None = None
        self._kernel    = Kernel(PAGING_64, getattr(module, "RAM", RAM), era,
                                 **kernel)
        self._cpus      = [Cpu(bus, number) for number, bus in enumerate(self.processors)]
        self._executing: list[Coroutine[Any, Any, Any]] = [
            self._main(module), *(self._kernel.secondary(cpu) for cpu in self._cpus[1:])]
        self._set_up()

    async def _main(self, module: RaceModule) -> None:
        first, *others = self._cpus
        await self._kernel.boot(first, *others)
        self._race = await module.prepare(self._cpus)
        for other in others:
            await start_on(first, other, self._program)
        await self._program(first)

    async def _program(self, cpu: Cpu) -> None:
        """Execute the program of a processor, then serve interrupts until all are over."""
        assert self._race is not None, "the race was prepared"
        try:
            await self._race.programs[cpu.number](cpu, self._start)
        except (KernelError, Signal, Killed) as end:
            self.ends[cpu.number] = f"{type(end).__name__}: {end}"
        self.over[cpu.number] = True
        while not all(self.over):
            await cpu.sti_hlt()

    async def _start(self, cpu: Cpu) -> None:
        """Wait for the others, and serve their interrupts."""
        while not self._begun:
            await wait(Wait.START)
            await cpu.interrupt()

    def _set_up(self) -> None:
        """Let all take turns until each processor is at its start, then go to the first steps."""
        numbers = range(len(self.processors))
        for step in range(PATIENCE):
            number = step % len(numbers)
            if self.enabled(number):
                self.step(number)
            elif not any(map(self.enabled, numbers)):
                break
        assert all(reason is Wait.START for reason in self.waits), f"set-up hangs: {self.waits}"
        self._begun = True
        for number in numbers:
            self.step(number)

    def enabled(self, number: int) -> bool:
        """Tell whether a processor can make a step."""
        if self.waits[number] in (Wait.INTERRUPT, Wait.START):
            return bool(self.processors[number].interrupts)
        return True

    def spins(self, number: int) -> bool:
        """Tell whether the next step of a processor is but to let time pass."""
        return self.waits[number] is Wait.PAUSE

    def step(self, number: int) -> None:
        """Let a processor make one step."""
        with suppress(StopIteration):  # the first one's has an end
            self.waits[number] = self._executing[number].send(None)

    def judge(self) -> str | None:
        """The bad outcome in words, or None, when all programs are over.

        It is one too if the kernel has left over a lock, a frame or a reference.
        """
        assert self._race is not None, "the race was prepared"
        bad = self._race.judge(self.processors[0].mmu.memory)
        if bad is None:
            try:
                audit(self._cpus[0])
            except AssertionError as complaint:
                bad = str(complaint)
        return bad
