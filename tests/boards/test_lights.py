"""The story is seen on the lights: the one of the bypass is lit by act 5, and by nothing else."""

import pytest
from amaranth.sim import Simulator

from hw.demo.indicators import Bypass
from hw.layout import Fault
from hw.presets import PRESETS
from sim.record.signals import FIELDS
from sim.scenario import stage as staging
from sim.scenarios import SCENARIOS


pytestmark = pytest.mark.slow


ACT = "pwrite on /proc/self/mem, to the read-only page"


@pytest.fixture(params=["tiny", "default"])
def story(request, monkeypatch):
    """The preset, the acts of the article on it, and all accesses in the order of their answers."""
    stages = []
    act = staging.Stage.act

    def noted(stage, *arguments, **options):
        stages.append(stage)
        return act(stage, *arguments, **options)

    monkeypatch.setattr(staging.Stage, "act", noted)
    run = SCENARIOS["article"].perform(engine="cxxrtl", config=PRESETS[request.param], era="5.x")
    assert run.holds
    return request.param, run.acts, stages[0].trace.all_accesses


def shown(preset, accesses):
    """Accesses after which the light is lit."""
    found = []
    bypass = Bypass(PRESETS[preset], frames=32)

    async def look(ctx):
        ctx.set(bypass.enable, 1)
        ctx.set(bypass.completed, 1)
        for access in accesses:
            # Whole ports, as numbers: there are many accesses, and fields would take long.
            ctx.set(bypass.request.as_value(), FIELDS["request"].pack({
                "linear": access.linear, "kind": access.kind.value, "user": access.user}))
            ctx.set(bypass.response.as_value(), FIELDS["response"].pack({
                "physical": access.physical, "fault": access.fault.value,
                "error": access.error_code}))
            if ctx.get(bypass.written):
                found.append(access)
            await ctx.tick()

    simulator = Simulator(bypass)
    simulator.add_clock(1e-6)
    simulator.add_testbench(look)
    simulator.run()
    return found


def test_the_light_of_the_bypass_is_lit_by_the_write_through_proc_mem_alone(story):
    preset, acts, accesses = story
    [act] = [act for act in acts if act.title == ACT]
    [access] = shown(preset, accesses)
    assert act.since <= access.completed < act.until
    assert not access.user and access.fault == Fault.NONE
