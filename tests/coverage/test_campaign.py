"""Every bin of every rule is hit on the full unit, and whatever a campaign hides would be seen."""

from contextlib import nullcontext
from dataclasses import replace
from unittest import mock

import pytest
from amaranth.hdl import C

import hw.invalidation
from hw.config import MmuConfig
from hw.invalidation import Invalidator
from hw.presets import PRESETS
import hw.tlb.tlb
from hw.tlb.stamps import StampBank
from sim.coverage import stimulus
from sim.coverage.campaign import Aim, Campaign, aimed, carry_out, do_part, hits_of
from sim.coverage.model import model_of
from sim.coverage.points import Sampler
from sim.coverage.rules import RULES
from sim.verification.flaw_list import FLAWS
from sim.verification.flawed_parts import FlawedStampBank
from tests.coverage.coverage_support import FULL, covered, flawed, patched


pytestmark = pytest.mark.slow


#: Rounds that no bin takes to be hit, by far.
ENOUGH = 12


@pytest.fixture(scope="module")
def full():
    return covered(FULL, rules=RULES, until_closed=True)


def test_every_bin_of_every_rule_is_hit_and_every_answer_is_the_golden_models(full):
    assert full.holes == [] and full.differences == [] and full.illegal == []
    assert len(full.bins) >= 3400
    assert max(hit.aim.attempt for hit in full.first.values()) < ENOUGH


def test_every_rule_has_bins(full):
    assert {bin_.coverpoint.rule for bin_ in full.model.bins} == set(RULES)


def test_a_first_hit_can_be_seen_again(full):
    for number in (0, 1042, len(full.bins) - 1):
        bin_, (aim, cycle) = full.model.bins[number], full.first[number]
        found = hits_of(full.model, carry_out(FULL, aimed(FULL, full.seed, aim)))
        assert (cycle, bin_.coverpoint.name, bin_.values) in list(found)


@pytest.mark.parametrize("preset", ["default", "tiny", "classic"])
def test_bins_of_a_smaller_unit_are_those_that_it_can_reach(preset):
    # No stimulus asks for more than the unit has; what it can reach is not compiled here.
    model = model_of(PRESETS[preset])
    assert 400 <= len(model.bins) < len(model_of(FULL).bins)
    for bin_ in model.bins[::7]:
        vector = aimed(PRESETS[preset], 1, Aim(bin_.number, 0))
        if not PRESETS[preset].long_mode:
            assert not vector.efer & 1 << 8 and not vector.cr4 & 1 << 17


def test_results_do_not_depend_on_who_does_the_parts():
    class Backwards:
        def calls(self, function, arguments):
            yield from reversed([function(*each) for each in reversed(arguments)])

    bins = [bin_.number for bin_ in model_of(FULL).of_rules([17, 31, 36])]
    one, other = Campaign(FULL, 5, bins), covered(FULL, rules=[17, 31, 36], accesses=100, seed=5)
    one.run(Backwards(), accesses=100)
    assert (one.counts, one.first, one.cycles) == (other.counts, other.first, other.cycles)


def test_a_seed_decides_and_another_one_draws_other_stimuli():
    part = do_part(FULL, 1, 0, range(8))
    assert part == do_part(FULL, 1, 0, range(8))
    # Names differ in any case.
    first, second, third = (aimed(FULL, seed, Aim(3, attempt))._replace(id="")
                            for seed, attempt in ((1, 0), (2, 0), (2, 1)))
    assert first != second != third


def test_a_sampler_that_sees_nothing_leaves_holes():
    model = model_of(FULL)
    blind = [replace(coverpoint, sample=_blind) if coverpoint.name == "PSE-36" else coverpoint
             for coverpoint in model.coverpoints]
    with mock.patch("sim.coverage.campaign.model_of",
                    return_value=replace(model, sampler=Sampler(blind))):
        done = covered(FULL, rules=[30], accesses=60)
    assert len(done.holes) == len(done.bins) == 17


def _blind(seen, page):
    return iter(())


def test_a_stimulus_that_is_missing_leaves_holes():
    canonical = stimulus._RECIPES["canonical"]
    with mock.patch.dict(stimulus._RECIPES, {"race": canonical, "write race": canonical}):
        done = covered(FULL, rules=[17], accesses=200)
    assert done.holes == done.bins


def test_a_sampler_that_sees_what_cannot_be_is_told_of():
    model = model_of(FULL)
    wrong = [replace(coverpoint, sample=_wrong) if coverpoint.name == "PSE-36" else coverpoint
             for coverpoint in model.coverpoints]
    with mock.patch("sim.coverage.campaign.model_of",
                    return_value=replace(model, sampler=Sampler(wrong))):
        done = covered(FULL, rules=[30], accesses=1)
    assert done.illegal[0][:2] == ("PSE-36", ("bit 21", "address"))


def _wrong(seen, page):
    yield "bit 21", "address"


@pytest.mark.parametrize("flaw, found", [(None, False), ("WP is ignored", True)])
def test_the_comparison_finds_a_flaw_of_the_unit(flaw, found):
    with nullcontext() if flaw is None else flawed(flaw):
        done = covered(PRESETS["classic"], rules=[10], accesses=40)
    assert bool(done.differences) is found
    if found:
        assert "golden model" in done.differences[0][1]


def _sparing(*arguments):
    """A bank of stamps that keeps those of tables when one address is named."""
    flaw = C(1 + list(FLAWS).index("INVLPG spares tables"), 8)
    return FlawedStampBank(StampBank(*arguments), flaw)


@pytest.mark.parametrize("patches, wrong", [
    ({}, {}),
    # No entry is edited, so that what is left is still right, and no answer is wrong.
    ({(Invalidator, "_invpcid"): lambda invalidator, m: None,
      (hw.invalidation, "canonical"): lambda linear, la57: C(1),
      (hw.tlb.tlb, "StampBank"): _sparing},
     {"INVPCID":
          {"type 0", "type 1", "type 2", "type 3"},
      "INVLPG of wide addresses":
          {"57 bits", "neither"},
      "tables after INVPCID":
          {"INVPCID 0", "INVPCID 1", "INVPCID 2", "INVPCID 3"},
      "tables after INVLPG":
          {"INVLPG"}}),
], ids=["sound", "flawed"])
def test_what_is_invalidated_wrongly_is_a_bin_that_must_not_be(patches, wrong):
    config = MmuConfig(tlb_entries=4, second_entries=8, directory_entries=4, reference_entries=4,
                       invpcid=True)
    with patched(patches):
        done = covered(config, rules=[26, 33, 37], accesses=160)
    assert done.differences == []
    found = {}
    for name, values, _ in done.illegal:
        found.setdefault(name, set()).add(values[1])
    assert found == wrong
