"""Function tracer: the kernel functions that execute, for the waveform.

Ref: Linux 6.12, Documentation/trace/ftrace.rst (the function tracer).
"""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable
from typing import Concatenate, ParamSpec, TypeVar

from sw.processor.cpu import Cpu
from sw.variables import DEFINE_PER_CPU, this_cpu_ptr


__all__ = ["available_filter_functions", "ret_stack", "traced"]


P = ParamSpec("P")
R = TypeVar("R")

#: C names of all functions that can be seen (Linux lists them in a file of this name).
available_filter_functions: set[str] = set()

#: Traced functions that a processor executes, outermost first.
ret_stack: DEFINE_PER_CPU[list[str]] = DEFINE_PER_CPU(list)


def traced(
    function: Callable[Concatenate[Cpu, P], Awaitable[R]],
) -> Callable[Concatenate[Cpu, P], Awaitable[R]]:
    """Mark the machine with the C name of ``function`` while it executes.

    The mark is the whole stack of traced functions of the processor, outermost first. It is
    taken back however the function ends.
    """
    name = function.__name__
    available_filter_functions.add(name)

    @functools.wraps(function)
    async def tracer(cpu: Cpu, /, *args: P.args, **kwargs: P.kwargs) -> R:
        stack = this_cpu_ptr(cpu, ret_stack)
        stack.append(name)
        cpu.bus.mark(tuple(stack))
        try:
            return await function(cpu, *args, **kwargs)
        finally:
            stack.pop()
            cpu.bus.mark(tuple(stack))

    return tracer
