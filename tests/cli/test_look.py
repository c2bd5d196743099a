"""A failed claim says how to look at it: the command that it prints works, and shows why."""

import json
import re
import shlex

import pytest

from sim.cli.main import main
from tests.scenario.story_support import FAST

from .cli_support import CASE, write_scenario


pytestmark = pytest.mark.slow


STORY = """    from sim.scenario import Signal, Verdict, faulted, loaded
    user = await stage.user('dragon')
    page = await user.mmap(8192)
    await user.store(page, 7, 4)
    async with stage.act('Act'):
        async with stage.testing('so') as interval:
            await user.load(page, 4)
        stage.claim('the page has another value',
                    loaded(stage.trace, 8, linear=page, user=True, during=interval))
        stage.claim('the next page was touched',
                    faulted(stage.trace, linear=page + 4096, during=interval))
        stage.claim('something without an address', Verdict(False, None, 'not so'))
        stage.claim('it holds', loaded(stage.trace, 7, linear=page, during=interval))
"""


def commands(out):
    """Commands that a report prints, as lists of words."""
    return [shlex.split(line)[1:] for line in re.findall(r"^ +look: (.*)$", out, re.MULTILINE)]


@pytest.fixture
def looked(tmp_path, capsys):
    """Plays a story whose claims fail; returns the commands, and what each of them prints."""
    def look(*options, body=STORY):
        name = write_scenario(tmp_path, body)
        assert main(["run", name, "--engine", FAST, *options]) == 1
        found = commands(capsys.readouterr().out)
        shown = []
        for command in found:
            assert main(command) == 0, command
            shown.append(capsys.readouterr().out)
        return found, shown
    return look


def test_each_failed_claim_prints_a_command_that_shows_its_address_in_its_cycle(looked):
    (value, missing, plain), shown = looked()
    assert value[0] == missing[0] == plain[0] == "walk" and plain[1] == "--all"
    assert int(missing[1], 16) == int(value[1], 16) + 4096
    assert shown[0].startswith(f"{value[1]} in cycle {value[value.index('--at') + 1]}, ")
    assert "anonymous, of dragon (1)" in shown[0]
    assert "  page      none\n" in shown[1]
    assert shown[2].startswith(f"cycle {plain[plain.index('--at') + 1]}, processor 0: 4-level")


@pytest.mark.parametrize("options", [
    ["--era", "6.x", "--force-override", "never"],
    ["--set", "kernel.smap=0", "machine.latency=3"],
    ["--mode", "4level", "--preset", "default"],
], ids=" ".join)
def test_the_command_has_the_options_that_the_run_had(options, looked):
    found, shown = looked(*options)
    for command in found:
        assert [word for word in options if word not in command] == []
    if "kernel.smap=0" in options:
        assert "CR4.SMAP=0" in shown[0]


def test_the_command_has_time_slices_and_the_processor(tmp_path, capsys):
    name = write_scenario(tmp_path, """    from sim.scenario import loaded
    async def program(cpu):
        await cpu.load(stage.kernel.paging.PAGE_OFFSET + 64, 8)
    async with stage.act('Act'):
        await stage.finish(await stage.start(1, program))
        stage.claim('it loaded 1', loaded(stage.traces[1], 1,
                    linear=stage.kernel.paging.PAGE_OFFSET + 64))


MACHINE = {"cpus": 2}
""")
    assert main(["run", name, "--engine", FAST, "--seed", "7"]) == 1
    [command] = commands(capsys.readouterr().out)
    assert command[-6:-1] == ["--cpu", "1", "--engine", FAST, "--at"]
    assert command[command.index("--seed") + 1] == "7"
    assert main(command) == 0
    assert ", processor 1: 4-level paging" in capsys.readouterr().out


def claims_of(name, capsys, *options):
    """Claims of a scenario whose first act has some that fail, from the JSON of a run."""
    assert main(["run", name, *options, "--json"]) == 1
    [run] = json.loads(capsys.readouterr().out)["runs"]
    return run["acts"][0]["claims"]


def test_json_has_the_address_of_a_claim(tmp_path, capsys):
    claims = claims_of(write_scenario(tmp_path, STORY), capsys, "--engine", FAST)
    assert [claim["linear"] is None for claim in claims] == [False, False, True, False]


@pytest.mark.parametrize("options", [
    ["--engine", FAST], ["--engine", "cocotb", "--simulator", "icarus"]], ids=" ".join)
def test_a_claim_that_fails_at_an_address_has_the_walk_that_its_command_shows(tmp_path, capsys,
                                                                             options):
    name   = write_scenario(tmp_path, STORY)
    claims = claims_of(name, capsys, *options)
    assert [claim["walk"] is None for claim in claims] == [False, False, True, True]
    for claim in claims[:2]:
        assert main(["walk", claim["linear"], name, "--at", str(claim["place"]), "--engine", FAST,
                     "--json"]) == 0
        walk = json.loads(capsys.readouterr().out)["walk"]
        assert claim["walk"] == walk | {"kernel": None}


def test_the_walk_stands_under_the_claim_and_before_the_command(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    assert main(["run", write_scenario(tmp_path, STORY), "--engine", FAST]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if len(line) > 80 and "look: " not in line] == []
    marks = [found[1] for line in lines if (found := re.match(
        r" +(FAILED|0x\w+ in cycle|entry|page|look:|ok) ", line))]
    walked = ["FAILED", "in cycle", "entry", "page", "look:"]
    assert [re.sub("^0x\\w+ ", "", mark) for mark in marks] == [
        *walked, *walked, "FAILED", "look:", "ok"]


def test_without_a_claim_that_fails_nobody_walks(monkeypatch, capsys):
    monkeypatch.setattr("sim.scenario.look.MemoryHistory", None)
    assert main(["run", CASE, "--engine", FAST]) == 0


@pytest.mark.parametrize("verdict", [
    "Verdict(False, 10**9, 'too late', linear=page)", "Verdict(False, 5, 'odd', linear=-1)",
    "Verdict(False, -5, 'too early', linear=page)", "Verdict(False, 5, 'long', linear=1 << 64)"])
def test_what_there_is_not_cannot_be_walked_for(tmp_path, capsys, verdict):
    name = write_scenario(tmp_path, f"""    from sim.scenario import Verdict
    page = 0x1000
    async with stage.act('Act'):
        stage.claim('so', {verdict})
""")
    [claim] = claims_of(name, capsys, "--engine", FAST)
    assert claim["walk"] is None
