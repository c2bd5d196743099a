"""Sections of a task in which its page faults are not handled.

Ref: Linux 6.12, include/linux/uaccess.h.

An access that faults goes to its landing pad at once: a copy stops where the program's memory is
not present.
"""

from __future__ import annotations

from sw.arch.x86.include.asm.current import current
from sw.processor.cpu import Cpu


__all__ = ["faulthandler_disabled", "pagefault_disable", "pagefault_enable"]


def pagefault_disable(cpu: Cpu) -> None:
    """Begin such a section; they may nest."""
    current(cpu).pagefault_disabled += 1


def pagefault_enable(cpu: Cpu) -> None:
    """End it."""
    assert current(cpu).pagefault_disabled > 0, "BUG: page faults are enabled already"
    current(cpu).pagefault_disabled -= 1


def faulthandler_disabled(cpu: Cpu) -> bool:
    """Tell whether a fault on a user address is refused, whatever the mappings say."""
    return current(cpu).pagefault_disabled > 0
