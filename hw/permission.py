"""Access rights to a page: pure functions of values, the same for a TLB hit and for a walk.

Ref: Intel SDM Vol. 3A, section 4.6 "Access Rights" and section 4.7 "Page-Fault Exceptions".
"""

from amaranth import *
from amaranth.lib import data

from .layout import AccessKind, ErrorCode


__all__ = ["Protection", "Rights", "below", "denied", "error_code", "fetches", "writes"]


class Rights(data.Struct):
    """Rights that the entries of a translation grant, all levels together. Rule 4."""

    writable:        1  #: R/W is set at every level.
    user:            1  #: U/S is set at every level.
    execute_disable: 1  #: XD is set at some level.


class Protection(data.Struct):
    """Control bits that rights are checked against. They count as they are at the access."""

    wp:   1  #: CR0.WP
    smep: 1  #: CR4.SMEP
    smap: 1  #: CR4.SMAP
    nxe:  1  #: EFER.NXE, where entries have an execute-disable bit
    ac:   1  #: RFLAGS.AC


def below(rights, entry):
    """Rights that are left below an entry, as a value in the layout of ``Rights``. Rule 4."""
    return Cat(rights.writable & entry.writable, rights.user & entry.user,
               rights.execute_disable | entry.execute_disable)


def writes(kind):
    """True if the access is a write. The locked kinds are, on their reading half too. Rule 9."""
    return ((kind == AccessKind.WRITE) | (kind == AccessKind.EXCHANGE)
            | (kind == AccessKind.COMPARE_EXCHANGE))


def fetches(kind):
    """True if the access is an instruction fetch."""
    return kind == AccessKind.FETCH


def denied(*, access, rights, protection):
    """True if ``rights`` forbid the access (section 4.6.1).

    ``access`` needs fields ``kind``, ``user`` and ``implicit``; the result is one bit.
    Rules 10, 11, 12, 13.
    """
    supervisor = ~access.user | access.implicit
    write      = writes(access.kind)
    fetch      = fetches(access.kind)

    privilege  = ~supervisor & ~rights.user
    read_only  = write & ~rights.writable & (~supervisor | protection.wp)
    no_execute = fetch & rights.execute_disable & protection.nxe
    smep       = fetch & supervisor & rights.user & protection.smep
    explicit   = ~access.implicit & protection.ac
    smap       = ~fetch & supervisor & rights.user & protection.smap & ~explicit
    return privilege | read_only | no_execute | smep | smap


def error_code(*, access, present, reserved, protection):
    """Error code of a page fault (section 4.7), as a value in the layout of ``ErrorCode``.

    Rules 3, 9, 11, 13.
    """
    return Cat(
        present,
        writes(access.kind),
        access.user & ~access.implicit,
        reserved,
        fetches(access.kind) & (protection.nxe | protection.smep),
        C(0, 1),  # keys
    )


assert [name for name, _ in ErrorCode.as_shape()] == [
    "present", "write", "user", "reserved", "fetch", "key"]
