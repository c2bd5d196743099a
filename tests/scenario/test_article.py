"""The article, played on the unit: what it claims holds, and would not hold on a lesser machine."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
from amaranth.hdl import C
from pywellen.pywellen import Waveform

from hw.permission import Protection, Rights, denied
from hw.presets import PRESETS
import hw.translator
import hw.verdict
import sim.engines.pysim
import sw.fs.proc.base
from sim.scenarios import SCENARIOS, article
from sim.scenarios.article import approved_channel, copy_on_write, force_override
from sw.era import ERAS

from .story_support import without_function


pytestmark = pytest.mark.slow


ARTICLE = SCENARIOS["article"]

#: The smallest unit that can show all acts, in the fewest cycles: for what is not compiled.
SMALL = replace(PRESETS["tiny"], outstanding=4)


def perform(mode="4level", era="5.x", **options):
    """Play the article on the compiled unit that can do everything."""
    return ARTICLE.perform(mode=mode, engine="cxxrtl", era=era, **options)


def failed(run):
    """Acts with a claim that does not hold, by number."""
    assert run.failure is None
    return {number for number, act in enumerate(run.acts, 1)
            if not all(claim.holds for claim in act.claims)}


@pytest.mark.parametrize("era", ["5.x", "6.x"])
@pytest.mark.parametrize("mode, claims", [
    ("4level", 53), ("32bit", 54), ("pae", 54), ("5level", 53),
])
def test_every_claim_holds_and_has_a_cycle(mode, era, claims):
    # Cycle by cycle the same as on the others: tests/engines/test_cxxrtl.py compares them.
    nameless = []
    run = perform(mode, era, ended=lambda stage: nameless.extend(without_function(stage)))
    assert run.failure is None and nameless == []
    assert [claim.text for claim in run.claims if not claim.holds] == []
    assert [claim.text for claim in run.claims if claim.cycle is None] == []
    assert len(run.acts) == 9
    assert [act.title for act in run.acts if act.left_out] == (
        [force_override.TITLE] if era == "5.x" else [])
    # kunmap_local takes the entry back, kunmap leaves it in place: one more claim. And only there
    # is a policy of forced writes, with nine.
    assert len(run.claims) == claims + (era == "6.x") * (9 + (mode in ("32bit", "pae")))


@pytest.mark.parametrize("era", [era for era in ERAS if era not in ("5.x", "6.x")])
def test_every_claim_holds_in_every_era(era):
    run = perform(era=era)
    assert run.failure is None and run.holds
    assert [act.title for act in run.acts if act.left_out] == (
        [] if ERAS[era].force_override else [force_override.TITLE])


def test_on_a_stage_that_takes_smap_for_granted_the_acts_that_speak_of_it_fail(
        monkeypatch):
    async def play(stage):
        stage.config = SMALL
        await ARTICLE.play(stage)

    careless = replace(ARTICLE, play=play, machine={"config": replace(SMALL, smap=False)})
    # What comes after act 5 does not speak of it, and takes half of the time.
    monkeypatch.setattr(article, "ACTS", article.ACTS[:5])
    # Act 4 too: a kernel that finds no SMAP needs no STAC around its copies.
    assert failed(careless.perform(mode="32bit", engine="pysim", era="5.x")) == {3, 4, 5}


#: All acts but two of which each takes as many cycles as all others together.
SHORT = tuple(act for act in article.ACTS if act[0] not in (approved_channel, copy_on_write))

#: Values that a unit without one check takes for granted, the acts that are played, and those of
#: them with a claim that fails.
BROKEN = {
    "without WP":                  ("protection", "wp", 0,   article.ACTS, {2, 4}),
    "with WP always":              ("protection", "wp", 1,   SHORT,        {2}),
    "without SMAP":                ("protection", "smap", 0, SHORT,        {3}),
    "with AC always":              ("protection", "ac", 1,   SHORT,        {3}),
    "with no regard to R/W":       ("rights", "writable", 1, article.ACTS, {1, 2, 4, 5, 7}),
}


def broken(monkeypatch, argument, bit, value, acts=article.ACTS):
    """Play ``acts`` on a unit that takes ``bit`` of ``argument`` to be ``value``."""
    def careless(**given):
        layout = {"protection": Protection, "rights": Rights}[argument]
        view   = {field: getattr(given[argument], field) for field, _ in layout.as_shape()}
        return denied(**{**given, argument: SimpleNamespace(**{**view, bit: C(value)})})

    for module in (hw.translator, hw.verdict):
        monkeypatch.setattr(module, "denied", careless)
    # Units that were compiled before have the check, and nobody else shall get one without it.
    monkeypatch.setattr(sim.engines.pysim, "_idle", {})
    monkeypatch.setattr(article, "ACTS", acts)
    return ARTICLE.perform(mode="32bit", engine="pysim", era="5.x", config=SMALL)


@pytest.mark.parametrize("name", BROKEN)
def test_a_unit_that_lacks_a_check_breaks_claims(name, monkeypatch):
    *what, expected = BROKEN[name]
    assert failed(broken(monkeypatch, *what)) == expected


def test_a_unit_whose_ac_opens_nothing_breaks_claims_before_it_stops_the_kernel(monkeypatch):
    run = broken(monkeypatch, "protection", "ac", 0)
    assert "in vain" in run.failure.reason
    # WP=0 alone does not get the kernel's store past SMAP.
    assert [number for number, act in enumerate(run.acts, 1)
            if not all(claim.holds for claim in act.claims)] == [2]


@pytest.mark.parametrize("policy, refused", [("always", 2), ("ptrace", 1)])
def test_a_kernel_that_takes_no_notice_of_the_policy_breaks_claims(policy, refused, monkeypatch):
    monkeypatch.setattr(sw.fs.proc.base, "proc_mem_force_override", lambda cpu: policy)
    monkeypatch.setattr(article, "ACTS", article.ACTS[8:])
    run = perform(era="6.x")
    wrong = [claim for claim in run.claims if not claim.holds]
    assert sum(claim.text == "the call fails with EIO" for claim in wrong) == refused


def test_a_waveform_of_act_5_shows_marks_and_hardware_side_by_side(tmp_path):
    run    = perform(waves=tmp_path)
    punch  = run.acts[4]
    waves  = {var.full_name: var for var in Waveform(path=str(run.waves / "waves.vcd")).all_vars()}
    shown  = {name: dict(waves[f"machine.{name}"].tv) for name in (
        "software.kernel_function", "software.claim", "access.linear", "registers.wp")}

    copies = [cycle for cycle, function in shown["software.kernel_function"].items()
              if function == "copy_to_user_page" and punch.since <= cycle < punch.until]
    assert len(copies) == 1
    # While no access is asked for there is no number.
    stores = [linear for cycle, linear in shown["access.linear"].items()
              if copies[0] <= cycle < copies[0] + 12 and isinstance(linear, int)]
    assert any(linear >> 40 == 0xFFFF88 for linear in stores)
    assert not any(0 < linear < 1 << 47 for linear in stores)
    assert "pwrite punches through" in shown["software.claim"].values()
