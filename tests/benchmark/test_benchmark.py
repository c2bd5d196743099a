"""Figures are what was measured, and are reported as they are."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from sim.benchmark import measure as measuring
from sim.benchmark import vectors as vector_work
from sim.benchmark.bare import BareCopies
from sim.benchmark.measure import UNRECORDED, measure
from sim.benchmark.report import WORKS, as_json, as_text
from sim.benchmark.series import REPETITIONS, Figure, Series
from sim.benchmark.vectors import REGISTERS, VectorLines, examples
from sim.benchmark.works import CONFIG, on_kernel
from sim.cli.main import main
from sim.engines.cxxrtl.native import native
from sim.scenarios import SCENARIOS
from sim.vectors.engines import VECTOR_ENGINES
from sim.vectors.parser import parse
from sw.arch.x86.include.asm.page_types import PAGE_SIZE

from .benchmark_support import figures


pytestmark = pytest.mark.slow


ROOT = Path(__file__).parents[2]

#: Seconds for (nearly) no repetition to take.
HASTE = 1e-6

ENGINES = ("pysim", "cxxrtl")


def played(durations, *, seconds=1.0, cycles=10):
    """A series whose n-th repetition takes ``durations[n]`` a count; and all its counts."""
    time, cycle, counts = 0.0, 0, []
    series = Series("work", "engine", seconds=seconds, clock=lambda: time, cycle=lambda: cycle)
    coming = iter(durations)
    for phase in (series.warm_up, series.counts):
        for count in phase():
            series.begin()
            time  += count * next(coming)
            cycle += count * cycles
            series.end(count)
            counts.append(count)
    return series, counts


def test_the_best_repetition_is_the_figure():
    series, counts = played([0.1, 0.3, 0.2, 0.05, 0.4, 0.3])
    assert counts == [1] + [2] * REPETITIONS
    assert series.best == Figure("work", "engine", 2, 20, pytest.approx(0.1))
    assert series.best.per_second == pytest.approx(20)
    assert series.best.cycles_per_second == pytest.approx(200)


def test_what_warms_up_is_no_figure():
    series, _ = played([1e-9] + [0.5] * 30)
    assert series.best.per_second == pytest.approx(2)


def test_short_works_are_done_more_often():
    _, counts = played([0.001] * 20)
    assert counts == [1, 2, 4, 8, 16, 32] + [200] * REPETITIONS


def test_a_long_work_is_done_once_a_repetition():
    _, counts = played([50.0] * 20)
    assert counts == [1] * (1 + REPETITIONS)


def test_the_table_has_rates_and_ratios():
    text = as_text(figures(loads_cxxrtl=(99_999, 500_000, 1.0)))
    lines = {" ".join(line.split()) for line in text.splitlines()}
    assert "copies of a page by the kernel 1,000 1,500,000 2,000,000 1,500" in lines
    assert "bytes copied by the kernel 40,960 614,400,000 819,200,000 15,000" in lines
    assert "single loads by the kernel 10 99,999 - 10,000" in lines
    assert "a look at the trace of copies - 1,500,000 - -" in lines
    assert "single loads by the kernel 1,000 500,000 - 500" in lines
    assert "access vectors, line to line 10 60,000 - 6,000" in lines
    assert "dragoncage run, the whole command 6.00 1.50 - 4" in lines
    assert max(map(len, text.splitlines())) <= 80
    assert all(line == line.rstrip() for line in text.splitlines())


def test_the_json_has_all_of_it():
    made  = figures()
    found = json.loads(as_json(made, seconds=0.5))
    assert set(found) == {"schema", "config", "host", "seconds", "figures", "targets"}
    assert (found["schema"], found["seconds"], found["targets"]) == (1, 0.5, [])
    assert found["config"]["maxphyaddr"] == 40
    assert len(found["figures"]) == len(made)
    assert found["figures"][0] == {
        "work": "copies", "engine": "pysim", "count": 10, "cycles": 1000, "seconds": 1.0,
        "per_second": 10.0, "cycles_per_second": 1000.0}


def test_everything_is_measured(monkeypatch):
    runs, said = [], []
    monkeypatch.setattr(measuring, "command_cycles", lambda engine: runs.append(engine) or 7)
    found = {(figure.work, figure.engine): figure
             for figure in measure(seconds=HASTE, announce=said.append)}
    assert set(found) == {("copies", "bare")} | {
        (work, engine) for work in WORKS for engine in ENGINES} - {("look", "pysim")}
    assert all(figure.seconds > 0 for figure in found.values())
    assert runs == ["pysim"] + ["cxxrtl"] * REPETITIONS
    assert said[0] == "copies, pysim"

    def each(work, engine):
        return found[work, engine].cycles / found[work, engine].count

    for work in set(WORKS) - {"look", "vectors"}:  # both do the same
        assert each(work, "pysim") == each(work, "cxxrtl")
    # So does the bare loop, but for its control writes and misses of the TLB at first.
    assert each("copies", "bare") == pytest.approx(each("copies", "cxxrtl"), rel=0.05)
    assert each("recorded", "cxxrtl") == each("look", "cxxrtl") == each("copies", "cxxrtl")
    assert found["run", "cxxrtl"].cycles == 7


def test_the_command_says_its_cycles():
    run = SCENARIOS["article"].perform(mode="4level", engine="cxxrtl", era="5.x")
    assert measuring.command_cycles("cxxrtl") == run.cycles > 0


def at_bare(do):
    """``do`` something with bare copies, on a kernel that has booted."""
    async def begin(workload):
        await do(await BareCopies.of(workload, native(CONFIG)))

    on_kernel(UNRECORDED["cxxrtl"], begin)


def test_bare_copies_are_checked():
    async def do(bare):
        with pytest.raises(RuntimeError, match="does not copy"):
            bare.check()
        await bare.copies(1)
        bare.check()

    at_bare(do)


@pytest.mark.parametrize("broken", ["fault", "outside"])
def test_bare_copies_that_fail_say_so(broken):
    async def do(bare):
        memory = bytearray(PAGE_SIZE)  # page tables are out of it, or all entries absent
        if broken == "fault":
            memory *= 4096
        bare._memory = memory
        with pytest.raises(RuntimeError, match="does not copy"):
            await bare.copies(1)

    at_bare(do)


@pytest.mark.parametrize("form, begins", [([], "Each figure"), (["--json"], "{")])
def test_figures_are_printed(monkeypatch, capsys, form, begins):
    def measured(**options):
        asked.update(options)
        return figures()

    asked = {}
    monkeypatch.setattr("sim.cli.bench.measure", measured)
    assert main(["bench", "engines", "--seconds", "0.25", *form]) == 0
    assert asked["seconds"] == 0.25
    assert capsys.readouterr().out.startswith(begins)


@pytest.mark.parametrize("arguments, complaint", [
    (["bench"],                                 "required: what"),
    (["bench", "dragons"],                      "argument what: invalid choice: 'dragons'"),
    (["bench", "engines", "--seconds", "0"],    'argument --seconds: "0" is not a number above 0'),
    (["bench", "engines", "--seconds", "soon"], '"soon" is not a number above 0'),
    (["bench", "engines", "--seconds", "inf"],  '"inf" is not a number above 0'),
])
def test_a_wrong_command_is_one_line_and_status_2(capsys, arguments, complaint):
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == "" and complaint in err and err.count("\n") == 1


def test_without_a_compiler_one_line_says_what_to_install(tmp_path):
    done = subprocess.run([sys.executable, "-m", "dragoncage", "bench", "engines"], cwd=ROOT,
                          env=os.environ | {"PATH": str(tmp_path)}, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == ("dragoncage: the engine cxxrtl needs a C++ compiler: "
                           "sudo apt-get install clang\n")


def test_examples_of_vectors_end_in_every_way():
    vectors = [parse(number, line) for number, line in enumerate(examples(), 1)]
    endings = [outcome.ending for outcome in VECTOR_ENGINES["golden"]().run(vectors)]
    assert sum(ending.fault is None for ending in endings) > 20
    assert len({ending.error_code for ending in endings if ending.fault}) > 5
    assert {vector.maxphyaddr for vector in vectors} == {CONFIG.maxphyaddr}


def test_a_vector_that_is_not_done_is_no_figure(monkeypatch):
    monkeypatch.setattr(vector_work, "REGISTERS", {**REGISTERS, "cr4": "0x1"})
    with pytest.raises(RuntimeError, match="failed: this unit has no CR4.VME"):
        VectorLines("golden").vectors(1).send(None)
