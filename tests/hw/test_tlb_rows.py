"""Rows of the TLB in the whole unit: no bit of a tag is left out, and no row is left in a sweep."""

import random
from collections.abc import Iterator

import pytest
from paging_support import CR0_32, CR4_LA57, EFER_LONG, FIVE_LEVELS, ROOT

from hw.tlb.stamps import LAST
from sw.bus import Access, Register

from .judge_support import JudgedUnit
from .mmu_support import compiled
from .rules_support import PGE, RW, US, A, G, P


pytestmark = pytest.mark.slow


PCIDE = 1 << 17

START = [("control", write) for write in (
    (Register.CR4, CR4_LA57), (Register.EFER, EFER_LONG), (Register.CR3, ROOT),
    (Register.CR0, CR0_32))]

#: Bits of a linear address that tell pages apart.
BITS = range(12, 57)

#: Two pages, of which one has each of these bits.
NEAR, NEAR_IDS = (0x0055_5555_5555_5000, 0xffaa_aaaa_aaaa_a000), ("lower half", "upper half")


def canonical(linear):
    """An address whose upper bits are all as bit 56."""
    low = linear & (1 << 57) - 1
    return low | (-(low >> 56) << 57) & (1 << 64) - 1


class Tables:
    """Tables of 5-level paging: a table of its own for each part of the linear addresses.

    They and the pages are anywhere in 52 bits of physical addresses: where, depends on ``seed``.
    """

    def __init__(self, seed: str):
        self._chance = random.Random(seed)
        self._tables = {}

    def page(self, linear: int) -> Iterator[tuple[str, int, int]]:
        """Edits that map a page of its own."""
        levels, size = FIVE_LEVELS
        table = ROOT
        for shift, bits in levels:
            part  = linear >> shift
            place = table + (part & (1 << bits) - 1) * size
            if (shift, part) not in self._tables:
                self._tables[shift, part] = self._chance.getrandbits(40) << 12
                yield "edit", place, self._tables[shift, part] | P | RW | US | A
            table = self._tables[shift, part]

    def entry(self, linear: int) -> int:
        """The last entry of a page that is mapped."""
        return self._tables[12, linear >> 12] | P | RW | US | A


async def judge(judged, steps):
    """Play steps on the unit and on its model, which must agree after each."""
    for step in steps:
        await judged.do(step)


def around(near, *, first):
    """Two pages that drive one out of the first level, and all pages that are to be mapped.

    The second level has those two in another place than ``near``. If this one is not to be first
    there, a page is mapped before it that takes its place, and so it the other one.
    """
    others = [near ^ 1 << 13 ^ 1 << bit for bit in (14, 15)]
    return others, [*([] if first else [near ^ 1 << 16]), near, *others]


def page_at(linear):
    """Access the page at an address."""
    return "access", Access(linear, 8)


@pytest.mark.parametrize("first", [True, False], ids=["one way", "the other"])
@pytest.mark.parametrize("near", NEAR, ids=NEAR_IDS)
def test_neither_a_page_nor_a_table_is_taken_for_one_that_is_a_bit_away(near, first):
    tables = Tables(f"{near} {first}")
    others, mapped = around(near, first=first)

    async def main(cpu):
        judged = JudgedUnit(cpu)
        await judge(judged, [*(edit for page in mapped for edit in tables.page(page)), *START,
                             *map(page_at, mapped)])
        for bit in BITS:
            far = canonical(near ^ 1 << bit)
            hits = cpu.events["hit_second"]
            await judge(judged, [
                ("invlpg", near), page_at(near), page_at(far), *map(page_at, others),
                page_at(far), page_at(near)])
            assert cpu.events["hit_second"] > hits
            # A walk of it begins below the tables that both have in common.
            await judge(judged, [
                *tables.page(far), ("invlpg", near), page_at(near), page_at(far), page_at(near)])

    compiled().run(main, deadline=50_000, maxphyaddr=52)


@pytest.mark.parametrize("first", [True, False], ids=["one way", "the other"])
@pytest.mark.parametrize("near", NEAR, ids=NEAR_IDS)
def test_a_global_page_takes_the_place_of_the_same_page_under_another_pcid(near, first):
    tables = Tables(f"{near} {first}")
    keeps  = 1 << 63
    others, mapped = around(near, first=first)

    def switch(pcid):
        return "control", (Register.CR3, ROOT | pcid | keeps)

    async def main(cpu):
        judged = JudgedUnit(cpu)
        edits  = [edit for page in mapped for edit in tables.page(page)]
        _, leaf, entry = next(edit for edit in edits if edit[2] == tables.entry(near))
        await judge(judged, [
            *edits, *START, ("control", (Register.CR4, CR4_LA57 | PCIDE | PGE)), switch(1),
            *map(page_at, mapped), switch(2), ("edit", leaf, entry ^ 0xfff << 30 | G),
            page_at(near)])
        hits = cpu.events["hit_second"]
        # If both were found, a mixture of them would be used.
        await judge(judged, [switch(1), *map(page_at, others), page_at(near)])
        assert cpu.events["hit_second"] > hits

    compiled().run(main, maxphyaddr=52)


def test_no_row_of_before_a_sweep_is_found_after_it():
    tables = Tables("rows")
    # One for each row: of pages, of each kind of tables.
    pages  = [number << 12 | (number & 3) << 21 | (number & 1) << 30 | (number & 1) << 39
              | (number & 1) << 48 | (number >> 2) << 14 for number in range(8)]

    async def main(cpu):
        judged = JudgedUnit(cpu)
        second = judged.unit.tlb.second
        await judge(judged, [*(edit for page in pages for edit in tables.page(page)), *START])
        before = second.stamps
        await judge(judged, map(page_at, pages))
        while cpu.events["swept"] == 0 or second.stamps != before:
            await judged.do(("control", (Register.CR3, ROOT)))
        await judge(judged, map(page_at, pages))

    compiled().run(main, deadline=100_000, maxphyaddr=52)


def test_accesses_wait_for_a_sweep():
    tables = Tables("waiting")
    stamps = 1 << 10

    async def main(cpu):
        for _, place, entry in tables.page(0):
            cpu.memory.write(place, 8, entry)
        for _, write in START:
            await cpu.write_control(*write)
        # After each write the access has to be walked, also while rows are being cleared.
        responses = await cpu.burst([(Register.CR3, ROOT), Access(0, 8)] * stamps, chained=set(),
                                    ready=lambda cycle: True)
        assert {response.physical for response in responses} == {tables.entry(0) & -0x1000}
        assert cpu.events["swept"] == 1 and cpu.events["missed"] == stamps

    compiled().run(main, deadline=100_000, maxphyaddr=52)


def test_an_access_may_lie_in_two_frames_of_any_bits():
    tables = Tables("two")
    pages  = [number << 12 for number in range(24)]

    async def main(cpu):
        judged = JudgedUnit(cpu)
        await judge(judged, [*(edit for page in pages for edit in tables.page(page)), *START,
                             *(page_at(page + 0xffc) for page in pages[:-1])])

    compiled().run(main, maxphyaddr=52)


def test_an_access_during_a_sweep_uses_no_row_of_before_it():
    tables = Tables("stale")
    # Its rows are the last ones that are cleared.
    page   = 3 << 12 | 3 << 21 | 1 << 30 | 1 << 39 | 1 << 48

    async def main(cpu):
        *_, (_, leaf, _) = edits = list(tables.page(page))
        for _, place, entry in edits:
            cpu.memory.write(place, 8, entry)
        for _, write in START:
            await cpu.write_control(*write)
        while not cpu.events["swept"]:
            await cpu.write_control(Register.CR3, ROOT)
            await cpu.ctx.tick().repeat(12)
        # It gets the first stamp, which all rows get again after the next sweep.
        assert (await cpu.access(Access(page, 8))).physical == tables.entry(page) & -0x1000
        cpu.memory.write(leaf, 8, 0x5000 | P | RW | US | A)
        for _ in range(LAST - 3):
            await cpu.write_control(Register.CR3, ROOT)
        response, = await cpu.burst([(Register.CR3, ROOT), Access(page, 8)], chained=set(),
                                    ready=lambda cycle: True)
        assert cpu.events["swept"] == 2
        assert response.physical == 0x5000

    compiled().run(main, deadline=100_000, maxphyaddr=52)


@pytest.mark.parametrize("bit", range(10))
@pytest.mark.parametrize("first", [True, False], ids=["one way", "the other"])
def test_a_global_page_of_before_a_flush_is_not_found_by_a_stamp_that_is_a_bit_away(first, bit):
    tables = Tables(f"stamps {first} {bit}")
    page   = NEAR[0]
    _, mapped = around(page, first=first)

    async def main(cpu):
        edits = [edit for each in mapped for edit in tables.page(each)]
        _, leaf, entry = next(edit for edit in edits if edit[2] == tables.entry(page))
        for _, place, value in edits:
            cpu.memory.write(place, 8, value | G * (place == leaf))
        for _, write in [*START, ("control", (Register.CR4, CR4_LA57 | PGE))]:
            await cpu.write_control(*write)
        # Of two stamps that are so far apart, one has the bit clear. If it is the highest, that is
        # the first, and a second round would pass the last stamp.
        for number in range(1 + (bit < 9)):
            frame = entry ^ number << 30
            cpu.memory.write(leaf, 8, frame | G)
            for each in mapped:
                await cpu.access(Access(each, 8))
            cpu.memory.write(leaf, 8, frame ^ 1 << 20 | G)
            for _ in range((1 << bit) - 1):
                await cpu.write_control(Register.CR3, ROOT)
            await cpu.invpcid(2, 0)
            assert (await cpu.access(Access(page, 8))).physical == (frame ^ 1 << 20) & -0x1000

    compiled().run(main, deadline=100_000, maxphyaddr=52)


def test_invpcid_of_a_pcid_without_translations_forgets_nothing():
    tables = Tables("nobody")
    page   = NEAR[0]
    _, mapped = around(page, first=True)

    async def main(cpu):
        judged = JudgedUnit(cpu)
        await judge(judged, [*(edit for each in mapped for edit in tables.page(each)), *START,
                             ("control", (Register.CR4, CR4_LA57 | PCIDE))])
        # Rows get the first stamp, which nothing but a sweep gives.
        while not cpu.events["swept"]:
            await judged.do(("control", (Register.CR3, ROOT)))
        await judge(judged, [*map(page_at, mapped), ("invpcid", (0, page << 64 | 5))])
        hits = cpu.events["hit_second"]
        await judge(judged, [page_at(page)])
        assert cpu.events["hit_second"] == hits + 1

    compiled().run(main, deadline=100_000, maxphyaddr=52)
