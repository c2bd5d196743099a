"""getrlimit(), setrlimit() and prlimit(): the limits of a process.

Ref: Linux 6.12, kernel/sys.c.
"""

from sw.arch.x86.include.asm.current import current
from sw.arch.x86.lib.usercopy import get_user, put_user
from sw.errno import Errno, KernelError
from sw.include.linux.capability import CAP_SYS_RESOURCE
from sw.include.linux.resource import RLIM_INFINITY, RLIM_NLIMITS, rlimit
from sw.include.linux.sched import task_struct
from sw.kconfig import kconfig
from sw.kernel.capability import capable
from sw.kernel.pid import find_task_by_vpid
from sw.processor.cpu import Cpu


__all__ = ["do_prlimit", "sys_getrlimit", "sys_prlimit64", "sys_setrlimit"]


def check_prlimit_permission(cpu: Cpu, task: task_struct) -> None:
    """Refuse the limits of other processes, unless all their ids are the caller's: EPERM."""
    mine, its = current(cpu).cred, task.cred
    same = ({its.uid, its.euid, its.suid} == {mine.uid}
            and {its.gid, its.egid, its.sgid} == {mine.gid})
    if task is not current(cpu) and not same and not capable(cpu, CAP_SYS_RESOURCE):
        raise KernelError(Errno.EPERM)


def do_prlimit(cpu: Cpu, task: task_struct, resource: int, new: rlimit | None) -> rlimit:
    """Return a limit of a process, and set it if there is a ``new`` one.

    Raises EINVAL for a resource that there is not and for a limit above its maximum, EPERM for a
    higher maximum, ENOSYS for the limit of what is not modelled.
    """
    if resource >= RLIM_NLIMITS or new is not None and new.rlim_cur > new.rlim_max:
        raise KernelError(Errno.EINVAL)
    old = task.signal.rlim.get(resource)
    if old is None:
        raise KernelError(Errno.ENOSYS)
    if new is not None:
        if new.rlim_max > old.rlim_max and not capable(cpu, CAP_SYS_RESOURCE):
            raise KernelError(Errno.EPERM)
        task.signal.rlim[resource] = new
    return old


async def _load(cpu: Cpu, ptr: int, size: int) -> rlimit:
    values = [await get_user(cpu, ptr + offset, size) for offset in (0, size)]
    limit  = (1 << 8 * size) - 1
    return rlimit(*(RLIM_INFINITY if value == limit else value for value in values))


async def _store(cpu: Cpu, value: rlimit, ptr: int, size: int) -> None:
    limit = (1 << 8 * size) - 1
    await put_user(cpu, min(value.rlim_cur, limit), ptr, size)
    await put_user(cpu, min(value.rlim_max, limit), ptr + size, size)


def _long(cpu: Cpu) -> int:
    return kconfig(cpu).paging.BITS_PER_LONG // 8


async def sys_prlimit64(cpu: Cpu, pid: int, resource: int, new_rlim: int, old_rlim: int) -> int:
    """Set the limit at ``new_rlim`` for the process ``pid`` (0: the caller), and store the one
    before at ``old_rlim``; either may be 0. Raises EFAULT, ESRCH, EPERM, EINVAL."""
    new  = await _load(cpu, new_rlim, 8) if new_rlim else None
    task = find_task_by_vpid(cpu, pid) if pid else current(cpu)
    if task is None:
        raise KernelError(Errno.ESRCH)
    check_prlimit_permission(cpu, task)
    old = do_prlimit(cpu, task, resource, new)
    if old_rlim:
        await _store(cpu, old, old_rlim, 8)
    return 0


async def sys_getrlimit(cpu: Cpu, resource: int, rlim: int) -> int:
    """Store a limit of the caller's, in two words. Raises EINVAL, EFAULT."""
    await _store(cpu, do_prlimit(cpu, current(cpu), resource, None), rlim, _long(cpu))
    return 0


async def sys_setrlimit(cpu: Cpu, resource: int, rlim: int) -> int:
    """Set a limit of the caller's. Raises EFAULT, EINVAL, EPERM."""
    do_prlimit(cpu, current(cpu), resource, await _load(cpu, rlim, _long(cpu)))
    return 0
