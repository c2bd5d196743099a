"""Tracers and tracees, and what a tracer is told."""

from sw.include.linux.ptrace import (
    PTRACE_ATTACH, PTRACE_GETSIGINFO,
    PTRACE_SEIZE,
)
from sw.include.linux.signal_types import (
    SIGSTOP,
)
from sw.include.linux.wait import WNOHANG, __WALL
from sw.kernel.fork.clone import CLONE_SIGHAND, CLONE_THREAD, CLONE_VM
from sw.user import User

from .user_support import boot


__all__ = ["EVENT_STOP", "THREAD", "attached", "seized", "siginfo", "wait"]


THREAD = CLONE_VM | CLONE_SIGHAND | CLONE_THREAD

#: Status of a stop for the tracer that no signal brought: SIGTRAP, and PTRACE_EVENT_STOP above.
EVENT_STOP = 0x80057F


async def wait(user: User, task: User, options: int = WNOHANG) -> int:
    """Return the status of a task; 0 if it has none to report."""
    return (await user.wait_status(task.pid, options | __WALL))[1]


async def siginfo(user: User, task: User) -> tuple[int, int, int]:
    """Return number, code and sender of what has stopped a tracee."""
    at = await user.mmap(4096)
    await user.ptrace(PTRACE_GETSIGINFO, task.pid, 0, at)
    found = [await user.load(at + offset, 4) for offset in (0, 8, 16)]
    await user.munmap(at, 4096)
    return tuple(found)


async def attached() -> tuple[User, User]:
    """Start a tracer, and a tracee that has stopped and was waited for."""
    user  = await boot()
    child = await user.fork()
    await user.ptrace(PTRACE_ATTACH, child.pid)
    assert await wait(user, child) == SIGSTOP << 8 | 0x7F
    return user, child


async def seized(options: int = 0) -> tuple[User, User]:
    """Start a tracer, and a tracee that goes on."""
    user  = await boot()
    child = await user.fork()
    await user.ptrace(PTRACE_SEIZE, child.pid, 0, options)
    assert await wait(user, child) == 0
    return user, child
