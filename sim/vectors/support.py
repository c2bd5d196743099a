"""Vectors that this unit cannot run, and the reason: the same for every engine.

Only what no control write can tell is decided here: registers that do not exist, registers that
are not what their line says once they are written, and a CPL that they do not have. Whether the
architecture forbids a write is for the engine to say; :func:`refused` puts it into words.

Ref: Intel SDM Vol. 3A, sections 2.5 "Control Registers", 2.2.1 "Extended Feature Enable
Register", 4.1.1 "Four Paging Modes", 5.5 "Privilege Levels".
"""

from collections.abc import Mapping
from functools import lru_cache

from sw.bus import Register

from .sequence import SequenceVector
from .vector import Vector


__all__ = ["control_writes", "lacking", "lacking_for_sequence", "loads_pdptes", "refused"]


_PE, _PG        = 1 << 0, 1 << 31
_PAE, _PCIDE    = 1 << 5, 1 << 17
_LME, _LMA      = 1 << 8, 1 << 10

#: Bits that the unit has: PSE, PAE, PGE, LA57, SMEP, SMAP, PKE, PKS; SCE, LME, LMA, NXE. That of
#: sequences has PCIDE too.
_CR4_BITS  = 1 << 4 | _PAE | 1 << 7 | 1 << 12 | 1 << 20 | 1 << 21 | 1 << 22 | 1 << 24
_EFER_BITS = 1 << 0 | _LME | _LMA | 1 << 11

#: Names of bits that it lacks.
_CR4_NAMES = {
    0: "VME", 1: "PVI", 2: "TSD", 3: "DE", 6: "MCE", 8: "PCE", 9: "OSFXSR", 10: "OSXMMEXCPT",
    11: "UMIP", 13: "VMXE", 14: "SMXE", 16: "FSGSBASE", 17: "PCIDE", 18: "OSXSAVE",
    19: "KL", 23: "CET", 25: "UINTR", 27: "LASS", 28: "LAM_SUP",
}


def lacking(vector: Vector) -> str | None:
    """Return what this unit would need to run ``vector``; None if it can try."""
    _, cr0, cr3, cr4, efer, *_ = vector
    long_mode = cr0 & _PG and efer & _LME
    if not (cr4 & ~_CR4_BITS or efer & ~_EFER_BITS or cr0 >> 32
            or (not efer & _LMA if long_mode else efer & _LMA or cr3 >> 32)
            or not cr0 & _PE):
        return None

    reasons = _register_reasons(cr0, cr3, cr4, efer, _CR4_BITS)
    if not cr0 & _PE and any(step.cpl for step in (vector.access, *(vector.before or ()))):
        reasons.append("CPL is 3, but without CR0.PE there are no privilege levels")
    return "; ".join(reasons) or None


def lacking_for_sequence(vector: SequenceVector) -> str | None:
    """Return what the unit of sequences would need to begin ``vector``; None if it can try.

    What the steps write is the unit's to refuse, and a CPL without CR0.PE has no effect.
    """
    _, cr0, cr3, cr4, efer, *_ = vector
    reasons = _register_reasons(cr0, cr3, cr4, efer, _CR4_BITS | _PCIDE)
    if cr4 & _PCIDE and cr3 >> 63:
        reasons.append("bit 63 of CR3 is an operand's, and in no register")
    return "; ".join(reasons) or None


def _register_reasons(cr0: int, cr3: int, cr4: int, efer: int, cr4_bits: int) -> list[str]:
    """Reasons why these are not the registers of a unit that has ``cr4_bits``."""
    long_mode = cr0 & _PG and efer & _LME
    reasons = [f"this unit has no CR4.{name}" for name in _names(cr4 & ~cr4_bits, _CR4_NAMES)]
    reasons += [f"this unit has no EFER.{name}" for name in _names(efer & ~_EFER_BITS, {})]
    if cr0 >> 32:
        reasons.append("bits 63:32 of CR0 are reserved")
    if not long_mode and cr3 >> 32:
        reasons.append("bits 63:32 of CR3 cannot be set outside long mode")
    if bool(long_mode) != bool(efer & _LMA):
        reasons.append(f"EFER.LMA is {int(bool(efer & _LMA))}, but CR0.PG and EFER.LME make it "
                       f"{int(bool(long_mode))}")
    return reasons


def control_writes(vector: Vector | SequenceVector) -> tuple[tuple[Register, int], ...]:
    """Return the writes that set the registers of ``vector`` after reset, in their order."""
    return _control_writes(*vector[1:7])


@lru_cache(maxsize=65536)
def _control_writes(
    cr0: int, cr3: int, cr4: int, efer: int, pkru: int, pkrs: int,
) -> tuple[tuple[Register, int], ...]:
    """CR3 is the last: only in long mode is it wider than 32 bits.

    In PAE paging it never is, and comes first: the other writes load PDPTEs from where it says.
    PKRU and IA32_PKRS are 0 already. CR4.PCIDE can be set only in long mode, while CR3 holds no
    PCID.
    """
    writes = [(Register.CR4, cr4), (Register.EFER, efer & ~_LMA), (Register.CR0, cr0)]
    if cr4 & _PCIDE and cr0 & _PG and efer & _LME:
        writes[0] = Register.CR4, cr4 & ~_PCIDE
        writes   += [(Register.CR4, cr4), (Register.CR3, cr3)]
        return *_key_writes(pkru, pkrs), *writes
    writes.insert(0 if loads_pdptes(cr0, cr4, efer) else 3, (Register.CR3, cr3))
    return *_key_writes(pkru, pkrs), *writes


def _key_writes(pkru: int, pkrs: int) -> list[tuple[Register, int]]:
    return [(Register.PKRU, pkru)] * bool(pkru) + [(Register.PKRS, pkrs)] * bool(pkrs)


def loads_pdptes(cr0: int, cr4: int, efer: int) -> bool:
    """Tell whether the writes that set these registers read memory: they do with PAE paging."""
    return bool(cr0 & _PG and cr4 & _PAE and not efer & _LME)


def refused(register: Register, value: int) -> str:
    """Return the reason for a control write that the unit has refused with #GP."""
    return f"the architecture forbids {register.name} = {value:#x} with these registers: #GP"


def _names(bits: int, names: Mapping[int, str]) -> list[str]:
    """Return the names of the bits that are set, the lowest first."""
    return [names.get(bit, f"bit {bit}") for bit in range(bits.bit_length()) if bits >> bit & 1]
