"""Litmus tests on golden processors, step by step."""

from collections.abc import Coroutine, Hashable, Sequence
from contextlib import suppress
from typing import Any

from sim.golden.processors import Wait, golden_processors
from sim.golden.stepwise import BLOCK, StepwiseProcessor

from .layout import Layout
from .program import Programs
from .step import Evictions, Play, Step
from .test import LitmusTest


__all__ = ["GoldenPlayer"]


class GoldenPlayer:
    """A machine of golden processors on which tests are played.

    Parameters
    ----------
    processor : class
        Its processors.
    """

    structures = False

    def __init__(self, processor: type[StepwiseProcessor] = StepwiseProcessor):
        self._processor = processor

    def play(self, test: LitmusTest, evictions: Evictions,
             schedule: Sequence[Step]) -> Play:
        """Play a test: the processors of a schedule step by step, then of their own accord."""
        processors = golden_processors(len(test.threads), self._processor)
        layout     = Layout(test)
        memory     = processors[0].mmu.memory
        layout.write(memory.write)
        programs = Programs(test, layout, processors, evictions)
        run      = _Run(processors, programs)
        for step in schedule:
            run.step(step.cpu)
        while (cpu := run.ready()) is not None:
            run.step(cpu)
        last = [(f"[{place}]", layout.value(place, memory.read(layout.physical(place), 4)))
                for place in test.initial]
        return Play(run.steps, frozenset([*programs.known, *last]))

    def complaint(self) -> str:
        """Say nothing: there is no record of a golden machine."""
        return ""


class _Run:
    """A run in progress: all processors are at their first steps."""

    def __init__(self, processors: Sequence[StepwiseProcessor], programs: Programs):
        self._processors = processors
        self._waits: list[Wait | None] = [Wait.TURN] * len(processors)
        self._current = 0
        self.steps: list[Step] = []
        for number in range(len(processors)):
            setup = programs.set_up(number)
            with suppress(StopIteration):
                while True:
                    setup.send(None)
        self._executing: list[Coroutine[Any, Any, None]] = [
            programs.execute(number) for number in range(len(processors))]
        for number in range(len(processors)):
            self._go_on(number)

    def ready(self) -> int | None:
        """The processor that goes on of its own accord: the last one, if it can."""
        count = len(self._processors)
        for number in [(self._current + step) % count for step in range(count)]:
            wait = self._waits[number]
            if wait is Wait.TURN or wait is Wait.INTERRUPT and self._processors[number].interrupts:
                return number
        return None

    def step(self, number: int) -> None:
        """Let a processor make a step."""
        self._current = number
        processor     = self._processors[number]
        if self._waits[number] is Wait.INTERRUPT:
            self._go_on(number)  # it is woken up, which nobody sees, and then takes the interrupt
        told = processor.doing
        processor.locations.clear()
        self._go_on(number)
        self.steps.append(_step(number, processor, told))

    def _go_on(self, number: int) -> None:
        try:
            self._waits[number] = self._executing[number].send(None)
        except StopIteration:
            self._waits[number] = None


def _step(number: int, processor: StepwiseProcessor, told: str) -> Step:
    """Make a step of what it has touched: interrupts are below 0, blocks are of no interest."""
    reads:  set[Hashable] = set()
    writes: set[Hashable] = set()
    sends = takes = None
    for location, write in processor.locations:
        if location >= BLOCK:
            continue
        if location >= 0:
            (writes if write else reads).add(8 * location)
            continue
        writes.add(f"interrupt {-1 - location}")
        if told.startswith("take"):
            takes = number
        else:
            sends = -1 - location
    return Step(number, frozenset(reads), frozenset(writes), told, sends=sends, takes=takes)
