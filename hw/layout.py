"""Packed layouts: control registers, paging-structure entries, page-fault error code.

Ref: Intel SDM Vol. 3A, sections 2.5 "Control Registers", 2.2.1 "Extended Feature Enable
Register", 4.3 "32-Bit Paging", 4.4 "PAE Paging", 4.5 "4-Level Paging and 5-Level Paging", 4.7
"Page-Fault Exceptions".
"""

from amaranth import *
from amaranth.lib import data, enum


__all__ = [
    "AccessKind", "Fault", "Flush", "Level", "PageSize",
    "CR0", "CR3", "CR4", "EFER", "RFLAGS", "Entry", "ErrorCode", "Features", "Pdpte", "Pdptes",
]


class AccessKind(enum.Enum, shape=unsigned(3)):
    """Kind of memory access. The locked kinds are writes from their first half on."""

    READ             = 0
    WRITE            = 1
    FETCH            = 2
    EXCHANGE         = 3  #: Store the data, return what was there.
    COMPARE_EXCHANGE = 4  #: Store the data if ``compare`` was there; return what was there.


class Fault(enum.Enum, shape=unsigned(3)):
    """Way in which an access ended."""

    NONE               = 0
    PAGE_FAULT         = 1  #: #PF; the error code is valid, CR2 holds the linear address.
    GENERAL_PROTECTION = 2  #: #GP(0): the address is not canonical.
    SKIPPED            = 3  #: A chained access after one that faulted: nothing was done.
    BUS_ERROR          = 4  #: Memory does not answer to the access, or to its walk.


class Flush(enum.Enum, shape=unsigned(3)):
    """Translations that the TLB is to forget. Rules 27, 33, 35."""

    NONE               = 0
    LOCAL              = 1  #: All but global ones.
    ALL                = 2
    OF_PCID            = 3  #: All of one PCID but global ones.
    OF_PCID_AND_GLOBAL = 4  #: All of one PCID, and global ones of every PCID.


class Level(enum.IntEnum, shape=unsigned(3)):
    """Paging structure by the level at which a walk reads it."""

    PT   = 0
    PD   = 1
    PDPT = 2
    PML4 = 3
    PML5 = 4


class PageSize(enum.IntEnum, shape=unsigned(2)):
    """Size of a page, in the order of size."""

    KIB4 = 0
    MIB2 = 1
    MIB4 = 2
    GIB1 = 3


#: Control register 0 (section 2.5). Bits that are not named read as zero, but for ET, which is 1.
CR0 = data.FlexibleLayout(64, {
    "pe": data.Field(1,  0),
    "mp": data.Field(1,  1),
    "em": data.Field(1,  2),
    "ts": data.Field(1,  3),
    "et": data.Field(1,  4),
    "ne": data.Field(1,  5),
    "wp": data.Field(1, 16),
    "am": data.Field(1, 18),
    "nw": data.Field(1, 29),
    "cd": data.Field(1, 30),
    "pg": data.Field(1, 31),
})


#: Control register 3 (Tables 4-3, 4-7 and 4-12). The frame is as wide as the widest machine's.
#: With CR4.PCIDE = 1 the low bits are the PCID; ``no_flush`` is a bit of the operand of MOV alone.
CR3 = data.FlexibleLayout(64, {
    "pwt":   data.Field( 1,  3),
    "pcd":   data.Field( 1,  4),
    "pcid":  data.Field(12,  0),
    "frame": data.Field(40, 12),
    "no_flush": data.Field(1, 63),
})


#: Control register 4 (section 2.5). Only the bits that paging looks at exist in this machine.
CR4 = data.FlexibleLayout(64, {
    "pse":   data.Field(1,  4),
    "pae":   data.Field(1,  5),
    "pge":   data.Field(1,  7),
    "la57":  data.Field(1, 12),
    "pcide": data.Field(1, 17),
    "smep":  data.Field(1, 20),
    "smap":  data.Field(1, 21),
    "pke":   data.Field(1, 22),
    "pks":   data.Field(1, 24),
})


#: IA32_EFER (section 2.2.1).
EFER = data.FlexibleLayout(64, {
    "sce": data.Field(1,  0),
    "lme": data.Field(1,  8),
    "lma": data.Field(1, 10),
    "nxe": data.Field(1, 11),
})


#: RFLAGS (Vol. 1, section 3.4.3). Only the alignment-check flag exists in this machine.
RFLAGS = data.FlexibleLayout(64, {
    "ac": data.Field(1, 18),
})


#: Paging-structure entry, every level and mode (Tables 4-4 to 4-6, 4-8 to 4-11 and 4-15 to
#: 4-20). A 32-bit entry is its lower half. ``dirty``, ``page_size``, ``global_page`` and ``key``
#: matter only where the manual gives them a meaning; ``frame`` is unmasked, and wider than the
#: machine's.
Entry = data.FlexibleLayout(64, {
    "present":         data.Field( 1,  0),
    "writable":        data.Field( 1,  1),
    "user":            data.Field( 1,  2),
    "write_through":   data.Field( 1,  3),
    "cache_disable":   data.Field( 1,  4),
    "accessed":        data.Field( 1,  5),
    "dirty":           data.Field( 1,  6),
    "page_size":       data.Field( 1,  7),
    "global_page":     data.Field( 1,  8),
    "frame":           data.Field(40, 12),
    "key":             data.Field( 4, 59),
    "execute_disable": data.Field( 1, 63),
})


#: Entry of the page-directory-pointer table of PAE paging (Table 4-8): a register in use.
Pdpte = data.FlexibleLayout(64, {
    "present":       data.Field( 1,  0),
    "write_through": data.Field( 1,  3),
    "cache_disable": data.Field( 1,  4),
    "available":     data.Field( 3,  9),
    "frame":         data.Field(40, 12),
})


#: The four of them; bits 31:30 of a linear address select one. They are fields, for an array would
#: have a signal ``[1]`` beside the whole, which Yosys 0.70 takes for bit 1 of it in mapping.
Pdptes = data.FlexibleLayout(4 * 64, {n: data.Field(Pdpte, 64 * n) for n in range(4)})


class ErrorCode(data.Struct):
    """Page-fault error code pushed by the processor (Figure 4-12)."""

    present:  1  #: 0: a not-present entry; 1: a protection violation.
    write:    1  #: The access is a write.
    user:     1  #: It is one of a program at CPL 3, and not implicit.
    reserved: 1  #: A bit is set that must be zero in an entry.
    fetch:    1  #: It is a fetch; told only where execution can be disabled or prevented.
    key:      1  #: The protection key of the page forbids the access.


#: Features of this unit, as software reads it (this machine's CPUID). The bits stand where the
#: registers that they allow have them, so that a feature word can be compared with CR4.
Features = data.FlexibleLayout(64, {
    "pse":            data.Field(1,  4),
    "pae":            data.Field(1,  5),
    "pge":            data.Field(1,  7),
    "invpcid":        data.Field(1, 10),
    "nx":             data.Field(1, 11),
    "la57":           data.Field(1, 12),
    "pcid":           data.Field(1, 17),
    "smep":           data.Field(1, 20),
    "smap":           data.Field(1, 21),
    "pku":            data.Field(1, 22),
    "pks":            data.Field(1, 24),
    "gigabyte_pages": data.Field(1, 26),
    "long_mode":      data.Field(1, 29),
    "maxphyaddr":     data.Field(8, 32),
})


for _layout in (CR0, CR3, CR4, EFER, RFLAGS, Entry, Features, Pdpte):
    assert Shape.cast(_layout).width == 64
assert Shape.cast(ErrorCode).width == 6
