"""Walks as of any cycle: the unit then does what they say."""

import json

import pytest
from vector_support import (
    ENTRIES, LINEAR, five_levels, long_mode, pae_paging, random_line,
)

from sim.golden.permission import Refusal
from sim.golden.state import Features
from sim.paging.json import as_json
from sim.paging.text import as_text
from sim.paging.walk import ATTEMPTS, attempts_of, page_walk
from sim.record.history import MemoryHistory
from sim.record.tlb import TlbChange, TlbEntry, TlbRecord
from sim.vectors.engines import VECTOR_ENGINES
from sim.vectors.parser import parse
from sim.vectors.vector import entry_size
from tests.record.trace_records import state, trace, transfer


LME = 1 << 8

#: Names of the accesses by the kinds of vectors.
KINDS = {"read": "read", "write": "write", "fetch": "fetch", "rmw": "write"}


def vectors(count):
    """Vectors whose access is of one byte, and comes first."""
    for number in range(count):
        line = random_line(number)
        line["access"]["size"] = 1
        line.pop("before", None)
        yield parse(number, json.dumps(line))


def walked(vector, *changes, attempts=ATTEMPTS, loaded=None):
    """The walk in the state of a vector, from a record with that and changes of the TLB alone.

    If another CR3 is ``loaded``, it is that of the vector's all the same.
    """
    size   = entry_size(vector.cr0, vector.cr4, vector.efer)
    stores = [transfer(cycle, address & -8, write=True, sel=(1 << size) - 1 << (address & 7),
                       data=value << 8 * (address & 7))
              for cycle, (address, value) in enumerate(vector.entries)]
    cycle  = len(stores)
    cr3    = vector.cr3 if loaded is None else loaded
    known  = dict(vector.entries) if size == 8 and not vector.efer & LME else {}
    pdptes = tuple(known.get((cr3 & 0xffff_ffe0) + 8 * number, 0) for number in range(4))
    record = trace(state(cr0=vector.cr0, cr3=cr3, cr4=vector.cr4, efer=vector.efer,
                         ac=vector.access.ac, pkru=vector.pkru, pkrs=vector.pkrs, pdptes=pdptes),
                   *stores, *changes, cycles=cycle + 1)
    return page_walk([record], MemoryHistory([record]), vector.access.linear, cycle=cycle,
                     cr3=None if loaded is None else vector.cr3,
                     features=Features(maxphyaddr=vector.maxphyaddr, pae=True, la57=True, pku=True,
                                       pks=True),
                     attempts=attempts)


def ending(vector):
    """Fault, error code and physical address of a vector's access, by the walk."""
    found   = walked(vector)
    access  = vector.access
    who     = "user" if access.cpl == 3 and not access.implicit else "kernel"
    if access.implicit and access.kind != "fetch":
        who = "implicit"
    verdict = found.verdicts.get(f"{who} {KINDS[access.kind]}")
    if not found.canonical:
        return "#GP", 0, 0
    if verdict is None:
        return None, 0, found.linear
    if verdict.refusal is not None:
        return "#PF", verdict.error_code, 0
    return None, 0, found.translation.translate(found.linear)


@pytest.mark.slow
def test_the_verdict_is_what_the_unit_does():
    asked = list(vectors(10_000))
    done  = VECTOR_ENGINES["cxxrtl"]().run(asked)
    seen  = set()
    for vector, outcome in zip(asked, done, strict=True):
        if not isinstance(outcome, str):
            found = outcome.ending
            expected = ending(vector)
            assert (found.fault, found.error_code or 0, found.physical or 0) == expected, vector
            seen.add(expected[:2])
    # Faults of all kinds, and none, were among them.
    assert len(seen) > 15


def cached(**changes):
    """A fill of the TLB with the page of a vector, as its entries have it but for ``changes``."""
    entry = {"linear": LINEAR & -0x1000, "physical": 0x5000, "size": 0x1000, "writable": True,
             "user": True, "execute_disable": False, "dirty": False, "global_page": False,
             "filled": 0}
    return TlbRecord(0, TlbChange.FILLED, LINEAR & -0x1000, TlbEntry(**entry | changes))


def in_long_mode(**changes):
    return parse(1, json.dumps(long_mode(**changes)))


def test_a_walk_of_pae_paging_begins_below_the_register_of_the_address():
    found = walked(parse(1, json.dumps(pae_paging())))
    text  = as_text(found)
    assert "PAE paging\n" in text and "  PDPTE1=0x200001\n" in text
    assert [step.level.name for step in found.steps] == ["PDE", "PTE"]
    assert found.physical == 0x20_2008
    document = as_json(found)
    assert (document["mode"], document["pdpte"]) == ("PAE", "0x200001")


def test_a_pdpte_register_that_is_not_present_ends_the_walk():
    line  = pae_paging({"linear": hex(LINEAR + (1 << 30))})
    line["entries"][2][1] = "0x0"
    found = walked(parse(1, json.dumps(line)))
    assert found.steps == [] and found.physical is None
    assert {verdict.error_code for verdict in found.verdicts.values()} == {0, 2, 4, 6}
    text  = as_text(found)
    assert "  PDPTE2=0x0\n" in text and "  page      none\n" in text
    assert "any access: " in text
    reason = as_json(found)["verdicts"]["user read"]
    assert reason["decided_by"] == [{"level": "PDPTE", "bit": "P"}]


def test_a_walk_of_five_levels_has_five_entries():
    found = walked(parse(1, json.dumps(five_levels())))
    assert "5-level paging\n" in as_text(found)
    assert [step.level.name for step in found.steps] == ["PML5E", "PML4E", "PDPTE", "PDE", "PTE"]
    assert found.physical == 0x6008 and as_json(found)["pdpte"] is None


def test_a_translation_that_memory_has_too_is_not_stale():
    found = walked(in_long_mode(), cached())
    assert not found.stale
    assert "  TLB       the same: 0x5000, 4 KiB, rwx user, filled in cycle 0\n" in as_text(found)
    # A write through it is walked first, since it is not dirty.
    assert "kernel write" not in found.cached_verdicts
    assert found.cached_verdicts["kernel read"] == found.verdicts["kernel read"]


def test_a_stale_translation_is_told_and_what_the_tlb_decides():
    wp    = hex(1 << 31 | 1 << 16 | 1)
    found = walked(in_long_mode(cr0=wp), cached(physical=0x7000, writable=False))
    assert found.stale and found.cached.physical == 0x7000
    assert found.verdicts["kernel write"].refusal is None
    assert found.cached_verdicts["kernel write"].refusal is Refusal.WRITE_PROTECT
    text = " ".join(as_text(found).split())
    assert " TLB STALE: 0x7000, 4 KiB, r-x user, filled in cycle 0 " in text
    assert ("The TLB decides otherwise, and it is asked first: user write #PF 0x7, kernel write "
            "#PF 0x3, implicit write #PF 0x3.") in text


@pytest.mark.parametrize("changes, seen", [
    ({"pcid": 5}, True), ({"pcid": 6}, False), ({"pcid": 0}, False),
    ({"pcid": 6, "global_page": True}, True),
])
def test_a_translation_of_another_pcid_is_none(changes, seen):
    line  = long_mode()
    pcide = {"cr4": hex(int(line["cr4"], 16) | 1 << 17), "cr3": hex(int(line["cr3"], 16) | 5)}
    found = walked(in_long_mode(**pcide), cached(physical=0x7000, **changes))
    assert found.stale == (found.cached is not None) == seen
    assert found.translation is not None and found.translation.physical == 0x5000


@pytest.mark.parametrize("global_page", [False, True])
def test_of_tables_that_are_not_loaded_the_tlb_has_global_translations_alone(global_page):
    vector  = in_long_mode(cr0=hex(1 << 31 | 1))
    entry   = cached(global_page=global_page)
    here    = walked(vector, entry)
    instead = walked(vector, entry, loaded=0x7000)
    assert here.loaded and here.cached is not None and "CR3=0x1000 CR0" in as_text(here)
    assert not instead.loaded and instead.state == here.state and instead.steps == here.steps
    assert (instead.cached is not None) is global_page
    assert "CR3=0x1000 (not loaded) CR0" in as_text(instead)


def test_pae_paging_that_is_not_loaded_has_the_registers_that_memory_has_for_it():
    vector  = parse(1, json.dumps(pae_paging()))
    here    = walked(vector)
    instead = walked(vector, loaded=0x7000)
    assert here.loaded and not instead.loaded
    assert (instead.pdpte, instead.steps) == (here.pdpte, here.steps) and here.pdpte


#: A user page with key 5, with AD for that key in PKRU, and PKE.
KEYED = {"cr4": hex(1 << 22 | 1 << 5), "pkru": hex(1 << 10),
         "entries": [*ENTRIES[:3], [ENTRIES[3][0], hex(5 << 59 | 0x5007)]]}


def test_a_key_is_told_with_its_registers_and_what_it_refuses():
    found = walked(in_long_mode(**KEYED), cached(key=5))
    text  = as_text(found)
    assert " CR4.PKE=1 CR4.PKS=0 PKRU=0x400 PKRS=0x0 " in " ".join(text.split())
    assert "  page      0x5000, 4 KiB, rwx user, key 5; physical 0x5008\n" in text
    assert "  TLB       the same: 0x5000, 4 KiB, rwx user, key 5, filled in cycle 0\n" in text
    assert " key 5  rwx user\n" in text
    assert "  user      #PF 0x25  #PF 0x27  done\n" in text
    assert "(rule 36; SDM Vol. 3A, 4.6.2)" in " ".join(text.split())
    document = as_json(found)
    assert (document["page"]["key"], document["tlb"]["key"]) == (5, 5)
    assert document["key_registers"] == {"PKRU": "0x400", "PKRS": "0x0"}
    assert not found.cached_verdicts["kernel fetch"].refusals
    assert found.cached_verdicts["user read"].error_code == 0x25


def test_a_translation_with_another_key_is_stale():
    found = walked(in_long_mode(**KEYED), cached(key=4))
    assert found.stale and found.cached_verdicts["user read"].refusal is None
    assert "The TLB decides otherwise" in as_text(found)


#: A user page of 2 MiB at 0x20_0000, whose PDE is the third entry.
LARGE = {"entries": [*ENTRIES[:2], [ENTRIES[2][0], hex(0x20_0087)]]}


@pytest.mark.parametrize("changes, stale", [
    ({"large": True}, False),
    ({"large": True, "physical": 0x1000}, True),
    ({"large": True, "writable": False}, True),
    ({"large": False}, True),
])
def test_a_piece_of_a_larger_page_is_compared_with_its_part_of_it(changes, stale):
    own   = {"physical": 0x20_0000 | LINEAR & 0x1f_f000}
    found = walked(in_long_mode(**LARGE), cached(**own | changes))
    assert found.translation is not None and found.translation.size == 0x20_0000
    assert found.stale == stale


def test_a_piece_of_a_page_that_is_none_any_more_is_stale():
    assert walked(in_long_mode(), cached(large=True)).stale


def test_without_any_tables_nothing_is_translated():
    found = walked(in_long_mode(entries=[]))
    assert found.translation is None and not found.stale and found.steps[0].store is None
    assert "never written" in as_text(found)


#: Registers in which all is set that can refuse an access, but AC.
REFUSED = {"cr0": hex(1 << 31 | 1 << 16 | 1), "cr4": hex(1 << 21 | 1 << 20 | 1 << 5),
           "efer": hex(1 << 11 | 1 << 10 | 1 << 8)}


def leaf(flags):
    """The entries to the page, the last with these flags."""
    *upper, (address, _) = ENTRIES
    return [*upper, [address, hex(0x5000 | flags)]]


def test_every_reason_is_named_each_enough_by_itself():
    found    = walked(in_long_mode(**REFUSED, entries=leaf(1 << 63 | 1)))
    verdicts = found.verdicts
    assert verdicts["user write"].refusals == (Refusal.SUPERVISOR_PAGE, Refusal.READ_ONLY)
    assert verdicts["user fetch"].refusals == (Refusal.SUPERVISOR_PAGE, Refusal.EXECUTE_DISABLE)
    found = walked(in_long_mode(**REFUSED, entries=leaf(1 << 63 | 5)))
    assert found.verdicts["kernel write"].refusals == (Refusal.WRITE_PROTECT, Refusal.SMAP)
    text = " ".join(as_text(found).split())
    assert "kernel fetch: a supervisor fetch from a user page" in text
    assert "user fetch, kernel fetch: a fetch, with EFER.NXE = 1" in text
    [also] = as_json(found)["verdicts"]["kernel write"]["also"]
    assert (also["rule"], also["section"]) == (12, "4.6.1")


@pytest.mark.parametrize("kind, cpl, names", [
    (None,            None, list(ATTEMPTS)),
    ("write",         None, ["user write", "kernel write"]),
    ("fetch",         3,    ["user fetch"]),
    ("implicit-read", 3,    ["implicit read"]),
    (None,            0,    ["kernel read", "kernel write", "kernel fetch", "implicit read",
                             "implicit write"]),
])
def test_attempts_are_chosen_by_kind_and_privilege(kind, cpl, names):
    assert list(attempts_of(kind, cpl)) == names


def test_a_walk_judges_the_attempts_that_it_is_asked_for():
    found = walked(in_long_mode(**REFUSED, entries=leaf(5)), attempts=attempts_of("write", 0))
    text  = as_text(found)
    assert list(found.verdicts) == ["kernel write"]
    assert "          write\n  kernel  #PF 0x3\n  kernel write: a supervisor write" in text
    assert "user read" not in text
