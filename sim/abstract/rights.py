"""Accesses that a translation allows, and error codes of those that it does not.

Ref: Intel SDM Vol. 3A, sections 4.6 "Access Rights" and 4.7 "Page-Fault Exceptions".
"""

from hw.layout import AccessKind
from sim.record.records import AccessRecord

from .paging import Entry


__all__ = ["code_of", "denied", "denied_by_key"]


PRESENT, WRITE, USER, RESERVED, FETCH, KEY = 1, 2, 4, 8, 16, 32


def _supervises(access: AccessRecord) -> bool:
    return access.implicit or not access.user


def denied(access: AccessRecord, page: Entry) -> bool:
    """Tell whether U/S, R/W, XD, SMEP or SMAP forbid an access."""
    state = access.state
    fetch = access.kind == AccessKind.FETCH
    if not _supervises(access):
        if not page.user or access.writes and not page.writable:
            return True
        return fetch and not page.execute
    if fetch:
        return not page.execute or page.user and bool(state.smep)
    if page.user and state.smap and (access.implicit or not state.ac):
        return True
    return access.writes and not page.writable and bool(state.wp)


def denied_by_key(access: AccessRecord, page: Entry) -> bool:
    """Tell whether the protection key of a page forbids an access."""
    state = access.state
    if access.kind == AccessKind.FETCH or not state.efer >> 8 & 1:
        return False
    enabled, rights = ((state.cr4 >> 22, state.pkru) if page.user else
                       (state.cr4 >> 24, state.pkrs))
    if not enabled & 1:
        return False
    access_disable, write_disable = rights >> 2 * page.key & 1, rights >> 2 * page.key + 1 & 1
    return bool(access_disable or write_disable and access.writes and (
        not _supervises(access) or state.wp))


def code_of(access: AccessRecord, *, present: bool, reserved: bool = False,
            key: bool = False) -> int:
    """The error code of an access that faults for such a reason."""
    state = access.state
    tells = bool(state.smep or state.cr4 >> 5 & 1 and state.efer >> 11 & 1)
    return (PRESENT * present | WRITE * access.writes | USER * (not _supervises(access))
            | RESERVED * reserved | FETCH * (access.kind == AccessKind.FETCH and tells)
            | KEY * key)
