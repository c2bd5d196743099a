"""Scenarios, from a file to a run."""

import time
import types
from pathlib import Path

import pytest

from sim.errors import BusHang
from sim.memory import PhysicalMemory
from sim.record.verdict import Verdict
from sim.scenario.listener import Listener
from sim.scenario.scenario import Scenario, load
from sim.scenario.acts import Act, Claim
from sim.scenarios import SCENARIOS
from sw.kernel.fork.mm import mmget
from sw.kernel.panic import KernelOops

from .story_support import FAST


pytestmark = pytest.mark.slow


CASE = Path(__file__).with_name("scenario_cases.py")


class Heard(Listener):
    """Notes what it hears, but for the progress."""

    def __init__(self):
        self.said = []

    def begun(self, run):
        self.said.append("begun")

    def announce(self, title):
        self.said.append(f"announce {title}")

    def acted(self, number, act):
        self.said.append(f"acted {number}")

    def writing(self, name):
        self.said.append(f"writing {name}")


def scenario(play, **names):
    """A scenario that plays ``play``."""
    module = types.ModuleType("made", doc="Made up.\n\nFor a test.")
    vars(module).update({"MODES": ("4level", "32bit"), "play": play, **names})
    return Scenario.of(module)


def perform(made, mode="4level", era="6.x", engine=FAST, **options):
    return made.perform(mode=mode, engine=engine, era=era, **options)


@pytest.mark.parametrize("era", ["5.x", "6.x"])
@pytest.mark.parametrize("mode", ["4level", "32bit"])
def test_a_scenario_is_played_on_a_booted_machine(mode, era):
    heard = Heard()
    run   = perform(load(CASE), mode, era, listener=heard)
    assert [(claim.text, claim.detail) for claim in run.claims if not claim.holds] == []
    assert run.holds and len(run.claims) == 4
    assert heard.said == [
        "begun", "announce A page of one's own", "acted 1", "announce The kernel's memory",
        "acted 2"]
    assert run.acts[0].until <= run.acts[1].since < run.acts[1].until <= run.cycles
    assert all(act.since <= claim.cycle < act.until for act in run.acts for claim in act.claims)


def test_claims_are_in_the_waveform_while_they_are_tested():
    seen = []

    async def play(stage):
        user = await stage.user("case")
        async with stage.act("The act"):
            at = await user.mmap(4096)
            async with stage.testing("the claim"):
                await user.store(at, 1)
            await user.store(at, 2)
        await user.store(at, 3)
        seen.extend(access.mark.claim for access in stage.trace.accesses(linear=at, user=True)
                    if access.done)

    perform(scenario(play))
    assert seen == ["the claim", "The act", ""]


def test_a_failed_claim_fails_the_run():
    async def play(stage):
        async with stage.act("The act"):
            stage.claim("it is so", Verdict(False, None, "it is not"))

    run = perform(scenario(play))
    assert run.failure is None and not run.holds


def test_a_hang_ends_the_run_with_the_place_where_it_was():
    async def play(stage):
        stage.memory.latency = 1 << 20
        await stage.user("case")   # clears a page for the page tables

    run = perform(scenario(play), engine="pysim")
    assert not run.holds
    assert run.failure.reason.startswith(BusHang.__name__)
    assert run.failure.cycle == run.cycles - 1
    assert run.failure.stack[:2] == ("pgd_alloc", "clear_highpage")
    assert len(run.failure.transactions) == 16
    assert run.failure.transactions[-1].endswith("no response")


def test_an_oops_ends_the_run_with_its_call_trace():
    async def play(stage):
        raise KernelOops("BUG: of the test", 0x1000, 3, ["sys_write", "mem_rw"])

    run = perform(scenario(play))
    assert run.failure.reason == "kernel oops: BUG: of the test"
    assert run.failure.stack == ("sys_write", "mem_rw")


def test_a_run_fails_that_leaves_something_over():
    async def play(stage):
        async with stage.act("The act"):
            stage.claim("it is so", Verdict(True, 1, "it is"))
        user = await stage.user("case")
        mmget(user.task.mm)

    run = perform(scenario(play))
    assert run.failure.reason == (
        "AssertionError: BUG: left over: memory of tasks 1: 2 references, 1 holders")


def test_a_scenario_may_choose_its_machine():
    async def play(stage):
        seen.append((stage.kernel.ram_bytes, stage.memory.latency))

    seen = []
    run = perform(scenario(play, MACHINE={"ram": 1 << 21, "memory": PhysicalMemory(latency=3)}))
    assert seen == [(1 << 21, 3)] and run.ram == 1 << 21


def test_the_scenarios_of_the_project_are_found():
    for name, found in SCENARIOS.items():
        assert found.name == name
        assert found.title and found.modes


@pytest.mark.parametrize("mode", ["4level", "32bit", "pae", "5level"])
@pytest.mark.parametrize("name", SCENARIOS)
def test_every_claim_of_the_project_says_what_it_expects(name, mode):
    run = SCENARIOS[name].perform(mode=mode, engine="cxxrtl", era="5.x")
    assert run.holds
    assert [claim.text for claim in run.claims if not claim.expected] == []


def test_what_is_compiled_before_a_run_is_no_part_of_it(monkeypatch):
    monkeypatch.setattr("sim.engines.pysim.PysimEngine.prepare", lambda engine: time.sleep(0.5))
    begun = time.monotonic()
    run   = load(CASE).perform(engine="pysim", era="5.x")
    assert run.seconds <= time.monotonic() - begun - 0.5


@pytest.mark.parametrize("act, place", [
    (Act(40, 60, "Over"), 59), (Act(40, None, "Not over"), 49), (Act(40, 40, "Short"), 40)])
def test_a_claim_without_a_cycle_is_in_the_last_of_its_act(act, place):
    assert act.place(Claim("so", False, None, "", judged=50)) == place
    assert act.place(Claim("so", True, 45, "", judged=50)) == 45
