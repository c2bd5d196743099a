"""Litmus tests on units: any engine that records what is on their ports.

A schedule is kept by time slices (:mod:`sim.schedule`): which processor's transfer memory accepts
next, and whose control operation or interrupt is done.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain

from hw.bus import ControlOp
from hw.config import MmuConfig
from sim.abstract.check import check
from sim.engines.engine import Engine
from sim.memory import PhysicalMemory
from sim.record.trace import Trace
from sim.record.waves import WaveSink
from sim.schedule import MOST, Schedule, TimeSlice

from .layout import Layout
from .program import LOWEST, Programs
from .step import Evictions, Play, Step
from .test import LitmusTest, Outcome


__all__ = ["UnitPlayer"]


#: Makes a machine of so many processors, with a memory and a schedule.
MakeEngine = Callable[[int, PhysicalMemory, Schedule], Engine]

#: How often each processor gets its turn behind a schedule: more often than it can wait.
ROUNDS = 8


class UnitPlayer:
    """Machines of several units on which tests are played, one machine for each run.

    Parameters
    ----------
    make : callable
        Makes a machine.
    config : :class:`hw.config.MmuConfig`
        What its units can do.
    cpus : :class:`int`
        Processors of a machine, whether or not a test has something to do for all.

    Attributes
    ----------
    structures : :class:`bool`
        The units have caches of paging structures.
    engine : :class:`sim.engines.engine.Engine`
        The machine of the last run.
    """

    engine: Engine

    def __init__(self, make: MakeEngine, config: MmuConfig, cpus: int = 2):
        self._make   = make
        self._config = config
        self._cpus   = cpus
        self.structures = bool(config.second_entries)
        self._setup: list[int] = []  # steps of each processor before a test

    def play(self, test: LitmusTest, evictions: Evictions,
             schedule: Sequence[Step]) -> Play:
        """Play a test: the processors of a schedule step by step, then of their own accord."""
        if not self._setup:
            nothing = LitmusTest("", [[]] * self._cpus, test.initial)
            made, _ = self._run(nothing, frozenset(), [])
            self._setup = [sum(step.cpu == cpu for step in made) for cpu in range(self._cpus)]
        made, outcome = self._run(test, evictions, schedule)
        return Play(made[sum(self._setup):], outcome)

    def draw(self, test: LitmusTest, evictions: Evictions,
             schedule: Sequence[Step], waves: WaveSink) -> None:
        """Play a test that was played before once more, and show its signals to ``waves``."""
        self._run(test, evictions, schedule, waves)

    def complaint(self) -> str:
        """Say what of the last run's record is no step of an abstract MMU; empty: all is."""
        complaint = check(self.engine.traces, self._config.maxphyaddr).complaint
        return "" if complaint is None else str(complaint)

    def _run(self, test: LitmusTest, evictions: Evictions,
             schedule: Sequence[Step],
             waves: WaveSink | None = None) -> tuple[list[Step], Outcome]:
        memory, layout = PhysicalMemory(), Layout(test)
        layout.write(memory.write)
        last     = schedule[-1].cpu if schedule else 0
        slices   = [*(TimeSlice(cpu, steps) for cpu, steps in enumerate(self._setup)),
                    *(TimeSlice(step.cpu, step.weight) for step in schedule),
                    *(TimeSlice((last + number) % self._cpus, MOST)
                      for number in range(ROUNDS * self._cpus))]
        engine   = self.engine = self._make(self._cpus, memory, Schedule(slices))
        programs = Programs(test, layout, engine.buses, evictions)

        async def main(cpu: int) -> None:
            await programs.set_up(cpu)
            await programs.execute(cpu)
            await programs.end(cpu)

        engine.run(*(partial(main, cpu) for cpu in range(self._cpus)), waves=waves)
        found = [(f"[{place}]", layout.value(place, memory.read(layout.physical(place), 4)))
                 for place in test.initial]
        return _steps(engine.traces), frozenset([*programs.known, *found])


def _steps(traces: Sequence[Trace]) -> list[Step]:
    """Steps on record, both halves of a locked access as one."""
    made = [*chain.from_iterable(map(_made, traces))]
    made.sort(key=lambda entry: (entry[0], entry[1].cpu))
    steps: list[Step] = []
    begun: dict[int, int] = {}  # by processor, the step whose locked access has read
    for _, step, locked in made:
        if locked and step.writes and step.cpu in begun:
            number = begun.pop(step.cpu)
            steps[number] = replace(steps[number], writes=step.writes, weight=2,
                                    told=f"{steps[number].told}, and write it")
            continue
        begun.pop(step.cpu, None)
        if locked:
            begun[step.cpu] = len(steps)
        steps.append(step)
    return steps


def _made(trace: Trace) -> Iterator[tuple[int, Step, bool]]:
    """Yield what a processor did: the cycle, the step, and whether it is half of a locked one."""
    cpu = trace.cpu
    for transfer in trace.all_transfers:
        word = frozenset((transfer.address,))
        told = (f"{'walk: ' if transfer.walk else ''}{'write' if transfer.write else 'read'} "
                f"{transfer.address:#x}{', locked' if transfer.lock else ''}")
        step = (Step(cpu, writes=word, told=told) if transfer.write else
                Step(cpu, reads=word, told=told))
        yield transfer.accepted, step, transfer.lock
    for control in trace.all_controls:
        told = f"invlpg {control.value:#x}" if control.op is ControlOp.INVLPG else "control"
        yield control.accepted, Step(cpu, told=told), False
    for interrupt in trace.all_interrupts:
        if interrupt.vector >= LOWEST:
            target  = cpu if interrupt.target is None else interrupt.target
            touched = frozenset((f"interrupt {target}",))
            told    = ("take an interrupt" if interrupt.target is None
                       else f"interrupt processor {target}")
            yield interrupt.cycle, Step(
                cpu, writes=touched, told=told, sends=interrupt.target,
                takes=cpu if interrupt.target is None else None), False
