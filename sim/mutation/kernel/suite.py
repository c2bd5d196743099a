"""The tests of the kernel, on its mutants."""

from .mutants import KernelMutant, activate
from .touched import Touched


__all__ = ["TESTS", "KernelHooks"]


#: The tests.
TESTS = ("tests/sw",)


class KernelHooks:
    """Notes which functions of the kernel a test calls, and changes them."""

    def __init__(self) -> None:
        self._touched = Touched()

    def collected(self) -> None:
        """Nothing is to be prepared."""

    def begin(self, test: str) -> None:
        """Note that a test begins."""
        self._touched.__enter__()

    def touched(self) -> frozenset[str]:
        """The functions that it has called."""
        self._touched.__exit__(None, None, None)
        return self._touched.names

    def choose(self, mutant: KernelMutant) -> None:
        """Change the kernel for good."""
        activate(mutant)

    def affects(self, test: str) -> bool:
        """It calls the function that has changed: that is why it is played."""
        return True
