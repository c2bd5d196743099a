"""Memory of the guest: what is where.

The *region*, 2 MiB, has the guest's code and descriptors, its steps and their outcomes. Offsets in
it are those of ``guest.S``. All other memory belongs to the vectors.
"""

from typing import NamedTuple


__all__ = ["ACCESS_STACK", "CODE", "DONE", "END", "GATES", "GDT", "GDTR", "GO", "HOME", "IDT",
           "IDTR", "INTERRUPT_STACK", "LEGACY", "LONG", "MEMORY", "OUTCOMES", "OUTCOME_BYTES",
           "REGION", "STACK", "STEPS", "STEP_BYTES", "STEP_LIMIT", "TABLES", "TSS", "USER_CODE",
           "VIDEO", "Mode"]


#: Bytes of memory, from physical address 0 on.
MEMORY = 0x8000_0000

#: Physical addresses at which a PC has no memory but a display's, and programs of its own.
VIDEO = range(0xa_0000, 0x10_0000)

#: Physical address of the region.
REGION = 0x7c00_0000

#: Physical address of the guest's own tables, behind it.
TABLES = REGION + 0x20_0000

#: End of the tables.
END = TABLES + 0x20_0000

#: Offsets in the region: code, that of users, descriptor tables, the task's state.
CODE, USER_CODE, IDT, GDT, TSS = 0, 0x1000, 0x2000, 0x3000, 0x3100

#: Whether there are steps to do; operands of LGDT and LIDT; registers at home.
GO, GDTR, IDTR, HOME = 0x3200, 0x3300, 0x3310, 0x3380

#: Tops of the stacks: the guest's own, that of interrupts from CPL 3, that of accesses at CPL 0.
STACK, INTERRUPT_STACK, ACCESS_STACK = 0x7000, 0x6000, 0x5000

#: Calls that gates lead to, the steps, and their outcomes.
GATES, STEPS, OUTCOMES    = 0x8000, 0x1_0000, 0x11_0000
STEP_BYTES, OUTCOME_BYTES = 64, 32

#: Steps that there is room for, with the one that ends them.
STEP_LIMIT = (OUTCOMES - STEPS) // STEP_BYTES

#: Exception that ends a step: #UD.
DONE = 6


class Mode(NamedTuple):
    """A paging mode, as the guest is at home in it.

    Attributes
    ----------
    name : :class:`str`
        For messages.
    levels : :class:`int`
        Levels of paging structures.
    word : :class:`int`
        Bytes of an entry.
    linear : :class:`int`
        Linear address of the region.
    cr4, efer : :class:`int`
        Registers at home.
    """

    name:   str
    levels: int
    word:   int
    linear: int
    cr4:    int
    efer:   int

    @property
    def long(self) -> bool:
        """True for the modes of long mode."""
        return self.levels > 3

    @property
    def highest(self) -> int:
        """The highest linear address."""
        return (1 << (64 if self.long else 32)) - 1

    @property
    def index_bits(self) -> int:
        """Bits of a linear address that select an entry of a table."""
        return 10 if self.word == 4 else 9

    def shift(self, level: int) -> int:
        """Return the lowest bit of a linear address that selects an entry; level 1 has PTEs."""
        return 12 + self.index_bits * (level - 1)


#: 4-level and 5-level paging, by the value of CR4.LA57.
LONG = (
    Mode("4-level", 4, 8, 0xffff_fa80_0000_0000, 0x20,   0xd01),
    Mode("5-level", 5, 8, 0xfff5_0000_0000_0000, 0x1020, 0xd01),
)

#: 32-bit and PAE paging, by the value of CR4.PAE.
LEGACY = (
    Mode("32-bit", 2, 4, 0xffc0_0000, 0x10, 0x800),
    Mode("PAE",    3, 8, 0xffe0_0000, 0x20, 0x800),
)
