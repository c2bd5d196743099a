"""/proc/<pid>/mem: what it reaches, by which path, and whose memory it is."""

import pytest

from sw.arch.x86.include.asm.pgtable_types import _PAGE_RW, PAGING_32
from sw.bus import Kind
from sw.era import ERA_5_X, ERA_6_X
from sw.errno import Errno, KernelError
from sw.include.linux.mm import VM_PFNMAP
from sw.include.linux.mm_types import vm_operations_struct
from sw.include.linux.mman import (
    MAP_ANONYMOUS, MAP_PRIVATE, MAP_SHARED, PROT_NONE, PROT_READ, PROT_WRITE,
)
from sw.include.linux.signal_types import Signal
from sw.kernel.fork.clone import CLONE_VM
from sw.mm.memory.mem_map import mem_map
from sw.mm.mmap.find import vma_lookup

from .user_support import (
    EACH_ERA, EACH_PAGING, boot, contents, entry, file_of, filled, frame, free_pages, raises_errno,
    runs,
)


RW   = PROT_READ | PROT_WRITE
MEM  = "/proc/self/mem"


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
    fd   = await file_of(user, (0x1111).to_bytes(8, "little")) if kind == "file" else -1
    buf  = await filled(user)
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
    buf  = await filled(user)
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
    buf  = await filled(user)
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


@EACH_ERA
@runs
async def test_no_call_keeps_a_frame_or_a_reference(era):
    user   = await boot(era=era)
    buf    = await filled(user)
    mem    = await user.open(MEM)
    at     = await user.mmap(4096, PROT_READ)
    await user.pwrite(mem, buf, 8, at)
    before = free_pages(user)
    await user.pwrite(mem, buf, 8, at)
    await user.pread(mem, buf, 8, at)
    for bad in (lambda: user.pwrite(mem, 0, 8, at), lambda: user.pread(mem, buf, 8, 0x5000_0000)):
        with pytest.raises(KernelError):
            await bad()
    assert free_pages(user) == before
    assert (await frame(user, at)).refcount == 1
    assert user.task.mm.mmap_lock.readers == []


@EACH_ERA
@runs
async def test_a_write_makes_the_page_dirty_whatever_its_entry_says(era):
    user = await boot(era=era)
    buf  = await filled(user)
    mem  = await user.open(MEM)
    own  = await frame(user, buf)
    assert not own.dirty                  # the entry knows, not yet the page
    await user.pread(mem, buf + 8, 8, buf)
    assert not own.dirty
    await user.pwrite(mem, buf, 8, buf)
    assert own.dirty


@runs
async def test_device_memory_is_accessed_by_its_owner_if_it_can():
    user = await boot()
    buf  = await filled(user)
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
    asked.clear()
    assert await user.pread(mem, buf, 100, at) == 8
    assert [write for _, _, write in asked] == [False] * len(asked) != []


# The path of the bytes

@EACH_ERA
@EACH_PAGING
@pytest.mark.parametrize("highmem", [False, True])
@runs
async def test_no_store_uses_the_targets_address(highmem, paging, era):
    if highmem and not paging.PKMAP_BASE:
        paging = PAGING_32
    user = await boot(paging, era=era, highmem_bytes=256 << 10 if highmem else 0)
    buf  = await filled(user)
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
    alias = [access for access in stores
             if access.data == (0xABCD).to_bytes(8, "little") and access.linear & 0xFFF == 16]
    assert len(alias) == 1
    high_memory = paging.PAGE_OFFSET + mem_map(user.cpu).max_low_pfn * 4096
    assert (alias[0].linear < high_memory) is not highmem


@pytest.mark.parametrize("era, function", [(ERA_5_X, "kmap"), (ERA_6_X, "kmap_local_page")])
@runs
async def test_the_page_is_mapped_only_around_the_copy(era, function):
    user = await boot(era=era)
    buf  = await filled(user)
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
    buf   = await filled(user)
    at    = await filled(user, 1)
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
    at    = await filled(user, 1)
    buf   = await filled(user)
    child = await user.fork()
    assert await child.pwrite(mem, buf, 8, at) == 8
    assert (await user.load(at), await child.load(at)) == (0xABCD, 1)


@pytest.mark.parametrize("call", ["pread", "pwrite"])
@EACH_ERA
@runs
async def test_a_dead_address_space_reads_and_takes_nothing(call, era):
    user  = await boot(era=era)
    buf   = await filled(user)
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
    buf    = await filled(user)
    child  = await user.fork()
    thread = await child.clone(CLONE_VM)
    mem    = await user.open(f"/proc/{child.pid}/mem")
    await child.exit()
    assert await user.pwrite(mem, buf, 8, buf) == 8
    assert await thread.load(buf) == 0xABCD
