"""Mistakes in a scenario, which its author has to mend, and their locations.

They say nothing about the machine. A claim that does not hold is no mistake, nor is what the kernel
or the machine comes to a bad end with.
"""

import linecache
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from traceback import walk_tb
from types import FrameType

from sim.output.files import FileTrouble


__all__ = [
    "Frame", "Location", "Mistake", "Misuse", "ProgramError", "ScenarioError", "innermost",
    "mistake_of", "raised_through",
]


#: A frame of Python's stack, and its line. Lists of them begin with the outermost.
Frame = tuple[FrameType, int]


@dataclass(frozen=True)
class Location:
    """A line of a file; ``text`` is what stands there."""

    file: str
    line: int
    text: str

    @classmethod
    def of(cls, file: str, line: int) -> "Location":
        """Return a line, as the file has it."""
        return cls(file, line, linecache.getline(file, line).strip())

    def __str__(self) -> str:
        path, here = Path(self.file), Path.cwd()
        return f"{path.relative_to(here) if path.is_relative_to(here) else path}:{self.line}"


@dataclass(frozen=True)
class Mistake:
    """Something that the author of a scenario has to mend, and where."""

    location: Location
    reason:   str

    def __str__(self) -> str:
        return f"{self.location}: {self.reason}"


class ScenarioError(Exception):
    """A file cannot be played for its ``mistake``, which is the message."""

    def __init__(self, mistake: Mistake):
        super().__init__(mistake)
        self.mistake = mistake


class Misuse(Exception):
    """A stage is used as it cannot be. The message says what to write instead."""


class ProgramError(AssertionError):
    """The cause ended the program of another processor, and nobody can go on.

    As a failed assertion it stops the machine, in which its first processor may wait for ever.
    """


def innermost(frames: Sequence[Frame], file: str) -> Location | None:
    """The last line of ``file`` in ``frames``, if it is there."""
    lines = [line for frame, line in frames if frame.f_code.co_filename == file]
    return Location.of(file, lines[-1]) if lines else None


def raised_through(error: BaseException) -> list[Frame]:
    """The frames through which an exception came."""
    return [*walk_tb(error.__traceback__)]


def mistake_of(error: BaseException, file: str) -> Mistake | None:
    """The mistake of the author of ``file`` in ``error``; None if it was not raised from there."""
    if isinstance(error, SyntaxError):
        return Mistake(Location.of(error.filename or file, error.lineno or 1),
                       f"{type(error).__name__}: {error.msg}")
    frames = raised_through(error)
    location = innermost(frames, file)
    if location is None or isinstance(error, (BrokenPipeError, FileTrouble)):
        return None  # Whoever reads what is printed has had enough, or there is no room for it.
    if isinstance(error, Misuse):
        return Mistake(location, str(error))
    said = " ".join(f"{type(error).__name__}: {error}".split()).removesuffix(":")
    frame, line = frames[-1]
    if frame.f_code.co_filename != file:
        if isinstance(error, SystemExit):
            return None  # It is a signal's, which may come at any time.
        said += f", raised in {Path(frame.f_code.co_filename).name}:{line}"
    return Mistake(location, said)
