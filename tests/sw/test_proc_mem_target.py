"""/proc/<pid>/mem: whose memory it is, who may open it, and which path the bytes take."""

import pytest
from user_support import (
    EACH_ERA, EACH_PAGING, boot, contents, entry, frame, free_pages, raises_errno, runs,
)

from sw.arch.x86.include.pgtable_types import _PAGE_RW, PAGING_32
from sw.arch.x86.kernel.cpu import Cpu
from sw.bus import Kind
from sw.era import ERA_5_X, ERA_6_X
from sw.errno import Errno
from sw.fs.file import O_CREAT, O_RDONLY, O_RDWR
from sw.kernel.cred import CAP_DAC_OVERRIDE, CAP_SYS_PTRACE, cred
from sw.kernel.fork import CLONE_VM, kthread_create
from sw.kernel.signal_types import Signal
from sw.kernel.syscalls import PTRACE_ATTACH, PTRACE_DETACH
from sw.mm.fault_types import vm_operations_struct
from sw.mm.mm_types import VM_PFNMAP
from sw.mm.mmap import (
    MAP_ANONYMOUS, MAP_FIXED, MAP_GROWSDOWN, MAP_PRIVATE, MAP_SHARED, PROT_NONE, PROT_READ,
    PROT_WRITE,
)
from sw.mm.vma import vma_lookup
from sw.user import User


RW   = PROT_READ | PROT_WRITE
ANON = MAP_PRIVATE | MAP_ANONYMOUS
MEM  = "/proc/self/mem"


async def buffer(user: User, value: int = 0xABCD) -> int:
    """Map a page that begins with ``value``."""
    at = await user.mmap(4096)
    await user.store(at, value)
    return at


async def page_of(user: User, path: str = "/file", mode: int = O_RDONLY) -> int:
    """Make a file of 8 bytes, 0x1111, and open it."""
    buf = await buffer(user, 0x1111)
    fd  = await user.open(path, O_CREAT | O_RDWR, 0o644)
    await user.write(fd, buf, 8)
    await user.munmap(buf, 4096)
    return await user.open(path, mode)


# What a write can reach

@pytest.mark.parametrize("kind, prot, flags, allowed", [
    ("anon", PROT_READ, MAP_PRIVATE, True),
    ("anon", PROT_NONE, MAP_PRIVATE, True),
    ("anon", RW,        MAP_PRIVATE, True),
    ("anon", PROT_READ, MAP_SHARED,  False),
    ("anon", RW,        MAP_SHARED,  True),
    ("file", PROT_READ, MAP_PRIVATE, True),
    ("file", PROT_NONE, MAP_PRIVATE, True),
    ("file", RW,        MAP_PRIVATE, True),
    ("file", PROT_READ, MAP_SHARED,  False),   # open for reading only
])
@pytest.mark.parametrize("touched", [False, True])
@EACH_ERA
@EACH_PAGING
@runs
async def test_what_a_write_reaches(kind, prot, flags, allowed, touched, era, paging):
    user = await boot(paging, era=era)
    fd   = await page_of(user) if kind == "file" else -1
    buf  = await buffer(user)
    mem  = await user.open(MEM)
    at   = await user.mmap(4096, prot, flags | (MAP_ANONYMOUS if kind == "anon" else 0), fd)
    if touched and prot != PROT_NONE:
        await user.load(at)
    if not allowed:
        with raises_errno(Errno.EIO):
            await user.pwrite(mem, buf, 8, at)
        return
    assert await user.pwrite(mem, buf, 8, at) == 8
    assert contents(user, await frame(user, at), 2) == b"\xCD\xAB"
    assert await user.pread(mem, buf + 8, 8, at) == 8
    assert await user.load(buf + 8) == 0xABCD
    if kind == "file":
        assert await user.pread(fd, buf, 8, 0) == 8
        assert await user.load(buf) == 0x1111


@EACH_ERA
@runs
async def test_the_program_still_may_not_store_where_it_wrote_by_force(era):
    user = await boot(era=era)
    buf  = await buffer(user)
    at   = await user.mmap(4096, PROT_READ)
    await user.pwrite(await user.open(MEM), buf, 8, at)
    assert not await entry(user, at) & _PAGE_RW
    with pytest.raises(Signal) as caught:
        await user.store(at, 1)
    assert caught.value.error_code == 0x7
    assert await user.load(at) == 0xABCD


@runs
async def test_a_second_write_changes_the_same_frame_and_not_the_entry():
    user = await boot()
    buf  = await buffer(user)
    mem  = await user.open(MEM)
    at   = await user.mmap(4096, PROT_READ)
    await user.pwrite(mem, buf, 8, at)
    before = await entry(user, at)
    faults = user.task.min_flt
    user.cpu.bus.log.clear()
    await user.pwrite(mem, buf, 8, at + 8)
    assert await entry(user, at) == before
    assert user.task.min_flt == faults
    assert not [line for line in user.cpu.bus.log if line[0] == "invlpg"]


@runs
async def test_device_memory_is_accessed_by_its_owner_if_it_can():
    user = await boot()
    buf  = await buffer(user)
    mem  = await user.open(MEM)
    at   = await user.mmap(4096)
    vma  = vma_lookup(user.task.mm, at)
    vma.vm_flags |= VM_PFNMAP
    with raises_errno(Errno.EIO):
        await user.pwrite(mem, buf, 8, at)
    asked = []

    async def access(cpu, vma, addr, buf, length, write):
        asked.append((addr, length, write))
        return 4 if len(asked) < 3 else 0

    vma.vm_ops = vm_operations_struct(access=access)
    assert await user.pwrite(mem, buf, 100, at) == 8
    assert asked == [(at, 100, True), (at + 4, 96, True), (at + 8, 92, True), (at + 8, 92, True)]


# The path of the bytes

@EACH_ERA
@EACH_PAGING
@pytest.mark.parametrize("highmem", [False, True])
@runs
async def test_no_store_uses_the_targets_address(highmem, paging, era):
    if highmem and paging.entry_size == 8:
        paging = PAGING_32
    user = await boot(paging, era=era, highmem_bytes=256 << 10 if highmem else 0)
    buf  = await buffer(user)
    mem  = await user.open(MEM)
    at   = await user.mmap(4096, PROT_READ)
    user.cpu.bus.done.clear()
    user.cpu.bus.log.clear()
    await user.pwrite(mem, buf, 8, at + 16)
    page   = await frame(user, at)
    stores = [access for access in user.cpu.bus.done if access.kind is not Kind.READ]
    assert page.highmem is highmem
    assert all(access.linear >= paging.PAGE_OFFSET for access in user.cpu.bus.done
               if access.linear & ~4095 != buf)
    assert [access.user for access in stores] == [False] * len(stores)
    alias = [access for access in stores if access.data == 0xABCD and access.linear & 0xFFF == 16]
    assert len(alias) == 1
    assert (alias[0].linear < paging.PAGE_OFFSET + user.cpu.kernel.lowmem_bytes) is not highmem


@pytest.mark.parametrize("era, function", [(ERA_5_X, "kmap"), (ERA_6_X, "kmap_local_page")])
@runs
async def test_the_page_is_mapped_only_around_the_copy(era, function):
    user = await boot(era=era)
    buf  = await buffer(user)
    mem  = await user.open(MEM)
    at   = await user.mmap(4096, PROT_READ)
    await user.pwrite(mem, buf, 8, at)
    user.cpu.bus.marks.clear()
    await user.pwrite(mem, buf, 8, at)
    inner = [stack[stack.index("__access_remote_vm") + 1] for stack in user.cpu.bus.marks
             if "__access_remote_vm" in stack[:-1]]
    order = [name for name, before in zip(inner, ["", *inner], strict=False) if name != before]
    unmap = {"kmap": "kunmap", "kmap_local_page": "kunmap_local"}[function]
    assert order == ["get_user_pages_remote", function, "copy_to_user_page", unmap]


# Whose memory

@EACH_ERA
@runs
async def test_a_parent_writes_its_child_and_the_child_gets_the_new_frame(era):
    user  = await boot(era=era)
    buf   = await buffer(user)
    at    = await buffer(user, 1)
    await user.mprotect(at, 4096, PROT_READ)
    own   = await frame(user, at)
    child = await user.fork()
    mem   = await user.open(f"/proc/{child.pid}/mem")
    assert await user.pwrite(mem, buf, 8, at) == 8
    assert (await user.load(at), await child.load(at)) == (1, 0xABCD)
    assert await frame(user, at) is own and await frame(child, at) is not own


@runs
async def test_an_inherited_descriptor_names_the_parent():
    user  = await boot()
    mem   = await user.open(MEM)
    at    = await buffer(user, 1)
    buf   = await buffer(user)
    child = await user.fork()
    assert await child.pwrite(mem, buf, 8, at) == 8
    assert (await user.load(at), await child.load(at)) == (0xABCD, 1)


@pytest.mark.parametrize("call", ["pread", "pwrite"])
@EACH_ERA
@runs
async def test_a_dead_address_space_reads_and_takes_nothing(call, era):
    user  = await boot(era=era)
    buf   = await buffer(user)
    child = await user.fork()
    mem   = await user.open(f"/proc/{child.pid}/mem")
    assert await getattr(user, call)(mem, buf, 8, buf) == 8
    await child.exit()
    assert await getattr(user, call)(mem, buf, 8, buf) == 0
    assert await getattr(user, call)(mem, 0x3000_0000, 8, buf) == 0
    held = free_pages(user)
    await user.close(mem)
    assert free_pages(user) == held + 1  # the root table


@runs
async def test_an_address_space_lives_on_in_another_thread():
    user   = await boot()
    buf    = await buffer(user)
    child  = await user.fork()
    thread = await child.clone(CLONE_VM)
    mem    = await user.open(f"/proc/{child.pid}/mem")
    await child.exit()
    assert await user.pwrite(mem, buf, 8, buf) == 8
    assert await thread.load(buf) == 0xABCD


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


@pytest.mark.parametrize("path", ["/proc/4711/mem", "/proc/1/task/4711/mem", "/proc/1/maps"])
@runs
async def test_open_of_what_is_not_there(path):
    with raises_errno(Errno.ENOENT):
        await (await boot()).open(path)


@runs
async def test_open_of_a_reaped_process():
    user  = await boot()
    child = await user.fork()
    await child.exit()
    await user.wait()
    with raises_errno(Errno.ENOENT):
        await user.open(f"/proc/{child.pid}/mem")


@runs
async def test_open_by_thread_number():
    user = await boot()
    buf  = await buffer(user)
    mem  = await user.open(f"/proc/{user.pid}/task/{user.pid}/mem")
    assert await user.pread(mem, buf + 8, 8, buf) == 8


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
async def test_permission_is_asked_at_open_only():
    user  = await boot(credentials=cred.of_user(1000))
    buf   = await buffer(user)
    child = await user.fork()
    mem   = await user.open(f"/proc/{child.pid}/mem")
    user.task.cred = cred.of_user(65534)
    child.task.mm.dumpable = 0
    assert await user.pwrite(mem, buf, 8, buf) == 8


# proc_mem.force_override

def policy(cpu: Cpu, word: str) -> None:
    """Boot again with another word, as it were."""
    cpu.kernel.proc_mem_force_override = word


@pytest.mark.parametrize("word, before, attached, after", [
    ("always", True,  True,  True),
    ("ptrace", False, True,  False),
    ("never",  False, False, False),
])
@pytest.mark.parametrize("call, prot", [("pwrite", PROT_READ), ("pread", PROT_NONE)])
@runs
async def test_force_is_decided_at_each_call(call, prot, word, before, attached, after):
    user  = await boot()
    at    = await buffer(user, 1)
    buf   = await buffer(user)
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
    buf  = await buffer(user)
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
    buf    = await buffer(user)
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
    buf  = await buffer(user)
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


# Stacks

@pytest.mark.parametrize("call", ["pread", "pwrite"])
@pytest.mark.parametrize("below, grows", [(8, True), (16 * 4096, True), (64 << 20, False)])
@EACH_ERA
@runs
async def test_a_stack_grows_by_exactly_the_distance(below, grows, call, era):
    user  = await boot(era=era)
    buf   = await buffer(user)
    mem   = await user.open(MEM)
    stack = await user.mmap(2 * 4096, RW, ANON | MAP_GROWSDOWN | MAP_FIXED, addr=0x7000_0000_0000)
    start = stack - below & ~4095
    if grows:
        assert await getattr(user, call)(mem, buf, 8, stack - below) == 8
        assert vma_lookup(user.task.mm, stack).vm_start == start
        assert await user.load(start) == (0xABCD if call == "pwrite" and start == stack - below
                                          else 0)
    else:
        with raises_errno(Errno.EIO):
            await getattr(user, call)(mem, buf, 8, stack - below)
        assert vma_lookup(user.task.mm, stack).vm_start == stack


@pytest.mark.parametrize("prot, flags, gap, grows", [
    (RW,        ANON,                 256, True),
    (RW,        ANON,                 255, False),
    (PROT_READ, ANON,                 1,   False),
    (PROT_NONE, ANON,                 1,   True),
    (RW,        ANON | MAP_GROWSDOWN, 1,   True),
])
@runs
async def test_the_neighbour_below_a_stack(prot, flags, gap, grows):
    user  = await boot()
    buf   = await buffer(user)
    mem   = await user.open(MEM)
    stack = await user.mmap(4096, RW, ANON | MAP_GROWSDOWN | MAP_FIXED, addr=0x7000_0000_0000)
    await user.mmap(4096, prot, flags | MAP_FIXED, addr=stack - 4096 * (gap + 2))
    if grows:
        assert await user.pwrite(mem, buf, 8, stack - 4096) == 8
    else:
        with raises_errno(Errno.EIO):
            await user.pwrite(mem, buf, 8, stack - 4096)


@runs
async def test_the_limit_of_a_stack_is_the_writers():
    user   = await boot()
    buf    = await buffer(user)
    stack  = await user.mmap(4096, RW, ANON | MAP_GROWSDOWN)
    child  = await user.fork()
    mem    = await user.open(f"/proc/{child.pid}/mem")
    user.task.rlim_stack = 2 * 4096
    assert await user.pwrite(mem, buf, 8, stack - 4096) == 8
    with raises_errno(Errno.EIO):
        await user.pwrite(mem, buf, 8, stack - 8192)
    await child.store(stack - 8192, 1)


@runs
async def test_nothing_grows_below_the_lowest_address():
    user  = await boot()
    buf   = await buffer(user)
    mem   = await user.open(MEM)
    await user.mmap(4096, RW, ANON | MAP_GROWSDOWN | MAP_FIXED, addr=0x1_0000)
    with raises_errno(Errno.EIO):
        await user.pwrite(mem, buf, 8, 0xF000)


@EACH_ERA
@runs
async def test_a_write_that_begins_above_a_hole_may_grow_the_stack_behind_it(era):
    user  = await boot(era=era)
    buf   = await buffer(user)
    mem   = await user.open(MEM)
    await user.mmap(4096, PROT_NONE, ANON | MAP_FIXED, addr=0x7000_0000_0000 - 3 * 4096)
    stack = await user.mmap(4096, RW, ANON | MAP_GROWSDOWN | MAP_FIXED, addr=0x7000_0000_0000)
    assert await user.pwrite(mem, buf, 4096, stack - 2 * 4096 - 8) == 4096
    assert await user.load(stack - 2 * 4096) == 0
    assert vma_lookup(user.task.mm, stack).vm_start == stack - 2 * 4096
