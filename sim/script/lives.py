"""Steps with which processes begin, become others, end, and are waited for."""

import struct
from collections.abc import Awaitable, Callable, Mapping

from . import words
from .action import Action, Refused
from .arguments import OPERANDS
from .host import Ended


__all__ = ["LIVES"]


_CLONE, _FORK, _VFORK, _EXIT, _WAIT4, _EXIT_GROUP, _WAITID = 56, 57, 58, 60, 61, 231, 247

_WNOHANG = 1


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
    whom = "file" if action.step.args["idtype"] == "pidfd" else "id"
    pid = cause = status = 0
    for looks in range(action.host.patience):
        await action.host.pause(looks)
        action.says(await action.syscall(_WAITID, action.register("idtype"),
                                         action.register(whom), told, options, 0))
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


#: Functions of these steps, by name.
LIVES: Mapping[str, Callable[[Action], Awaitable[None]]] = {
    "fork": _fork, "vfork": _vfork, "clone": _clone, "exec": _exec, "exit": _exit,
    "exit_thread": _exit_thread, "wait": _wait, "waitid": _waitid,
}
