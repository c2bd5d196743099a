"""Access vectors in compiled code: rows of numbers in, rows of numbers out."""

import ctypes
from array import array
from collections.abc import Mapping
from dataclasses import replace
from functools import cache

from hw.config import MmuConfig
from sim.engines.testbench import Testbench
from sim.toolchain.compiler import Prototype

from . import logged, ports
from .library import Sources, library, package_files
from .log import Part, copied
from .logged import Logged
from .native import Address, Handle
from .structures import Number


__all__ = ["CONFIG", "SEQUENCE_CONFIG", "CompiledSequences", "CompiledVectors"]


#: The widest unit that can do everything that one access on an empty TLB may depend on: not so on
#: PCIDs, which would make it slower. How wide a physical address is, a vector says.
CONFIG = MmuConfig(maxphyaddr=52, pae=True, la57=True, pcid=False, pku=True, pks=True,
                   variable_maxphyaddr=True)

#: The unit of sequences, which can do everything.
SEQUENCE_CONFIG = replace(CONFIG, pcid=True, invpcid=True)

FILES = ("clock.h", "entries.h", "log.h", "lone_unit.h", "memory.h", "port.h", "target.h",
         "unit_driver.h", "vector_unit.h")

#: Functions that a library has besides.
FURTHER: Mapping[str, tuple[Prototype, ...]] = {
    "sequences": (("sequences_observe", Number,
                   [Handle, Address, Address, ctypes.POINTER(Logged)]),),
}


@cache
def _compiled(config: MmuConfig, name: str) -> ctypes.CDLL:
    """A library whose functions begin with ``name``, as do its files."""
    main = f"{name}.cc"
    functions: tuple[Prototype, ...] = (
        (f"{name}_new",    Handle, []),
        (f"{name}_delete", None,   [Handle]),
        (f"{name}_run",    Number, [Handle, Address, Number, Address]),
        *FURTHER.get(name, ()),
    )

    def made() -> Sources:
        bench = Testbench(config, view=False)
        designs, view = ports.designs(bench)
        return Sources(designs, {
            **package_files(__package__, *FILES, f"{name}.h", main),
            "logged.h": logged.header(), "ports.h": ports.header(bench, view),
        }, main=main)

    return library(made, functions)


class _CompiledRows:
    """A compiled unit that does one row of numbers after the other, each from power-up on.

    Raises :class:`sim.errors.Unavailable`.
    """

    def __init__(self, calls: ctypes.CDLL, name: str) -> None:
        self._run    = getattr(calls, f"{name}_run")
        self._delete = getattr(calls, f"{name}_delete")
        self._handle = Handle(getattr(calls, f"{name}_new")())

    def run(self, rows: "array[int]", count: int, size: int) -> list[int]:
        """Carry out ``count`` rows; return their outcomes, ``size`` numbers together."""
        outcomes = array("Q", bytes(8 * size))
        written  = self._run(self._handle, rows.buffer_info()[0], count,
                             outcomes.buffer_info()[0])
        assert written == size, f"{written} numbers came back, not {size}"
        return outcomes.tolist()

    def __del__(self) -> None:
        if ctypes is not None and hasattr(self, "_handle"):
            self._delete(self._handle)


class CompiledVectors(_CompiledRows):
    """A compiled unit for vectors of version 1; rows are as in ``vectors.h``."""

    def __init__(self) -> None:
        super().__init__(_compiled(CONFIG, "vectors"), "vectors")


class CompiledSequences(_CompiledRows):
    """A compiled unit for vectors of version 2; rows are as in ``sequences.h``.

    Parameters
    ----------
    config : :class:`hw.config.MmuConfig`
        What it can do. The width of a physical address is variable.
    """

    def __init__(self, config: MmuConfig = SEQUENCE_CONFIG) -> None:
        calls = _compiled(config, "sequences")
        super().__init__(calls, "sequences")
        self._observe = calls.sequences_observe

    def observe(self, row: "array[int]", size: int) -> tuple[list[int], dict[str, Part]]:
        """Carry out one row; return its outcome and the log of the unit's ports."""
        outcome, log = array("Q", bytes(8 * size)), Logged()
        written = self._observe(self._handle, row.buffer_info()[0], outcome.buffer_info()[0], log)
        assert written == size, f"{written} numbers came back, not {size}"
        return outcome.tolist(), copied(log)
