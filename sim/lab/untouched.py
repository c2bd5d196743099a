"""The project's code as it was imported: a text of a visitor's may have changed a rule.

A compiled machine is that of the files. So a text that changes what was imported from them is
played by Amaranth's simulator, which plays what there is now; and then Python is loaded anew, for
the next one may count on the code as it is.
"""

import sys
from functools import cache
from types import FunctionType, ModuleType
from typing import Any


__all__ = ["Untouched", "untouched"]


#: Packages of the project. Amaranth is none of them: it counts its own objects.
PACKAGES = ("hw", "sim", "sw")


class Untouched:
    """The state of that code when this was made; true as long as nothing is exchanged in it.

    Names of modules, attributes of classes and the code of functions are compared. Modules that
    are imported later are none of those that were.
    """

    def __init__(self) -> None:
        self._modules = [(module, _members(module)) for name, module in sys.modules.items()
                         if name in PACKAGES
                         or name.startswith(tuple(f"{package}." for package in PACKAGES))]

    def __bool__(self) -> bool:
        return all(_same(before, _members(module)) for module, before in self._modules)


def _members(module: ModuleType) -> dict[tuple[str, ...], tuple[Any, Any]]:
    """All that has a name in a module, with the code of what is a function."""
    found: dict[tuple[str, ...], tuple[Any, Any]] = {}
    for name, value in list(vars(module).items()):
        # A package gets names of modules that are imported later.
        if isinstance(value, ModuleType):
            continue
        found[name,] = value, _code(value)
        if isinstance(value, type) and value.__module__ == module.__name__:
            for member, inner in list(vars(value).items()):
                found[name, member] = inner, _code(inner)
    return found


def _code(value: Any) -> Any:
    if isinstance(value, (classmethod, staticmethod)):
        value = value.__func__
    elif isinstance(value, property):
        value = value.fget
    return value.__code__ if isinstance(value, FunctionType) else None


def _same(before: dict[tuple[str, ...], tuple[Any, Any]],
          now: dict[tuple[str, ...], tuple[Any, Any]]) -> bool:
    return before.keys() == now.keys() and all(
        value is now[name][0] and code is now[name][1] for name, (value, code) in before.items())


def untouched() -> bool:
    """True if nothing has been exchanged since the first call, before any text was played."""
    return bool(_beginning())


@cache
def _beginning() -> Untouched:
    return Untouched()
