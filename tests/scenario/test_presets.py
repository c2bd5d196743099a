"""Presets of the unit: which acts of the article each can show, and which modes it has."""

import json
from dataclasses import replace

import pytest

from hw.presets import PRESETS
from sim.cli.main import main
from sim.errors import Unsuited
from sim.machine import Machine, suits
from sim.scenario.scenario import load
from sim.scenarios import SCENARIOS
from sim.scenarios.article import force_override, smap

from .story_support import HEAD, PLAY, written


pytestmark = pytest.mark.slow


ARTICLE = SCENARIOS["article"]


#: Three acts, the second of which not every unit can show.
STORY = HEAD.replace("4level", "32bit") + PLAY + """
    async with stage.act("One"):
        stage.claim("so", YES)
    if stage.config.smap:
        async with stage.act("Two"):
            stage.claim("so", YES)
    else:
        stage.leave_out("Two", "the unit has no SMAP")
    async with stage.act("Three"):
        stage.claim("so", YES)
"""


def play(preset, engine="cxxrtl", **options):
    return ARTICLE.perform(engine=engine, era="5.x", config=PRESETS[preset], **options)


@pytest.mark.parametrize("preset, engine, left_out", [
    ("tiny",    "cxxrtl", [force_override.TITLE]),
    ("default", "cxxrtl", [force_override.TITLE]),
    # To compile a unit for one play takes longer than to interpret it.
    ("classic", "pysim",  [smap.TITLE, force_override.TITLE]),
])
def test_a_preset_shows_the_acts_that_unit_and_kernel_have_all_for(preset, engine, left_out):
    run = play(preset, engine, mode="32bit")
    assert run.holds and run.preset == preset and len(run.acts) == 9
    assert [act.title for act in run.acts if act.left_out] == left_out


def test_the_first_mode_that_the_unit_has_is_taken():
    assert play("tiny").mode == "32bit"
    assert play("default").mode == "4level"


def test_a_mode_that_the_unit_lacks_is_refused():
    assert not suits(PRESETS["tiny"], "4level")
    with pytest.raises(Unsuited, match="no 4level paging"):
        Machine(mode="4level", config=PRESETS["tiny"])
    for mode in ("pae", "5level"):
        assert not suits(PRESETS["default"], mode)
        with pytest.raises(Unsuited, match=f"no {mode} paging"):
            Machine(mode=mode, config=PRESETS["default"])


@pytest.mark.parametrize("mode, preset", [
    ("4level", "default"), ("32bit", "default"), ("pae", "full"), ("5level", "full"),
    (("5level", "4level"), "full"), (("4level", "5level"), "default"),
])
def test_without_a_preset_the_unit_is_one_that_has_the_mode(mode, preset):
    machine = Machine(mode=mode)
    assert machine.config == PRESETS[preset]
    assert machine.mode == (mode if isinstance(mode, str) else mode[0])


def test_so_it_is_for_the_command_and_switches_change_that_unit(tmp_path, capsys):
    path, _ = written(tmp_path, STORY.replace('("32bit",)', '("32bit", "pae")'))
    assert main(["run", str(path), "--mode", "pae", "--engine", "pysim",
                 "--set", "unit.smap=0"]) == 0
    out = capsys.readouterr().out
    assert ("pae paging, kernel 5.x, on pysim, preset full, 16 MiB of memory\n"
            "with unit.smap=0\n") in out
    assert "2. Two\n   not shown: the unit has no SMAP\n" in out


def test_a_unit_of_no_preset_has_no_name(tmp_path):
    path, _ = written(tmp_path, STORY)
    run = load(path).perform(engine="pysim", era="5.x",
                             config=replace(PRESETS["classic"], smep=True))
    assert run.preset is None and run.holds


def test_the_command_says_which_acts_are_shown(tmp_path, capsys):
    path, _ = written(tmp_path, STORY)
    assert main(["run", str(path), "--preset", "classic", "--engine", "pysim"]) == 0
    out = capsys.readouterr().out
    assert "32bit paging, kernel 5.x, on pysim, preset classic, 16 MiB of memory\n" in out
    assert "2. Two\n   not shown: the unit has no SMAP\n" in out
    assert "shown: acts 1, 3 of 3\n" in out
    assert all(len(line) <= 80 for line in out.splitlines())


def test_json_says_so_too(tmp_path, capsys):
    path, _ = written(tmp_path, STORY)
    assert main(["run", str(path), "--preset", "classic", "--engine", "pysim", "--json"]) == 0
    [run] = json.loads(capsys.readouterr().out)["runs"]
    assert run["preset"] == "classic"
    assert [act["left_out"] for act in run["acts"]] == [None, "the unit has no SMAP", None]


def test_a_preset_without_the_mode_is_one_clear_line(capsys):
    assert main(["run", "--preset", "tiny", "--mode", "4level"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err == ('dragoncage: scenario "article": the unit has no 4level paging; '
                   "choose another --preset or --mode\n")


def test_the_list_says_what_presets_have(capsys):
    assert main(["list"]) == 0
    out = capsys.readouterr().out
    assert "  tiny       [32bit] 32 physical address bits, 16 TLB entries; block_ram, pse,\n" in out
    assert "32 TLB entries and 1,024\n             in a second level; long_mode," in out
    assert "  classic    [32bit] 32 physical address bits, 32 TLB entries; nothing more\n" in out
    assert all(len(line) <= 80 for line in out.splitlines())
