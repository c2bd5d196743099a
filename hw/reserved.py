"""Form of an entry: a leaf or not, well-formed or not. Pure functions of values.

Ref: Intel SDM Vol. 3A, Tables 4-4 to 4-6 (32-bit paging), 4-8 to 4-11 (PAE paging), 4-14 to
4-20 (4-level and 5-level paging) and section 4.7, "RSVD flag".
"""

from amaranth import *

from .layout import Level
from .physical import exceeds


__all__ = ["is_leaf", "large_frame_32bit", "malformed_pdpte", "references_table", "reserved"]


def is_leaf(entry, level, *, mode):
    """True if a present, well-formed entry maps a page. Rules 5, 19, 20."""
    large = entry.page_size & (mode.wide | mode.pse | (level != Level.PD))
    return (level == Level.PT) | large


def references_table(entry, level, *, mode, nxe, maxphyaddr):
    """True if an entry of any mode is present, well-formed, and references a table.

    Of a 32-bit entry the upper half is zero. One with PS = 1 is left to :func:`reserved` and
    :func:`is_leaf`, also where it references a table since its level has no leaves. Rule 1.
    """
    return (entry.present & ~entry.page_size & (level != Level.PT)
            & ~_reserved_at_every_level(entry, mode=mode, nxe=nxe, maxphyaddr=maxphyaddr))


def malformed_pdpte(pdpte, *, maxphyaddr):
    """True if PAE paging must not load this into a PDPTE register. Rule 28."""
    bits = pdpte.as_value()
    return pdpte.present & (bits[1:3].any() | bits[5:9].any() | exceeds(bits, maxphyaddr))


def large_frame_32bit(entry):
    """Frame number of a 4 MiB page, its lower ten bits zero (Table 4-4: bits 20:13 are 39:32).

    Rules 19, 30.
    """
    bits = entry.as_value()
    return Cat(C(0, 10), bits[22:32], bits[13:21])


def reserved(entry, level, *, mode, nxe, maxphyaddr, config):
    """True if a bit is set that must be zero in an entry of ``level``. Rule 3."""
    narrow = _reserved_32bit(entry, level, pse=mode.pse, maxphyaddr=maxphyaddr, config=config)
    if not config.wide_entries:
        return narrow
    return Mux(mode.wide, _reserved_wide(
        entry, level, mode=mode, nxe=nxe, maxphyaddr=maxphyaddr, config=config), narrow)


def _reserved_at_every_level(entry, *, mode, nxe, maxphyaddr):
    """``reserved`` in an entry of 8 bytes, as far as the level does not matter. Rules 6, 7, 29."""
    bits = entry.as_value()
    return (exceeds(bits[:52], maxphyaddr) | (mode.pae & bits[52:63].any())
            | (entry.execute_disable & ~nxe))


def _reserved_wide(entry, level, *, mode, nxe, maxphyaddr, config):
    """``reserved`` in an entry of 8 bytes. Rules 5, 6, 29, 37."""
    bits     = entry.as_value()
    always   = _reserved_at_every_level(entry, mode=mode, nxe=nxe, maxphyaddr=maxphyaddr)
    huge     = (level >= Level.PML4) & entry.page_size
    gigabyte = (level == Level.PDPT) & entry.page_size & bits[13:30].any()
    if not config.gigabyte_pages:
        gigabyte = (level == Level.PDPT) & entry.page_size
    megabyte = (level == Level.PD) & entry.page_size & bits[13:21].any()
    return always | huge | gigabyte | megabyte


def _reserved_32bit(entry, level, *, pse, maxphyaddr, config):
    """``reserved`` in 32-bit paging. Rules 19, 30."""
    if not config.pse:
        return C(0)
    bits = entry.as_value()
    if isinstance(maxphyaddr, int):
        wide = bits[min(maxphyaddr, 40) - 19:22].any()
    else:
        wide = exceeds(Cat(C(0, 32), bits[13:21]), maxphyaddr) | bits[21]
    return (level == Level.PD) & entry.page_size & pse & wide
