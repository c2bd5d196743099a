"""Making tasks.

Ref: Linux 6.12, kernel/fork.c.
"""

from dataclasses import replace

from sw.arch.x86.include.asm.current import current, current_files, current_mm
from sw.arch.x86.mm.tlb import flush_tlb_mm
from sw.errno import Errno, KernelError
from sw.fs.file import dup_fd
from sw.include.linux.fs import files_struct, get_file
from sw.include.linux.hugetlb import is_vm_hugetlb_page
from sw.include.linux.mm import VM_DONTCOPY, VM_LOCKED_MASK, VM_UFFD_MINOR, VM_WIPEONFORK
from sw.include.linux.mm_types import mm_struct
from sw.include.linux.mmap_lock import mmap_write_lock_killable, mmap_write_unlock
from sw.include.linux.sched import PF_FORKNOEXEC, task_struct
from sw.include.linux.signal_types import SIGCHLD, sighand_struct, signal_struct
from sw.kernel.pid import alloc_pid, init_pid_ns
from sw.kernel.trace.ftrace import traced
from sw.mm.memory.copy import copy_page_range
from sw.mm.util import nr_accounted, security_vm_enough_memory_mm
from sw.mm.vma import vma_link
from sw.processor.cpu import Cpu

from .mm import mm_alloc, mmget, mmput
from .vfork import wait_for_vfork_done


__all__ = [
    "CLONE_FILES", "CLONE_FS", "CLONE_NEWNS", "CLONE_NEWUSER", "CLONE_SIGHAND", "CLONE_SYSVSEM",
    "CLONE_THREAD", "CLONE_VFORK", "CLONE_VM", "kernel_clone", "sys_clone", "sys_fork",
    "sys_vfork",
]


CSIGNAL       = 0x0000_00FF  # the signal at the child's end
CLONE_VM      = 0x0000_0100
CLONE_FS      = 0x0000_0200
CLONE_FILES   = 0x0000_0400
CLONE_SIGHAND = 0x0000_0800
CLONE_VFORK   = 0x0000_4000
CLONE_THREAD  = 0x0001_0000
CLONE_NEWNS   = 0x0002_0000
CLONE_SYSVSEM = 0x0004_0000
CLONE_NEWUSER = 0x1000_0000

#: What is done. There is no working directory or semaphore that CLONE_FS or CLONE_SYSVSEM share.
_MODELLED = (CSIGNAL | CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_VFORK
             | CLONE_THREAD | CLONE_SYSVSEM)


@traced
async def dup_mmap(cpu: Cpu, mm: mm_struct, oldmm: mm_struct) -> None:
    """Give the child the parent's mappings, and share the pages that it would not find again.

    Raises ENOMEM, also if the child cannot be promised what its parent was.
    """
    await mmap_write_lock_killable(cpu, oldmm)
    try:
        for mpnt in oldmm.mmap:
            if mpnt.vm_flags & VM_DONTCOPY:
                continue
            if not security_vm_enough_memory_mm(
                    cpu, nr_accounted(mm, 0, mpnt.vm_start)
                    + nr_accounted(oldmm, mpnt.vm_start, mpnt.vm_end)):
                raise KernelError(Errno.ENOMEM)
            wipe = bool(mpnt.vm_flags & VM_WIPEONFORK)
            tmp  = replace(mpnt, vm_mm=mm,
                           vm_flags=mpnt.vm_flags & ~(VM_LOCKED_MASK | VM_UFFD_MINOR),
                           anon_vma=mpnt.anon_vma and not wipe, vm_userfaultfd_ctx=None)
            if is_vm_hugetlb_page(tmp):
                tmp.vm_private_data = None  # nothing is promised to the child
            if tmp.vm_file is not None:
                get_file(tmp.vm_file)
            vma_link(mm, tmp)
            if not wipe:
                await copy_page_range(cpu, tmp, mpnt)
    finally:
        await flush_tlb_mm(cpu, oldmm)
        mmap_write_unlock(cpu, oldmm)


@traced
async def dup_mm(cpu: Cpu, oldmm: mm_struct) -> mm_struct:
    """Return a copy of an address space, which shares its private pages until a write."""
    mm = await mm_alloc(cpu)
    mm.mmap_base = oldmm.mmap_base
    mm.start_brk, mm.brk = oldmm.start_brk, oldmm.brk
    mm.dumpable  = oldmm.dumpable
    try:
        await dup_mmap(cpu, mm, oldmm)
    except KernelError:
        await mmput(cpu, mm)
        raise
    return mm


async def copy_mm(cpu: Cpu, clone_flags: int) -> mm_struct:
    """Return the child's address space: the parent's own with CLONE_VM, else a copy."""
    oldmm = current_mm(cpu)
    if not clone_flags & CLONE_VM:
        return await dup_mm(cpu, oldmm)
    mmget(oldmm)
    return oldmm


def copy_files(cpu: Cpu, clone_flags: int) -> files_struct:
    """Return the child's descriptors. The open files are the parent's in any case."""
    oldf = current_files(cpu)
    if not clone_flags & CLONE_FILES:
        return dup_fd(oldf)
    oldf.count += 1
    return oldf


def copy_signal(parent: signal_struct) -> signal_struct:
    """Return what a child inherits: its groups and limits."""
    return signal_struct(parent.pgrp, parent.session, rlim=dict(parent.rlim))


def _check_flags(clone_flags: int) -> None:
    """Refuse flags that exclude each other (EINVAL), and what is not modelled (ENOSYS)."""
    wrong = (clone_flags & CLONE_FS and clone_flags & (CLONE_NEWNS | CLONE_NEWUSER)
             or clone_flags & CLONE_THREAD and not clone_flags & CLONE_SIGHAND
             or clone_flags & CLONE_SIGHAND and not clone_flags & CLONE_VM
             or clone_flags & CLONE_THREAD and clone_flags & CLONE_NEWUSER)
    if wrong:
        raise KernelError(Errno.EINVAL)
    if clone_flags & ~_MODELLED:
        raise KernelError(Errno.ENOSYS)


@traced
async def kernel_clone(cpu: Cpu, clone_flags: int) -> task_struct:
    """Make a child of the current task, or with CLONE_THREAD a thread of it.

    It has not run yet; it will go on from here like its parent, which waits for it first with
    CLONE_VFORK. Raises ENOMEM, EINVAL for flags that exclude each other, ENOSYS for those that are
    not modelled.
    """
    _check_flags(clone_flags)
    parent = current(cpu)
    mm     = await copy_mm(cpu, clone_flags)
    pid    = alloc_pid(cpu)
    thread = clone_flags & CLONE_THREAD
    maker  = parent.real_parent if thread else parent
    child  = task_struct(
        pid         = pid,
        tgid        = parent.tgid if thread else pid,
        comm        = parent.comm,
        cred        = parent.cred,
        files       = copy_files(cpu, clone_flags),
        sighand     = (parent.sighand if clone_flags & CLONE_SIGHAND
                       else sighand_struct(dict(parent.sighand.action))),
        signal      = parent.signal if thread else copy_signal(parent.signal),
        mm          = mm,
        active_mm   = mm,
        real_parent = maker,
        parent      = maker,
        blocked     = parent.blocked,
        exit_signal = 0 if thread else clone_flags & CSIGNAL,
        flags       = PF_FORKNOEXEC,
    )
    init_pid_ns(cpu).tasks[pid] = child
    if clone_flags & CLONE_VFORK:
        wait_for_vfork_done(child, parent)
    return child


async def sys_clone(cpu: Cpu, clone_flags: int) -> int:
    """Make a child or a thread; the result is its number. Flags have 32 bits."""
    return (await kernel_clone(cpu, clone_flags & 0xFFFF_FFFF)).pid


async def sys_fork(cpu: Cpu) -> int:
    """Make a child that shares nothing but open files; the result is its number."""
    return (await kernel_clone(cpu, SIGCHLD)).pid


async def sys_vfork(cpu: Cpu) -> int:
    """Make a child with the caller's own memory, and wait until it has another or ends.

    The result is its number.
    """
    return (await kernel_clone(cpu, CLONE_VFORK | CLONE_VM | SIGCHLD)).pid
