"""Machines that have cached pages under several PCIDs."""

from paging_support import ROOT

from sw.bus import Register

from .modes_support import PCIDE, PGE, ending, machine, map_page


__all__ = ["ALL", "LINEAR", "OTHER", "cached", "frame", "held", "switch", "with_global"]


#: Two pages.
LINEAR, OTHER = 0x4060_5000, 0x4060_6000

#: What :func:`held` says while all that :func:`cached` has cached is there.
ALL = {0: "LO", 1: "LO", 2: "LO"}

#: G of an entry; and bit 63 of what is written to CR3.
G, NO_FLUSH = 1 << 8, 1 << 63


def switch(mmu, pcid, *, flush=False):
    """Make ``pcid`` the current one, and forget nothing if there is to be no ``flush``."""
    mmu.write_control(Register.CR3, ROOT | pcid | NO_FLUSH * (not flush))


def cached(mode="4-level", *, pcids=(0, 1, 2), cr4=PGE):
    """A machine that has cached, under each PCID, two pages in a frame of its own.

    Their entries are not present any more, so that only what is cached can be found. The current
    PCID is the last one.
    """
    mmu = machine(mode, cr4=PCIDE | cr4)
    for pcid in pcids:
        switch(mmu, pcid)
        for linear in (LINEAR, OTHER):
            map_page(mmu.memory, mode, linear, frame(pcid, linear) | 7)
            assert ending(mmu, linear, user=True) == frame(pcid, linear)
    for linear in (LINEAR, OTHER):
        map_page(mmu.memory, mode, linear, 0)
    return mmu


def frame(pcid, linear):
    """Physical address of a page under a PCID."""
    return 0x10_0000 + 0x10_0000 * pcid + (linear & 0xf000)


def with_global(mmu, linear, *, physical=0x9000):
    """The machine, with a global page cached besides, by the current PCID."""
    map_page(mmu.memory, "4-level", linear, physical | G | 7)
    assert ending(mmu, linear) == physical
    map_page(mmu.memory, "4-level", linear, 0)
    return mmu


def held(mmu, *, pcids=(0, 1, 2)):
    """Pages that are still cached, by PCID: letters L and O."""
    return {
        pcid: "".join(letter for letter, linear in (("L", LINEAR), ("O", OTHER))
                      if mmu.tlb.find(linear, pcid) is not None)
        for pcid in pcids
    }
