"""vfork() and CLONE_VFORK: a parent waits for its child, until that needs its memory no more."""

import pytest

from sw.arch.x86.entry.syscalls.syscall_64 import NR_exit
from sw.errno import Errno
from sw.include.linux.fs import O_RDONLY
from sw.include.linux.signal_types import (
    SI_KERNEL, SI_USER, SIGCHLD, SIGCONT, SIGKILL, SIGQUIT, SIGSTOP, SIGTERM, SIGUSR1, Killed,
    Signal, Stopped, Waiting, kernel_siginfo,
)
from sw.init.initramfs import do_copy
from sw.kernel.cred import cred
from sw.kernel.entry.common import exit_to_user_mode
from sw.kernel.fork.clone import CLONE_SIGHAND, CLONE_THREAD, CLONE_VFORK, CLONE_VM
from sw.kernel.fork.vfork import wait_for_vfork_done
from sw.mm.page_alloc import nr_free_pages
from sw.user import User

from .user_support import EACH_PAGING, boot, filled, raises_errno, runs


THREAD = CLONE_VM | CLONE_SIGHAND | CLONE_THREAD


async def _waits(user: User) -> bool:
    """Tell whether the program is inside vfork()."""
    try:
        await user.nop()
    except Waiting:
        return True
    return False


@EACH_PAGING
@runs
async def test_a_parent_waits_until_its_child_ends(paging):
    user  = await boot(paging)
    at    = await filled(user, 1)
    child = await user.vfork()
    await child.store(at, 2, 4)
    with pytest.raises(Waiting, match=f"process {user.pid} waits for the child of a vfork"):
        await user.load(at, 4)
    await child.exit(3)
    assert await user.load(at, 4) == 2
    assert await user.wait_status() == (child.pid, 0x300)


@runs
async def test_a_parent_waits_until_its_child_has_another_program():
    user  = await boot()
    at    = await filled(user, 1)
    await do_copy(user.cpu, "/program", b"\x7fELF", 0o755)
    child = await user.vfork()
    assert child.task.mm is user.task.mm
    with raises_errno(Errno.ENOENT):
        await child.execve("/none")
    assert await _waits(user)                    # that was no other program
    await child.execve("/program")
    assert await user.load(at) == 1
    assert child.task.mm is not user.task.mm
    await child.exit()
    assert not await _waits(user)


@pytest.mark.parametrize("flags", [CLONE_VFORK | SIGCHLD, CLONE_VFORK | THREAD],
                         ids=["a copy of the memory", "a thread"])
@runs
async def test_clone_waits_for_any_kind_of_child(flags):
    user  = await boot()
    child = await user.clone(flags)
    other = await child.clone(THREAD)
    assert await _waits(user)
    await other.syscall(NR_exit, 0)              # which is not the one
    assert await _waits(user)
    await child.syscall(NR_exit, 0)
    assert not await _waits(user)


@runs
async def test_a_thread_that_waits_dies_where_the_one_it_has_made_begins_a_program():
    user   = await boot()
    await do_copy(user.cpu, "/program", b"\x7fELF", 0o755)
    pid    = user.pid
    thread = await user.clone(CLONE_VFORK | THREAD)
    await thread.execve("/program")
    assert thread.pid == pid
    with pytest.raises(Killed):
        await user.nop()


@runs
async def test_signals_wait_with_the_parent():
    user  = await boot()
    other = await user.fork()
    await user.handle(SIGUSR1)
    child = await user.vfork()
    await other.kill(user.pid, SIGUSR1)
    assert await _waits(user)
    await child.exit()
    with pytest.raises(Signal) as caught:
        await user.nop()
    assert caught.value.signo == SIGUSR1


@runs
async def test_a_signal_that_comes_during_the_call_waits_too():
    user  = await boot()
    await user.handle(SIGUSR1)
    child = await user.vfork()
    user.task.pending.append(kernel_siginfo(SIGUSR1, SI_USER))
    await exit_to_user_mode(user.cpu)            # as at the end of the call
    await child.exit()
    with pytest.raises(Signal):
        await user.nop()


@runs
async def test_a_signal_that_would_write_a_core_file_waits_too():
    user  = await boot()
    other = await user.fork()
    child = await user.vfork()
    await other.kill(user.pid, SIGQUIT)
    assert await _waits(user)
    await child.exit()
    assert user.task.exit_state                  # though its program does nothing
    with pytest.raises(Killed) as caught:
        await user.nop()
    assert caught.value.info.si_signo == SIGQUIT


@runs
async def test_a_parent_stops_when_its_child_has_ended_and_not_before():
    user  = await boot()
    other = await user.fork()
    child = await user.vfork()
    await other.kill(user.pid, SIGSTOP)
    assert await _waits(user)
    await child.exit()
    with pytest.raises(Stopped):
        await user.nop()
    await other.kill(user.pid, SIGCONT)
    assert not await _waits(user)


@pytest.mark.parametrize("signo", [SIGTERM, SIGKILL])
@runs
async def test_a_parent_that_waits_is_killed_at_once(signo):
    user   = await boot()
    other  = await user.fork()
    before = nr_free_pages(user.cpu)
    child  = await user.vfork()
    at     = await filled(child, 7)
    await other.kill(user.pid, signo)
    with pytest.raises(Killed) as caught:
        await user.nop()
    assert caught.value.info.si_signo == signo
    assert await child.load(at) == 7             # whose memory it is alone now
    await child.exit()
    assert nr_free_pages(user.cpu) >= before


@runs
async def test_one_that_is_about_to_die_does_not_wait():
    user  = await boot()
    child = await user.fork()
    user.task.pending.append(kernel_siginfo(SIGKILL, SI_KERNEL))  # by another processor, just now
    wait_for_vfork_done(child.task, user.task)
    with pytest.raises(Killed):
        await user.nop()


@runs
async def test_status_of_a_parent_that_waits():
    user  = await boot(credentials=cred.of_user(1000))
    child = await user.vfork()
    fd    = await child.open(f"/proc/{user.pid}/status", O_RDONLY)
    assert b"State:\tD (disk sleep)\n" in await child.read_bytes(fd, 4096)
    await child.exit()
