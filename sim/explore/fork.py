"""Copies of this process, for machines that cannot be copied: coroutines are part of them.

A copy shares all memory with this process until one of them writes to it. It is a child that does
one thing, reports, and ends. It collects no garbage: that would write to most of the memory.
"""

import gc
import os
import pickle
import traceback
from collections.abc import Callable
from typing import TypeVar


__all__ = ["ChildFailed", "in_copy"]


T = TypeVar("T")


class ChildFailed(Exception):
    """A copy has not reported: the reason is what it said last."""


def in_copy(function: Callable[[], T]) -> T:
    """Call ``function`` in a copy of this process, and return what it returned.

    Raises :class:`ChildFailed` if it raises anything, or is killed.
    """
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reader)
        _report(function, writer)
    os.close(writer)
    with open(reader, "rb") as pipe:
        report = pipe.read()
    _, status = os.waitpid(pid, 0)
    if status or not report:
        raise ChildFailed(f"a copy of this process has ended with the wait status {status:#x}")
    done, result = pickle.loads(report)
    if not done:
        raise ChildFailed(result)
    found: T = result
    return found


def _report(function: Callable[[], object], writer: int) -> None:
    """Call the function, write its result to the pipe, and end without any tidying up."""
    status = 1
    try:
        gc.disable()
        gc.freeze()
        try:
            report = True, function()
        except BaseException:
            report = False, traceback.format_exc()
        with open(writer, "wb") as pipe:
            pickle.dump(report, pipe, pickle.HIGHEST_PROTOCOL)
        status = 0
    finally:
        os._exit(status)
