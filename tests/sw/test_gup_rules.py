"""get_user_pages: its pure rules, as tables."""

import itertools

import pytest

from sw.arch.x86.include.asm.pgtable_types import (
    _PAGE_DIRTY, _PAGE_PRESENT, _PAGE_RW, _PAGE_SAVED_DIRTY_64, PAGING_64,
)
from sw.era import ERA_5_X, ERA_6_X
from sw.errno import Errno, KernelError
from sw.include.linux.mm import (
    VM_EXEC, VM_IO, VM_MAYREAD, VM_MAYSHARE, VM_MAYWRITE, VM_PFNMAP, VM_READ, VM_SHARED, VM_WRITE,
)
from sw.include.linux.mm_types import (
    FOLL_ANON, FOLL_COW, FOLL_FORCE, FOLL_WRITE, VM_FAULT_WRITE, mm_struct, page, vm_area_struct,
    vm_operations_struct,
)
from sw.mm.gup.check import check_vma_flags

from .arch_support import processor


FORCED = FOLL_WRITE | FOLL_FORCE
CPU    = processor()


def mapping(vm_flags: int, ops: vm_operations_struct | None = None) -> vm_area_struct:
    """Make a mapping that belongs nowhere."""
    return vm_area_struct(mm_struct(None), 0, 4096, vm_flags, 0, vm_ops=ops)


def passes(vm_flags: int, gup_flags: int, ops: vm_operations_struct | None = None) -> bool:
    """Ask check_vma_flags, which can only say EFAULT."""
    try:
        check_vma_flags(CPU, mapping(vm_flags, ops), gup_flags)
    except KernelError as error:
        assert error.errno == Errno.EFAULT
        return False
    return True


# check_vma_flags

@pytest.mark.parametrize("write, shared, maywrite, force", [*itertools.product([0, 1], repeat=4)])
@pytest.mark.parametrize("other", [0, VM_READ, VM_READ | VM_EXEC, VM_MAYSHARE])
def test_the_verdict_on_a_write_is_a_function_of_four_bits(write, shared, maywrite, force, other):
    vm_flags = VM_WRITE * write | VM_SHARED * shared | VM_MAYWRITE * maywrite | other
    expected = bool(write or (force and not shared and maywrite))
    assert passes(vm_flags, FOLL_WRITE | FOLL_FORCE * force) is expected


@pytest.mark.parametrize("read, mayread, force", [*itertools.product([0, 1], repeat=3)])
@pytest.mark.parametrize("other", [0, VM_WRITE, VM_EXEC, VM_SHARED])
def test_the_verdict_on_a_read_is_a_function_of_three_bits(read, mayread, force, other):
    vm_flags = VM_READ * read | VM_MAYREAD * mayread | other
    assert passes(vm_flags, FOLL_FORCE * force) is bool(read or (force and mayread))


@pytest.mark.parametrize("special", [VM_IO, VM_PFNMAP, VM_IO | VM_PFNMAP])
@pytest.mark.parametrize("gup_flags", [0, FOLL_WRITE, FORCED])
def test_device_memory_is_refused_whatever_it_allows(special, gup_flags):
    everything = VM_READ | VM_WRITE | VM_MAYREAD | VM_MAYWRITE
    assert passes(everything, gup_flags)
    assert not passes(everything | special, gup_flags)


@pytest.mark.parametrize("ops, expected", [(None, True), (vm_operations_struct(), False)])
def test_foll_anon_wants_memory_without_a_file(ops, expected):
    assert passes(VM_READ, FOLL_ANON, ops) is expected
    assert passes(VM_READ, 0, ops)


# can_follow_write_pte

def follows(era, *, pte=_PAGE_PRESENT, vm_flags=VM_MAYWRITE, anon=True, exclusive=True,
            normal=True, flags=FORCED) -> bool:
    """Ask the era about an entry and the page that it maps."""
    mapped = page(1, anon=anon, anon_exclusive=exclusive) if normal else None
    return era.forced_write.can_follow_write_pte(PAGING_64, pte, mapped, mapping(vm_flags), flags)


@pytest.mark.parametrize("change, expected", [
    ({}, True),
    ({"flags": FOLL_WRITE}, False),
    ({"vm_flags": VM_MAYWRITE | VM_MAYSHARE}, False),
    ({"vm_flags": VM_MAYWRITE | VM_SHARED}, False),
    ({"vm_flags": 0}, False),
    ({"vm_flags": VM_MAYWRITE | VM_WRITE}, False),  # an ordinary fault is enough
    ({"normal": False}, False),                     # the zero page
    ({"anon": False}, False),
    ({"exclusive": False}, False),
    ({"pte": _PAGE_PRESENT | _PAGE_DIRTY}, True),   # the entry's D means nothing
    ({"exclusive": False, "pte": _PAGE_PRESENT | _PAGE_SAVED_DIRTY_64}, False),
])
def test_a_read_only_entry_may_be_followed_for_a_write_in_6_x(change, expected):
    assert follows(ERA_6_X, **change) is expected
    writable = change | {"pte": _PAGE_PRESENT | _PAGE_RW}
    assert follows(ERA_6_X, **writable), "a writable entry always is"


@pytest.mark.parametrize("force, cow, dirty", [*itertools.product([0, 1], repeat=3)])
@pytest.mark.parametrize("change", [{}, {"exclusive": False}, {"anon": False}, {"vm_flags": 0}])
def test_a_read_only_entry_may_be_followed_for_a_write_in_5_x(force, cow, dirty, change):
    flags = FOLL_WRITE | FOLL_FORCE * force | FOLL_COW * cow
    pte   = _PAGE_PRESENT | _PAGE_DIRTY * dirty
    assert follows(ERA_5_X, flags=flags, pte=pte, **change) is bool(force and cow and dirty)
    assert follows(ERA_5_X, flags=flags, pte=pte | _PAGE_RW, **change)


@pytest.mark.parametrize("ret, vm_flags, cow", [
    (VM_FAULT_WRITE, 0,        True),
    (VM_FAULT_WRITE, VM_WRITE, False),
    (0,              0,        False),
])
def test_foll_cow_notes_a_forced_write_that_broke_copy_on_write(ret, vm_flags, cow):
    vma, noted = mapping(vm_flags), FORCED | FOLL_COW if cow else FORCED
    assert ERA_5_X.forced_write.faulted_in(vma, ret, FORCED) == noted
    assert ERA_6_X.forced_write.faulted_in(vma, ret, FORCED) == FORCED
