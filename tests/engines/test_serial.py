"""The engine serial, on boards that are simulated down to the pins of their UART."""

import os
import re
import signal
from dataclasses import replace
from pathlib import Path

import pytest
from board_support import CLOCK_HZ, DirectLine, engine_on, work, worked, slim_cast
from browser_support import visit
from process_support import started
from pywellen.pywellen import Waveform
from trace_support import assert_same

from hw.boards import BOARDS
from hw.bus import ControlOp
from hw.bus import Register as HwRegister
from hw.demo.system import LIT, TICK
from hw.presets import PRESETS
from sim.cli.main import main
from sim.engines.cxxrtl import CxxrtlEngine
from sim.engines.serial.link import client
from sim.errors import MachineLost, Unsuited
from sim.machine import ENGINES
from sim.memory import PhysicalMemory
from sim.record.waveform import waveform
from sim.scenarios import SCENARIOS
from sim.scenarios.article import punch, user_store, write_protect
from sw.bus import Access, Kind, Register
from tests.page.page_support import document_in
from tests.perfetto.perfetto_support import rows


pytestmark = pytest.mark.slow


ROOT = Path(__file__).parents[2]

#: Cycles in which there is a tick, at which the board looks at its button.
HELD = round(1.25 * TICK * CLOCK_HZ)

PG_WP_PE = 1 << 31 | 1 << 16 | 1

ARTICLE = SCENARIOS["article"]

#: A story of two acts. The article takes longer on a board, and is played in full on bad lines.
CASE = ROOT / "tests/scenario/scenario_cases.py"


def test_a_board_does_in_every_cycle_what_a_simulated_unit_does(icebreaker, compiled_one):
    engine = engine_on(DirectLine(icebreaker))
    assert engine.config == PRESETS["tiny"] and engine.ram == 128 << 10
    assert worked(engine) == compiled_one[1]
    assert_same(engine.trace, compiled_one[0].trace)
    assert engine.cycle == compiled_one[0].cycle
    assert engine.memory.read_bytes(0, 1 << 17) == compiled_one[0].memory.read_bytes(0, 1 << 17)
    assert engine.link["repeated"] == engine.link["broken"] == engine.link["unwanted"] == 0


def test_a_page_copy_is_not_a_round_trip_for_each_word(icebreaker):
    async def copy():
        for start in range(0, 4096, 512):
            data, _ = await engine.bus.load_string(0x2000 + start, 512, user=False)
            await engine.bus.store_string(0x4000 + start, data, user=False)

    engine = engine_on(DirectLine(icebreaker))
    engine.run(copy)
    assert len(engine.trace.all_accesses) == 2 * 512
    # Each of 16 strings has more rows than an answer has room for. And: connect, end, count.
    assert engine.link["requests"] == 2 * 16 + 3


class Tapped(DirectLine):
    """A line on which something happens to it, or to the board, at some time.

    Once ``after`` bytes have been sent, the button is pressed, or the board is ``unplugged``.
    """

    def __init__(self, board, *, after=None, unplugged=False):
        super().__init__(board)
        self._after     = after
        self._unplugged = unplugged

    def write(self, data):
        over = self._after is not None and self.sent > self._after
        if over and self._unplugged:
            raise MachineLost("the serial port is gone")
        super().write(data)
        if over:
            self._after = None
            self.press()

    def press(self):
        """Press the button, for long enough, and let it go."""
        for pressed in (True, False):
            self.board.press(pressed)
            self.board.run(HELD)


def test_the_button_inverts_wp_between_two_operations(icebreaker):
    async def presses():
        await engine.bus.write_control(Register.CR0, 1 << 16 | 1)
        for _ in range(3):
            line.press()
            found.append(await engine.bus.read_control(Register.CR0) >> 16 & 1)
        await engine.bus.store_string(0x1000, b"12345678", user=False)

    found, line = [], Tapped(icebreaker)
    engine = engine_on(line)
    engine.run(presses)
    assert found == [0, 1, 0]
    # It is on record like any other write, and took its cycles.
    assert [control.value >> 16 & 1 for control in engine.trace.controls(register=HwRegister.CR0)
            if control.op is ControlOp.WRITE] == [1, 0, 1, 0]
    assert [state.wp for state in engine.trace.states] == [0, 1, 0, 1, 0]


async def three_acts(stage):
    """Stores of a process and of the kernel, and the bypass, to pages that no other act needs."""
    cast = await slim_cast(stage)
    for act in (user_store, write_protect, punch):
        await act.play(stage, cast)


def test_wp_inverted_during_the_start_breaks_the_claims_that_it_must(monkeypatch, icebreaker):
    line = Tapped(icebreaker, after=30_000)
    monkeypatch.setitem(ENGINES, "serial", lambda config, **rest: engine_on(line, config, **rest))
    run = replace(ARTICLE, play=three_acts).perform(engine="serial", era="5.x")
    assert run.failure is None and not run.holds
    broken = [sum(not claim.holds for claim in act.claims) for act in run.acts]
    # That the kernel's store is refused, that the walker sets D only later, and that WP is set
    # throughout the bypass need WP. What refuses the process's own store, and the bypass, do not.
    assert broken == [0, 2, 1]


def test_lights_tell_wp_and_a_fault(icebreaker):
    async def fault():
        assert "wp" not in icebreaker.lit() and "fault" not in icebreaker.lit()
        await engine.bus.write_control(Register.CR0, PG_WP_PE)
        await engine.bus.access(Access(0x1000, 1))
        icebreaker.run(1)
        assert {"wp", "fault", "busy"} <= set(icebreaker.lit())

    icebreaker.run(round(TICK * CLOCK_HZ) * (LIT + 1))    # Those of other tests go out.
    engine = engine_on(DirectLine(icebreaker))
    engine.run(fault)


def test_a_word_that_was_not_written_so_is_noticed(icebreaker):
    async def read():
        await engine.bus.access(Access(0x1000, 8, Kind.WRITE, data=1))
        engine.memory.write(0x1000, 8, 2)  # as if a write had been lost on its way to the record
        await engine.bus.access(Access(0x1000, 8))

    engine = engine_on(DirectLine(icebreaker))
    with pytest.raises(MachineLost, match="memory has 0x1 at 0x1000 .* where 0x2 was written"):
        engine.run(read)


def test_a_record_that_is_not_whole_is_noticed(icebreaker):
    async def some_accesses():
        await engine.bus.write_control(Register.CR0, PG_WP_PE)
        await engine.bus.access(Access(0x1000, 8))
        del engine.recordings[0].events[0]

    engine = engine_on(DirectLine(icebreaker))
    with pytest.raises(MachineLost, match="the board has counted 1 misses, but reported 0"):
        engine.run(some_accesses)


def test_a_waveform_of_what_the_board_reports(icebreaker, tmp_path):
    def written(engine):
        async def run():
            await work(engine)

        folder = tmp_path / type(engine).__name__
        engine.run(run, waves=waveform(folder))
        found = {variable.full_name: list(variable.tv) for variable
                 in Waveform(path=str(folder / "waves.vcd")).all_vars()}
        assert {path.name for path in folder.iterdir()} == {
            "waves.vcd", "waves.gtkw", "waves.sucl"}
        return found

    memory = PhysicalMemory(size=BOARDS["icebreaker"].ram_kib << 10)
    on_board, compiled_ = (written(engine) for engine in (
        engine_on(DirectLine(icebreaker)), CxxrtlEngine(PRESETS["tiny"], memory=memory)))
    assert set(on_board) == {name for name in compiled_
                             if ".states." not in name and ".tlb." not in name}
    # What a write reads, and a read writes, may be anything.
    either = {"machine.memory.written", "machine.memory.read", "machine.verdict.load_data"}
    for name in set(on_board) - either:
        assert on_board[name] == compiled_[name], name


@pytest.mark.parametrize("options, complaint", [
    ({"cpus": 2},                          "one processor on the board, not 2"),
    ({"config": PRESETS["default"]},       "has preset tiny; leave --preset out"),
    ({"memory": PhysicalMemory(latency=2)}, "responds in the next cycle"),
])
def test_what_a_board_cannot_do_is_refused(icebreaker, options, complaint):
    with pytest.raises(Unsuited, match=complaint):
        engine_on(DirectLine(icebreaker), **options)


def test_a_board_that_is_unplugged_ends_the_run_with_a_reason(monkeypatch, icebreaker):
    line = Tapped(icebreaker, after=10_000, unplugged=True)
    monkeypatch.setitem(ENGINES, "serial", lambda config, **rest: engine_on(line, config, **rest))
    run = ARTICLE.perform(engine="serial", era="5.x")
    assert not run.holds and run.cycles > 0
    assert run.failure.reason == "MachineLost: the serial port is gone"


@pytest.fixture
def device():
    """The device of a simulated board, in a process of its own."""
    with started("simulate-board", "icebreaker") as child:
        yield child.line()
        child.send_signal(signal.SIGINT)
        assert child.wait() == 0
        assert b"Traceback" not in child.err


def test_the_command_tells_a_whole_story_through_a_pseudo_terminal(device, capsys, tmp_path,
                                                                   chromium):
    page, trace = tmp_path / "page.html", tmp_path / "trace"
    assert main(["run", str(CASE), "--engine", "serial", "--port", device, "--report", str(page),
                 "--perfetto", str(trace)]) == 0
    out = capsys.readouterr().out
    assert "32bit paging, kernel 5.x, on serial, preset tiny, 128 KiB of memory\n" in out
    counted = re.search(r"shown: all 2 acts\ncounted there: ([\d,]+) cycles, [\d,]+ hits, "
                        r"[\d,]+ misses, [\d,]+ walks, \d+\s+page faults\n"
                        r"ok: 4 of 4 claims hold; ([\d,]+) cycles", out)
    assert counted[1] == counted[2]
    # Nothing is to be told of a good line.
    assert "the serial link" not in out
    assert all(len(line) <= 80 for line in out.splitlines())
    check_page(chromium, page)
    check_trace(trace)


def check_page(chromium, file):
    """The page of a board opens without errors, and says that the TLB is not on record."""
    found = document_in(file)
    assert (found["run"]["engine"], found["run"]["holds"]) == ("serial", True)
    assert [trace["tlb"] for trace in found["traces"]] == [None]
    assert found["tlb_entries"] == []
    assert {subject["command"] for subject in found["subjects"]} == {None}
    with visit(chromium) as tab:
        tab.page.goto(f"{file.as_uri()}#claim=2.1")
        tab.page.wait_for_selector("h1")
        assert tab.page.inner_text("#lab .state .tlb") == "TLB\n\nWhat it holds is not on record."
        assert "What the TLB holds is not on record." in tab.page.inner_text("#lab .side.right")
        assert tab.errors == []


def check_trace(file):
    """The trace of a board has its accesses, walks and transfers, and no changes of a TLB."""
    titles = rows(file.read_bytes())
    assert titles[0] == "scenario_cases, 32bit paging, kernel 5.x"
    assert {"claims", "kernel functions", "accesses", "page walks", "memory writes"} <= {*titles}
    assert "TLB" not in titles


@pytest.mark.parametrize("arguments, complaint", [
    ([],                       "needs to know where the board is: --port DEVICE"),
    (["--port", "/nowhere"],   "cannot open the serial port /nowhere: No such file or directory"),
    (["--port", str(ROOT)],    f"cannot open the serial port {ROOT}: "),
])
def test_a_port_that_cannot_be_opened_is_one_line(capsys, arguments, complaint):
    assert main(["run", "--engine", "serial", *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == "" and complaint in err and err.count("\n") == 1


def test_a_port_where_nobody_answers_is_one_line(capsys, monkeypatch):
    monkeypatch.setattr(client, "CONNECT_PATIENCE", 1.0)
    master, slave = os.openpty()
    try:
        assert main(["run", "--engine", "serial", "--port", os.ttyname(slave)]) == 2
    finally:
        os.close(master)
        os.close(slave)
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1
    assert "no response from the board" in err and "is the board programmed" in err


def test_a_port_means_nothing_to_another_engine(capsys):
    assert main(["run", "--port", "/dev/null"]) == 2
    assert "the engine pysim has no option --port; leave it out" in capsys.readouterr().err
