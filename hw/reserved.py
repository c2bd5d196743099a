"""What an entry is: a leaf or not, and well-formed or not. Pure functions of values.

Ref: Intel SDM Vol. 3A, Tables 4-4 to 4-6 (32-bit paging), 4-15 to 4-20 (4-level paging) and
section 4.7, "RSVD flag".
"""

from amaranth import *

from .layout import Level


__all__ = ["is_leaf", "large_frame_32bit", "reserved"]


def is_leaf(entry, level, *, long_mode, pse):
    """Does a present, well-formed entry map a page? ``pse`` is CR4.PSE."""
    large = entry.page_size & (long_mode | pse | (level != Level.PD))
    return (level == Level.PT) | large


def large_frame_32bit(entry):
    """Frame number of a 4 MiB page, its lower ten bits zero (Table 4-4: bits 20:13 are 39:32)."""
    bits = entry.as_value()
    return Cat(C(0, 10), bits[22:32], bits[13:21])


def reserved(entry, level, *, long_mode, pse, nxe, config):
    """Is a bit set that must be zero in an entry of ``level``?"""
    legacy = _reserved_32bit(entry, level, pse=pse, config=config)
    if not config.long_mode:
        return legacy
    return Mux(long_mode, _reserved_4level(entry, level, nxe=nxe, config=config), legacy)


def _reserved_4level(entry, level, *, nxe, config):
    bits     = entry.as_value()
    address  = bits[config.maxphyaddr:52].any()
    disable  = entry.execute_disable & ~nxe
    huge     = (level == Level.PML4) & entry.page_size
    gigabyte = (level == Level.PDPT) & entry.page_size & bits[13:30].any()
    if not config.gigabyte_pages:
        gigabyte = (level == Level.PDPT) & entry.page_size
    megabyte = (level == Level.PD) & entry.page_size & bits[13:21].any()
    return address | disable | huge | gigabyte | megabyte


def _reserved_32bit(entry, level, *, pse, config):
    if not config.pse:
        return C(0)
    lowest = min(config.maxphyaddr, 40) - 19
    return (level == Level.PD) & entry.page_size & pse & entry.as_value()[lowest:22].any()
