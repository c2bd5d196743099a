"""Runs that would never end: after how many cycles they are ended, and what is said then."""

import pytest
from board_support import DirectLine, board_named, engine_on

from hw.boards import BOARDS
from hw.presets import PRESETS
from sim.cli.main import main
from sim.machine import ENGINES
from sim.scenario.report import as_text
from sim.scenario.runner import perform
from sim.scenario.scenario import LIMIT, load
from sim.scenarios import SCENARIOS

from .story_support import ANY, FAST, HEAD, PLAY, written


pytestmark = pytest.mark.slow


ENDLESS = HEAD + PLAY + """
    user = await stage.user("dragon")
    page = await user.mmap(4096)
    async with stage.act("Act"):
        stage.claim("so", YES)
        while True:
            await user.store(page, 1)  # <--
"""

#: Processor 0 waits for a program on processor 1 that never ends.
WAITING = HEAD + """
MACHINE = {"cpus": 2}

""" + PLAY + """
    async def program(cpu):
        while True:
            await cpu.load(stage.kernel.paging.PAGE_OFFSET, 8)

    await stage.finish(await stage.start(1, program))  # <--
"""

#: Each but a board, of which there are not two processors.
SIMULATORS = [("pysim", {}), ("cxxrtl", {}), ("cocotb", {"simulator": ANY})]


def ended(path, engine=FAST, limit=None, **options):
    """The failure of a run that its limit ends."""
    run = perform(load(path), engine=engine, era="6.x", limit=limit, **options)
    assert run.mistake is None and not run.holds
    assert run.cycles == run.failure.cycle + 1
    return run.failure


def test_a_run_without_an_end_is_ended_with_the_line_that_it_was_in(tmp_path):
    path, line = written(tmp_path, ENDLESS)
    failure = ended(path, limit=20_000)
    assert failure.cycle == 19_999
    assert failure.reason.startswith(
        "LimitReached: the run is not over after 20,000 cycles, its limit (--limit, or CYCLES in "
        "the scenario, sets another); processor 0 was waiting for a write of ")
    assert (failure.location.file, failure.location.line) == (str(path), line)


def test_it_is_said_what_every_processor_was_waiting_for(tmp_path):
    path, line = written(tmp_path, WAITING)
    failure = ended(path, limit=60_000)
    assert "; processor 0 was waiting for an interrupt; processor 1 was waiting for a read of 8 " \
        "bytes at 0x" in failure.reason
    assert failure.location.line == line


@pytest.mark.parametrize("story, limit", [
    pytest.param(ENDLESS, 1,     id="at-once"),
    pytest.param(ENDLESS, 4_000, id="in-the-story"),
    pytest.param(WAITING, 2_000, id="while-two-boot"),
])
def test_every_simulator_ends_it_before_the_same_cycle(story, limit, tmp_path):
    path, _ = written(tmp_path, story)
    one, *others = [ended(path, engine, limit, options=options) for engine, options in SIMULATORS]
    assert one.cycle == limit - 1
    assert others == [one, one]


def test_a_board_ends_it_before_the_same_cycle(tmp_path, monkeypatch):
    simulated = board_named("icebreaker")
    monkeypatch.setitem(ENGINES, "serial", lambda config, **rest: engine_on(
        DirectLine(simulated), config, **rest))
    board   = BOARDS["icebreaker"]
    path, _ = written(tmp_path, f"{ENDLESS}\n\nMACHINE = {{'ram': {board.ram_kib << 10}}}\n"
                      .replace("4level", "32bit"))
    # While it boots, and in the story.
    for limit in (300, 9_403):
        assert ended(path, "serial", limit) == ended(
            path, limit=limit, config=PRESETS[board.preset])


def test_a_limit_that_is_not_reached_changes_nothing(tmp_path):
    run   = SCENARIOS["race"].perform(engine=FAST, era="6.x")
    other = SCENARIOS["race"].perform(engine=FAST, era="6.x", limit=run.cycles)
    assert other.holds and other.acts == run.acts and other.cycles == run.cycles
    assert SCENARIOS["race"].perform(engine=FAST, era="6.x", limit=run.cycles - 1).failure


def test_the_command_the_scenario_and_the_default_set_the_limit_in_this_order(tmp_path, capsys):
    path, _ = written(tmp_path, ENDLESS + "\n\nCYCLES = 15_000\n")
    assert load(path).limit == 15_000 and LIMIT > 15_000
    assert ended(path).cycle == 14_999
    assert main(["run", str(path), "--engine", FAST, "--limit", "16000"]) == 1
    assert "STOPPED in cycle 15999" in capsys.readouterr().out
    assert all(scenario.limit == LIMIT for scenario in SCENARIOS.values())


@pytest.mark.parametrize("limit", ["0", "-1", "many", "1e6"])
def test_a_limit_is_a_number_of_cycles(limit, capsys):
    assert main(["run", "--limit", limit]) == 2
    assert "--limit" in capsys.readouterr().err


@pytest.mark.parametrize("cycles", ["0", "'many'", "True", "1.5"])
def test_so_it_is_in_a_scenario(cycles, tmp_path, capsys):
    path, line = written(tmp_path, f"{ENDLESS}\n\nCYCLES = {cycles}\n")
    assert main(["run", str(path)]) == 3
    assert (f"its CYCLES are {cycles}, but must be a whole number from 1 on"
            in capsys.readouterr().err)


def test_the_report_has_it_in_its_lines(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path, line = written(tmp_path, ENDLESS)
    text = as_text(perform(load(path), engine=FAST, era="6.x", limit=20_000))
    assert "STOPPED in cycle 19999\n   LimitReached: the run is not over after 20,000" in text
    assert f"   at story.py:{line}: await user.store(page, 1)  # <--\n" in text
