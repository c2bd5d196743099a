"""Signals, on the way back to the program.

Ref: Linux 6.12, arch/x86/kernel/signal.c.
"""

from sw.arch.x86.include.asm.current import current
from sw.include.linux.signal_types import SIG_DFL, SIG_HANDLER, SIGKILL, Killed, Signal
from sw.kernel.exit import do_group_exit
from sw.kernel.trace.ftrace import traced
from sw.processor.cpu import Cpu


__all__ = ["arch_do_signal_or_restart"]


@traced
async def arch_do_signal_or_restart(cpu: Cpu) -> None:
    """Deliver the current task's next signal, on the way to its program.

    Raises :class:`Signal` into the program if it has a handler. Otherwise the task exits, and
    :class:`Killed` ends its program. SIGKILL goes first.
    """
    task = current(cpu)
    task.pending.sort(key=lambda info: info.si_signo != SIGKILL)
    info   = task.pending.pop(0)
    action = task.sighand.action.get(info.si_signo, SIG_DFL)
    if action == SIG_HANDLER:
        raise Signal(info)
    if action == SIG_DFL:
        await do_group_exit(cpu, info.si_signo)
        raise Killed(info)
