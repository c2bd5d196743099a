"""System calls: from registers to kernel functions.

Ref: Linux 6.12, arch/x86/entry/syscalls/syscall_64.tbl, and the files that each one is from.

32-bit kernels number them differently; here they use the same table, and positions have 64 bits in
both (Linux: _llseek, and pread64 with two registers). A path is not in memory: the argument is the
string itself.
"""

from collections.abc import Awaitable, Callable

from sw.arch.x86.include.asm.current import current
from sw.errno import Errno, KernelError
from sw.fs.open import do_sys_open
from sw.fs.read_write import ksys_lseek, ksys_pread64, ksys_pwrite64, ksys_read, ksys_write
from sw.include.linux.fs import O_CREAT, O_TRUNC, O_WRONLY, close_fd
from sw.include.linux.mm_types import PAGE_MASK, PAGE_SHIFT
from sw.include.linux.sched import find_task_by_vpid
from sw.include.linux.syscalls import (
    SYSCALL_DEFINE, filename, int_, long, position, size_t, umode_t, unsigned_int, unsigned_long,
)
from sw.kernel.exit import do_exit, do_group_exit, kernel_wait4
from sw.kernel.fork.clone import kernel_clone
from sw.kernel.ptrace import ptrace_attach, ptrace_detach
from sw.kernel.signal import do_sigaction, kill_something_info
from sw.mm.mmap.map import ksys_mmap_pgoff, vm_munmap
from sw.mm.mprotect import do_mprotect_pkey
from sw.processor.cpu import Cpu


__all__ = [
    "NR_clone", "NR_close", "NR_creat", "NR_exit", "NR_exit_group", "NR_fork", "NR_getpid",
    "NR_kill", "NR_lseek", "NR_mmap", "NR_mprotect", "NR_munmap", "NR_open", "NR_pread64",
    "NR_ptrace", "NR_pwrite64", "NR_read", "NR_rt_sigaction", "NR_wait4", "NR_write",
    "PTRACE_ATTACH", "PTRACE_DETACH", "sys_call_table",
]


NR_read         = 0
NR_write        = 1
NR_open         = 2
NR_close        = 3
NR_lseek        = 8
NR_mmap         = 9
NR_mprotect     = 10
NR_munmap       = 11
NR_rt_sigaction = 13
NR_pread64      = 17
NR_pwrite64     = 18
NR_getpid       = 39
NR_clone        = 56
NR_fork         = 57
NR_exit         = 60
NR_wait4        = 61
NR_kill         = 62
NR_creat        = 85
NR_ptrace       = 101
NR_exit_group   = 231

PTRACE_ATTACH = 16
PTRACE_DETACH = 17


async def sys_creat(cpu: Cpu, path: str, mode: int) -> int:
    """Make a file, or empty it, and open it for writing."""
    return await do_sys_open(cpu, path, O_CREAT | O_WRONLY | O_TRUNC, mode)


async def sys_close(cpu: Cpu, fd: int) -> int:
    """Free a descriptor."""
    await close_fd(cpu, fd)
    return 0


async def sys_mmap(cpu: Cpu, addr: int, length: int, prot: int, flags: int, fd: int,
                   offset: int) -> int:
    """Map memory; ``offset`` in the file is in bytes, and page aligned."""
    if offset & ~PAGE_MASK:
        raise KernelError(Errno.EINVAL)
    return await ksys_mmap_pgoff(cpu, addr, length, prot, flags, fd, offset >> PAGE_SHIFT)


async def sys_mprotect(cpu: Cpu, start: int, length: int, prot: int) -> int:
    """Change the permissions of memory."""
    await do_mprotect_pkey(cpu, start, length, prot)
    return 0


async def sys_munmap(cpu: Cpu, start: int, length: int) -> int:
    """Unmap memory."""
    await vm_munmap(cpu, start, length)
    return 0


async def sys_rt_sigaction(cpu: Cpu, signo: int, action: int) -> int:
    """Set what a signal does; the result is what it did."""
    return do_sigaction(cpu, signo, action)


async def sys_getpid(cpu: Cpu) -> int:
    """Return the number of the process."""
    return current(cpu).tgid


async def sys_clone(cpu: Cpu, clone_flags: int) -> int:
    """Make a child or a thread; the result is its number."""
    return (await kernel_clone(cpu, clone_flags)).pid


async def sys_fork(cpu: Cpu) -> int:
    """Make a child that shares nothing but open files; the result is its number."""
    return (await kernel_clone(cpu, 0)).pid


async def sys_exit(cpu: Cpu, code: int) -> int:
    """End the thread."""
    await do_exit(cpu, (code & 0xFF) << 8)
    return 0


async def sys_exit_group(cpu: Cpu, code: int) -> int:
    """End the process."""
    await do_group_exit(cpu, (code & 0xFF) << 8)
    return 0


async def sys_wait4(cpu: Cpu, pid: int) -> int:
    """Ask for a dead child without waiting; the result is its number, or 0."""
    return kernel_wait4(cpu, pid)[0]


async def sys_kill(cpu: Cpu, pid: int, signo: int) -> int:
    """Send a signal."""
    await kill_something_info(cpu, pid, signo)
    return 0


async def sys_ptrace(cpu: Cpu, request: int, pid: int) -> int:
    """Begin or end tracing. Raises ESRCH if there is no such task, EIO for other requests."""
    task = find_task_by_vpid(cpu, pid)
    if task is None:
        raise KernelError(Errno.ESRCH)
    if request == PTRACE_ATTACH:
        ptrace_attach(cpu, task)
    elif request == PTRACE_DETACH:
        ptrace_detach(cpu, task)
    else:
        raise KernelError(Errno.EIO)
    return 0


sys_call_table: dict[int, Callable[..., Awaitable[int]]] = {
    NR_read:         SYSCALL_DEFINE("read", ksys_read, unsigned_int, unsigned_long, size_t),
    NR_write:        SYSCALL_DEFINE("write", ksys_write, unsigned_int, unsigned_long, size_t),
    NR_open:         SYSCALL_DEFINE("open", do_sys_open, filename, int_, umode_t),
    NR_close:        SYSCALL_DEFINE("close", sys_close, unsigned_int),
    NR_lseek:        SYSCALL_DEFINE("lseek", ksys_lseek, unsigned_int, position, unsigned_int),
    NR_mmap:         SYSCALL_DEFINE("mmap", sys_mmap, unsigned_long, size_t, unsigned_long,
                                    unsigned_long, unsigned_int, unsigned_long),
    NR_mprotect:     SYSCALL_DEFINE("mprotect", sys_mprotect, unsigned_long, size_t,
                                    unsigned_long),
    NR_munmap:       SYSCALL_DEFINE("munmap", sys_munmap, unsigned_long, size_t),
    NR_rt_sigaction: SYSCALL_DEFINE("rt_sigaction", sys_rt_sigaction, int_, unsigned_long),
    NR_pread64:      SYSCALL_DEFINE("pread64", ksys_pread64, unsigned_int, unsigned_long, size_t,
                                    position),
    NR_pwrite64:     SYSCALL_DEFINE("pwrite64", ksys_pwrite64, unsigned_int, unsigned_long, size_t,
                                    position),
    NR_getpid:       SYSCALL_DEFINE("getpid", sys_getpid),
    NR_clone:        SYSCALL_DEFINE("clone", sys_clone, unsigned_long),
    NR_fork:         SYSCALL_DEFINE("fork", sys_fork),
    NR_exit:         SYSCALL_DEFINE("exit", sys_exit, int_),
    NR_wait4:        SYSCALL_DEFINE("wait4", sys_wait4, int_),
    NR_kill:         SYSCALL_DEFINE("kill", sys_kill, int_, int_),
    NR_creat:        SYSCALL_DEFINE("creat", sys_creat, filename, umode_t),
    NR_ptrace:       SYSCALL_DEFINE("ptrace", sys_ptrace, long, int_),
    NR_exit_group:   SYSCALL_DEFINE("exit_group", sys_exit_group, int_),
}
