"""Checks of a mutant in a process of its own, which may hang or crash."""

import os
import select
import signal
import sys
import time
from collections.abc import Callable


__all__ = ["HANGS", "forked"]


#: Verdict of a check that has not ended in time.
HANGS = "it never ends"

#: Bytes that are read at once.
_SOME = 65536


def forked(check: Callable[[], str], seconds: float) -> str:
    """Return what ``check`` returns in a copy of this process: what it has noticed, in words.

    An exception is noticed, too, and so is an end by a signal, or none within ``seconds``. Empty
    words: nothing was noticed.
    """
    reading, writing = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if child == 0:
        _run(check, reading, writing)
    os.close(writing)
    try:
        told = _read(reading, time.monotonic() + seconds)
    finally:
        os.close(reading)
        if not os.waitpid(child, os.WNOHANG)[0]:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
    if told is None:
        return HANGS
    status, _, words = told.partition("\n")
    return words if status == "done" else "the process has crashed"


def _run(check: Callable[[], str], reading: int, writing: int) -> None:
    """Do a check in the copy, and end it without what else the process would do at its end."""
    try:
        os.close(reading)
        try:
            words = check()
        except BaseException as error:
            words = f"{type(error).__name__}: {error}"
        os.write(writing, f"done\n{words[:_SOME // 2]}".encode(errors="replace")[:_SOME - 1])
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
