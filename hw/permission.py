"""Access rights to a page: pure functions of values, the same for a TLB hit and for a walk.

Ref: Intel SDM Vol. 3A, section 4.6 "Access Rights", section 4.6.2 "Protection Keys" and section
4.7 "Page-Fault Exceptions".
"""

from amaranth import *
from amaranth.lib import data

from .layout import AccessKind, ErrorCode


__all__ = [
    "Protection", "Rights", "below", "denied", "denied_by_key", "denied_by_keys", "error_code",
    "fetches", "key_number", "supervises", "writes",
]


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
    pke:  1  #: CR4.PKE, where pages have keys
    pks:  1  #: CR4.PKS, where pages have keys
    pkru: 32  #: AD of key i in bit 2i, WD in bit 2i + 1: of user pages
    pkrs: 32  #: ... of supervisor pages


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


def supervises(access):
    """True if the access is a supervisor access, as an implicit one is at any CPL. Rule 13."""
    return ~access.user | access.implicit


def denied_by_key(*, access, rights, key, protection):
    """True if the page's ``key`` forbids the access (section 4.6.2).

    ``access`` needs fields ``kind``, ``user`` and ``implicit``.
    """
    # The page is known last: each of its keys is judged before.
    forbidden = denied_by_keys(access=access, protection=protection)
    return forbidden.bit_select(key_number(rights=rights, key=key), 1)


def key_number(*, rights, key):
    """Number of a page's key: its key proper, and above it, whether the page is a user's."""
    return Cat(key, rights.user)


def denied_by_keys(*, access, protection):
    """Keys that forbid the access: 32 bits, one for each :func:`key_number`.

    Which register judges depends on the page alone, and not on who makes the access.
    Rules 14, 36.
    """
    write = writes(access.kind) & (~supervises(access) | protection.wp)

    def by_register(register, enabled):
        counts = enabled & ~fetches(access.kind)
        return [counts & (register[2 * n] | (register[2 * n + 1] & write)) for n in range(16)]

    return Cat(by_register(protection.pkrs, protection.pks),
               by_register(protection.pkru, protection.pke))


def denied(*, access, rights, by_key, protection):
    """True if ``rights`` forbid the access (section 4.6.1), or the page's key does: ``by_key``.

    ``access`` needs fields ``kind``, ``user`` and ``implicit``; the result is one bit.
    Rules 10, 11, 12.
    """
    supervisor = supervises(access)
    write      = writes(access.kind)
    fetch      = fetches(access.kind)

    privilege  = ~supervisor & ~rights.user
    read_only  = write & ~rights.writable & (~supervisor | protection.wp)
    no_execute = fetch & rights.execute_disable & protection.nxe
    smep       = fetch & supervisor & rights.user & protection.smep
    explicit   = ~access.implicit & protection.ac
    smap       = ~fetch & supervisor & rights.user & protection.smap & ~explicit
    return privilege | read_only | no_execute | smep | smap | by_key


def error_code(*, access, present, reserved, by_key, protection):
    """Error code of a page fault (section 4.7), as a value in the layout of ``ErrorCode``.

    ``by_key`` counts only if there is a page. Rules 3, 9, 11, 14.
    """
    return Cat(
        present,
        writes(access.kind),
        ~supervises(access),
        reserved,
        fetches(access.kind) & (protection.nxe | protection.smep),
        present & ~reserved & by_key,
    )


assert [name for name, _ in ErrorCode.as_shape()] == [
    "present", "write", "user", "reserved", "fetch", "key"]
