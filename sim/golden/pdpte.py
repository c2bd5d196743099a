"""The PDPTE registers of PAE paging: when they are loaded, and what must be zero in them.

Ref: Intel SDM Vol. 3A, section 4.4.1 "PDPTE Registers", Tables 4-7 and 4-8.
"""

from dataclasses import replace

from sw.bus import BusError, GeneralProtection

from .memory import Read
from .reserved import P, bits
from .state import (
    CR0_CD, CR0_NW, CR0_PG, CR4_PAE, CR4_PGE, CR4_PSE, CR4_SMEP, ControlState, PagingMode,
)


__all__ = ["loaded", "loads", "reserved_in_pdpte"]


_CR0_LOADS = CR0_CD | CR0_NW | CR0_PG
_CR4_LOADS = CR4_PAE | CR4_PGE | CR4_PSE | CR4_SMEP


def loads(before: ControlState, after: ControlState) -> bool:
    """True if a MOV to CR0 or CR4 that leads from one state to the other loads PDPTEs. Rule 28."""
    changed = (before.cr0 ^ after.cr0) & _CR0_LOADS or (before.cr4 ^ after.cr4) & _CR4_LOADS
    return after.mode is PagingMode.PAE and bool(changed)


def loaded(state: ControlState, read: Read) -> ControlState:
    """``state`` with the four PDPTEs that stand in memory at CR3.

    Raises :class:`GeneralProtection` if one of them is malformed, or cannot be read. Rules 28, 31.
    """
    table  = state.cr3 & bits(31, 5)
    try:
        pdptes = (read(table, 8), read(table + 8, 8), read(table + 16, 8), read(table + 24, 8))
    except BusError as error:
        raise GeneralProtection(f"a PDPTE cannot be read: {error}") from error
    for number, pdpte in enumerate(pdptes):
        if pdpte & P and pdpte & reserved_in_pdpte(state):
            raise GeneralProtection(f"PDPTE {number} has a reserved bit set: {pdpte:#x}")
    return replace(state, pdptes=pdptes)


def reserved_in_pdpte(state: ControlState) -> int:
    """Bits that must be zero in a PDPTE that is present. Rule 28."""
    return bits(63, state.machine.maxphyaddr) | bits(8, 5) | bits(2, 1)
