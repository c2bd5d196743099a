"""Constrained-random stimulus: tables and registers to begin with, and operations."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Self

from sim.coverage.points.terms import KEYS
from sim.golden.state import (
    CR0_CD, CR0_NW, CR0_PE, CR0_PG, CR0_WP, CR4_LA57, CR4_PAE, CR4_PCIDE, CR4_PGE, CR4_PKE,
    CR4_PKS, CR4_PSE, CR4_SMAP, CR4_SMEP, EFER_LME, EFER_NXE, EFER_SCE, RFLAGS_AC, ControlState,
    Features, PagingMode,
)
from sw.bus import Access, Kind, Register

from .table_entries import PAGE
from .tables import PagingTables


__all__ = ["Stimulus", "StimulusWeights", "random_stimulus"]


#: CR0.MP, EM, TS and NE, which paging does not depend on.
CR0_OTHERS = 0x2e

#: Values of few kinds, so that a compare-exchange often finds what it expects.
VALUES = (0, 0, (1 << 64) - 1, 0x0101_0101_0101_0101, 0x0123_4567_89ab_cdef)

#: Bits that some register gives a meaning, and a few that none does.
BITS = (0, 3, 4, 5, 7, 8, 10, 11, 12, 16, 17, 18, 20, 21, 29, 30, 31, 32, 39, 40, 51, 63)

#: PCIDs that CR3 is written with, beside those that differ from the current one in a bit.
PCIDS = (0, 1, 2, 3)

#: Those of CR4 that exist with protection keys.
KEY_BITS = (22, 24)


@dataclass(frozen=True)
class StimulusWeights:
    """Weights that differ from one stimulus to the next, so that rare conditions meet each other.

    Attributes
    ----------
    defects : :class:`int`
        Weight of malformed entries.
    kinds : :class:`dict`
        Weight of each kind of access.
    crossing, non_canonical, page_string : :class:`float`
        Probability that an access is near the end of its page, that an address is not canonical,
        and that a string visits page after page.
    """

    defects:       int
    kinds:         dict[Kind, int]
    crossing:      float
    non_canonical: float
    page_string:   float

    @classmethod
    def draw(cls, rng: Random) -> Self:
        """Random weights."""
        return cls(
            rng.choice((0, 1, 1, 2, 6)),
            dict(zip(Kind, rng.choice((
                (3, 3, 2, 1, 1), (3, 3, 2, 1, 1), (1, 1, 1, 3, 3), (1, 1, 4, 1, 1))), strict=True)),
            rng.choice((0.2, 0.4, 0.8)),
            rng.choice((0.02, 0.02, 0.02, 0.3)),
            rng.choice((0.1, 0.6)),
        )


@dataclass
class Stimulus:
    """Initial tables and registers, and a source of operations that fit them.

    Attributes
    ----------
    rng : :class:`Random`
        Random source.
    features : :class:`Features`
        Features of the unit.
    weights : :class:`StimulusWeights`
        Weights of the operations.
    tables : :class:`PagingTables` or None
        Paging structures; None without paging.
    registers : list
        Control-register writes to begin with.
    """

    rng:       Random
    features:  Features
    weights:   StimulusWeights
    tables:    PagingTables | None
    registers: list[tuple[Register, int]]

    def access(self, state: ControlState) -> Access:
        """A random access."""
        rng  = self.rng
        size = rng.choice((1, 2, 4, 8))
        user, implicit = rng.choice((
            (False, False), (False, False), (False, False), (True, False), (True, False),
            (True, False), (False, True), (True, True)))
        kind, = rng.choices(*zip(*self.weights.kinds.items(), strict=True))
        return Access(self._linear(state, size), size, kind, user, implicit, self._value(),
                      rng.choice(VALUES))

    def string(self, state: ControlState) -> Iterator[Access]:
        """Accesses upwards, each where the one before it ends, or page after page."""
        first = self.access(state)
        if self.tables is not None and self.rng.random() < self.weights.page_string:
            targets = self.tables.targets
            begin   = self.rng.randrange(len(targets))
            linears = [targets[(begin + number) % len(targets)] + first.linear % PAGE
                       for number in range(self.rng.randrange(2, len(targets) + 2))]
        else:
            linears = [first.linear + number * first.size
                       for number in range(self.rng.randrange(2, 7))]
        for linear in linears:
            yield Access(linear & (1 << 64) - 1, first.size, first.kind, first.user, first.implicit,
                         self._value(), first.compare)

    def toggle(self, state: ControlState) -> tuple[Register, int]:
        """A write of a register that changes a bit which rights depend on, or flushes."""
        rng   = self.rng
        bits  = [(Register.CR0, state.cr0, CR0_WP),
                 (Register.RFLAGS, RFLAGS_AC * state.ac, RFLAGS_AC)]
        bits += [(Register.CR4, state.cr4, CR4_SMEP)] * self.features.smep
        bits += [(Register.CR4, state.cr4, CR4_SMAP)] * self.features.smap
        bits += [(Register.CR4, state.cr4, CR4_PGE)] * self.features.pge
        bits += [(Register.CR3, self._cr3(state, state.pcid ^ rng.choice((0, 8, 0x10))), 0)]
        if self.features.pcid and (not state.pcid_enable or rng.random() < 0.2):
            bits += [(Register.CR4, state.cr4, CR4_PCIDE)]
        if self.features.pae and not state.long_mode:
            bits += [(Register.CR0, state.cr0, CR0_CD)] * (not state.cr0 & CR0_NW)
            # From PAE paging to 32-bit paging or back, which the tables seldom suit.
            bits += [(Register.CR4, state.cr4, CR4_PAE)] * (rng.random() < 0.2)
        # Programs write PKRU more often than any other register.
        if self.features.pku:
            bits += [(Register.CR4, state.cr4, CR4_PKE)]
            bits += [(Register.PKRU, 0, _key_rights(rng))] * 4
        if self.features.pks:
            bits += [(Register.CR4, state.cr4, CR4_PKS), (Register.PKRS, 0, _key_rights(rng))]
        register, value, bit = rng.choice(bits)
        return register, value ^ bit

    def other_pcid(self, state: ControlState) -> tuple[Register, int]:
        """A write of CR3 while there are PCIDs, with any of them."""
        return self.to_pcid(state, self.rng.choice((*PCIDS, state.pcid)))

    def to_pcid(self, state: ControlState, pcid: int) -> tuple[Register, int]:
        """A write of CR3 with this PCID: mostly one that flushes nothing."""
        return Register.CR3, self._cr3(state, pcid) | self.rng.choice((0, 1 << 63, 1 << 63))

    def any_write(self, state: ControlState) -> tuple[Register, int]:
        """A write of any register, often one that the architecture forbids."""
        register = self.rng.choice(tuple(Register))
        value    = {
            Register.CR0: state.cr0, Register.CR3: state.cr3, Register.CR4: state.cr4,
            Register.EFER: state.efer, Register.CR2: state.cr2, Register.PKRU: state.pkru,
            Register.PKRS: state.pkrs,
        }.get(register, 0)
        bits = BITS + KEY_BITS * (self.features.pku or self.features.pks)
        for bit in self.rng.sample(bits, self.rng.randrange(1, 3)):
            value ^= 1 << bit
        return register, value

    def page(self) -> int:
        """A linear address for INVLPG, now and then one that is not canonical."""
        linear = self._target() + self.rng.randrange(PAGE)
        return linear ^ (1 << 60 if self.rng.random() < 0.1 else 0)

    def invpcid(self) -> tuple[int, int]:
        """A type of INVPCID, and a descriptor; now and then one that is malformed."""
        rng  = self.rng
        pcid = rng.choice(PCIDS) | (1 << 12 if rng.random() < 0.1 else 0)
        linear = self.page() & (1 << 64) - 1
        return rng.choice((0, 0, 1, 1, 2, 3, 4)), linear << 64 | pcid

    def _cr3(self, state: ControlState, low: int) -> int:
        """A value of CR3 with these low bits: a PCID, or without PCIDs any.

        Each PCID has its root always: another one would leave its translations stale.
        """
        if self.tables is None:
            return state.cr3 & ~0xfff | low
        return self.tables.root_of(low if state.pcid_enable else 0) | low

    def _value(self) -> int:
        return self.rng.choice(VALUES) if self.rng.random() < 0.6 \
            else self.rng.getrandbits(64)

    def _target(self) -> int:
        if self.tables is None:
            return self.rng.choice((0x5000, 0xffff_f000, 0x7fff_f000))
        return self.rng.choice(self.tables.targets)

    def _page_end(self) -> int:
        """The end of a page, often one where another begins."""
        if self.tables is not None and self.tables.boundaries and self.rng.random() < 0.7:
            return self.rng.choice(self.tables.boundaries)
        return self._target() + PAGE

    def _linear(self, state: ControlState, size: int) -> int:
        rng = self.rng
        linear = self._target() + rng.choice((
            rng.randrange(PAGE), rng.randrange(PAGE // size) * size,
            rng.randrange(PAGE // 8) * 8 + 8 - size // 2, rng.choice((0, 8, 0x28))))
        if rng.random() < self.weights.crossing:
            linear = self._page_end() - rng.choice((size, size // 2, rng.randrange(1, 9)))
        linear &= (1 << 64) - 1
        if not state.long_mode:
            return linear & 0xffff_ffff | rng.choice((0, rng.getrandbits(32) << 32))
        if rng.random() < self.weights.non_canonical:
            linear ^= 1 << rng.randrange(57 if state.cr4 & CR4_LA57 else 48, 64)
        return linear


def _key_rights(rng: Random) -> int:
    """A value of PKRU or IA32_PKRS that takes rights away from some of the keys of tables."""
    pairs = {key: rng.choice((0, 0, 1, 2, 2, 3)) for key in KEYS}
    return sum(pair << 2 * key for key, pair in pairs.items()) | rng.choice((0, 0, 0x55_5000))


def random_stimulus(rng: Random, features: Features, *, self_mapped: bool = False) -> Stimulus:
    """A random stimulus. In a ``self_mapped`` one, accesses may write tables."""
    long_mode = features.long_mode and rng.random() < 0.6
    mode      = PagingMode.FOUR_LEVELS if long_mode else PagingMode.BITS_32
    if long_mode and features.la57 and rng.random() < 0.5:
        mode = PagingMode.FIVE_LEVELS
    elif not long_mode and features.pae and rng.random() < 0.6:
        mode = PagingMode.PAE
    paging    = rng.random() >= 0.06
    weights   = StimulusWeights.draw(rng)

    def flag(bit: int, likely: float, exists: bool = True) -> int:
        return bit * (exists and rng.random() < likely)

    cr0  = CR0_PE | CR0_PG | flag(CR0_WP, 0.6) | flag(CR0_OTHERS, 0.2) | flag(CR0_CD | CR0_NW, 0.2)
    cr4  = flag(CR4_SMEP, 0.4, features.smep) | flag(CR4_SMAP, 0.4, features.smap)
    cr4 |= flag(CR4_PGE, 0.6, features.pge) | flag(CR4_PSE, 0.7, features.pse)
    cr4 |= flag(CR4_PKE, 0.6, features.pku) | flag(CR4_PKS, 0.6, features.pks)
    cr4 |= CR4_PAE * (mode is not PagingMode.BITS_32)
    cr4 |= CR4_LA57 * (mode is PagingMode.FIVE_LEVELS)
    cr4 |= flag(CR4_LA57, 0.3, features.la57 and not long_mode)
    efer = flag(EFER_NXE, 0.7, features.nx) | flag(EFER_SCE, 0.3, features.long_mode)
    efer |= EFER_LME * long_mode
    registers = [(Register.CR4, cr4), (Register.EFER, efer),
                 (Register.RFLAGS, flag(RFLAGS_AC, 0.4))]
    registers += [(Register.PKRU, _key_rights(rng))] if features.pku else []
    registers += [(Register.PKRS, _key_rights(rng))] if features.pks else []
    if not paging:
        registers.insert(0, (Register.CR0, cr0 & ~CR0_PG))
        return Stimulus(rng, features, weights, None, registers)
    pcids  = features.pcid and long_mode and rng.random() < 0.6
    tables = PagingTables(rng, features, mode, bool(cr4 & CR4_PSE), bool(efer & EFER_NXE),
                          weights.defects, self_mapped, contexts=2 if pcids else 1)
    root   = tables.root | rng.choice((0, 8, 0x18))
    # CR3 comes last: before long mode is active, only 32 bits of it can be written. PAE paging,
    # which has no more, needs it before.
    registers += [(Register.CR3, root)] * (mode is PagingMode.PAE)
    registers += [(Register.CR0, cr0), (Register.CR3, root)]
    if pcids:
        registers += [(Register.CR3, tables.root), (Register.CR4, cr4 | CR4_PCIDE)]
    return Stimulus(rng, features, weights, tables, registers)
