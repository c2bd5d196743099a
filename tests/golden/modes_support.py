"""Machines that have every feature, in each paging mode, and pages mapped on them.

The writes that turn a mode on, and the forms of the tables, are stated by hand from the manual (SDM
Vol. 3A, sections 4.1.2, 4.3 to 4.5).
"""

from dataclasses import replace

from paging_support import FIVE_LEVELS, FOUR_LEVELS, PAE_TABLES, ROOT, TWO_LEVELS, write_chain

from sim.golden.mmu import GoldenMmu
from sim.golden.state import Features
from sw.bus import Access, GeneralProtection, Kind, PageFault, Register


__all__ = [
    "AC", "CD", "FULL", "LA57", "LMA", "LME", "MODES", "NW", "NXE", "PAE", "PAGED", "PCIDE", "PE",
    "PG", "PGE", "PKE", "PKS", "PSE", "SMAP", "SMEP", "WP",
    "ending", "full", "machine", "map_page", "refuses", "turn_on",
]


PE, WP, NW, CD, PG = 1, 1 << 16, 1 << 29, 1 << 30, 1 << 31
PSE, PAE, PGE, LA57, PCIDE = 1 << 4, 1 << 5, 1 << 7, 1 << 12, 1 << 17
SMEP, SMAP, PKE, PKS = 1 << 20, 1 << 21, 1 << 22, 1 << 24
LME, LMA, NXE = 1 << 8, 1 << 10, 1 << 11
AC = 1 << 18

#: A machine that has all there is.
FULL = Features(pae=True, la57=True, pcid=True, invpcid=True, pku=True, pks=True)

#: CR4 and EFER of each mode; and whether CR0.PG is set.
MODES = {
    "off":     (0,          0,   False),
    "32-bit":  (0,          0,   True),
    "PAE":     (PAE,        0,   True),
    "4-level": (PAE,        LME, True),
    "5-level": (PAE | LA57, LME, True),
}

#: Modes with paging, and the form of their tables.
PAGED = {"32-bit": TWO_LEVELS, "PAE": PAE_TABLES, "4-level": FOUR_LEVELS, "5-level": FIVE_LEVELS}

#: With PAE paging, the page directories of the four PDPTEs, and the one page table below them.
_DIRECTORIES = (0x2000, 0x3000, 0x4000, 0x5000)
_TABLE       = 0x6000


def full(**changed):
    """The full machine, with some features otherwise."""
    return replace(FULL, **changed)


def turn_on(unit, mode, *, cr0=0, cr4=0, efer=0):
    """Bring a unit that was just reset into a mode, with further bits of the registers."""
    for number, directory in enumerate(_DIRECTORIES if mode == "PAE" else ()):
        unit.memory.write(ROOT + 8 * number, 8, directory | 1)
    in_cr4, in_efer, paging = MODES[mode]
    later = cr4 & PCIDE
    unit.write_control(Register.CR4, in_cr4 | cr4 & ~PCIDE)
    unit.write_control(Register.EFER, in_efer | efer)
    unit.write_control(Register.CR3, ROOT)
    unit.write_control(Register.CR0, PE | PG * paging | cr0)
    if later:
        unit.write_control(Register.CR4, in_cr4 | cr4)
    return unit


def machine(mode, features=FULL, **bits):
    """A golden machine in a mode, with further bits of CR0, CR4 and EFER."""
    return turn_on(GoldenMmu(features), mode, **bits)


def map_page(memory, mode, linear, leaf, *, upper=7, depth=None):
    """Write the entries that map the page of ``linear``; return their addresses, root first.

    With ``depth`` the leaf stands at that level, counted from 1 at the root; of PAE paging, at that
    below the PDPTEs.
    """
    if mode != "PAE":
        return write_chain(memory.write, PAGED[mode], linear, leaf, upper=upper, depth=depth)
    directory = _DIRECTORIES[linear >> 30 & 3] + 8 * (linear >> 21 & 0x1ff)
    if depth == 1:
        memory.write(directory, 8, leaf)
        return [directory]
    table = _TABLE + 8 * (linear >> 12 & 0x1ff)
    memory.write(directory, 8, _TABLE | upper)
    memory.write(table, 8, leaf)
    return [directory, table]


def ending(mmu, linear, kind=Kind.READ, **access):
    """End of an access to a byte: its physical address, "#GP", or the error code as "#PF 0x..."."""
    _, physical, fault = mmu.access(Access(linear, 1, kind, **access))
    match fault:
        case PageFault():
            assert fault.address == linear == mmu.read_control(Register.CR2)
            return f"#PF {fault.error_code:#x}"
        case GeneralProtection():
            return "#GP"
    return physical


def refuses(operation, *arguments):
    """Do an operation; return True if it ended in #GP."""
    try:
        operation(*arguments)
    except GeneralProtection:
        return True
    return False
