"""The article, played on the unit: what it claims holds, and would not hold on a lesser machine."""

from dataclasses import replace

import pytest
from pywellen.pywellen import Waveform

from hw.config import MmuConfig
from sim.scenario import discover


def perform(mode="4level", era="5.x", waves=None, **features):
    """Play the article on a machine that lacks some features."""
    article = discover()["article"]
    if features:
        article = replace(article, machine={"config": MmuConfig(**features)})
    return article.perform(mode=mode, engine="pysim", era=era, waves=waves)


def failed(run):
    """Acts with a claim that does not hold, by number."""
    assert run.failure is None
    return {number for number, act in enumerate(run.acts, 1)
            if not all(claim.holds for claim in act.claims)}


@pytest.mark.parametrize("era", ["5.x", "6.x"])
@pytest.mark.parametrize("mode, claims", [("4level", 49), ("32bit", 50)])
def test_every_claim_holds_and_has_a_cycle(mode, era, claims):
    run = perform(mode, era)
    assert run.failure is None
    assert [claim.text for claim in run.claims if not claim.holds] == []
    assert [claim.text for claim in run.claims if claim.cycle is None] == []
    assert len(run.acts) == 8
    # kunmap_local takes the entry back, kunmap leaves it in place: one more claim.
    assert len(run.claims) == claims + (mode == "32bit" and era == "6.x")


def test_without_smap_the_acts_that_speak_of_it_fail():
    # Act 4 too: a kernel that finds no SMAP needs no STAC around its copies.
    assert failed(perform(smap=False)) == {3, 4, 5}


def test_a_waveform_of_act_5_shows_marks_and_hardware_side_by_side(tmp_path):
    run    = perform(waves=tmp_path)
    punch  = run.acts[4]
    waves  = {var.full_name: var for var in Waveform(path=str(tmp_path / "waves.vcd")).all_vars()}
    shown  = {name: dict(waves[f"machine.{name}"].tv) for name in (
        "software.kernel_function", "software.claim", "access.linear", "registers.wp")}

    copies = [cycle for cycle, function in shown["software.kernel_function"].items()
              if function == "copy_to_user_page" and punch.since <= cycle < punch.until]
    assert len(copies) == 1
    stores = [linear for cycle, linear in shown["access.linear"].items()
              if copies[0] <= cycle < copies[0] + 12]
    assert any(linear >> 40 == 0xFFFF88 for linear in stores)
    assert not any(0 < linear < 1 << 47 for linear in stores)
    assert "pwrite punches through" in shown["software.claim"].values()
