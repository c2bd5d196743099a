"""Rules 14 and 36 on the golden model: protection keys. docs/paging-rules.md explains them."""

from dataclasses import replace
from itertools import product

import pytest

from sim.golden.mmu import GoldenMmu
from sim.golden.permission import Attempt, Refusal, Rights, refusals
from sw.bus import Kind, Register

from .modes_support import (
    AC, FULL, NXE, PKE, PKS, SMAP, SMEP, WP, ending, full, machine, map_page, refuses,
)


P, RW, US, A, D, XD = 1, 2, 4, 0x20, 0x40, 1 << 63

LINEAR = 0x4060_5000

LONG_MODES = ["4-level", "5-level"]


def leaf(key, flags):
    """A leaf of this key, in frame 9."""
    return key << 59 | 0x9000 | P | flags


def keyed(mode="4-level", *, key=5, flags=RW | US, pkru=0, pkrs=0, upper=7, cr4=PKE | PKS, **bits):
    """A machine with one page of this key."""
    mmu = machine(mode, cr4=cr4, **bits)
    mmu.write_control(Register.PKRU, pkru)
    mmu.write_control(Register.PKRS, pkrs)
    map_page(mmu.memory, mode, LINEAR, leaf(key, flags), upper=upper)
    return mmu


def ad(key):
    """The access-disable bit of a key."""
    return 1 << 2 * key


def wd(key):
    """The write-disable bit of a key."""
    return 2 << 2 * key


# Rule 36: what a key forbids


@pytest.mark.parametrize("mode", LONG_MODES)
@pytest.mark.parametrize("key", range(16))
def test_rule_36_each_key_has_two_bits_of_the_register(mode, key):
    others = 0xffff_ffff & ~(ad(key) | wd(key))
    for flags, register in ((RW | US, "pkru"), (RW, "pkrs")):
        assert ending(keyed(mode, key=key, flags=flags, **{register: others}), LINEAR,
                      Kind.WRITE) == 0x9000
        assert ending(keyed(mode, key=key, flags=flags, **{register: ad(key)}), LINEAR) \
            == "#PF 0x21"
        assert ending(keyed(mode, key=key, flags=flags, cr0=WP, **{register: wd(key)}), LINEAR,
                      Kind.WRITE) == "#PF 0x23"


#: Sentences of the manual: what is set for the key; the access; whether it is one of CPL 3; WP; and
#: whether the key of a user page forbids it.
USER_PAGE = [
    (0,             Kind.READ,  True,  0, False),
    (0,             Kind.WRITE, True,  0, False),
    (ad(5),         Kind.READ,  True,  0, True),
    (ad(5),         Kind.WRITE, True,  0, True),
    (ad(5),         Kind.READ,  False, 0, True),    # the supervisor, too
    (ad(5),         Kind.WRITE, False, 0, True),
    (ad(5),         Kind.READ,  False, 1, True),
    (wd(5),         Kind.READ,  True,  1, False),
    (wd(5),         Kind.READ,  False, 1, False),
    (wd(5),         Kind.WRITE, True,  0, True),    # of a user whatever WP
    (wd(5),         Kind.WRITE, True,  1, True),
    (wd(5),         Kind.WRITE, False, 0, False),   # of the supervisor only with WP
    (wd(5),         Kind.WRITE, False, 1, True),
    (ad(5) | wd(5), Kind.READ,  False, 0, True),
    (ad(5) | wd(5), Kind.FETCH, True,  1, False),   # fetches have no part in it
    (ad(5) | wd(5), Kind.FETCH, False, 1, False),
    (wd(5),         Kind.EXCHANGE,         False, 1, True),    # locked accesses are writes
    (wd(5),         Kind.COMPARE_EXCHANGE, True,  0, True),
    (wd(5),         Kind.COMPARE_EXCHANGE, False, 0, False),
]


@pytest.mark.parametrize("pkru, kind, user, wp, forbidden", USER_PAGE)
def test_rule_36_user_pages(pkru, kind, user, wp, forbidden):
    mmu = keyed(pkru=pkru, cr0=WP * wp, cr4=PKE)
    code = 0x21 | 2 * (kind not in (Kind.READ, Kind.FETCH)) | 4 * user
    for _ in range(2):   # by a walk; again by a walk, or by what is cached
        assert ending(mmu, LINEAR, kind, user=user) == (f"#PF {code:#x}" if forbidden else 0x9000)


@pytest.mark.parametrize("pkrs, kind, wp, forbidden", [
    (row[0], row[1], row[3], row[4]) for row in USER_PAGE if not row[2]])
@pytest.mark.parametrize("flags, upper", [(RW, 7), (RW | US, 3)], ids=["leaf", "upper entry"])
def test_rule_36_supervisor_pages(pkrs, kind, wp, forbidden, flags, upper):
    mmu  = keyed(flags=flags, upper=upper, pkrs=pkrs, pkru=ad(5) | wd(5), cr0=WP * wp)
    code = 0x21 | 2 * (kind not in (Kind.READ, Kind.FETCH))
    assert ending(mmu, LINEAR, kind) == (f"#PF {code:#x}" if forbidden else 0x9000)


@pytest.mark.parametrize("cr4, flags", [(0, RW | US), (PKS, RW | US), (0, RW), (PKE, RW)])
def test_rule_36_each_register_counts_with_its_bit_of_cr4_and_for_its_pages(cr4, flags):
    mmu = keyed(flags=flags, pkru=0xffff_ffff, pkrs=0xffff_ffff, cr4=cr4, cr0=WP)
    assert ending(mmu, LINEAR, Kind.WRITE) == 0x9000


@pytest.mark.parametrize("mode", LONG_MODES)
def test_rule_36_the_key_is_that_of_the_leaf_alone(mode):
    mmu = keyed(mode, key=0, upper=7 | 5 << 59, pkru=ad(5))
    assert ending(mmu, LINEAR) == 0x9000
    mmu = keyed(mode, key=5, upper=7 | 3 << 59, pkru=ad(3))
    assert ending(mmu, LINEAR) == 0x9000


@pytest.mark.parametrize("mode", LONG_MODES)
@pytest.mark.parametrize("size, above", [(1 << 21, 1), (1 << 30, 2)])
def test_rule_36_a_large_page_has_its_key_in_its_leaf(mode, size, above):
    mmu = keyed(mode, pkru=ad(5))
    depth = (4 if mode == "4-level" else 5) - above
    map_page(mmu.memory, mode, LINEAR, leaf(5, RW | US) & ~0xf000 | 0x80, depth=depth)
    assert ending(mmu, LINEAR) == "#PF 0x21"


def test_rule_36_the_registers_are_looked_at_in_each_access():
    mmu = keyed(pkru=0)
    assert ending(mmu, LINEAR) == 0x9000
    mmu.write_control(Register.PKRU, ad(5))
    assert ending(mmu, LINEAR) == "#PF 0x21"
    mmu.write_control(Register.PKRU, 0)
    assert ending(mmu, LINEAR) == 0x9000
    mmu.write_control(Register.PKRU, ad(5))
    mmu.write_control(Register.CR4, mmu.state.cr4 & ~PKE)
    assert ending(mmu, LINEAR) == 0x9000
    mmu.write_control(Register.CR4, mmu.state.cr4 | PKE)
    assert ending(mmu, LINEAR) == "#PF 0x21", "the key was cached without PKE"


def test_rule_36_a_key_that_was_changed_in_memory_is_seen_after_invlpg():
    mmu = keyed(pkru=ad(7))
    assert ending(mmu, LINEAR) == 0x9000
    map_page(mmu.memory, "4-level", LINEAR, leaf(7, RW | US | A))
    assert ending(mmu, LINEAR) == 0x9000
    mmu.invlpg(LINEAR)
    assert ending(mmu, LINEAR) == "#PF 0x21"


def test_rule_36_an_access_that_a_key_forbids_sets_no_flag_in_the_leaf():
    mmu = keyed(pkru=ad(5))
    *_, entry = map_page(mmu.memory, "4-level", LINEAR, leaf(5, RW | US))
    assert ending(mmu, LINEAR, Kind.WRITE) == "#PF 0x23"
    assert mmu.memory.read(entry, 8) == leaf(5, RW | US)


@pytest.mark.parametrize("register", [Register.PKRU, Register.PKRS])
@pytest.mark.parametrize("bit", range(64))
def test_rule_36_the_registers_have_32_bits(register, bit):
    mmu    = machine("4-level", cr4=PKE | PKS)
    before = mmu.state
    if refuses(mmu.write_control, register, 1 << bit):
        assert (bit >= 32, mmu.state) == (True, before)
    else:
        assert (bit < 32, mmu.read_control(register)) == (True, 1 << bit)


@pytest.mark.parametrize("feature, register, bit", [
    ("pku", Register.PKRU, PKE), ("pks", Register.PKRS, PKS)])
def test_rule_36_a_machine_without_them_has_neither_register_nor_bit(feature, register, bit):
    mmu = GoldenMmu(full(**{feature: False}))
    assert refuses(mmu.write_control, register, 0)
    assert refuses(mmu.write_control, Register.CR4, bit)


def test_rule_36_without_keys_bits_59_to_62_are_the_software_s():
    mmu = machine("4-level", replace(FULL, pku=False, pks=False))
    map_page(mmu.memory, "4-level", LINEAR, leaf(15, RW | US))
    assert ending(mmu, LINEAR, Kind.WRITE) == 0x9000
    assert mmu.tlb.find(LINEAR, 0).rights == Rights()


# Rule 14: the error code


@pytest.mark.parametrize("flags, bits, access, code", [
    (RW | US, {"cr4": PKE | SMAP},        {},                                   0x21),
    (US,      {"cr4": PKE, "cr0": WP},    {"kind": Kind.WRITE},                 0x23),
    (US,      {"cr4": PKE},               {"kind": Kind.WRITE, "user": True},   0x27),
    (RW | US, {"cr4": PKE | SMAP},        {"user": True, "implicit": True},     0x21),
    (RW,      {"cr4": PKE},               {"user": True},                       0x05),
    (RW | US | XD, {"cr4": PKE, "efer": NXE}, {"kind": Kind.FETCH, "user": True}, 0x15),
    (RW | US, {"cr4": PKE | SMEP},        {"kind": Kind.FETCH},                 0x11),
    (RW,      {"cr4": PKE | PKS},         {"user": True},                       0x25),
], ids=["SMAP", "WP", "user and R/W", "implicit", "supervisor page", "XD", "SMEP",
        "supervisor page with PKS"])
def test_rule_14_pk_is_set_beside_other_causes(flags, bits, access, code):
    mmu = keyed(flags=flags, pkru=ad(5), pkrs=ad(5), **bits)
    assert ending(mmu, LINEAR, **access) == f"#PF {code:#x}"


@pytest.mark.parametrize("entry, code", [
    (leaf(5, RW | US) & ~P, 0), (leaf(5, RW | US | 1 << 45), 9)])
def test_rule_14_pk_is_not_set_for_missing_and_malformed_entries(entry, code):
    mmu = keyed(pkru=0xffff_ffff)
    map_page(mmu.memory, "4-level", LINEAR, entry)
    assert ending(mmu, LINEAR) == f"#PF {code:#x}"


def test_rule_14_ac_does_not_help_against_a_key():
    mmu = keyed(pkru=ad(5), cr4=PKE | SMAP)
    mmu.write_control(Register.RFLAGS, AC)
    assert ending(mmu, LINEAR) == "#PF 0x21"


def forbidden_by_key(register, *, write, user, wp):
    """The manual's paragraph (section 4.6.2), for key 5."""
    if register & ad(5):
        return True
    return bool(register & wd(5)) and write and (user or wp)


def test_rule_14_pk_is_set_exactly_if_the_key_forbids():
    """The product of keys, rights, accesses and control bits."""
    checked = 0
    for pair, writable, user_page, wp, smap, ac, enabled in product(
            range(4), *6 * [(False, True)]):
        mmu = keyed(pkru=pair << 10, pkrs=(3 - pair) << 10, flags=RW * writable | US * user_page,
                    cr0=WP * wp, cr4=SMAP * smap | (PKE | PKS) * enabled)
        mmu.write_control(Register.RFLAGS, AC * ac)
        register = pair << 10 if user_page else (3 - pair) << 10
        for write, user in product((False, True), repeat=2):
            end = ending(mmu, LINEAR, Kind.WRITE if write else Kind.READ, user=user)
            by_key = enabled and forbidden_by_key(register, write=write, user=user, wp=wp)
            refused = (by_key
                       or user and not user_page
                       or write and not writable and (user or wp)
                       or not user and user_page and smap and not ac)
            code = 1 | 2 * write | 4 * user | 0x20 * by_key
            assert end == (f"#PF {code:#x}" if refused else 0x9000)
            checked += 1
    assert checked == 4 * 2 ** 6 * 4


@pytest.mark.parametrize("pkru, by_key", [
    (0, []), (ad(5), [Refusal.PKRU_ACCESS]), (wd(5), [Refusal.PKRU_WRITE]),
    (ad(5) | wd(5), [Refusal.PKRU_ACCESS, Refusal.PKRU_WRITE]),
])
def test_rule_14_the_reasons_are_all_named(pkru, by_key):
    state   = keyed(pkru=pkru, cr4=PKE | SMAP, cr0=WP).state
    reasons = refusals(state, Rights(writable=False, key=5), Attempt(write=True))
    assert list(reasons) == [Refusal.WRITE_PROTECT, Refusal.SMAP, *by_key]
