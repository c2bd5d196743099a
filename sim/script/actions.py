"""Steps that are more than one system call, or none."""

import struct
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sw.errno import Errno

from . import words
from .arguments import OPERANDS, path_of, register, registers
from .calls import CALLS, Arg, Result
from .host import Ended, Host, Process
from .names import Names
from .outcome import hex_of
from .script import STEPS, Step


__all__ = ["ACTIONS", "Action", "Refused", "call"]


_OPEN, _CLOSE, _RT_SIGPROCMASK, _CLONE, _FORK, _VFORK, _EXIT, _WAIT4 = 2, 3, 14, 56, 57, 58, 60, 61
_PTRACE, _EXIT_GROUP, _WAITID, _PIPE2, _PRLIMIT64, _STATX = 101, 231, 247, 293, 302, 332

_O_RDONLY, _O_RDWR, _WNOHANG = 0, 2, 1

#: Calls that need their file for reading only.
_READS = ("copy_file_range", "mmap", "pread", "preadv", "read", "readv", "sendfile")

_AT_FDCWD, _AT_EMPTY_PATH, _STATX_BASIC_STATS = -100, 0x1000, 0x7FF

_PEEKS = ("peektext", "peekdata")


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
        """Do a system call. Raises :class:`Refused`."""
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
    """Do a system call. A file that is named by its path is opened for it alone."""
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


async def _load(action: Action) -> None:
    value = await action.process.load(action.number("at"), action.number("size", 8))
    action.raw["value"] = value
    action.said["value"] = value
    for name in action.step.names:
        action.names.values[name] = value


async def _store(action: Action) -> None:
    size  = action.number("size", 8)
    value = action.number("value") & (1 << 8 * size) - 1
    await action.process.store(action.number("at"), size, value)


async def _fetch(action: Action) -> None:
    await action.process.fetch(action.number("at"))


async def _call(action: Action) -> None:
    action.raw["value"] = action.said["value"] = await action.process.call(action.number("at"))


async def _int3(action: Action) -> None:
    await action.process.int3()


async def _fork(action: Action) -> None:
    await _make(action, _FORK)


async def _vfork(action: Action) -> None:
    await _make(action, _VFORK, waits=True)


async def _clone(action: Action) -> None:
    flags = action.register("flags")
    await _make(action, _CLONE, flags, 0, 0, 0, 0, waits=bool(flags & words.CLONE["vfork"]))


async def _make(action: Action, number: int, *args: int, waits: bool = False) -> None:
    ret, child = await action.process.fork(number, *args, waits=waits)
    if ret < 0:
        raise Refused(-ret)
    action.says(ret, *action.step.names)
    if child is not None:
        action.names.begin(action.step.names[0] if action.step.names else f"#{ret}", child)


async def _exec(action: Action) -> None:
    ret = await action.process.execve()
    if ret < 0:
        raise Refused(-ret)
    action.says(ret)


async def _exit(action: Action) -> None:
    await _leave(action, _EXIT_GROUP)


async def _exit_thread(action: Action) -> None:
    await _leave(action, _EXIT)


async def _leave(action: Action, number: int) -> None:
    try:
        await action.syscall(number, action.number("status"))
    except Ended as ended:
        if ended.signo:
            raise


async def _wait(action: Action) -> None:
    """Look for a child that has ended or stopped, until there is no hope of one."""
    status  = action.process.stage + OPERANDS
    options = action.register("options") | _WNOHANG
    ret = 0
    for looks in range(action.host.patience):
        await action.host.pause(looks)
        ret = await action.syscall(_WAIT4, action.register("pid"), status, options, 0)
        if ret:
            break
    action.says(ret, action.names.process_of(ret) if ret else 0)
    if ret:
        value = await action.process.get(4, OPERANDS)
        action.said["status"] = _status(int.from_bytes(value, "little"))


def _status(status: int) -> str:
    """Tell a status of wait()."""
    if status == 0xFFFF:
        return "continued"
    if status & 0xFF == 0x7F:
        event = status >> 16
        return (f"stopped {words.signal_name(status >> 8 & 0x7F)}"
                + (f" event {event}" if event else ""))
    signo = status & 0x7F
    return f"killed {words.signal_name(signo)}" if signo else f"exited {status >> 8 & 0xFF}"


async def _waitid(action: Action) -> None:
    """Look for a child of which there is something to tell, until there is no hope of one."""
    told, options = action.process.stage + OPERANDS, action.register("options") | _WNOHANG
    pid = cause = status = 0
    for looks in range(action.host.patience):
        await action.host.pause(looks)
        action.says(await action.syscall(_WAITID, action.register("idtype"), action.register("id"),
                                         told, options, 0))
        info = await action.process.get(28, OPERANDS)
        cause, pid, _, status = struct.unpack("<8xi4xiIi", info)
        if pid:
            break
    action.said["child"] = action.names.process_of(pid) if pid else 0
    if pid:
        action.said["status"] = _came(cause, status)


def _came(cause: int, status: int) -> str:
    """Tell what came of a child: the code of a SIGCHLD, and what is with it."""
    word = words.code_name(words.SIGNALS["SIGCHLD"], cause).removeprefix("CLD_").lower()
    if word in ("exited", "continued"):
        return f"{word} {status}" if word == "exited" else word
    event = status >> 8
    return f"{word} {words.signal_name(status & 0x7F)}" + (f" event {event}" if event else "")


async def _pipe(action: Action) -> None:
    ret = await action.syscall(_PIPE2, action.process.stage + OPERANDS,
                               action.register("flags"))
    both = await action.process.get(8, OPERANDS)
    action.said["ret"] = action.raw["ret"] = ret
    for index, name in enumerate(action.step.names):
        action.names.values[name] = int.from_bytes(both[4 * index:4 * index + 4], "little")


async def _sigaction(action: Action) -> None:
    ret = await action.process.sigaction(action.register("signal"), action.step.args["action"])
    if ret < 0:
        raise Refused(-ret)
    action.says(ret)


async def _sigprocmask(action: Action) -> None:
    mask = sum(1 << words.SIGNALS[name] - 1 for name in action.step.args["set"])
    await action.process.put(mask.to_bytes(8, "little"), OPERANDS)
    action.says(await action.syscall(_RT_SIGPROCMASK, action.register("how"),
                                     action.process.stage + OPERANDS, 0, 8))


async def _ptrace(action: Action) -> None:
    peeks = action.step.args["request"] in _PEEKS
    data  = action.process.stage + OPERANDS if peeks else action.number("data")
    ret   = await action.syscall(_PTRACE, action.register("request"), action.register("pid"),
                                 action.number("at"), data)
    await action.host.pause(1)
    action.says(ret)
    if peeks:
        action.said["data"] = hex_of(await action.process.get(8, OPERANDS))


async def _setrlimit(action: Action) -> None:
    limit = action.number("limit").to_bytes(8, "little")
    await action.process.put(2 * limit, OPERANDS)
    action.says(await action.syscall(_PRLIMIT64, 0, action.register("resource"),
                                     action.process.stage + OPERANDS, 0))


async def _stat(action: Action) -> None:
    """Look at a file from outside. Its owner, the player's user perhaps, is told if expected."""
    path = path_of(action.step)
    file = ((action.register("file"), "", _AT_EMPTY_PATH) if path is None
            else (_AT_FDCWD, action.names.path(path), 0))
    ret  = await action.syscall(_STATX, *file, _STATX_BASIC_STATS, action.process.stage + OPERANDS)
    _, owner, _, mode, size = struct.unpack("<20sIIH10xQ", await action.process.get(48, OPERANDS))
    action.says(ret)
    action.said |= {"size": size, "mode": mode & 0o7777}
    if "owner" in action.step.expect:
        action.said["owner"] = owner


async def _signals(action: Action) -> None:
    """Do nothing: the player notes the signals of each step."""


async def _query(action: Action) -> None:
    """Look at a page and its mapping."""
    sight = await action.process.look(action.number("at"))
    action.said |= {"present": sight.present, "perms": sight.perms, **sight.more}
    for key, value in (("start", sight.start), ("end", sight.end)):
        if key in action.step.expect:
            action.said[key] = action.names.address(value, action.step)
            action.raw[key]  = value
    for name in action.step.names:
        if sight.frame is not None:
            action.names.frames[name] = sight.frame
    wanted = action.step.expect.get("frame")
    if wanted is not None and sight.frame is not None:
        other = wanted.removeprefix("!")
        same  = action.names.frames.get(other) == sight.frame
        action.said["frame"] = other if same else f"!{other}"


async def _find(action: Action) -> None:
    """Find a mapping by its name."""
    found = await action.process.find(action.step.args["name"])
    if found is None:
        raise Refused(Errno.ENOENT)
    for name in action.step.names:
        action.names.addresses[name] = found
    action.says(found, *(action.step.names or [f"{found:#x}"]))


#: Functions of the steps that are no calls, by name.
ACTIONS: Mapping[str, Callable[[Action], Awaitable[None]]] = {
    "load": _load, "store": _store, "fetch": _fetch, "call": _call, "int3": _int3, "fork": _fork,
    "vfork": _vfork, "clone": _clone, "exec": _exec, "exit": _exit, "exit_thread": _exit_thread,
    "wait": _wait, "waitid": _waitid, "pipe": _pipe, "sigaction": _sigaction,
    "sigprocmask": _sigprocmask, "ptrace": _ptrace, "setrlimit": _setrlimit, "stat": _stat,
    "signals": _signals, "query": _query, "find": _find,
}
