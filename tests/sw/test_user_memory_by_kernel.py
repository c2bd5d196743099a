"""The kernel at user addresses: what stops it, what does not, and kernel threads."""

import pytest

from sw.arch.x86.include.asm.cpufeatures import X86_CR0_WP
from sw.arch.x86.include.asm.current import current
from sw.arch.x86.include.asm.page import page_to_virt
from sw.arch.x86.include.asm.pgtable_types import _PAGE_DIRTY, _PAGE_RW
from sw.arch.x86.lib.usercopy import copy_to_user
from sw.bus import Access, Kind, Register
from sw.drivers.misc.lkdtm.perms import (
    lkdtm_ACCESS_USERSPACE, lkdtm_EXEC_USERSPACE, lkdtm_WRITE_RO, lkdtm_WRITE_USERSPACE,
)
from sw.include.linux.mm_types import FOLL_FORCE, FOLL_WRITE
from sw.include.linux.mman import PROT_EXEC, PROT_READ, PROT_WRITE
from sw.include.linux.signal_types import SI_USER, SIGKILL, kernel_siginfo
from sw.kernel.kthread import kthread_create, kthread_unuse_mm, kthread_use_mm
from sw.kernel.panic import KernelOops
from sw.kernel.sched.core import context_switch
from sw.mm.memory.access import access_remote_vm
from sw.mm.page_alloc import GFP_KERNEL, alloc_page
from sw.processor.strings import store_bytes
from sw.user import User

from .arch_support import loaded_mm
from .user_support import EACH_ERA, EACH_PAGING, boot, entry, frame, runs, runs_holding


async def target(user: User, prot: int) -> int:
    """Map a page that holds 0x1111, with the protection ``prot``."""
    at = await user.mmap(4096)
    await user.store(at, 0x1111)
    await user.mprotect(at, 4096, prot)
    return at


@EACH_PAGING
@runs
async def test_without_stac_the_kernel_may_not_even_load(paging):
    user = await boot(paging)
    at   = await target(user, PROT_READ | PROT_WRITE)
    with pytest.raises(KernelOops) as caught:
        await lkdtm_ACCESS_USERSPACE(user.cpu, at)
    assert (caught.value.address, caught.value.error_code) == (at, 0x1)
    with pytest.raises(KernelOops) as caught:
        await lkdtm_WRITE_USERSPACE(user.cpu, at, 2)
    assert caught.value.error_code == 0x3
    assert await user.load(at, 4) == 0x1111


@EACH_PAGING
@runs
async def test_with_stac_it_may_what_the_program_may(paging):
    user = await boot(paging)
    at   = await target(user, PROT_READ | PROT_WRITE)
    assert await lkdtm_ACCESS_USERSPACE(user.cpu, at, stac=True) == 0x1111
    await lkdtm_WRITE_USERSPACE(user.cpu, at, 0x2222, stac=True)
    assert await user.load(at, 4) == 0x2222
    assert not user.cpu.ac


@EACH_PAGING
@runs
async def test_write_protection_binds_the_kernel_too(paging):
    user = await boot(paging)
    at   = await target(user, PROT_READ)
    with pytest.raises(KernelOops) as caught:
        await lkdtm_WRITE_USERSPACE(user.cpu, at, 2, stac=True)
    assert (caught.value.address, caught.value.error_code) == (at, 0x3)
    assert not user.cpu.ac


@EACH_PAGING
@EACH_ERA
@runs_holding
async def test_without_write_protection_the_store_succeeds_and_leaves_a_trace(paging, era):
    user = await boot(paging, era=era)
    at   = await user.mmap(4096, PROT_READ)
    await access_remote_vm(user.cpu, user.task.mm, at, await kernel_bytes(user, b"\x11"), 1,
                           FOLL_WRITE | FOLL_FORCE)
    await user.load(at)
    await lkdtm_WRITE_RO(user.cpu, at, 0x3333)
    assert await user.load(at, 4) == 0x3333
    # the processor itself has set D in a read-only entry
    assert await entry(user, at) & (_PAGE_RW | _PAGE_DIRTY) == _PAGE_DIRTY
    assert await user.cpu.read_cr(Register.CR0) & X86_CR0_WP


@EACH_PAGING
@runs
async def test_the_kernel_never_executes_user_memory(paging):
    user = await boot(paging)
    at   = await target(user, PROT_READ | PROT_EXEC)
    with pytest.raises(KernelOops) as caught:
        await lkdtm_EXEC_USERSPACE(user.cpu, at)
    assert caught.value.error_code == 0x11
    assert [done.size for done in user.cpu.bus.done
            if isinstance(done, Access) and done.kind is Kind.FETCH] == [1]


async def kernel_bytes(user: User, data: bytes) -> int:
    """Return the linear address of ``data`` in the kernel's own memory."""
    at = page_to_virt(user.cpu, await alloc_page(user.cpu, GFP_KERNEL))
    await store_bytes(user.cpu, at, data)
    return at


@EACH_PAGING
@EACH_ERA
@runs_holding
async def test_copy_to_user_is_refused_where_access_remote_vm_is_not(era, paging):
    user = await boot(paging, era=era)
    at   = await target(user, PROT_READ)
    src  = await kernel_bytes(user, b"\x22" * 8)
    assert await copy_to_user(user.cpu, at, src, 8) == 8
    assert await user.load(at, 4) == 0x1111
    assert await access_remote_vm(user.cpu, user.task.mm, at, src, 8,
                                  FOLL_WRITE | FOLL_FORCE) == 8
    assert await user.load(at, 4) == 0x2222_2222


@EACH_ERA
@runs_holding
async def test_a_dying_task_copies_nothing(era):
    user = await boot(era=era)
    at   = await target(user, PROT_READ)
    src  = await kernel_bytes(user, b"\x22" * 8)
    user.task.pending.append(kernel_siginfo(SIGKILL, SI_USER))
    assert await access_remote_vm(user.cpu, user.task.mm, at, src, 8, FOLL_WRITE) == 0
    assert user.task.mm.mmap_lock.readers == []


@EACH_PAGING
@runs
async def test_a_kernel_thread_runs_on_the_tables_of_whoever_was_there(paging):
    user   = await boot(paging)
    await target(user, PROT_READ)
    thread = kthread_create(user.cpu, "kworker")
    user.cpu.bus.log.clear()
    await context_switch(user.cpu, user.task, thread)
    assert user.cpu.bus.log == []
    assert (thread.mm, thread.active_mm, user.task.mm.mm_count) == (None, user.task.mm, 2)
    await context_switch(user.cpu, thread, user.task)
    assert (thread.active_mm, user.task.mm.mm_count) == (None, 1)


@EACH_PAGING
@runs_holding
async def test_a_kernel_thread_may_use_the_memory_of_a_process(paging):
    user   = await boot(paging)
    at     = await target(user, PROT_READ | PROT_WRITE)
    other  = await User.create(user.cpu)
    await other.mmap(4096)
    thread = kthread_create(user.cpu, "vhost")
    src    = await kernel_bytes(user, b"\x33" * 8)
    await context_switch(user.cpu, current(user.cpu), thread)
    assert await copy_to_user(user.cpu, at, src, 8) == 8   # it has no memory of its own
    await kthread_use_mm(user.cpu, user.task.mm)
    assert await copy_to_user(user.cpu, at, src, 8) == 0
    await kthread_unuse_mm(user.cpu, user.task.mm)
    assert await user.load(at, 4) == 0x3333_3333
    assert (user.task.mm.mm_count, other.task.mm.mm_count) == (1, 1)


@runs
async def test_a_dead_process_keeps_its_root_table_until_another_runs():
    user  = await boot()
    child = await user.fork()
    mm    = child.task.mm
    await child.exit()
    assert loaded_mm(user.cpu) is mm and (mm.mm_users, mm.mm_count) == (0, 1)
    await user.mmap(4096)
    assert mm.mm_count == 0


@runs
async def test_every_process_sees_its_own_memory_at_the_same_address():
    one  = await boot()
    two  = await User.create(one.cpu)
    at   = await one.mmap(4096)
    assert await two.mmap(4096) == at
    await one.store(at, 1)
    await two.store(at, 2)
    assert (await one.load(at), await two.load(at)) == (1, 2)
    assert await frame(one, at) is not await frame(two, at)
