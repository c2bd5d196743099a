"""The tests of the kernel, on its mutants."""

from collections.abc import Sequence

from .mutants import KernelMutant, activate
from .touched import Touched


__all__ = ["TESTS", "KernelHooks"]


#: The tests.
TESTS = ("tests/sw",)


class KernelHooks:
    """Notes of which mutants a test executes a line, and has one of them active."""

    def __init__(self, mutants: Sequence[KernelMutant]) -> None:
        self._touched = Touched(mutants)

    def collected(self) -> None:
        """Nothing is to be prepared."""

    def begin(self, test: str) -> None:
        """Note that a test begins."""
        self._touched.__enter__()

    def touched(self) -> frozenset[str]:
        """Numbers of the mutants of which it has executed a line."""
        self._touched.__exit__(None, None, None)
        return frozenset(map(str, self._touched.numbers))

    def choose(self, mutant: KernelMutant) -> None:
        """Change the kernel for good."""
        activate(mutant)

    def affects(self, test: str) -> bool:
        """It executes a line that has changed: that is why it is played."""
        return True
