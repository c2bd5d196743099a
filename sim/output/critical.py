"""Critical sections: without signals, and without another program of ours."""

import errno
import fcntl
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress


__all__ = ["PATIENCE", "deferred_signals", "locked"]


#: Seconds to wait for a lock.
PATIENCE = 10.0

#: Signals that may end a command.
ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def deferred_signals() -> Iterator[None]:
    """Defer the signals that end us until after the body of the ``with`` statement."""
    if threading.current_thread() is not threading.main_thread():
        yield  # Signals end nothing but the main thread.
        return
    arrived: list[int] = []
    before = {number: signal.signal(number, lambda number, frame: arrived.append(number))
              for number in ENDINGS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for late in arrived:
            signal.raise_signal(late)


@contextmanager
def locked(folder: str) -> Iterator[None]:
    """Lock ``folder`` for the body of the ``with`` statement, against others of us.

    Not every file system has locks; without them others may be there, too. Raises
    :class:`TimeoutError` after :data:`PATIENCE`: anybody who can read a folder can lock it.
    """
    descriptor = None
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        if descriptor is not None:
            _lock(descriptor)
        yield
    finally:
        if descriptor is not None:
            os.close(descriptor)


def _lock(descriptor: int) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            time.sleep(0.02)
        except OSError:
            return  # This file system has no locks.
    raise TimeoutError(errno.ETIMEDOUT, f"another program has had it locked for {PATIENCE:.0f} s")
