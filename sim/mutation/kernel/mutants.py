"""Mutants of the kernel: changes of its source, each in one function, drawn from a seed."""

import ast
import gc
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from inspect import CO_NEWLOCALS
from pathlib import Path
from types import CodeType, FunctionType

import sw
from sim.mutation.mutant import Draw

from .operators import sites


__all__ = ["KernelMutant", "activate", "code_of", "folder", "list_mutants", "name_of"]


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
    function : :class:`str`
        Name of the outermost function that changes, as :func:`name_of` has it.
    """

    number:   int
    file:     str
    line:     int
    kind:     str
    change:   str
    site:     int
    function: str

    @property
    def place(self) -> str:
        """The file and the line, and the function."""
        return f"sw/{self.file}:{self.line} ({self.function.split(':')[1]})"


def list_mutants(draw: Draw) -> tuple[KernelMutant, ...]:
    """Draw mutants of the kernel, or all that there are if they are fewer."""
    drawn = random.Random(draw.seed)
    every = [(file, place) for file in _files() for place in range(_count(file))]
    found: list[KernelMutant] = []
    for file, place in drawn.sample(every, len(every)):
        if len(found) == draw.count:
            break
        if functions := _changed(file, place):
            site = list(sites(_tree(file)))[place]
            found.append(KernelMutant(len(found) + 1, file, site.line, site.kind, site.change,
                                      place, name_of(next(iter(functions)))))
    return tuple(found)


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


@cache
def _count(file: str) -> int:
    return sum(1 for _ in sites(_tree(file)))


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
    pairs = [(one, other) for one, other in zip(_codes(code_of(file)), _codes(new), strict=False)
             if one != other]
    if any(one.co_freevars != other.co_freevars or one.co_qualname != other.co_qualname
           for one, other in pairs):
        return {}
    # A module, and the body of a class, have been executed.
    return {one: other for one, other in pairs if one.co_flags & CO_NEWLOCALS}


def _codes(code: CodeType) -> Iterator[CodeType]:
    """Code of all functions in some code, and of itself."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)
