"""Scene of a random script: the names that its steps have given so far, and draws among them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any


__all__ = ["FILES", "PAGE", "Scene", "Table", "plus"]


#: One file for all scripts, of less than a page.
FILES: Sequence[Mapping[str, Any]] = ({"path": "data", "data": "11*1000"},)

PAGE = 4096

#: Most processes.
_PROCESSES = 4

#: A step, as a script has it.
Table = dict[str, Any]


@dataclass
class Scene:
    """Names so far.

    Attributes
    ----------
    random : :class:`random.Random`
        What all is drawn from.
    processes : :class:`list`
        Processes that have not ended by themselves.
    pages : :class:`dict`
        Pages of each mapping by its name.
    files : :class:`list`
        Descriptors, which all processes that were forked later have too.
    piped : :class:`bool`
        There is a pipe, whose ends are "r" and "w".
    filled : :class:`bool`
        Something was put into it.
    """

    random:    Random
    processes: list[str]      = field(default_factory=lambda: ["a"])
    pages:     dict[str, int] = field(default_factory=dict)
    files:     list[str]      = field(default_factory=list)
    piped:     bool           = False
    filled:    bool           = False
    forks:     int            = 0

    def who(self) -> str:
        """A process."""
        return self.random.choice(self.processes)

    def range(self) -> Table:
        """Some pages of a mapping, as arguments of a call."""
        name  = self.random.choice(list(self.pages))
        first = self.random.randrange(self.pages[name])
        count = self.random.randint(1, self.pages[name] - first)
        return {"at": plus(name, first * PAGE), "length": count * PAGE}

    def address(self) -> str:
        """An address in a mapping, sometimes near the end of a page."""
        name   = self.random.choice(list(self.pages))
        page   = self.random.randrange(self.pages[name])
        offset = self.random.choice((0, 8, 16, 2048, 4088, 4092))
        return plus(name, page * PAGE + offset)

    def bytes(self, size: int) -> str:
        """So many bytes, as a script has them."""
        return f"{self.random.randrange(256):02x}*{size}"

    def mapping(self, pages: int) -> str:
        """A name for another mapping."""
        name = f"m{len(self.pages)}"
        self.pages[name] = pages
        return name

    def make(self, who: str, step: Table) -> list[Table]:
        """A step by which a process makes another, if there may be one more."""
        if len(self.processes) == _PROCESSES:
            return []
        self.forks += 1
        name = f"b{self.forks}"
        self.processes.append(name)
        return [{"who": who, **step, "as": name}]


def plus(name: str, offset: int) -> str:
    """The sum of a name and an offset."""
    return f"{name}+{offset}" if offset else name
