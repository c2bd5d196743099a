"""Signals, on the way back to the program.

Ref: Linux 6.12, arch/x86/kernel/signal.c.
"""

from sw.arch.x86.include.asm.current import current
from sw.include.linux.signal_types import SIG_HANDLER, Killed, Signal
from sw.kernel.exit.do_exit import do_group_exit
from sw.kernel.signal.action import sig_handler
from sw.kernel.signal.deliver import get_signal
from sw.kernel.trace.ftrace import traced
from sw.processor.cpu import Cpu


__all__ = ["arch_do_signal_or_restart"]


@traced
async def arch_do_signal_or_restart(cpu: Cpu) -> None:
    """Deliver the current task's next signal, on the way to its program, if it does anything.

    Raises :class:`Signal` into the program if it has a handler, ``Stopped`` if the task stops.
    Otherwise the task exits, and :class:`Killed` ends its program.
    """
    task = current(cpu)
    info = await get_signal(cpu, task)
    if info is None:
        return
    if task.signal.group_exit_code is None and sig_handler(task, info.si_signo) == SIG_HANDLER:
        raise Signal(info)
    await do_group_exit(cpu, info.si_signo)
    raise Killed(info)
