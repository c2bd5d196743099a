"""An installed project tests designs under cocotb, beside packages that have the names of ours."""

import re

import pytest

from .packaging_support import ROOT


pytestmark = pytest.mark.slow

PAGE = (ROOT / "docs" / "cocotb.md").read_text(encoding="utf-8")


def test_the_documented_testbench_passes(installed):
    text = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)[0]
    (installed.folder / "my_testbench.py").write_text(
        f"import dragoncage\ndragoncage.activate()\n{text}", encoding="utf-8")
    done = installed.run(installed.python, "my_testbench.py")
    assert done.returncode == 0, done.stderr
    assert (installed.folder / "out" / "coverage.txt").exists()


def test_the_command_for_long_runs_plays_its_rounds(installed):
    done = installed.run(installed.python, "-P", "-m", "sim.verification", "--preset", "tiny",
                         "--simulator", "icarus", "--rounds", "2", "--out", "out")
    assert done.returncode == 0, done.stderr
    assert "2 rounds" in done.stdout
