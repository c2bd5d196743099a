"""Writes of control registers that the architecture forbids. Pure functions of values.

Each takes the value to be written and the present registers; the result is one bit, high if the
write raises #GP(0). A feature that the unit lacks makes its bit a reserved one.

Ref: Intel SDM Vol. 3A, section 2.5 "Control Registers", section 4.1.2 "Paging-Mode Enabling";
Vol. 2, "MOV - Move to/from Control Registers", "INVPCID", "WRPKRU"; Vol. 3A, sections 4.10.1,
9.8.5.
"""

from amaranth import *
from amaranth.lib import data

from .bus import Register
from .layout import CR0, CR4
from .linear import canonical
from .physical import exceeds


__all__ = [
    "cr0_refused", "cr3_bits", "cr3_refused", "cr4_bits", "cr4_refused", "efer_bits",
    "efer_refused", "invpcid_refused", "key_register_refused", "loads_pdptes",
]


def cr0_refused(value, state, *, config):
    """CR0: bits 63:32; PG without PE, or cleared with PCIDs; NW without CD; no such paging mode.

    Rules 20, 21.
    """
    turned_on = value.pg & ~state.cr0.pg
    no_mode   = state.efer.lme & ~state.cr4.pae
    if not config.pae:
        no_mode |= ~state.efer.lme & state.cr4.pae
    return (value.as_value()[32:].any()
            | (value.pg & ~value.pe)
            | (~value.pg & state.cr4.pcide)
            | (value.nw & ~value.cd)
            | (turned_on & no_mode))


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
        5:  config.wide_entries,
        7:  config.pge,
        12: config.la57,
        17: config.pcid,
        20: config.smep,
        21: config.smap,
        22: config.pku,
        24: config.pks,
    })


def cr4_refused(value, state, *, config):
    """CR4: reserved bits; PAE or LA57 changed in long mode; PCIDE set; no such paging mode.

    PCIDE cannot be set outside long mode, nor with a PCID that is not 0. Rules 20, 21, 32, 37.
    """
    reserved = (value.as_value() & ~C(cr4_bits(config), 64)).any()
    constant = state.efer.lma if config.pae else state.cr0.pg  # PAE must not change
    contexts = (value.pcide & ~state.cr4.pcide
                & (~state.efer.lma | state.cr3.pcid.any()))
    return (reserved
            | contexts
            | (constant & (value.pae ^ state.cr4.pae))
            | (state.efer.lma & (value.la57 ^ state.cr4.la57)))


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

    ``pcid`` and ``linear`` are the halves of the descriptor. Rules 33, 37.
    """
    single = kind == 0
    return (kind[2:].any()
            | pcid[12:].any()
            | (single & ~canonical(linear, la57=state.cr4.la57))
            | (~kind[1] & pcid.any() & ~state.cr4.pcide))


def loads_pdptes(register, value, state, *, config):
    """True if a legal write of ``value`` to ``register`` loads the PDPTE registers.

    It does if PAE paging is in use afterwards, and the write is of CR3, or changes CD, NW or PG in
    CR0, or PAE, PGE, PSE or SMEP in CR4 (Vol. 3A, section 4.4.1). Rule 28.
    """
    if not config.pae:
        return C(0)

    def changed(layout, present, *names):
        written = data.View(layout, value)
        return Cat(written[name] ^ present[name] for name in names).any()

    pae     = state.cr4.pae & ~state.efer.lme
    by_cr0  = pae & data.View(CR0, value).pg & changed(CR0, state.cr0, "cd", "nw", "pg")
    by_cr3  = pae & state.cr0.pg
    by_cr4  = (data.View(CR4, value).pae & ~state.efer.lme & state.cr0.pg
               & changed(CR4, state.cr4, "pae", "pge", "pse", "smep"))
    return ((register == Register.CR0) & by_cr0
            | (register == Register.CR3) & by_cr3
            | (register == Register.CR4) & by_cr4)


def key_register_refused(value, *, exists):
    """PKRU and IA32_PKRS: bits 63:32, in every mode; all writes if the register does not exist.

    Rule 36.
    """
    return value[32:].any() | (not exists)


def _mask(bits):
    return sum(1 << bit for bit, exists in bits.items() if exists)
