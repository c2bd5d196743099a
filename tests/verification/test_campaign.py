"""The command for long runs."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from hw.config import MmuConfig
from sim.errors import Unavailable
from sim.verification.campaign import main
from sim.verification.runs import RunResult
from sim.verification.simulation import BuiltDesign, SimulationFailed


ROOT = Path(__file__).parents[2]


def rounds(capsys, *arguments):
    """Run the command with success; return the results of its rounds, but for the speed."""
    assert main(["--preset", "tiny", "--simulator", "icarus", *arguments]) == 0
    return re.findall(r"from \d+ on: (.* cycles),", capsys.readouterr().out)


@pytest.mark.slow
def test_a_round_is_the_same_by_itself(tmp_path, capsys):
    both,   = rounds(capsys, "--seed", "7", "--rounds", "2", "--out", str(tmp_path / "both"))
    second, = rounds(capsys, "--seed", "7", "--rounds", "1", "--from", "1", "--out",
                     str(tmp_path / "second"))
    again,  = rounds(capsys, "--seed", "7", "--rounds", "1", "--from", "1", "--out",
                     str(tmp_path / "again"))
    other,  = rounds(capsys, "--seed", "8", "--rounds", "1", "--from", "1", "--out",
                     str(tmp_path / "other"))
    assert second == again != other
    assert both.startswith("2 rounds")
    assert "bins hit" in (tmp_path / "both" / "coverage.txt").read_text()


@pytest.mark.slow
def test_a_round_that_fails_says_how_to_see_it_again(tmp_path, capsys, monkeypatch):
    def play(self, module, settings, folder, *, waiting):
        (folder / "coverage.json").write_text("[]")
        return RunResult(rounds=settings.first + 3, cycles=1, seconds=1,
                         failure="round 3: it is wrong")

    monkeypatch.setattr(BuiltDesign, "play", play)
    assert main(["--simulator", "icarus", "--seed", "5", "--out", str(tmp_path)]) == 1
    *_, said, again = capsys.readouterr().out.splitlines()
    assert said == "round 3: it is wrong"
    assert again.endswith("--seed 5 --from 3 --rounds 1")


@pytest.mark.slow
def test_a_round_of_a_unit_with_switches_says_them_too(tmp_path, capsys, monkeypatch):
    def play(self, module, settings, folder, *, waiting):
        assert settings.config == MmuConfig(pku=True, smep=False)
        (folder / "coverage.json").write_text("[]")
        return RunResult(cycles=1, seconds=1, failure="it is wrong")

    monkeypatch.setattr(BuiltDesign, "play", play)
    assert main(["--set", "unit.pku=1", "--set", "unit.smep=0", "--simulator", "icarus",
                 "--out", str(tmp_path)]) == 1
    *_, again = capsys.readouterr().out.splitlines()
    assert again.startswith("again: --preset default --set unit.pku=1 --set unit.smep=0 --simul")


@pytest.mark.parametrize("arguments", [
    ["--rounds", "0"], ["--from", "-1"], ["--preset", "huge"], ["--set", "unit.pku"],
    ["--preset", "tiny", "--set", "unit.pku=1"],
])
def test_mistakes_in_the_command(arguments, capsys):
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == 2
    assert "error:" in capsys.readouterr().err


@pytest.mark.parametrize("error", [Unavailable("there is no g++"), OSError("no free space"),
                                   SimulationFailed("it ended early")])
def test_what_is_missing_is_one_line(tmp_path, capsys, monkeypatch, error):
    def fail(*arguments):
        raise error

    monkeypatch.setattr("sim.verification.campaign.build", fail)
    assert main(["--out", str(tmp_path)]) == 2
    assert capsys.readouterr().err == f"sim.verification: {error}\n"


def test_an_interrupt_is_one_line(tmp_path, capsys, monkeypatch):
    def interrupt(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr("sim.verification.campaign.build", interrupt)
    assert main(["--out", str(tmp_path)]) == 130
    assert capsys.readouterr().err == "sim.verification: interrupted\n"


def test_without_cocotb_the_command_names_what_to_install(tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "cocotb", None)
    assert main(["--out", str(tmp_path)]) == 2
    assert capsys.readouterr().err == ("sim.verification: verification under cocotb needs cocotb: "
                                       "pip install 'cocotb>=2.1'\n")


@pytest.mark.slow
def test_the_parts_can_be_imported_without_cocotb():
    code = ("import sys; sys.modules['cocotb'] = sys.modules['cocotb_tools'] = None; "
            "import sim.verification")
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
