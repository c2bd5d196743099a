"""Exports: written when a run is over, in the process in which it was played."""

import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from sim.output.files import written
from sim.scenario.runner import perform
from sim.scenario.scenario import load


CASE = load(Path(__file__).parent / "scenario_cases.py")


@dataclass
class Note:
    """An export that notes what it was given."""

    file:   Path
    viewed: bool
    name:   str = "note"

    def write(self, run, stage, viewed):
        """Write a line."""
        rows = None if viewed is None else bool(viewed.rows)
        with written(self.file) as [file]:
            file.write(f"{run.holds} {run.cycles == stage.trace.cycles} {rows} {os.getpid()}")


@pytest.mark.slow
@pytest.mark.parametrize("viewed", [False, True])
def test_an_export_gets_the_run_its_stage_and_the_waveform_if_it_wants(tmp_path, viewed):
    run = perform(CASE, engine="pysim", era="5.x", exports=[Note(tmp_path / "note", viewed)])
    assert (tmp_path / "note").read_text() == f"True True {viewed or None} {os.getpid()}"
    assert run.holds and not run.unwritten


@pytest.mark.slow
def test_one_that_cannot_be_written_does_not_end_the_run(tmp_path):
    run = perform(CASE, engine="pysim", era="5.x", exports=[
        Note(tmp_path / "no" / "note", False), Note(tmp_path / "note", False)])
    assert run.holds
    assert run.unwritten == {
        "note": f"cannot write {tmp_path}/no/note: No such file or directory"}
    assert (tmp_path / "note").exists()


@pytest.mark.slow
def test_a_simulator_writes_it_where_it_plays(tmp_path):
    run = perform(CASE, engine="cocotb", era="5.x", options={"simulator": "icarus"},
                  exports=[Note(tmp_path / "note", True)])
    *found, process = (tmp_path / "note").read_text().split()
    assert run.holds and found == ["True"] * 3
    assert int(process) != os.getpid()
