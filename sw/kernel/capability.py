"""Capabilities of the current task.

Ref: Linux 6.12, kernel/capability.c. There is one user namespace, so that capable() and
ns_capable() are the same.
"""

from sw.arch.x86.include.asm.current import current
from sw.processor.cpu import Cpu


__all__ = ["capable"]


def capable(cpu: Cpu, cap: str) -> bool:
    """Tell whether the current task has ``cap``. Its ids do not matter, root's neither."""
    return cap in current(cpu).cred.cap_effective
