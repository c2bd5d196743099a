"""Flaws in access rights and error codes are found, each at its sentence."""

from unittest import mock

import pytest
from amaranth.hdl import Const

import hw.permission
from hw.layout import AccessKind
from hw.permission import below, denied, denied_by_key, error_code
from sim.proofs.proof import Disproved
from sim.proofs.rights import prove_combined_rights, prove_error_code, prove_keys, prove_rights

from .flaw_support import changed


pytestmark = [pytest.mark.formal, pytest.mark.synthesis]


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
def test_a_check_by_another_key_is_disproved():
    with pytest.raises(Disproved, match=r"^SDM 4\.6\.2: (.|\n)*  key = "):
        prove_keys(lambda *, key, **parts: denied_by_key(key=key & 0b0111, **parts))


@pytest.mark.slow
def test_a_key_that_is_ignored_is_disproved():
    with pytest.raises(Disproved, match=r"key of the page does not permit: not allowed"):
        prove_rights(lambda *, by_key, **parts: denied(by_key=Const(0), **parts))


@pytest.mark.slow
def test_a_locked_access_that_is_no_write_is_disproved():
    with (mock.patch.object(hw.permission, "writes", lambda kind: kind == AccessKind.WRITE),
          pytest.raises(Disproved, match="access = (COMPARE_)?EXCHANGE")):
        prove_rights(denied)


@pytest.mark.slow
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


@pytest.mark.slow
@pytest.mark.parametrize("field", ["user", "writable", "execute_disable"])
def test_rights_that_the_last_entry_alone_has_are_disproved(field):
    def flawed(rights, entry):
        return below(changed(rights, **{field: Const(field != "execute_disable")}), entry)

    with pytest.raises(Disproved, match="entry 0 = "):
        prove_combined_rights(flawed, 4)
