"""Commands that run beside a test, as processes of their own.

A process that writes to a pipe or terminal which nobody reads stands still as soon as it is full,
and a test that waits on another channel then waits for ever. So all that a child says is read as
it comes, on each channel by a thread; every wait has an end; and no child outlives its test.
"""

import os
import pty
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path


__all__ = ["PATIENCE", "ROOT", "Child", "awaited", "ended", "started"]


ROOT = Path(__file__).parents[1]

#: Seconds that a child is given for anything, on a busy machine that has to compile first.
PATIENCE = 300


def awaited(condition, *, seconds=PATIENCE):
    """Wait until ``condition()`` is true, and return what it is then.

    Raises :class:`TimeoutError`, with the condition's docstring or name.
    """
    end = time.monotonic() + seconds
    while not (found := condition()):
        if time.monotonic() > end:
            raise TimeoutError(f"{condition.__doc__ or condition.__name__}: "
                               f"not within {seconds} seconds")
        time.sleep(0.02)
    return found


def ended(pid):
    """True if that process has come to its end, whether or not its parent has taken note of it.

    The first process of a container need not take note of those that it inherits.
    """
    try:
        return "\nState:\tZ" in Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    except (FileNotFoundError, ProcessLookupError):
        return True


class Child:
    """A process, for the body of the ``with`` statement; it is killed at the end of it.

    Parameters
    ----------
    command : :class:`str`
        The program and its arguments.
    terminal : :class:`bool`
        Standard input and standard error are a terminal, whose text is ``err``.
    stdin : file or :class:`int`
        Standard input, if it is not the terminal; by default it is empty.
    stdout : file or :class:`int`
        Standard output; by default it is read, and its text is ``out``.
    parameters
        As for :class:`subprocess.Popen`.

    Attributes
    ----------
    out, err : :class:`bytes`
        What it has said so far on standard output and standard error.
    returncode : :class:`int` or :class:`None`
        Its exit status, once :meth:`wait` has returned it.
    """

    def __init__(self, *command, terminal=False, stdin=subprocess.DEVNULL,
                 stdout=subprocess.PIPE, **parameters):
        self._said    = {"out": bytearray(), "err": bytearray()}
        self._threads = []
        self._controller, far = pty.openpty() if terminal else (None, None)
        try:
            self._process = subprocess.Popen(
                command, stdin=far if terminal else stdin, stdout=stdout,
                stderr=far if terminal else subprocess.PIPE, start_new_session=True, **parameters)
        finally:
            if terminal:
                os.close(far)
        if self._process.stdout is not None:
            self._listen("out", self._process.stdout.fileno())
        self._listen("err", self._controller if terminal else self._process.stderr.fileno())

    def __enter__(self):
        return self

    def __exit__(self, *reason):
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        for thread in self._threads:
            thread.join()
        for channel in (self._process.stdin, self._process.stdout, self._process.stderr):
            if channel is not None:
                channel.close()
        if self._controller is not None:
            os.close(self._controller)

    @property
    def pid(self):
        return self._process.pid

    @property
    def out(self):
        return bytes(self._said["out"])

    @property
    def err(self):
        return bytes(self._said["err"])

    @property
    def returncode(self):
        return self._process.returncode

    def until(self, condition):
        """Wait until ``condition()`` is true; return what it is then.

        Raises :class:`AssertionError` with all that the child has said if that ends before.
        """
        def met():
            if found := condition():
                return found
            if self._process.poll() is not None:
                self.wait()
                assert condition(), f"it has ended: {self.out!r}, {self.err!r}"
            return condition()

        return awaited(met)

    def line(self):
        """Wait for its first line on standard output; return it, without its end."""
        self.until(lambda: b"\n" in self.out)
        return self.out.decode().partition("\n")[0]

    def tell(self, text):
        """Write ``text`` to its standard input, a pipe, and close that."""
        with self._process.stdin as file:
            file.write(text.encode())

    def send_signal(self, number):
        """Send it a signal."""
        self._process.send_signal(number)

    def wait(self):
        """Wait for its end; return its exit status. All that it has said is there then."""
        self._process.wait(PATIENCE)
        for thread in self._threads:
            thread.join(PATIENCE)
        return self._process.returncode

    def _listen(self, name, channel):
        def listen():
            # A terminal whose other end is closed is an error to read from.
            with suppress(OSError):
                while some := os.read(channel, 65536):
                    self._said[name] += some

        thread = threading.Thread(target=listen, daemon=True)
        thread.start()
        self._threads.append(thread)


def started(*arguments, **parameters):
    """The command `dragoncage`, as a :class:`Child`."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **parameters.pop("env", {})}
    return Child(sys.executable, "-m", "dragoncage", *map(str, arguments), env=environment,
                 **parameters)
