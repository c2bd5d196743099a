"""Files of the user: input in batches of lines, and output that appears whole or not at all.

All files that a command writes are written by :func:`output` or :func:`written`.
"""

import errno
import os
import stat
import sys
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from io import TextIOWrapper
from pathlib import Path
from typing import IO

from .critical import deferred_signals, locked


__all__ = ["STANDARD", "FileTrouble", "lines", "new_folder", "output", "print_out", "written"]


#: The name that stands for standard input and standard output.
STANDARD = "-"

#: Characters of the longest line, and of a batch of lines, about.
LONGEST = 1 << 20

#: A file that is made, and neither found nor reached through a link.
NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class FileTrouble(Exception):
    """A file cannot be read or written. The message names it, and the reason."""


def lines(name: str, count: int) -> Iterator[list[str]]:
    """Yield the lines of a file, without their ends, in lists of ``count`` at most.

    Bytes that are not UTF-8 become lone surrogates; a byte-order mark at the beginning is left out.
    Raises :class:`FileTrouble`, also for a line that is too long to be kept, when the lines before
    it have been taken.
    """
    shown = _shown(name, "input")
    if name == STANDARD and sys.stdin is None:
        raise FileTrouble(f"cannot read {shown}: it is closed")
    try:
        with open(0 if name == STANDARD else name, encoding="utf-8", errors="surrogateescape",
                  newline="\n", closefd=name != STANDARD) as file:
            yield from _batches(file, count, shown)
    except OSError as error:
        raise FileTrouble(f"cannot read {shown}: {_reason(error)}") from error


def _batches(file: IO[str], count: int, shown: str) -> Iterator[list[str]]:
    batch: list[str] = []
    number = size = 0
    while line := file.readline(LONGEST + 1):
        number += 1
        size   += len(line)
        if len(line.removesuffix("\n")) > LONGEST:
            yield batch
            raise FileTrouble(f"{shown}: line {number}: longer than {LONGEST:,} characters")
        batch.append(line.removesuffix("\n").removeprefix("\ufeff" if number == 1 else ""))
        if len(batch) == count or size >= LONGEST:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


@contextmanager
def output(name: str) -> Iterator[IO[str]]:
    """Open a file to write text to, as :func:`written` does; or standard output."""
    if name != STANDARD:
        with written(name) as [file]:
            yield file
        return
    if sys.stdout is None:
        raise FileTrouble("cannot write standard output: it is closed")
    try:
        with _reported(name):
            try:
                yield sys.stdout
            finally:
                sys.stdout.flush()
    except FileTrouble:
        # The rest of the buffer cannot be written at the exit either.
        with suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise


def print_out(text: str) -> None:
    """Write ``text`` to standard output, now. Raises :class:`FileTrouble`."""
    with output(STANDARD) as file:
        file.write(text)


@contextmanager
def written(*names: str | Path, instead: Collection[Path] = ()) -> Iterator[list[TextIOWrapper]]:
    """Open files to write in UTF-8, which appear under their names together when all are written.

    Until then a file has a fresh name in the same folder, and what was there is as before; so it
    stays after any exception. A file that is replaced hands on its mode, and its owner if it can. A
    link stays, and what it leads to is replaced; what exists and is no ordinary file, such as a
    pipe, is written to at once. Of several at a time that write the same files, all are those of
    one. Raises :class:`FileTrouble`.

    Parameters
    ----------
    names : :class:`str` or :class:`pathlib.Path`
        The files; several are all in one folder.
    instead : collection of :class:`pathlib.Path`
        Files there that are deleted when these appear.
    """
    drafts = [_Draft(os.fspath(name)) for name in names]
    found  = []
    try:
        for draft in drafts:
            with _reported(draft.name):
                found.append(draft.open())
        with _reported(drafts[0].name):
            yield found
        for draft, file in zip(drafts, found, strict=True):
            with _reported(draft.name):
                file.close()
        # One file appears whole by itself.
        single = len(drafts) == 1 and not instead
        with deferred_signals(), nullcontext() if single else _locked_folder(drafts[0].name):
            for draft in drafts:
                with _reported(draft.name):
                    draft.publish()
            for path in instead:
                with _reported(os.fspath(path)):
                    path.unlink(missing_ok=True)
    finally:
        for draft in drafts:
            draft.discard()


@contextmanager
def new_folder(folder: Path) -> Iterator[None]:
    """Make a folder for the body of the ``with`` statement, with its parents.

    Those that were made, and are empty in the end, are deleted. Raises :class:`FileTrouble`.
    """
    made = [path for path in (folder, *folder.parents) if not os.path.lexists(path)]
    try:
        with _reported(os.fspath(folder)):
            folder.mkdir(parents=True, exist_ok=True)
        yield
    finally:
        for path in made:
            with suppress(OSError):
                path.rmdir()


class _Draft:
    """New content of a file, under a temporary name until it is published."""

    def __init__(self, name: str):
        self.name  = name
        self._file: TextIOWrapper | None = None
        self._path = os.path.realpath(name)
        self._part = ""

    def open(self) -> TextIOWrapper:
        """Begin to write. Raises :class:`OSError`."""
        if not self.name:
            raise FileNotFoundError(errno.ENOENT, "a file needs a name")
        if self.name.endswith(os.sep):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        found = _found(self.name)
        # The path of a pipe or a deleted file, such as /dev/stdout may be, leads elsewhere.
        ordinary = found is None or stat.S_ISREG(found.st_mode) and _same(found, self._path)
        # Bytes of a file's name that are no text are written as they are.
        self._file = open(self._fresh(found) if ordinary else self.name, "w", encoding="utf-8",
                          errors="surrogateescape", newline="\n")
        return self._file

    def publish(self) -> None:
        """Give the file its name."""
        if self._part:
            os.replace(self._part, self._path)
            self._part = ""

    def discard(self) -> None:
        """Delete it, if it was not published."""
        with suppress(OSError):
            if self._file is not None:
                self._file.close()  # This tries again to write what is in the buffer.
        with suppress(OSError):
            if self._part:
                os.unlink(self._part)

    def _fresh(self, replaced: os.stat_result | None) -> int:
        """Make a new file beside the one that is ``replaced``, if there is any, with its mode."""
        if replaced is not None and not os.access(self._path, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        descriptor = None
        while descriptor is None:
            # The name is noted first, so that an interrupt leaves no file.
            self._part = os.path.join(os.path.dirname(self._path), _fresh_name())
            try:
                descriptor = os.open(self._part, NEW, 0o666)
            except FileExistsError:
                self._part = ""
        if replaced is not None:
            with suppress(PermissionError):
                os.fchown(descriptor, replaced.st_uid, replaced.st_gid)
            os.fchmod(descriptor, stat.S_IMODE(replaced.st_mode) & 0o777)
        return descriptor


def _fresh_name() -> str:
    """A name that nobody can foresee, and no longer than others may be."""
    return f".dragoncage-{os.urandom(8).hex()}"


def _found(name: str) -> os.stat_result | None:
    """Status of the file that ``name`` leads to; None if it leads to none."""
    try:
        return os.stat(name)
    except FileNotFoundError:
        return None


def _same(found: os.stat_result, path: str) -> bool:
    other = _found(path)
    return other is not None and os.path.samestat(found, other)


@contextmanager
def _locked_folder(name: str) -> Iterator[None]:
    """Lock the folder of ``name``, so that no other of us publishes files there."""
    folder = os.path.dirname(name) or os.curdir
    with ExitStack() as stack:
        with _reported(folder):
            stack.enter_context(locked(folder))
        yield


@contextmanager
def _reported(name: str) -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise  # The reader has closed its end, which is no mistake.
    except OSError as error:
        raise FileTrouble(f"cannot write {_shown(name, 'output')}: {_reason(error)}") from error


def _shown(name: str, direction: str) -> str:
    return f"standard {direction}" if name == STANDARD else name or '""'


def _reason(error: OSError) -> str:
    return error.strerror or str(error)
