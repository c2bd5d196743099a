"""`dragoncage conform`: what it prints and refuses."""

import json

import pytest

from sim.cli.main import main
from tests.scenario.story_support import FAST


@pytest.mark.slow
def test_a_run_that_conforms_is_told_in_a_line(capsys):
    assert main(["conform", "race", "--mode", "32bit", "--engine", FAST]) == 0
    assert capsys.readouterr().out == ("race (32bit, cxxrtl, 7,712 cycles): 9,517 steps, all of "
                                       "them those of an abstract MMU\n")


STORY = '''"""A page that is mapped twice."""

from sim.scenario import Verdict


MODES = ("32bit",)


async def play(stage):
    async with stage.act("Two stores"):
        user = await stage.user("writer")
        for value in (1, 2):
            page = await user.mmap(4096)
            await user.store(page, value)
            await user.munmap(page, 4096)
        stage.claim("so", Verdict(True, None, "seen"))
'''


@pytest.mark.slow
def test_a_unit_with_a_flaw_is_found_out_and_the_cycle_is_named(tmp_path, capsys):
    story = tmp_path / "story.py"
    story.write_text(STORY, encoding="utf-8")
    # The smallest unit there is: this is Amaranth's simulator.
    assert main(["conform", str(story), "--preset", "classic", "--json", "--flaw",
                 "INVLPG does nothing"]) == 1
    run, = json.loads(capsys.readouterr().out)["runs"]
    assert not run["conforms"] and run["complaint"]["cpu"] == 0
    assert "no translation that it may have allows it" in run["complaint"]["text"]
    assert 0 < run["complaint"]["cycle"] < run["cycles"]


def test_a_flaw_that_no_unit_has_is_refused(capsys):
    assert main(["conform", "--flaw", "memory acknowledges twice"]) == 2
    assert 'a unit has no flaw "memory acknowledges twice"; there are: ' in capsys.readouterr().err
