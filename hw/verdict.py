"""Verdict on a paging-structure entry, and what a walk that ends at it responds.

Ref: Intel SDM Vol. 3A, section 4.6 "Access Rights", section 4.7 "Page-Fault Exceptions", section
4.8 "Accessed and Dirty Flags".
"""

from amaranth import *

from .layout import Level, PageSize
from .permission import Rights, below, denied, denied_by_key, error_code, writes
from .reserved import is_leaf, large_frame_32bit, reserved
from .signals import unpacked


__all__ = ["respond_at", "verdict_on"]


def verdict_on(m, entry, level, *, parent, access, mode, protection, maxphyaddr, config):
    """Add to ``m`` the verdict on ``entry`` at ``level``; return its signals.

    ``parent`` are the rights that all levels above grant, and ``rights`` of the verdict those that
    the entry grants too. ``update`` says that its accessed bit is to be set, or its dirty bit, and
    ``descend`` that the walk goes on from it. The other parameters are as those of
    :func:`hw.reserved.reserved` and :func:`hw.permission.denied`. Rule 2.
    """
    verdict = unpacked("verdict", {
        "rights":   Rights,
        "present":  1,
        "reserved": 1,
        "leaf":     1,
        "by_key":   1,
        "denied":   1,
        "dirties":  1,
        "update":   1,
        "descend":  1,
    })
    against     = {"access": access, "rights": verdict.rights, "protection": protection}
    well_formed = verdict.present & ~verdict.reserved
    incomplete  = ~entry.accessed | (verdict.dirties & ~entry.dirty)
    m.d.comb += [
        verdict.rights.eq(below(parent, entry)),
        verdict.present.eq(entry.present),
        verdict.reserved.eq(reserved(
            entry, level, mode=mode, nxe=protection.nxe, maxphyaddr=maxphyaddr, config=config)),
        verdict.leaf.eq(is_leaf(entry, level, mode=mode)),
        verdict.denied.eq(verdict.leaf & denied(by_key=verdict.by_key, **against)),
        verdict.dirties.eq(verdict.leaf & writes(access.kind)),
        verdict.update.eq(well_formed & ~verdict.denied & incomplete),
        verdict.descend.eq(well_formed & ~verdict.leaf),
    ]
    if config.keys:
        m.d.comb += verdict.by_key.eq(verdict.leaf & denied_by_key(key=entry.key, **against))
    return verdict


def respond_at(m, response, verdict, entry, level, *, access, mode, protection, config):
    """Have ``response`` show the outcome of a walk, should it end at ``entry``."""
    frame = entry.frame[:config.frame_width]
    large = large_frame_32bit(entry)[:config.frame_width]
    sizes = Array([PageSize.KIB4, PageSize.MIB2, PageSize.GIB1, PageSize.GIB1])
    plain = mode.wide | (level == Level.PT)
    m.d.comb += [
        response.error.eq(error_code(
            access=access, by_key=verdict.by_key, protection=protection,
            present=verdict.present, reserved=verdict.present & verdict.reserved)),
        response.translation.size.eq(Mux(plain, sizes[level], PageSize.MIB4)),
        response.translation.frame.eq(Mux(plain, frame, large)),
        response.translation.rights.eq(verdict.rights),
        response.translation.dirty.eq(entry.dirty),
        response.translation.global_page.eq(entry.global_page & mode.pge),
    ]
    if config.keys:
        m.d.comb += response.translation.key.eq(entry.key)
