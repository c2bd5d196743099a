"""Simulators of Verilog that cocotb knows: how they build a design, and how it is run."""

import os
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import ClassVar

from sim.toolchain.compiler import Compiler, cxx, tool
from sim.toolchain.verilator import verilator

from .top import TOP


__all__ = ["SIMULATORS", "Simulator"]


WHO = "the engine cocotb"


class Simulator(ABC):
    """A simulator. Raises :class:`sim.errors.Unavailable` if it lacks something.

    Attributes
    ----------
    version : :class:`str`
        Equal versions, with equal ``flags``, make the same of a design.
    """

    flags:   ClassVar[Sequence[str]]
    version: str

    @abstractmethod
    def build(self, compiling: Compiler, design: Path) -> Path:
        """Build a ``design``; return the file that is to be kept."""

    @abstractmethod
    def command(self, built: Path) -> list[str]:
        """Return the command that runs what was ``built``."""


class Verilator(Simulator):
    """Verilator, which makes a program of a design."""

    # In one piece, since the package cannot make precompiled headers; the model is soon compiled,
    # and runs at Python's speed.
    flags  = ("--cc", "--exe", "--vpi", "--prefix", "Vtop", "--output-split", "0", "-Wno-lint",
              "-Wno-fatal", "OPT_FAST=-O1", "OPT_GLOBAL=-O1", "OPT_SLOW=-O0")

    def __init__(self) -> None:
        self._program, self._environment = verilator(who=WHO)
        _, compiled_by = cxx(who=WHO)
        self.version   = f"{version('verilator')} {compiled_by}"

    def build(self, compiling: Compiler, design: Path) -> Path:
        """Let Verilator write C++, and compile it."""
        from cocotb_tools.config import libs_dir, share_dir

        folder  = compiling.folder / "verilated"
        visible = compiling.folder / "visible.vlt"
        # Only the ports: to make all signals visible, as cocotb does, costs time in every cycle.
        visible.write_text("`verilator_config\n" + "".join(
            f'public_flat_rw -module "{TOP}" -var "{name}"\n'
            for name in ("in_*", "clk", "probe", "view")), encoding="utf-8")
        compiling.run([
            self._program, *(flag for flag in self.flags if "=" not in flag),
            "--top-module", TOP, "-Mdir", str(folder), "-o", TOP,
            "-LDFLAGS", f"-Wl,-rpath-link,{libs_dir} -L{libs_dir} -lcocotbvpi_verilator",
            str(share_dir / "lib/verilator/verilator.cpp"), str(visible), str(design),
        ], self._environment)
        compiling.run(["make", "--no-print-directory", "-C", str(folder), "-f", "Vtop.mk", "-j",
                       str(os.cpu_count() or 1), *(flag for flag in self.flags if "=" in flag)],
                      self._environment)
        return folder / TOP

    def command(self, built: Path) -> list[str]:
        """It is a program."""
        return [str(built)]


class Icarus(Simulator):
    """Icarus Verilog, which interprets."""

    flags  = ("-g2005", "-s", TOP)

    def __init__(self) -> None:
        self._compiler = tool("iverilog", who=WHO, what="Icarus Verilog")
        self._runtime  = tool("vvp", who=WHO, what="Icarus Verilog", package="iverilog")
        said = subprocess.run([self._compiler, "-V"], capture_output=True, encoding="utf-8",
                              errors="replace")
        self.version = said.stdout.partition("\n")[0]

    def build(self, compiling: Compiler, design: Path) -> Path:
        """Let Icarus make a file for its interpreter."""
        built = compiling.folder / "machine.vvp"
        compiling.run([self._compiler, *self.flags, "-o", str(built), str(design)])
        return built

    def command(self, built: Path) -> list[str]:
        """Interpret it, without a prompt, and without a waveform."""
        from cocotb_tools.config import lib_name_path

        return [self._runtime, "-n", "-m", str(lib_name_path("vpi", "icarus")), str(built), "-none"]


#: Simulators by the names that the command line uses.
SIMULATORS: Mapping[str, type[Simulator]] = {"verilator": Verilator, "icarus": Icarus}
