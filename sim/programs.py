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

#: Octets at the end of a log that are looked at for its last line.
TAIL = 4096


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


def run(command: Sequence[str], *, log: Path, announce: Callable[[str], None],
        environment: Mapping[str, str] | None = None) -> None:
    """Run a program in the folder of ``log``, to which what it says is added.

    ``announce`` is called at once and then several times a second, with the last line of the log.
    If it raises, or there is an interrupt, the program is ended. Raises :class:`ProgramFailed`.
    """
    with log.open("ab") as output:
        output.write(f"$ {shlex.join(command)}\n".encode(errors="surrogateescape"))
        output.flush()
        begin = output.tell()
        with _started(command, log.parent, output, environment) as process:
            try:
                while process.returncode is None:
                    announce(_last_line(log))
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


def _last_line(log: Path) -> str:
    with log.open("rb") as file:
        file.seek(max(0, os.fstat(file.fileno()).st_size - TAIL))
        lines = file.read().decode(errors="replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "")
