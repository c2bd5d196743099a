"""Compiling something once, keeping it in the user's cache, and saying so meanwhile."""

import _ctypes
import ctypes
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sim.errors import Unavailable
from sim.output.progress import Progress

from . import cache
from .process import ProgramFailed, run


__all__ = ["Compiler", "Prototype", "cxx", "kept", "loaded", "tool"]


#: What progress says meanwhile.
COMPILING = "compiling the machine, once for this design"

#: A C function: its name, the type of its result, and those of its parameters.
Prototype = tuple[str, Any, Sequence[Any]]


def tool(name: str, *, who: str, what: str, package: str | None = None) -> str:
    """Where a program is.

    Raises :class:`sim.errors.Unavailable` if it is nowhere: ``who`` needs ``what``, which is in a
    Debian ``package``, by default of the program's name.
    """
    found = shutil.which(name)
    if found is None:
        raise Unavailable(f"{who} needs {what}: sudo apt-get install {package or name}")
    return found


def cxx(*, who: str) -> tuple[str, str]:
    """The C++ compiler, and what it says about its version.

    Raises :class:`sim.errors.Unavailable`, which says what ``who`` needs, if there is none.
    """
    compiler = tool("g++", who=who, what="a C++ compiler")
    done     = subprocess.run([compiler, "--version"], capture_output=True, encoding="utf-8",
                              errors="replace")
    if done.returncode:
        raise Unavailable(f"{who} needs a C++ compiler, but {compiler} does not run")
    return compiler, done.stdout


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

    def run(self, command: Sequence[str], environment: Mapping[str, str] | None = None, *,
            called: str | None = None) -> None:
        """Run one. Raises :class:`sim.errors.Unavailable` with its first error if it fails.

        In the message it is ``called`` so, by default as in the command.
        """
        try:
            run(command, log=self.folder / "log", waiting=self._waiting,
                environment=environment)
        except ProgramFailed as error:
            said = error.said.splitlines() or ["without a word"]
            told = next((line for line in said if "error" in line.lower()), said[-1])
            raise Unavailable(f"{self._who}: {called or command[0]} failed: {told.strip()}"
                              ) from error


def kept(name: str, make: Callable[[Compiler], Path], *, who: str) -> Path:
    """What the cache has under ``name``; if it has nothing, the file that ``make`` makes.

    It appears whole, whoever else makes it too; what was damaged since is made anew. Raises
    :class:`sim.errors.Unavailable` if it cannot be kept, and what ``make`` raises.
    """
    try:
        path = cache.find(name, who=who)
    except ValueError:
        _say("what was compiled is damaged")
        path = None
    return path or _made(name, make, who)


def loaded(name: str, make: Callable[[Compiler], Path], functions: Iterable[Prototype], *,
           who: str) -> ctypes.CDLL:
    """The library that is :func:`kept`, with these ``functions``.

    One that cannot be loaded, or lacks a function, is made anew. Raises
    :class:`sim.errors.Unavailable` if that does not help, and what :func:`kept` raises.
    """
    path = kept(name, make, who=who)
    try:
        return _opened(path, functions)
    except (OSError, AttributeError):
        _say("what was compiled cannot be used")
        cache.discard(name, who=who)
    path = _made(name, make, who)
    try:
        return _opened(path, functions)
    except (OSError, AttributeError) as error:
        raise Unavailable(f"{who} cannot load what it has compiled: {error}") from error


def _opened(path: Path, functions: Iterable[Prototype]) -> ctypes.CDLL:
    """Raises :class:`OSError`, or :class:`AttributeError` for a function that is not there."""
    library = ctypes.CDLL(str(path))
    try:
        for function, result, parameters in functions:
            call = getattr(library, function)
            call.restype, call.argtypes = result, parameters
    except AttributeError:
        # As long as it is open, whatever gets its name is taken for it.
        _ctypes.dlclose(library._handle)
        raise
    return library


def _made(name: str, make: Callable[[Compiler], Path], who: str) -> Path:
    try:
        with cache.workshop(who=who) as folder, Progress(COMPILING) as progress:
            work = folder / "work"
            work.mkdir()
            compiler = Compiler(work, who=who, waiting=progress.show)
            cache.publish(name, make(compiler), folder, who=who)
        path = cache.find(name, who=who)
    except (OSError, ValueError) as error:
        raise Unavailable(f"{who} cannot keep what it compiles: {error}; "
                          "set XDG_CACHE_HOME to a folder of your own") from error
    if path is None:
        raise Unavailable(f"{who} cannot keep what it compiles: somebody has deleted it")
    return path


def _say(trouble: str) -> None:
    print(f"dragoncage: compiling anew: {trouble}", file=sys.stderr, flush=True)
