"""Bits of page-table entries, and the four formats of page tables.

Ref: Intel SDM Vol. 3A, sections 4.3 to 4.5; Linux 6.12, arch/x86/include/asm/pgtable_types.h,
pgtable_64_types.h, pgtable-3level_types.h, pgtable_32_areas.h, page_64_types.h, page_32_types.h,
sparsemem.h, processor-flags.h, arch/x86/mm/pgprot.c.

An entry is a plain :class:`int`; a pointer to one (``pte_t *``) is its linear address.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from sw.include.linux.mm import VM_ACCESS_FLAGS, VM_EXEC, VM_SHARED, VM_WRITE


__all__ = [
    "_PAGE_PRESENT", "_PAGE_RW", "_PAGE_USER", "_PAGE_PWT", "_PAGE_PCD", "_PAGE_ACCESSED",
    "_PAGE_DIRTY", "_PAGE_PSE", "_PAGE_PAT", "_PAGE_GLOBAL", "_PAGE_PROTNONE", "_PAGE_SPECIAL",
    "_PAGE_NX", "_PAGE_SAVED_DIRTY_64", "_PAGE_SAVED_DIRTY_32", "PTE_PFN_MASK", "PTE_FLAGS_MASK",
    "PAGE_KERNEL", "_KERNPG_TABLE", "_PAGE_TABLE",
    "Paging", "PAGING_32", "PAGING_64", "PAGING_64_L5", "PAGING_PAE", "massage_pgprot",
    "vm_get_page_prot",
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
#: stack. Bit 58, or bit 10 in 32-bit kernels: PAE reserves bits 52 to 62.
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
    DEFAULT_MAP_WINDOW : :class:`int`
        End of the addresses that a process gets unless it asks for higher ones.
    MAXMEM : :class:`int`
        Bytes of physical memory that fit into the linear map.
    MAX_PHYSMEM_BITS : :class:`int`
        Width of a physical address of memory that the kernel can use.
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
    DEFAULT_MAP_WINDOW: int
    MAXMEM:             int
    MAX_PHYSMEM_BITS:   int
    PKMAP_BASE:         int = 0
    FIXADDR_TOP:        int = 0
    supported_pte_mask: int
    invert_protnone:    bool
    SAVED_DIRTY:        int

    @property
    def X86_64(self) -> bool:
        """A 64-bit kernel, which runs in long mode (CONFIG_X86_64)."""
        return len(self.shifts) > 3

    @property
    def X86_PAE(self) -> bool:
        """Of the root table the processor holds a copy, made when CR3 is written (CONFIG_X86_PAE).

        Its entries have P, and no rights.
        """
        return len(self.shifts) == 3

    @property
    def address_mask(self) -> int:
        """Bits of a linear address."""
        return 0xFFFF_FFFF_FFFF_FFFF if self.X86_64 else 0xFFFF_FFFF

    @property
    def BITS_PER_LONG(self) -> int:
        """Bits of a register."""
        return 64 if self.X86_64 else 32

    @property
    def CR3_ADDR_MASK(self) -> int:
        """Bits of CR3 that are the physical address of the root table."""
        return PTE_PFN_MASK if self.X86_64 else 0xFFFF_FFFF

    @property
    def HPAGE_PMD_SIZE(self) -> int:
        """Bytes that an entry of a page directory maps."""
        return 1 << self.shifts[-2]

    @property
    def HPAGE_PMD_NR(self) -> int:
        """Frames of a huge page."""
        return self.HPAGE_PMD_SIZE >> self.shifts[-1]

    @property
    def entries(self) -> int:
        """Entries of a table; with PAE, of those below the root, which has four."""
        return 1 << self.index_bits

    @property
    def LAST_PKMAP(self) -> int:
        """Slots of the pkmap window: the entries of one page table."""
        return self.entries

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
    DEFAULT_MAP_WINDOW = 0x7FFF_FFFF_F000,
    MAXMEM             = 1 << 46,
    MAX_PHYSMEM_BITS   = 46,
    supported_pte_mask = (1 << 64) - 1,
    invert_protnone    = True,
    SAVED_DIRTY        = _PAGE_SAVED_DIRTY_64,
)

#: 5-level paging: 56 bits for processes that ask for them, and physical memory from
#: 0xff11000000000000 on.
PAGING_64_L5 = replace(
    PAGING_64,
    name               = "5-level",
    shifts             = (48, 39, 30, 21, 12),
    PAGE_OFFSET        = 0xFF11_0000_0000_0000,
    TASK_SIZE          = 0xFF_FFFF_FFFF_F000,
    MAXMEM             = 1 << 52,
    MAX_PHYSMEM_BITS   = 52,
)

#: 32-bit paging, 2 levels: 3 GiB for processes, and the first 896 MiB of physical memory.
PAGING_32 = Paging(
    name               = "32-bit",
    shifts             = (22, 12),
    index_bits         = 10,
    entry_size         = 4,
    PAGE_OFFSET        = 0xC000_0000,
    TASK_SIZE          = 0xC000_0000,
    DEFAULT_MAP_WINDOW = 0xC000_0000,
    MAXMEM             = 896 << 20,
    MAX_PHYSMEM_BITS   = 32,
    PKMAP_BASE         = 0xFF40_0000,
    FIXADDR_TOP        = 0xFFFF_F000,
    supported_pte_mask = (1 << 32) - 1,
    invert_protnone    = False,
    SAVED_DIRTY        = _PAGE_SAVED_DIRTY_32,
)

#: PAE, 3 levels: the same linear addresses, 64 GiB of physical memory, and execute-disable.
PAGING_PAE = replace(
    PAGING_32,
    name               = "PAE",
    shifts             = (30, 21, 12),
    index_bits         = 9,
    entry_size         = 8,
    MAX_PHYSMEM_BITS   = 36,
    PKMAP_BASE         = 0xFF80_0000,
    supported_pte_mask = (1 << 64) - 1,
    invert_protnone    = True,
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
