"""Programs of a race behind a gate, on the processors of any machine."""

from collections.abc import Callable, Sequence

from sw.errno import KernelError
from sw.include.linux.signal_types import Killed, Signal
from sw.kernel.sched.completion import wait_for_completion
from sw.kernel.sched.idle import start_on
from sw.processor.cpu import Cpu

from .gate import Gate
from .race import Race


__all__ = ["Racers"]


class Racers:
    """A race that is prepared, on processors that are put behind a gate.

    Parameters
    ----------
    cpus : sequence of :class:`sw.processor.cpu.Cpu`
        The processors. The first executes what calls this, the others are idle.
    race : :class:`.explore.race.Race`
        What they are to do.
    ready : callable
        Called with the gate when all are at their start: it may give it a plan.

    Attributes
    ----------
    ends : :class:`list` of :class:`str`
        What has ended the program of each processor before its time; empty: nothing.
    """

    def __init__(self, cpus: Sequence[Cpu], race: Race, ready: Callable[[Gate], None]):
        self._cpus = cpus
        self._race = race
        self._gate = Gate([cpu.bus for cpu in cpus], ready)
        self.ends  = [""] * len(cpus)
        for cpu, bus in zip(cpus, self._gate.buses, strict=True):
            cpu.bus = bus

    async def race(self) -> None:
        """Have all processors execute their programs, to the end."""
        first, *others = self._cpus
        started = [await start_on(first, other, self._program) for other in others]
        await self._program(first)
        for program in started:
            await wait_for_completion(first, program)

    async def _program(self, cpu: Cpu) -> None:
        try:
            await self._race.programs[cpu.number](cpu, self._gate.start)
        except (KernelError, Signal, Killed) as end:
            self.ends[cpu.number] = f"{type(end).__name__}: {end}"
        self._gate.over[cpu.number] = True
        while self._gate.shut:
            await cpu.sti_hlt()
