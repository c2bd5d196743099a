"""Writes of control registers that the architecture forbids. Pure functions of values.

Each takes the value to be written and the present registers; the result is one bit, high if the
write raises #GP(0). A feature that the unit lacks makes its bit a reserved one.

Ref: Intel SDM Vol. 3A, section 2.5 "Control Registers", section 4.1.2 "Paging-Mode Enabling";
Vol. 2, "MOV - Move to/from Control Registers", "INVPCID"; Vol. 3A, sections 4.10.1, 9.8.5.
"""

from amaranth import *

from .linear import canonical
from .physical import exceeds


__all__ = [
    "cr0_refused", "cr3_bits", "cr3_refused", "cr4_bits", "cr4_refused", "efer_bits",
    "efer_refused", "invpcid_refused",
]


def cr0_refused(value, state):
    """CR0: bits 63:32; PG without PE, or cleared with PCIDs; NW without CD; no such paging mode.

    Rules 20, 21.
    """
    turned_on = value.pg & ~state.cr0.pg
    return (value.as_value()[32:].any()
            | (value.pg & ~value.pe)
            | (~value.pg & state.cr4.pcide)
            | (value.nw & ~value.cd)
            | (turned_on & (state.efer.lme ^ state.cr4.pae)))


def cr3_refused(value, state, *, maxphyaddr):
    """CR3: in long mode, bits above the physical-address width, but for bit 63 with PCIDs.

    Rules 21, 32.
    """
    address = Cat(value.as_value()[:63], value.no_flush & ~state.cr4.pcide)
    return state.efer.lma & exceeds(address, maxphyaddr)


def cr3_bits(config):
    """Mask of the bits of CR3 that are kept: of the low ones, those that some mode gives a meaning.

    Rule 32.
    """
    low = 0xfff if config.pae or config.pcid else _mask({3: True, 4: True})
    return ((1 << config.maxphyaddr) - 1) & ~0xfff | low


def cr4_bits(config):
    """Mask of the bits of CR4 that are not reserved."""
    return _mask({
        4:  config.pse,
        5:  config.long_mode,
        7:  config.pge,
        17: config.pcid,
        20: config.smep,
        21: config.smap,
    })


def cr4_refused(value, state, *, config):
    """CR4: reserved bits; a change of PAE that would leave the paging mode that is on; PCIDE set.

    The last is refused outside long mode, and with a PCID that is not 0. Rules 20, 21, 32.
    """
    reserved = (value.as_value() & ~C(cr4_bits(config), 64)).any()
    contexts = (value.pcide & ~state.cr4.pcide
                & (~state.efer.lma | state.cr3.pcid.any()))
    return reserved | (state.cr0.pg & (value.pae ^ state.cr4.pae)) | contexts


def efer_bits(config):
    """Mask of the bits of EFER that are not reserved."""
    return _mask({
        0:  config.long_mode,
        8:  config.long_mode,
        10: config.long_mode,
        11: config.nx,
    })


def efer_refused(value, state, *, config):
    """EFER: reserved bits; LME changed while paging is on. LMA is read-only: its write is lost.

    Rule 21.
    """
    reserved = (value.as_value() & ~C(efer_bits(config), 64)).any()
    return reserved | (state.cr0.pg & (value.lme ^ state.efer.lme))


def invpcid_refused(kind, pcid, linear, state):
    """INVPCID: an unknown type; reserved bits; an address or a PCID that there is not.

    ``pcid`` and ``linear`` are the halves of the descriptor. Rule 33.
    """
    single = kind == 0
    return (kind[2:].any()
            | pcid[12:].any()
            | (single & ~canonical(linear))
            | (~kind[1] & pcid.any() & ~state.cr4.pcide))


def _mask(bits):
    return sum(1 << bit for bit, exists in bits.items() if exists)
