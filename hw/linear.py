"""Linear addresses: canonical or not, and the parts that a walk uses. Pure functions of values.

Ref: Intel SDM Vol. 1, section 3.3.7.1 "Canonical Addressing"; Vol. 3A, Figures 4-2, 4-5, 4-8
and 4-11.
"""

from amaranth import *

from .layout import Level


__all__ = ["canonical", "entry_offset", "extended", "last_below_gap", "page_of"]


def canonical(linear, *, la57):
    """True if bits 63 to 47 are all equal; with ``la57``, bits 63 to 56. Rules 8, 37."""
    def equal(bits):
        return bits.all() | ~bits.any()

    return Mux(la57, equal(linear[56:64]), equal(linear[47:64]))


def last_below_gap(linear, *, la57):
    """True if the page of a canonical address is the last one before those that are not.

    It is so without the addition that would find the next page. Rules 8, 37.
    """
    return Mux(la57, linear[12:56].all() & ~linear[56], linear[12:47].all() & ~linear[47])


def page_of(linear, *, config):
    """Linear page number: the bits above the offset that are translated."""
    return linear[12:config.linear_width]


def extended(page, *, config):
    """A linear page number, made as wide as that of an address of the processor."""
    return page.as_signed() if config.long_mode else page


def entry_offset(page, level, *, wide, config):
    """Byte offset, in its table, of the entry for ``page`` at ``level``.

    A table has 512 entries of 8 bytes if they are ``wide``; in 32-bit paging, 1024 of 4 bytes.
    Rules 19, 20, 37.
    """
    narrow = Mux(level == Level.PD, page[10:20], page[0:10])
    if not config.wide_entries:
        return Cat(C(0, 2), narrow)
    parts = Array(page[9 * n:9 * n + 9] for n in range(config.top_level + 1))
    return Mux(wide, Cat(C(0, 3), parts[level]), Cat(C(0, 2), narrow))
