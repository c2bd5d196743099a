"""Plays a sequence on the unit, back to back, with a scoreboard."""

from random import Random

from .random_sequence import RandomSequence
from .scoreboard import Mismatch, Scoreboard
from .sequence import AccessStep, ControlStep, EditStep, PredictedSequence, Step
from .stimulus import random_stimulus
from .testbench import MmuTestbench


__all__ = ["play", "play_burst"]


async def play(testbench: MmuTestbench, sequence: PredictedSequence, rng: Random) -> None:
    """Play a sequence on a unit that has just been reset.

    By ``rng``, accesses are offered beside control operations, or after them. Raises
    :class:`.scoreboard.Mismatch`, :class:`.testbench.RuleViolation`, :class:`.testbench.Hang`.
    """
    scoreboard = Scoreboard(sequence)
    testbench.access_responses.transferred.append(scoreboard.access)
    testbench.control_responses.transferred.append(scoreboard.control)
    testbench.bus.accepted.append(scoreboard.transfer)

    for step in sequence.steps:
        await _play(testbench, step, rng)
        if scoreboard.mismatches:
            raise Mismatch(scoreboard.mismatches[0])
    await testbench.drain()
    scoreboard.finish(testbench.target.memory, testbench.strobes)
    if scoreboard.mismatches:
        raise Mismatch("; ".join(scoreboard.mismatches[:3]))


async def _play(testbench: MmuTestbench, step: Step, rng: Random) -> None:
    """Do one step as early as the order of steps allows."""
    match step:
        case AccessStep():
            testbench.access.send(step.payload)
        case ControlStep():
            await testbench.until(lambda: testbench.access.idle and testbench.control.idle)
            testbench.control.send(step.payload)
            # Accesses may be offered beside it: they must wait.
            if rng.random() < 0.7:
                await testbench.until(lambda: testbench.control.offering)
            else:
                await testbench.until(lambda: testbench.control.idle)
        case EditStep():
            await testbench.drain()
            testbench.target.memory.write(step.address, step.size, step.value)


async def play_burst(testbench: MmuTestbench, rng: Random, *, steps: int = 60) -> int:
    """Play a random sequence with some ``steps``; return the number of its accesses.

    Raises as :func:`play` does.
    """
    await testbench.reset(rng)
    sequence = RandomSequence(random_stimulus(rng, testbench.features), testbench.collector)
    sequence.extend(steps)
    await play(testbench, sequence, rng)
    return sum(isinstance(step, AccessStep) for step in sequence.steps)
