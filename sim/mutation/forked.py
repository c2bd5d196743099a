"""Checks of a mutant in a process of its own, which may hang or crash."""

import os
import resource
import select
import signal
import sys
import time
from collections.abc import Callable
from math import ceil


__all__ = ["HANGS", "allow", "forked"]


#: Verdict of a check that has not ended in time.
HANGS = "it never ends"

#: Seconds that pass for each of the processor's, at most: a process may get little of it, or wait
#: for what never comes.
WAITING = 60

#: Bytes that are read at once.
_SOME = 65536


def forked(check: Callable[[], str], seconds: float) -> str:
    """Return what ``check`` returns in a copy of this process: what it has noticed, in words.

    An exception is noticed, too, and so is an end by a signal, or none within so many ``seconds``
    of the processor's time. Empty words: nothing was noticed.
    """
    reading, writing = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if child == 0:
        _run(check, reading, writing, seconds)
    os.close(writing)
    told: str | None = None
    try:
        told = _read(reading, time.monotonic() + WAITING * seconds)
    finally:
        os.close(reading)
        if told is None:
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
    if told is None or os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGXCPU:
        return HANGS
    state, _, words = told.partition("\n")
    return words if state == "done" else "the process has crashed"


def allow(seconds: float) -> None:
    """Let this process, if it is such a copy, take no more than so many seconds from now on."""
    limit = ceil(time.process_time() + seconds)
    resource.setrlimit(resource.RLIMIT_CPU, (max(1, limit), resource.RLIM_INFINITY))


def _run(check: Callable[[], str], reading: int, writing: int, seconds: float) -> None:
    """Perform a check in the copy, and end it without what else the process would do at its end."""
    try:
        os.close(reading)
        allow(seconds)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        try:
            words = check()
        except BaseException as error:
            words = f"{type(error).__name__}: {error}"
        os.write(writing, f"done\n{words[:_SOME // 8]}".encode(errors="replace"))
    finally:
        os._exit(0)


def _read(reading: int, deadline: float) -> str | None:
    """All that comes until the other end is closed; None if that is too late."""
    found = b""
    while True:
        ready, _, _ = select.select([reading], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            return None
        some = os.read(reading, _SOME)
        if not some:
            return found.decode(errors="replace")
        found += some
