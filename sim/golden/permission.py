"""Rights of a page against an access, and the error code if they do not allow it.

Ref: Intel SDM Vol. 3A, sections 4.6 "Access Rights", 4.7 "Page-Fault Exceptions".
"""

from dataclasses import dataclass
from typing import NamedTuple

from sw.bus import Access, Kind

from .state import CR4_PAE, ControlState


__all__ = [
    "PRESENT", "WRITE", "USER", "RESERVED", "FETCH",
    "Attempt", "Rights", "denied", "error_code",
]


#: Bits of the error code (Figure 4-12).
PRESENT  = 1 << 0
WRITE    = 1 << 1
USER     = 1 << 2
RESERVED = 1 << 3
FETCH    = 1 << 4


class Attempt(NamedTuple):
    """An access, as far as rights are concerned. Rules 9, 13.

    Attributes
    ----------
    write, fetch : :class:`bool`
        Neither: a data read. A locked access is a write, whether or not it stores.
    user : :class:`bool`
        A user-mode access: explicit, at CPL 3.
    implicit : :class:`bool`
        An implicit supervisor-mode access, which ignores RFLAGS.AC.
    """

    write:    bool = False
    fetch:    bool = False
    user:     bool = False
    implicit: bool = False

    @classmethod
    def of(cls, access: Access) -> "Attempt":
        """The attempt that ``access`` makes."""
        return cls(
            write=access.kind not in (Kind.READ, Kind.FETCH),
            fetch=access.kind is Kind.FETCH,
            user=access.user and not access.implicit,
            implicit=access.implicit,
        )


@dataclass(frozen=True)
class Rights:
    """Rights of a page, combined over all the entries that translate it. Rule 4.

    Attributes
    ----------
    writable, user : :class:`bool`
        R/W and U/S are set in every entry.
    execute_disable : :class:`bool`
        XD is set in some entry.
    """

    writable:        bool = True
    user:            bool = True
    execute_disable: bool = False


def denied(state: ControlState, rights: Rights, attempt: Attempt) -> bool:
    """True if ``rights`` forbid ``attempt`` under the present control state. Rules 10, 12."""
    if attempt.fetch:
        return _fetch_denied(state, rights, attempt)
    if attempt.user:
        return not rights.user or attempt.write and not rights.writable
    if rights.user and state.smap and (attempt.implicit or not state.ac):
        return True
    return attempt.write and state.write_protect and not rights.writable


def _fetch_denied(state: ControlState, rights: Rights, attempt: Attempt) -> bool:
    """``denied`` for a fetch. Rule 11."""
    if attempt.user and not rights.user:
        return True
    if not attempt.user and rights.user and state.smep:
        return True
    return state.no_execute and rights.execute_disable


def error_code(
    state: ControlState, attempt: Attempt, *, present: bool, reserved: bool = False,
) -> int:
    """Error code of a page fault. Rules 3, 9."""
    tells_fetches = state.smep or state.cr4 & CR4_PAE and state.no_execute
    return (
        PRESENT * present | WRITE * attempt.write | USER * attempt.user | RESERVED * reserved
        | FETCH * bool(attempt.fetch and tells_fetches)
    )
