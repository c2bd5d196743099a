"""Protection keys: the key of a page, the registers that give it rights, and writes of these.

The instructions of a machine without keys are invalid opcodes, of which a unit learns nothing; a
write that comes nevertheless is refused like one that the architecture forbids.

Ref: Intel SDM Vol. 3A, sections 2.7 "Protection-Key Rights Registers", 4.6.2 "Protection Keys";
Vol. 2, "WRPKRU", "WRMSR".
"""

from dataclasses import replace
from typing import NamedTuple

from sw.bus import GeneralProtection, Register

from .state import CR4_PKE, CR4_PKS, ControlState


__all__ = ["KeyRights", "key_of", "key_rights", "write_key_register"]


class KeyRights(NamedTuple):
    """Rights that a key takes away: data accesses (AD), or writes only (WD)."""

    access_disable: bool
    write_disable:  bool


def key_of(state: ControlState, leaf: int) -> int | None:
    """Protection key of the page that the entry ``leaf`` maps; None where pages have none.

    A page has its key whether or not CR4 makes the processor look at it. Rule 36.
    """
    machine_has_keys = state.machine.pku or state.machine.pks
    return leaf >> 59 & 0xf if machine_has_keys and state.long_mode else None


def key_rights(state: ControlState, key: int, *, user_page: bool) -> KeyRights:
    """Rights that ``key`` takes away from a user page, or from a supervisor page. Rule 36."""
    register, enabled = (state.pkru, CR4_PKE) if user_page else (state.pkrs, CR4_PKS)
    pair = register >> 2 * key if state.cr4 & enabled else 0
    return KeyRights(bool(pair & 1), bool(pair & 2))


def write_key_register(state: ControlState, register: Register, value: int) -> ControlState:
    """State after a write of PKRU or IA32_PKRS, which flushes nothing.

    Raises :class:`GeneralProtection`. Rule 36.
    """
    exists = state.machine.pku if register is Register.PKRU else state.machine.pks
    if not exists:
        raise GeneralProtection(f"{register.name} does not exist in this machine")
    if value >> 32:
        raise GeneralProtection(f"{register.name}: the upper half is reserved")
    if register is Register.PKRU:
        return replace(state, pkru=value)
    return replace(state, pkrs=value)
