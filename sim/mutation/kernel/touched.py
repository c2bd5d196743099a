"""Mutants of the kernel whose lines something executes."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from types import CodeType, FrameType, TracebackType
from typing import Any, Self

from .mutants import KernelMutant, code_of, codes


__all__ = ["Touched"]


class Touched:
    """Notes the mutants of which a line is executed in the body of a ``with`` statement.

    What executes none does the same with the mutant as without. Only functions with mutants are
    watched line by line, which takes time.

    Parameters
    ----------
    mutants : sequence of :class:`.mutants.KernelMutant`
        Those that there are.
    """

    def __init__(self, mutants: Sequence[KernelMutant]) -> None:
        self._found: set[int] = set()
        self._watched: dict[tuple[str, int], dict[int, list[int]]] = {}
        for mutant in mutants:
            for code, line in _watched(mutant):
                lines = self._watched.setdefault((code.co_filename, code.co_firstlineno), {})
                lines.setdefault(line, []).append(mutant.number)

    def __enter__(self) -> Self:
        self._found.clear()
        sys.settrace(self._enter_function)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 traceback: TracebackType | None) -> None:
        sys.settrace(None)

    @property
    def numbers(self) -> frozenset[int]:
        """Their numbers."""
        return frozenset(self._found)

    def _enter_function(self, frame: FrameType, event: str, argument: object) -> Any:
        code  = frame.f_code
        lines = self._watched.get((code.co_filename, code.co_firstlineno))
        return None if lines is None else self._follow(lines)

    def _follow(self, lines: Mapping[int, Sequence[int]]) -> Any:
        def note(frame: FrameType, event: str, argument: object) -> Any:
            if event == "line":
                self._found.update(lines.get(frame.f_lineno, ()))
            return note

        return note


def _watched(mutant: KernelMutant) -> Iterator[tuple[CodeType, int]]:
    """Functions that have lines of a mutant, and each of these lines."""
    for code in codes(code_of(mutant.file)):
        for line in {line for *_, line in code.co_lines() if line is not None}:
            if line in mutant.lines:
                yield code, line
