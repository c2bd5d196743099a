"""Walks of PAE, 4-level and 5-level paging beside a straight-line reading of the manual's tables.

The second reading knows no rights and no refusals: it reads one entry after the other as
the figures draw them, and judges at the end (SDM Vol. 3A, Figures 4-5 to 4-10, Tables 4-8 to 4-20,
sections 4.6, 4.7).
"""

import random
from collections import Counter

import pytest

from sim.golden.permission import Attempt
from sim.golden.state import ControlState
from sim.golden.walk import walk

from .modes_support import LA57, LMA, LME, NXE, PAE, PE, PG, PKE, PKS, SMAP, SMEP, WP, full


def straight(s, a, linear, read):
    """Physical address of an access, or -1 minus the error code of its page fault."""
    code = 2 * a.write + 4 * a.user
    if a.fetch and (s.efer & NXE or s.cr4 & SMEP):   # CR4.PAE is set in all these modes
        code += 16
    seen, ended = straight_walk(s, linear, read)
    if not ended:
        return -1 - code - 9 * (seen[-1] & 1)   # not present, or reserved
    leaf     = seen[-1]
    user     = all(value & 4 for value in seen)
    writable = all(value & 2 for value in seen)
    never    = s.efer & NXE and any(value >> 63 for value in seen)
    pair     = (s.pkru if user else s.pkrs) >> 2 * (leaf >> 59 & 15) & 3
    keyed    = s.efer & LMA and s.cr4 & (PKE if user else PKS) and not a.fetch
    by_key   = keyed and (pair & 1 or pair & 2 and a.write and (a.user or s.cr0 & WP))
    refused  = (a.user and not user or a.write and not writable and (a.user or s.cr0 & WP) or by_key
                or a.fetch and (never or user and not a.user and s.cr4 & SMEP)
                or not a.fetch and not a.user and user and s.cr4 & SMAP
                and (a.implicit or not s.ac))
    if refused:
        return -1 - code - 1 - 32 * bool(by_key)
    return leaf & (1 << s.machine.maxphyaddr) - 1 & -1 << ended | linear & (1 << ended) - 1


def straight_walk(s, linear, read):
    """Entries of a walk, root first, and the bits of an offset in its page; 0 if the last ends it.

    A PDPTE register that is not present ends it with an entry that is 0.
    """
    m, long_mode = s.machine.maxphyaddr, s.efer & LMA
    high = sum(1 << bit for bit in range(m, 52 if long_mode else 63)) | (
        0 if s.efer & NXE else 1 << 63)
    if long_mode:
        table, levels = s.cr3, [48] * bool(s.cr4 & LA57) + [39, 30, 21, 12]
    else:
        table, levels = s.pdptes[linear >> 30], [21, 12]
        if not table & 1:
            return [0], 0
    seen = []
    for shift in levels:
        value = read((table & (1 << m) - 4096) + 8 * (linear >> shift & 511), 8)
        large = value & 0x80 and shift != 12
        wrong = high | {48: 0x80, 39: 0x80, 30: 0x3fffe000, 21: 0x1fe000}[shift] if large else high
        seen.append(value)
        if not value & 1 or value & wrong:
            return seen, 0
        if large or shift == 12:
            return seen, shift
        table = value
    raise AssertionError("a walk ends at a leaf")


ATTEMPTS = [Attempt(), Attempt(write=True), Attempt(fetch=True), Attempt(user=True),
            Attempt(user=True, write=True), Attempt(user=True, fetch=True), Attempt(implicit=True),
            Attempt(implicit=True, write=True)]


def some_entry(chance, m):
    """An entry that is mostly generous: few walks would get anywhere otherwise."""
    value = chance.getrandbits(40) << 12 & (1 << m) - 1 | 0x7 | chance.getrandbits(5) << 3 & ~0x80
    value |= 0x80 * (chance.random() < 0.15)
    if value & 0x80 and chance.random() < 0.8:
        value &= ~0x3fffe000
    value |= chance.getrandbits(4) << 59 if chance.random() < 0.3 else 0
    value ^= 1 << chance.choice((0, 1, 2, 1, 2, 63, 63, chance.randrange(64))) \
        if chance.random() < 0.15 else 0
    return value


def some_state(chance, mode):
    """Registers in a mode, with random bits beside those that select it."""
    m    = chance.choice((36, 40, 46, 52))
    cr4  = sum(bit for bit in (SMEP, SMAP, PKE, PKS) if chance.random() < 0.4) | PAE
    cr4 |= LA57 if mode == "5-level" else 0
    efer = (0 if mode == "PAE" else LME | LMA) | NXE * (chance.random() < 0.8)
    return ControlState(
        machine=full(maxphyaddr=m), cr0=PE | PG | WP * chance.getrandbits(1), cr4=cr4, efer=efer,
        cr3=chance.getrandbits(m), ac=bool(chance.getrandbits(1)),
        pkru=chance.getrandbits(32) & chance.getrandbits(32),
        pkrs=chance.getrandbits(32) & chance.getrandbits(32),
        pdptes=tuple(chance.getrandbits(m - 12) << 12 | (chance.random() < 0.9)
                     for _ in range(4)))


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["PAE", "4-level", "5-level"])
def test_two_readings_of_the_manual_agree_on_random_walks(mode):
    chance = random.Random(37)
    ends   = Counter()
    for _ in range(2000):
        state  = some_state(chance, mode)
        linear = chance.getrandbits({"PAE": 32, "4-level": 47, "5-level": 56}[mode])
        memory = {}

        def read(address, size, memory=memory, m=state.machine.maxphyaddr):
            return memory.setdefault(address, some_entry(chance, m))

        for attempt in ATTEMPTS:
            found    = walk(state, attempt, linear, read)
            expected = straight(state, attempt, linear, read)
            if found.translation is None:
                assert -1 - found.error_code == expected
                ends[found.refusal] += 1
            else:
                assert found.translation.translate(linear) == expected
                ends[found.translation.size] += 1
    assert len(ends) == (11 if mode == "PAE" else 16)
