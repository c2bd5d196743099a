"""Access vectors in compiled code: rows of numbers in, rows of numbers out."""

import ctypes
from array import array

from hw.config import MmuConfig

from .native import Handle, native


__all__ = ["CompiledVectors"]


class CompiledVectors:
    """A compiled unit that does one vector after the other, each from reset on.

    Vectors and outcomes are as in ``vectors.h``. Raises :class:`sim.engine.Unavailable`.

    Parameters
    ----------
    config : :class:`hw.config.MmuConfig`
        What the unit can do.
    """

    def __init__(self, config: MmuConfig):
        self._calls  = native(config).calls
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
