"""Two of those who write through /proc/PID/mem: a compiler as code runs, and a debugger."""

import pytest

from sim.scenarios import SCENARIOS
from sim.switches import Switches

from .story_support import FAST


pytestmark = pytest.mark.slow


#: Claims of each in each mode.
CLAIMS = {"jit": 12, "debugger": 9}


def failed(run):
    """Texts of the claims that do not hold."""
    assert run.failure is None and run.mistake is None
    return [claim.text for claim in run.claims if not claim.holds]


@pytest.mark.parametrize("era", ["4.8", "5.x", "6.x"])
@pytest.mark.parametrize("name, mode", [
    (name, mode) for name in CLAIMS for mode in SCENARIOS[name].modes])
def test_every_claim_holds(name, mode, era):
    run = SCENARIOS[name].perform(engine=FAST, era=era, mode=mode)
    assert failed(run) == []
    assert len(run.claims) == CLAIMS[name]


@pytest.mark.parametrize("name", CLAIMS)
def test_where_nobody_may_force_a_write_it_does_not_come_to_pass(name):
    run = SCENARIOS[name].perform(engine=FAST, era="6.x", force_override="never")
    refused = failed(run)
    assert refused[0] in ("the call wrote 4 bytes", "the call wrote 1 byte")
    assert "the next fetch reads them" in refused or "the process fetches INT3" in refused


def test_where_a_tracer_alone_may_the_compiler_cannot_patch_its_own_code():
    run = SCENARIOS["jit"].perform(engine=FAST, era="6.x", force_override="ptrace")
    assert "the call wrote 4 bytes" in failed(run)


def test_without_write_protection_nothing_of_it_changes():
    """The store goes through the kernel's own address, of which CR0.WP says nothing."""
    run = SCENARIOS["jit"].perform(engine=FAST, era="5.x",
                                   switches=Switches.parse(["kernel.wp=0"]))
    assert failed(run) == []
