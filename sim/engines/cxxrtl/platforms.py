"""Platforms that a machine is compiled for: this one, and WebAssembly."""

import os
import platform
import subprocess
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

from sim.errors import Unavailable
from sim.toolchain.compiler import Prototype, cxx, tool


__all__ = ["NATIVE", "WASM", "Platform"]


@dataclass(frozen=True)
class Platform:
    """A platform.

    Attributes
    ----------
    name : :class:`str`
        Its processor, as Python calls it there.
    compiler : callable
        Finds the compiler and its version, as :func:`sim.toolchain.compiler.cxx` does.
    flags : sequence of :class:`str`
        Options of the compiler.
    exports : :class:`str`
        Option that lists the functions of a library, up to its value; empty if there is no need.
    environment : mapping of :class:`str` to :class:`str`
        Variables that the compiler wants.
    """

    name:        str
    compiler:    Callable[..., tuple[str, str]]
    flags:       Sequence[str]
    exports:     str = ""
    environment: Mapping[str, str] = field(default_factory=dict)

    def command(self, compiler: str, functions: Iterable[Prototype], *words: str) -> list[str]:
        """The command of a library with these ``functions``."""
        listed = ",".join(f"_{name}" for name, *_ in functions)
        exports = [f"{self.exports}{listed}"] if self.exports else []
        return [compiler, *self.flags, *exports, *words]

    def variables(self) -> dict[str, str] | None:
        """The compiler's environment; None if it is ours."""
        return {**os.environ, **self.environment} if self.environment else None


@cache
def _emscripten(*, who: str) -> tuple[str, str]:
    """Emscripten's compiler and its version. Raises :class:`sim.errors.Unavailable`."""
    found = tool("em++", who=who, what="the compiler em++", package="emscripten node-acorn")
    done  = subprocess.run([found, "--version"], capture_output=True, encoding="utf-8",
                           errors="replace", env={**os.environ, **WASM.environment})
    if done.returncode:
        raise Unavailable(f"{who} needs the compiler em++, but {found} does not run")
    return found, done.stdout


# Signals are short arrays of words: vector instructions wait for words that were just stored.
_SCALAR = ("-fno-tree-vectorize", "-fno-tree-slp-vectorize")

#: The platform that this process runs on.
NATIVE = Platform(platform.machine(), cxx, ("-std=c++17", "-O3", *_SCALAR, "-shared", "-fPIC"))

#: Python in a browser, which is Pyodide: it wants numbers of 64 bits as BigInt. Machines have
#: functions of the same names. The one that is loaded first would give its own to all others: an
#: inline function is imported, unless all is optimised as a whole and nothing shows but "exports".
WASM = Platform(
    "wasm32", _emscripten, ("-std=c++17", "-O2", *_SCALAR, "-fPIC", "-flto",
                            "-fvisibility=hidden", "-sWASM_BIGINT", "-sSIDE_MODULE=2"),
    exports="-sEXPORTED_FUNCTIONS=",
    # Debian's package looks for acorn, another package of Debian's, only where it is told to.
    environment={"NODE_PATH": "/usr/share/nodejs"})
