"""Locks for one processor at a time.

Ref: Linux 6.12, kernel/locking/spinlock.c.

A processor that waits gives the others a chance to run: each iteration of its loop is a bus
operation.
"""

from __future__ import annotations

from dataclasses import dataclass

from sw.arch.x86.include.asm.processor import cpu_relax
from sw.processor.cpu import Cpu


__all__ = ["spin_lock", "spin_unlock", "spinlock_t"]


@dataclass(eq=False, slots=True)
class spinlock_t:
    """A lock for one processor at a time.

    Attributes
    ----------
    holder : :class:`Cpu` or :class:`None`
        Processor that holds it.
    """

    holder: Cpu | None = None


async def spin_lock(cpu: Cpu, lock: spinlock_t) -> None:
    """Take ``lock``, as soon as nobody else has it."""
    assert lock.holder is not cpu, "BUG: spinlock recursion"
    while lock.holder is not None:
        await cpu_relax(cpu)
    lock.holder = cpu


def spin_unlock(cpu: Cpu, lock: spinlock_t) -> None:
    """Give ``lock`` back."""
    assert lock.holder is cpu, "BUG: spinlock wrong CPU"
    lock.holder = None
