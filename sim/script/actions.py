"""Steps that are more than one system call, or none."""

import struct
from collections.abc import Awaitable, Callable, Mapping

from sw.errno import Errno

from . import words
from .action import Action, Refused
from .arguments import OPERANDS, path_of
from .lives import LIVES
from .outcome import hex_of


__all__ = ["ACTIONS"]


_RT_SIGPROCMASK, _PTRACE, _PIPE2, _PRLIMIT64, _STATX = 14, 101, 293, 302, 332

_AT_FDCWD, _AT_EMPTY_PATH, _STATX_BASIC_STATS = -100, 0x1000, 0x7FF

_PEEKS = ("peektext", "peekdata")


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
    limit = (action.number("limit") & (1 << 64) - 1).to_bytes(8, "little")
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
    **LIVES, "load": _load, "store": _store, "fetch": _fetch, "call": _call, "int3": _int3,
    "pipe": _pipe, "sigaction": _sigaction, "sigprocmask": _sigprocmask, "ptrace": _ptrace,
    "setrlimit": _setrlimit, "stat": _stat, "signals": _signals, "query": _query, "find": _find,
}
