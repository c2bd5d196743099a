"""Mappings that get huge pages.

Ref: Linux 6.12, mm/huge_memory.c (setup_transparent_hugepage, __thp_vma_allowable_orders),
include/linux/huge_mm.h, arch/x86/include/asm/pgtable.h (has_transparent_hugepage).

Only private memory without a file has them; there is no khugepaged, which would make huge pages of
small ones later.
"""

from sw.arch.x86.include.asm.cpufeatures import X86_FEATURE_PSE, boot_cpu_has
from sw.include.linux.mm import (
    VM_HUGEPAGE, VM_HUGETLB, VM_NOHUGEPAGE, VM_SPECIAL, vma_is_anonymous,
)
from sw.include.linux.mm_types import vm_area_struct
from sw.kconfig import kconfig
from sw.processor.cpu import Cpu
from sw.variables import DEFINE


__all__ = [
    "has_transparent_hugepage", "setup_transparent_hugepage", "thp_vma_allowable_order",
    "transparent_hugepage",
]


#: Words of the boot parameter, and of /sys/kernel/mm/transparent_hugepage/enabled.
_POLICIES = frozenset(("always", "madvise", "never"))

_DEFAULT = "madvise"

#: Policy of this kernel: a word of these.
transparent_hugepage = DEFINE(lambda: _DEFAULT)


def setup_transparent_hugepage(buf: str) -> str:
    """Return the policy that the boot parameter names; an unknown word keeps the default."""
    return buf if buf in _POLICIES else _DEFAULT


def has_transparent_hugepage(cpu: Cpu) -> bool:
    """Tell whether there are pages of 2 MiB: the 4 MiB of 32-bit paging are not used so."""
    return kconfig(cpu).paging.entry_size == 8 and boot_cpu_has(cpu, X86_FEATURE_PSE)


def thp_vma_allowable_order(cpu: Cpu, vma: vm_area_struct, address: int) -> bool:
    """Tell whether a fault at ``address`` may be answered with a huge page.

    The mapping must have all of it, and its program must have asked for it, unless the policy is
    "always".
    """
    policy = transparent_hugepage(cpu)
    if not vma_is_anonymous(vma) or policy == "never" or not has_transparent_hugepage(cpu):
        return False
    if vma.vm_flags & (VM_NOHUGEPAGE | VM_HUGETLB | VM_SPECIAL):
        return False
    if policy == "madvise" and not vma.vm_flags & VM_HUGEPAGE:
        return False
    size  = kconfig(cpu).paging.HPAGE_PMD_SIZE
    haddr = address & ~(size - 1)
    return vma.vm_start <= haddr and haddr + size <= vma.vm_end
