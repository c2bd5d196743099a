# amaranth: UnusedElaboratable=no
"""The regression under cocotb, on a compiled unit: its rounds, drivers, monitors, checkers.

Nothing of cocotb is used. The unit's ports look as cocotb's handles do, as far as the testbench
needs them, and its clock goes on when somebody waits for it. Besides, there are rounds in which the
unit is reset while it is in use.
"""

from collections.abc import Callable, Generator
from dataclasses import replace
from random import Random
from typing import Any

from amaranth.hdl import Value
from amaranth.lib.wiring import Flow

from hw.mmu import Mmu
from sim.coverage.bins import Coverage
from sim.verification.burst import play, play_burst
from sim.verification.collector import CoverageCollector
from sim.verification.ports import ClockingBlock
from sim.verification.random_sequence import RandomSequence
from sim.verification.stale import play_stale
from sim.verification.stimulus import random_stimulus
from sim.verification.testbench import MmuTestbench

from .mutants import CONFIG


__all__ = ["Regression"]


#: Widths of physical addresses, of which a round has one or the other. There are reserved bits in
#: each entry.
WIDTHS = (40, 51)


class Regression:
    """Random rounds, always the same ones.

    Parameters
    ----------
    pins : type
        The compiled unit: ``pins`` of :class:`.unit.machine.Machine`.
    rounds : :class:`int`
        How many.
    """

    def __init__(self, pins: Callable[[Mmu], Any], rounds: int):
        self._pins   = pins
        self._rounds = rounds

    def noticed(self) -> str:
        """Play them until one ends as it must not; tell why."""
        testbenches = [_testbench(self._pins, width) for width in WIDTHS]
        for number in range(self._rounds):
            turn, kind = divmod(number, len(PLAYS))
            try:
                _run(PLAYS[kind](testbenches[turn % 2], Random(f"mutants {number}")))
            except AssertionError as error:
                return f"round {number}: {error}"
        return ""


def _testbench(pins: Callable[[Mmu], Any], width: int) -> MmuTestbench:
    unit   = _Unit(pins, width)
    config = replace(CONFIG, maxphyaddr=width, variable_maxphyaddr=False)
    return MmuTestbench(unit, config, CoverageCollector(Coverage({})),
                        clock=ClockingBlock(None, unit))


def _run(coroutine: Any) -> None:
    """Run a coroutine to its end, which waits for nothing but the unit's clock."""
    try:
        coroutine.send(None)
    except StopIteration:
        return
    raise RuntimeError("a round waits for something that never comes")


async def _play_twice(testbench: MmuTestbench, rng: Random) -> None:
    """Play some steps, and after a reset more of them on the same tables, whose entries differ."""
    stimulus = random_stimulus(rng, testbench.features)
    for steps in (rng.randrange(1, 4), 20):
        await testbench.reset(rng)
        sequence = RandomSequence(stimulus, testbench.collector)
        sequence.extend(steps)
        await play(testbench, sequence, rng)
        if (tables := stimulus.tables) is not None:
            for entry in rng.sample(tables.entries, len(tables.entries) // 2):
                tables.values[entry.address] = tables.draw(entry)


PLAYS = (play_burst, play_stale, _play_twice)


class _Handle:
    """A port, as cocotb has it in its hands."""

    def __init__(self, read: Callable[[], int], write: Callable[[int], object], width: int = 1):
        self._read, self._write, self._width = read, write, width

    def __len__(self) -> int:
        return self._width

    @property
    def value(self) -> int:
        """Its value."""
        return self._read()

    @value.setter
    def value(self, value: int) -> None:
        self._write(value)


class _Unit:
    """The compiled unit, as cocotb shows a design; to be waited for as its clock's rising edge."""

    def __init__(self, make: Callable[[Mmu], Any], maxphyaddr: int):
        mmu  = Mmu(CONFIG)
        pins = self._pins = make(mmu)
        # The mutant becomes active by it.
        pins.reset()
        for path, member, port in mmu.signature.flatten(mmu):
            signal = Value.cast(port)
            write  = pins.writer(signal) if member.flow is Flow.In else _refuse
            setattr(self, "_".join(map(str, path)),
                    _Handle(pins.reader(signal), write, len(signal)))
        self._begun = False
        self._held  = 0
        self.rst    = _Handle(lambda: self._held, self._hold_reset)
        pins.writer(mmu.maxphyaddr)(maxphyaddr)

    def _hold_reset(self, level: int) -> None:
        self._held = level
        self._pins.hold_reset(level)

    def __await__(self) -> Generator[None, None, None]:
        """Let the last cycle end, and compute the next one up to its end."""
        if self._begun:
            self._pins.advance()
        self._begun = True
        self._pins.settle()
        self._pins.evaluate()
        return
        yield


def _refuse(value: int) -> None:
    raise TypeError("what a unit drives cannot be driven")
