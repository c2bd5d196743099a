"""Protection keys against the golden model, over the whole product of what they depend on.

A page's verdict by key depends on its R/W and U/S, on the access and its privilege, on CR0.WP,
CR4.PKE, CR4.PKS, SMAP, and on AD and WD for its key in both registers. All of that is covered, each
combination both by a walk and by a hit, for pages of every size. Every other key has the opposite
rights, so that a wrong key is seen.
"""

import itertools
from dataclasses import replace

import pytest
from paging_support import CR0_32, CR4_LONG, EFER_LONG, FOUR_LEVELS, ROOT, write_chain

from hw.presets import PRESETS
from sim.golden.stale import StaleModel
from sim.paging.walk import features_of
from sw.bus import Access, Kind, Register

from .compiled_support import CompiledUnit


pytestmark = pytest.mark.slow


P, RW, US, A, D, PS = 1, 2, 4, 0x20, 0x40, 0x80
WP, SMAP, PKE, PKS = 1 << 16, 1 << 21, 1 << 22, 1 << 24

LINEAR = 0x4060_5000
FRAMES = {4: 0x80_8000_5000, 3: 0x80_8060_0000 | PS, 2: 0x80_4000_0000 | PS}

#: (user, implicit). There is no implicit fetch.
ACCESSES = tuple(
    Access(LINEAR + 8, 8, kind, user, implicit, data=0x0123_4567_89ab_cdef)
    for kind in Kind for user, implicit in itertools.product((False, True), repeat=2)
    if kind is not Kind.FETCH or not implicit
)


def rights_of(key, pair):
    """Value of a register that gives ``key`` the bits ``pair``, and the others the opposite."""
    return (~0 if pair == 0 else 0) & 0xffff_ffff & ~(3 << 2 * key) | pair << 2 * key


class Duel:
    """The gateware and the model of what the manual allows, with the same registers and memory."""

    def __init__(self, unit):
        self.unit  = unit
        self.model = StaleModel.of(features_of(PRESETS["full"]))

    async def write(self, register, value):
        self.model.write_control(register, value)
        await self.unit.write_control(register, value)

    def map_page(self, leaf, depth):
        for memory in (self.unit.memory, self.model.memory):
            write_chain(memory.write, FOUR_LEVELS, LINEAR, leaf, depth=depth)

    async def agrees(self, access):
        outcome = await self.unit.access(access)
        return self.model.judge(access, outcome, lambda at: self.unit.memory.read(at, 1))


def wrong(main):
    """Cases that ``main``, which yields a name for each and whether it agreed, has found wrong."""
    found = []

    async def run(unit):
        duel = Duel(unit)
        for register, value in ((Register.CR4, CR4_LONG), (Register.EFER, EFER_LONG),
                                (Register.CR3, ROOT), (Register.CR0, CR0_32)):
            await duel.write(register, value)
        async for case, agreed in main(duel):
            if not agreed:
                found.append(case)

    CompiledUnit(PRESETS["full"]).run(run, deadline=5_000_000)
    return found


@pytest.mark.parametrize("depth", FRAMES, ids=["4K", "2M", "1G"])
def test_a_walk_and_a_hit_are_judged_as_the_golden_model_judges(depth):
    keys = itertools.cycle(range(16))

    async def main(duel):
        for flags, access in itertools.product((RW | US, RW, US, 0), ACCESSES):
            key  = next(keys)
            leaf = FRAMES[depth] | flags | key << 59 | P | A | D
            for pkru, pkrs in itertools.product(range(4), repeat=2):
                await duel.write(Register.PKRU, rights_of(key, pkru))
                await duel.write(Register.PKRS, rights_of(key, pkrs))
                for wp, cr4 in itertools.product((0, WP), (0, PKE, PKS, PKE | PKS, PKE | SMAP)):
                    await duel.write(Register.CR0, CR0_32 | wp)
                    await duel.write(Register.CR4, CR4_LONG | cr4)
                    duel.map_page(leaf, depth)
                    await duel.write(Register.CR3, ROOT)
                    case = (flags, access, key, pkru, pkrs, wp, cr4)
                    yield ("walk", *case), await duel.agrees(access)
                    # A fetch from a page with all rights fills the TLB whatever the keys.
                    await duel.write(Register.CR3, ROOT)
                    fetch = replace(access, kind=Kind.FETCH, user=bool(flags & US), implicit=False)
                    yield ("fill", *case), await duel.agrees(fetch)
                    yield ("hit", *case), await duel.agrees(access)

    assert wrong(main) == []


def test_the_present_registers_count_and_the_cached_key():
    # Nothing is flushed but by page faults: the model allows the old key and the new one.
    async def main(duel):
        await duel.write(Register.CR4, CR4_LONG | PKE | PKS)
        for key, other, flags in itertools.product(range(16), (0, 7, 15), (RW | US, RW)):
            duel.map_page(FRAMES[4] | flags | key << 59 | P | A | D, 4)
            await duel.write(Register.CR3, ROOT)
            for pair, access in itertools.product(range(4), ACCESSES):
                await duel.write(Register.PKRU, rights_of(key, pair))
                await duel.write(Register.PKRS, rights_of(key, pair))
                yield ("kept", key, pair, access), await duel.agrees(access)
                duel.map_page(FRAMES[4] | flags | other << 59 | P | A | D, 4)
                yield ("edited", key, other, pair, access), await duel.agrees(access)
                duel.map_page(FRAMES[4] | flags | key << 59 | P | A | D, 4)

    assert wrong(main) == []
