"""Maps of an address space: regions, filters, and what the TLB holds otherwise."""

import json

import pytest
from vector_support import LINEAR, five_levels, long_mode, pae_paging, two_levels

from sim.golden.permission import Rights
from sim.golden.state import Features
from sim.paging.json import map_as_json
from sim.paging.map import FLAGS, address_map
from sim.paging.text import map_as_text
from sim.record.history import MemoryHistory
from sim.record.tlb import TlbChange, TlbEntry, TlbRecord
from sim.scenario import PAGE_SIZE, PROT_READ
from sim.scenario.mistakes import Misuse
from sim.vectors.parser import parse
from sim.vectors.vector import entry_size
from tests.record.trace_records import state, trace, transfer

from .play_support import played


#: The page that LINEAR is in.
PAGE = LINEAR & -PAGE_SIZE


def mapped(line, *changes, **filters):
    """The map in the state of a vector, with changes of the TLB."""
    vector = parse(1, json.dumps(line))
    size   = entry_size(vector.cr0, vector.cr4, vector.efer)
    stores = [transfer(cycle, address & -8, write=True, sel=(1 << size) - 1 << (address & 7),
                       data=value << 8 * (address & 7))
              for cycle, (address, value) in enumerate(vector.entries)]
    cycle  = len(stores)
    known  = dict(vector.entries)
    pdptes = tuple(known.get((vector.cr3 & 0xffff_ffe0) + 8 * number, 0) for number in range(4))
    record = trace(state(cr0=vector.cr0, cr3=vector.cr3, cr4=vector.cr4, efer=vector.efer,
                         pdptes=pdptes), *stores, *changes, cycles=cycle + 1)
    return address_map([record], MemoryHistory([record]), cycle=cycle,
                       features=Features(maxphyaddr=vector.maxphyaddr, pae=True, la57=True),
                       **filters)


def with_leaves(*leaves, line=long_mode):
    """Entries down to the last table, in which the page of LINEAR and those after it are."""
    *upper, (address, _) = line()["entries"]
    return line(maxphyaddr=40, entries=[*upper, *(
        [hex(int(address, 16) + 8 * number), hex(value)] for number, value in enumerate(leaves))])


def filled(linear=PAGE, **changes):
    entry = {"linear": linear, "physical": 0x5000, "size": PAGE_SIZE, "writable": True,
             "user": True, "execute_disable": False, "dirty": False, "global_page": False,
             "filled": 0}
    return TlbRecord(0, TlbChange.FILLED, linear, TlbEntry(**entry | changes))


def test_pages_that_follow_each_other_are_one_region():
    [region] = mapped(with_leaves(0x5007, 0x6007, 0x7007)).regions
    assert (region.linear, region.physical, region.size, region.count) == (
        PAGE, 0x5000, PAGE_SIZE, 3)
    assert region.rights == Rights()
    assert (region.span.stop, region.frames.stop) == (PAGE + 3 * PAGE_SIZE, 0x8000)


@pytest.mark.parametrize("leaves, counts", [
    ((0x5007, 0x7007),             [1, 1]),     # another frame
    ((0x5007, 0x6005),             [1, 1]),     # other rights
    ((0x5007, 0x6027),             [1, 1]),     # accessed
    ((0x5007, 0x6047, 0x7047),     [1, 2]),     # dirty
    ((0x5007, 0, 0x7007),          [1, 1]),     # a hole
    ((0x5007, 0x6007, 1 << 51 | 7), [2, 1]),    # malformed
])
def test_what_differs_is_another_region(leaves, counts):
    regions = mapped(with_leaves(*leaves)).regions
    assert [region.count for region in regions] == counts


def test_a_map_of_pae_paging_has_the_quarters_of_its_registers():
    line = pae_paging()
    line["entries"][3][1] = line["entries"][1][1]   # the last quarter is as the second one
    line["entries"][0][1] = line["entries"][2][1] = "0x0"
    found = mapped(line)
    assert [(region.linear, region.physical) for region in found.regions] == [
        (PAGE, 0x20_2000), (PAGE + (2 << 30), 0x20_2000)]
    assert map_as_text(found).startswith("cycle 6, processor 0: PAE paging, CR3=0x1000, 2 pages")


@pytest.mark.parametrize("linear", [LINEAR, LINEAR | 1 << 50, LINEAR | 0xff80_0000_0000_0000])
def test_a_map_of_five_levels_has_57_bits_and_extends_the_last(linear):
    line  = five_levels()
    index = linear >> 48 & 0x1ff
    line["entries"][0][0] = hex(int(line["cr3"], 16) + 8 * index)
    [region] = mapped(line).regions
    assert (region.linear, region.physical) == (linear & -PAGE_SIZE, 0x6000)


def test_rights_are_those_of_all_levels():
    line = with_leaves(0x5007)
    line["entries"][1][1] = hex(int(line["entries"][1][1], 16) & ~2)
    [region] = mapped(line).regions
    assert region.rights == Rights(writable=False)


def test_an_entry_that_is_malformed_leads_nowhere_and_is_told():
    found = mapped(with_leaves(0x5007, 1 << 51 | 7), flags=["reserved"])
    [region] = found.regions
    assert region.physical is None and list(region.frames) == []
    assert "-  1 x 4K  rwx user reserved" in map_as_text(found)


def test_the_upper_half_is_at_the_top_of_all_addresses():
    line = with_leaves(0x5007)
    address, value = line["entries"][0]
    line["entries"][0] = [hex(int(address, 16) | 0x800), value]
    [region] = mapped(line).regions
    assert region.linear == PAGE | 0xFFFF_8000_0000_0000


def test_tables_of_two_levels_and_none_at_all():
    [region] = mapped(two_levels()).regions
    assert (region.linear, region.physical, region.count) == (PAGE, 0x3000, 1)
    assert mapped(long_mode(cr0="0x11", cr4="0x0", efer="0x0")).regions == ()


@pytest.mark.parametrize("filters, counts", [
    ({},                                            [2, 1]),
    ({"linear": range(PAGE, PAGE + 1)},             [1]),
    ({"linear": range(PAGE + 0xFFF, PAGE + 0x1001)}, [2]),
    ({"linear": range(PAGE)},                       []),
    ({"physical": range(0x6800, 0x6801)},           [1]),
    ({"flags": ["writable"]},                       [2]),
    ({"flags": ["no-writable"]},                    [1]),
    ({"flags": ["user", "no-dirty"]},               [2]),
    ({"flags": ["kernel"]},                         []),
])
def test_a_filter_chooses_pages(filters, counts):
    found = mapped(with_leaves(0x5007, 0x6007, 0x8045), **filters)
    assert [region.count for region in found.regions] == counts


def test_pages_that_the_tlb_holds_are_counted_and_those_that_it_holds_otherwise():
    found = mapped(with_leaves(0x5007, 0x6007, 0x7007), filled(),
                   filled(PAGE + PAGE_SIZE, physical=0x9000), filled(0x1000))
    [region] = found.regions
    assert (region.held, region.stale) == (2, 1)
    assert [entry.linear for entry in found.stale] == [PAGE + PAGE_SIZE, 0x1000]
    text = map_as_text(found)
    assert "  2, 1 STALE\n" in text
    assert f"  {PAGE + PAGE_SIZE:#x}: STALE: 0x9000, 4 KiB, rwx user, filled in cycle 0\n" in text
    assert [region.count for region in mapped(
        with_leaves(0x5007, 0x6007), filled(), flags=["cached", "no-stale"]).regions] == [1]
    document = map_as_json(found)
    assert document["regions"][0]["cached"] == 2 and len(document["stale"]) == 2


def test_translations_of_another_pcid_are_none_of_this_address_space():
    line  = with_leaves(0x5007, 0x6007)
    pcide = {"cr4": hex(int(line["cr4"], 16) | 1 << 17), "cr3": hex(int(line["cr3"], 16) | 5)}
    found = mapped(line | pcide, filled(pcid=5), filled(PAGE + PAGE_SIZE, physical=0x9000, pcid=6),
                   filled(0x1000, pcid=6))
    assert [(region.held, region.stale) for region in found.regions] == [(1, 0)]
    assert found.stale == ()


async def look(stage, found):
    user = await stage.user("mapper")
    page = found["page"] = await user.mmap(4 * PAGE_SIZE)
    for number in range(4):
        await user.store(page + number * PAGE_SIZE, number, 4)
    await user.mprotect(page, PAGE_SIZE, PROT_READ)
    found["map"]  = stage.address_map()
    found["user"] = stage.address_map(flags=["user"])
    found["was"]  = stage.address_map(cycle=5)
    found["walks"] = {region.linear: stage.walk(region.linear) for region in found["map"].regions}
    for mistaken in ({"cpu": 1}, {"cycle": 10**9}, {"flags": ["blue"]}):
        with pytest.raises(Misuse):
            stage.address_map(**mistaken)


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["4level", "32bit", "pae", "5level"])
def test_a_map_says_of_each_region_what_a_walk_says(mode):
    found = played(look, mode)
    assert sum(region.count for region in found["user"].regions) == 4
    assert found["was"].regions == ()
    for region in found["map"].regions:
        page = found["walks"][region.linear].translation
        assert (page.physical, page.size, page.rights) == (
            region.physical, region.size, region.rights)
    kernel = [region for region in found["map"].regions if not region.rights.user]
    assert sum(region.size * region.count for region in kernel) == (
        8 << 20 if mode in ("32bit", "pae") else 16 << 20)
    assert all(len(line) <= 80 for line in map_as_text(found["map"]).splitlines())


def test_every_flag_can_be_asked_for():
    for name in FLAGS:
        everything, without, with_ = (
            sum(region.count for region in mapped(with_leaves(0x5007), flags=flags).regions)
            for flags in ([], [f"no-{name}"], [name]))
        assert everything == with_ + without > 0
        assert not mapped(with_leaves(0x5007), flags=[name, f"no-{name}"]).regions
