"""Vocabulary of the tests of single rules. docs/paging-rules.md numbers and explains the rules.

Expectations are written out by hand; no model is asked.
"""

import pytest
from paging_support import DIRECTORIES, FOUR_LEVELS, PAE_TABLES, write_chain

from sw.bus import Access, GeneralProtection, Kind, PageFault


__all__ = [
    "A", "AC", "BY_USER", "CD", "D", "EXCHANGE", "FETCH", "FETCHED", "FRAME", "G", "IMPLICIT_READ",
    "IMPLICIT_WRITE", "LA57", "LINEAR", "LMA", "LME", "NW", "NXE", "P", "PAE", "PAGE", "PE", "PG",
    "PGE", "PRESENT", "PS", "PSE", "READ", "RESERVED", "RW", "SMAP", "SMEP", "US", "USER_CMPXCHG",
    "USER_FETCH", "USER_READ", "USER_WRITE", "WP", "WRITE", "WRITTEN", "XD", "change", "error",
    "every_level", "map_page", "reach", "refused", "upper_level",
]


P, RW, US, A, D, PS, G, XD = 1, 2, 4, 0x20, 0x40, 0x80, 0x100, 1 << 63

#: Error-code bits are named apart from the entries' bits.
PRESENT, WRITTEN, BY_USER, RESERVED, FETCHED = 1, 2, 4, 8, 16

WP, NW, CD, PG, PE = 1 << 16, 1 << 29, 1 << 30, 1 << 31, 1
PSE, PAE, PGE, LA57, SMEP, SMAP = 1 << 4, 1 << 5, 1 << 7, 1 << 12, 1 << 20, 1 << 21
LME, LMA, NXE, AC = 1 << 8, 1 << 10, 1 << 11, 1 << 18

LINEAR = 0x4060_5000    # a different index at every level, in either form of table
FRAME  = 0x9000
PAGE   = FRAME | P | RW | US

READ, FETCH = Access(LINEAR, 8), Access(LINEAR, 8, Kind.FETCH)
WRITE       = Access(LINEAR, 8, Kind.WRITE, data=0x1122_3344_5566_7788)
USER_READ   = Access(LINEAR, 8, user=True)
USER_WRITE  = Access(LINEAR, 8, Kind.WRITE, user=True)
USER_FETCH  = Access(LINEAR, 8, Kind.FETCH, user=True)
IMPLICIT_READ  = Access(LINEAR, 8, user=True, implicit=True)
IMPLICIT_WRITE = Access(LINEAR, 8, Kind.WRITE, user=True, implicit=True)
EXCHANGE       = Access(LINEAR, 8, Kind.EXCHANGE, data=1)
USER_CMPXCHG   = Access(LINEAR, 8, Kind.COMPARE_EXCHANGE, user=True, compare=1)

upper_level = pytest.mark.parametrize("level", [0, 1, 2], ids=["pml4e", "pdpte", "pde"])
every_level = pytest.mark.parametrize("level", [0, 1, 2, 3], ids=["pml4e", "pdpte", "pde", "pte"])


def map_page(cpu, leaf=PAGE, *, linear=LINEAR, form=FOUR_LEVELS, **parameters):
    """Write a chain of tables to a page; return the addresses of its entries.

    The tables of PAE paging are those below the PDPTE of :data:`paging_support.PDPTES`.
    """
    if form is PAE_TABLES:
        parameters["root"] = DIRECTORIES[linear >> 30 & 3]
    return write_chain(cpu.memory.write, form, linear, leaf, **parameters)


def change(cpu, address, *, add=0, remove=0):
    """Edit an 8-byte entry in memory, as another processor would."""
    cpu.memory.write(address, 8, (cpu.memory.read(address, 8) | add) & ~remove)


async def reach(cpu, access):
    """Do an access that must succeed; return the physical address."""
    outcome = await cpu.access(access)
    assert outcome.fault is None
    return outcome.physical


async def error(cpu, access):
    """Do an access that must end in a page fault at its first byte; return the error code."""
    fault = (await cpu.access(access)).fault
    assert isinstance(fault, PageFault)
    assert fault.address == access.linear
    return fault.error_code


async def refused(cpu, register, value):
    """True if the write raises #GP; then it must have changed nothing."""
    def state():
        return cpu.ctx.get(cpu.mmu.control.state.as_value())

    before = state()
    try:
        await cpu.write_control(register, value)
    except GeneralProtection:
        assert state() == before
        return True
    return False
