"""A MOV to a control register, bit by bit: which bits are kept, which ignored, which refused.

Written by hand from the manual; neither the gateware nor the golden model is asked.

Ref: Intel SDM Vol. 3A, section 2.5 "Control Registers", 2.2.1 "Extended Feature Enable Register",
2.7 "Protection-Key Rights Registers", 4.1.2 "Paging-Mode Enabling", Tables 4-3 and 4-12; Vol. 2B,
"MOV - Move to/from Control Registers", "WRMSR". The machine has a MAXPHYADDR of 40, no features of
CR4 and EFER besides those that are named here, PCIDs unless it is said that there are none, and PAE
paging and 5-level paging only if that is said.
"""

from collections.abc import Mapping
from types import MappingProxyType

from sw.bus import Register


__all__ = ["ALL_BASES", "BASES", "KEYS", "SETUP", "fate", "mask"]


PG, PE, ET, LMA = 1 << 31, 1, 1 << 4, 1 << 10
PAE, LME, LA57 = 1 << 5, 1 << 8, 1 << 12

#: Registers before the write, by mode. Those that are not named are 0.
BASES = {
    "off":     {Register.CR0: PE | ET},
    "32-bit":  {Register.CR0: PG | PE | ET},
    "4-level": {Register.CR0: PG | PE | ET, Register.CR4: PAE, Register.EFER: LME | LMA},
}

#: The same of a machine that has all modes.
ALL_BASES = BASES | {
    "PAE":     {Register.CR0: PG | PE | ET, Register.CR4: PAE},
    "5-level": {Register.CR0: PG | PE | ET, Register.CR4: PAE | LA57, Register.EFER: LME | LMA},
}

#: In which order they are written, from reset on.
SETUP = (Register.CR4, Register.EFER, Register.CR0)


def mask(*ranges: int | range) -> int:
    """The bits with these numbers."""
    return sum(1 << bit for each in ranges
               for bit in (each if isinstance(each, range) else (each,)))


UPPER = range(32, 64)

#: Bits that are kept, and bits that are refused, by register, in any mode.
_KEPT = {
    Register.CR0:    mask(range(1, 4), 5, 16, 18, 30, 31),   # MP EM TS NE WP AM CD PG
    Register.CR2:    mask(range(32)),
    Register.CR3:    mask(3, 4, range(12, 32)),              # PWT PCD, and the frame
    Register.CR4:    mask(4, 7, 20, 21),                     # PSE PGE SMEP SMAP
    Register.EFER:   mask(0, 11),                            # SCE NXE
    Register.RFLAGS: mask(18),                               # AC
}
_REFUSED = {
    Register.CR0:      mask(29),                             # NW without CD
    Register.CR4:      mask(range(4), 6, range(8, 20), range(22, 32)),
    Register.EFER:     mask(range(1, 8), 9, range(12, 64)),  # an MSR has 64 bits in every mode
    Register.FEATURES: mask(range(64)),
    Register.PKRU:     mask(range(64)),                      # no protection keys
    Register.PKRS:     mask(range(64)),
}

#: Bits that come to these in one mode: (kept, refused).
_BESIDES = {
    ("off",     Register.CR0):  (mask(0), 0),                # PE
    ("off",     Register.CR4):  (mask(5), 0),                # PAE
    ("off",     Register.EFER): (mask(8), 0),                # LME
    ("32-bit",  Register.CR0):  (0, mask(0)),                # PG without PE
    ("32-bit",  Register.CR4):  (0, mask(5)),                # PAE paging
    ("32-bit",  Register.EFER): (0, mask(8)),                # LME changed while PG = 1
    ("4-level", Register.CR0):  (0, mask(0, UPPER)),
    ("4-level", Register.CR2):  (mask(UPPER), 0),
    ("4-level", Register.CR3):  (mask(range(32, 40)), mask(range(40, 64))),
    ("4-level", Register.CR4):  (0, mask(5, UPPER)),         # PAE cleared in long mode
    ("4-level", Register.EFER): (0, mask(8)),
}


#: The same of a machine that has all modes: LA57 exists, PAE may change outside long mode, and all
#: low bits of CR3 are kept, since PAE paging gives them a meaning.
_ALL_BESIDES = _BESIDES | {
    **{(mode, Register.CR3): (mask(range(12)), 0) for mode in ("off", "32-bit", "PAE")},
    **{(mode, Register.CR4): (mask(5, 12), 0) for mode in ("off", "32-bit", "PAE")},
    **{(mode, Register.CR3): (mask(range(12), range(32, 40)), mask(range(40, 64)))
       for mode in ("4-level", "5-level")},
    **{("PAE", register): _BESIDES["32-bit", register]
       for register in (Register.CR0, Register.EFER)},
    **{("5-level", register): _BESIDES["4-level", register]
       for register in (Register.CR0, Register.CR2, Register.CR4, Register.EFER)},
}

#: Bits that are kept by a machine with PCIDs: all low bits of CR3, where the PCID is, in any mode,
#: and PCIDE in long mode alone.
_CONTEXTS = {
    **{(mode, Register.CR3): mask(range(12)) for mode in ALL_BASES},
    **{(mode, Register.CR4): mask(17) for mode in ("4-level", "5-level")},
}

#: Bits that are kept by a machine with protection keys: PKE and PKS, and the lower halves.
KEYS = {
    Register.CR4:  mask(22, 24),
    Register.PKRU: mask(range(32)),
    Register.PKRS: mask(range(32)),
}


def fate(mode: str, register: Register, bit: int, *, all_modes: bool = False, pcid: bool = True,
         besides: Mapping[Register, int] = MappingProxyType({})) -> str:
    """Outcome of a write that changes one bit: "kept", "refused" or "ignored".

    ``besides`` are bits that the machine keeps besides those of every machine.
    """
    kept, refused = (_ALL_BESIDES if all_modes else _BESIDES).get((mode, register), (0, 0))
    kept |= besides.get(register, 0) | pcid * _CONTEXTS.get((mode, register), 0)
    if (kept | _KEPT.get(register, 0)) >> bit & 1:
        return "kept"
    return "refused" if (refused | _REFUSED.get(register, 0)) >> bit & 1 else "ignored"
