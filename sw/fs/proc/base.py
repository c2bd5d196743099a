"""/proc/<pid>/mem: an address space as a file.

Ref: Linux 6.12, fs/proc/base.c.
"""


from sw.arch.x86.include.asm.current import current
from sw.arch.x86.include.asm.page import page_to_virt
from sw.arch.x86.include.asm.page_types import PAGE_SIZE
from sw.arch.x86.lib.usercopy import copy_from_user, copy_to_user
from sw.errno import Errno, KernelError
from sw.include.linux.fs import (
    SEEK_CUR, SEEK_SET, file, file_operations, inode, loff_t,
)
from sw.include.linux.mm_types import FOLL_FORCE, FOLL_WRITE, mm_struct
from sw.include.linux.ptrace import PTRACE_MODE_ATTACH_FSCREDS
from sw.kconfig import kconfig
from sw.kernel.fork.mm import mm_access, mmdrop, mmget_not_zero, mmgrab, mmput
from sw.kernel.trace.ftrace import traced
from sw.mm.memory.access import access_remote_vm
from sw.mm.page_alloc import GFP_KERNEL, __free_page, alloc_page
from sw.processor.cpu import Cpu
from sw.variables import DEFINE


__all__ = [
    "early_proc_mem_force_override", "mem_rw", "proc_mem_foll_force", "proc_mem_force_override",
    "mem_release", "proc_mem_open", "proc_mem_operations",
]


#: Words of the boot parameter ``proc_mem.force_override``.
proc_mem_force_table = frozenset(("always", "ptrace", "never"))

#: Policy of a kernel that was told none (PROC_MEM_ALWAYS_FORCE).
PROC_MEM_FORCE_DEFAULT = "always"

#: Policy of this kernel: a word of the table.
proc_mem_force_override = DEFINE(lambda: PROC_MEM_FORCE_DEFAULT)


async def proc_mem_open(cpu: Cpu, node: inode, mode: int) -> mm_struct | None:
    """Return the address space of the task of a file, if it has one, to be kept. Raises EACCES."""
    mm = await mm_access(cpu, node.i_private, mode)
    if mm is not None:
        mmgrab(mm)
        await mmput(cpu, mm)
    return mm


@traced
async def mem_open(cpu: Cpu, node: inode, filp: file) -> None:
    """Remember the task's address space, not the task: the one check of permission.

    Holds the struct and not the memory, which may die. Raises EACCES; for a task without
    memory ESRCH, or in older kernels nothing: such a file is empty.
    """
    filp.private_data = await proc_mem_open(cpu, node, PTRACE_MODE_ATTACH_FSCREDS)
    if filp.private_data is None and kconfig(cpu).era.mem_open_needs_mm:
        raise KernelError(Errno.ESRCH)


@traced
async def mem_release(cpu: Cpu, node: inode, filp: file) -> None:
    """Let go of the address space."""
    if filp.private_data is not None:
        await mmdrop(cpu, filp.private_data)


def mem_lseek(cpu: Cpu, filp: file, offset: int, whence: int) -> int:
    """Set the position to any address at all. Raises EINVAL for SEEK_END."""
    if whence not in (SEEK_SET, SEEK_CUR):
        raise KernelError(Errno.EINVAL)
    filp.f_pos = loff_t(offset + (filp.f_pos if whence == SEEK_CUR else 0))
    return filp.f_pos


def early_proc_mem_force_override(buf: str) -> str:
    """Return the policy that the boot parameter names; an unknown word keeps the default."""
    return buf if buf in proc_mem_force_table else PROC_MEM_FORCE_DEFAULT


def proc_mem_foll_force(cpu: Cpu, filp: file, mm: mm_struct) -> bool:
    """Tell whether this access may ignore the protection of the mapping.

    Decided at each call, by ``proc_mem.force_override``: always, never, or only for the tracer of
    a task that still has the address space.
    """
    policy = proc_mem_force_override(cpu) if kconfig(cpu).era.force_override else "always"
    if policy == "ptrace":
        task = filp.f_inode.i_private
        return (not task.exit_state and bool(task.ptrace) and task.mm is mm
                and task.parent is current(cpu))
    return policy == "always"


@traced
async def mem_rw(cpu: Cpu, filp: file, buf: int, count: int, pos: int, *,
                 write: bool) -> tuple[int, int]:
    """Copy between the caller's ``buf`` and the address ``pos`` of the file's address space.

    In chunks of a page that are counted from the start of the request, through one page of the
    kernel's own.

    Returns
    -------
    :class:`tuple`
        Bytes copied, fewer than ``count`` if a later chunk met a wall, and 0 once the memory is
        dead; and the address behind them.

    Raises
    ------
    KernelError
        ENOMEM. EIO, whatever stopped the first byte. EFAULT for the caller's buffer, even if
        earlier chunks were done: they stay done.
    """
    mm = filp.private_data
    if mm is None:
        return 0, pos
    bounce = await alloc_page(cpu, GFP_KERNEL)
    try:
        if not mmget_not_zero(mm):
            return 0, pos
        try:
            flags = FOLL_FORCE if proc_mem_foll_force(cpu, filp, mm) else 0
            flags |= FOLL_WRITE if write else 0
            copied = await _mem_rw(cpu, mm, buf, count, pos, page_to_virt(cpu, bounce), flags)
        finally:
            await mmput(cpu, mm)
    finally:
        __free_page(cpu, bounce)
    return copied, pos + copied


async def _mem_rw(cpu: Cpu, mm: mm_struct, buf: int, count: int, addr: int, bounce: int,
                  flags: int) -> int:
    """Do the chunks of :func:`mem_rw`; return the bytes copied."""
    copied = 0
    while copied < count:
        this_len = min(count - copied, PAGE_SIZE)
        if flags & FOLL_WRITE and await copy_from_user(cpu, bounce, buf + copied, this_len):
            raise KernelError(Errno.EFAULT)
        here = addr + copied & kconfig(cpu).paging.address_mask
        this_len = await access_remote_vm(cpu, mm, here, bounce, this_len, flags)
        if this_len == 0:
            if copied == 0:
                raise KernelError(Errno.EIO)
            break
        if not flags & FOLL_WRITE and await copy_to_user(cpu, buf + copied, bounce, this_len):
            raise KernelError(Errno.EFAULT)
        copied += this_len
    return copied


@traced
async def mem_read(cpu: Cpu, filp: file, buf: int, count: int, pos: int) -> tuple[int, int]:
    """Read from the file."""
    return await mem_rw(cpu, filp, buf, count, pos, write=False)


@traced
async def mem_write(cpu: Cpu, filp: file, buf: int, count: int, pos: int) -> tuple[int, int]:
    """Write to the file."""
    return await mem_rw(cpu, filp, buf, count, pos, write=True)


proc_mem_operations = file_operations(
    llseek          = mem_lseek,
    read            = mem_read,
    write           = mem_write,
    open            = mem_open,
    release         = mem_release,
    unsigned_offset = True,
)
