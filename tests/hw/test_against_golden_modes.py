"""Random ways from paging mode to paging mode, with whole registers full of anything.

Whatever the present mode ignores is random: bits of the operand of a control write, bits that an
earlier mode left in a register, bits of linear addresses and of entries. Two models judge every
step, so a bit that still counts is found. In long mode there are PCIDs now and then. Sequences are
the same in every run.
"""

import random
from collections import Counter

import pytest
from paging_support import FIVE_LEVELS, FOUR_LEVELS, PAE_TABLES, TWO_LEVELS

from sim.golden.state import PagingMode
from sw.bus import Access, Kind, Register

from .judge_support import JudgedUnit
from .mmu_support import SMALL, STROBES, bench_of, compiled


P, RW, US, A, D, PS, G = 1, 2, 4, 0x20, 0x40, 0x80, 0x100
PE, WP, CD, PG = 1, 1 << 16, 1 << 30, 1 << 31
PSE, PAE, PGE, LA57, SMEP, SMAP = 1 << 4, 1 << 5, 1 << 7, 1 << 12, 1 << 20, 1 << 21
PCIDE, NOFLUSH = 1 << 17, 1 << 63
LME, NXE, XD = 1 << 8, 1 << 11, 1 << 63

FORMS = {
    PagingMode.BITS_32: TWO_LEVELS, PagingMode.PAE: PAE_TABLES,
    PagingMode.FOUR_LEVELS: FOUR_LEVELS, PagingMode.FIVE_LEVELS: FIVE_LEVELS,
}

#: Addresses of tables, root first, in each form, and of pages.
ROOTS  = (0x1000, 0x2000, 0x3000)
TABLES = {
    PagingMode.BITS_32: (0x9000,), PagingMode.PAE: (0x5000,),
    PagingMode.FOUR_LEVELS: (0x6000, 0x7000, 0x8000),
    PagingMode.FIVE_LEVELS: (0x4000, 0x6000, 0x7000, 0x8000),
}
PAGES  = (0x8000_c000, 0x1010_d000, 0x0801_e000)

#: Page directories of PAE paging.
DIRECTORIES = (0xa000, 0xb000)

#: Pages, and neighbours of theirs; the last two are that in 32 bits.
LINEARS = (0x4060_5000, 0x4060_6000, 0x7fff_f000, 0x8000_0000, 0xffff_f000, 0)

#: Pages of 5-level paging besides.
HIGH = (0x00ab_8000_4060_5000, 0xff54_8000_4060_5000, 0x00ff_ffff_ffff_f000)

#: PCIDs.
CONTEXTS = (0, 1, 0xfff)

#: Bits 11 to 9 are ignored in every entry; PWT and PCD select a memory type. D and G of upper
#: entries are ignored besides, and G without CR4.PGE.
IGNORED = 0xe18


class Wanderer:
    """A source of steps that suit the mode that the machine is in.

    Parameters
    ----------
    judged : :class:`JudgedUnit`
        The machine.
    chance : :class:`random.Random`
        The source of randomness.
    """

    def __init__(self, judged, chance):
        self.judged, self.chance = judged, chance
        self.machine    = judged.allowed.state.machine
        self.maxphyaddr = self.machine.maxphyaddr

    @property
    def state(self):
        """Control state."""
        return self.judged.allowed.state

    def some(self, mask, share=0.8):
        """Some bits of a mask, at random, or none of them."""
        return mask & self.chance.getrandbits(64) if self.chance.random() < share else 0

    def next(self):
        """The steps that come next."""
        kind = self.chance.choices(("access", "move", "write", "anything", "invlpg", "context"),
                                   (12, 6, 4, 1, 1, 4))[0]
        return getattr(self, f"_{kind}")()

    # Control registers.

    def _operand(self, value):
        """``value`` with what the present mode ignores of an operand: its upper half."""
        return value | self.some(0xffff_ffff << 32) * (not self.state.long_mode)

    def _cr0(self, paging):
        ignored = 0x1ffa_ffd0  # bits that do not exist, and ET
        return "control", (Register.CR0, self._operand(
            PE | PG * paging | self.some(ignored) | self.some(WP) | self.some(CD, share=0.2)))

    def _cr3(self):
        low = self.some(0xfff)
        if self.state.pcid_enable:
            low = self.chance.choice(CONTEXTS) | self.some(NOFLUSH)
        return "control", (Register.CR3, self._operand(self._root() | low))

    def _root(self):
        """The address of a root; in long mode, mostly one with bits that other modes ignore."""
        high = self.some((1 << self.maxphyaddr) - (1 << 32), share=0.9)
        return self.chance.choice(ROOTS) | high * self.state.long_mode

    def _cr4(self, *, pae, la57, pcide=None):
        """A write of CR4, which leaves PCIDE as it is if nothing is said of it."""
        kept = self.state.cr4 & PCIDE if pcide is None else PCIDE * pcide
        return "control", (Register.CR4, self._operand(
            PAE * pae | LA57 * la57 | kept | self.some(PSE | PGE | SMEP | SMAP)))

    def _efer(self, *, lme):
        return "control", (Register.EFER, LME * lme | self.some(NXE) | self.some(1 | 1 << 10))

    def _move(self):
        """Go to a mode, by writes in an order that need not be a legal one.

        With PCIDs there is no way out of long mode: mostly they are given up before.
        """
        pcide  = bool(self.state.pcid_enable and self.chance.random() < 0.2)
        long   = self.chance.random() < 0.5
        pae    = long or (self.machine.pae and self.chance.random() < 0.5)
        la57   = self.machine.la57 and self.chance.random() < 0.5
        writes = [self._cr4(pae=pae, la57=la57, pcide=pcide), self._efer(lme=long)]
        writes += [self._cr3()] * (self.chance.random() < 0.2)
        self.chance.shuffle(writes)
        off = [self._cr0(paging=False)] * (self.chance.random() < 0.9)
        on  = [self._cr0(paging=True)] * (self.chance.random() < 0.9)
        given_up = [self._stay(pcide=False)] * (self.state.pcid_enable and not pcide)
        return [*self._write_pdptes(), *given_up, *off, *writes, *on]

    def _stay(self, pcide=None):
        """A write of CR4 that changes no mode."""
        return self._cr4(pae=bool(self.state.cr4 & PAE), la57=bool(self.state.cr4 & LA57),
                         pcide=pcide)

    def _write_pdptes(self):
        """Edits of the PDPTEs at each place where CR3 may be, which are seldom malformed.

        Only a unit that has PAE paging looks at them; a walk in another mode finds other entries.
        """
        if not self.machine.pae or self.chance.random() < 0.1:
            return
        self.judged.entry_size = 8
        for root in {*ROOTS, self.state.cr3 & 0xffff_ffe0}:
            for number in range(4):
                value = self.chance.choice(DIRECTORIES) | P | self.some(0xe18)
                if self.chance.random() < 0.15:
                    value = self.some(-1) & ~P
                if self.chance.random() < 0.02:
                    value |= self.some(0x1e6 | -1 << self.maxphyaddr)
                yield "edit", root + 8 * number, value

    def _write(self):
        """Write a register without a change of mode."""
        return [self.chance.choice((
            self._cr0(paging=bool(self.state.cr0 & PG)), self._cr3(), self._cr3(), self._stay(),
            self._efer(lme=bool(self.state.efer & LME)),
            ("control", (Register.RFLAGS, self.chance.getrandbits(64))),
            ("control", (Register.CR2, self.chance.getrandbits(64)))))]

    def _anything(self):
        """Write anything to any register."""
        return [("control", (self.chance.choice(list(Register)), self.chance.getrandbits(64)))]

    def _context(self):
        """Turn PCIDs on, which is refused outside of long mode; or go to one, or forget one."""
        if not self.state.pcid_enable:
            return [("control", (Register.CR3, self._operand(self._root()))),
                    self._stay(pcide=True)]
        if self.machine.invpcid and self.chance.random() < 0.3:
            pcid = self.chance.choice(CONTEXTS) | self.some(1 << 12, share=0.1)
            return [("invpcid", (self.chance.randrange(5), self._linear() << 64 | pcid))]
        return [self._cr3()]

    # Accesses.

    def _linear(self):
        """An address, with what the present mode ignores of it: its upper half."""
        high   = HIGH * (self.state.mode is PagingMode.FIVE_LEVELS)
        linear = self.chance.choice(LINEARS + high) | self.chance.choice((0, 8, 0xffa))
        if not self.state.long_mode:
            return linear | self.some(0xffff_ffff << 32)
        return linear ^ self.some(1 << self.chance.randrange(32, 64), share=0.2)

    def _invlpg(self):
        return [("invlpg", self._linear() | self.chance.randrange(0x1000))]

    def _access(self):
        """Map a page, most of the time, and access it or a page near it."""
        linear = self._linear()
        access = Access(
            linear, self.chance.choice((1, 4, 8)), self.chance.choice(list(Kind)),
            self.chance.random() < 0.3, self.chance.random() < 0.1)
        maps = self.state.mode is not PagingMode.OFF and self.chance.random() < 0.8
        return [*(self._map(linear) if maps else ()), ("access", access)]

    def _map(self, linear):
        """Edits that map the page of ``linear`` in the present mode."""
        mode   = self.state.mode
        levels, size = FORMS[mode]
        self.judged.entry_size = size
        root   = self.state.cr3 & 0xf_ffff_ffff_f000
        table  = root if self.state.long_mode else root & 0xffff_f000
        if mode is PagingMode.PAE:
            table = self.state.pdptes[linear >> 30 & 3] & 0xf_ffff_ffff_f000
        depth  = len(levels)
        if self.chance.random() < 0.2 and (size == 8 or self.state.cr4 & PSE):
            depth -= 1
        for level, (shift, bits) in enumerate(levels[:depth]):
            place = table + (linear >> shift & (1 << bits) - 1) * size
            leaf  = level == depth - 1
            below = self.chance.choice(PAGES) if leaf else TABLES[mode][level]
            if shift > 12 and leaf:
                below = below & -1 << shift | PS | self.some(1 << 12)  # PAT
            elif leaf:
                below |= self.some(PS)                                 # PAT too, in a PTE
            yield "edit", place, below | self._flags(size, upper=not leaf)
            table = below

    def _flags(self, size, *, upper):
        """Flags of an entry: what is ignored in it is random."""
        flags = P | RW | self.some(US | A) | self.some(IGNORED) | self.some(G)
        if upper:
            flags |= self.some(D)
            flags |= self.some(PS) * (size == 4 and not self.state.cr4 & PSE)
        if size == 8:
            flags |= self.some(XD) * bool(self.state.efer & NXE)
        if self.state.long_mode:
            flags |= self.some(0x7ff << 52)
        return flags


def judge_a_way(bench, modes, *, count, maxphyaddr=40):
    """Go a way of ``count`` steps through ``modes``, and some more; the strobes that it had."""
    visited, strobes = [], Counter()

    async def main(cpu):
        judged   = JudgedUnit(cpu)
        wanderer = Wanderer(judged, random.Random(maxphyaddr))
        for _ in range(count):
            for step in wanderer.next():
                await judged.do(step)
            visited.append(judged.allowed.state)
        judged.compare_memories(
            {*ROOTS, *DIRECTORIES, *PAGES, *(table for mode in TABLES for table in TABLES[mode])})
        strobes.update(cpu.events)

    bench.run(main, deadline=100_000, maxphyaddr=maxphyaddr)
    seen = Counter(state.mode for state in visited)
    assert all(seen[mode] > 20 for mode in modes), seen
    for mode in {PagingMode.BITS_32, PagingMode.PAE} & set(modes):
        assert sum(state.mode is mode and state.cr3 >> 32 > 0 for state in visited) > 5
    return set(strobes)


#: Nobody else edits a table meanwhile, all of memory answers, and the unit keeps more PCIDs apart.
NEVER = {"walk_again", "bus_error", "expired"}

#: Stamps are used up by some thousand invalidations, which one way has and another has not.
RARE = {"swept"}


@pytest.mark.slow
@pytest.mark.parametrize("maxphyaddr", [40, 52])
def test_what_a_mode_ignores_does_not_count(maxphyaddr):
    strobes = judge_a_way(compiled(), list(PagingMode), count=1200, maxphyaddr=maxphyaddr)
    assert strobes - RARE == set(STROBES) - NEVER - RARE


@pytest.mark.slow
def test_nor_does_it_without_pae_paging_and_5_levels():
    modes = set(PagingMode) - {PagingMode.PAE, PagingMode.FIVE_LEVELS}
    strobes = judge_a_way(bench_of(**SMALL), modes, count=500)
    assert strobes - RARE == set(STROBES) - NEVER - RARE - {"accessed[4]"}
