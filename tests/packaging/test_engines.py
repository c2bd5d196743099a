"""An installed project on every engine, beside packages that have the names of ours."""

import json
import signal

import pytest
from process_support import Child

from .packaging_support import environment


pytestmark = pytest.mark.slow


def played(installed, *arguments):
    """Play the user's scenario; return what is said of it as JSON."""
    done = installed.run(installed.script, "run", "story.py", "--json", *arguments, PYTHONPATH=".")
    assert done.returncode == 0, done.stderr
    [run] = json.loads(done.stdout)["runs"]
    assert run["holds"] and run["acts"]
    return run


@pytest.mark.parametrize("arguments", [
    ["pysim"], ["cxxrtl"], ["cocotb"], ["cocotb", "--simulator", "icarus"],
], ids=" ".join)
def test_a_scenario_plays(installed, arguments):
    assert played(installed, "--engine", *arguments)["engine"] == arguments[0]


def test_a_scenario_plays_on_a_simulated_board(installed):
    with Child(installed.script, "simulate-board", "icebreaker", cwd=installed.folder,
               env=environment(PYTHONPATH=".")) as board:
        device = board.line()
        assert played(installed, "--engine", "serial", "--port", device)["engine"] == "serial"
        board.send_signal(signal.SIGTERM)
        assert board.wait() == 143


def test_the_command_is_measured_by_itself(installed):
    code = ("import dragoncage; dragoncage.activate()\n"
            "from sim.benchmark.measure import command_cycles; print(command_cycles('cxxrtl'))")
    assert int(installed.ask(code)) > 0
