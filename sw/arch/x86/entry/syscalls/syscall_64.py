"""Table of system calls.

Ref: Linux 6.12, arch/x86/entry/syscalls/syscall_64.tbl.

32-bit kernels number them differently; here they use the same table, and positions have 64 bits in
both (Linux: _llseek, and pread64 with two registers). A path is not in memory: the argument is the
string itself.
"""

from collections.abc import Awaitable, Callable

from sw.arch.x86.kernel.sys_x86_64 import sys_mmap
from sw.fs.exec import sys_execve
from sw.fs.fcntl import sys_fcntl
from sw.fs.file import sys_dup, sys_dup2, sys_dup3
from sw.fs.ioctl import sys_ioctl
from sw.fs.open.do_open import do_sys_open, sys_close, sys_creat
from sw.fs.open.fallocate import sys_fallocate
from sw.fs.open.truncate import sys_ftruncate, sys_truncate
from sw.fs.pipe import sys_pipe, sys_pipe2
from sw.fs.read_write.copy_file_range import sys_copy_file_range
from sw.fs.read_write.llseek import ksys_lseek
from sw.fs.read_write.rw import ksys_pread64, ksys_pwrite64, ksys_read, ksys_write
from sw.fs.read_write.sendfile import sys_sendfile64
from sw.fs.read_write.vector import sys_preadv, sys_pwritev, sys_readv, sys_writev
from sw.fs.splice.do_splice import sys_splice
from sw.fs.splice.tee import sys_tee
from sw.fs.splice.vmsplice import sys_vmsplice
from sw.fs.stat import sys_statx
from sw.fs.sync import sys_fdatasync, sys_fsync
from sw.fs.userfaultfd import sys_userfaultfd
from sw.include.linux.syscalls import (
    SYSCALL_DEFINE, filename, int_, long, position, size_t, umode_t, unsigned_int, unsigned_long,
)
from sw.kernel.exit.do_exit import sys_exit, sys_exit_group
from sw.kernel.exit.wait import sys_wait4, sys_waitid
from sw.kernel.fork.clone import sys_clone, sys_fork, sys_vfork
from sw.kernel.pidfd import sys_pidfd_open, sys_pidfd_send_signal
from sw.kernel.ptrace.request import sys_ptrace
from sw.kernel.sched.syscalls import sys_sched_yield
from sw.kernel.signal.action import sys_rt_sigaction, sys_rt_sigprocmask
from sw.kernel.signal.kill import sys_kill, sys_tgkill, sys_tkill
from sw.kernel.sys.ids import (
    sys_getegid, sys_geteuid, sys_getgid, sys_getresgid, sys_getresuid, sys_getuid, sys_setfsgid,
    sys_setfsuid, sys_setgid, sys_setregid, sys_setresgid, sys_setresuid, sys_setreuid, sys_setuid,
)
from sw.kernel.sys.pgrp import (
    sys_getpgid, sys_getpid, sys_getppid, sys_getsid, sys_setpgid, sys_setsid,
)
from sw.kernel.sys.prctl import sys_prctl
from sw.kernel.sys.rusage import sys_getrusage
from sw.kernel.sys.rlimit import sys_getrlimit, sys_prlimit64, sys_setrlimit
from sw.mm.madvise.do_madvise import sys_madvise
from sw.mm.mlock import sys_mlock, sys_mlock2, sys_mlockall, sys_munlock, sys_munlockall
from sw.mm.memfd import sys_memfd_create
from sw.mm.mmap.brk import sys_brk
from sw.mm.mmap.unmap import sys_munmap
from sw.mm.mprotect import sys_mprotect
from sw.mm.mremap import sys_mremap
from sw.mm.secretmem import sys_memfd_secret
from sw.mm.mseal import sys_mseal
from sw.mm.msync import sys_msync
from sw.mm.process_vm_access import sys_process_vm_readv, sys_process_vm_writev


__all__ = [
    "NR_brk", "NR_clone", "NR_close", "NR_copy_file_range", "NR_creat", "NR_dup", "NR_dup2",
    "NR_dup3", "NR_execve", "NR_exit", "NR_exit_group", "NR_fallocate", "NR_fcntl", "NR_fdatasync",
    "NR_fork", "NR_fsync", "NR_ftruncate", "NR_getegid", "NR_geteuid", "NR_getgid", "NR_getpgid",
    "NR_getpid", "NR_getppid", "NR_getresgid", "NR_getresuid", "NR_getrlimit", "NR_getrusage",
    "NR_getsid", "NR_getuid", "NR_ioctl", "NR_kill", "NR_lseek", "NR_madvise", "NR_memfd_create",
    "NR_memfd_secret", "NR_mlock", "NR_mlock2", "NR_mlockall", "NR_mmap", "NR_mprotect",
    "NR_mremap", "NR_mseal", "NR_msync", "NR_munlock", "NR_munlockall", "NR_munmap", "NR_open",
    "NR_pidfd_open", "NR_pidfd_send_signal", "NR_pipe", "NR_pipe2", "NR_prctl", "NR_pread64",
    "NR_preadv", "NR_prlimit64",
    "NR_process_vm_readv", "NR_process_vm_writev", "NR_ptrace", "NR_pwrite64", "NR_pwritev",
    "NR_read", "NR_readv", "NR_rt_sigaction", "NR_rt_sigprocmask", "NR_sched_yield", "NR_sendfile",
    "NR_setfsgid", "NR_setfsuid", "NR_setgid", "NR_setpgid", "NR_setregid", "NR_setresgid",
    "NR_setresuid", "NR_setreuid", "NR_setrlimit", "NR_setsid", "NR_setuid", "NR_splice",
    "NR_statx", "NR_tee", "NR_tgkill", "NR_tkill", "NR_truncate", "NR_userfaultfd", "NR_vfork",
    "NR_vmsplice", "NR_wait4", "NR_waitid", "NR_write", "NR_writev", "sys_call_table",
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
NR_ioctl        = 16
NR_pread64      = 17
NR_pwrite64     = 18
NR_readv        = 19
NR_writev       = 20
NR_pipe         = 22
NR_sched_yield  = 24
NR_mremap       = 25
NR_msync        = 26
NR_madvise      = 28
NR_dup          = 32
NR_dup2         = 33
NR_getpid       = 39
NR_sendfile     = 40
NR_clone        = 56
NR_fork         = 57
NR_vfork        = 58
NR_execve       = 59
NR_exit         = 60
NR_wait4        = 61
NR_kill         = 62
NR_fcntl        = 72
NR_fsync        = 74
NR_fdatasync    = 75
NR_truncate     = 76
NR_ftruncate    = 77
NR_creat        = 85
NR_getrlimit    = 97
NR_getrusage    = 98
NR_ptrace       = 101
NR_getuid       = 102
NR_getgid       = 104
NR_setuid       = 105
NR_setgid       = 106
NR_geteuid      = 107
NR_getegid      = 108
NR_setpgid      = 109
NR_getppid      = 110
NR_setsid       = 112
NR_setreuid     = 113
NR_setregid     = 114
NR_setresuid    = 117
NR_getresuid    = 118
NR_setresgid    = 119
NR_getresgid    = 120
NR_getpgid      = 121
NR_setfsuid     = 122
NR_setfsgid     = 123
NR_getsid       = 124
NR_mlock        = 149
NR_munlock      = 150
NR_mlockall     = 151
NR_munlockall   = 152
NR_prctl        = 157
NR_setrlimit    = 160
NR_tkill        = 200
NR_exit_group   = 231
NR_tgkill       = 234
NR_waitid       = 247
NR_splice       = 275
NR_tee          = 276
NR_vmsplice     = 278
NR_fallocate    = 285
NR_dup3         = 292
NR_pipe2        = 293
NR_preadv       = 295
NR_pwritev      = 296
NR_prlimit64    = 302
NR_process_vm_readv = 310
NR_process_vm_writev = 311
NR_memfd_create = 319
NR_userfaultfd  = 323
NR_mlock2       = 325
NR_copy_file_range = 326
NR_statx        = 332
NR_pidfd_send_signal = 424
NR_pidfd_open   = 434
NR_memfd_secret = 447
NR_mseal        = 462


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
    NR_ioctl:        SYSCALL_DEFINE("ioctl", sys_ioctl, unsigned_int, unsigned_int, unsigned_long),
    NR_pread64:      SYSCALL_DEFINE("pread64", ksys_pread64, unsigned_int, unsigned_long, size_t,
                                    position),
    NR_pwrite64:     SYSCALL_DEFINE("pwrite64", ksys_pwrite64, unsigned_int, unsigned_long, size_t,
                                    position),
    NR_readv:        SYSCALL_DEFINE("readv", sys_readv, unsigned_long, unsigned_long,
                                    unsigned_long),
    NR_writev:       SYSCALL_DEFINE("writev", sys_writev, unsigned_long, unsigned_long,
                                    unsigned_long),
    NR_pipe:         SYSCALL_DEFINE("pipe", sys_pipe, unsigned_long),
    NR_sched_yield:  SYSCALL_DEFINE("sched_yield", sys_sched_yield),
    NR_mremap:       SYSCALL_DEFINE("mremap", sys_mremap, unsigned_long, unsigned_long,
                                    unsigned_long, unsigned_long, unsigned_long),
    NR_msync:        SYSCALL_DEFINE("msync", sys_msync, unsigned_long, size_t, int_),
    NR_madvise:      SYSCALL_DEFINE("madvise", sys_madvise, unsigned_long, size_t, int_),
    NR_dup:          SYSCALL_DEFINE("dup", sys_dup, unsigned_int),
    NR_dup2:         SYSCALL_DEFINE("dup2", sys_dup2, unsigned_int, unsigned_int),
    NR_getpid:       SYSCALL_DEFINE("getpid", sys_getpid),
    NR_sendfile:     SYSCALL_DEFINE("sendfile", sys_sendfile64, int_, int_, unsigned_long,
                                    size_t),
    NR_clone:        SYSCALL_DEFINE("clone", sys_clone, unsigned_long),
    NR_fork:         SYSCALL_DEFINE("fork", sys_fork),
    NR_vfork:        SYSCALL_DEFINE("vfork", sys_vfork),
    NR_execve:       SYSCALL_DEFINE("execve", sys_execve, filename, unsigned_long, unsigned_long),
    NR_exit:         SYSCALL_DEFINE("exit", sys_exit, int_),
    NR_wait4:        SYSCALL_DEFINE("wait4", sys_wait4, int_, unsigned_long, int_, unsigned_long),
    NR_kill:         SYSCALL_DEFINE("kill", sys_kill, int_, int_),
    NR_fcntl:        SYSCALL_DEFINE("fcntl", sys_fcntl, unsigned_int, unsigned_int, unsigned_long),
    NR_fsync:        SYSCALL_DEFINE("fsync", sys_fsync, unsigned_int),
    NR_fdatasync:    SYSCALL_DEFINE("fdatasync", sys_fdatasync, unsigned_int),
    NR_truncate:     SYSCALL_DEFINE("truncate", sys_truncate, filename, position),
    NR_ftruncate:    SYSCALL_DEFINE("ftruncate", sys_ftruncate, unsigned_int, position),
    NR_creat:        SYSCALL_DEFINE("creat", sys_creat, filename, umode_t),
    NR_getrlimit:    SYSCALL_DEFINE("getrlimit", sys_getrlimit, unsigned_int, unsigned_long),
    NR_getrusage:    SYSCALL_DEFINE("getrusage", sys_getrusage, int_, unsigned_long),
    NR_ptrace:       SYSCALL_DEFINE("ptrace", sys_ptrace, long, int_,
                                    unsigned_long, unsigned_long),
    NR_getuid:       SYSCALL_DEFINE("getuid", sys_getuid),
    NR_getgid:       SYSCALL_DEFINE("getgid", sys_getgid),
    NR_setuid:       SYSCALL_DEFINE("setuid", sys_setuid, unsigned_int),
    NR_setgid:       SYSCALL_DEFINE("setgid", sys_setgid, unsigned_int),
    NR_geteuid:      SYSCALL_DEFINE("geteuid", sys_geteuid),
    NR_getegid:      SYSCALL_DEFINE("getegid", sys_getegid),
    NR_setpgid:      SYSCALL_DEFINE("setpgid", sys_setpgid, int_, int_),
    NR_getppid:      SYSCALL_DEFINE("getppid", sys_getppid),
    NR_setsid:       SYSCALL_DEFINE("setsid", sys_setsid),
    NR_setreuid:     SYSCALL_DEFINE("setreuid", sys_setreuid, unsigned_int, unsigned_int),
    NR_setregid:     SYSCALL_DEFINE("setregid", sys_setregid, unsigned_int, unsigned_int),
    NR_setresuid:    SYSCALL_DEFINE("setresuid", sys_setresuid, unsigned_int, unsigned_int,
                                    unsigned_int),
    NR_getresuid:    SYSCALL_DEFINE("getresuid", sys_getresuid, unsigned_long, unsigned_long,
                                    unsigned_long),
    NR_setresgid:    SYSCALL_DEFINE("setresgid", sys_setresgid, unsigned_int, unsigned_int,
                                    unsigned_int),
    NR_getresgid:    SYSCALL_DEFINE("getresgid", sys_getresgid, unsigned_long, unsigned_long,
                                    unsigned_long),
    NR_getpgid:      SYSCALL_DEFINE("getpgid", sys_getpgid, int_),
    NR_setfsuid:     SYSCALL_DEFINE("setfsuid", sys_setfsuid, unsigned_int),
    NR_setfsgid:     SYSCALL_DEFINE("setfsgid", sys_setfsgid, unsigned_int),
    NR_getsid:       SYSCALL_DEFINE("getsid", sys_getsid, int_),
    NR_mlock:        SYSCALL_DEFINE("mlock", sys_mlock, unsigned_long, size_t),
    NR_munlock:      SYSCALL_DEFINE("munlock", sys_munlock, unsigned_long, size_t),
    NR_mlockall:     SYSCALL_DEFINE("mlockall", sys_mlockall, int_),
    NR_munlockall:   SYSCALL_DEFINE("munlockall", sys_munlockall),
    NR_prctl:        SYSCALL_DEFINE("prctl", sys_prctl, int_, long, unsigned_long, unsigned_long,
                                    unsigned_long),
    NR_setrlimit:    SYSCALL_DEFINE("setrlimit", sys_setrlimit, unsigned_int, unsigned_long),
    NR_tkill:        SYSCALL_DEFINE("tkill", sys_tkill, int_, int_),
    NR_exit_group:   SYSCALL_DEFINE("exit_group", sys_exit_group, int_),
    NR_tgkill:       SYSCALL_DEFINE("tgkill", sys_tgkill, int_, int_, int_),
    NR_waitid:       SYSCALL_DEFINE("waitid", sys_waitid, int_, int_, unsigned_long, int_,
                                    unsigned_long),
    NR_splice:       SYSCALL_DEFINE("splice", sys_splice, int_, unsigned_long, int_,
                                    unsigned_long, size_t, unsigned_int),
    NR_tee:          SYSCALL_DEFINE("tee", sys_tee, int_, int_, size_t, unsigned_int),
    NR_vmsplice:     SYSCALL_DEFINE("vmsplice", sys_vmsplice, int_, unsigned_long, unsigned_long,
                                    unsigned_int),
    NR_fallocate:    SYSCALL_DEFINE("fallocate", sys_fallocate, int_, int_, position, position),
    NR_dup3:         SYSCALL_DEFINE("dup3", sys_dup3, unsigned_int, unsigned_int, int_),
    NR_pipe2:        SYSCALL_DEFINE("pipe2", sys_pipe2, unsigned_long, int_),
    NR_preadv:       SYSCALL_DEFINE("preadv", sys_preadv, unsigned_long, unsigned_long,
                                    unsigned_long, position),
    NR_pwritev:      SYSCALL_DEFINE("pwritev", sys_pwritev, unsigned_long, unsigned_long,
                                    unsigned_long, position),
    NR_prlimit64:    SYSCALL_DEFINE("prlimit64", sys_prlimit64, int_, unsigned_int, unsigned_long,
                                    unsigned_long),
    NR_process_vm_readv: SYSCALL_DEFINE(
        "process_vm_readv", sys_process_vm_readv, int_, unsigned_long, unsigned_long,
        unsigned_long, unsigned_long, unsigned_long),
    NR_process_vm_writev: SYSCALL_DEFINE(
        "process_vm_writev", sys_process_vm_writev, int_, unsigned_long, unsigned_long,
        unsigned_long, unsigned_long, unsigned_long),
    NR_memfd_create: SYSCALL_DEFINE("memfd_create", sys_memfd_create, filename, unsigned_int),
    NR_userfaultfd:  SYSCALL_DEFINE("userfaultfd", sys_userfaultfd, int_),
    NR_mlock2:       SYSCALL_DEFINE("mlock2", sys_mlock2, unsigned_long, size_t, int_),
    NR_copy_file_range: SYSCALL_DEFINE("copy_file_range", sys_copy_file_range, int_,
                                       unsigned_long, int_, unsigned_long, size_t, unsigned_int),
    NR_statx:        SYSCALL_DEFINE("statx", sys_statx, int_, filename, unsigned_int, unsigned_int,
                                    unsigned_long),
    NR_pidfd_send_signal: SYSCALL_DEFINE("pidfd_send_signal", sys_pidfd_send_signal, int_, int_,
                                         unsigned_long, unsigned_int),
    NR_pidfd_open:   SYSCALL_DEFINE("pidfd_open", sys_pidfd_open, int_, unsigned_int),
    NR_memfd_secret: SYSCALL_DEFINE("memfd_secret", sys_memfd_secret, unsigned_int),
    NR_mseal:        SYSCALL_DEFINE("mseal", sys_mseal, unsigned_long, size_t, unsigned_long),
}
