"""Linear addresses: canonical or not, and the parts that a walk uses. Pure functions of values.

Ref: Intel SDM Vol. 1, section 3.3.7.1 "Canonical Addressing"; Vol. 3A, Figures 4-2 and 4-8.
"""

from amaranth import *

from .layout import Level


__all__ = ["canonical", "entry_offset", "page_of"]


def canonical(linear):
    """True if bits 63 to 47 are all equal. Rule 8."""
    top = linear[47:64]
    return top.all() | ~top.any()


def page_of(linear, *, config):
    """Linear page number: the bits above the offset that are translated."""
    return linear[12:config.linear_width]


def entry_offset(page, level, *, long_mode, config):
    """Byte offset, in its table, of the entry for ``page`` at ``level``.

    A table of 4-level paging has 512 entries of 8 bytes, one of 32-bit paging 1024 of 4 bytes.
    Rule 19.
    """
    legacy = Mux(level == Level.PD, page[10:20], page[0:10])
    if not config.long_mode:
        return Cat(C(0, 2), legacy)
    parts = Array(page[9 * n:9 * n + 9] for n in range(4))
    return Mux(long_mode, Cat(C(0, 3), parts[level]), Cat(C(0, 2), legacy))
