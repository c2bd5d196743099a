"""Accesses as the gateware has them, in the words of the manual."""

from amaranth.hdl import Value
from amaranth.lib import data

from hw.layout import AccessKind

from .manual import rights as manual
from .proof import Sentence


__all__ = ["Case"]


class Case:
    """An access, the rights of the page that it meets, and the control state.

    Parameters
    ----------
    access : view
        With the fields ``kind``, ``user`` and ``implicit``.
    rights : view of :class:`hw.permission.Rights`
        Those that the entries of the translation grant together.
    protection : view of :class:`hw.permission.Protection`
        Control bits.
    by_key : value
        The key of the page does not permit the access. None in a unit without keys.

    Attributes
    ----------
    write : :class:`Value`
        The access is a write. The locked ones are, on their reading half too.
    given : :class:`Value`
        The access is one that there is: instructions are not fetched implicitly (SDM 4.6).
    fields : mapping of :class:`str` to value
        For counterexamples.
    """

    def __init__(
        self, access: data.View, rights: data.View, protection: data.View,
        by_key: Value | None = None,
    ):
        self.write = ((access.kind == AccessKind.WRITE) | (access.kind == AccessKind.EXCHANGE)
                      | (access.kind == AccessKind.COMPARE_EXCHANGE))
        self.given = (self.write | (access.kind == AccessKind.READ)
                      | ((access.kind == AccessKind.FETCH) & ~access.implicit))
        self.fields = {
            "access":         (access.kind, AccessKind),
            "CPL 3":          access.user,
            "implicit":       access.implicit,
            "U/S everywhere": rights.user,
            "R/W everywhere": rights.writable,
            "XD somewhere":   rights.execute_disable,
            "CR0.WP":         protection.wp,
            "CR4.SMEP":       protection.smep,
            "CR4.SMAP":       protection.smap,
            "IA32_EFER.NXE":  protection.nxe,
            "RFLAGS.AC":      protection.ac,
        }
        self._access, self._rights, self._protection = access, rights, protection
        self._by_key = by_key
        # SDM 4.6: CPL < 3 and implicit accesses are supervisor-mode accesses.
        self._user_mode = access.user & ~access.implicit
        self._fetch     = access.kind == AccessKind.FETCH

    def access_rights(self, allowed: Value) -> list[Sentence]:
        """The manual's sentences about ``allowed``: the access may take place."""
        rights, protection = self._rights, self._protection
        return manual.access_rights(
            allowed, write=self.write, fetch=self._fetch, user_mode=self._user_mode,
            implicit=self._access.implicit, user_address=rights.user, writable=rights.writable,
            execute_disable=rights.execute_disable, wp=protection.wp, smep=protection.smep,
            smap=protection.smap, nxe=protection.nxe, ac=protection.ac, by_key=self._by_key)

    def error_code(self, code: Value, *, not_present: Value, reserved_bit: Value) -> list[Sentence]:
        """The manual's sentences about the error code of a page fault."""
        return manual.error_code(
            code, write=self.write, fetch=self._fetch, user_mode=self._user_mode,
            not_present=not_present, reserved_bit=reserved_bit, smep=self._protection.smep,
            nxe=self._protection.nxe, by_key=self._by_key)

    def key_permits(self, permitted: Value, key: Value) -> list[Sentence]:
        """The manual's sentences about ``permitted``: a page's ``key`` permits the access."""
        protection = self._protection
        return manual.key_permits(
            permitted, write=self.write, fetch=self._fetch, user_mode=self._user_mode,
            user_address=self._rights.user, wp=protection.wp, pke=protection.pke,
            pks=protection.pks, pkru=protection.pkru, pkrs=protection.pkrs, key=key)
