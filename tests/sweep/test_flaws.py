# amaranth: UnusedElaboratable=no
"""A flaw of the unit is found, and told by the smallest case that shows it."""

import pytest
from amaranth.hdl import Const

from sim.sweep import run
from sim.sweep.block import block
from sim.sweep.pins import CONFIG
from sim.sweep.report import Found, as_json, as_text
from sim.sweep.rules import CAUSES
from sim.sweep.smallest import smallest, weight
from sim.sweep.spaces import CASES
from sim.sweep.unit import Units
from sim.vectors.engines.golden import GoldenVectors
from sim.vectors.parser import parse
from sim.verification.flaw_list import FLAWS
from sim.verification.flaws import FlawedMmu

from .sweep_support import swept


pytestmark = pytest.mark.slow


FLAW = "WP is ignored"

#: Cases among which it shows.
STOP = 40 * (1 << 13)


@pytest.fixture(scope="module")
def flawed():
    """Units that all have the flaw."""
    component = FlawedMmu(CONFIG)
    component.flaw = Const([*FLAWS].index(FLAW) + 1, 8)
    return Units(component)


def test_it_is_found_with_the_smallest_case(flawed, monkeypatch):
    monkeypatch.setattr(run, "unit", lambda: flawed)
    result = swept(0, STOP)
    counted = dict(zip(CAUSES, map(sum, zip(*result.causes, strict=True)), strict=True))
    # Some of them fault all the same, by SMAP or by a key.
    assert 0 < result.differences <= counted["write_protect"]
    assert result.wrong == []

    found = smallest(flawed, result.difference)
    values = found.case.values
    assert weight(found.case) == 3
    assert values["wp"] == 1
    assert values["kind"] in (1, 3)
    assert [name for name, value in values.items() if name.startswith("rw") and not value]

    told   = Found(found, block(flawed, found.case.space, found.case.block).expected)
    report = as_json(result, told)["smallest"]
    assert report["rules"]["error_code"] == "0x3"
    assert report["unit"]["fault"] is None
    outcome, = GoldenVectors().run([parse(1, report["vector"])])
    assert outcome.ending.fault == "#PF"
    assert [f"{value:#x}" for value in outcome.entries] == report["rules"]["memory"]
    assert "0x3" in as_text(result, told, 1.0)
    assert told.number < CASES
