"""Bits of page-table entries, and the two formats of page tables.

Ref: Intel SDM Vol. 3A, sections 4.3 and 4.5; Linux 6.12, arch/x86/include/asm/pgtable_types.h,
pgtable_64_types.h, pgtable_32_areas.h, arch/x86/mm/pgprot.c.

An entry is a plain :class:`int`; a pointer to one (``pte_t *``) is its linear address.
"""

from __future__ import annotations

from dataclasses import dataclass

from sw.include.linux.mm import VM_ACCESS_FLAGS, VM_EXEC, VM_SHARED, VM_WRITE


__all__ = [
    "_PAGE_PRESENT", "_PAGE_RW", "_PAGE_USER", "_PAGE_PWT", "_PAGE_PCD", "_PAGE_ACCESSED",
    "_PAGE_DIRTY", "_PAGE_PSE", "_PAGE_PAT", "_PAGE_GLOBAL", "_PAGE_PROTNONE", "_PAGE_SPECIAL",
    "_PAGE_NX", "_PAGE_SAVED_DIRTY_64", "_PAGE_SAVED_DIRTY_32", "PTE_PFN_MASK", "PTE_FLAGS_MASK",
    "PAGE_KERNEL", "_KERNPG_TABLE", "_PAGE_TABLE",
    "Paging", "PAGING_32", "PAGING_64", "massage_pgprot", "vm_get_page_prot",
]


_PAGE_PRESENT  = 1 << 0
_PAGE_RW       = 1 << 1
_PAGE_USER     = 1 << 2
_PAGE_PWT      = 1 << 3
_PAGE_PCD      = 1 << 4
_PAGE_ACCESSED = 1 << 5
_PAGE_DIRTY    = 1 << 6
_PAGE_PSE      = 1 << 7   #: In a directory entry: a leaf.
_PAGE_PAT      = 1 << 7   #: In a table entry.
_PAGE_GLOBAL   = 1 << 8
_PAGE_PROTNONE = 1 << 8   #: In an entry that is not present: it maps, but allows nothing.
_PAGE_SPECIAL  = 1 << 9   #: Software: no reference is counted on the frame.
_PAGE_NX       = 1 << 63

#: Software: the dirty bit of an entry without R/W, which the processor would take for a shadow
#: stack. Bit 58, or bit 10 where entries have 32 bits.
_PAGE_SAVED_DIRTY_64 = 1 << 58
_PAGE_SAVED_DIRTY_32 = 1 << 10

PTE_PFN_MASK   = (1 << 52) - (1 << 12)
PTE_FLAGS_MASK = (1 << 64) - 1 - PTE_PFN_MASK

PAGE_KERNEL    = (_PAGE_PRESENT | _PAGE_RW | _PAGE_ACCESSED | _PAGE_DIRTY | _PAGE_GLOBAL
                  | _PAGE_NX)
_KERNPG_TABLE  = _PAGE_PRESENT | _PAGE_RW | _PAGE_ACCESSED | _PAGE_DIRTY
_PAGE_TABLE    = _KERNPG_TABLE | _PAGE_USER


@dataclass(frozen=True, kw_only=True)
class Paging:
    """Format of the page tables, and where things are: what Linux fixes when it is compiled.

    Attributes
    ----------
    name : :class:`str`
        For messages.
    shifts : :class:`tuple` of :class:`int`
        Lowest address bit that indexes a table, from the root down to the page table.
    index_bits : :class:`int`
        Address bits that index a table.
    entry_size : :class:`int`
        Bytes of an entry.
    PAGE_OFFSET : :class:`int`
        Linear address at which physical memory is mapped.
    TASK_SIZE : :class:`int`
        First linear address that no process may use (TASK_SIZE_MAX).
    MAXMEM : :class:`int`
        Bytes of physical memory that fit into the linear map.
    PKMAP_BASE, FIXADDR_TOP : :class:`int`
        First address of the pkmap window, and of fixmap slot 0, from which the others go down.
        0 where every frame is in the linear map.
    supported_pte_mask : :class:`int`
        Flags that the processor allows in a present entry.
    invert_protnone : :class:`bool`
        The frame number of a PROTNONE entry is stored inverted, so that it names no memory
        (L1TF).
    SAVED_DIRTY : :class:`int`
        The software dirty bit; 0 in kernels before 6.6, which leave D in read-only entries.
    """

    name:               str
    shifts:             tuple[int, ...]
    index_bits:         int
    entry_size:         int
    PAGE_OFFSET:        int
    TASK_SIZE:          int
    MAXMEM:             int
    PKMAP_BASE:         int = 0
    FIXADDR_TOP:        int = 0
    supported_pte_mask: int
    invert_protnone:    bool
    SAVED_DIRTY:        int

    @property
    def address_mask(self) -> int:
        """Bits of a linear address."""
        return 0xFFFF_FFFF if self.entry_size == 4 else 0xFFFF_FFFF_FFFF_FFFF

    @property
    def entries(self) -> int:
        """Entries of a table."""
        return 1 << self.index_bits

    def index(self, shift: int, addr: int) -> int:
        """Index of the entry for linear address ``addr`` in a table of the level ``shift``."""
        return (addr >> shift) & (self.entries - 1)

    def entry(self, table: int, shift: int, addr: int) -> int:
        """Address of that entry in the table at ``table``."""
        return table + self.index(shift, addr) * self.entry_size


#: 4-level paging: 47 bits for processes, all of physical memory from 0xffff888000000000 on.
PAGING_64 = Paging(
    name               = "4-level",
    shifts             = (39, 30, 21, 12),
    index_bits         = 9,
    entry_size         = 8,
    PAGE_OFFSET        = 0xFFFF_8880_0000_0000,
    TASK_SIZE          = 0x7FFF_FFFF_F000,
    MAXMEM             = 1 << 46,
    supported_pte_mask = (1 << 64) - 1,
    invert_protnone    = True,
    SAVED_DIRTY        = _PAGE_SAVED_DIRTY_64,
)

#: 32-bit paging, 2 levels: 3 GiB for processes, and the first 896 MiB of physical memory.
PAGING_32 = Paging(
    name               = "32-bit",
    shifts             = (22, 12),
    index_bits         = 10,
    entry_size         = 4,
    PAGE_OFFSET        = 0xC000_0000,
    TASK_SIZE          = 0xC000_0000,
    MAXMEM             = 896 << 20,
    PKMAP_BASE         = 0xFF40_0000,
    FIXADDR_TOP        = 0xFFFF_F000,
    supported_pte_mask = (1 << 32) - 1,
    invert_protnone    = False,
    SAVED_DIRTY        = _PAGE_SAVED_DIRTY_32,
)


def massage_pgprot(paging: Paging, prot: int) -> int:
    """Clear the bits that the processor takes for reserved ones; it sees only present entries."""
    return prot & paging.supported_pte_mask if prot & _PAGE_PRESENT else prot


def vm_get_page_prot(paging: Paging, vm_flags: int) -> int:
    """Flags of an entry of a mapping with ``vm_flags`` (``protection_map``).

    A private writable mapping begins read-only; ``maybe_mkwrite`` adds R/W once the page is its
    own. The processor cannot tell execute-only or write-only from readable.
    """
    if not vm_flags & VM_ACCESS_FLAGS:
        return _PAGE_PROTNONE | _PAGE_ACCESSED
    prot = _PAGE_PRESENT | _PAGE_USER | _PAGE_ACCESSED
    if vm_flags & VM_WRITE and vm_flags & VM_SHARED:
        prot |= _PAGE_RW
    if not vm_flags & VM_EXEC:
        prot |= _PAGE_NX
    return massage_pgprot(paging, prot)
