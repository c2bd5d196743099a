"""sched_yield().

Ref: Linux 6.12, kernel/sched/syscalls.c.
"""

from sw.processor.cpu import Cpu


__all__ = ["sys_sched_yield"]


async def sys_sched_yield(cpu: Cpu) -> int:
    """Let others have the processor, which never fails: programs say themselves whose turn it is.

    A signal that has been sent meanwhile is met on the way back, as after every call.
    """
    return 0
