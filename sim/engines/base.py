"""Base of the engines that simulate: processors, traces, and one run."""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import MappingProxyType
from typing import ClassVar, Generic, TypeVar

from hw.arbiter import Arbiter
from hw.config import MmuConfig
from sim.errors import LimitReached
from sim.memory import PhysicalMemory
from sim.record.records import Recording
from sim.record.trace import Trace
from sim.record.waves import WaveSink
from sim.schedule import Schedule

from .processor import Names, Processor


__all__ = ["Simulation"]


ProcessorT = TypeVar("ProcessorT", bound=Processor)


class Simulation(ABC, Generic[ProcessorT]):
    """A :class:`sim.engines.engine.Engine`: units, processors and a memory, for one run.

    Parameters
    ----------
    config : :class:`hw.config.MmuConfig`
        What each unit can do; by default, everything.
    cpus : :class:`int`
        How many processors.
    memory : :class:`sim.memory.PhysicalMemory`
        What is behind the units; by default, an empty and fast one.
    schedule : :class:`sim.schedule.Schedule`
        Time slices of the processors; by default, none: all run.
    arbiter : class
        What joins several units to memory.
    deadline : :class:`int`
        Cycles in which a unit must do something for an operation.

    Attributes
    ----------
    config, memory, schedule, arbiter, deadline
        As given.
    ram : :class:`int` or :class:`None`
        Bytes of physical memory; a simulated one has all addresses.
    processors : :class:`list` of :class:`.processor.Processor`
        The processors. They are the ``buses`` too.
    traces : :class:`list` of :class:`sim.record.trace.Trace`
        What happened, processor by processor.
    recordings : :class:`list` of :class:`sim.record.records.Recording`
        What the traces look at, and the engine fills.
    stacks, claims : :class:`.processor.Names`
        What the numbers on the marks mean.
    limit : :class:`int` or :class:`None`
        Cycles after which the run is ended; by default, none are too many.
    progress : callable or :class:`None`
        Called now and then during the run, with the cycle.
    counted : mapping of :class:`str` to :class:`int`
        What a machine has counted by itself. A simulated one does not.
    link : mapping of :class:`str` to :class:`int`
        What went over the link to a machine elsewhere.
    reports_tlb : :class:`bool`
        The traces have the changes of each TLB.
    """

    reports_tlb: ClassVar[bool] = True

    ram: int | None = None
    counted: Mapping[str, int] = MappingProxyType({})
    link:    Mapping[str, int] = MappingProxyType({})

    def __init__(
        self, config: MmuConfig | None = None, *, cpus: int = 1,
        memory: PhysicalMemory | None = None,
        schedule: Schedule | None = None, arbiter: type[Arbiter] = Arbiter,
        deadline: int = 10_000,
    ):
        if not 1 <= cpus <= 32:
            raise ValueError(f"a machine has 1 to 32 processors, not {cpus!r}")
        self.config   = config or MmuConfig()
        self.memory   = memory or PhysicalMemory()
        self.schedule = schedule or Schedule()
        self.arbiter  = arbiter
        self.deadline = deadline
        self.stacks   = Names(())
        self.claims   = Names("")
        self.processors = [self._processor() for _ in range(cpus)]
        for processor in self.processors:
            processor.processors = cpus
        self.recordings = [Recording(tlb=[] if self.reports_tlb else None) for _ in range(cpus)]
        self.traces     = [Trace(recording, cpu=cpu, update=self._update)
                           for cpu, recording in enumerate(self.recordings)]
        self.limit: int | None = None
        self.progress: Callable[[int], None] | None = None
        self._claim = 0
        self._cycle = 0
        self._spent = False

    @property
    def buses(self) -> Sequence[ProcessorT]:
        """Each processor's view of memory."""
        return self.processors

    @property
    def bus(self) -> ProcessorT:
        """Memory as processor 0 sees it."""
        return self.processors[0]

    @property
    def trace(self) -> Trace:
        """Record of processor 0."""
        return self.traces[0]

    @property
    def cycle(self) -> int:
        """Cycle in which the next operation of processor 0 can begin."""
        return self._cycle + self.bus.ahead

    async def settle(self) -> None:
        """Wait until all marks of processor 0 so far are on record."""
        await self.bus.settle()

    def claim(self, text: str) -> None:
        """Note which claim is being tested, from the next cycle on; empty: none."""
        self._claim = self.claims.number(text)

    def prepare(self) -> None:
        """Do what is no part of a run: nothing, if the engine has nothing to compile."""

    def run(self, *mains: Callable[[], Awaitable[None]], waves: WaveSink | None = None) -> None:
        """Run ``mains``, one for each processor; see :class:`sim.engines.engine.Engine`."""
        if self._spent:
            raise RuntimeError("this machine has run already; make another")
        if len(mains) != len(self.processors):
            raise ValueError(f"{len(self.processors)} processors cannot run {len(mains)} programs")
        self._spent = True
        self._run(mains, waves)

    @abstractmethod
    def _processor(self) -> ProcessorT:
        """Make a processor."""

    @abstractmethod
    def _run(self, mains: Sequence[Callable[[], Awaitable[None]]], waves: WaveSink | None) -> None:
        """Do what ``run`` says."""

    def _update(self) -> None:
        """Complete the traces."""

    def _check_limit(self) -> None:
        """Raise :class:`sim.errors.LimitReached` if no cycle is left."""
        if self.limit is not None and self._cycle >= self.limit:
            raise LimitReached(self.limit, [
                str(processor.operation) if processor.running and processor.operation is not None
                else "nothing" for processor in self.processors])

    def _start(self, mains: Sequence[Callable[[], Awaitable[None]]]) -> None:
        for processor, main in zip(self.processors, mains, strict=True):
            processor.start(main())

    def _stop(self) -> None:
        for processor in self.processors:
            processor.stop()
