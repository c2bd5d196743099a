"""Page frames: zones, references, contents."""

import random

import pytest

from sw.arch.x86.include.asm.page import __pa, __va, page_to_virt, pfn_to_page, virt_to_page
from sw.arch.x86.include.asm.pgtable_types import PAGING_32, PAGING_64
from sw.errno import Errno, KernelError
from sw.mm.memory.mem_map import empty_zero_page
from sw.mm.page_alloc import (
    __GFP_ZERO, GFP_HIGHUSER_MOVABLE, GFP_KERNEL, alloc_page, get_page, node_zones, nr_free_pages,
    put_page, zone,
)

from .arch_support import booted, run


KIB = 1 << 10
ORDER = 3


def small():
    """A 32-bit kernel with 64 frames of low and 64 of high memory."""
    return booted(PAGING_32, 512 * KIB, highmem_bytes=256 * KIB)


def test_no_frame_is_given_out_twice():
    cpu   = small()
    taken = set()
    while nr_free_pages(cpu):
        page = run(alloc_page(cpu, GFP_HIGHUSER_MOVABLE))
        assert page.refcount == 1 and page.pfn not in taken
        taken.add(page.pfn)
    assert taken == set(range(empty_zero_page(cpu).pfn + 1, 128))


@pytest.mark.parametrize("seed", range(8))
def test_a_zone_gives_out_what_is_free_and_nothing_else(seed):
    dice   = random.Random(seed)
    frames = zone("Normal", 5, 71)
    free, taken = set(range(5, 71)), []
    for _ in range(300):
        order = dice.choice((0, 0, 0, ORDER))
        if dice.random() < 0.4 and taken:
            pfn, order = taken.pop(dice.randrange(len(taken)))
            frames.put(pfn, order)
            free |= set(range(pfn, pfn + (1 << order)))
        elif order or free:
            pfn  = frames.take_block(order) if order else frames.take()
            some = set() if pfn is None else set(range(pfn, pfn + (1 << order)))
            assert some <= free and (pfn is None or pfn % (1 << order) == 0)
            free -= some
            taken += [] if pfn is None else [(pfn, order)]
        assert frames.nr_free == len(free)
        assert {pfn for pfn in range(80) if frames.is_free(pfn)} == free


def test_a_zone_has_a_block_as_long_as_eight_of_its_free_frames_are_one():
    frames = zone("Normal", 0, 32)
    for pfn in [frames.take() for _ in range(32)]:
        frames.put(pfn, 0)
    assert {frames.take_block(ORDER) for _ in range(4)} == {0, 8, 16, 24}
    assert frames.take_block(ORDER) is None


def test_without_high_memory_there_is_one_zone():
    assert [zone.name for zone in node_zones(booted(PAGING_64, 512 * KIB))] == ["Normal"]
    assert [zone.name for zone in node_zones(small())] == ["Normal", "HighMem"]


def test_user_pages_come_from_high_memory_until_it_is_used_up():
    cpu = small()
    got = [run(alloc_page(cpu, GFP_HIGHUSER_MOVABLE)).highmem for _ in range(65)]
    assert got == [True] * 64 + [False]


def test_kernel_pages_never_come_from_high_memory():
    cpu = small()
    with pytest.raises(KernelError) as caught:
        while True:
            assert not run(alloc_page(cpu, GFP_KERNEL)).highmem
    assert caught.value.errno is Errno.ENOMEM
    assert run(alloc_page(cpu, GFP_HIGHUSER_MOVABLE)).highmem


@pytest.mark.parametrize("gfp", [GFP_KERNEL, GFP_HIGHUSER_MOVABLE])
def test_a_zeroed_page_is_zero_whatever_was_there(gfp):
    cpu  = small()
    page = run(alloc_page(cpu, gfp | __GFP_ZERO))
    assert cpu.bus.mmu.memory.page(page.pfn) == bytes(4096)
    page = run(alloc_page(cpu, GFP_KERNEL))
    assert cpu.bus.mmu.memory.page(page.pfn) == b"\xa5" * 4096


def test_the_last_reference_frees_the_frame_and_its_record_is_clean():
    cpu  = small()
    free = nr_free_pages(cpu)
    page = run(alloc_page(cpu, GFP_KERNEL))
    page.anon = page.anon_exclusive = page.dirty = True
    page.mapping, page.index = object(), 7
    get_page(cpu, page)
    put_page(cpu, page)
    assert nr_free_pages(cpu) == free - 1 and page.anon
    put_page(cpu, page)
    assert nr_free_pages(cpu) == free
    again = run(alloc_page(cpu, GFP_KERNEL))
    assert again is page
    assert (page.anon, page.anon_exclusive, page.dirty, page.mapping, page.index) == (
        False, False, False, None, 0)


def test_mistakes_with_references_are_caught():
    cpu  = small()
    page = run(alloc_page(cpu, GFP_KERNEL))
    page.mapcount = 1
    with pytest.raises(AssertionError, match="mapped"):
        put_page(cpu, page)
    page.mapcount = 0
    with pytest.raises(AssertionError, match="twice"):
        put_page(cpu, page)
    with pytest.raises(AssertionError, match="free frame"):
        get_page(cpu, page)
    with pytest.raises(AssertionError, match="no such frame"):
        pfn_to_page(cpu, 128)


def test_addresses_and_frames_name_each_other():
    cpu  = booted(PAGING_64)
    page = run(alloc_page(cpu, GFP_KERNEL))
    assert __va(cpu, page.pfn << 12) == page_to_virt(cpu, page)
    assert __pa(cpu, page_to_virt(cpu, page)) == page.pfn << 12
    assert virt_to_page(cpu, page_to_virt(cpu, page) + 5) is page is pfn_to_page(cpu, page.pfn)


def test_a_frame_of_high_memory_has_no_linear_address():
    cpu = small()
    with pytest.raises(AssertionError, match="high memory"):
        page_to_virt(cpu, run(alloc_page(cpu, GFP_HIGHUSER_MOVABLE)))
