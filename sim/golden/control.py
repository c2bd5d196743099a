"""Writes of control registers: which are legal, and which translations they flush.

Ref: Intel SDM Vol. 2, "MOV - Move to/from Control Registers", "WRMSR"; Vol. 3A, sections 2.5,
4.1.2 "Paging-Mode Enabling", 4.10.1 "Process-Context Identifiers (PCIDs)", 4.10.4.1 "Operations
that Invalidate TLBs and Paging-Structure Caches".

A machine with long mode that lacks PAE paging refuses the write that would select it, which is a
deviation from the manual. No machine has segment descriptors, so that it cannot tell 64-bit from
compatibility mode: in long mode operands are 64 bits wide, and CR0.PG may be cleared.
"""

import enum
from dataclasses import replace

from sw.bus import GeneralProtection, Register

from .keys import write_key_register
from .memory import Read
from .pdpte import loaded, loads
from .state import (
    CR0_CD, CR0_ET, CR0_NW, CR0_PE, CR0_PG, CR0_WP, CR4_LA57, CR4_PAE, CR4_PCIDE, CR4_PGE,
    CR4_PKE, CR4_PKS, CR4_PSE, CR4_SMAP, CR4_SMEP, EFER_LMA, EFER_LME, EFER_NXE, EFER_SCE,
    RFLAGS_AC, ControlState, Features, PagingMode,
)
from .walk import Translation


__all__ = ["Flush", "read_register", "write_register"]


_MASK_32 = (1 << 32) - 1
_MASK_64 = (1 << 64) - 1

#: PE, MP, EM, TS, NE, WP, AM, NW, CD and PG. Other low bits are ignored and read as 0, ET as 1.
_CR0_STORED = CR0_PE | 0b1110 | 1 << 5 | CR0_WP | 1 << 18 | CR0_NW | CR0_CD | CR0_PG

_PWT_PCD = 0b11000

#: Bit 63 of the operand of a MOV to CR3 while CR4.PCIDE = 1. It is not stored.
_NO_FLUSH = 1 << 63


class Flush(enum.Enum):
    """Cached translations that an operation makes invalid. Rules 27, 35."""

    NOTHING            = "nothing"
    OF_PCID            = "all of one PCID but global ones"
    NON_GLOBAL         = "all but global"
    OF_PCID_AND_GLOBAL = "all of one PCID, and global ones"
    EVERYTHING         = "everything"

    def concerns(self, translation: Translation, pcid: int) -> bool:
        """True if ``translation`` becomes invalid, where ``pcid`` is the one PCID."""
        own = translation.pcid == pcid
        match self:
            case Flush.NOTHING:            return False
            case Flush.OF_PCID:            return own and not translation.global_page
            case Flush.NON_GLOBAL:         return not translation.global_page
            case Flush.OF_PCID_AND_GLOBAL: return own or translation.global_page
            case Flush.EVERYTHING:         return True


def read_register(state: ControlState, register: Register) -> int:
    """Value of ``register``."""
    match register:
        case Register.CR0:      return state.cr0
        case Register.CR2:      return state.cr2
        case Register.CR3:      return state.cr3
        case Register.CR4:      return state.cr4
        case Register.EFER:     return state.efer
        case Register.RFLAGS:   return RFLAGS_AC if state.ac else 0
        case Register.FEATURES: return state.machine.features
        case Register.PKRU:  return state.pkru
        case Register.PKRS:  return state.pkrs


def _no_memory(physical: int, size: int) -> int:
    """No memory, for writes that load no PDPTEs."""
    raise ValueError(f"PAE paging reads memory at {physical:#x}: give the argument read")


def write_register(
    state: ControlState, register: Register, value: int, read: Read = _no_memory,
) -> tuple[ControlState, Flush]:
    """State after ``value`` is written to ``register``, and what that flushes.

    Of one PCID, that is the one which is current afterwards. ``read`` reads physical memory, as PAE
    paging needs it.

    Raises :class:`GeneralProtection` where the architecture forbids the write. Rule 21.
    """
    match register:
        case Register.CR0:
            return _write_cr0(state, value, read)
        case Register.CR2:
            return replace(state, cr2=value & _operand_mask(state)), Flush.NOTHING
        case Register.CR3:
            return _write_cr3(state, value, read)
        case Register.CR4:
            return _write_cr4(state, value, read)
        case Register.EFER:
            return _write_efer(state, value)
        case Register.RFLAGS:
            return replace(state, ac=bool(value & RFLAGS_AC)), Flush.NOTHING
        case Register.FEATURES:
            raise GeneralProtection("the FEATURES register is read-only")
        case Register.PKRU | Register.PKRS:
            return write_key_register(state, register, value), Flush.NOTHING


def _operand_mask(state: ControlState) -> int:
    """Width of the operand of a MOV to a control register."""
    return _MASK_64 if state.long_mode else _MASK_32


def _write_cr0(state: ControlState, value: int, read: Read) -> tuple[ControlState, Flush]:
    """CR0, and EFER.LMA, which follows PG and LME. Rules 28, 32, 37."""
    value &= _operand_mask(state)
    if value >> 32:
        raise GeneralProtection("CR0: the upper half is reserved")
    if value & CR0_PG and not value & CR0_PE:
        raise GeneralProtection("CR0: PG without PE")
    if value & CR0_NW and not value & CR0_CD:
        raise GeneralProtection("CR0: NW without CD")

    paging = value & CR0_PG
    was_on = state.cr0 & CR0_PG
    if paging and not was_on and state.efer & EFER_LME and not state.cr4 & CR4_PAE:
        raise GeneralProtection("CR0: PG with LME but without PAE")
    if not paging and state.pcid_enable:
        raise GeneralProtection("CR0: PG cleared while CR4.PCIDE = 1")

    efer = state.efer & ~EFER_LMA
    if paging and efer & EFER_LME:
        efer |= EFER_LMA
    after = replace(state, cr0=value & _CR0_STORED | CR0_ET, efer=efer)
    flush = Flush.EVERYTHING if was_on and not paging else Flush.NOTHING
    return _with_pdptes(state, after, read), flush


def _write_cr3(state: ControlState, value: int, read: Read) -> tuple[ControlState, Flush]:
    """CR3, with the PCID in its low bits. Rules 28, 32."""
    value &= _operand_mask(state)
    keeps = state.pcid_enable and value & _NO_FLUSH
    if keeps:
        value &= ~_NO_FLUSH
    if value >> state.machine.maxphyaddr:
        raise GeneralProtection("CR3: bits beyond the physical address")
    after = replace(state, cr3=value & _cr3_stored(state.machine))
    if state.mode is PagingMode.PAE:
        after = loaded(after, read)
    if state.pcid_enable:
        return after, Flush.NOTHING if keeps else Flush.OF_PCID
    return after, Flush.NON_GLOBAL


def _write_cr4(state: ControlState, value: int, read: Read) -> tuple[ControlState, Flush]:
    """CR4. Rules 28, 32, 35, 37."""
    value  &= _operand_mask(state)
    changed = state.cr4 ^ value
    if value & ~_cr4_allowed(state.machine):
        raise GeneralProtection("CR4: a bit of a feature that does not exist")
    if state.long_mode and not value & CR4_PAE:
        raise GeneralProtection("CR4: PAE cleared in long mode")
    if state.long_mode and changed & CR4_LA57:
        raise GeneralProtection("CR4: LA57 changed in long mode")
    if changed & value & CR4_PCIDE and not state.long_mode:
        raise GeneralProtection("CR4: PCIDE set outside long mode")
    if changed & value & CR4_PCIDE and state.cr3 & 0xfff:
        raise GeneralProtection("CR4: PCIDE set while the low 12 bits of CR3 are not 0")

    after = _with_pdptes(state, replace(state, cr4=value), read)
    if changed & CR4_PGE or changed & state.cr4 & CR4_PCIDE:
        return after, Flush.EVERYTHING
    if changed & CR4_PAE or changed & value & CR4_SMEP:
        # The other PCIDs are not concerned; without PCIDs there are none.
        return after, Flush.OF_PCID_AND_GLOBAL if after.pcid_enable else Flush.EVERYTHING
    return after, Flush.NOTHING


def _write_efer(state: ControlState, value: int) -> tuple[ControlState, Flush]:
    """IA32_EFER, whose LMA is read-only. Rule 37."""
    if value & ~_efer_allowed(state.machine):
        raise GeneralProtection("EFER: a bit of a feature that does not exist")
    if (value ^ state.efer) & EFER_LME and state.cr0 & CR0_PG:
        raise GeneralProtection("EFER: LME changed while paging is on")
    efer = value & ~EFER_LMA | state.efer & EFER_LMA
    return replace(state, efer=efer), Flush.NOTHING


def _cr3_stored(machine: Features) -> int:
    """CR3 bits that ``machine`` keeps: of the low ones, all if they have a meaning in some mode."""
    return ~0xfff | (0xfff if machine.pae or machine.pcid else _PWT_PCD)


def _cr4_allowed(machine: Features) -> int:
    """CR4 bits that ``machine`` has."""
    return (
        CR4_PSE * machine.pse | CR4_PAE * (machine.long_mode or machine.pae)
        | CR4_PGE * machine.pge | CR4_LA57 * machine.la57 | CR4_PCIDE * machine.pcid
        | CR4_SMEP * machine.smep | CR4_SMAP * machine.smap
        | CR4_PKE * machine.pku | CR4_PKS * machine.pks
    )


def _efer_allowed(machine: Features) -> int:
    """EFER bits that exist on ``machine``: Intel has SYSCALL as a part of long mode only."""
    return (EFER_SCE | EFER_LME | EFER_LMA) * machine.long_mode | EFER_NXE * machine.nx


def _with_pdptes(before: ControlState, after: ControlState, read: Read) -> ControlState:
    """``after`` a MOV to CR0 or CR4, with the PDPTEs loaded if it loads them.

    Raises :class:`GeneralProtection` if one of them is malformed, or if there is no PAE paging.
    Rule 20.
    """
    if after.mode is PagingMode.PAE and not after.machine.pae:
        raise GeneralProtection("PAE paging does not exist in this machine")
    return loaded(after, read) if loads(before, after) else after
