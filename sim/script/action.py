"""A step that is being done, and the steps that are one system call."""

from dataclasses import dataclass, field
from typing import Any

from . import words
from .arguments import path_of, register, registers
from .calls import CALLS, Arg, Result
from .host import Host, Process
from .names import Names
from .outcome import hex_of
from .script import STEPS, Step


__all__ = ["Action", "Refused", "call"]


_OPEN, _CLOSE = 2, 3

_O_RDONLY, _O_RDWR = 0, 2

#: Calls that need their file for reading only.
_READS = ("copy_file_range", "mmap", "pread", "preadv", "read", "readv", "sendfile")


class Refused(Exception):
    """A system call has failed."""

    def __init__(self, number: int):
        super().__init__(words.errno_name(number))
        self.number = number


@dataclass
class Action:
    """A step that is being done.

    Attributes
    ----------
    step : :class:`.script.Step`
        The step.
    process : :class:`.host.Process`
        Who does it.
    host : :class:`.host.Host`
        Where.
    names : :class:`.names.Names`
        Names so far, to which it adds.
    said : :class:`dict`
        Results so far, as an outcome has them.
    raw : :class:`dict`
        The numbers behind them.
    """

    step:    Step
    process: Process
    host:    Host
    names:   Names
    said:    dict[str, Any] = field(default_factory=dict)
    raw:     dict[str, int] = field(default_factory=dict)

    def number(self, key: str, default: int = 0) -> int:
        """A number among the arguments."""
        return self.names.number(self.step.args.get(key, default))

    def register(self, key: str) -> int:
        """The register for an argument of a step that is no call."""
        return int(register(_arg(self.step.do, key), self.step, self.names))

    async def syscall(self, number: int, *args: int | str) -> int:
        """Perform a system call. Raises :class:`Refused`."""
        ret = await self.process.syscall(number, *args)
        if -4095 <= ret < 0:
            raise Refused(-ret)
        return ret & (1 << 64) - 1

    def says(self, ret: int, told: Any = None) -> None:
        """Note a result, which is ``told`` otherwise than by its number, and give it its name."""
        self.said["ret"] = ret if told is None else told
        self.raw["ret"]  = ret
        if self.step.names:
            self.names.values[self.step.names[0]] = ret


def _arg(do: str, key: str) -> Arg:
    return next(arg for arg in STEPS[do] if arg.key == key)


async def call(action: Action) -> None:
    """Perform a system call. A file that is named by its path is opened for it alone."""
    step, names = action.step, action.names
    path   = path_of(step)
    opened = None
    if path is not None:
        mode   = _O_RDONLY if step.do in _READS else _O_RDWR
        opened = await action.syscall(_OPEN, names.path(path), mode, 0)
    try:
        found = await registers(CALLS[step.do], step, action.process, names, opened)
        ret   = await action.syscall(CALLS[step.do].number, *found.values)
    finally:
        if opened is not None:
            await action.process.syscall(_CLOSE, opened)
    if found.room:
        action.said["data"] = hex_of(await found.data(action.process, ret))
    if CALLS[step.do].result is Result.POSITION:
        action.says(ret, names.position(ret, step))
        return
    if CALLS[step.do].result is not Result.ADDRESS:
        action.says(ret)
        return
    told = names.address(ret, step)
    for name in step.names:
        names.addresses[name] = ret
        told = told if told.split("+")[0].split("-")[0] in _sources(step) else name
    action.says(ret, told)


def _sources(step: Step) -> set[str]:
    """Names in the arguments of a step."""
    return {name for arg in step.args.values() for name in getattr(arg, "names", ())}
