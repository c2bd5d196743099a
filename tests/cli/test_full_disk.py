"""Commands on a full disk, and with standard files that are full or closed."""

import errno
import io
import json
import os
import subprocess
import sys

import pytest
from files_support import files_of_at_most
from process_support import ROOT

from sim.cli.main import main
from tests.scenario.story_support import FAST

from .cli_support import CASE, complaints, write_scenario


pytestmark = pytest.mark.slow


@pytest.mark.parametrize("options, report", [
    ([],         lambda out: "ok: 4 of 4 claims hold" in out),
    (["--json"], lambda out: json.loads(out)["runs"][0]["holds"]),
])
def test_a_disk_that_is_full_costs_the_waveform_and_not_the_report(
        tmp_path, monkeypatch, capsys, options, report):
    monkeypatch.chdir(tmp_path)
    with files_of_at_most(20_000):
        assert main(["run", CASE, "--waves", "new", *options]) == 2
    out, err = capsys.readouterr()
    assert report(out)
    assert complaints(err) == ["dragoncage: --waves new: cannot write "
                               "new/scenario_cases-4level-5.x/waves.vcd: File too large"]
    assert os.listdir() == []


def test_a_run_that_stops_says_why_on_a_full_disk_too(tmp_path, capsys):
    name = write_scenario(tmp_path, "    assert False, 'a bug in the kernel'\n")
    with files_of_at_most(10_000):
        assert main(["run", name, "--waves", str(tmp_path / "new")]) == 2
    out, err = capsys.readouterr()
    assert "AssertionError: a bug in the kernel" in out
    [complaint] = complaints(err)
    assert complaint.endswith("waves.vcd: File too large")


FULL = "dragoncage: cannot write standard output: No space left on device"


@pytest.mark.parametrize("arguments", [
    ["list"], ["list", "--json"], ["boards"], ["boards", "--json"], ["verilog"],
    ["run", CASE, "--engine", FAST], ["run", CASE, "--engine", FAST, "--json"],
    ["--help"], ["--version"], ["run", "--help"],
], ids=" ".join)
def test_standard_output_that_is_full_is_one_line_and_status_2(arguments, monkeypatch, capsys):
    monkeypatch.setattr("sim.verilog.convert.from_rtlil", lambda rtlil_text: "")
    with open("/dev/full", "w") as full:
        monkeypatch.setattr(sys, "stdout", full)
        assert main(arguments) == 2
    assert complaints(capsys.readouterr().err) == [FULL]


def test_a_process_whose_output_is_full_ends_with_status_2():
    with open("/dev/full", "w") as full:
        done = subprocess.run([sys.executable, "-m", "dragoncage", "list"], cwd=ROOT, stdout=full,
                              stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (2, f"{FULL}\n")


def test_standard_output_that_is_closed_is_one_line_and_status_2(monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdout", None)
    assert main(["run", CASE, "--engine", FAST]) == 2
    assert complaints(capsys.readouterr().err) == [
        "dragoncage: cannot write standard output: it is closed"]


class FullStream(io.StringIO):
    """A stream on which there is no room."""

    def write(self, text):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("arguments, status", [
    (["run", CASE, "--engine", FAST], 0), (["run", "no-such-story"], 2),
])
def test_standard_error_that_is_full_or_closed_changes_nothing(
        arguments, status, monkeypatch, capsys):
    monkeypatch.setattr("sim.output.progress.Progress.PATIENCE", 0.0)
    for stream in (FullStream(), None):
        monkeypatch.setattr(sys, "stderr", stream)
        assert main(arguments) == status
        assert ("4 of 4 claims hold" in capsys.readouterr().out) == (not status)


def test_a_file_of_the_user_is_not_taken_for_a_standard_file_that_is_closed(tmp_path):
    (tmp_path / "in").write_text("")
    done = subprocess.run(
        f"{sys.executable} -m dragoncage access in -o out; "
        f"{sys.executable} -m dragoncage fly <&- >&- 2>&-",
        shell=True, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=False)
    assert done.returncode == 2
    code = ("import os, runpy, sys\nsys.argv = ['', 'list']\n"
            "try: runpy.run_module('dragoncage', run_name='__main__')\n"
            "except SystemExit: print(os.open('/dev/null', os.O_RDONLY), file=open('number', 'w'))")
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True,
                   env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.DEVNULL,
                   preexec_fn=lambda: os.close(2))
    assert int((tmp_path / "number").read_text()) > 2
