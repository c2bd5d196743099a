"""Presets of the unit: which acts of the article each can show, and which modes it has."""

import json

import pytest

from hw.config import MmuConfig
from hw.presets import PRESETS
from sim.cli.main import main
from sim.errors import Unsuited
from sim.machine import Machine, suits
from sim.scenarios import SCENARIOS


pytestmark = pytest.mark.slow


ARTICLE = SCENARIOS["article"]


def play(preset, **options):
    return ARTICLE.perform(engine="cxxrtl", era="5.x", config=PRESETS[preset], **options)


@pytest.mark.parametrize("preset, left_out", [
    ("tiny",    []),
    ("default", []),
    ("classic", ["SMAP: the kernel at a writable user page"]),
])
def test_a_preset_shows_all_acts_but_those_that_it_lacks_something_for(preset, left_out):
    run = play(preset, mode="32bit")
    assert run.holds and run.preset == preset and len(run.acts) == 8
    assert [act.title for act in run.acts if act.left_out] == left_out


def test_the_first_mode_that_the_unit_has_is_taken():
    assert play("tiny").mode == "32bit"
    assert play("default").mode == "4level"


def test_a_mode_that_the_unit_lacks_is_refused():
    assert not suits(PRESETS["tiny"], "4level")
    with pytest.raises(Unsuited, match="no 4level paging"):
        Machine(mode="4level", config=PRESETS["tiny"])


def test_a_unit_of_no_preset_has_no_name():
    run = ARTICLE.perform(engine="cxxrtl", era="5.x", mode="32bit", config=MmuConfig(smap=False))
    assert run.preset is None and run.holds


def test_the_command_says_which_acts_are_shown(capsys):
    assert main(["run", "--preset", "classic", "--engine", "cxxrtl"]) == 0
    out = capsys.readouterr().out
    assert "32bit paging, kernel 5.x, on cxxrtl, preset classic, 16 MiB of memory\n" in out
    assert ("3. SMAP: the kernel at a writable user page\n"
            "   not shown: the unit has no SMAP\n") in out
    assert "shown: acts 1, 2, 4, 5, 6, 7, 8 of 8\n" in out
    assert all(len(line) <= 80 for line in out.splitlines())


def test_json_says_so_too(capsys):
    assert main(["run", "--preset", "classic", "--engine", "cxxrtl", "--json"]) == 0
    [run] = json.loads(capsys.readouterr().out)["runs"]
    assert run["preset"] == "classic"
    assert [act["left_out"] for act in run["acts"]] == [
        None, None, "the unit has no SMAP", None, None, None, None, None]


def test_a_preset_without_the_mode_is_one_clear_line(capsys):
    assert main(["run", "--preset", "tiny", "--mode", "4level"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err == ('dragoncage: scenario "article": the unit has no 4level paging; '
                   "choose another --preset or --mode\n")


def test_the_list_says_what_presets_have(capsys):
    assert main(["list"]) == 0
    out = capsys.readouterr().out
    assert "  tiny       [32bit] 32 physical address bits, 2 TLB entries; pse, pge, smep,\n" in out
    assert "  classic    [32bit] 32 physical address bits, 16 TLB entries; nothing more\n" in out
