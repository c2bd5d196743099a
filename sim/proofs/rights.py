"""Proofs: access rights and error codes are the manual's, for every access and every page."""

from typing import Any

from amaranth.hdl import Signal
from amaranth.lib import data

from hw.config import MmuConfig
from hw.layout import Entry
from hw.permission import Protection, Rights, below, denied, denied_by_key, error_code
from hw.translation import find_request_layout

from .accesses import Case
from .manual.rights import combined_rights
from .proof import Subject, prove
from .property import Method, Property


__all__ = ["PROPERTIES", "prove_combined_rights", "prove_error_code", "prove_keys", "prove_rights"]


ACCESS     = Signal(find_request_layout(MmuConfig()), name="access")
RIGHTS     = Signal(Rights, name="rights")
PROTECTION = Signal(Protection, name="protection")

PRESENT, RESERVED = Signal(name="present"), Signal(name="reserved")

BY_KEY, KEY = Signal(name="by_key"), Signal(4, name="key")

CASE = Case(ACCESS, RIGHTS, PROTECTION, BY_KEY)


def prove_rights(refused: Any) -> None:
    """Prove that ``refused`` has every access refused that the manual does not allow."""
    result = refused(access=ACCESS, rights=RIGHTS, by_key=BY_KEY, protection=PROTECTION)
    prove(Subject(inputs=[ACCESS, RIGHTS, PROTECTION, BY_KEY], given=CASE.given,
                  fields={**CASE.fields, "not permitted by key": BY_KEY, "denied": result}),
          CASE.access_rights(~result), complete=True)


def prove_keys(refused: Any) -> None:
    """Prove that ``refused`` has an access refused that a page's key does not permit."""
    result = refused(access=ACCESS, rights=RIGHTS, key=KEY, protection=PROTECTION)
    # A user-mode access to a supervisor-mode address is not allowed whatever its key says.
    allowed_by_mode = RIGHTS.user | ~ACCESS.user | ACCESS.implicit
    prove(Subject(inputs=[ACCESS, RIGHTS, PROTECTION, KEY], given=CASE.given & allowed_by_mode,
                  fields={**CASE.fields, "key": KEY, "CR4.PKE": PROTECTION.pke,
                          "CR4.PKS": PROTECTION.pks, "PKRU": PROTECTION.pkru,
                          "IA32_PKRS": PROTECTION.pkrs, "denied": result}),
          CASE.key_permits(~result, KEY), complete=True)


def prove_error_code(code_of: Any) -> None:
    """Prove that ``code_of`` makes the error code of the manual."""
    code = code_of(access=ACCESS, present=PRESENT, reserved=RESERVED, by_key=BY_KEY,
                   protection=PROTECTION)
    prove(Subject(inputs=[ACCESS, RIGHTS, PROTECTION, PRESENT, RESERVED, BY_KEY], given=CASE.given,
                  fields={**CASE.fields, "P everywhere": PRESENT,
                          "reserved bit somewhere": RESERVED, "not permitted by key": BY_KEY,
                          "error code": code}),
          CASE.error_code(code, not_present=~PRESENT, reserved_bit=RESERVED), complete=True)


def prove_combined_rights(combine: Any, count: Any) -> None:
    """Prove that ``combine``, entry after entry, makes of ``count`` entries what is combined."""
    entries = [Signal(Entry, name=f"entry_{number}") for number in range(count)]
    rights  = Rights.const({"writable": 1, "user": 1})
    for entry in entries:
        rights = data.View(Rights, combine(rights, entry))
    prove(
        Subject(inputs=entries, fields={
            **{f"entry {number}": entry.as_value() for number, entry in enumerate(entries)},
            **{name: rights[name] for name, _ in Rights.as_shape()}}),
        combined_rights(
            user_address=rights.user, writable=rights.writable,
            execute_disable=rights.execute_disable,
            entries=[entry.as_value() for entry in entries]),
        complete=True)


PROPERTIES = [
    Property(
        name="access-rights", block="hw.permission", source="SDM 4.6.1",
        says="an access is denied where the manual does not allow it",
        method=Method.ALL_CASES, units=("any",), prove=lambda unit, depth: prove_rights(denied)),
    Property(
        name="key-rights", block="hw.permission", source="SDM 4.6.2",
        says="the key of a page permits what the manual says",
        method=Method.ALL_CASES, units=("any",),
        prove=lambda unit, depth: prove_keys(denied_by_key)),
    Property(
        name="error-code", block="hw.permission", source="SDM 4.7",
        says="the error code of a page fault has the bits that the manual gives it",
        method=Method.ALL_CASES, units=("any",),
        prove=lambda unit, depth: prove_error_code(error_code)),
    Property(
        name="combined-rights", block="hw.permission", source="SDM 4.6",
        says="rights are those that all entries of a translation grant together",
        method=Method.ALL_CASES, units=tuple(f"{count} entries" for count in (2, 3, 4, 5)),
        prove=lambda unit, depth: prove_combined_rights(below, int(unit[0]))),
]
