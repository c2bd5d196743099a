"""`dragoncage boards`, `build` and `program`."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from hw.boards import BOARDS
from sim.cli.main import main
from sim.output.progress import Progress


ROOT = Path(__file__).parents[2]

SLOW = {"fmax": {"cd_sync.clk": {"achieved": 49.9, "constraint": 50.0}}, "utilization": {}}


def narrow(text):
    return all(len(line) <= 80 for line in text.splitlines())


def test_boards_are_listed_with_what_was_built_and_tested(capsys):
    assert main(["boards"]) == 0
    out = capsys.readouterr().out
    for board in BOARDS.values():
        assert len([line for line in out.splitlines() if line.startswith(f"{board.name} ")]) == 4
        assert board.tested in out
        if board.built is not None:
            assert board.built.date in out and f"{board.built.size:,} bytes" in out
    assert narrow(out)


def test_boards_as_json(capsys):
    assert main(["boards", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["schema"] == 1
    assert [board["name"] for board in document["boards"]] == list(BOARDS)
    [ulx3s] = [board for board in document["boards"] if board["name"] == "ulx3s"]
    assert ulx3s["clock_hz"] == 50_000_000 and ulx3s["pads"]["button"] == "FIRE1"


@pytest.mark.slow
def test_boards_are_listed_where_their_package_is_not_installed():
    hide = ("import sys; sys.modules['amaranth_boards'] = None\n"
            "from sim.cli.main import main; sys.exit(main(['boards']))")
    done = subprocess.run([sys.executable, "-c", hide], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert "ulx3s" in done.stdout


def test_a_build_prints_utilisation_timing_and_where_things_are(programs, in_folder, capsys):
    assert main(["build", "ulx3s"]) == 0
    out, err = capsys.readouterr()
    assert "TRELLIS_COMB  look-up tables  1,234  83,640  1\n" in out
    assert "cd_sync.clk  62.50 MHz  50.00 MHz  ok\n" in out
    assert "EHXPLLL" not in out
    assert "ok: build/ulx3s/ulx3s.bit, 4 bytes, in 0 s\nlog: build/ulx3s/ulx3s.log\n" in out
    assert err == "" and narrow(out)
    assert (in_folder / "build/ulx3s/ulx3s.bit").read_text() == "bits"


def test_a_build_as_json(programs, in_folder, capsys):
    assert main(["build", "ulx3s", "--json", "-o", "other"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["bitstream"] == "other/ulx3s.bit" and document["size"] == 4
    assert document["fmax_hz"] == 62_500_000 and document["shortcomings"] == []
    assert document["used"] == {"TRELLIS_COMB": [1234, 83640]}


@pytest.mark.slow
def test_a_build_that_misses_timing_is_status_1_and_leaves_no_bitstream(
        programs, in_folder, capsys):
    assert main(["build", "ulx3s"]) == 0
    programs.report(SLOW)
    assert main(["build", "ulx3s"]) == 1
    out = capsys.readouterr().out
    assert "49.90 MHz  50.00 MHz  TOO SLOW" in out
    assert "FAILED: cd_sync.clk reaches 49.90 MHz, and needs 50.00 MHz\nno bitstream" in out
    assert os.listdir(in_folder / "build/ulx3s") == ["ulx3s.log"]
    assert main(["build", "ulx3s", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["bitstream"] is None


def test_a_design_without_any_clock_is_told_so(programs, in_folder, capsys):
    programs.report({"fmax": {}, "utilization": {}})
    assert main(["build", "ulx3s", "--json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert document["fmax_hz"] is None
    assert main(["build", "ulx3s"]) == 1
    assert "FAILED: no clock was held to the board's 50.00 MHz" in capsys.readouterr().out


def test_a_step_that_fails_is_status_1_and_one_line(programs, in_folder, capsys):
    programs.put("yosys", 'echo "ERROR: no such module"\nexit 1\n')
    assert main(["build", "ulx3s"]) == 1
    assert capsys.readouterr() == ("", "dragoncage: ulx3s: synthesis failed: ERROR: no such module "
                                       "(see build/ulx3s/ulx3s.log)\n")


@pytest.mark.parametrize("arguments, complaint", [
    (["build", "nothing"], "invalid choice: 'nothing'"),
    (["build", "ulx3s", "--seed", "-1"], '"-1" is not a whole number from 0 to 184467440737095516'),
    (["build", "ulx3s", "--seed", "9" * 5000], f'"{"9" * 40}..." is not a whole number'),
    (["build", "ulx3s", "-o", ""], "argument -o: a file needs a name"),
    (["build", "ulx3s", "-o", "file"], "-o file: file is not a folder; name another one"),
    (["program", "nothing"], "invalid choice: 'nothing'"),
    (["program", "ulx3s"], "no bitstream in build/ulx3s; make one: dragoncage build ulx3s"),
    (["program", "ulx3s", "--file", ""], "argument --file: a file needs a name"),
    (["program", "ulx3s", "--file", "absent"], "--file absent: there is no such file"),
])
def test_mistakes_are_status_2_and_one_line(programs, in_folder, capsys, arguments, complaint):
    (in_folder / "file").write_text("")
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == "" and complaint in err and err.count("\n") == 1
    assert os.listdir(in_folder) == ["file"]


def test_missing_tools_are_status_2_and_one_line(programs, in_folder, capsys, monkeypatch):
    monkeypatch.setenv("YOSYS", "absent")
    assert main(["build", "ulx3s"]) == 2
    assert capsys.readouterr().err == ("dragoncage: YOSYS is absent, and there is no such program; "
                                       "unset it, or name one\n")
    assert os.listdir(in_folder) == []


def test_an_interrupt_is_status_130_and_leaves_nothing(programs, in_folder, capsys, monkeypatch):
    def interrupted(self, doing):
        if doing == "synthesis (step 2 of 4)":
            raise KeyboardInterrupt

    monkeypatch.setattr(Progress, "part", interrupted)
    programs.put("yosys", "exec sleep 60\n")
    assert main(["build", "ulx3s"]) == 130
    assert capsys.readouterr().err == "dragoncage: interrupted\n"
    assert os.listdir(in_folder) == []


def test_what_the_tools_say_is_in_the_log_and_nowhere_else(
        programs, in_folder, capsys, monkeypatch):
    monkeypatch.setattr(Progress, "PATIENCE", 0.0)
    monkeypatch.setattr(Progress, "PAUSE", {True: 0.0, False: 0.0})
    programs.put("yosys", 'for i in $(seq 55); do echo "Preparing, please wait."; done\n'
                          "sleep 0.5\n")
    assert main(["build", "ulx3s"]) == 0
    out, err = capsys.readouterr()
    assert err.count("s: synthesis (step 2 of 4)\n") > 1 and "Preparing" not in out + err
    log = (in_folder / "build/ulx3s/ulx3s.log").read_text()
    assert log.count("Preparing, please wait.\n") == 55


def test_a_bitstream_that_cannot_be_written_is_told_after_all_that_is_known(
        programs, in_folder, capsys):
    (in_folder / "build/ulx3s/ulx3s.bit").mkdir(parents=True)
    assert main(["build", "ulx3s"]) == 2
    out, err = capsys.readouterr()
    trouble = "cannot write build/ulx3s/ulx3s.bit: Is a directory"
    assert "look-up tables  1,234" in out and out.endswith(f"FAILED: {trouble}\n")
    assert err == f"dragoncage: -o build/ulx3s: {trouble}\n"


def test_what_was_built_is_brought_to_the_board(programs, in_folder, capsys):
    assert main(["build", "ulx3s"]) == 0
    capsys.readouterr()
    assert main(["program", "ulx3s"]) == 0
    assert capsys.readouterr().out == ("ulx3s has build/ulx3s/ulx3s.bit; now: "
                                       "dragoncage run --engine serial --port /dev/ttyUSB0\n")
    [arguments] = programs.arguments("openFPGALoader")
    assert arguments == f"-b ulx3s {in_folder}/build/ulx3s/ulx3s.bit"


def test_a_file_of_ones_own_is_brought_to_the_board(programs, in_folder):
    (in_folder / "mine.bit").write_text("")
    assert main(["program", "ulx3s", "--file", "mine.bit"]) == 0
    assert programs.arguments("openFPGALoader") == [f"-b ulx3s {in_folder}/mine.bit"]


def test_a_board_that_does_not_take_it_is_status_1_and_one_line(programs, in_folder, capsys):
    (in_folder / "mine.bit").write_text("")
    programs.put("openFPGALoader", 'echo "unable to open ftdi device: -3 (device not found)" >&2\n'
                                   "exit 1\n")
    assert main(["program", "ulx3s", "--file", "mine.bit"]) == 1
    assert capsys.readouterr() == ("", "dragoncage: ulx3s: openFPGALoader: unable to open ftdi "
                                       "device: -3 (device not found); is the board connected?\n")
