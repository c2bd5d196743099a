"""The file of a run: the same on all engines, and without what a board does not report."""

import io
from pathlib import Path

import pytest

from hw.bus import ControlOp
from sim.perfetto.export import PerfettoExport, encode
from sim.record.records import Recording
from sim.record.tlb import TlbChange, TlbRecord
from sim.record.trace import Trace
from sim.scenario.run import Run
from sim.scenario.runner import perform
from sim.scenario.scenario import load
from tests.record.trace_records import control, mark, state

from .perfetto_support import packets, rows, values


CASE = load(Path(__file__).parents[1] / "scenario" / "scenario_cases.py")


def names(trace):
    """All names of its slices."""
    return {values(name)[2][0].decode() for packet in packets(trace) for interned in
            packet.get(12, ()) for name in values(interned).get(2, ())}


@pytest.mark.slow
def test_all_engines_write_the_same(tmp_path):
    for engine, options in ("pysim", {}), ("cxxrtl", {}), ("cocotb", {"simulator": "icarus"}):
        run = perform(CASE, engine=engine, era="5.x", options=options,
                      exports=[PerfettoExport(tmp_path / engine)])
        assert run.holds and not run.unwritten
    one, *others = [path.read_bytes() for path in sorted(tmp_path.iterdir())]
    assert others == [one, one]
    assert rows(one)[:5] == ["scenario_cases, 4level paging, kernel 5.x", "acts", "claims",
                             "under test", "kernel functions"]
    assert {"do_syscall", "page walk", "hit", "filled"} <= names(one)


def test_a_board_has_no_row_of_its_tlb():
    run = Run("story", "A story", "4level", "serial", "5.x", cycles=20)
    for changes, found in ([TlbRecord(4, TlbChange.INVALIDATED, 0x1000)], ["control", "TLB"]), (
            None, ["control"]):
        recording = Recording(controls=[control(4, ControlOp.INVLPG, value=0x1000)], tlb=changes,
                              states=[state()], marks=[mark()], cycles=20)
        file = io.BytesIO()
        encode(run, [Trace(recording)], file)
        assert rows(file.getvalue())[2:] == found


def test_each_of_several_processors_has_rows_of_its_own():
    run   = Run("story", "A story", "4level", "pysim", "5.x", cycles=20)
    trace = Trace(Recording(controls=[control(4, ControlOp.INVLPG)], states=[state()],
                            marks=[mark()], cycles=20))
    file = io.BytesIO()
    encode(run, [trace, trace], file)
    assert rows(file.getvalue()) == ["story, 4level paging, kernel 5.x", "acts", "CPU 0: control",
                                     "CPU 1: control"]


@pytest.mark.slow
def test_a_file_that_cannot_be_written_is_said_with_the_run(tmp_path):
    run = perform(CASE, engine="pysim", era="5.x", exports=[PerfettoExport(tmp_path / "no" / "it")])
    assert run.holds
    assert run.unwritten == {"perfetto": f"cannot write {tmp_path}/no/it: "
                                         "No such file or directory"}
