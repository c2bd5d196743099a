"""Access vectors in compiled code: rows of numbers in, rows of numbers out."""

import ctypes
from array import array
from functools import cache

from hw.config import MmuConfig
from sim.engines.testbench import Testbench
from sim.toolchain.compiler import Prototype

from . import ports
from .library import Sources, library, package_files
from .native import Address, Handle
from .structures import Number


__all__ = ["CONFIG", "CompiledVectors"]


#: The widest unit that can do everything. How wide a physical address is, a vector says.
CONFIG = MmuConfig(maxphyaddr=52, pae=True, la57=True, pku=True, pks=True, variable_maxphyaddr=True)

FILES = ("clock.h", "lone_unit.h", "memory.h", "port.h", "target.h", "unit_driver.h", "vectors.cc",
         "vectors.h")

FUNCTIONS: tuple[Prototype, ...] = (
    ("vectors_new",    Handle, []),
    ("vectors_delete", None,   [Handle]),
    ("vectors_run",    Number, [Handle, Address, Number, Address]),
)


@cache
def _compiled() -> ctypes.CDLL:
    def made() -> Sources:
        bench = Testbench(CONFIG, view=False)
        designs, view = ports.designs(bench)
        return Sources(designs, {
            **package_files(__package__, *FILES), "ports.h": ports.header(bench, view),
        }, main="vectors.cc")

    return library(made, FUNCTIONS)


class CompiledVectors:
    """A compiled unit that does one vector after the other, each from power-up on.

    Vectors and outcomes are as in ``vectors.h``. Raises :class:`sim.errors.Unavailable`.
    """

    def __init__(self) -> None:
        self._calls  = _compiled()
        self._handle = Handle(self._calls.vectors_new())

    def run(self, vectors: "array[int]", count: int, size: int) -> list[int]:
        """Do ``count`` vectors; return their outcomes, ``size`` numbers together."""
        outcomes = array("Q", bytes(8 * size))
        written  = self._calls.vectors_run(self._handle, vectors.buffer_info()[0], count,
                                           outcomes.buffer_info()[0])
        assert written == size, f"{written} numbers came back, not {size}"
        return outcomes.tolist()

    def __del__(self) -> None:
        if ctypes is not None and hasattr(self, "_handle"):
            self._calls.vectors_delete(self._handle)
