"""Access rights, after the paragraphs of SDM Vol. 3A, section 4.6.1, and error codes (4.7)."""

import pytest

from sim.golden.permission import Attempt, Rights, denied, error_code
from sim.golden.state import ControlState
from sw.bus import Access, Kind


WP, PAE, SMEP, SMAP, NXE = 1 << 16, 1 << 5, 1 << 20, 1 << 21, 1 << 11

READ, WRITE, FETCH = Attempt(), Attempt(write=True), Attempt(fetch=True)
USER_READ, USER_WRITE  = Attempt(user=True), Attempt(user=True, write=True)
USER_FETCH             = Attempt(user=True, fetch=True)
IMPLICIT, IMPLICIT_WRITE = Attempt(implicit=True), Attempt(implicit=True, write=True)

KERNEL_RO, KERNEL_RW = Rights(user=False, writable=False), Rights(user=False)
USER_RO, USER_RW     = Rights(writable=False), Rights()
KERNEL_XD, USER_XD   = Rights(user=False, execute_disable=True), Rights(execute_disable=True)

PLAIN   = ControlState()
WITH_WP = ControlState(cr0=WP)
WITH_SMEP, WITH_SMAP = ControlState(cr4=SMEP), ControlState(cr4=SMAP)
WITH_AC = ControlState(cr4=SMAP, ac=True)
WITH_NX = ControlState(efer=NXE)


@pytest.mark.parametrize("state, rights, attempt, expected", [
    # User-mode accesses.
    (PLAIN,     KERNEL_RW, USER_READ,      True),
    (PLAIN,     KERNEL_RW, USER_WRITE,     True),
    (PLAIN,     KERNEL_RW, USER_FETCH,     True),
    (PLAIN,     USER_RO,   USER_READ,      False),
    (PLAIN,     USER_RO,   USER_WRITE,     True),   # CR0.WP is for the supervisor only
    (WITH_AC,   USER_RW,   USER_WRITE,     False),
    (WITH_SMAP, USER_RW,   USER_READ,      False),
    (WITH_SMEP, USER_RW,   USER_FETCH,     False),
    (WITH_NX,   USER_XD,   USER_FETCH,     True),
    (WITH_NX,   USER_XD,   USER_READ,      False),
    (PLAIN,     USER_XD,   USER_FETCH,     False),  # XD counts only with NXE
    # Supervisor-mode writes.
    (PLAIN,     KERNEL_RO, WRITE,          False),
    (WITH_WP,   KERNEL_RO, WRITE,          True),
    (WITH_WP,   KERNEL_RO, READ,           False),
    (PLAIN,     USER_RO,   WRITE,          False),
    (WITH_WP,   USER_RO,   WRITE,          True),
    # SMAP.
    (WITH_SMAP, USER_RW,   READ,           True),
    (WITH_SMAP, USER_RW,   WRITE,          True),
    (WITH_SMAP, USER_RO,   WRITE,          True),   # with WP=0 too
    (WITH_SMAP, USER_RW,   FETCH,          False),
    (WITH_SMAP, KERNEL_RW, WRITE,          False),
    (WITH_AC,   USER_RW,   WRITE,          False),
    (WITH_AC,   USER_RW,   IMPLICIT,       True),
    (WITH_AC,   USER_RW,   IMPLICIT_WRITE, True),
    (WITH_AC,   KERNEL_RW, IMPLICIT,       False),
    # SMEP and XD for the supervisor.
    (WITH_SMEP, USER_RW,   FETCH,          True),
    (WITH_SMEP, USER_RW,   READ,           False),
    (WITH_SMEP, KERNEL_RW, FETCH,          False),
    (WITH_NX,   KERNEL_XD, FETCH,          True),
    (PLAIN,     KERNEL_XD, FETCH,          False),
])
def test_denied(state, rights, attempt, expected):
    assert denied(state, rights, attempt) is expected


@pytest.mark.parametrize("attempt, present, reserved, expected", [
    (READ,           False, False, 0b00000),
    (WRITE,          True,  False, 0b00011),
    (USER_READ,      False, False, 0b00100),
    (USER_WRITE,     True,  False, 0b00111),
    (USER_WRITE,     True,  True,  0b01111),
    (IMPLICIT_WRITE, True,  False, 0b00011),
])
def test_error_code_of_data_accesses(attempt, present, reserved, expected):
    assert error_code(PLAIN, attempt, present=present, reserved=reserved) == expected


@pytest.mark.parametrize("state, expected", [
    (PLAIN,                                 0b00000),
    (WITH_NX,                               0b00000),  # NXE counts only with CR4.PAE
    (ControlState(cr4=PAE),                 0b00000),
    (ControlState(cr4=PAE, efer=NXE),       0b10000),
    (WITH_SMEP,                             0b10000),
])
def test_fetches_are_told_apart_where_fetches_can_be_denied(state, expected):
    assert error_code(state, FETCH, present=False) == expected


def test_an_implicit_access_at_cpl_3_is_a_supervisor_access():
    attempt = Attempt.of(Access(0, 8, Kind.WRITE, user=True, implicit=True))
    assert attempt == IMPLICIT_WRITE


def test_locked_accesses_are_writes():
    for kind in (Kind.EXCHANGE, Kind.COMPARE_EXCHANGE):
        assert Attempt.of(Access(0, 4, kind)) == WRITE
