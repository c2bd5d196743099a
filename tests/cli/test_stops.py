"""Runs that stop: the line of the scenario, and the system call with its arguments."""

import json
import re

import pytest
from board_support import DirectLine, board_named, engine_on

from sim.cli.main import main
from sim.machine import ENGINES
from sim.scenario.scenario import load
from tests.scenario.story_support import FAST, HEAD, MISTAKEN, PLAY, mistake_in, written


pytestmark = pytest.mark.slow


STOPPED = HEAD + PLAY + """
    async with stage.act("Act"):
        stage.claim("so", YES)
        user = await stage.user("dragon")
        page = await user.mmap(4096)
        %s  # <--
"""


@pytest.mark.parametrize("statement, reason, call", [
    ('await user.open("/no/such")', "KernelError: ENOENT",
     'open(path="/no/such", flags=0x2, mode=0x0)'),
    ("await user.pwrite(7, page, 8, 16)", "KernelError: EBADF",
     "pwrite64(fd=0x7, buf=0xPAGE, count=0x8, pos=0x10)"),
    ("await user.mmap(4096, fd=-1, flags=2)", "KernelError: EBADF",
     "mmap(addr=0x0, length=0x1000, prot=0x3, flags=0x2, fd=-0x1, offset=0x0)"),
    ("await user.syscall(999, 1)", "KernelError: ENOSYS", "system call 999(0x1)"),
    ("await user.store(0x1000, 1)", "Killed: killed by signal 11, code 1, address 0x1000", ""),
    ("assert page == 0, 'where it is'", "AssertionError: where it is", ""),
])
def test_a_run_that_stops_says_in_which_line_and_in_which_system_call(
    statement, reason, call, tmp_path,
):
    path, line = written(tmp_path, STOPPED % statement)
    run = load(path).perform(engine=FAST, era="6.x")
    assert run.mistake is None and run.failure.reason == reason
    assert (run.failure.location.file, run.failure.location.line) == (str(path), line)
    assert re.sub("0x7fff[0-9a-f]+", "0xPAGE", run.failure.call) == call


def test_a_machine_that_hangs_in_a_system_call_says_so_too(tmp_path):
    path, line = written(tmp_path, STOPPED % (
        'fd = await user.creat("/file"); stage.memory.latency = 1 << 20; '
        "await user.write(fd, page, 8)"))
    run = load(path).perform(engine="pysim", era="6.x")
    assert run.failure.reason.startswith("BusHang") and run.failure.location.line == line
    assert run.failure.call.startswith("write(fd=0x0, buf=0x7fff")
    assert run.failure.call.endswith(", count=0x8)")


def test_a_machine_that_hangs_where_the_kernel_has_to_tidy_up_says_so_too(tmp_path):
    path, line = written(tmp_path, STOPPED % (
        "from sim.scenarios.cast import in_kernel_thread; stage.memory.latency = 1 << 20; "
        "await in_kernel_thread(stage, user, lambda: stage.cpu.load(page, 8))"))
    run = load(path).perform(engine="pysim", era="6.x")
    assert run.failure.reason.startswith("BusHang")
    assert (run.failure.location.line, run.failure.call) == (line, "")


def test_a_reader_who_has_had_enough_is_no_mistake(tmp_path):
    path, _ = written(tmp_path, STOPPED % "raise BrokenPipeError")
    with pytest.raises(BrokenPipeError):
        load(path).perform(engine=FAST, era="6.x")


def test_a_stop_is_in_report_and_json(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path, line = written(tmp_path, STOPPED % 'await user.open("/no/such")')
    assert main(["run", "story.py", "--engine", FAST]) == 1
    out = capsys.readouterr().out
    assert ('   KernelError: ENOENT\n'
            '   in the system call open(path="/no/such", flags=0x2, mode=0x0)\n'
            f'   at story.py:{line}: await user.open("/no/such")  # <--\n') in out
    assert main(["run", "story.py", "--engine", FAST, "--json"]) == 1
    [run] = json.loads(capsys.readouterr().out)["runs"]
    assert run["failure"]["call"] == 'open(path="/no/such", flags=0x2, mode=0x0)'
    assert run["failure"]["place"] == {
        "file": str(path), "line": line, "text": 'await user.open("/no/such")  # <--'}


def test_a_board_says_the_same(tmp_path, monkeypatch):
    simulated = board_named("icebreaker")
    monkeypatch.setitem(ENGINES, "serial", lambda config, **rest: engine_on(
        DirectLine(simulated), config, **rest))
    path, line = written(tmp_path, MISTAKEN.replace("4level", "32bit"))
    mistake = mistake_in(path, "serial")
    assert mistake.location.line == line
    assert mistake.reason.startswith("User.mmap() is called, but never awaited")
    path, line = written(tmp_path, (STOPPED % "await user.close(99)").replace("4level", "32bit"),
                         "stops.py")
    run = load(path).perform(engine="serial", era="6.x")
    assert (run.failure.location.line, run.failure.call) == (line, "close(fd=0x63)")
