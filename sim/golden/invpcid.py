"""INVPCID: which operands are legal, and which translations each of its types makes invalid.

Without the feature the instruction is an invalid opcode, and at CPL 1 to 3 it ends in #GP: both
before a unit learns of it. One that comes without the feature is refused nevertheless.

Ref: Intel SDM Vol. 2, "INVPCID - Invalidate Process-Context Identifier"; Vol. 3A, section 4.10.4.1.
"""

import enum
from typing import NamedTuple

from sw.bus import GeneralProtection

from .control import Flush
from .state import ControlState
from .walk import Translation


__all__ = ["Invalidation", "InvpcidType", "invpcid"]


class InvpcidType(enum.IntEnum):
    """Type of INVPCID, as the register operand has it."""

    ADDRESS        = 0  #: one address of one PCID, not global
    CONTEXT        = 1  #: one PCID, not global
    ALL_AND_GLOBAL = 2  #: everything
    ALL            = 3  #: every PCID, not global


class Invalidation(NamedTuple):
    """Translations that become invalid.

    Attributes
    ----------
    flush : :class:`Flush`
        All of these, ...
    pcid : :class:`int`
        ... where this is the one PCID, ...
    linear : :class:`int` or :class:`None`
        ... but only those of the page that contains this address, if it is not None.
    """

    flush:  Flush
    pcid:   int        = 0
    linear: int | None = None

    def concerns(self, translation: Translation) -> bool:
        """True if ``translation`` becomes invalid."""
        return self.flush.concerns(translation, self.pcid) and (
            self.linear is None or translation.covers(self.linear))


def invpcid(state: ControlState, kind: int, descriptor: int) -> Invalidation:
    """Translations that INVPCID of type ``kind`` makes invalid.

    ``descriptor`` has 128 bits: the PCID in bits 0 to 11, the linear address in bits 64 to 127, of
    which all count in every mode.

    Raises :class:`GeneralProtection` where the architecture forbids the operands. Rule 33.
    """
    if not state.machine.invpcid:
        raise GeneralProtection("INVPCID does not exist in this machine")
    if kind > max(InvpcidType):
        raise GeneralProtection(f"INVPCID: there is no type {kind}")
    if descriptor >> 12 & (1 << 52) - 1:
        raise GeneralProtection("INVPCID: bits 12 to 63 of the descriptor are reserved")

    pcid, linear = descriptor & 0xfff, descriptor >> 64
    match InvpcidType(kind):
        case InvpcidType.ALL_AND_GLOBAL: return Invalidation(Flush.EVERYTHING)
        case InvpcidType.ALL:            return Invalidation(Flush.NON_GLOBAL)
    if pcid and not state.pcid_enable:
        raise GeneralProtection("INVPCID: a PCID that is not 0 while CR4.PCIDE = 0")
    if kind == InvpcidType.CONTEXT:
        return Invalidation(Flush.OF_PCID, pcid)
    if not state.sign_extended(linear):
        raise GeneralProtection(f"INVPCID: the address {linear:#x} is not canonical")
    return Invalidation(Flush.OF_PCID, pcid, linear)
