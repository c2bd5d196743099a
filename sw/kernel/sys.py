"""A process's own number.

Ref: Linux 6.12, kernel/sys.c.
"""

from sw.arch.x86.include.asm.current import current
from sw.processor.cpu import Cpu


__all__ = ["sys_getpid"]


async def sys_getpid(cpu: Cpu) -> int:
    """Return the number of the process."""
    return current(cpu).tgid
