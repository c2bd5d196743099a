"""Table of system calls.

Ref: Linux 6.12, arch/x86/entry/syscalls/syscall_64.tbl.

32-bit kernels number them differently; here they use the same table, and positions have 64 bits in
both (Linux: _llseek, and pread64 with two registers). A path is not in memory: the argument is the
string itself.
"""

from collections.abc import Awaitable, Callable

from sw.arch.x86.kernel.sys_x86_64 import sys_mmap
from sw.fs.open import do_sys_open, sys_close, sys_creat
from sw.fs.read_write import ksys_lseek, ksys_pread64, ksys_pwrite64, ksys_read, ksys_write
from sw.include.linux.syscalls import (
    SYSCALL_DEFINE, filename, int_, long, position, size_t, umode_t, unsigned_int, unsigned_long,
)
from sw.kernel.exit import sys_exit, sys_exit_group, sys_wait4
from sw.kernel.fork.clone import sys_clone, sys_fork
from sw.kernel.ptrace import sys_ptrace
from sw.kernel.signal.action import sys_rt_sigaction, sys_rt_sigprocmask
from sw.kernel.signal.kill import sys_kill
from sw.kernel.sys import sys_getpid
from sw.mm.madvise import sys_madvise
from sw.mm.mmap.brk import sys_brk
from sw.mm.mmap.unmap import sys_munmap
from sw.mm.mprotect import sys_mprotect
from sw.mm.mremap import sys_mremap


__all__ = [
    "NR_brk", "NR_clone", "NR_close", "NR_creat", "NR_exit", "NR_exit_group", "NR_fork",
    "NR_getpid", "NR_kill", "NR_lseek", "NR_madvise", "NR_mmap", "NR_mprotect", "NR_mremap",
    "NR_munmap", "NR_open", "NR_pread64", "NR_ptrace", "NR_pwrite64", "NR_read", "NR_rt_sigaction",
    "NR_rt_sigprocmask", "NR_wait4", "NR_write", "sys_call_table",
]


NR_read         = 0
NR_write        = 1
NR_open         = 2
NR_close        = 3
NR_lseek        = 8
NR_mmap         = 9
NR_mprotect     = 10
NR_munmap       = 11
NR_brk          = 12
NR_rt_sigaction = 13
NR_rt_sigprocmask = 14
NR_pread64      = 17
NR_pwrite64     = 18
NR_mremap       = 25
NR_madvise      = 28
NR_getpid       = 39
NR_clone        = 56
NR_fork         = 57
NR_exit         = 60
NR_wait4        = 61
NR_kill         = 62
NR_creat        = 85
NR_ptrace       = 101
NR_exit_group   = 231


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
    NR_brk:          SYSCALL_DEFINE("brk", sys_brk, unsigned_long),
    NR_rt_sigaction: SYSCALL_DEFINE("rt_sigaction", sys_rt_sigaction, int_, unsigned_long),
    NR_rt_sigprocmask: SYSCALL_DEFINE("rt_sigprocmask", sys_rt_sigprocmask, int_, unsigned_long,
                                      unsigned_long, size_t),
    NR_pread64:      SYSCALL_DEFINE("pread64", ksys_pread64, unsigned_int, unsigned_long, size_t,
                                    position),
    NR_pwrite64:     SYSCALL_DEFINE("pwrite64", ksys_pwrite64, unsigned_int, unsigned_long, size_t,
                                    position),
    NR_mremap:       SYSCALL_DEFINE("mremap", sys_mremap, unsigned_long, unsigned_long,
                                    unsigned_long, unsigned_long, unsigned_long),
    NR_madvise:      SYSCALL_DEFINE("madvise", sys_madvise, unsigned_long, size_t, int_),
    NR_getpid:       SYSCALL_DEFINE("getpid", sys_getpid),
    NR_clone:        SYSCALL_DEFINE("clone", sys_clone, unsigned_long),
    NR_fork:         SYSCALL_DEFINE("fork", sys_fork),
    NR_exit:         SYSCALL_DEFINE("exit", sys_exit, int_),
    NR_wait4:        SYSCALL_DEFINE("wait4", sys_wait4, int_, unsigned_long, int_, unsigned_long),
    NR_kill:         SYSCALL_DEFINE("kill", sys_kill, int_, int_),
    NR_creat:        SYSCALL_DEFINE("creat", sys_creat, filename, umode_t),
    NR_ptrace:       SYSCALL_DEFINE("ptrace", sys_ptrace, long, int_),
    NR_exit_group:   SYSCALL_DEFINE("exit_group", sys_exit_group, int_),
}
