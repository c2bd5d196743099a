"""The option `--report`: a page that appears whole or not at all."""

import json
import os
import re
import shlex

import pytest
from files_support import files_of_at_most

from sim.cli.again import WalkCommand
from sim.cli.main import main
from sim.output.progress import Progress
from tests.page.page_support import document_in
from tests.scenario.story_support import FAST

from .cli_support import CASE, complaints, write_scenario


pytestmark = pytest.mark.slow


@pytest.mark.parametrize("options", [
    ["--engine", FAST], ["--engine", "cocotb", "--simulator", "icarus"]], ids=" ".join)
def test_a_page_is_written_and_named(tmp_path, capsys, options):
    page = tmp_path / "page.html"
    assert main(["run", CASE, *options, "--report", str(page)]) == 0
    assert f"page: {page}; open it in a browser" in capsys.readouterr().err
    run = document_in(page)["run"]
    assert (run["scenario"], run["holds"]) == ("scenario_cases", True)
    assert os.listdir(tmp_path) == ["page.html"]


def test_a_run_that_stops_has_a_page_that_says_so(tmp_path, capsys):
    name = write_scenario(tmp_path, "    assert False, 'a bug in the kernel'\n")
    assert main(["run", name, "--engine", FAST, "--report", str(tmp_path / "page.html")]) == 1
    failure = document_in(tmp_path / "page.html")["run"]["failure"]
    assert "a bug in the kernel" in failure["reason"]


@pytest.mark.parametrize("words", [
    [CASE, "--mode", "4level", "--set", "kernel.smap=0", "machine.latency=3"],
    ["shootdown", "--seed", "3", "--era", "6.x"],
], ids=" ".join)
def test_the_command_of_a_subject_shows_its_walk_in_the_terminal(tmp_path, capsys, words):
    page = tmp_path / "page.html"
    assert main(["run", *words, "--engine", FAST, "--report", str(page)]) == 0
    found = document_in(page)
    for subject in found["subjects"]:
        cycle, number = subject["walks"][len(subject["walks"]) // 2]
        capsys.readouterr()
        assert main([*shlex.split(subject["command"])[1:], str(cycle), "--json"]) == 0
        walk = json.loads(capsys.readouterr().out)["walk"]
        assert (walk["linear"], walk["cpu"], walk["cr3"], walk["cycle"]) == (
            subject["linear"], subject["cpu"], subject["cr3"], cycle)
        shown = found["walks"][number]
        # In a cycle that the machine stands in, the kernel has more to say.
        assert {name: walk[name] for name in shown} | {"kernel": None} == shown
    cpus = {subject["cpu"] for subject in found["subjects"]}
    assert cpus == set(range(found["cpus"]))


def test_a_run_that_cannot_be_repeated_has_no_commands():
    assert WalkCommand("article", "serial")(0x1000, 0, 0x6000) is None


@pytest.mark.parametrize("names, file, said", [
    ([CASE, CASE], "page.html", "--report takes one scenario, for a page shows one run"),
    ([CASE], "", "--report {}: this is a folder; name a file in it"),
    ([CASE], "none/page.html", "--report {}: there is no folder {parent}; make it first"),
], ids=["two", "folder", "no folder"])
def test_what_cannot_be_written_is_told_before_the_run(tmp_path, capsys, names, file, said):
    page = tmp_path / file
    assert main(["run", *names, "--report", str(page)]) == 2
    said = said.format(page, parent=page.parent)
    assert capsys.readouterr() == ("", f"dragoncage: {said}\n")


def test_two_files_need_two_names(tmp_path, capsys):
    file = str(tmp_path / "run")
    assert main(["run", CASE, "--report", file, "--perfetto", file]) == 2
    assert capsys.readouterr().err == (
        f"dragoncage: --report and --perfetto {file}: two files need two names\n")


def test_a_folder_that_is_not_the_user_s_is_told_before_the_run(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: False)   # root may write anywhere
    assert main(["run", CASE, "--report", str(tmp_path / "page.html")]) == 2
    assert f"{tmp_path} cannot be written to; name another file" in capsys.readouterr().err


def test_a_disk_that_is_full_costs_the_page_and_not_the_report(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with files_of_at_most(100_000):
        assert main(["run", CASE, "--engine", FAST, "--report", "page.html"]) == 2
    out, err = capsys.readouterr()
    assert "ok: 4 of 4 claims hold" in out
    assert complaints(err) == ["dragoncage: --report page.html: cannot write page.html: "
                               "File too large"]
    assert os.listdir() == []


def test_what_was_there_stays_until_the_page_is_whole(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    page = tmp_path / "page.html"
    page.write_text("the page of yesterday")
    with files_of_at_most(100_000):
        assert main(["run", CASE, "--engine", FAST, "--report", "page.html"]) == 2
    assert page.read_text() == "the page of yesterday"
    assert main(["run", CASE, "--engine", FAST, "--report", "page.html"]) == 0
    assert document_in(page)["run"]["holds"]


@pytest.mark.parametrize("options, begins", [
    (["--report", "page.html"], "{folder}/page.html#claim=1.1"),
    (["--perfetto", "trace"],   "https://ui.perfetto.dev/#!/viewer?visStart="),
    (["--perfetto", "trace", "--report", "page.html"], "{folder}/page.html#claim=1.1"),
])
def test_on_a_terminal_each_claim_leads_to_where_it_is_shown(tmp_path, monkeypatch, capsys, options,
                                                            begins):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sim.cli.telling.wants_colour", lambda stream: True)
    assert main(["run", CASE, *options]) == 0
    links = re.findall(r"\x1b\]8;;([^\x1b]+)", capsys.readouterr().out)
    assert links[0].startswith(begins.format(folder=tmp_path.as_uri()))
    assert len(set(links)) == len(links)


def test_while_a_file_is_written_the_progress_names_it_and_no_act(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("sim.cli.duration.LEAST", 0.0)
    monkeypatch.setattr(Progress, "PATIENCE", 0.0)
    monkeypatch.setattr(Progress, "PAUSE", {False: 0.0})
    command = ["run", CASE, "--report", "page.html", "--perfetto", "trace"]
    assert main(command) == main(command) == 0   # Of the second the number of acts is known.
    err = capsys.readouterr().err
    assert "act 2 of 2: The kernel's memory" in err and "act 3" not in err
    assert re.findall(r"^\d+ s: writing (.*)$", err, re.MULTILINE) == ["page.html", "trace"] * 2
