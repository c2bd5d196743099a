"""execve(): another program in the place of the current one.

Ref: Linux 6.12, fs/exec.c; security/commoncap.c (cap_bprm_creds_from_file).

Nothing is loaded: a file that begins like one of ELF is a program without code and data, which
begins with an empty address space. It gets no arguments and no environment.
"""

from dataclasses import replace

from sw.arch.x86.entry.vdso.vma import arch_setup_additional_pages, vdso_enabled
from sw.arch.x86.include.asm.current import current, current_files
from sw.arch.x86.include.asm.elf import ELF_ET_DYN_BASE
from sw.arch.x86.include.asm.irqflags import local_irq_disable, local_irq_enable
from sw.arch.x86.include.asm.processor import cpu_relax
from sw.arch.x86.mm.tlb import switch_mm_irqs_off
from sw.errno import Errno, KernelError
from sw.include.linux.capability import CAP_FULL_SET, CAP_SETUID, CAP_SYS_PTRACE
from sw.include.linux.fs import FMODE_WRITE, S_IFMT, S_IFREG, S_ISUID, inode
from sw.include.linux.mm_types import SUID_DUMP_USER, mm_struct
from sw.include.linux.ptrace import PTRACE_EVENT_EXEC
from sw.include.linux.sched import PF_FORKNOEXEC, task_struct
from sw.include.linux.signal_types import (
    SI_USER, SIG_HANDLER, SIGCHLD, SIGTRAP, kernel_siginfo, sighand_struct,
)
from sw.kconfig import kconfig
from sw.kernel.commit_creds import commit_creds, suid_dumpable
from sw.kernel.cred import cred
from sw.kernel.exit.do_exit import release_task
from sw.kernel.fork.mm import mm_alloc, mmput
from sw.kernel.fork.vfork import complete_vfork_done
from sw.kernel.pid import find_task_by_vpid, init_pid_ns
from sw.kernel.sched.core import schedule
from sw.kernel.signal.action import for_each_thread
from sw.kernel.signal.send import send_signal, zap_other_threads
from sw.kernel.signal.stop import ptrace_event
from sw.kernel.trace.ftrace import traced
from sw.mm.filemap import filemap_get_page
from sw.mm.highmem import kmap_local_page, kunmap_local
from sw.mm.page_alloc import put_page
from sw.processor.cpu import Cpu

from .file import close_fd, dup_fd
from .namei import MAY_EXEC, MAY_READ, inode_permission, lookup_open


__all__ = ["bprm_mm_init", "sys_execve"]


#: The bytes that a program's file begins with, as a number: 0x7F "ELF".
_ELFMAG = 0x464C457F


async def bprm_mm_init(cpu: Cpu) -> mm_struct:
    """Make the address space of a new program, which is empty but for the vDSO. Raises ENOMEM.

    The heap begins where a program without code and data ends.
    """
    mm = await mm_alloc(cpu)
    mm.start_brk = mm.brk = ELF_ET_DYN_BASE(kconfig(cpu).paging)
    if vdso_enabled(cpu):
        await arch_setup_additional_pages(cpu, mm)
    return mm


def _is_written(cpu: Cpu, node: inode) -> bool:
    """Tell whether somebody has the file open for writing."""
    return any(filp is not None and filp.f_inode is node and filp.f_mode & FMODE_WRITE
               for task in init_pid_ns(cpu).tasks.values() if task.files is not None
               for filp in task.files.fdt.values())


def do_open_execat(cpu: Cpu, path: str) -> inode:
    """Find the file of a program. ENOENT; EACCES if it is no regular file, or not executable;
    ETXTBSY while it is open for writing."""
    node = lookup_open(cpu, path, 0, 0, MAY_EXEC)
    if node.i_mode & S_IFMT != S_IFREG or not node.i_mode & 0o111:
        raise KernelError(Errno.EACCES)
    if _is_written(cpu, node):
        raise KernelError(Errno.ETXTBSY)
    return node


async def search_binary_handler(cpu: Cpu, node: inode) -> None:
    """Refuse a file that is no program: ENOEXEC."""
    magic = 0
    if node.i_mapping is not None and node.i_size >= 4:
        pg    = await filemap_get_page(cpu, node.i_mapping, 0)
        kaddr = await kmap_local_page(cpu, pg)
        magic = await cpu.load(kaddr, 4)
        await kunmap_local(cpu, kaddr)
        put_page(cpu, pg)
    if magic != _ELFMAG:
        raise KernelError(Errno.ENOEXEC)


def _ptracer_capable(task: task_struct) -> bool:
    """Tell whether the task has no tracer, or one with CAP_SYS_PTRACE."""
    return task.ptracer_cred is None or CAP_SYS_PTRACE in task.ptracer_cred.cap_effective


def prepare_creds(cpu: Cpu, node: inode) -> cred:
    """Return the credentials of the new program: the file's owner's, if it is set-user-ID.

    User 0 has all capabilities, nobody else any. A tracer is not to get more this way.
    """
    task, old = current(cpu), current(cpu).cred
    euid = node.i_uid if node.i_mode & S_ISUID else old.euid
    caps = CAP_FULL_SET if 0 in (euid, old.uid) else frozenset[str]()
    if (euid != old.euid or not caps <= old.cap_permitted) and not _ptracer_capable(task):
        if CAP_SETUID not in old.cap_effective:
            euid = old.uid
        caps &= old.cap_permitted
    return replace(old, euid=euid, suid=euid, fsuid=euid, sgid=old.egid, fsgid=old.egid,
                   cap_permitted=caps, cap_effective=caps if euid == 0 else frozenset())


async def de_thread(cpu: Cpu) -> None:
    """End the other threads of the current process. The current one gets the number of the first.
    """
    task, tasks = current(cpu), init_pid_ns(cpu).tasks
    task.signal.group_exec_task = task
    await zap_other_threads(cpu, task)
    while any(thread is not task for thread in for_each_thread(cpu, task)):
        await schedule(cpu)
        await cpu_relax(cpu)  # other processors may have some of them
    leader = find_task_by_vpid(cpu, task.tgid)
    if leader is not None and leader is not task:
        task.exit_signal = leader.exit_signal
        await release_task(cpu, leader)
        del tasks[task.pid]
        task.pid        = task.tgid
        tasks[task.pid] = task
    task.signal.group_exec_task = None


@traced
async def exec_mmap(cpu: Cpu, mm: mm_struct) -> None:
    """Give the current task another address space, and let go of the one that it had."""
    task  = current(cpu)
    oldmm = task.mm
    assert oldmm is not None, "BUG: a kernel thread executes a program"
    await complete_vfork_done(cpu, task)
    local_irq_disable(cpu)
    task.mm = task.active_mm = mm
    await switch_mm_irqs_off(cpu, oldmm, mm)
    await local_irq_enable(cpu)
    await mmput(cpu, oldmm)


async def do_close_on_exec(cpu: Cpu) -> None:
    """Close the descriptors that are not for another program, in a table of the task's own."""
    files = current_files(cpu)
    if files.count > 1:
        files.count -= 1
        current(cpu).files = dup_fd(files)
    for fd in sorted(current_files(cpu).close_on_exec):
        await close_fd(cpu, fd)


def flush_signal_handlers(task: task_struct) -> None:
    """Give signals that had a handler their defaults. What is ignored stays so."""
    task.sighand = sighand_struct({signo: action for signo, action in task.sighand.action.items()
                                   if action != SIG_HANDLER})


async def begin_new_exec(cpu: Cpu, node: inode, new: cred, mm: mm_struct, comm: str) -> None:
    """Leave the old program behind.

    The new one is not dumpable if it has another user's rights, or if its file is not for the
    caller to read.
    """
    task = current(cpu)
    await de_thread(cpu)
    await exec_mmap(cpu, mm)
    task.flags &= ~PF_FORKNOEXEC
    task.comm   = comm
    task.exit_signal = SIGCHLD
    await do_close_on_exec(cpu)
    own = (task.cred.euid, task.cred.egid) == (task.cred.uid, task.cred.gid)
    mm.dumpable = SUID_DUMP_USER if own and _is_readable(cpu, node) else suid_dumpable
    flush_signal_handlers(task)
    commit_creds(cpu, new)


def _is_readable(cpu: Cpu, node: inode) -> bool:
    try:
        inode_permission(cpu, node, MAY_READ)
    except KernelError:
        return False
    return True


@traced
async def sys_execve(cpu: Cpu, path: str, argv: int, envp: int) -> int:
    """Begin the program in the file ``path``, with new memory.

    What is kept are descriptors, but for those that close; ignored signals, the mask, and signals
    that wait; limits, and ids.

    Raises
    ------
    KernelError
        ENOSYS for arguments and an environment; ENOENT, EACCES, ETXTBSY, ENOEXEC; ENOMEM.
    """
    if argv or envp:
        raise KernelError(Errno.ENOSYS)
    task = current(cpu)
    pid  = task.pid
    node = do_open_execat(cpu, path)
    await search_binary_handler(cpu, node)
    new  = prepare_creds(cpu, node)
    await begin_new_exec(cpu, node, new, await bprm_mm_init(cpu), path.rpartition("/")[2][:15])
    if not await ptrace_event(cpu, task, PTRACE_EVENT_EXEC, pid):
        await send_signal(cpu, task, kernel_siginfo(
            SIGTRAP, SI_USER, si_pid=task.tgid, si_uid=task.cred.uid), shared=False)
    return 0
