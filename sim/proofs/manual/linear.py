"""Linear addresses, as sentences of the manual.

Ref: Intel SDM Vol. 1, section 3.3.7.1 "Canonical Addressing"; Vol. 3A, sections 4.3 "32-Bit
Paging", 4.4 "PAE Paging" and 4.5 "4-Level Paging and 5-Level Paging". Neither gateware nor golden
model was consulted.
"""

from amaranth.hdl import Value

from ..proof import Sentence


__all__ = ["canonical", "entry_offset_32bit", "entry_offset_4level", "entry_offset_pae"]


def canonical(result: Value, linear: Value, *, width: int) -> list[Sentence]:
    """Sentences about ``result``: an address, ``width`` bits of it implemented, is canonical."""
    upper = linear[width - 1:64]
    return [
        Sentence("SDM Vol. 1, 3.3.7.1", "canonical: the bits from 63 to the most significant "
                 "implemented one are all 1", upper.all(), result),
        Sentence("SDM Vol. 1, 3.3.7.1", "canonical: the bits from 63 to the most significant "
                 "implemented one are all 0", ~upper.any(), result),
        Sentence("SDM Vol. 1, 3.3.7.1", "any other address is not canonical",
                 upper.any() & ~upper.all(), ~result),
    ]


def entry_offset_4level(
    offset: Value, linear: Value, level: Value, *, levels: int = 4,
) -> list[Sentence]:
    """Sentences about bits 11:0 of the address of an entry; 0 is the level of a page table."""
    return _entry_offset_wide("SDM 4.5", offset, linear, level, levels)


def entry_offset_pae(offset: Value, linear: Value, level: Value) -> list[Sentence]:
    """Sentences about bits 11:0 of the address of an entry below a PDPTE register."""
    return _entry_offset_wide("SDM 4.4.2", offset, linear, level, 2)


def _entry_offset_wide(
    source: str, offset: Value, linear: Value, level: Value, levels: int,
) -> list[Sentence]:
    """Sentences about the offset of an entry of 8 bytes."""
    return [
        Sentence(source, f"bits 11:3 of a {entry}'s address are bits {high}:{high - 8} of the "
                 "linear address, bits 2:0 are 0", level == number,
                 (offset[3:12] == linear[high - 8:high + 1]) & (offset[0:3] == 0))
        for number, (entry, high) in enumerate([
            ("PTE", 20), ("PDE", 29), ("PDPTE", 38), ("PML4E", 47), ("PML5E", 56)][:levels])
    ]


def entry_offset_32bit(offset: Value, linear: Value, level: Value) -> list[Sentence]:
    """Sentences about bits 11:0 of the address of an entry; 0 is the level of a page table."""
    return [
        Sentence("SDM 4.3", f"bits 11:2 of a {entry}'s address are bits {high}:{high - 9} of the "
                 "linear address, bits 1:0 are 0", level == number,
                 (offset[2:12] == linear[high - 9:high + 1]) & (offset[0:2] == 0))
        for number, (entry, high) in enumerate([("PTE", 21), ("PDE", 31)])
    ]
