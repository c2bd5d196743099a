"""Sizes and features of one memory-management unit."""

from dataclasses import dataclass

from .layout import Level


__all__ = ["MmuConfig"]


@dataclass(frozen=True, kw_only=True)
class MmuConfig:
    """Features and sizes of a unit. A feature that is left out costs no gates.

    Attributes
    ----------
    maxphyaddr : :class:`int`
        Width of a physical address in bits, 32 to 52 (SDM Vol. 3A, section 4.1.4).
    tlb_entries : :class:`int`
        Translations that the first level of the TLB holds, a power of two.
    block_ram : :class:`bool`
        The first level is in block RAM, and its tags are compared a cycle later: for an FPGA
        whose look-up tables are no memory.
    second_entries : :class:`int`
        Translations of 4 KiB pages that its second level holds, a power of two; 0: there is none.
    directory_entries, reference_entries : :class:`int`
        Page-directory entries that this keeps, and entries of each level above; powers of two.
    outstanding : :class:`int`
        Physical transfers in flight, or whose data wait for the response, a power of two. With 1,
        accesses do not follow each other every cycle.
    long_mode : :class:`bool`
        Long mode with 4-level paging (EFER.LME, CR4.PAE).
    gigabyte_pages : :class:`bool`
        1 GiB leaves in a PDPTE. Without them PS is a reserved bit there.
    pae : :class:`bool`
        PAE paging (CR4.PAE without EFER.LME). Without it, CR4.PAE is a part of long mode only.
    la57 : :class:`bool`
        5-level paging (CR4.LA57).
    pse : :class:`bool`
        4 MiB leaves in 32-bit paging (CR4.PSE).
    pge : :class:`bool`
        Global translations (CR4.PGE).
    nx : :class:`bool`
        Execute-disable (EFER.NXE).
    pcid : :class:`bool`
        Process-context identifiers (CR4.PCIDE).
    invpcid : :class:`bool`
        The operation INVPCID.
    pku, pks : :class:`bool`
        Protection keys for user pages (CR4.PKE) and for supervisor pages (CR4.PKS).
    smep, smap : :class:`bool`
        Supervisor-mode execution and access prevention (CR4.SMEP, CR4.SMAP).
    variable_maxphyaddr : :class:`bool`
        The unit has an input ``maxphyaddr``, 32 to the parameter of this name, that is the width of
        a physical address instead. For simulations of many machines with one design.
    """

    maxphyaddr:        int  = 40
    tlb_entries:       int  = 32
    block_ram:         bool = False
    second_entries:    int  = 1024
    directory_entries: int  = 512
    reference_entries: int  = 16
    outstanding:       int  = 4
    long_mode:         bool = True
    pae:               bool = False
    la57:              bool = False
    gigabyte_pages:    bool = True
    pse:               bool = True
    pge:               bool = True
    nx:                bool = True
    pcid:              bool = True
    invpcid:           bool = False
    smep:              bool = True
    smap:              bool = True
    pku:               bool = False
    pks:               bool = False

    variable_maxphyaddr: bool = False

    def __post_init__(self):
        if not 32 <= self.maxphyaddr <= 52:
            raise ValueError(f"maxphyaddr must be 32 to 52 bits, not {self.maxphyaddr!r}")
        second = ("second_entries", "directory_entries", "reference_entries")
        for name, least in (("tlb_entries", 2), ("outstanding", 1),
                            *((name, 2) for name in second if self.second_entries)):
            size = getattr(self, name)
            if not isinstance(size, int) or size < least or size & (size - 1):
                raise ValueError(f"{name} must be a power of two, {least} or more, not {size!r}")
            if name in second and size > 1 << 15:
                raise ValueError(f"{name} must be at most 32,768, not {size:,}")
        if self.block_ram and self.second_entries:
            raise ValueError("block_ram is for a unit without a second level: second_entries must "
                             f"be 0, not {self.second_entries!r}")
        for name in ("gigabyte_pages", "la57", "pcid", "pku", "pks"):
            if getattr(self, name) and not self.long_mode:
                raise ValueError(f"{name} needs long_mode")
        if self.nx and not (self.long_mode or self.pae):
            raise ValueError("nx needs long_mode or pae: 32-bit entries cannot disable execution")

    @property
    def keys(self):
        """True if pages have protection keys."""
        return self.pku or self.pks

    @property
    def tlb_ways(self):
        """Places of the first level of the TLB that one page can be in."""
        return 1 if self.block_ram else 2

    @property
    def linear_width(self):
        """Bits of a linear address that are translated: 57 with 5 levels, 48 with 4, else 32."""
        return 57 if self.la57 else 48 if self.long_mode else 32

    @property
    def upper_levels(self):
        """Levels, above page directories, whose entries reference tables."""
        return [Level.PDPT, Level.PML4, Level.PML5][:2 * self.long_mode + self.la57]

    @property
    def wide_entries(self):
        """Some paging mode has entries of 8 bytes."""
        return self.long_mode or self.pae

    @property
    def top_level(self):
        """Number, in :class:`hw.layout.Level`, of the highest level whose entries are walked."""
        return 4 if self.la57 else 3 if self.long_mode else 1

    @property
    def page_width(self):
        """Bits of a linear page number."""
        return self.linear_width - 12

    @property
    def frame_width(self):
        """Bits of a physical page number."""
        return self.maxphyaddr - 12
