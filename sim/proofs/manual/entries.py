"""Forms of paging-structure entries, as sentences of the manual.

Ref: Intel SDM Vol. 3A, sections 4.3 "32-Bit Paging", 4.4 "PAE Paging" and 4.5 "4-Level Paging and
5-Level Paging". Neither gateware nor golden model was consulted.

An entry is a value of 64 bits, of which a 32-bit entry has the lower 32; its P flag is 1. M is
MAXPHYADDR, a number or a value.
"""

from typing import Any

from amaranth.hdl import Cat, Const, Mux, Value

from ..proof import Sentence


__all__ = [
    "PD", "PDPT", "PML4", "PML5", "PT", "large_frame_32bit", "maps_a_page_32bit",
    "maps_a_page_4level", "maps_a_page_pae", "reserved_bits_32bit", "reserved_bits_4level",
    "reserved_bits_pae", "reserved_bits_pdpte",
]


#: Paging structures: a page table is at level 0.
PT, PD, PDPT, PML4, PML5 = range(5)

#: Flags of an entry.
PS, XD = 7, 63


def reserved_bits_4level(
    reserved: Value, entry: Value, level: Value, *, m: Value | int, nxe: Value,
    gigabyte_pages: bool, five_levels: bool = False,
) -> list[Sentence]:
    """Sentences about ``reserved``: a reserved bit of an entry of 4- or 5-level paging is set."""
    ps = entry[PS]
    forms = {
        "PS of a PML4E is reserved": (level == PML4) & ps,
        "bits 29:13 of a PDPTE with PS = 1 are reserved": (level == PDPT) & ps & entry[13:30].any(),
        "bits 20:13 of a PDE with PS = 1 are reserved": (level == PD) & ps & entry[13:21].any(),
        "XD is reserved if NXE = 0": ~nxe & entry[XD],
    }
    if isinstance(m, Value) or m < 52:
        forms["bits 51:M are reserved"] = _any_from(entry, m, 12, 51)
    if five_levels:
        forms["PS of a PML5E is reserved"] = (level == PML5) & ps
    if not gigabyte_pages:
        forms["PS of a PDPTE is reserved without 1-GByte pages"] = (level == PDPT) & ps
    return _reserved("SDM 4.5", reserved, forms)


def reserved_bits_pae(
    reserved: Value, entry: Value, level: Value, *, m: Value | int, nxe: Value,
) -> list[Sentence]:
    """Sentences about ``reserved``: a reserved bit of a PDE or a PTE of PAE paging is set."""
    return _reserved("SDM 4.4.2", reserved, {
        "bits 62:M are reserved": _any_from(entry, m, 12, 62),
        "bits 20:13 of a PDE with PS = 1 are reserved":
            (level == PD) & entry[PS] & entry[13:21].any(),
        "XD is reserved if NXE = 0": ~nxe & entry[XD],
    })


def reserved_bits_pdpte(reserved: Value, pdpte: Value, *, m: Value | int) -> list[Sentence]:
    """Sentences about ``reserved``: a PDPTE of PAE paging is present, with a reserved bit set."""
    present = pdpte[0]
    return _reserved("SDM 4.4.1", reserved, {
        "bits 2:1 of a PDPTE with P = 1 are reserved": present & pdpte[1:3].any(),
        "bits 8:5 of a PDPTE with P = 1 are reserved": present & pdpte[5:9].any(),
        "bits 63:M of a PDPTE with P = 1 are reserved": present & _any_from(pdpte, m, 12, 63),
    })


def reserved_bits_32bit(
    reserved: Value, entry: Value, level: Value, *, m: Value | int, pse: Value | None,
) -> list[Sentence]:
    """Sentences about ``reserved``: a reserved bit of an entry of 32-bit paging is set.

    Processors with CR4.PSE have PSE-36, too; those without have None for ``pse``.
    """
    if pse is None:
        return _reserved("SDM 4.3", reserved, {})
    limit = min(m, 40) if isinstance(m, int) else Mux(m < 40, m, 40)
    return _reserved("SDM 4.3", reserved, {
        "bits 21:(M-19) of a PDE with PS = 1 are reserved if PSE = 1, M being 40 at most":
            pse & (level == PD) & entry[PS] & _any_from(entry, limit - 19, 13, 21),
    })


def maps_a_page_4level(leaf: Value, entry: Value, level: Value) -> list[Sentence]:
    """Sentences about ``leaf``: an entry of 5-level paging, well-formed, maps a page.

    Those below a PML5 table are the entries of 4-level paging.
    """
    def says(text: str, when: Any, then: Any) -> Sentence:
        return Sentence("SDM 4.5", text, when, then)

    ps = entry[PS]
    return [
        says("a PML5E references a PML4 table", level == PML5, ~leaf),
        says("a PML4E references a page-directory-pointer table", level == PML4, ~leaf),
        says("a PDPTE with PS = 1 maps a 1-GByte page", (level == PDPT) & ps, leaf),
        says("a PDPTE with PS = 0 references a page directory", (level == PDPT) & ~ps, ~leaf),
        says("a PDE with PS = 1 maps a 2-MByte page", (level == PD) & ps, leaf),
        says("a PDE with PS = 0 references a page table", (level == PD) & ~ps, ~leaf),
        says("a PTE maps a 4-KByte page", level == PT, leaf),
    ]


def maps_a_page_pae(leaf: Value, entry: Value, level: Value) -> list[Sentence]:
    """Sentences about ``leaf``: an entry of PAE paging, well-formed, maps a page."""
    def says(text: str, when: Any, then: Any) -> Sentence:
        return Sentence("SDM 4.4.2", text, when, then)

    ps = entry[PS]
    return [
        says("a PDE with PS = 1 maps a 2-MByte page", (level == PD) & ps, leaf),
        says("a PDE with PS = 0 references a page table", (level == PD) & ~ps, ~leaf),
        says("a PTE maps a 4-KByte page", level == PT, leaf),
    ]


def maps_a_page_32bit(leaf: Value, entry: Value, level: Value, *, pse: Value) -> list[Sentence]:
    """Sentences about ``leaf``: an entry of 32-bit paging, well-formed, maps a page."""
    def says(text: str, when: Any, then: Any) -> Sentence:
        return Sentence("SDM 4.3", text, when, then)

    large = pse & entry[PS]
    return [
        says("a PDE with PS = 1 maps a 4-MByte page if PSE = 1", (level == PD) & large, leaf),
        says("a PDE with PS = 0 references a page table, also one with PS = 1 if PSE = 0",
             (level == PD) & ~large, ~leaf),
        says("a PTE maps a 4-KByte page", level == PT, leaf),
    ]


def large_frame_32bit(frame: Value, entry: Value) -> list[Sentence]:
    """Sentences about ``frame``: bits 39:12 of the physical address of a 4-MByte page."""
    return [
        Sentence("SDM 4.3", "bits 39:32 of the address of a 4-MByte page are bits 20:13 of the PDE",
                 Const(1), frame[20:28] == entry[13:21]),
        Sentence("SDM 4.3", "bits 31:22 of the address of a 4-MByte page are bits 31:22 of the PDE",
                 Const(1), frame[10:20] == entry[22:32]),
        Sentence("SDM 4.3", "the address of a 4-MByte page is a multiple of its size",
                 Const(1), frame[0:10] == 0),
    ]


def _reserved(source: Any, reserved: Any, forms: Any) -> list[Sentence]:
    """Each of the ``forms`` is reserved, and nothing else is."""
    return [
        *(Sentence(source, text, is_set, reserved) for text, is_set in forms.items()),
        Sentence(source, "no other bit is reserved", ~Cat(*forms.values()).any(), ~reserved),
    ]


def _any_from(entry: Any, lowest: Any, start: Any, end: Any) -> Any:
    """One of the bits from ``lowest``, which is at least ``start``, to ``end`` is set."""
    return Cat(entry[bit] & (Const(bit) >= lowest) for bit in range(start, end + 1)).any()
