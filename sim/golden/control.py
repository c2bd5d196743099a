"""Writes of control registers: which are legal, and which translations they flush.

Ref: Intel SDM Vol. 2, "MOV - Move to/from Control Registers", "WRMSR"; Vol. 3A, sections 2.5,
4.1.2 "Paging-Mode Enabling", 4.10.4.1 "Operations that Invalidate TLBs and Paging-Structure
Caches".

The machine has no PAE paging (section 4.4): a write that would select it is refused, which is a
deviation from the manual. It has no segment descriptors either, so that it cannot tell 64-bit from
compatibility mode: in long mode operands are 64 bits wide, and CR0.PG may be cleared.
"""

import enum
from dataclasses import replace

from sw.bus import GeneralProtection, Register

from .state import (
    CR0_CD, CR0_ET, CR0_NW, CR0_PE, CR0_PG, CR0_WP, CR4_PAE, CR4_PGE, CR4_PSE, CR4_SMAP, CR4_SMEP,
    EFER_LMA, EFER_LME, EFER_NXE, EFER_SCE, RFLAGS_AC, ControlState, Features, PagingMode,
)


__all__ = ["Flush", "read_register", "write_register"]


_MASK_32 = (1 << 32) - 1
_MASK_64 = (1 << 64) - 1

#: PE, MP, EM, TS, NE, WP, AM, NW, CD and PG. Other low bits are ignored and read as 0, ET as 1.
_CR0_STORED = CR0_PE | 0b1110 | 1 << 5 | CR0_WP | 1 << 18 | CR0_NW | CR0_CD | CR0_PG

_PWT_PCD = 0b11000


class Flush(enum.Enum):
    """Cached translations that an operation makes invalid. Rule 27."""

    NOTHING    = "nothing"
    NON_GLOBAL = "all but global"
    EVERYTHING = "everything"


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


def write_register(
    state: ControlState, register: Register, value: int,
) -> tuple[ControlState, Flush]:
    """State after ``value`` is written to ``register``, and what that flushes.

    Raises :class:`GeneralProtection` where the architecture forbids the write. Rule 21.
    """
    match register:
        case Register.CR0:
            return _write_cr0(state, value)
        case Register.CR2:
            return replace(state, cr2=value & _operand_mask(state)), Flush.NOTHING
        case Register.CR3:
            return _write_cr3(state, value)
        case Register.CR4:
            return _write_cr4(state, value)
        case Register.EFER:
            return _write_efer(state, value)
        case Register.RFLAGS:
            return replace(state, ac=bool(value & RFLAGS_AC)), Flush.NOTHING
        case Register.FEATURES:
            raise GeneralProtection("the FEATURES register is read-only")


def _operand_mask(state: ControlState) -> int:
    """Width of the operand of a MOV to a control register."""
    return _MASK_64 if state.long_mode else _MASK_32


def _write_cr0(state: ControlState, value: int) -> tuple[ControlState, Flush]:
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

    efer = state.efer & ~EFER_LMA
    if paging and efer & EFER_LME:
        efer |= EFER_LMA
    after = replace(state, cr0=value & _CR0_STORED | CR0_ET, efer=efer)
    _refuse_pae_paging(after)
    return after, Flush.EVERYTHING if was_on and not paging else Flush.NOTHING


def _write_cr3(state: ControlState, value: int) -> tuple[ControlState, Flush]:
    value &= _operand_mask(state)
    if value >> state.machine.maxphyaddr:
        raise GeneralProtection("CR3: bits beyond the physical address")
    return replace(state, cr3=value & ~0xfff | value & _PWT_PCD), Flush.NON_GLOBAL


def _write_cr4(state: ControlState, value: int) -> tuple[ControlState, Flush]:
    value &= _operand_mask(state)
    if value & ~_cr4_allowed(state.machine):
        raise GeneralProtection("CR4: a bit of a feature that does not exist")
    if state.long_mode and not value & CR4_PAE:
        raise GeneralProtection("CR4: PAE cleared in long mode")

    after = replace(state, cr4=value)
    _refuse_pae_paging(after)
    changed = state.cr4 ^ value
    # PAE and SMEP must flush the current process-context only, global entries are not excepted.
    flushes = changed & (CR4_PGE | CR4_PAE) or changed & value & CR4_SMEP
    return after, Flush.EVERYTHING if flushes else Flush.NOTHING


def _write_efer(state: ControlState, value: int) -> tuple[ControlState, Flush]:
    if value & ~_efer_allowed(state.machine):
        raise GeneralProtection("EFER: a bit of a feature that does not exist")
    if (value ^ state.efer) & EFER_LME and state.cr0 & CR0_PG:
        raise GeneralProtection("EFER: LME changed while paging is on")
    efer = value & ~EFER_LMA | state.efer & EFER_LMA
    return replace(state, efer=efer), Flush.NOTHING


def _cr4_allowed(machine: Features) -> int:
    """CR4 bits that ``machine`` has."""
    return (
        CR4_PSE * machine.pse | CR4_PAE * machine.long_mode | CR4_PGE * machine.pge
        | CR4_SMEP * machine.smep | CR4_SMAP * machine.smap
    )


def _efer_allowed(machine: Features) -> int:
    """EFER bits that exist on ``machine``: Intel has SYSCALL as a part of long mode only."""
    return (EFER_SCE | EFER_LME | EFER_LMA) * machine.long_mode | EFER_NXE * machine.nx


def _refuse_pae_paging(state: ControlState) -> None:
    """Raise :class:`GeneralProtection` if ``state`` selects PAE paging. Rule 20."""
    if state.mode is PagingMode.BITS_32 and state.cr4 & CR4_PAE:
        raise GeneralProtection("PAE paging does not exist in this machine")
