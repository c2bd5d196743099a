"""Runner of programs that take a while, with a log."""

import os
import shlex
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO


__all__ = ["ProgramFailed", "run"]


#: Seconds between two checks of a program.
PAUSE = 0.2


class ProgramFailed(Exception):
    """A program has ended with an error.

    Attributes
    ----------
    output : :class:`str`
        All that it has printed.
    """

    def __init__(self, program: str, output: str):
        super().__init__(f"{program} has failed")
        self.output = output


def run(command: Sequence[str], *, log: Path, waiting: Callable[[], None],
        environment: Mapping[str, str] | None = None) -> None:
    """Run a program in the folder of ``log``, to which its output is added.

    ``waiting`` is called at once and then several times a second. If it raises, or there is an
    interrupt, the program is ended. Raises :class:`ProgramFailed`, and :class:`OSError` if the log
    cannot be written.
    """
    with log.open("ab") as opened:
        opened.write(os.fsencode(f"$ {shlex.join(command)}\n"))
        opened.flush()
        begin = opened.tell()
        with _started(command, log.parent, opened, environment) as process:
            try:
                while process.returncode is None:
                    waiting()
                    with suppress(subprocess.TimeoutExpired):
                        process.wait(PAUSE)
            except BaseException:
                # An interrupt ends it at once, with all that it runs; its folder is deleted next.
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
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
