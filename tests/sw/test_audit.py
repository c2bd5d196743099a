"""The audit of a kernel at rest: it finds what is left over, whatever that is."""

import pytest

from sw.arch.x86.include.asm.pgtable_types import PAGING_32
from sw.audit import audit, is_at_rest
from sw.fs.file_table import fput
from sw.include.linux.cpumask import cpu_online_mask
from sw.include.linux.fs import O_CREAT, O_RDWR, get_file
from sw.kernel.fork.mm import mmget, mmgrab
from sw.kernel.sched.completion import wait_for_completion
from sw.mm.highmem import kmap, kmap_local_page
from sw.mm.page_alloc import GFP_HIGHUSER_MOVABLE, GFP_KERNEL, alloc_page, get_page, put_page
from sw.user import User

from .smp_support import Holder, Smp
from .user_support import EACH_PAGING, boot, filled, frame, runs, runs_holding


async def busy(*args, **options) -> tuple[User, int]:
    """Start a process with a page, a mapped file, its memory as a file, and a child."""
    user = await boot(*args, **options)
    at   = await filled(user)
    fd   = await user.open("/file", O_CREAT | O_RDWR, 0o600)
    await user.write(fd, at, 8)
    await user.load(await user.mmap(4096, 1, 2, fd))
    await user.open(f"/proc/{user.pid}/mem")
    await user.fork()
    return user, at


@EACH_PAGING
@runs
async def test_nothing_is_left_over_by_an_ordinary_life(paging):
    user, _ = await busy(paging)
    audit(user.cpu)
    await user.exit()


async def leak_frame(user, at):
    await alloc_page(user.cpu, GFP_KERNEL)


async def keep_page(user, at):
    get_page(user.cpu, await frame(user, at))


async def lose_page(user, at):
    (await frame(user, at)).refcount -= 1


async def keep_memory(user, at):
    mmget(user.task.mm)


async def keep_address_space(user, at):
    mmgrab(user.task.mm)


async def keep_file(user, at):
    get_file(user.task.files.fdt[0])


async def lose_file(user, at):
    user.task.files.fdt[0].f_count -= 1


async def share_descriptors(user, at):
    user.task.files.count += 1


async def hold_mappings(user, at):
    user.task.mm.mmap_lock.readers.append(user.cpu)


async def hold_tables(user, at):
    user.task.mm.page_table_lock.holder = user.cpu


async def hold_position(user, at):
    user.task.files.fdt[0].f_pos_lock.holder = user.cpu


LEFT_OVER = {
    leak_frame:         "frame 0x[0-9a-f]+: 1 references, 0 holders",
    keep_page:          "frame 0x[0-9a-f]+: 3 references, 2 holders",
    lose_page:          "frame 0x[0-9a-f]+: 1 references, 2 holders",
    keep_memory:        "memory of tasks 1: 2 references, 1 holders",
    keep_address_space: "address space of tasks 1: 3 references, 2 holders",
    keep_file:          "an open file: 5 references, 4 holders",
    lose_file:          "an open file: 3 references, 4 holders",
    share_descriptors:  "a table of descriptors: 2 references, 1 holders",
    hold_mappings:      "a semaphore is held",
    hold_tables:        "a spinlock is held by processor 0",
    hold_position:      "a spinlock is held by processor 0",
}


@pytest.mark.parametrize("leave", LEFT_OVER)
@runs_holding
async def test_what_is_left_over_is_found(leave):
    user, at = await busy()
    audit(user.cpu)
    await leave(user, at)
    with pytest.raises(AssertionError, match=f"BUG: left over: {LEFT_OVER[leave]}"):
        audit(user.cpu)


@pytest.mark.parametrize("map_page, complaint", [
    (kmap, "a page is mapped in the pkmap window"),
    (kmap_local_page, "a page is mapped locally for task 1"),
])
@runs_holding
async def test_mappings_of_the_kernel_that_are_left_are_found(map_page, complaint):
    user = await boot(PAGING_32, highmem_bytes=1 << 19)
    at   = await filled(user)
    await map_page(user.cpu, await frame(user, at))
    with pytest.raises(AssertionError, match=complaint):
        audit(user.cpu)


@runs_holding
async def test_a_frame_that_is_given_back_is_no_leak():
    user, _ = await busy()
    child   = await user.fork()
    lost    = await alloc_page(user.cpu, GFP_HIGHUSER_MOVABLE)
    await child.exit()
    with pytest.raises(AssertionError, match=f"frame {lost.pfn:#x}: 1 references, 0 holders"):
        audit(user.cpu)
    put_page(user.cpu, lost)
    audit(user.cpu)
    await fput(user.cpu, get_file(user.task.files.fdt[0]))
    audit(user.cpu)


def test_a_machine_is_at_rest_when_its_other_processors_sleep():
    async def main(cpu):
        user   = await User.create(cpu)
        await user.mmap(4096)
        holder = Holder((await User.create(cpu)).on(cpu_online_mask(cpu)[1]))
        await holder.begin(cpu)
        assert not is_at_rest(cpu)
        holder.leave = True
        assert holder.done is not None
        await wait_for_completion(cpu, holder.done)
        while not is_at_rest(cpu):
            await cpu.pause()
        audit(cpu)

    Smp().run(main)
