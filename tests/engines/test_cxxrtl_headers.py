"""C++ of the compiled engine: each header by itself, and structures that Python has too."""

import ctypes
import re
import subprocess
import sys
from importlib import resources
from random import Random

import pytest
from amaranth import ClockDomain, Elaboratable, Module, Signal
from amaranth.back import rtlil

from hw.config import MmuConfig
from sim.boards import simulated
from sim.boards.simulated.board import status_header
from sim.engines import cxxrtl, testbench
from sim.engines.cxxrtl import commands, logged, ports
from sim.engines.cxxrtl.commands import Command, Completion, Status
from sim.engines.cxxrtl.library import EVAL, SCRIPT
from sim.engines.cxxrtl.logged import Logged, LoggedTlb
from sim.engines.cxxrtl.structures import Byte, Number, Word, declaration, elements, members
from sim.toolchain.compiler import cxx
from sim.toolchain.verilator import verilator
from sim.toolchain.yosys import PACKAGE


pytestmark = pytest.mark.slow


RUNTIME = resources.files(PACKAGE) / "share/include/backends/cxxrtl/runtime"

HEADERS = sorted(file.name for file in resources.files(cxxrtl).iterdir()
                 if file.name.endswith(".h"))


class Pins(Elaboratable):
    """The pins of a board's demonstration system, and nothing between them."""

    NAMES = "rx", "button", "tx", "fault", "bypass", "wp", "busy"

    def __init__(self):
        self.clock = ClockDomain("sync", reset_less=True)
        self.pins  = [Signal(name=name) for name in self.NAMES]

    def elaborate(self, platform):
        m = Module()
        m.domains += self.clock
        rx, button, *outputs = self.pins
        m.d.sync += [output.eq(rx ^ button) for output in outputs]
        return m

    def text(self):
        return rtlil.convert(self, ports=[self.clock.clk, *self.pins], emit_src=False)


def compiles(folder, text, *options):
    """True if the compiler accepts ``text`` beside the headers in ``folder``; and its messages."""
    (folder / "alone.cc").write_text(text)
    compiler, _ = cxx(who="a test")
    done = subprocess.run(
        [compiler, "-std=c++17", "-fsyntax-only", "-Wall", "-Wextra", "-Werror", f"-I{folder}",
         f"-isystem{RUNTIME}", f"-isystem{folder / 'generated'}", *options, folder / "alone.cc"],
        capture_output=True, text=True)
    return done.returncode == 0, done.stderr


def translate(folder, script):
    subprocess.run([sys.executable, "-m", PACKAGE, "-q", "-"], input=script, cwd=folder, check=True,
                   text=True)


def copy(package, folder):
    for file in resources.files(package).iterdir():
        if file.name.endswith(".h"):
            (folder / file.name).write_text(file.read_text())


def generate(folder, designs):
    (folder / "generated").mkdir()
    for name, text in designs.items():
        (folder / "generated" / f"{name}.il").write_text(text)
        translate(folder / "generated", SCRIPT.format(name=name))


@pytest.fixture(scope="module")
def machine(tmp_path_factory):
    """The headers of a machine, written and generated."""
    folder = tmp_path_factory.mktemp("machine")
    bench  = testbench.Testbench(
        MmuConfig(tlb_entries=2, variable_maxphyaddr=True), cpus=2, view=True)
    designs, view = ports.designs(bench)
    generate(folder, designs)
    copy(cxxrtl, folder)
    (folder / "ports.h").write_text(ports.header(bench, view))
    (folder / "commands.h").write_text(commands.header())
    (folder / "logged.h").write_text(logged.header())
    return folder


@pytest.fixture(scope="module")
def board(tmp_path_factory):
    """The headers of a simulated board, written and generated."""
    folder = tmp_path_factory.mktemp("board")
    generate(folder, {"design": Pins().text()})
    copy(simulated, folder)
    copy(cxxrtl, folder)
    (folder / "status.h").write_text(status_header())
    return folder


@pytest.mark.parametrize("name", [*HEADERS, "commands.h", "logged.h", "ports.h"])
def test_a_header_of_the_machine_compiles_alone_and_twice(machine, name):
    assert compiles(machine, f'#include "{name}"\n' * 2) == (True, "")


@pytest.mark.parametrize("name", ["compiled.h", "status.h"])
def test_a_header_of_a_board_compiles_alone_and_twice(board, name):
    assert compiles(board, f'#include "{name}"\n' * 2) == (True, "")


def test_the_header_of_a_verilated_board_compiles_alone_and_twice(board):
    program, environment = verilator(who="a test")
    design = board / "generated"
    translate(design, "read_rtlil design.il\nwrite_verilog -noattr design.v\n")
    subprocess.run([program, "--cc", "--top-module", "top", "-Wno-fatal", "-Wno-lint", "--Mdir",
                    design, design / "design.v"], env=environment, check=True, capture_output=True)
    # Verilator has a header of the same name, which is meant by the one of ours.
    include = f"{environment['VERILATOR_ROOT']}/include"
    (board / "top.h").write_text((board / "verilated.h").read_text())
    (board / "verilated.h").unlink()
    assert compiles(board, '#include "top.h"\n' * 2, f"-isystem{include}",
                    f"-isystem{include}/vltstd") == (True, "")


def test_the_logic_of_a_design_is_one_function_by_the_name_that_we_give_to_the_compiler(machine):
    for design in ("design.cc", "view.cc"):
        assert (machine / "generated" / design).read_text().count(EVAL) == 1


@pytest.mark.parametrize("structure, names", [
    (Command,    ["operation", "marks"]),
    (Command,    ["operation", "marks", "access.linear", "access.data", "access.compare",
                  "access.kind", "access.size", "access.user", "access.implicit"]),
    (Command,    ["marks", "string.linear", "string.count", "string.user"]),
    (Command,    ["control.value", "control.number"]),
    (Command,    ["operation", "interrupt.vector"]),
    (Completion, ["cr2", "error", "pending"]),
    (Status,     ["limit", "claim", "stuck"]),
    (Logged,     ["marks.count", "accesses.start", "tlb.again"]),
])
def test_members_that_are_packed_are_those_of_the_structure(structure, names):
    random, whole = Random(1), structure()
    values = [random.getrandbits(32) for _ in names]
    members(structure, *names).pack_into(whole, 0, *values)
    for name, value in zip(names, values, strict=True):
        found = whole
        for part in name.split("."):
            found = getattr(found, part)
        assert found == value
    assert list(members(structure, *names).unpack_from(whole)) == values


def test_elements_are_read_one_after_the_other():
    rows = (LoggedTlb * 3)(*((cycle, 1 << cycle, (7, cycle)) for cycle in range(3)))
    words = [(7).to_bytes(4, "little") + cycle.to_bytes(20, "little") for cycle in range(3)]
    assert list(elements(LoggedTlb, "cycle", "update").iter_unpack(rows)) == \
        list(enumerate(words))
    assert [events for events, in elements(LoggedTlb, "events").iter_unpack(rows)] == [1, 2, 4]


def test_members_are_in_the_order_of_the_structure():
    with pytest.raises(ValueError, match="operation comes before the end"):
        members(Command, "marks", "operation")
    with pytest.raises(ValueError, match="control.value comes before the end"):
        members(Command, "access.linear", "control.value")


class Loose(ctypes.Structure):
    """A structure that a compiler lays out as ctypes does."""

    _fields_ = (("byte", Byte), ("number", Number), ("word", Word * 3))


class Tight(ctypes.Structure):
    """A structure without the gap that a compiler leaves."""

    _pack_   = 1
    _layout_ = "ms"
    _fields_ = Loose._fields_


def test_a_structure_that_a_compiler_lays_out_otherwise_does_not_compile(tmp_path):
    assert compiles(tmp_path, declaration(Loose).replace("#pragma once", "")) == (True, "")
    compiled, said = compiles(tmp_path, declaration(Tight).replace("#pragma once", ""))
    assert not compiled
    assert re.search("static.assert(ion)? failed", said)
