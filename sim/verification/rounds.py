"""What cocotb runs: rounds of random scenes, each with a seed of its own."""

from pathlib import Path
from random import Random
from typing import Any

import cocotb

from hw.config import MmuConfig
from hw.presets import PRESETS
from sim.golden.state import Features

from .burst import play_burst
from .collector import Observer
from .coverage import Coverage
from .coverpoints import groups
from .runs import Report
from .simulation import RESULT, Orders
from .stale import play_stale
from .testbench import Bench


__all__ = ["machine_of", "play_round"]


PLAYS = {"burst": play_burst, "stale": play_stale}


def machine_of(config: MmuConfig) -> Features:
    """The golden machine that can do what a unit can."""
    return Features(**{name: getattr(config, name) for name in Features.__dataclass_fields__})


async def play_round(bench: Bench, observer: Observer, number: int) -> int:
    """Play round ``number`` of this run's seed, from a reset on; return how many accesses it had.

    Raises :class:`AssertionError`, which says what the unit did wrong in which round.
    """
    kind   = list(PLAYS)[number % 2]
    chance = Random(f"{cocotb.RANDOM_SEED} {number}")
    try:
        return await PLAYS[kind](bench, observer, chance, machine_of(bench.config))
    except AssertionError as error:
        raise type(error)(f"round {number} ({kind}): {error}") from error


@cocotb.test()
async def rounds(dut: Any) -> None:
    """As many rounds as were ordered."""
    orders   = Orders.received()
    config   = PRESETS[orders.preset]
    coverage = Coverage.of(groups(config))
    observer = Observer(coverage)
    bench    = Bench(dut, config, observer)
    report   = Report()
    try:
        while report.rounds < orders.least or (report.rounds < orders.most and coverage.holes):
            report.accesses += await play_round(bench, observer, orders.first + report.rounds)
            report.rounds   += 1
    except Exception as error:
        # Whatever it was, a mistake of ours too: only a run that came to its end has no failure.
        report.failure = str(error) if isinstance(error, AssertionError) \
            else f"round {orders.first + report.rounds}: {type(error).__name__}: {error}"
        raise
    finally:
        report.cycles, report.seconds = bench.clockwork.cycle, bench.seconds
        coverage.save(Path("coverage.json"))
        report.save(Path(RESULT))
