"""Paging structures for tests: the chain of entries that translates one linear address.

Stated by hand from the manual's figures (SDM Vol. 3A, Figures 4-2, 4-4, 4-5, 4-8 to 4-10), so that
neither the gateware nor the golden model is asked what it expects.
"""

from collections.abc import Callable


__all__ = ["CR0_32", "CR4_LA57", "CR4_LONG", "DIRECTORIES", "EFER_LONG", "FIVE_LEVELS",
           "FOUR_LEVELS", "PAE_TABLES", "PDPTES", "ROOT", "TWO_LEVELS", "chain", "write_chain"]


#: (shift, index bits) of each level, root first, and the bytes of an entry. Those of PAE paging are
#: the tables below its four registers.
TWO_LEVELS  = (((22, 10), (12, 10)), 4)
PAE_TABLES  = (((21, 9), (12, 9)), 8)
FOUR_LEVELS = (((39, 9), (30, 9), (21, 9), (12, 9)), 8)
FIVE_LEVELS = (((48, 9), (39, 9), (30, 9), (21, 9), (12, 9)), 8)

#: Physical address of the root; the tables below it stand in the frames that follow.
ROOT = 0x1000

#: Physical addresses of four page directories of PAE paging, one for each quarter of the linear
#: addresses, apart from each other and from what stands behind ROOT; and PDPTEs at ROOT that refer
#: to them.
DIRECTORIES = (0x10_0000, 0x20_0000, 0x30_0000, 0x40_0000)
PDPTES      = tuple(directory | 1 for directory in DIRECTORIES)

CR0_32    = 0x8000_0001  # PG, PE
CR4_LONG  = 0x20         # PAE
CR4_LA57  = 0x1020       # LA57, PAE
EFER_LONG = 0x100        # LME

Form  = tuple[tuple[tuple[int, int], ...], int]
Write = Callable[[int, int, int], None]


def chain(form: Form, linear: int, *, depth: int | None = None, root: int = ROOT) -> list[int]:
    """Physical addresses of the entries that translate ``linear``, root first.

    ``depth`` is the number of levels: fewer than the form has for a large page.
    """
    levels, size = form
    return [
        root + 0x1000 * number + (linear >> shift & (1 << bits) - 1) * size
        for number, (shift, bits) in enumerate(levels[:depth])
    ]


def write_chain(
    write: Write, form: Form, linear: int, leaf: int, *, upper: int = 0x7,
    depth: int | None = None, root: int = ROOT,
) -> list[int]:
    """Write the entries that translate ``linear`` and return their physical addresses.

    ``leaf`` is the whole last entry, ``upper`` the flags of the others. ``write`` takes an
    address, a size in bytes, and a value.
    """
    addresses = chain(form, linear, depth=depth, root=root)
    for number, address in enumerate(addresses[:-1], start=1):
        write(address, form[1], root + 0x1000 * number | upper)
    write(addresses[-1], form[1], leaf)
    return addresses
