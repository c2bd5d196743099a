"""Compiling something once, keeping it in the user's cache, and saying so meanwhile."""

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from .engine import Unavailable
from .programs import ProgramFailed, run


__all__ = ["Compiler", "cache", "kept", "tool"]


def cache() -> Path:
    """The folder of what was compiled. It may be deleted at any time."""
    root = os.environ.get("XDG_CACHE_HOME")
    return (Path(root) if root else Path.home() / ".cache") / "dragoncage"


def tool(name: str, *, who: str, what: str, package: str | None = None) -> str:
    """Where a program is.

    Raises :class:`sim.engine.Unavailable` if it is nowhere: ``who`` needs ``what``, which is in a
    Debian ``package``, by default of the program's name.
    """
    found = shutil.which(name)
    if found is None:
        raise Unavailable(f"{who} needs {what}: sudo apt-get install {package or name}")
    return found


class Compiler:
    """Runs the programs that compile something in a folder.

    Parameters
    ----------
    folder : :class:`Path`
        Where they run; it is empty.
    who : :class:`str`
        Who wants that, for errors.
    waiting : callable
        Called from time to time while they run.
    """

    def __init__(self, folder: Path, *, who: str, waiting: Callable[[], None]):
        self.folder   = folder
        self._who     = who
        self._waiting = waiting

    def run(self, command: Sequence[str], environment: Mapping[str, str] | None = None) -> None:
        """Run one. Raises :class:`sim.engine.Unavailable` with its first error if it fails."""
        try:
            run(command, log=self.folder / "log", waiting=self._waiting,
                environment=environment)
        except ProgramFailed as error:
            said = error.said.splitlines() or ["without a word"]
            told = next((line for line in said if "error" in line.lower()), said[-1])
            raise Unavailable(f"{self._who}: {command[0]} failed: {told.strip()}") from error


def kept(name: str, make: Callable[[Compiler], Path], *, who: str) -> Path:
    """What the cache has under ``name``; if it has nothing, the file that ``make`` makes.

    It appears whole, whoever else makes it too. Raises :class:`sim.engine.Unavailable` if it cannot
    be kept, and what ``make`` raises.
    """
    path = cache() / name
    if not path.exists():
        try:
            _make(path, make, who)
        except OSError as error:
            raise Unavailable(f"{who} cannot keep what it compiles: {error}; "
                              "set XDG_CACHE_HOME to a folder of your own") from error
    return path


def _make(path: Path, make: Callable[[Compiler], Path], who: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with (tempfile.TemporaryDirectory(dir=path.parent, prefix=".build-") as folder,
          _announced() as waiting):
        os.replace(make(Compiler(Path(folder), who=who, waiting=waiting)), path)


@contextmanager
def _announced() -> Iterator[Callable[[], None]]:
    """Say that something is compiled, and for how long when what is yielded is called."""
    begun, terminal = time.monotonic(), sys.stderr.isatty()
    said = "dragoncage: compiling the machine, once for this configuration"

    def say(text: str) -> None:
        print(text, end="", file=sys.stderr, flush=True)

    def waiting() -> None:
        if terminal:
            say(f"\r{said}: {time.monotonic() - begun:.0f} s")

    say(said if terminal else f"{said} ...\n")
    try:
        yield waiting
    finally:
        if terminal:
            say("\r\x1b[K")
    if not terminal:
        say(f"dragoncage: compiled in {time.monotonic() - begun:.0f} s\n")
