"""Variables of the kernel: each is declared in the file that owns it.

Ref: Linux 6.12, include/linux/percpu-defs.h.

In C a variable is an address, and every machine has its own memory behind it. Here several machines
live in one Python process. So a declaration is a key, and the values are kept for each machine, or
for each processor of it, where a processor finds them by its GS base::

    init_mm      = DEFINE(mm_struct)
    cpu_tlbstate = DEFINE_PER_CPU(tlb_state)

    init_mm(cpu).pgd
    this_cpu_ptr(cpu, cpu_tlbstate).loaded_mm
    per_cpu_ptr(cpu_tlbstate, other).loaded_mm
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

from sw.processor.cpu import Cpu


__all__ = [
    "DEFINE", "DEFINE_PER_CPU", "image", "per_cpu_area", "per_cpu_ptr", "this_cpu_ptr",
]


T = TypeVar("T")


class DEFINE(Generic[T]):
    """A variable of which each machine has one. Called with a processor, it is the value.

    Parameters
    ----------
    initial : callable or :class:`None`
        Makes the value that it begins with. None: it has none until it is set.
    """

    def __init__(self, initial: Callable[[], T] | None = None):
        self.initial = initial

    def __call__(self, cpu: Cpu) -> T:
        """Value on the machine of ``cpu``."""
        value: T = cpu.gs_base.image[self]
        return value

    def set(self, cpu: Cpu, value: T) -> None:
        """Give it another value on the machine of ``cpu``."""
        cpu.gs_base.image.set(self, value)


class DEFINE_PER_CPU(Generic[T]):
    """A variable of which each processor has one.

    Parameters
    ----------
    initial : callable
        Makes the value that it begins with.
    """

    def __init__(self, initial: Callable[[], T]):
        self.initial = initial


class _Values(dict[Any, Any]):
    """Values by declaration, each made when it is first looked at."""

    def __missing__(self, variable: DEFINE[Any] | DEFINE_PER_CPU[Any]) -> Any:
        assert variable.initial is not None, "BUG: a variable is read before it is set"
        value = self[variable] = variable.initial()
        return value


class image(_Values):
    """Variables of one kernel on one machine."""

    def set(self, variable: DEFINE[T], value: T) -> None:
        """Give a variable another value."""
        self[variable] = value


class per_cpu_area(_Values):
    """Variables of one processor, and the way to those of its kernel.

    Parameters
    ----------
    kernel : :class:`image`
        Variables of the kernel.
    """

    def __init__(self, kernel: image):
        super().__init__()
        self.image = kernel


def this_cpu_ptr(cpu: Cpu, variable: DEFINE_PER_CPU[T]) -> T:
    """Value on the processor that executes."""
    value: T = cpu.gs_base[variable]
    return value


def per_cpu_ptr(variable: DEFINE_PER_CPU[T], cpu: Cpu) -> T:
    """Value on any processor."""
    return this_cpu_ptr(cpu, variable)
