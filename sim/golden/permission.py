"""Rights of a page against an access, and the error code if they do not allow it.

Ref: Intel SDM Vol. 3A, sections 4.6 "Access Rights", 4.6.2 "Protection Keys", 4.7 "Page-Fault
Exceptions".
"""

import enum
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from sw.bus import Access, Kind

from .keys import key_rights
from .reserved import RW, US, XD
from .state import CR4_PAE, ControlState


__all__ = [
    "PRESENT", "WRITE", "USER", "RESERVED", "FETCH", "PROTECTION_KEY",
    "BY_KEY", "Attempt", "Refusal", "Rights", "denied", "error_code", "refusal", "refusals",
    "violation_code",
]


#: Bits of the error code (Figure 4-12).
PRESENT        = 1 << 0
WRITE          = 1 << 1
USER           = 1 << 2
RESERVED       = 1 << 3
FETCH          = 1 << 4
PROTECTION_KEY = 1 << 5


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
    key : :class:`int` or :class:`None`
        Protection key of the page, out of its leaf. None: it has none.
    """

    writable:        bool       = True
    user:            bool       = True
    execute_disable: bool       = False
    key:             int | None = None

    def below(self, entry: int) -> "Rights":
        """These rights and those of an entry of the next level, together."""
        return Rights(self.writable and bool(entry & RW), self.user and bool(entry & US),
                      self.execute_disable or bool(entry & XD))


class Refusal(enum.Enum):
    """Reason of a page fault. Where several hold, the first in this order comes first.

    Attributes
    ----------
    text : :class:`str`
        The reason in words.
    rule : :class:`int`
        Number of the rule in docs/paging-rules.md.
    section : :class:`str`
        Section of the Intel SDM, Vol. 3A.
    """

    NOT_PRESENT     = "an entry is not present: P = 0", 2, "4.7"
    RESERVED        = "an entry has a reserved bit set", 3, "4.7"
    SUPERVISOR_PAGE = "a user access to a supervisor page: U/S = 0 at some level", 4, "4.6.1"
    READ_ONLY       = "a user write to a read-only page: R/W = 0 at some level", 4, "4.6.1"
    WRITE_PROTECT   = ("a supervisor write to a read-only page, with CR0.WP = 1: R/W = 0 at some "
                       "level"), 10, "4.6.1"
    SMEP            = "a supervisor fetch from a user page, with CR4.SMEP = 1", 11, "4.6.1"
    SMAP            = ("a supervisor access to a user page, with CR4.SMAP = 1 and RFLAGS.AC = 0"
                       ), 12, "4.6.1"
    IMPLICIT        = ("an implicit supervisor access to a user page, with CR4.SMAP = 1, whatever "
                       "RFLAGS.AC"), 13, "4.6.1"
    EXECUTE_DISABLE = "a fetch, with EFER.NXE = 1: XD = 1 at some level", 4, "4.6.1"
    PKRU_ACCESS     = ("a data access to a user page, with CR4.PKE = 1: AD = 1 in PKRU for the "
                       "page's key"), 36, "4.6.2"
    PKRU_WRITE      = ("a write to a user page, of a user or with CR0.WP = 1, and with CR4.PKE = "
                       "1: WD = 1 in PKRU for the page's key"), 36, "4.6.2"
    PKRS_ACCESS     = ("a data access to a supervisor page, with CR4.PKS = 1: AD = 1 in PKRS for "
                       "the page's key"), 36, "4.6.2"
    PKRS_WRITE      = ("a write to a supervisor page, of a user or with CR0.WP = 1, and with "
                       "CR4.PKS = 1: WD = 1 in PKRS for the page's key"), 36, "4.6.2"

    def __init__(self, text: str, rule: int, section: str):
        self.text    = text
        self.rule    = rule
        self.section = section


def denied(state: ControlState, rights: Rights, attempt: Attempt) -> bool:
    """True if ``rights`` forbid ``attempt`` under the present control state."""
    return refusal(state, rights, attempt) is not None


def refusal(state: ControlState, rights: Rights, attempt: Attempt) -> Refusal | None:
    """Reason why ``rights`` forbid ``attempt``, the first of several; None if they do not."""
    return next(refusals(state, rights, attempt), None)


def refusals(state: ControlState, rights: Rights, attempt: Attempt) -> Iterator[Refusal]:
    """All reasons why ``rights`` forbid ``attempt``, each enough by itself. Rules 10, 12, 13."""
    if attempt.fetch:
        yield from _refused_fetch(state, rights, attempt)
        return
    if attempt.user:
        if not rights.user:
            yield Refusal.SUPERVISOR_PAGE
        if attempt.write and not rights.writable:
            yield Refusal.READ_ONLY
    else:
        if attempt.write and state.write_protect and not rights.writable:
            yield Refusal.WRITE_PROTECT
        if rights.user and state.smap and (attempt.implicit or not state.ac):
            yield Refusal.IMPLICIT if state.ac else Refusal.SMAP
    yield from _refused_by_key(state, rights, attempt)


def _refused_fetch(
    state: ControlState, rights: Rights, attempt: Attempt,
) -> Iterator[Refusal]:
    """``refusals`` of a fetch. Rule 11."""
    if attempt.user and not rights.user:
        yield Refusal.SUPERVISOR_PAGE
    if not attempt.user and rights.user and state.smep:
        yield Refusal.SMEP
    if state.no_execute and rights.execute_disable:
        yield Refusal.EXECUTE_DISABLE


def _refused_by_key(
    state: ControlState, rights: Rights, attempt: Attempt,
) -> Iterator[Refusal]:
    """``refusals`` of a data access by the page's protection key. Rules 14, 36."""
    if rights.key is None:
        return
    disabled = key_rights(state, rights.key, user_page=rights.user)
    if disabled.access_disable:
        yield Refusal.PKRU_ACCESS if rights.user else Refusal.PKRS_ACCESS
    if disabled.write_disable and attempt.write and (attempt.user or state.write_protect):
        yield Refusal.PKRU_WRITE if rights.user else Refusal.PKRS_WRITE


#: Refusals by the protection key of the page.
BY_KEY = frozenset((
    Refusal.PKRU_ACCESS, Refusal.PKRU_WRITE, Refusal.PKRS_ACCESS, Refusal.PKRS_WRITE,
))


def violation_code(state: ControlState, rights: Rights, attempt: Attempt) -> int:
    """Error code of a page fault because ``rights`` forbid ``attempt``. Rule 14."""
    by_key = not BY_KEY.isdisjoint(refusals(state, rights, attempt))
    return error_code(state, attempt, present=True) | PROTECTION_KEY * by_key


def error_code(
    state: ControlState, attempt: Attempt, *, present: bool, reserved: bool = False,
) -> int:
    """Error code of a page fault, without what a protection key may add. Rules 3, 9."""
    tells_fetches = state.smep or state.cr4 & CR4_PAE and state.no_execute
    return (
        PRESENT * present | WRITE * attempt.write | USER * attempt.user | RESERVED * reserved
        | FETCH * bool(attempt.fetch and tells_fetches)
    )
