"""Ends, stops and signals of a program of the model, in the words of :mod:`.script.host`."""

from collections.abc import Iterator
from contextlib import contextmanager

from sw.include.linux.signal_types import Killed, Signal, Stopped, Waiting
from sw.user import User

from . import host
from .host import Caught, Ended


__all__ = ["told"]


@contextmanager
def told(user: User) -> Iterator[None]:
    """Tell in the words of the interface what may come of a program's instruction."""
    try:
        yield
    except Signal as signal:
        raise Caught(signal.signo, signal.si_code, signal.si_addr, signal.error_code,
                     user.task.thread.trap_nr) from signal
    except Killed as killed:
        # A thread that another ends dies of SIGKILL, whatever its process has ended by.
        status = user.task.signal.group_exit_code
        raise Ended(killed.info.si_signo if status is None else status & 0x7F) from killed
    except Stopped as stopped:
        raise host.Stopped from stopped
    except Waiting as waiting:
        raise host.Waiting from waiting
    except RuntimeError as error:
        if "has ended" not in str(error):
            raise
        raise Ended(user.task.exit_code & 0x7F) from error
