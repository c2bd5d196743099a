"""Compiler whose results are kept in the user's cache, with progress."""

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


__all__ = ["Compiler", "Prototype", "cxx", "kept", "loaded", "opened", "tool"]


#: Name of the work in the display of progress.
COMPILING = "compiling the machine, once for this design"

#: C++ compilers, the preferred one first. Of the code that Yosys writes, clang makes a machine that
#: is twice as fast, in a third of the time.
CXX = ("clang++", "g++")

#: A C function: its name, the type of its result, and those of its parameters.
Prototype = tuple[str, Any, Sequence[Any]]


def tool(name: str, *, who: str, what: str, package: str | None = None) -> str:
    """Return the path of a program.

    Raises :class:`sim.errors.Unavailable` if there is none: ``who`` needs ``what``, which is in a
    Debian ``package``, by default of the program's name.
    """
    found = shutil.which(name)
    if found is None:
        raise Unavailable(f"{who} needs {what}: sudo apt-get install {package or name}")
    return found


def cxx(*, who: str) -> tuple[str, str]:
    """Return the path of the C++ compiler, and its version as it prints it.

    It is the first of ``CXX`` that is installed. Raises :class:`sim.errors.Unavailable`, which
    says what ``who`` needs, if there is none.
    """
    installed = filter(None, map(shutil.which, CXX))
    compiler  = next(installed, None) or tool(CXX[0], who=who, what="a C++ compiler",
                                              package="clang")
    done     = subprocess.run([compiler, "--version"], capture_output=True, encoding="utf-8",
                              errors="replace")
    if done.returncode:
        raise Unavailable(f"{who} needs a C++ compiler, but {compiler} does not run")
    return compiler, done.stdout


class Compiler:
    """Runner of the programs that compile something in a folder.

    Parameters
    ----------
    folder : :class:`Path`
        An empty folder, in which they run.
    who : :class:`str`
        Name of the part of ours that needs it, for errors.
    waiting : callable
        Called from time to time while they run.
    """

    def __init__(self, folder: Path, *, who: str, waiting: Callable[[], None]):
        self.folder   = folder
        self._who     = who
        self._waiting = waiting

    def write(self, name: str, text: str) -> None:
        """Write a file for the programs, in UTF-8."""
        (self.folder / name).write_text(text, encoding="utf-8")

    def run(self, command: Sequence[str], environment: Mapping[str, str] | None = None, *,
            called: str | None = None) -> None:
        """Run a program. Raises :class:`sim.errors.Unavailable` with its first error if it fails.

        The message calls it ``called``, by default as the command does.
        """
        try:
            run(command, log=self.folder / "log", waiting=self._waiting,
                environment=environment)
        except ProgramFailed as error:
            lines  = error.output.splitlines() or ["without a message"]
            reason = next((line for line in lines if "error" in line.lower()), lines[-1]).strip()
            raise Unavailable(f"{self._who}: {called or command[0]} failed: {reason}") from error


def kept(name: str, make: Callable[[Compiler], Path], *, who: str,
         waiting: Callable[[], None] | None = None, doing: str = COMPILING) -> Path:
    """Return the file that the cache has under ``name``, or that ``make`` makes for it.

    It appears whole, even if others make it at the same time; a damaged one is made anew. Raises
    :class:`sim.errors.Unavailable` if it cannot be kept, and whatever ``make`` raises.

    ``waiting`` is called several times a second while it is made; by default, the progress of a
    compilation is shown, which says what one is ``doing``.
    """
    try:
        path = cache.find(name, who=who)
    except ValueError:
        _warn("what was compiled is damaged")
        path = None
    return path or _made(name, make, who, waiting, doing)


def loaded(name: str, make: Callable[[Compiler], Path], functions: Iterable[Prototype], *,
           who: str) -> ctypes.CDLL:
    """Return the library that is :func:`kept`, with these ``functions``.

    One that cannot be loaded, or lacks a function, is made anew. Raises
    :class:`sim.errors.Unavailable` if that does not help, and whatever :func:`kept` raises.
    """
    path = kept(name, make, who=who)
    try:
        return opened(path, functions)
    except (OSError, AttributeError):
        _warn("what was compiled cannot be used")
        cache.discard(name, who=who)
    path = _made(name, make, who)
    try:
        return opened(path, functions)
    except (OSError, AttributeError) as error:
        raise Unavailable(f"{who} cannot load what it has compiled: {error}") from error


def opened(path: Path, functions: Iterable[Prototype]) -> ctypes.CDLL:
    """Return the library in a file, with these ``functions``.

    Raises :class:`OSError`, or :class:`AttributeError` for a function that is not there.
    """
    library = ctypes.CDLL(str(path))
    try:
        for function, result, parameters in functions:
            call = getattr(library, function)
            call.restype, call.argtypes = result, parameters
    except AttributeError:
        # While it is open, a new file of its name would not be loaded instead.
        _ctypes.dlclose(library._handle)
        raise
    return library


def _made(name: str, make: Callable[[Compiler], Path], who: str,
          waiting: Callable[[], None] | None = None, doing: str = COMPILING) -> Path:
    try:
        with cache.workspace(who=who) as folder, Progress(doing) as progress:
            work = folder / "work"
            work.mkdir()
            compiler = Compiler(work, who=who, waiting=waiting or progress.show)
            cache.publish(name, make(compiler), folder, who=who)
        path = cache.find(name, who=who)
    except (OSError, ValueError) as error:
        raise Unavailable(f"{who} cannot keep what it compiles: {error}; "
                          "set XDG_CACHE_HOME to a folder of your own") from error
    if path is None:
        raise Unavailable(f"{who} cannot keep what it compiles: somebody has deleted it")
    return path


def _warn(trouble: str) -> None:
    print(f"dragoncage: compiling anew: {trouble}", file=sys.stderr, flush=True)
