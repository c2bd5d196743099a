"""Simulators of Verilog that run Python by cocotb: building a module, and running it."""

import importlib.util
import os
import platform
import subprocess
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import ClassVar

from sim.errors import Unavailable

from .cache import name_of
from .compiler import Compiler, kept, tool
from .verilator import VerilatorCompiler


__all__ = ["SIMULATORS", "Simulator"]


class Simulator(ABC):
    """A simulator of one module. Raises :class:`sim.errors.Unavailable` if it lacks something.

    Parameters
    ----------
    top : :class:`str`
        Name of the module.
    who : :class:`str`
        The part of the project that needs it, for errors.

    Attributes
    ----------
    version : :class:`str`
        Equal versions, with equal ``flags``, make the same of a design.
    trusted : :class:`bool`
        The simulator keeps the order of writes by itself, so that cocotb need not.
    """

    flags:   ClassVar[Sequence[str]]
    trusted: ClassVar[bool] = False
    version: str

    def __init__(self, top: str, *, who: str):
        self.top  = top
        self._who = who
        if importlib.util.find_spec("cocotb") is None:
            raise Unavailable(f"{who} needs cocotb: pip install 'cocotb>=2.1'")

    def environment(self, test_module: str) -> dict[str, str]:
        """Environment of a run in which cocotb does the tests of a Python module.

        Raises :class:`sim.errors.Unavailable` if there is no Python that a simulator can load.
        """
        from cocotb_tools.config import libs_dir, pygpi_entry_point
        from find_libpython import find_libpython

        python = find_libpython()
        if python is None:
            raise Unavailable(f"{self._who} needs Python as a shared library: "
                              "sudo apt-get install libpython3-dev")
        others = {name: value for name, value in os.environ.items()
                  if not name.startswith(("COCOTB_", "GPI_", "PYGPI_"))}
        return others | {
            "GPI_USERS":           f"{python};{pygpi_entry_point()}",
            "PYGPI_PYTHON_BIN":    sys.executable,
            # Not in the built program, so that it is the same in all environments.
            "LD_LIBRARY_PATH":     os.pathsep.join(
                [str(libs_dir), *filter(None, [os.environ.get("LD_LIBRARY_PATH")])]),
            "PYTHONPATH":          os.pathsep.join(path or os.getcwd() for path in sys.path),
            "TOPLEVEL_LANG":       "verilog",
            "COCOTB_TOPLEVEL":     self.top,
            "COCOTB_TEST_MODULES": test_module,
            "COCOTB_ANSI_OUTPUT":  "0",
            "COCOTB_TRUST_INERTIAL_WRITES": "1" if self.trusted else "0",
        }

    def kept(self, write: Callable[[Compiler], Path], ports: Sequence[str], *parts: str) -> Path:
        """Return what is built of a design in Verilog: out of the cache, if it is there.

        ``write`` writes the design, and returns its file; ``parts`` are all that makes a
        difference to it. ``ports`` are as for :meth:`build`, and depend on ``parts`` alone.
        """
        name = name_of(*parts, version("cocotb"), self.version, *self.flags, platform.machine())
        return kept(name, lambda compiling: self.build(compiling, write(compiling), ports),
                    who=self._who)

    @abstractmethod
    def build(self, compiling: Compiler, design: Path, ports: Sequence[str]) -> Path:
        """Build a ``design`` in Verilog; return the file that is to be kept.

        Python is going to see its ``ports``, whose names may have wildcards.
        """

    @abstractmethod
    def command(self, built: Path) -> list[str]:
        """Return the command that runs what was ``built``."""


class Verilator(Simulator):
    """Verilator, which makes a program of a design."""

    flags  = ("--vpi",)

    # As cocotb's own runner has it.
    trusted = True

    def __init__(self, top: str, *, who: str):
        super().__init__(top, who=who)
        self._compiler = VerilatorCompiler(who=who)
        self.version   = self._compiler.version

    def build(self, compiling: Compiler, design: Path, ports: Sequence[str]) -> Path:
        """Let Verilator write C++, and compile it."""
        from cocotb_tools.config import libs_dir, share_dir

        # Only the ports: to make all signals visible, as cocotb does, costs time in every cycle.
        compiling.write("visible.vlt", "`verilator_config\n" + "".join(
            f'public_flat_rw -module "{self.top}" -var "{name}"\n' for name in ports))
        return self._compiler.link(
            compiling, (*self.flags, "--top-module", self.top, "visible.vlt", str(design)),
            self.top, str(share_dir / "lib/verilator/verilator.cpp"),
            f"-Wl,-rpath-link,{libs_dir}", f"-L{libs_dir}", "-lcocotbvpi_verilator")

    def command(self, built: Path) -> list[str]:
        """The program itself."""
        return [str(built)]


class Icarus(Simulator):
    """Icarus Verilog, which interprets."""

    flags  = ("-g2005",)

    def __init__(self, top: str, *, who: str):
        super().__init__(top, who=who)
        self._compiler = tool("iverilog", who=who, what="Icarus Verilog")
        self._runtime  = tool("vvp", who=who, what="Icarus Verilog", package="iverilog")
        said = subprocess.run([self._compiler, "-V"], capture_output=True, encoding="utf-8",
                              errors="replace")
        self.version = said.stdout.partition("\n")[0]

    def build(self, compiling: Compiler, design: Path, ports: Sequence[str]) -> Path:
        """Let Icarus make a file for its interpreter, which shows Python every signal."""
        built = compiling.folder / f"{self.top}.vvp"
        compiling.run([self._compiler, *self.flags, "-s", self.top, "-o", str(built), str(design)])
        return built

    def command(self, built: Path) -> list[str]:
        """The interpreter, without a prompt, and without a waveform."""
        from cocotb_tools.config import lib_name_path

        return [self._runtime, "-n", "-m", str(lib_name_path("vpi", "icarus")), str(built), "-none"]


#: Simulators by the names that the command line uses.
SIMULATORS: Mapping[str, type[Simulator]] = {"verilator": Verilator, "icarus": Icarus}
