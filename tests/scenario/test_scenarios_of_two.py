"""The scenarios on two processors: what they show, and that they notice when it is not so."""

from dataclasses import replace

import pytest
from arbiter_support import DeafArbiter

from sim.scenarios import SCENARIOS
from sim.schedule import Schedule, parse, seeded
from sw.arch.x86.mm import tlb
from sw.kernel.smp import on_each_cpu_cond_mask

from .story_support import without_function


pytestmark = pytest.mark.slow


def perform(name, *, mode="4level", engine="pysim", era="5.x", schedule=None,
            ended=lambda stage: None, **machine):
    """Play a scenario; return the run."""
    scenario = SCENARIOS[name]
    scenario = replace(scenario, machine={**scenario.machine, **machine})
    return scenario.perform(mode=mode, engine=engine, era=era, schedule=schedule,
                            ended=ended)


def failed(run):
    """The texts of the claims that do not hold."""
    return [claim.text for claim in run.claims if not claim.holds]


@pytest.mark.parametrize("name, claims", [("race", 9), ("shootdown", 9)])
@pytest.mark.parametrize("era", ["5.x", "6.x"])
@pytest.mark.parametrize("mode", ["4level", "32bit", "pae", "5level"])
def test_a_scenario_on_two_processors_holds(name, claims, mode, era):
    nameless = []
    run = perform(name, mode=mode, era=era, engine="cxxrtl",
                  ended=lambda stage: nameless.extend(without_function(stage)))
    assert run.failure is None and failed(run) == [] and nameless == []
    assert len(run.claims) == claims


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("name", ["race", "shootdown"])
def test_it_holds_whoever_is_preempted_when(name, seed):
    run = perform(name, engine="cxxrtl", schedule=Schedule(seeded(seed, 2)))
    assert run.failure is None and failed(run) == []
    assert run.schedule


@pytest.mark.parametrize("mode", ["4level", "32bit"])
def test_with_an_arbiter_that_ignores_lock_stores_are_lost(mode):
    run = perform("race", mode=mode, arbiter=DeafArbiter)
    assert run.failure is None
    assert failed(run).count("no store to the entry is lost") == 2
    assert "after each race the entry is accessed, and not writable" in failed(run)


@pytest.mark.parametrize("mode", ["4level", "32bit", "pae", "5level"])
def test_a_kernel_that_does_not_flush_the_other_processor_is_seen_to_read_stale_bytes(
    mode, monkeypatch,
):
    async def only_here(cpu, cond_func, func, info, mask):
        if cpu.number in mask:
            await on_each_cpu_cond_mask(cpu, cond_func, func, info, {cpu.number})

    monkeypatch.setattr(tlb, "on_each_cpu_cond_mask", only_here)
    run = perform("shootdown", mode=mode, engine="cxxrtl")
    assert run.failure is None
    assert failed(run) == [
        "processor 0 interrupts processor 1",
        "processor 1 forgets that one page: INVLPG in flush_tlb_func",
        "processor 0 waits for it before it stores a byte",
        "from the end of the flush on, processor 1 never finds the old frame",
        "... and in the end it reads the new bytes",
    ]
    [stale] = [claim for claim in run.claims if claim.text.startswith("from the end of the flush")]
    assert stale.detail.startswith("stale: user read of")


def test_the_turns_of_a_run_are_in_its_result_and_replay_it():
    drawn    = perform("shootdown", engine="cxxrtl", schedule=Schedule(seeded(1, 2)))
    replayed = perform("shootdown", engine="cxxrtl", schedule=Schedule(parse(drawn.schedule, 2)))
    assert replayed.schedule == drawn.schedule
    assert [(claim.text, claim.cycle) for claim in replayed.claims] \
        == [(claim.text, claim.cycle) for claim in drawn.claims]
    assert replayed.cycles == drawn.cycles
