"""The golden model as an engine: a machine in plain Python, without signals and without cycles.

It does all that a kernel asks for, at once, and so a hundred times faster than a simulator of the
unit. It has nothing on record: what is judged from signals cannot be judged here.
"""

from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import asdict
from types import MappingProxyType
from typing import Any, cast

from hw.arbiter import Arbiter
from hw.config import MmuConfig
from sim.errors import Unsuited
from sim.golden.bus import GoldenBus
from sim.golden.processors import GoldenProcessor, Wait, golden_processors
from sim.memory import PhysicalMemory
from sim.paging.walk import features_of
from sim.record.trace import Trace
from sim.record.waves import WaveSink
from sim.schedule import Dispatcher, Schedule


__all__ = ["GoldenEngine"]


class GoldenEngine:
    """A :class:`sim.engines.engine.Engine` whose operations take no time.

    With a schedule, a step is an operation of a processor.

    Parameters
    ----------
    config : :class:`hw.config.MmuConfig`
        What each unit can do; by default, everything.
    cpus : :class:`int`
        How many processors.
    memory, arbiter
        Of no use: the model has memory of its own, and nothing to wait for.
    schedule : :class:`sim.schedule.Schedule`
        Time slices of the processors; by default, none: each does an operation in turn.
    """

    ram: int | None = None
    counted: Mapping[str, int] = MappingProxyType({})
    link:    Mapping[str, int] = MappingProxyType({})
    cycle = 0

    def __init__(self, config: MmuConfig | None = None, *, cpus: int = 1,
                 memory: PhysicalMemory | None = None, schedule: Schedule | None = None,
                 arbiter: type[Arbiter] = Arbiter):
        self.config   = config or MmuConfig()
        self.schedule = schedule or Schedule()
        self.limit: int | None = None
        self.progress: Callable[[int], None] | None = None
        features = asdict(features_of(self.config))
        self.buses: Sequence[GoldenBus] = (
            [GoldenBus(**features)] if cpus == 1 else
            golden_processors(cpus, GoldenProcessor, **features))
        self._spent = False

    @property
    def bus(self) -> GoldenBus:
        """Memory as processor 0 sees it."""
        return self.buses[0]

    @property
    def traces(self) -> Sequence[Trace]:
        """Refused: there are no signals to record. Raises :class:`sim.errors.Unsuited`."""
        raise Unsuited("claims are judged from signals, and the engine golden has none; "
                       "choose another --engine")

    @property
    def trace(self) -> Trace:
        """Refused in the same way."""
        return self.traces[0]

    def prepare(self) -> None:
        """Do nothing: there is nothing to compile."""

    async def settle(self) -> None:
        """Do nothing: there are no marks."""

    def claim(self, text: str) -> None:
        """Note nothing: there is no waveform."""

    def run(self, *mains: Callable[[], Awaitable[None]], waves: WaveSink | None = None) -> None:
        """Run ``mains``, one for each processor; see :class:`sim.engines.engine.Engine`."""
        if self._spent:
            raise RuntimeError("this machine has run already; make another")
        if len(mains) != len(self.buses):
            raise ValueError(f"{len(self.buses)} processors cannot run {len(mains)} programs")
        if waves is not None:
            raise Unsuited("the engine golden has no signals for a waveform; leave --waves out")
        self._spent = True
        coroutines = [cast(Coroutine[Any, Any, None], main()) for main in mains]
        try:
            self._run(coroutines)
        finally:
            for coroutine in coroutines:
                coroutine.close()

    def _run(self, coroutines: Sequence[Coroutine[Any, Any, None]]) -> None:
        """Let each processor do an operation in turn, or as the schedule says."""
        dispatcher = Dispatcher(self.schedule, len(coroutines))
        waits: list[Wait | None] = [Wait.TURN for _ in coroutines]
        while True:
            held  = dispatcher.begin()
            steps = [0] * len(coroutines)
            for number, coroutine in enumerate(coroutines):
                if held >> number & 1 or not self._goes_on(number, waits[number]):
                    continue
                steps[number] = 1
                try:
                    waits[number] = coroutine.send(None)
                except StopIteration:
                    if number == 0:
                        return
                    waits[number] = None
            dispatcher.end(steps, [not self._goes_on(number, wait)
                                   for number, wait in enumerate(waits)])

    def _goes_on(self, number: int, wait: Wait | None) -> bool:
        return wait is Wait.TURN or wait is Wait.INTERRUPT and bool(self.buses[number].interrupts)
