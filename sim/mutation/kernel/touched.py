"""Functions of the kernel that something calls."""

import sys
from types import CodeType, FrameType, TracebackType
from typing import Self

from .mutants import folder, name_of


__all__ = ["Touched"]


class Touched:
    """Notes the functions of the kernel that are called in the body of a ``with`` statement."""

    def __init__(self) -> None:
        self._codes: set[CodeType] = set()

    def __enter__(self) -> Self:
        self._codes.clear()
        sys.settrace(self._note)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 traceback: TracebackType | None) -> None:
        sys.settrace(None)

    @property
    def names(self) -> frozenset[str]:
        """Their names, as :func:`.mutants.name_of` has them."""
        return frozenset(name_of(code) for code in self._codes
                         if code.co_filename.startswith(f"{folder()}/"))

    def _note(self, frame: FrameType, event: str, argument: object) -> None:
        self._codes.add(frame.f_code)
