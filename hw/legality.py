"""Writes of control registers that the architecture forbids. Pure functions of values.

Each takes the value to be written and the present registers; the result is one bit, high if the
write raises #GP(0). A feature that the unit lacks makes its bit a reserved one.

Ref: Intel SDM Vol. 3A, section 2.5 "Control Registers", section 4.1.2 "Paging-Mode Enabling";
Vol. 2B, "MOV - Move to/from Control Registers"; Vol. 2D, "WRPKRU"; Vol. 3A, section 9.8.5.
"""

from amaranth import *

from .physical import exceeds


__all__ = [
    "cr0_refused", "cr3_bits", "cr3_refused", "cr4_bits", "cr4_refused", "efer_bits",
    "efer_refused", "key_register_refused",
]


def cr0_refused(value, state):
    """CR0: bits 63:32; PG without PE; NW without CD; a paging mode that does not exist.

    Rules 20, 21.
    """
    turned_on = value.pg & ~state.cr0.pg
    return (value.as_value()[32:].any()
            | (value.pg & ~value.pe)
            | (value.nw & ~value.cd)
            | (turned_on & (state.efer.lme ^ state.cr4.pae)))


def cr3_refused(value, state, *, maxphyaddr):
    """CR3: in long mode, bits above the physical-address width. Rule 21."""
    return state.efer.lma & exceeds(value.as_value(), maxphyaddr)


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
        20: config.smep,
        21: config.smap,
        22: config.pku,
        24: config.pks,
    })


def cr4_refused(value, state, *, config):
    """CR4: reserved bits; a change of PAE that would leave the paging mode that is on.

    Rules 20, 21.
    """
    reserved = (value.as_value() & ~C(cr4_bits(config), 64)).any()
    return reserved | (state.cr0.pg & (value.pae ^ state.cr4.pae))


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


def key_register_refused(value, *, exists):
    """PKRU and IA32_PKRS: bits 63:32, in every mode; all writes if the register does not exist.

    Rule 36.
    """
    return value[32:].any() | (not exists)


def _mask(bits):
    return sum(1 << bit for bit, exists in bits.items() if exists)
