"""Calling a function on other processors.

Ref: Linux 6.12, kernel/smp.c, kernel/up.c, include/linux/smp.h.

The caller waits until all have done it. Meanwhile it takes interrupts: the others may want the same
of it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from typing import Any

from sw.arch.x86.include.asm.irqflags import irqs_disabled, local_irq_restore, local_irq_save
from sw.arch.x86.include.asm.processor import cpu_relax
from sw.arch.x86.include.asm.smp import arch_send_call_function_ipi_mask
from sw.include.linux.cpumask import cpu_online_mask
from sw.processor.cpu import Cpu
from sw.variables import DEFINE_PER_CPU, per_cpu_ptr, this_cpu_ptr

from .trace.ftrace import traced


__all__ = [
    "call_single_data", "call_single_queue", "flush_smp_call_function_queue",
    "generic_smp_call_function_interrupt", "on_each_cpu", "on_each_cpu_cond_mask",
    "smp_call_function_many_cond",
]


#: ``await func(cpu, info)`` on each processor; ``cond(other, info)`` chooses them.
smp_call_func_t = Callable[..., Awaitable[None]]
smp_cond_func_t = Callable[..., bool]


@dataclass(eq=False, slots=True)
class call_single_data:
    """A function that one processor is to call for another.

    Attributes
    ----------
    locked : :class:`bool`
        It has not been done yet.
    """

    func:   smp_call_func_t
    info:   Any
    locked: bool = True


#: Functions that a processor is to call for others.
call_single_queue: DEFINE_PER_CPU[list[call_single_data]] = DEFINE_PER_CPU(list)


async def _call_locally(cpu: Cpu, func: smp_call_func_t, info: Any) -> None:
    flags = local_irq_save(cpu)
    try:
        await func(cpu, info)
    finally:
        await local_irq_restore(cpu, flags)


@traced
async def csd_lock_wait(cpu: Cpu, csd: call_single_data) -> None:
    """Wait until another processor has called the function."""
    while csd.locked:
        await cpu_relax(cpu)


@traced
async def smp_call_function_many_cond(
    cpu: Cpu, mask: Collection[int], func: smp_call_func_t, info: Any,
    cond_func: smp_cond_func_t | None,
) -> None:
    """Call ``func`` on the processors in ``mask``, here too, and wait until all have done it.

    A processor whose queue is not empty has been interrupted already, and will find this too.
    """
    assert not irqs_disabled(cpu), "BUG: would deadlock with a processor that waits for this one"
    chosen = [other for other in cpu_online_mask(cpu)
              if other.number in mask and (cond_func is None or cond_func(other, info))]
    calls: list[call_single_data] = []
    asleep: list[Cpu]             = []
    for other in chosen:
        if other is not cpu:
            queue = per_cpu_ptr(call_single_queue, other)
            if not queue:
                asleep.append(other)
            calls.append(call_single_data(func, info))
            queue.append(calls[-1])
    await arch_send_call_function_ipi_mask(cpu, asleep)
    if cpu in chosen:
        await _call_locally(cpu, func, info)
    for csd in calls:
        await csd_lock_wait(cpu, csd)


async def on_each_cpu_cond_mask(
    cpu: Cpu, cond_func: smp_cond_func_t | None, func: smp_call_func_t, info: Any,
    mask: Collection[int],
) -> None:
    """Call ``func`` on the processors in ``mask`` that ``cond_func`` chooses."""
    if set(mask) - {cpu.number}:
        await smp_call_function_many_cond(cpu, mask, func, info, cond_func)
    elif cpu.number in mask and (cond_func is None or cond_func(cpu, info)):
        await _call_locally(cpu, func, info)


async def on_each_cpu(cpu: Cpu, func: smp_call_func_t, info: Any) -> None:
    """Call ``func`` on all processors that are online."""
    mask = [other.number for other in cpu_online_mask(cpu)]
    await on_each_cpu_cond_mask(cpu, None, func, info, mask)


# On the processors that are called

async def flush_smp_call_function_queue(cpu: Cpu) -> None:
    """Call the functions that were queued so far. Interrupts are off."""
    queue = this_cpu_ptr(cpu, call_single_queue)
    calls = queue.copy()
    queue.clear()
    for csd in calls:
        await csd.func(cpu, csd.info)
        csd.locked = False


@traced
async def generic_smp_call_function_interrupt(cpu: Cpu) -> None:
    """Handle the interrupt of a processor that has queued a function."""
    assert irqs_disabled(cpu), "BUG: the handler of an interrupt must not be interrupted"
    await flush_smp_call_function_queue(cpu)
