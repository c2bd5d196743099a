"""The cocotb test of the regression: random rounds, each with a seed of its own."""

from pathlib import Path
from random import Random
from typing import Any

import cocotb

from .burst import play_burst
from .runs import RESULT, RunResult, RunSettings
from .stale import play_stale
from .testbench import MmuTestbench


__all__ = ["play_round"]


PLAYS = {"burst": play_burst, "stale": play_stale}


async def play_round(testbench: MmuTestbench, seed: int, number: int) -> int:
    """Play round ``number`` of a seed, from a reset on; return the number of its accesses.

    Raises :class:`AssertionError`, which names the round and the first difference.
    """
    kind = list(PLAYS)[number % 2]
    rng  = Random(f"{seed} {number}")
    try:
        return await PLAYS[kind](testbench, rng)
    except AssertionError as error:
        raise type(error)(f"round {number} ({kind}): {error}") from error


@cocotb.test()
async def rounds(dut: Any) -> None:
    """Play the rounds of the settings."""
    settings  = RunSettings.received()
    testbench = MmuTestbench(dut, settings.config)
    coverage  = testbench.collector.coverage
    result    = RunResult()
    try:
        while result.rounds < settings.least or (
                result.rounds < settings.most and coverage.holes):
            result.accesses += await play_round(
                testbench, settings.seed, settings.first + result.rounds)
            result.rounds   += 1
    except Exception as error:
        # Whatever it was, a mistake of ours too: only a run that came to its end has no failure.
        result.failure = str(error) if isinstance(error, AssertionError) \
            else f"round {settings.first + result.rounds}: {type(error).__name__}: {error}"
        raise
    finally:
        result.cycles, result.seconds = testbench.clock.cycle, testbench.seconds
        coverage.save(Path("coverage.json"))
        result.save(Path(RESULT))
