"""The real programs, on designs that take seconds; and how full the fullest board is."""

from dataclasses import replace

import pytest
from amaranth.build import Clock

from hw.boards import BOARDS
from sim.boards import build as building
from sim.boards.build import build

from .build_support import ClockedBlinker


pytestmark = [pytest.mark.slow, pytest.mark.synthesis]


@pytest.fixture(autouse=True)
def own_tools(monkeypatch):
    for name in ("YOSYS", "NEXTPNR_ICE40", "NEXTPNR_ECP5", "ICEPACK", "ECPPACK"):
        monkeypatch.delenv(name, raising=False)


def built(board, folder):
    return build(board, folder, seed=board.seed, announce=lambda step: None)


def test_a_bitstream_for_an_ice40(blinker, tmp_path):
    # At the clock of its crystal, for the design has no PLL.
    outcome = built(replace(BOARDS["icebreaker"], clock_hz=12_000_000), tmp_path)
    assert outcome.shortcomings == []
    assert outcome.bitstream == tmp_path / "icebreaker.bin"
    assert outcome.bitstream.stat().st_size == 104_090  # the size of each for an UP5K
    used, available = outcome.report.used["ICESTORM_LC"]
    assert 24 <= used < 100 and available == 5280
    [clock] = outcome.report.clocks
    assert clock.required_hz == pytest.approx(12e6, rel=1e-3)
    assert "Yosys 0." in outcome.log.read_text()


# Place and route of so full an FPGA takes minutes: that is for `dragoncage build icebreaker`.
@pytest.mark.timeout(1800)
def test_the_whole_system_fits_an_icebreaker(tmp_path):
    board = BOARDS["icebreaker"]
    # Without a PLL, for nextpnr 0.11 cannot report on one that has no place yet.
    packed = replace(board, clock_hz=12_000_000,
                     overrides={**board.overrides, "nextpnr_opts": "--pack-only"})
    outcome = built(packed, tmp_path)
    assert outcome.bitstream is None
    used, available = outcome.report.used["ICESTORM_LC"]
    assert 4000 < used <= available == 5280


def test_a_clock_that_is_too_fast_for_the_design_is_found_out(blinker, monkeypatch, tmp_path):
    def platform():
        hasty = BOARDS["icebreaker"].platform()
        # The resource belongs to all platforms of that class.
        monkeypatch.setattr(hasty.resources["clk12", 0], "clock", Clock(200e6))
        return hasty

    board = replace(BOARDS["icebreaker"], platform=platform, clock_hz=200_000_000)
    outcome = built(board, tmp_path)
    assert outcome.bitstream is None
    [reason] = outcome.shortcomings
    assert reason.endswith("and needs 200.00 MHz")


def test_place_and_route_holds_the_clock_of_a_pll_to_its_frequency(monkeypatch, tmp_path):
    monkeypatch.setattr(building, "Top", ClockedBlinker)
    outcome = built(BOARDS["ecpix5"], tmp_path)
    assert outcome.shortcomings == []
    assert outcome.bitstream == tmp_path / "ecpix5.bit"
    assert outcome.report.used["EHXPLLL"] == (1, 4)
    assert any(clock.required_hz == pytest.approx(BOARDS["ecpix5"].clock_hz, rel=1e-3)
               for clock in outcome.report.clocks)
