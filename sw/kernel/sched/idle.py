"""Idle tasks, and the work that ends their sleep.

Ref: Linux 6.12, kernel/sched/idle.c, kernel/sched/core.c (init_idle, schedule_idle).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, NoReturn

from sw.arch.x86.include.asm.current import current, pcpu_hot
from sw.arch.x86.include.asm.irqflags import local_irq_disable, local_irq_enable, safe_halt
from sw.arch.x86.include.asm.smp import smp_send_reschedule
from sw.include.linux.completion import completion
from sw.include.linux.sched import PF_KTHREAD, task_struct
from sw.kernel.cred import init_cred
from sw.kernel.fork.mm import mmgrab
from sw.kernel.panic import KernelOops
from sw.kernel.trace.ftrace import traced
from sw.mm.init_mm import init_mm
from sw.processor.cpu import Cpu
from sw.processor.exceptions import TripleFault
from sw.variables import per_cpu_ptr, this_cpu_ptr

from .completion import complete
from .core import context_switch
from .sched import runqueues


__all__ = ["cpu_startup_entry", "init_idle", "start_on"]


def init_idle(cpu: Cpu) -> None:
    """Make the task that a processor begins with, and goes back to; it has number 0."""
    mmgrab(init_mm(cpu))
    idle = task_struct(
        pid=0, tgid=0, comm=f"swapper/{cpu.number}", cred=init_cred, active_mm=init_mm(cpu),
        flags=PF_KTHREAD, on_cpu=cpu)
    this_cpu_ptr(cpu, runqueues).idle       = idle
    this_cpu_ptr(cpu, pcpu_hot).current_task = idle


async def start_on(cpu: Cpu, target_cpu: Cpu,
                   program: Callable[[Cpu], Awaitable[Any]]) -> completion:
    """Let another processor execute ``await program(target_cpu)`` when it is idle.

    Returns at once. What the program returns or raises is for ``wait_for_completion``; but what
    the kernel raises about itself (an oops, a failed BUG_ON) stops the machine.
    """
    assert target_cpu is not cpu, "BUG: a processor that executes this is not idle"
    done = completion()
    per_cpu_ptr(runqueues, target_cpu).programs.append((program, done))
    await smp_send_reschedule(cpu, target_cpu)
    return done


@traced
async def do_idle(cpu: Cpu) -> None:
    """Sleep until there is work. An interrupt that brings some is not missed."""
    work          = this_cpu_ptr(cpu, runqueues)
    work.sleeping = True
    local_irq_disable(cpu)
    while not work.programs:
        await safe_halt(cpu)
        local_irq_disable(cpu)
    work.sleeping = False
    await local_irq_enable(cpu)


async def schedule_idle(cpu: Cpu) -> None:
    """Do the work that came first, and go back to the idle task."""
    work = this_cpu_ptr(cpu, runqueues)
    program, done = work.programs.pop(0)
    try:
        done.result = await program(cpu)
    except (KernelOops, TripleFault, AssertionError):
        raise
    except Exception as error:
        done.error = error
    assert work.idle is not None
    if current(cpu) is not work.idle:
        await context_switch(cpu, current(cpu), work.idle)
    await complete(cpu, done)


async def cpu_startup_entry(cpu: Cpu) -> NoReturn:
    """Be the idle task, for ever."""
    while True:
        await do_idle(cpu)
        await schedule_idle(cpu)
