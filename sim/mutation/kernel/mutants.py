"""Mutants of the kernel: changes of its source, each in one function, drawn from a seed.

The seed gives each change a rank by what it is, and not by its place among the others: a draw stays
what it was, but for changes of lines that come and go.
"""

import ast
import gc
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from inspect import CO_NEWLOCALS
from operator import itemgetter
from pathlib import Path
from types import CodeType, FunctionType

import sw
from sim.mutation.mutant import Draw

from .operators import Site, sites


__all__ = [
    "KernelMutant", "activate", "code_of", "codes", "folder", "list_mutants", "name_of",
]


@dataclass(frozen=True)
class KernelMutant:
    """A change in one function.

    Attributes
    ----------
    number : :class:`int`
        Its number, from 1 on.
    file : :class:`str`
        The file, below ``sw``.
    line : :class:`int`
        The line.
    kind, change : :class:`str`
        As a :class:`.operators.Site` has them.
    site : :class:`int`
        Number of the site in its file.
    function, lines : :class:`str`, :class:`range`
        As a :class:`.operators.Site` has them.
    """

    number:   int
    file:     str
    line:     int
    kind:     str
    change:   str
    site:     int
    function: str
    lines:    range

    @property
    def place(self) -> str:
        """The file and the line, and the function."""
        return f"sw/{self.file}:{self.line} ({self.function})"

    @property
    def netlist(self) -> str:
        """Nothing: it has only names of sources."""
        return ""


def list_mutants(draw: Draw) -> tuple[KernelMutant, ...]:
    """Draw mutants of the kernel, or all that there are if they are fewer."""
    every = [(_rank(draw.seed, file, site), file, place, site)
             for file in _files() for place, site in enumerate(sites(_tree(file)))]
    found: list[KernelMutant] = []
    for _, file, place, site in sorted(every, key=itemgetter(0)):
        if len(found) == draw.count:
            break
        if _changed(file, place):
            found.append(KernelMutant(len(found) + 1, file, site.line, site.kind, site.change,
                                      place, site.function, site.lines))
    return tuple(found)


def _rank(seed: int, file: str, site: Site) -> bytes:
    return hashlib.sha256("\n".join(
        [str(seed), file, site.function, site.change]).encode()).digest()


def activate(mutant: KernelMutant) -> None:
    """Change the functions of the kernel that this process has loaded: there is no way back."""
    changed = {name_of(old): new for old, new in _changed(mutant.file, mutant.site).items()}
    for function in gc.get_objects():
        if isinstance(function, FunctionType) and (
                other := changed.get(name_of(function.__code__))) is not None:
            function.__code__ = other


def name_of(code: CodeType) -> str:
    """Name of a function by its code: file below ``sw``, qualified name, and first line."""
    file = code.co_filename.removeprefix(f"{folder()}/")
    return f"{file}:{code.co_qualname}:{code.co_firstlineno}"


def code_of(file: str) -> CodeType:
    """The code of a file of the kernel."""
    return _compiled(_tree(file), file)


@cache
def folder() -> Path:
    """The folder of the kernel."""
    [folder] = sw.__path__
    return Path(folder)


def _files() -> list[str]:
    return sorted(str(file.relative_to(folder())) for file in folder().rglob("*.py"))


def _tree(file: str) -> ast.Module:
    return ast.parse((folder() / file).read_text(encoding="utf-8"))


def _compiled(tree: ast.Module, file: str) -> CodeType:
    return compile(ast.fix_missing_locations(tree), str(folder() / file), "exec",
                   dont_inherit=True)


def _changed(file: str, place: int) -> Mapping[CodeType, CodeType]:
    """Code of functions by what it was, outermost first; none if a function cannot be changed.

    A function whose variables of outer functions are others cannot get its new code.
    """
    tree = _tree(file)
    list(sites(tree))[place].apply()
    try:
        new = _compiled(tree, file)
    except SyntaxError:
        return {}
    pairs = [(one, other) for one, other in zip(codes(code_of(file)), codes(new), strict=False)
             if one != other]
    if any(one.co_freevars != other.co_freevars or one.co_qualname != other.co_qualname
           for one, other in pairs):
        return {}
    # A module, and the body of a class, have been executed.
    return {one: other for one, other in pairs if one.co_flags & CO_NEWLOCALS}


def codes(code: CodeType) -> Iterator[CodeType]:
    """Code of all functions in some code, and of itself."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from codes(constant)
