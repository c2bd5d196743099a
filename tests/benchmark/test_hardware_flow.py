# amaranth: UnusedElaboratable=no
"""Synthesis, place and route: what programs are told, what is kept, and their ways to fail."""

import json
import os

import pytest
from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from files_support import own_cache

from sim.benchmark.hardware.flow import Flow
from sim.benchmark.hardware.targets import TARGETS
from sim.errors import Unavailable

from .hardware_support import fake_tools, report


class Adder(wiring.Component):
    """A unit of some register and an adder: stands for the whole one."""

    def __init__(self, width):
        self._width = width
        super().__init__({"add": In(width), "sum": Out(width)})

    def elaborate(self, platform):
        m = Module()
        register = Signal(self._width)
        m.d.sync += register.eq(register + self.add)
        m.d.comb += self.sum.eq(register)
        return m


def flow(target="ecp5", said=None):
    return Flow(TARGETS[target], announce=[].append if said is None else said.append)


def placed(seeds=(1, 2, 3), target="ecp5", width=8):
    return flow(target).placements(Adder(width), seeds)


def runs(tools, name):
    """Calls of a program that were not for its version alone."""
    return [line for line in tools.arguments(name) if line not in ("-V", "--version")]


def test_cells_are_of_the_unit_alone_by_the_kinds_of_the_target(tools):
    assert flow().cells(Adder(8)) == {"lut4": 1234, "ff": 567, "dpr16x4": 8, "dp16kd": 0}
    assert flow("up5k").cells(Adder(8)) == {"lut4": 1111, "ff": 123, "ram40": 4}
    first, second = runs(tools, "yosys")
    assert "synth_ecp5 -top unit" in first and "synth_ice40 -top unit" in second


def test_each_seed_is_placed_with_its_clock_and_its_critical_path(tools):
    found = placed()
    assert [(one.seed, one.fmax_hz) for one in found] == [(1, 38e6), (2, 42e6), (3, 40e6)]
    assert found[0].path.begin == "walker.state"


def test_programs_have_the_options_of_the_flow(tools):
    placed((2,))
    placed((2,), "hx8k")
    [ecp5], [hx8k] = runs(tools, "nextpnr-ecp5"), runs(tools, "nextpnr-ice40")
    for option in ("--85k", "--package CABGA756", "--speed 6", "--out-of-context", "--freq 200",
                   "--seed 2", "--timing-allow-fail"):
        assert option in ecp5
    for option in ("--hx8k", "--package ct256", "--freq 50"):
        assert option in hx8k
    assert "--out-of-context" not in hx8k


def test_a_second_measurement_runs_nothing(tools):
    first = placed()
    assert len(runs(tools, "yosys")) == 1 and len(runs(tools, "nextpnr-ecp5")) == 3
    assert placed() == first
    assert len(runs(tools, "yosys")) == 1 and len(runs(tools, "nextpnr-ecp5")) == 3


def test_another_seed_is_placed_and_nothing_is_synthesised_again(tools):
    placed((1,))
    placed((1, 2))
    assert len(runs(tools, "yosys")) == 1 and len(runs(tools, "nextpnr-ecp5")) == 2


def test_another_design_or_version_is_made_anew(tools):
    placed((1,))
    placed((1,), width=9)
    assert len(runs(tools, "yosys")) == 2
    path = tools.folder / "yosys"
    path.write_text(path.read_text().replace("0.70", "0.71"))
    assert flow().tools == ["Yosys 0.71", "nextpnr-ecp5 0.11.1"]
    placed((1,), width=9)
    assert len(runs(tools, "yosys")) == 3


def test_the_two_ice40s_share_a_synthesis(tools):
    placed((1,), "hx8k")
    placed((1,), "up5k")
    assert len(runs(tools, "yosys")) == 1 and len(runs(tools, "nextpnr-ice40")) == 2


def test_what_is_being_done_is_announced(tools):
    said = []
    flow(said=said).placements(Adder(8), (1, 2))
    assert list(dict.fromkeys(said)) == [
        "synthesis", "place and route, seed 1", "place and route, seed 2"]


FULL = ('echo "Info:  ICESTORM_LC:  7279/  5280  137%"\n'
        'echo "Info:  ICESTORM_RAM:  0/  30  0%"\necho "ERROR: no BELs remaining"\nexit 125\n')


def test_a_design_that_does_not_fit_is_a_result_that_is_kept(tools):
    fake_tools(tools, instead={"nextpnr-ice40": FULL})
    for _ in range(2):
        assert placed(target="up5k") == "7,279 logic cells of 5,280"
    assert len(runs(tools, "nextpnr-ice40")) == 1


@pytest.mark.parametrize("name, complaint", [
    ("yosys",        "bench hardware: Yosys failed: ERROR: no such thing"),
    ("nextpnr-ecp5", "bench hardware: nextpnr-ecp5 failed: ERROR: no such thing"),
])
def test_a_program_that_fails_is_one_line_and_leaves_nothing(tools, name, complaint):
    fake_tools(tools, instead={name: 'echo "Info: fine"\necho "ERROR: no such thing"\nexit 1\n'})
    with pytest.raises(Unavailable) as caught:
        placed()
    assert str(caught.value) == complaint
    kept = os.listdir(tools.folder.parent / "cache" / "dragoncage")
    assert len(kept) == (name == "nextpnr-ecp5")  # the synthesis alone
    fake_tools(tools)
    assert placed((1,))[0].fmax_hz == 50e6


def test_an_error_that_yosys_does_not_print_is_in_its_log(tools):
    fake_tools(tools, instead={
        "yosys": 'while [ "$1" != -l ]; do shift; done\n'
                 'printf "wire error\\nERROR: no such thing\\n" > "$2"\nexit 1\n'})
    with pytest.raises(Unavailable, match="Yosys failed: ERROR: no such thing$"):
        placed()


@pytest.mark.parametrize("nonsense", [
    {}, [], {"fmax": {}, "utilization": {}, "critical_paths": []},
    {**report(50.0), "critical_paths": []}, {**report(50.0), "critical_paths": [{}]},
], ids=str)
def test_a_report_that_makes_no_sense_is_one_line(tools, nonsense):
    (tools.folder / "report1").write_text(json.dumps(nonsense))
    with pytest.raises(Unavailable, match="the report of nextpnr makes no sense"):
        placed()


def test_statistics_that_make_no_sense_are_one_line(tools):
    fake_tools(tools, statistics={"modules": {}})
    with pytest.raises(Unavailable, match="the statistics of Yosys make no sense"):
        flow().cells(Adder(8))


@pytest.mark.parametrize("name", ["yosys", "nextpnr-ecp5"])
def test_a_program_that_is_missing_is_said_before_anything_is_run(tools, name, monkeypatch):
    monkeypatch.delenv(name.upper().replace("-", "_"))
    monkeypatch.setenv("PATH", str(tools.folder.parent))
    monkeypatch.setattr("sys.executable", str(tools.folder.parent / "python"))
    with pytest.raises(Unavailable) as caught:
        flow()
    assert str(caught.value) == (f"yowasp-{name} is needed, and is not installed: "
                                 "pip install -e '.[boards]'")
    assert tools.arguments("yosys") == []


def test_an_interrupt_ends_the_program_and_leaves_nothing(tools):
    fake_tools(tools, instead={"yosys": "exec sleep 60\n"})

    def interrupt(what):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Flow(TARGETS["ecp5"], announce=interrupt).cells(Adder(8))
    assert os.listdir(tools.folder.parent / "cache" / "dragoncage") == []


@pytest.mark.slow
@pytest.mark.synthesis
def test_the_real_programs_measure_a_small_unit(monkeypatch, tmp_path):
    for name in ("YOSYS", "NEXTPNR_ICE40", "NEXTPNR_ECP5"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", own_cache(tmp_path / "cache"))
    for target in ("ecp5", "hx8k"):
        real  = flow(target)
        cells = real.cells(Adder(8))
        assert cells["ff"] == 8
        [found] = real.placements(Adder(8), (1,))
        assert 50e6 < found.fmax_hz < 1e9
        assert found.path.ns == pytest.approx(1e9 / found.fmax_hz, rel=0.01)
        assert found.path.ns > found.path.routing_ns > 0
