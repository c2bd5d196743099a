"""/proc/<pid>/mem: who may open it, and who may use force."""

import pytest

from sw.arch.x86.include.asm.pgtable_types import PAGING_64
from sw.era import ERA_5_X, ERA_6_X
from sw.errno import Errno
from sw.fs.proc.base import proc_mem_force_override
from sw.include.linux.capability import CAP_DAC_OVERRIDE, CAP_SYS_PTRACE
from sw.include.linux.mman import PROT_NONE, PROT_READ
from sw.include.linux.ptrace import (
    PTRACE_ATTACH, PTRACE_DETACH, PTRACE_MODE_ATTACH_FSCREDS,
)
from sw.kernel.cred import cred
from sw.kernel.fork.clone import CLONE_SIGHAND, CLONE_THREAD, CLONE_VM
from sw.kernel.kthread import kthread_create
from sw.kernel.ptrace.access import ptrace_may_access
from sw.processor.cpu import Cpu
from sw.user import User
from sw.vmlinux import Kernel

from .user_support import boot, filled, free_pages, raises_errno, runs, runs_holding


MEM = "/proc/self/mem"


# Opening

@pytest.mark.parametrize("era, errno", [(ERA_6_X, Errno.ESRCH), (ERA_5_X, None)])
@pytest.mark.parametrize("what", ["zombie", "kthread"])
@runs
async def test_open_of_a_task_without_memory(what, era, errno):
    user = await boot(era=era)
    if what == "zombie":
        child = await user.fork()
        await child.exit()
        pid = child.pid
    else:
        pid = kthread_create(user.cpu, "kworker").pid
    if errno is not None:
        with raises_errno(errno):
            await user.open(f"/proc/{pid}/mem")
        return
    mem = await user.open(f"/proc/{pid}/mem")
    assert await user.pread(mem, 0, 8, 0) == 0
    assert await user.pwrite(mem, 0, 8, 0) == 0
    await user.close(mem)


@pytest.mark.parametrize("path", [
    "/proc/4711/mem", "/proc/1/task/4711/mem", "/proc/1/nothing", "/proc/01/mem",
    "/proc/1/task/01/mem", "/proc/thread-self/task/1/mem", "/proc/\u0661/mem",
])
@runs
async def test_open_of_what_is_not_there(path):
    user = await boot()
    assert user.pid == 1
    with raises_errno(Errno.ENOENT):
        await user.open(path)


@runs
async def test_open_of_a_reaped_process():
    user  = await boot()
    child = await user.fork()
    await child.exit()
    await user.wait()
    with raises_errno(Errno.ENOENT):
        await user.open(f"/proc/{child.pid}/mem")


@pytest.mark.parametrize("path", [
    "/proc/{0}/task/{0}/mem", "/proc/{0}/task/{1}/mem", "/proc/self/task/{1}/mem",
    "/proc/{1}/mem", "/proc/{1}/task/{0}/mem", "/proc/thread-self/mem",
])
@runs
async def test_open_by_thread_number(path):
    user   = await boot()
    buf    = await filled(user)
    thread = await user.clone(CLONE_VM | CLONE_SIGHAND | CLONE_THREAD)
    mem    = await user.open(path.format(user.pid, thread.pid))
    assert await user.pread(mem, buf + 8, 8, buf) == 8


@runs
async def test_a_task_is_not_found_in_the_directory_of_another_process():
    user   = await boot()
    child  = await user.fork()
    thread = await child.clone(CLONE_VM | CLONE_SIGHAND | CLONE_THREAD)
    for path in (f"/proc/{user.pid}/task/{child.pid}/mem", f"/proc/self/task/{child.pid}/mem",
                 f"/proc/{child.pid}/task/{user.pid}/mem", f"/proc/self/task/{thread.pid}/mem"):
        with raises_errno(Errno.ENOENT):
            await user.open(path)


@pytest.mark.parametrize("era", [ERA_5_X, ERA_6_X], ids=lambda era: era.name)
@runs
async def test_an_open_file_keeps_the_struct_and_not_the_memory(era):
    user  = await boot(era=era)
    child = await user.fork()
    mm    = child.task.mm
    mem   = await user.open(f"/proc/{child.pid}/mem")
    assert (mm.mm_users, mm.mm_count) == (1, 2)
    await child.exit()
    await user.mmap(4096)
    assert (mm.mm_users, mm.mm_count) == (0, 1)
    assert await user.pread(mem, 0, 8, 0) == 0
    await user.close(mem)
    assert (mm.mm_users, mm.mm_count) == (0, 0)


@runs
async def test_a_call_gives_back_its_page_and_its_use_of_the_memory():
    user = await boot()
    buf  = await filled(user)
    mem  = await user.open(MEM)
    mm, free = user.task.mm, free_pages(user)
    assert await user.pwrite(mem, buf, 8, buf) == 8
    with raises_errno(Errno.EIO):
        await user.pread(mem, buf, 8, 0x1000)
    with raises_errno(Errno.EFAULT):
        await user.pwrite(mem, 0x1000, 8, buf)
    assert (mm.mm_users, mm.mm_count, free_pages(user)) == (1, 2, free)


OWNER = cred.of_user(1000)


@pytest.mark.parametrize("opener, target, dumpable, errno", [
    (OWNER, OWNER, 1, None),
    (OWNER, OWNER, 0, Errno.EACCES),
    (cred.of_user(1001), OWNER, 1, Errno.EACCES),
    # the file's mode stops who lacks CAP_DAC_OVERRIDE, the ids who lacks CAP_SYS_PTRACE
    (cred.of_user(1001, CAP_SYS_PTRACE), OWNER, 1, Errno.EACCES),
    (cred.of_user(1001, CAP_DAC_OVERRIDE), OWNER, 1, Errno.EACCES),
    (cred.of_user(1001, CAP_DAC_OVERRIDE, CAP_SYS_PTRACE), OWNER, 1, None),
    (cred.of_user(1001, CAP_DAC_OVERRIDE, CAP_SYS_PTRACE), OWNER, 0, None),
    (cred.of_user(1000, CAP_SYS_PTRACE), OWNER, 0, Errno.EACCES),   # root's file now
    (cred.of_user(1000, CAP_DAC_OVERRIDE), OWNER, 0, Errno.EACCES),
    # every id of the target must be the opener's file-system id
    (OWNER, cred(*[1000] * 4, 0, *[1000] * 3), 1, Errno.EACCES),
    (OWNER, cred(*[1000] * 5, 0, *[1000] * 2), 1, Errno.EACCES),
    (cred(*[1001] * 6, 1000, 1000), OWNER, 1, None),
    (cred(*[1000] * 6, 1001, 1000), OWNER, 1, Errno.EACCES),
])
@runs
async def test_who_may_open(opener, target, dumpable, errno):
    user  = await boot(credentials=opener)
    other = await User.create(user.cpu, credentials=target)
    other.task.mm.dumpable = dumpable
    path  = f"/proc/{other.pid}/mem"
    if errno is None:
        await user.close(await user.open(path))
    else:
        users = other.task.mm.mm_users
        with raises_errno(errno):
            await user.open(path)
        assert other.task.mm.mm_users == users


@runs
async def test_the_own_memory_needs_no_permission():
    user = await boot(credentials=cred.of_user(1000, CAP_DAC_OVERRIDE))
    user.task.mm.dumpable = 0
    await user.open(MEM)


@runs
async def test_memory_that_is_shared_needs_no_permission_whoever_else_has_it():
    user  = await boot(credentials=cred.of_user(1000, CAP_DAC_OVERRIDE))
    buf   = await filled(user)
    other = await user.clone(CLONE_VM)
    other.task.cred = cred.of_user(1001)
    assert not ptrace_may_access(user.cpu, other.task, PTRACE_MODE_ATTACH_FSCREDS)
    mem = await user.open(f"/proc/{other.pid}/mem")
    assert await user.pread(mem, buf + 8, 8, buf) == 8


@pytest.mark.parametrize("era, errno", [(ERA_6_X, Errno.ESRCH), (ERA_5_X, None)])
@pytest.mark.parametrize("what", ["zombie", "kthread"])
@runs
async def test_there_is_nothing_to_permit_in_a_task_without_memory(what, era, errno):
    user = await boot(era=era, credentials=cred.of_user(1000, CAP_DAC_OVERRIDE))
    if what == "zombie":
        child = await user.fork()
        child.task.cred = cred.of_user(1001)
        await child.exit()
        await user.mmap(4096)
        task = child.task
    else:
        task = kthread_create(user.cpu, "kworker")
    assert not ptrace_may_access(user.cpu, task, PTRACE_MODE_ATTACH_FSCREDS)
    path = f"/proc/{task.pid}/mem"
    if errno is None:
        assert await user.pread(await user.open(path), 0, 8, 0) == 0
    else:
        with raises_errno(errno):
            await user.open(path)


@runs_holding
async def test_memory_that_a_kernel_thread_has_borrowed_is_not_its_own():
    user = await boot()
    task = kthread_create(user.cpu, "kworker")
    task.mm = user.task.mm  # as kthread_use_mm does
    with raises_errno(Errno.ESRCH):
        await user.open(f"/proc/{task.pid}/mem")


@runs
async def test_a_process_may_look_into_itself_whatever_its_ids():
    user = await boot(credentials=cred(*[1000] * 7, 1001))
    user.task.mm.dumpable = 0
    assert ptrace_may_access(user.cpu, user.task, PTRACE_MODE_ATTACH_FSCREDS)
    other = await user.fork()
    assert not ptrace_may_access(user.cpu, other.task, PTRACE_MODE_ATTACH_FSCREDS)


@runs
async def test_permission_is_asked_at_open_only():
    user  = await boot(credentials=cred.of_user(1000))
    buf   = await filled(user)
    child = await user.fork()
    mem   = await user.open(f"/proc/{child.pid}/mem")
    user.task.cred = cred.of_user(65534)
    child.task.mm.dumpable = 0
    assert await user.pwrite(mem, buf, 8, buf) == 8


# proc_mem.force_override

def policy(cpu: Cpu, word: str) -> None:
    """Boot again with another word, as it were."""
    proc_mem_force_override.set(cpu, word)


@pytest.mark.parametrize("word, policy", [
    ("always", "always"), ("ptrace", "ptrace"), ("never", "never"),
    ("", "always"), ("Never", "always"), ("never ", "always"), ("nobody", "always"),
])
def test_a_word_that_the_boot_parameter_does_not_know_keeps_the_default(word, policy):
    kernel = Kernel(PAGING_64, 1 << 20, ERA_6_X, proc_mem_force_override=word)
    assert kernel.image[proc_mem_force_override] == policy


@pytest.mark.parametrize("word", ["always", "nobody"])
@runs
async def test_under_an_unknown_word_everybody_may_force(word):
    user = await boot(proc_mem_force_override=word)
    buf  = await filled(user)
    at   = await user.mmap(4096, PROT_READ)
    assert await user.pwrite(await user.open(MEM), buf, 8, at) == 8


@pytest.mark.parametrize("word, before, attached, after", [
    ("always", True,  True,  True),
    ("ptrace", False, True,  False),
    ("never",  False, False, False),
])
@pytest.mark.parametrize("call, prot", [("pwrite", PROT_READ), ("pread", PROT_NONE)])
@runs
async def test_force_is_decided_at_each_call(call, prot, word, before, attached, after):
    user  = await boot()
    at    = await filled(user, 1)
    buf   = await filled(user)
    await user.mprotect(at, 4096, prot)
    child = await user.fork()
    mem   = await user.open(f"/proc/{child.pid}/mem")
    policy(user.cpu, word)

    async def expect(allowed: bool) -> None:
        if allowed:
            assert await getattr(user, call)(mem, buf, 8, at) == 8
        else:
            with raises_errno(Errno.EIO):
                await getattr(user, call)(mem, buf, 8, at)

    await expect(before)
    await user.ptrace(PTRACE_ATTACH, child.pid)
    await expect(attached)
    await user.ptrace(PTRACE_DETACH, child.pid)
    await expect(after)


@pytest.mark.parametrize("word", ["ptrace", "never"])
@runs
async def test_without_force_what_the_program_may_do_still_works(word):
    user = await boot()
    buf  = await filled(user)
    mem  = await user.open(MEM)
    policy(user.cpu, word)
    assert await user.pwrite(mem, buf, 8, buf + 8) == 8
    at = await user.mmap(4096, PROT_READ)
    assert await user.pread(mem, buf, 8, at) == 8
    with raises_errno(Errno.EIO):
        await user.pwrite(mem, buf, 8, at)


@runs
async def test_under_ptrace_another_task_than_the_tracer_cannot_force():
    user   = await boot()
    at     = await user.mmap(4096, PROT_READ)
    buf    = await filled(user)
    child  = await user.fork()
    other  = await user.fork()
    mem    = await other.open(f"/proc/{child.pid}/mem")
    policy(user.cpu, "ptrace")
    await user.ptrace(PTRACE_ATTACH, child.pid)
    with raises_errno(Errno.EIO):
        await other.pwrite(mem, buf, 8, at)


@runs
async def test_old_kernels_have_no_such_policy():
    user = await boot(era=ERA_5_X)
    buf  = await filled(user)
    at   = await user.mmap(4096, PROT_READ)
    policy(user.cpu, "never")
    assert await user.pwrite(await user.open(MEM), buf, 8, at) == 8


@runs
async def test_whom_a_task_cannot_attach_to():
    user  = await boot()
    child = await user.fork()
    with raises_errno(Errno.EPERM):
        await user.ptrace(PTRACE_ATTACH, user.pid)
    with raises_errno(Errno.EPERM):
        await user.ptrace(PTRACE_ATTACH, kthread_create(user.cpu, "kworker").pid)
    with raises_errno(Errno.ESRCH):
        await user.ptrace(PTRACE_ATTACH, 4711)
    with raises_errno(Errno.ESRCH):
        await user.ptrace(PTRACE_DETACH, child.pid)
    await user.ptrace(PTRACE_ATTACH, child.pid)
    with raises_errno(Errno.EPERM):
        await user.ptrace(PTRACE_ATTACH, child.pid)
    with raises_errno(Errno.EIO):
        await user.ptrace(4711, child.pid)


@runs
async def test_a_zombie_has_no_tracer():
    user  = await boot()
    child = await user.fork()
    await child.exit()
    with raises_errno(Errno.EPERM):
        await user.ptrace(PTRACE_ATTACH, child.pid)
    assert await user.wait() == child.pid


@pytest.mark.parametrize("tracer, target, dumpable, errno", [
    (OWNER, OWNER, 1, None),
    (OWNER, OWNER, 0, Errno.EPERM),
    (cred.of_user(1001), OWNER, 1, Errno.EPERM),
    (cred.of_user(1001, CAP_DAC_OVERRIDE), OWNER, 1, Errno.EPERM),
    (cred.of_user(1001, CAP_SYS_PTRACE), OWNER, 0, None),
    # the real ids count, and not those for files
    (cred(*[1000] * 6, 1001, 1001), OWNER, 1, None),
    (cred(1001, 1001, *[1000] * 6), OWNER, 1, Errno.EPERM),
])
@runs
async def test_who_may_attach(tracer, target, dumpable, errno):
    user  = await boot(credentials=tracer)
    other = await User.create(user.cpu, credentials=target)
    other.task.mm.dumpable = dumpable
    if errno is None:
        await user.ptrace(PTRACE_ATTACH, other.pid)
        assert other.task.ptrace and other.task.parent is user.task
    else:
        with raises_errno(errno):
            await user.ptrace(PTRACE_ATTACH, other.pid)
        assert not other.task.ptrace and other.task.parent is None


@runs
async def test_only_the_tracer_detaches():
    user  = await boot()
    child = await user.fork()
    other = await user.fork()
    await other.ptrace(PTRACE_ATTACH, child.pid)
    with raises_errno(Errno.ESRCH):
        await user.ptrace(PTRACE_DETACH, child.pid)
    await other.ptrace(PTRACE_DETACH, child.pid)
    assert not child.task.ptrace and child.task.parent is user.task
