"""Form of an entry: a leaf or not, well-formed or not. Pure functions of values.

Ref: Intel SDM Vol. 3A, Tables 4-4 to 4-6 (32-bit paging), 4-15 to 4-20 (4-level paging) and
section 4.7, "RSVD flag".
"""

from amaranth import *

from .layout import Level
from .physical import exceeds


__all__ = ["is_leaf", "large_frame_32bit", "references_table", "reserved"]


def is_leaf(entry, level, *, long_mode, pse):
    """True if a present, well-formed entry maps a page. ``pse`` is CR4.PSE. Rules 5, 19."""
    large = entry.page_size & (long_mode | pse | (level != Level.PD))
    return (level == Level.PT) | large


def references_table(entry, level, *, nxe, maxphyaddr):
    """True if an entry of either mode is present, well-formed, and references a table.

    Of a 32-bit entry the upper half is zero. One with PS = 1 is left to :func:`reserved` and
    :func:`is_leaf`, also where it references a table since its level has no leaves. Rule 1.
    """
    return (entry.present & ~entry.page_size & (level != Level.PT)
            & ~_reserved_at_every_level(entry, nxe=nxe, maxphyaddr=maxphyaddr))


def large_frame_32bit(entry):
    """Frame number of a 4 MiB page, its lower ten bits zero (Table 4-4: bits 20:13 are 39:32).

    Rule 19.
    """
    bits = entry.as_value()
    return Cat(C(0, 10), bits[22:32], bits[13:21])


def reserved(entry, level, *, long_mode, pse, nxe, maxphyaddr, config):
    """True if a bit is set that must be zero in an entry of ``level``. Rule 3."""
    legacy = _reserved_32bit(entry, level, pse=pse, maxphyaddr=maxphyaddr, config=config)
    if not config.long_mode:
        return legacy
    return Mux(long_mode, _reserved_4level(
        entry, level, nxe=nxe, maxphyaddr=maxphyaddr, config=config), legacy)


def _reserved_at_every_level(entry, *, nxe, maxphyaddr):
    """``reserved`` in 4-level paging, as far as the level does not matter. Rules 6, 7."""
    return exceeds(entry.as_value()[:52], maxphyaddr) | (entry.execute_disable & ~nxe)


def _reserved_4level(entry, level, *, nxe, maxphyaddr, config):
    """``reserved`` in 4-level paging. Rules 5, 6."""
    bits     = entry.as_value()
    always   = _reserved_at_every_level(entry, nxe=nxe, maxphyaddr=maxphyaddr)
    huge     = (level == Level.PML4) & entry.page_size
    gigabyte = (level == Level.PDPT) & entry.page_size & bits[13:30].any()
    if not config.gigabyte_pages:
        gigabyte = (level == Level.PDPT) & entry.page_size
    megabyte = (level == Level.PD) & entry.page_size & bits[13:21].any()
    return always | huge | gigabyte | megabyte


def _reserved_32bit(entry, level, *, pse, maxphyaddr, config):
    """``reserved`` in 32-bit paging. Rule 19."""
    if not config.pse:
        return C(0)
    bits = entry.as_value()
    if isinstance(maxphyaddr, int):
        wide = bits[min(maxphyaddr, 40) - 19:22].any()
    else:
        wide = exceeds(Cat(C(0, 32), bits[13:21]), maxphyaddr) | bits[21]
    return (level == Level.PD) & entry.page_size & pse & wide
