"""Names of compiled machines that are known without making their sources.

A machine is kept under a name that is made of its whole design in RTLIL, so that nothing but the
design decides which machine it is. Amaranth takes about a second to write that. So a second entry
of the cache leads from all that the design is made of, which is read in some milliseconds, to that
name. It holds for a process in which nobody has changed that code since it was loaded: whoever
plants a fault in a rule must not find, or leave behind, the machine without it.
"""

import hashlib
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache
from importlib.metadata import version
from pathlib import Path

import hw
import sim
import sw
from sim.errors import Unavailable
from sim.toolchain.cache import find, name_of, publish, workspace


__all__ = ["Shortcut", "code", "code_files"]


WHO = "the name of a machine"

#: Endings of the names of files that a design and its C++ are made by.
SOURCES = (".py", ".cc", ".h")


#: Parts of sim that make the design, or the C++ around it.
PARTS = ("engines", "record", "toolchain")


class Shortcut:
    """The entry of the cache that leads to the name of a machine.

    A cache that cannot be used costs time, and nothing else.

    Parameters
    ----------
    *parts : :class:`str`
        All that the machine depends on, beside code.
    """

    def __init__(self, *parts: str):
        self._entry = name_of(WHO, code(), sys.version, version("amaranth"), *parts)

    def name(self, found: Callable[[], str]) -> str:
        """Return the name that is known, or else the one that ``found`` returns, and keep it."""
        with suppress(Unavailable, ValueError, OSError):
            if (file := find(self._entry, who=WHO)) is not None:
                return file.read_text(encoding="ascii")
        name = found()
        with suppress(Unavailable, OSError), workspace(who=WHO) as folder:
            made = folder / "name"
            made.write_text(name, encoding="ascii")
            publish(self._entry, made, folder, who=WHO)
        return name


@cache
def code() -> str:
    """Digest of the code of units and engines."""
    digest = hashlib.sha256()
    for file in code_files():
        content = file.read_bytes()
        digest.update(f"{file.name} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()


def code_files() -> Iterator[Path]:
    """All files that the digest is of."""
    [units], [simulation], [kernel] = hw.__path__, sim.__path__, sw.__path__
    yield Path(kernel, "bus.py")
    yield Path(simulation, "memory.py")
    for folder in (Path(units), *(Path(simulation, part) for part in PARTS)):
        yield from sorted(file for file in folder.rglob("*") if file.suffix in SOURCES)
