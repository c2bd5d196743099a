"""fcntl(): descriptors, open files, pipes and seals.

Ref: Linux 6.12, fs/fcntl.c, include/uapi/asm-generic/fcntl.h, include/uapi/linux/fcntl.h.
"""

from sw.errno import Errno, KernelError
from sw.include.linux.fs import O_APPEND, O_CLOEXEC, O_DIRECT, O_NONBLOCK, file
from sw.mm.memfd import memfd_add_seals, memfd_get_seals
from sw.processor.cpu import Cpu

from .file import f_dupfd, fdget, get_close_on_exec, set_close_on_exec
from .pipe import get_pipe_info, pipe_get_size, pipe_set_size


__all__ = [
    "FD_CLOEXEC", "F_ADD_SEALS", "F_DUPFD", "F_DUPFD_CLOEXEC", "F_GETFD", "F_GETFL", "F_GETPIPE_SZ",
    "F_GET_SEALS", "F_SETFD", "F_SETFL", "F_SETPIPE_SZ", "do_fcntl", "sys_fcntl",
]


F_DUPFD         = 0
F_GETFD         = 1
F_SETFD         = 2
F_GETFL         = 3
F_SETFL         = 4
F_DUPFD_CLOEXEC = 1030
F_SETPIPE_SZ    = 1031
F_GETPIPE_SZ    = 1032
F_ADD_SEALS     = 1033
F_GET_SEALS     = 1034

FD_CLOEXEC = 1

#: Locks, owners and their signals, leases, notices of directories, hints about writes.
_NOT_MODELLED = frozenset((*range(5, 18), 36, 37, 38, *range(1024, 1030), *range(1035, 1040)))

#: What may be changed of an open file.
SETFL_MASK = O_APPEND | O_NONBLOCK | O_DIRECT


def setfl(filp: file, arg: int) -> None:
    """Change flags of an open file. O_DIRECT is EINVAL; for a pipe, where Linux has it, ENOSYS."""
    if arg & O_DIRECT and not filp.f_flags & O_DIRECT:
        raise KernelError(Errno.ENOSYS if get_pipe_info(filp) else Errno.EINVAL)
    filp.f_flags = arg & SETFL_MASK | filp.f_flags & ~SETFL_MASK


def pipe_fcntl(cpu: Cpu, filp: file, cmd: int, arg: int) -> int:
    """Tell or choose how much a pipe can hold. Raises EBADF for a file of another kind."""
    pipe = get_pipe_info(filp)
    if pipe is None:
        raise KernelError(Errno.EBADF)
    return pipe_get_size(pipe) if cmd == F_GETPIPE_SZ else pipe_set_size(cpu, pipe, arg)


async def do_fcntl(cpu: Cpu, fd: int, cmd: int, arg: int, filp: file) -> int:
    """Do the command. Raises EINVAL for one that there is not, ENOSYS for one not modelled."""
    if cmd in (F_DUPFD, F_DUPFD_CLOEXEC):
        return f_dupfd(cpu, arg, filp, O_CLOEXEC if cmd == F_DUPFD_CLOEXEC else 0)
    if cmd == F_GETFD:
        return FD_CLOEXEC if get_close_on_exec(cpu, fd) else 0
    if cmd == F_SETFD:
        set_close_on_exec(cpu, fd, bool(arg & FD_CLOEXEC))
        return 0
    if cmd == F_GETFL:
        return filp.f_flags
    if cmd == F_SETFL:
        setfl(filp, arg)
        return 0
    if cmd == F_ADD_SEALS:
        await memfd_add_seals(cpu, filp, arg)
        return 0
    if cmd == F_GET_SEALS:
        return memfd_get_seals(filp)
    if cmd in (F_SETPIPE_SZ, F_GETPIPE_SZ):
        return pipe_fcntl(cpu, filp, cmd, arg)
    raise KernelError(Errno.ENOSYS if cmd in _NOT_MODELLED else Errno.EINVAL)


async def sys_fcntl(cpu: Cpu, fd: int, cmd: int, arg: int) -> int:
    """Do something about a descriptor, or about its open file. EBADF."""
    async with fdget(cpu, fd) as filp:
        return await do_fcntl(cpu, fd, cmd, arg, filp)
