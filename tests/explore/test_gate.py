"""The gate before the processors: any engine follows a plan."""

import random

import pytest

from sim.explore.plan import parse
from sim.explore.racers import Racers
from sim.explore.told import examine
from sim.golden.processors import GoldenProcessor, Wait, golden_processors
from sw.arch.x86.include.asm.pgtable_types import PAGING_64
from sw.era import ERAS
from sw.processor.cpu import Cpu
from sw.vmlinux import Kernel

from .explore_support import COW, in_worker


def raced(plan, seed, era=COW.era_name):
    """Race behind a gate, on processors that take turns at random; the bad outcome."""
    processors = golden_processors(2, GoldenProcessor)
    kernel     = Kernel(PAGING_64, 1 << 20, ERAS[era])
    cpus       = [Cpu(bus, number) for number, bus in enumerate(processors)]

    async def main():
        await kernel.boot(*cpus)
        race = await COW.module.prepare(cpus)
        await Racers(cpus, race, lambda gate: gate.follow(plan)).race()
        return race.judge(processors[0].mmu.memory)

    executing = [main(), kernel.secondary(cpus[1])]
    waits     = [Wait.TURN] * 2
    dice      = random.Random(seed)
    for _ in range(20_000):
        number = dice.randrange(2)
        if waits[number] is Wait.INTERRUPT and not processors[number].interrupts:
            continue
        try:
            waits[number] = executing[number].send(None)
        except StopIteration as end:
            return end.value
    raise AssertionError("it never ends")


@pytest.mark.parametrize("seed", range(4))
def test_a_schedule_that_was_found_is_the_same_whoever_runs_the_processors(seed):
    whole = in_worker(examine, COW, parse("48>1")).whole
    assert "read-only" in raced(whole, seed)
    assert raced(whole, seed, "4.14") is None


@pytest.mark.parametrize("seed", range(2))
def test_a_plan_that_preempts_elsewhere_has_no_bad_outcome(seed):
    assert raced(parse("10>1"), seed) is None
