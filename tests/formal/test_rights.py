"""Proofs: access rights and error codes are the manual's, for every access and every page."""

from unittest import mock

import pytest
from amaranth.hdl import Const, Signal
from amaranth.lib import data

import hw.permission
from hw.config import MmuConfig
from hw.layout import AccessKind, Entry
from hw.permission import Protection, Rights, below, denied, denied_by_key, error_code
from hw.translation import find_request_layout

from .access_support import Case
from .flaw_support import changed
from .manual_rights import combined_rights
from .proof_support import Disproved, Subject, prove


pytestmark = [pytest.mark.formal, pytest.mark.synthesis]

ACCESS     = Signal(find_request_layout(MmuConfig()), name="access")
RIGHTS     = Signal(Rights, name="rights")
PROTECTION = Signal(Protection, name="protection")

PRESENT, RESERVED = Signal(name="present"), Signal(name="reserved")

BY_KEY, KEY = Signal(name="by_key"), Signal(4, name="key")

CASE = Case(ACCESS, RIGHTS, PROTECTION, BY_KEY)


def prove_rights(refused):
    """Prove that ``refused`` has every access refused that the manual does not allow."""
    result = refused(access=ACCESS, rights=RIGHTS, by_key=BY_KEY, protection=PROTECTION)
    prove(Subject(inputs=[ACCESS, RIGHTS, PROTECTION, BY_KEY], given=CASE.given,
                  fields={**CASE.fields, "not permitted by key": BY_KEY, "denied": result}),
          CASE.access_rights(~result), complete=True)


def prove_keys(refused):
    """Prove that ``refused`` has an access refused that a page's key does not permit."""
    result = refused(access=ACCESS, rights=RIGHTS, key=KEY, protection=PROTECTION)
    # A user-mode access to a supervisor-mode address is not allowed whatever its key says.
    allowed_by_mode = RIGHTS.user | ~ACCESS.user | ACCESS.implicit
    prove(Subject(inputs=[ACCESS, RIGHTS, PROTECTION, KEY], given=CASE.given & allowed_by_mode,
                  fields={**CASE.fields, "key": KEY, "CR4.PKE": PROTECTION.pke,
                          "CR4.PKS": PROTECTION.pks, "PKRU": PROTECTION.pkru,
                          "IA32_PKRS": PROTECTION.pkrs, "denied": result}),
          CASE.key_permits(~result, KEY), complete=True)


def prove_error_code(code_of):
    """Prove that ``code_of`` makes the error code of the manual."""
    code = code_of(access=ACCESS, present=PRESENT, reserved=RESERVED, by_key=BY_KEY,
                   protection=PROTECTION)
    prove(Subject(inputs=[ACCESS, RIGHTS, PROTECTION, PRESENT, RESERVED, BY_KEY], given=CASE.given,
                  fields={**CASE.fields, "P everywhere": PRESENT,
                          "reserved bit somewhere": RESERVED, "not permitted by key": BY_KEY,
                          "error code": code}),
          CASE.error_code(code, not_present=~PRESENT, reserved_bit=RESERVED), complete=True)


def prove_combined_rights(combine, count):
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


def test_an_access_is_denied_where_the_manual_does_not_allow_it():
    prove_rights(denied)


def test_the_key_of_a_page_permits_what_the_manual_says():
    prove_keys(denied_by_key)


def test_an_error_code_has_the_bits_that_the_manual_gives_it():
    prove_error_code(error_code)


@pytest.mark.parametrize("count", [2, 3, 4, 5])
def test_rights_of_all_entries_are_combined_as_the_manual_says(count):
    prove_combined_rights(below, count)


@pytest.mark.parametrize("part, name, stuck, shown", [
    ("access",     "user",            0, "CPL 3 = 1"),
    ("access",     "implicit",        0, "implicit = 1"),
    ("rights",     "user",            1, "U/S everywhere = 0"),
    ("rights",     "writable",        1, "R/W everywhere = 0"),
    ("rights",     "execute_disable", 0, "XD somewhere = 1"),
    ("protection", "wp",              1, "CR0.WP = 0"),
    ("protection", "smep",            0, "CR4.SMEP = 1"),
    ("protection", "smap",            0, "CR4.SMAP = 1"),
    ("protection", "nxe",             1, "IA32_EFER.NXE = 0"),
    ("protection", "ac",              1, "RFLAGS.AC = 0"),
])
def test_a_check_that_takes_a_bit_for_a_constant_is_disproved(part, name, stuck, shown):
    def flawed(**parts):
        return denied(**parts | {part: changed(parts[part], **{name: Const(stuck)})})

    with pytest.raises(Disproved, match=rf"(?m)^SDM 4\.6\.1: .*(.|\n)*^  {shown}$"):
        prove_rights(flawed)


@pytest.mark.parametrize("part, name, stuck, shown", [
    ("access",     "implicit", 0, "implicit = 1"),
    ("rights",     "user",     1, "U/S everywhere = 0"),
    ("protection", "wp",       1, "CR0.WP = 0"),
    ("protection", "pke",      1, "CR4.PKE = 0"),
    ("protection", "pks",      0, "CR4.PKS = 1"),
])
def test_a_key_check_that_takes_a_bit_for_a_constant_is_disproved(part, name, stuck, shown):
    def flawed(**parts):
        return denied_by_key(**parts | {part: changed(parts[part], **{name: Const(stuck)})})

    with pytest.raises(Disproved, match=rf"(?m)^SDM 4\.6\.2: .*(.|\n)*^  {shown}$"):
        prove_keys(flawed)


def test_a_check_by_another_key_is_disproved():
    with pytest.raises(Disproved, match=r"^SDM 4\.6\.2: (.|\n)*  key = "):
        prove_keys(lambda *, key, **parts: denied_by_key(key=key & 0b0111, **parts))


def test_a_key_that_is_ignored_is_disproved():
    with pytest.raises(Disproved, match=r"key of the page does not permit: not allowed"):
        prove_rights(lambda *, by_key, **parts: denied(by_key=Const(0), **parts))


def test_a_locked_access_that_is_no_write_is_disproved():
    with (mock.patch.object(hw.permission, "writes", lambda kind: kind == AccessKind.WRITE),
          pytest.raises(Disproved, match="access = (COMPARE_)?EXCHANGE")):
        prove_rights(denied)


@pytest.mark.parametrize("part, name, stuck, says", [
    ("access",     "implicit", 0, "SDM 4.7: U/S is 1 if a user-mode access"),
    ("protection", "smep",     0, "SDM 4.7: I/D is 1 if"),
    ("protection", "nxe",      0, "SDM 4.7: I/D is 1 if"),
])
def test_an_error_code_that_takes_a_bit_for_a_constant_is_disproved(part, name, stuck, says):
    def flawed(**parts):
        return error_code(**parts | {part: changed(parts[part], **{name: Const(stuck)})})

    with pytest.raises(Disproved, match=says):
        prove_error_code(flawed)


@pytest.mark.parametrize("field", ["user", "writable", "execute_disable"])
def test_rights_that_the_last_entry_alone_has_are_disproved(field):
    def flawed(rights, entry):
        return below(changed(rights, **{field: Const(field != "execute_disable")}), entry)

    with pytest.raises(Disproved, match="entry 0 = "):
        prove_combined_rights(flawed, 4)
