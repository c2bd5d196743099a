"""Runs programs that take a while, with a log."""

import os
import shlex
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO


__all__ = ["ProgramFailed", "run"]


#: Seconds between two looks at a program.
PAUSE = 0.2


class ProgramFailed(Exception):
    """A program has ended with an error.

    Attributes
    ----------
    said : :class:`str`
        All that it has said.
    """

    def __init__(self, program: str, said: str):
        super().__init__(f"{program} has failed")
        self.said = said


def run(command: Sequence[str], *, log: Path, waiting: Callable[[], None],
        environment: Mapping[str, str] | None = None) -> None:
    """Run a program in the folder of ``log``, to which what it says is added.

    ``waiting`` is called at once and then several times a second. If it raises, or there is an
    interrupt, the program is ended. Raises :class:`ProgramFailed`, and :class:`OSError` if the log
    cannot be written.
    """
    with log.open("ab") as output:
        output.write(os.fsencode(f"$ {shlex.join(command)}\n"))
        output.flush()
        begin = output.tell()
        with _started(command, log.parent, output, environment) as process:
            try:
                while process.returncode is None:
                    waiting()
                    with suppress(subprocess.TimeoutExpired):
                        process.wait(PAUSE)
            except BaseException:
                # Whoever interrupts us does not want to wait for it, nor for those that it runs.
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()  # ... but its folder is about to be deleted
                raise
    if process.returncode:
        raise ProgramFailed(command[0], log.read_bytes()[begin:].decode(errors="replace"))


def _started(command: Sequence[str], folder: Path, output: IO[bytes],
             environment: Mapping[str, str] | None) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(command, cwd=folder, env=environment, stdin=subprocess.DEVNULL,
                                stdout=output, stderr=subprocess.STDOUT, start_new_session=True)
    except OSError as error:
        raise ProgramFailed(command[0], f"it does not start: {error.strerror}") from error
