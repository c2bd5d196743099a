"""Footprints of steps: all that they touch, and so which of them commute.

Two steps of different processors commute if neither writes what the other reads or writes: words of
physical memory, interrupts, and the kernel's own state, which is in Python objects. Those are
watched by taking over how attributes of the kernel's classes are read and written. Of a list, set
or dictionary that a step comes by, it is looked at afterwards whether the step has changed it; who
keeps one over several steps must not change it then without coming by it again, and no code in
``sw`` does.

The classes are watched in the whole process, and for good: this is for processes that explore.
"""

import dataclasses
import enum
import inspect
import sys
from collections.abc import Callable, Hashable
from typing import Any

from sw import variables
from sw.kernel.trace.ftrace import ret_stack
from sw.mm.memory.mem_map import mem_map


__all__ = ["Footprint", "watch"]


#: Classes of a processor's own: what one of them touches no other processor can see.
_OWN = frozenset(("Access", "Cpu", "Fixup", "Response", "Restarts", "User", "pt_regs", "vm_fault"))

#: Variables in which nothing is kept that matters to others.
_UNSEEN = (ret_stack, mem_map)

_CONTAINERS = (list, set, dict)


class Footprint:
    """Locations that one step has read and written.

    Attributes
    ----------
    reads, writes : :class:`set`
        The locations.
    """

    def __init__(self) -> None:
        self.reads:  set[Hashable] = set()
        self.writes: set[Hashable] = set()
        self._containers: dict[int, tuple[Any, Any]] = {}

    def came_by(self, container: Any) -> None:
        """Note that the step may read or change a list, set or dictionary."""
        if id(container) not in self._containers:
            self._containers[id(container)] = container, _contents(container)

    def end(self) -> list[Any]:
        """Look at what the containers have become. Returns them, as they must not be freed."""
        kept = []
        for number, (container, before) in self._containers.items():
            kept.append(container)
            after = _contents(container)
            same  = len(before) == len(after) and all(
                one is other for one, other in zip(before, after, strict=True))
            (self.reads if same else self.writes).add((number, ""))
        return kept

    def add(self, other: "Footprint") -> None:
        """Add what another step has touched."""
        self.reads  |= other.reads
        self.writes |= other.writes

    def conflicts(self, other: "Footprint") -> bool:
        """Tell whether the order of two steps may matter."""
        return not (self.writes.isdisjoint(other.writes) and self.writes.isdisjoint(other.reads)
                    and self.reads.isdisjoint(other.writes))


def _contents(container: Any) -> list[Any]:
    if isinstance(container, dict):
        return [item for pair in container.items() for item in pair]
    return sorted(container, key=id) if isinstance(container, set) else list(container)


class _Watched:
    """The footprint that is being made, and the objects in footprints, which must stay alive."""

    current = Footprint()
    alive:  dict[int, Any] = {}


def watch() -> Callable[[], Footprint]:
    """Watch the kernel's classes from now on. The function returned ends a footprint."""
    for name, module in list(sys.modules.items()):
        if name.startswith("sw."):
            for kind in vars(module).values():
                if inspect.isclass(kind) and kind.__module__ == name and _is_shared(kind):
                    _watch(kind)
    _watch_variables()

    def ended() -> Footprint:
        footprint = _Watched.current
        _Watched.current = Footprint()
        for container in footprint.end():
            _Watched.alive[id(container)] = container
        return footprint

    return ended


def _is_shared(kind: type) -> bool:
    """Tell whether objects of a class have state that several processors can see."""
    parameters = getattr(kind, "__dataclass_params__", None)
    return not (kind.__name__ in _OWN or issubclass(kind, (BaseException, enum.Enum, dict, tuple))
                or kind.__module__ in ("sw.variables", "sw.bus")
                or (dataclasses.is_dataclass(kind) and parameters is not None
                    and parameters.frozen)
                or getattr(kind, "_is_protocol", False))


def _watch(kind: Any) -> None:
    read, write = kind.__getattribute__, kind.__setattr__

    def __getattribute__(self: Any, name: str) -> Any:
        value = read(self, name)
        _Watched.current.reads.add((id(self), name))
        _Watched.alive[id(self)] = self
        if isinstance(value, _CONTAINERS):
            _Watched.current.came_by(value)
        return value

    def __setattr__(self: Any, name: str, value: Any) -> None:
        _Watched.current.writes.add((id(self), name))
        _Watched.alive[id(self)] = self
        write(self, name, value)

    kind.__getattribute__, kind.__setattr__ = __getattribute__, __setattr__


def _watch_variables() -> None:
    """Watch the kernel's variables, which are values by declaration."""
    def __getitem__(self: Any, variable: Any) -> Any:
        value = (dict.__getitem__(self, variable) if variable in self
                 else self.__missing__(variable))
        if variable not in _UNSEEN:
            _Watched.current.reads.add((id(self), id(variable)))
            if isinstance(value, _CONTAINERS):
                _Watched.current.came_by(value)
        return value

    def __setitem__(self: Any, variable: Any, value: Any) -> None:
        _Watched.current.writes.add((id(self), id(variable)))
        dict.__setitem__(self, variable, value)

    for kind in (variables.image, variables.per_cpu_area):
        kind.__getitem__, kind.__setitem__ = __getitem__, __setitem__  # type: ignore
