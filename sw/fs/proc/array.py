"""/proc/<pid>/status: a task in words.

Ref: Linux 6.12, fs/proc/array.c, task_mmu.c (task_mem).

The lines that tell of what there is in this kernel, in the order and form of Linux.
"""

from sw.errno import Errno, KernelError
from sw.fs.seq_file import seq_lseek, seq_read
from sw.include.linux.fs import file, file_operations
from sw.include.linux.sched import JOBCTL_STOPPED, JOBCTL_TRACED, TASK_KILLABLE, task_struct
from sw.include.linux.signal import sigmask
from sw.include.linux.signal_types import SIG_DFL, SIG_IGN
from sw.kernel.fork.mm import get_task_mm, mmput
from sw.kernel.pid import init_pid_ns
from sw.kernel.trace.ftrace import traced
from sw.processor.cpu import Cpu

from .task_mmu import task_mem


__all__ = ["proc_tgid_status_operations"]


def get_task_state(task: task_struct) -> str:
    """Return the word for what a task does. One that waits for its processor is running, too."""
    if task.exit_state:
        return "Z (zombie)"
    if task.state == TASK_KILLABLE:
        return "D (disk sleep)"
    if task.jobctl & JOBCTL_TRACED:
        return "t (tracing stop)"
    return "T (stopped)" if task.jobctl & JOBCTL_STOPPED else "R (running)"


def _tgid(task: task_struct | None) -> int:
    return 0 if task is None else task.tgid


def _signals(task: task_struct, handler: tuple[int, ...] | None) -> int:
    """Return the set of signals with one of these dispositions; with ``None``, with a handler."""
    return sigmask(*(signo for signo, action in task.sighand.action.items()
                     if (action not in (SIG_DFL, SIG_IGN) if handler is None
                         else action in handler)))


def task_sig(cpu: Cpu, task: task_struct) -> str:
    """Return the lines of a task's threads and signals."""
    threads = sum(1 for other in init_pid_ns(cpu).tasks.values() if other.signal is task.signal)
    sets    = {
        "SigPnd": sigmask(*(info.si_signo for info in task.pending)),
        "ShdPnd": sigmask(*(info.si_signo for info in task.signal.shared_pending)),
        "SigBlk": task.blocked,
        "SigIgn": _signals(task, (SIG_IGN,)),
        "SigCgt": _signals(task, None),
    }
    return f"Threads:\t{threads}\n" + "".join(
        f"{name}:\t{signals:016x}\n" for name, signals in sets.items())


@traced
async def proc_pid_status(cpu: Cpu, task: task_struct) -> str:
    """Return the text of the file."""
    cred   = task.cred
    tracer = _tgid(task.parent) if task.ptrace else 0
    text   = (f"Name:\t{task.comm}\nState:\t{get_task_state(task)}\nTgid:\t{task.tgid}\n"
              f"Pid:\t{task.pid}\nPPid:\t{_tgid(task.real_parent)}\nTracerPid:\t{tracer}\n"
              f"Uid:\t{cred.uid}\t{cred.euid}\t{cred.suid}\t{cred.fsuid}\n"
              f"Gid:\t{cred.gid}\t{cred.egid}\t{cred.sgid}\t{cred.fsgid}\n")
    mm = get_task_mm(task)
    if mm is not None:
        try:
            text += await task_mem(cpu, mm)
        finally:
            await mmput(cpu, mm)
    return text + task_sig(cpu, task)


async def status_read(cpu: Cpu, filp: file, buf: int, count: int, pos: int) -> tuple[int, int]:
    """Read the file. Raises ESRCH if the task is gone."""
    task: task_struct = filp.f_inode.i_private
    if init_pid_ns(cpu).tasks.get(task.pid) is not task:
        raise KernelError(Errno.ESRCH)

    async def show() -> str:
        return await proc_pid_status(cpu, task)

    done, pos, filp.private_data = await seq_read(cpu, filp, buf, count, pos, show,
                                                  filp.private_data)
    return done, pos


proc_tgid_status_operations = file_operations(llseek=seq_lseek, read=status_read)
