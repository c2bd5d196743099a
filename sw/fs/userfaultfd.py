"""userfaultfd(): faults that a program answers itself.

Ref: Linux 6.12, fs/userfaultfd.c.

The least of it: minor faults of files in memory, in 64-bit kernels, with UFFD_FEATURE_SIGBUS, so
that nobody waits for an answer: whoever meets such a fault gets SIGBUS. All else is ENOSYS.
"""

from __future__ import annotations

from dataclasses import dataclass

from sw.arch.x86.include.asm.current import current_mm
from sw.arch.x86.include.asm.page_types import PAGE_MASK
from sw.arch.x86.lib.usercopy import get_user, put_user
from sw.errno import Errno, KernelError
from sw.include.linux.capability import CAP_SYS_PTRACE
from sw.include.linux.fs import (
    FMODE_READ, O_CLOEXEC, O_NONBLOCK, O_RDWR, file, file_operations, inode,
)
from sw.include.linux.mm import VM_MAYWRITE, VM_UFFD_MINOR
from sw.include.linux.mm_types import mm_struct, vm_area_struct
from sw.include.linux.mmap_lock import mmap_write_lock, mmap_write_unlock
from sw.include.linux.userfaultfd import (
    UFFD_API, UFFD_FEATURE_MINOR_SHMEM, UFFD_FEATURE_SIGBUS, UFFD_USER_MODE_ONLY, UFFDIO_API,
    UFFDIO_CONTINUE, UFFDIO_CONTINUE_MODE_DONTWAKE, UFFDIO_REGISTER, UFFDIO_REGISTER_MODE_MINOR,
    UFFDIO_REGISTER_MODES, UFFDIO_UNREGISTER,
)
from sw.kconfig import kconfig
from sw.kernel.capability import capable
from sw.kernel.fork.mm import mmdrop, mmget_not_zero, mmgrab, mmput
from sw.kernel.trace.ftrace import traced
from sw.mm.mmap.find import find_vma_intersection
from sw.mm.shmem import vma_is_shmem
from sw.mm.userfaultfd import mfill_atomic_continue
from sw.mm.vma import vma_merge, vma_modify
from sw.processor.cpu import Cpu

from .file import fd_install, get_unused_fd_flags


__all__ = ["sys_userfaultfd"]


_FEATURES = UFFD_FEATURE_SIGBUS | UFFD_FEATURE_MINOR_SHMEM

#: What UFFDIO_API, and UFFDIO_REGISTER of minor faults, tell about commands: bits by number.
_API_IOCTLS      = 1 << 0x00 | 1 << 0x01 | 1 << 0x3F
_REGISTER_IOCTLS = 1 << 0x07


@dataclass(eq=False)
class userfaultfd_ctx:
    """State behind a descriptor.

    Attributes
    ----------
    mm : :class:`mm_struct`
        Address space whose faults it is about.
    ready : :class:`bool`
        UFFDIO_API was done.
    """

    mm:    mm_struct
    ready: bool = False


async def _fields(cpu: Cpu, arg: int, count: int) -> list[int]:
    """Read the numbers of 8 bytes that a command's structure consists of. Raises EFAULT."""
    return [await get_user(cpu, arg + 8 * index, 8) for index in range(count)]


def validate_range(cpu: Cpu, start: int, length: int) -> None:
    """Refuse what is no range of whole pages of a process: EINVAL."""
    size = kconfig(cpu).paging.TASK_SIZE
    if (start | length) & ~PAGE_MASK or not length or start >= size or length > size - start:
        raise KernelError(Errno.EINVAL)


async def userfaultfd_api(cpu: Cpu, ctx: userfaultfd_ctx, arg: int) -> int:
    """Agree on features, once. Raises EINVAL for unknown ones, ENOSYS without SIGBUS."""
    api, features, _ = await _fields(cpu, arg, 3)
    if api != UFFD_API or ctx.ready or features & ~_FEATURES:
        for index in range(3):
            await put_user(cpu, 0, arg + 8 * index, 8)
        raise KernelError(Errno.EINVAL)
    if not features & UFFD_FEATURE_SIGBUS:
        raise KernelError(Errno.ENOSYS)
    await put_user(cpu, _FEATURES, arg + 8, 8)
    await put_user(cpu, _API_IOCTLS, arg + 16, 8)
    ctx.ready = True
    return 0


def _check_registered(ctx: userfaultfd_ctx, vmas: list[vm_area_struct], minor: bool) -> None:
    """Refuse mappings that cannot be registered, or that another descriptor has.

    EINVAL; EPERM for memory that can never be written; EBUSY.
    """
    for vma in vmas:
        if minor and not vma_is_shmem(vma):
            raise KernelError(Errno.EINVAL)
        if minor and not vma.vm_flags & VM_MAYWRITE:
            raise KernelError(Errno.EPERM)
        if minor and vma.vm_userfaultfd_ctx not in (None, ctx):
            raise KernelError(Errno.EBUSY)


@traced
async def userfaultfd_set_ctx(cpu: Cpu, ctx: userfaultfd_ctx, start: int, length: int,
                              minor: bool) -> None:
    """Register a range for minor faults, or take it back. EINVAL, EPERM, EBUSY; ESRCH."""
    mm, end = ctx.mm, start + length
    if not mmget_not_zero(mm):
        raise KernelError(Errno.ESRCH)
    await mmap_write_lock(cpu, mm)
    try:
        vmas = [vma for vma in mm.mmap if vma.vm_start < end and start < vma.vm_end]
        if not vmas or vmas[0].vm_start > start:
            raise KernelError(Errno.EINVAL)
        _check_registered(ctx, vmas, minor)
        while start < end and (vma := find_vma_intersection(mm, start, end)) is not None:
            first, stop = max(start, vma.vm_start), min(end, vma.vm_end)
            start       = stop
            if (vma.vm_userfaultfd_ctx is ctx) == minor:
                continue
            vma = await vma_modify(cpu, vma, first, stop)
            vma.vm_flags = vma.vm_flags & ~VM_UFFD_MINOR | (VM_UFFD_MINOR if minor else 0)
            vma.vm_userfaultfd_ctx = ctx if minor else None
            vma_merge(vma)
    finally:
        mmap_write_unlock(cpu, mm)
        await mmput(cpu, mm)


async def userfaultfd_register(cpu: Cpu, ctx: userfaultfd_ctx, arg: int) -> int:
    """Register a range. Raises EINVAL, EPERM, EBUSY; ENOSYS for other faults than minor ones."""
    start, length, mode, _ = await _fields(cpu, arg, 4)
    if not mode or mode & ~UFFDIO_REGISTER_MODES:
        raise KernelError(Errno.EINVAL)
    if mode != UFFDIO_REGISTER_MODE_MINOR:
        raise KernelError(Errno.ENOSYS)
    validate_range(cpu, start, length)
    await userfaultfd_set_ctx(cpu, ctx, start, length, True)
    await put_user(cpu, _REGISTER_IOCTLS, arg + 24, 8)
    return 0


async def userfaultfd_unregister(cpu: Cpu, ctx: userfaultfd_ctx, arg: int) -> int:
    """Take a range back. Raises EINVAL."""
    start, length = await _fields(cpu, arg, 2)
    validate_range(cpu, start, length)
    await userfaultfd_set_ctx(cpu, ctx, start, length, False)
    return 0


async def userfaultfd_continue(cpu: Cpu, ctx: userfaultfd_ctx, arg: int) -> int:
    """Map pages that the file has. The structure tells how many bytes, or the error.

    Raises EINVAL, ENOENT, EEXIST, EFAULT; EAGAIN if only a part was done; ESRCH.
    """
    start, length, mode, _ = await _fields(cpu, arg, 4)
    validate_range(cpu, start, length)
    if mode & ~UFFDIO_CONTINUE_MODE_DONTWAKE:
        raise KernelError(Errno.EINVAL)
    if not mmget_not_zero(ctx.mm):
        raise KernelError(Errno.ESRCH)
    try:
        done = await mfill_atomic_continue(cpu, ctx.mm, start, length)
    except KernelError as error:
        await put_user(cpu, -error.errno & (1 << 64) - 1, arg + 24, 8)
        raise
    finally:
        await mmput(cpu, ctx.mm)
    await put_user(cpu, done, arg + 24, 8)
    if done < length:
        raise KernelError(Errno.EAGAIN)
    return 0


@traced
async def userfaultfd_ioctl(cpu: Cpu, filp: file, cmd: int, arg: int) -> int:
    """Follow a command. Raises EINVAL before UFFDIO_API, and for an unknown one."""
    ctx: userfaultfd_ctx = filp.private_data
    if cmd == UFFDIO_API:
        return await userfaultfd_api(cpu, ctx, arg)
    commands = {UFFDIO_REGISTER: userfaultfd_register, UFFDIO_UNREGISTER: userfaultfd_unregister,
                UFFDIO_CONTINUE: userfaultfd_continue}
    if not ctx.ready or cmd not in commands:
        raise KernelError(Errno.EINVAL)
    return await commands[cmd](cpu, ctx, arg)


async def userfaultfd_read(cpu: Cpu, filp: file, buf: int, count: int,
                           pos: int) -> tuple[int, int]:
    """Refuse to wait for a fault, of which none is told: ENOSYS, or EAGAIN as Linux does."""
    raise KernelError(Errno.EAGAIN if filp.f_flags & O_NONBLOCK else Errno.ENOSYS)


async def userfaultfd_release(cpu: Cpu, node: inode, filp: file) -> None:
    """Take all ranges back, with the last descriptor."""
    ctx: userfaultfd_ctx = filp.private_data
    if mmget_not_zero(ctx.mm):
        await mmap_write_lock(cpu, ctx.mm)
        for vma in [vma for vma in ctx.mm.mmap if vma.vm_userfaultfd_ctx is ctx]:
            vma.vm_userfaultfd_ctx = None
            vma.vm_flags &= ~VM_UFFD_MINOR
        for vma in list(ctx.mm.mmap):
            if vma in ctx.mm.mmap:
                vma_merge(vma)
        mmap_write_unlock(cpu, ctx.mm)
        await mmput(cpu, ctx.mm)
    await mmdrop(cpu, ctx.mm)


userfaultfd_fops = file_operations(read=userfaultfd_read, release=userfaultfd_release,
                                   unlocked_ioctl=userfaultfd_ioctl)


async def sys_userfaultfd(cpu: Cpu, flags: int) -> int:
    """Make a descriptor for the faults of the current address space.

    UFFD_USER_MODE_ONLY makes no difference where nobody waits. Raises EPERM without it, and without
    CAP_SYS_PTRACE; EINVAL, EMFILE; ENOSYS in a kernel whose files in memory have no minor faults.
    """
    if not kconfig(cpu).paging.X86_64 or not kconfig(cpu).era.uffd_fill.minor_shmem:
        raise KernelError(Errno.ENOSYS)
    if not flags & UFFD_USER_MODE_ONLY and not capable(cpu, CAP_SYS_PTRACE):
        raise KernelError(Errno.EPERM)
    if flags & ~(UFFD_USER_MODE_ONLY | O_CLOEXEC | O_NONBLOCK):
        raise KernelError(Errno.EINVAL)
    fd = get_unused_fd_flags(cpu, flags)
    mm = current_mm(cpu)
    mmgrab(mm)
    fd_install(cpu, fd, file(inode(0o600, 0, userfaultfd_fops), userfaultfd_fops, FMODE_READ,
                             O_RDWR | flags & O_NONBLOCK, private_data=userfaultfd_ctx(mm)))
    return fd
