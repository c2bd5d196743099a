"""Cache of compiled files of one user: they are executed, so it trusts nobody else.

Each entry is a folder with one file and its digest, which appears whole. The cache and all that is
in it belong to the user, and nobody else can write to the folders.
"""

import errno
import hashlib
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from sim.errors import Unavailable


__all__ = ["cache", "discard", "find", "name_of", "publish", "workspace"]


#: Name of the file in an entry that has the SHA-256 of the other one.
DIGEST = "sha256"

#: Permissions by which somebody else can write.
OTHERS = stat.S_IWGRP | stat.S_IWOTH


def cache() -> Path:
    """Return the folder of compiled files. It may be deleted at any time."""
    root = os.environ.get("XDG_CACHE_HOME")
    return (Path(root) if root else Path.home() / ".cache") / "dragoncage"


def name_of(*parts: str) -> str:
    """Return the name of the entry for what is made of these ``parts``: equal ones, equal names.

    They are all that makes a difference to it, in an order of the caller's: sources, options,
    versions of the programs. Names of files among them may be of bytes that are no UTF-8.
    """
    text = "\0".join(parts).encode(errors="surrogateescape")
    return hashlib.sha256(text).hexdigest()[:32]


@contextmanager
def workspace(*, who: str) -> Iterator[Path]:
    """Make an empty folder on the file system of the cache, for the body of the ``with`` statement.

    Raises :class:`sim.errors.Unavailable`, which says what ``who`` needs, if there cannot be a
    cache, or if it is not the user's alone.
    """
    folder = _trusted(who)
    with TemporaryDirectory(dir=folder, prefix=".build-") as name:
        yield Path(name)


def find(name: str, *, who: str) -> Path | None:
    """Return the file of an entry, as it was published; None if there is none.

    Raises :class:`sim.errors.Unavailable` as :func:`workspace` does, and :class:`ValueError` if
    somebody or something has changed it since.
    """
    entry = _trusted(who) / name
    try:
        digest = (entry / DIGEST).read_text(encoding="ascii")
        [file] = [path for path in entry.iterdir() if path.name != DIGEST]
        with os.fdopen(os.open(file, os.O_RDONLY | os.O_NOFOLLOW), "rb") as opened:
            found = hashlib.file_digest(opened, "sha256").hexdigest()
        states = [path.lstat() for path in (entry, file)]
    except FileNotFoundError as error:
        if os.path.lexists(entry):
            raise ValueError(f"{entry} is not whole") from error
        return None
    except (OSError, ValueError) as error:
        raise ValueError(f"{entry} cannot be read: {error}") from error
    planted = (any(state.st_uid != _user() for state in states)
               or states[0].st_mode & OTHERS)
    if planted or found != digest:
        raise ValueError(f"{file} is not what was compiled")
    return file


def publish(name: str, made: Path, folder: Path, *, who: str) -> None:
    """Make a file that was ``made`` in the workspace ``folder`` the entry of that name.

    If somebody else was faster, theirs stays. Raises as :func:`workspace` does.
    """
    entry = folder / "entry"
    entry.mkdir(mode=0o700)
    file = Path(shutil.move(made, entry))
    with file.open("rb") as opened:
        (entry / DIGEST).write_text(hashlib.file_digest(opened, "sha256").hexdigest(),
                                     encoding="ascii")
    if not _give_name(entry, name) and not _is_whole(name, who):
        discard(name, who=who)
        _give_name(entry, name)


def discard(name: str, *, who: str) -> None:
    """Delete an entry, or whatever has its name. Raises as :func:`workspace` does."""
    with workspace(who=who) as folder, suppress(FileNotFoundError):
        os.rename(cache() / name, folder / "discarded")


def _give_name(folder: Path, name: str) -> bool:
    """Give a folder the name of an entry; return False if the name is in use."""
    try:
        os.rename(folder, cache() / name)
    except OSError as error:
        if error.errno not in (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR):
            raise
        return False
    return True


def _is_whole(name: str, who: str) -> bool:
    try:
        return find(name, who=who) is not None
    except ValueError:
        return False


def _user() -> int:
    """The effective user; on WebAssembly there is one user alone, and no word for that one."""
    return os.geteuid() if hasattr(os, "geteuid") else os.getuid()


def _trusted(who: str) -> Path:
    """The folder of the cache, made if need be, and the user's alone."""
    folder = cache()
    advice = "set XDG_CACHE_HOME to a folder of your own"
    try:
        if not folder.parent.is_dir():
            _make(folder.parent)
        with suppress(FileExistsError):
            folder.mkdir(mode=0o700)
        link, found, parent = folder.lstat(), folder.stat(), folder.parent.stat()
        if not stat.S_ISDIR(found.st_mode):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder))
    except OSError as error:
        raise Unavailable(f"{who} cannot keep what it compiles: {error}; {advice}") from error
    if parent.st_mode & stat.S_IWOTH and not parent.st_mode & stat.S_ISVTX:
        raise Unavailable(f"{who} does not run what is in {folder}: anybody can write to "
                          f"{folder.parent}; {advice}")
    for owner in (link.st_uid, found.st_uid):
        if owner != _user():
            raise Unavailable(f"{who} does not run what is in {folder}: it belongs to "
                              f"{_name(owner)}; {advice}")
    if found.st_mode & OTHERS:
        raise Unavailable(f"{who} does not run what is in {folder}: others can write to it; "
                          f"delete it, or {advice}")
    return folder


def _make(folder: Path) -> None:
    """Make a folder and those above it, for the user alone."""
    if not folder.parent.is_dir():
        _make(folder.parent)
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)


def _name(user: int) -> str:
    # There are no users, and no such module, where Python runs in a browser.
    from pwd import getpwuid
    try:
        return getpwuid(user).pw_name
    except KeyError:
        return f"user {user}"
