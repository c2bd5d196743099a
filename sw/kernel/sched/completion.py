"""Waiting until another processor has done something.

Ref: Linux 6.12, kernel/sched/completion.c.
"""

from __future__ import annotations

from typing import Any

from sw.include.linux.completion import completion
from sw.processor.cpu import Cpu

from .wait import sleep_on, wake_up


__all__ = ["complete", "wait_for_completion"]


async def complete(cpu: Cpu, x: completion) -> None:
    """Note that it is done, and wake those that wait for it."""
    x.done = True
    await wake_up(cpu, x.wait)


async def wait_for_completion(cpu: Cpu, x: completion) -> Any:
    """Sleep until it is done. Returns its result, or raises the exception that ended it."""
    while not x.done:
        await sleep_on(cpu, x.wait)
    if x.error is not None:
        raise x.error
    return x.result
