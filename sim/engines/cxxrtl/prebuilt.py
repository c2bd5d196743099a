"""Folders of machines that were compiled before, here or elsewhere.

The environment variable ``DRAGONCAGE_MACHINES`` names one. A machine in it is found by the code
that it was made of, its configuration and its platform, so it takes neither a compiler nor Yosys,
and no design is written. What is in such a folder is executed, as the user's own programs are: who
names one trusts whoever made it. The index has a digest of each file, which finds one that was
copied in part, and no more.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from sim.errors import Unavailable
from sim.output.files import written
from sim.toolchain.cache import name_of

from .shortcut import code


__all__ = ["INDEX", "VARIABLE", "Entry", "find", "publish", "remark"]


#: The environment variable that names a folder.
VARIABLE = "DRAGONCAGE_MACHINES"

#: The file that says what is in a folder.
INDEX = "machines.json"

#: Version of the index. It changes when a key goes or gets another meaning.
SCHEMA = 1

WHO = "a machine that was compiled before"


@dataclass(frozen=True)
class Entry:
    """A machine in a folder: the name of its file, and the SHA-256 of that."""

    file:   str
    sha256: str


def find(parts: tuple[str, ...], platform: str) -> Path | None:
    """The file of a machine in the folder that the user names; None without one.

    ``parts`` are all that it depends on beside code, and ``platform`` is the name of where it runs.
    Raises :class:`sim.errors.Unavailable` if the folder is not as it was made.
    """
    named = os.environ.get(VARIABLE)
    if not named:
        return None
    folder = Path(named)
    entry  = _index(folder).get(_key(parts, platform))
    if entry is None:
        return None
    file = folder / entry.file
    try:
        found = _digest(file)
    except OSError as error:
        raise Unavailable(f"{VARIABLE}: {file}: {error.strerror}; make the folder anew") from error
    if found != entry.sha256:
        raise Unavailable(f"{VARIABLE}: {file} is not what {INDEX} says; make the folder anew")
    return file


def remark() -> str:
    """Remark of an error on the folder, which has not got the machine; empty without a folder."""
    named = os.environ.get(VARIABLE)
    if not named:
        return ""
    return f"; no machine in {named} ({VARIABLE}) is of this code and configuration"


def publish(folder: Path, name: str, compiled: Path, parts: tuple[str, ...],
            platform: str) -> None:
    """Put what was ``compiled`` into a folder, with the ``name`` of its file.

    The index keeps what else is in it. Raises :class:`sim.errors.Unavailable` if the index cannot
    be read, :class:`OSError` or :class:`sim.output.files.FileTrouble` if something cannot be
    written.
    """
    index = dict(_index(folder)) if (folder / INDEX).exists() else {}
    draft = folder / f".{name}.part"
    shutil.copyfile(compiled, draft)
    index[_key(parts, platform)] = Entry(name, _digest(draft))
    draft.replace(folder / name)
    # What another version of the code had under the name is no more.
    kept = {key: asdict(entry) for key, entry in index.items()
            if entry.file != name or entry == index[_key(parts, platform)]}
    with written(folder / INDEX) as [file]:
        json.dump({"schema": SCHEMA, "machines": kept}, file, indent=1)


def _key(parts: tuple[str, ...], platform: str) -> str:
    return name_of(WHO, code(), platform, *parts)


def _index(folder: Path) -> Mapping[str, Entry]:
    """The machines of a folder, by their keys. Raises :class:`sim.errors.Unavailable`."""
    file = folder / INDEX
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
        if document["schema"] != SCHEMA:
            raise ValueError("it is of another version")
        entries = {key: Entry(**entry) for key, entry in document["machines"].items()}
        if any(entry.file != Path(entry.file).name for entry in entries.values()):
            raise ValueError("it names files elsewhere")
    except OSError as error:
        raise Unavailable(f"{VARIABLE}: cannot read {file}: {error.strerror}; name a folder that "
                          "`dragoncage machines` has made") from error
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise Unavailable(f"{VARIABLE}: {file} is no index of machines: {error}; make the folder "
                          "anew") from error
    return entries


def _digest(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
