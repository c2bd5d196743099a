"""Waiting until another processor has done something.

Ref: Linux 6.12, include/linux/completion.h, kernel/sched/completion.c.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .wait import sleep_on, wait_queue_head_t, wake_up

if TYPE_CHECKING:
    from sw.processor.cpu import Cpu


__all__ = ["complete", "completion", "wait_for_completion"]


@dataclass(eq=False, slots=True)
class completion:
    """Something that will be done.

    Attributes
    ----------
    done : :class:`bool`
        It is.
    wait : :class:`wait_queue_head_t`
        Who waits for it.
    result : :class:`object`
        What came of it.
    error : :class:`Exception` or :class:`None`
        What ended it instead.
    """

    done:   bool              = False
    wait:   wait_queue_head_t = field(default_factory=wait_queue_head_t)
    result: Any               = None
    error:  Exception | None  = None


async def complete(cpu: Cpu, x: completion) -> None:
    """Say that it is done, and wake who waits for it."""
    x.done = True
    await wake_up(cpu, x.wait)


async def wait_for_completion(cpu: Cpu, x: completion) -> Any:
    """Sleep until it is done. Returns what came of it, or raises what ended it."""
    while not x.done:
        await sleep_on(cpu, x.wait)
    if x.error is not None:
        raise x.error
    return x.result
