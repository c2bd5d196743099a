"""execve(): what a process keeps, loses and becomes. The results are those of a real Linux 6.18."""

from dataclasses import replace

import pytest

from sw.arch.x86.entry.syscalls.syscall_64 import (
    NR_execve, NR_fcntl, NR_prctl, NR_rt_sigaction,
)
from sw.errno import Errno
from sw.fs import exec as program
from sw.fs.exec import bprm_mm_init
from sw.fs.fcntl import F_GETFD
from sw.fs.ramfs.inode import rootfs
from sw.include.linux.capability import CAP_FULL_SET, CAP_SYS_PTRACE
from sw.include.linux.fs import O_CLOEXEC, O_CREAT, O_RDWR
from sw.include.linux.prctl import PR_SET_DUMPABLE
from sw.include.linux.ptrace import (
    PTRACE_ATTACH, PTRACE_CONT, PTRACE_GETEVENTMSG, PTRACE_O_TRACEEXEC, PTRACE_SEIZE,
    PTRACE_TRACEME,
)
from sw.include.linux.sched import JOBCTL_STOP_CONSUME, JOBCTL_STOP_PENDING
from sw.include.linux.signal_types import (
    SI_USER, SIG_IGN, SIGSTOP, SIGTERM, SIGUSR1, SIGUSR2, Killed, Stopped, kernel_siginfo,
)
from sw.include.linux.wait import WNOHANG, WUNTRACED, __WALL
from sw.init.initramfs import do_copy
from sw.kernel.cred import cred
from sw.kernel.fork.clone import CLONE_FILES, CLONE_SIGHAND, CLONE_THREAD, CLONE_VM
from sw.kernel.pid import init_pid_ns
from sw.kernel.sched.completion import wait_for_completion
from sw.kernel.signal.send import send_signal
from sw.user import User

from .highmem_support import EACH_HIGHMEM
from .smp_support import Smp, beside, seeded, two_threads
from .user_support import EACH_PAGING, boot, filled, free_pages, raises_errno, runs


PROGRAM = "/bin/program"
THREAD  = CLONE_VM | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD


async def start(paging=None, **options) -> User:
    """Start a process, beside a program that it may execute."""
    user = await (boot(**options) if paging is None else boot(paging, **options))
    await do_copy(user.cpu, PROGRAM, b"\x7fELF", 0o755)
    return user


@EACH_PAGING
@runs
async def test_a_new_program_has_new_memory_and_a_mem_file_the_old(paging):
    user  = await start(paging)
    at    = await filled(user)
    child = await user.fork()
    mem   = await user.open(f"/proc/{child.pid}/mem")
    assert await user.read_bytes(mem, 2, at) == b"\xcd\xab"
    await child.execve(PROGRAM)
    assert child.task.comm == "program" and child.task.mm.mmap == []
    assert await user.read_bytes(mem, 2, at) == b""       # the old memory is dead
    assert await user.pwrite(mem, at, 8, at) == 0
    with pytest.raises(Killed):
        await child.load(at)


@runs
async def test_all_of_the_old_memory_is_free():
    user = await start()
    await user.execve(PROGRAM)
    before = free_pages(user)
    await filled(user)
    await user.execve(PROGRAM)
    assert free_pages(user) == before


@EACH_HIGHMEM
@runs
async def test_a_program_is_put_into_high_memory_by_a_window_that_is_closed(paging):
    user = await start(paging, ram_bytes=1 << 20, highmem_bytes=1 << 19)
    await user.execve(PROGRAM)


@runs
async def test_the_old_memory_is_let_go_of_while_interrupts_may_come(monkeypatch):
    let_go = program.mmput

    async def mmput(cpu, mm):
        assert cpu.interrupts_enabled
        await let_go(cpu, mm)

    monkeypatch.setattr(program, "mmput", mmput)
    user = await start()
    await user.execve(PROGRAM)


@pytest.mark.parametrize("path, body, mode, errno", [
    ("/none",  None,         0,     Errno.ENOENT),
    ("/plain", b"\x7fELF",   0o644, Errno.EACCES),
    ("/text",  b"#!/bin/sh", 0o755, Errno.ENOEXEC),
    ("/empty", b"",          0o755, Errno.ENOEXEC),
    ("/proc/self/mem", None, 0,     Errno.EACCES),
])
@runs
async def test_files_that_are_no_programs(path, body, mode, errno):
    user = await start()
    at   = await filled(user)
    if body is not None:
        await do_copy(user.cpu, path, body, mode)
    with raises_errno(errno):
        await user.execve(path)
    assert await user.load(at) == 0xABCD


@runs
async def test_a_program_that_is_open_for_writing_is_busy():
    user = await start()
    fd   = await user.open(PROGRAM, O_RDWR)
    with raises_errno(Errno.ETXTBSY):
        await user.execve(PROGRAM)
    await user.close(fd)
    await user.execve(PROGRAM)


@runs
async def test_arguments_are_not_modelled():
    user = await start()
    with raises_errno(Errno.ENOSYS):
        await user.syscall(NR_execve, PROGRAM, await filled(user), 0)


@runs
async def test_what_is_kept_and_what_is_not():
    user = await start()
    kept = await user.open("/file", O_CREAT | O_RDWR, 0o600)
    gone = await user.open("/file", O_RDWR | O_CLOEXEC)
    await user.syscall(NR_rt_sigaction, SIGUSR1, SIG_IGN)
    await user.handle(SIGUSR2)
    await user.sigprocmask(SIGTERM)
    await user.kill(user.pid, SIGTERM)
    await user.execve(PROGRAM)
    assert user.task.sighand.action == {SIGUSR1: SIG_IGN}
    assert user.task.blocked and [i.si_signo for i in user.task.signal.shared_pending] == [SIGTERM]
    assert await user.syscall(NR_fcntl, kept, F_GETFD, 0) == 0
    with raises_errno(Errno.EBADF):
        await user.syscall(NR_fcntl, gone, F_GETFD, 0)


@runs
async def test_descriptors_shared_with_another_process_stay_open_there():
    user  = await start()
    child = await user.clone(CLONE_VM | CLONE_FILES | 17)
    fd    = await user.open("/file", O_CREAT | O_RDWR | O_CLOEXEC, 0o600)
    await child.execve(PROGRAM)
    await user.close(fd)
    assert child.task.files.fdt == {}


@pytest.mark.parametrize("who", ["the first thread", "another thread"])
@runs
async def test_other_threads_end_and_the_process_keeps_its_number(who):
    user   = await start()
    child  = await user.fork()
    thread = await child.clone(THREAD)
    third  = await child.clone(THREAD)
    one    = child if who == "the first thread" else thread
    await one.execve(PROGRAM)
    assert one.pid == one.task.tgid == child.task.tgid
    assert set(init_pid_ns(user.cpu).tasks) == {user.pid, one.pid}
    for other in {child, thread, third} - {one}:
        with pytest.raises((Killed, RuntimeError)):
            await other.mmap(4096)
    await one.mmap(4096)
    await one.exit(3)
    assert await user.wait_status() == (one.pid, 0x300)


@runs
async def test_a_child_that_has_executed_a_program_stays_in_its_group():
    user  = await start()
    child = await user.fork()
    await user.setpgid(child.pid, 0)
    await child.execve(PROGRAM)
    with raises_errno(Errno.EACCES):
        await user.setpgid(child.pid, user.pid)
    await child.setpgid(0, user.pid)


# Tracers

@runs
async def test_a_tracee_gets_sigtrap_when_its_program_begins():
    user  = await start()
    child = await user.fork()
    await child.ptrace(PTRACE_TRACEME)
    await child.execve(PROGRAM)
    assert await user.wait_status() == (child.pid, 0x57F)
    with pytest.raises(Stopped):
        await child.mmap(4096)


@pytest.mark.parametrize("option, status", [(0, 0), (PTRACE_O_TRACEEXEC, 0x4057F)])
@runs
async def test_a_seized_tracee_stops_for_those_who_want_it(option, status):
    user  = await start()
    at    = await user.mmap(4096)
    child = await user.fork()
    await user.ptrace(PTRACE_SEIZE, child.pid, 0, option)
    await child.execve(PROGRAM)
    assert (await user.wait_status(child.pid, WNOHANG | __WALL))[1] == status
    if status:
        await user.ptrace(PTRACE_GETEVENTMSG, child.pid, 0, at)
        assert await user.load(at) == child.pid
        await user.ptrace(PTRACE_CONT, child.pid, 0, SIGTERM)     # no signal: none is changed
    await child.mmap(4096)


@runs
async def test_a_signal_that_comes_meanwhile_waits_for_the_end_of_the_stop(monkeypatch):
    async def slow(cpu):
        await send_signal(cpu, child.task, kernel_siginfo(SIGTERM, SI_USER))
        return await bprm_mm_init(cpu)

    user  = await start()
    child = await user.fork()
    await user.ptrace(PTRACE_SEIZE, child.pid, 0, PTRACE_O_TRACEEXEC)
    monkeypatch.setattr("sw.fs.exec.bprm_mm_init", slow)
    await child.execve(PROGRAM)
    assert (await user.wait_status(child.pid, WNOHANG | __WALL))[1] == 0x4057F
    await user.ptrace(PTRACE_CONT, child.pid)
    assert (await user.wait_status(child.pid, WNOHANG | __WALL))[1] == SIGTERM << 8 | 0x7F


@runs
async def test_a_thread_that_ends_counts_as_stopped(monkeypatch):
    async def slow(cpu):
        """Have the process told to stop, as another processor can meanwhile."""
        for each in (child, thread):
            each.task.jobctl |= SIGSTOP | JOBCTL_STOP_PENDING | JOBCTL_STOP_CONSUME
        child.task.signal.group_stop_code  = SIGSTOP
        child.task.signal.group_stop_count = 2
        return await bprm_mm_init(cpu)

    user   = await start()
    child  = await user.fork()
    thread = await child.clone(THREAD)
    monkeypatch.setattr("sw.fs.exec.bprm_mm_init", slow)
    await child.execve(PROGRAM)
    assert await user.wait_status(-1, WNOHANG | WUNTRACED) == (child.pid, SIGSTOP << 8 | 0x7F)


def test_a_thread_on_another_processor_ends_when_its_process_begins_a_program():
    async def spins(thread, at):
        with pytest.raises(Killed):
            while True:
                await thread.load(at)

    async def main(cpu):
        user, thread = await two_threads(cpu)
        await do_copy(cpu, PROGRAM, b"\x7fELF", 0o755)
        at   = await filled(user)
        done = await beside(thread, lambda: spins(thread, at))
        await user.execve(PROGRAM)
        await wait_for_completion(cpu, done)
        assert list(init_pid_ns(cpu).tasks) == [user.pid]

    Smp().run(main, seeded(1))


# Rights

@pytest.mark.parametrize("ids, uids, caps, dumpable", [
    ((0, 0, 0),          (0, 0, 0, 0),             "PE", 1),
    ((1000, 0, 0),       (1000, 0, 0, 0),          "PE", 0),
    ((0, 1000, 1000),    (0, 1000, 1000, 1000),    "P",  0),
    ((1000, 1000, 1000), (1000, 1000, 1000, 1000), "",   1),
    ((1000, 2000, 3000), (1000, 2000, 2000, 2000), "",   0),
])
@runs
async def test_rights_follow_the_ids(ids, uids, caps, dumpable):
    user = await start()
    await user.syscall(117, *ids)                      # setresuid
    await user.execve(PROGRAM)
    has = user.task.cred
    assert (has.uid, has.euid, has.suid, has.fsuid) == uids
    assert has.cap_permitted == (CAP_FULL_SET if "P" in caps else frozenset())
    assert has.cap_effective == (CAP_FULL_SET if "E" in caps else frozenset())
    assert user.task.mm.dumpable == dumpable


@runs
async def test_a_program_that_gains_capabilities_is_not_dumpable():
    user = await start()
    user.task.cred = replace(user.task.cred, cap_permitted=frozenset(), cap_effective=frozenset())
    await user.execve(PROGRAM)
    assert user.task.cred.cap_effective == CAP_FULL_SET and user.task.mm.dumpable == 0


@runs
async def test_a_new_program_is_dumpable_again():
    user = await start()
    await user.syscall(NR_prctl, PR_SET_DUMPABLE, 0, 0, 0, 0)
    await user.execve(PROGRAM)
    assert user.task.mm.dumpable == 1


@runs
async def test_a_program_that_is_not_to_be_read_is_not_dumpable():
    user = await start(credentials=cred.of_user(1000))
    rootfs(user.cpu)[PROGRAM].i_mode &= ~0o444
    await user.execve(PROGRAM)
    assert user.task.mm.dumpable == 0


@pytest.mark.parametrize("tracer, euid", [
    (None, 0), (cred.of_user(1000), 1000), (cred.of_user(1000, CAP_SYS_PTRACE), 0),
])
@runs
async def test_a_set_user_id_program_gives_nothing_to_a_tracer(tracer, euid):
    user  = await start(credentials=tracer or cred.of_user(1000))
    child = await user.fork()
    child.task.cred = cred.of_user(1000)
    rootfs(user.cpu)[PROGRAM].i_mode |= 0o4000
    if tracer is not None:
        await user.ptrace(PTRACE_ATTACH, child.pid)
        await user.ptrace(PTRACE_CONT, child.pid)
    mem = await user.open(f"/proc/{child.pid}/mem")
    await child.execve(PROGRAM)
    assert child.task.cred.euid == euid
    assert child.task.cred.cap_effective == (CAP_FULL_SET if euid == 0 else frozenset())
    assert await user.read_bytes(mem, 8, 0x10000) == b""   # what was opened before is of no use
