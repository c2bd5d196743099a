"""Constrained-random operations: accesses, strings, register writes, and how a scene begins."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from sim.golden.state import (
    CR0_PE, CR0_PG, CR4_PAE, EFER_LME, ControlState, Features, PagingMode,
)
from sw.bus import Access, Kind, Register

from .tables import PAGE, Space


__all__ = ["Mood", "Scene", "scene"]


WP, PG = 1 << 16, 1 << 31
PSE, PAE, PGE, SMEP, SMAP = 1 << 4, 1 << 5, 1 << 7, 1 << 20, 1 << 21
LME, LMA, NXE, AC = 1 << 8, 1 << 10, 1 << 11, 1 << 18

#: Values of few kinds, so that a compare-exchange often finds what it expects.
VALUES = (0, 0, (1 << 64) - 1, 0x0101_0101_0101_0101, 0x0123_4567_89ab_cdef)

#: Bits that some register gives a meaning, and a few that none does.
BITS = (0, 3, 4, 5, 7, 8, 10, 11, 12, 16, 18, 20, 21, 29, 30, 31, 32, 39, 40, 51, 63)


@dataclass(frozen=True)
class Mood:
    """What a scene has much of: so that rare things meet each other.

    Attributes
    ----------
    defects : :class:`int`
        How many entries are malformed.
    kinds : :class:`dict`
        How often each kind of access comes.
    crossing, foreign, long_string : :class:`float`
        How likely an access is near the end of its page, an address is not canonical, and a string
        visits page after page.
    """

    defects:     int
    kinds:       dict[Kind, int]
    crossing:    float
    foreign:     float
    long_string: float

    @classmethod
    def of(cls, chance: Random) -> "Mood":
        """Any."""
        return cls(
            chance.choice((0, 1, 1, 2, 6)),
            dict(zip(Kind, chance.choice((
                (3, 3, 2, 1, 1), (3, 3, 2, 1, 1), (1, 1, 1, 3, 3), (1, 1, 4, 1, 1))), strict=True)),
            chance.choice((0.2, 0.4, 0.8)),
            chance.choice((0.02, 0.02, 0.02, 0.3)),
            chance.choice((0.1, 0.6)),
        )


@dataclass
class Scene:
    """A unit in some state, and what may be done there.

    Attributes
    ----------
    chance : :class:`Random`
        Where everything comes from.
    machine : :class:`Features`
        What the unit can do.
    space : :class:`Space` or None
        Paging structures; None without paging.
    registers : list
        Control-register writes that begin the scene.
    mood : :class:`Mood`
        What comes often.
    """

    chance:    Random
    machine:   Features
    mood:      Mood
    space:     Space | None
    registers: list[tuple[Register, int]]

    def access(self, state: ControlState) -> Access:
        """Any access."""
        chance = self.chance
        size   = chance.choice((1, 2, 4, 8))
        user, implicit = chance.choice((
            (False, False), (False, False), (False, False), (True, False), (True, False),
            (True, False), (False, True), (True, True)))
        kind, = chance.choices(*zip(*self.mood.kinds.items(), strict=True))
        return Access(self._linear(state, size), size, kind, user, implicit, self._value(),
                      chance.choice(VALUES))

    def string(self, state: ControlState) -> Iterator[Access]:
        """Accesses upwards, each where the one before it ends, or page after page."""
        first = self.access(state)
        if self.space is not None and self.chance.random() < self.mood.long_string:
            spots  = self.space.spots
            begin  = self.chance.randrange(len(spots))
            linear = [spots[(begin + number) % len(spots)] + first.linear % PAGE
                      for number in range(self.chance.randrange(2, len(spots) + 2))]
        else:
            linear = [first.linear + number * first.size
                      for number in range(self.chance.randrange(2, 7))]
        for place in linear:
            yield Access(place & (1 << 64) - 1, first.size, first.kind, first.user, first.implicit,
                         self._value(), first.compare)

    def toggle(self, state: ControlState) -> tuple[Register, int]:
        """A write of a register that changes a bit which rights depend on, or flushes."""
        chance = self.chance
        bits   = [(Register.CR0, state.cr0, WP), (Register.RFLAGS, AC * state.ac, AC)]
        bits  += [(Register.CR4, state.cr4, SMEP)] * self.machine.smep
        bits  += [(Register.CR4, state.cr4, SMAP)] * self.machine.smap
        bits  += [(Register.CR4, state.cr4, PGE)] * self.machine.pge
        bits  += [(Register.CR3, state.cr3, chance.choice((0, 8, 0x10)))]
        register, value, bit = chance.choice(bits)
        return register, value ^ bit

    def any_write(self, state: ControlState) -> tuple[Register, int]:
        """A write of anything, often one that the architecture forbids."""
        register = self.chance.choice(tuple(Register))
        present  = {
            Register.CR0: state.cr0, Register.CR3: state.cr3, Register.CR4: state.cr4,
            Register.EFER: state.efer, Register.CR2: state.cr2,
        }.get(register, 0)
        for bit in self.chance.sample(BITS, self.chance.randrange(1, 3)):
            present ^= 1 << bit
        return register, present

    def page(self) -> int:
        """A linear address for INVLPG, now and then one that is not canonical."""
        linear = self._spot() + self.chance.randrange(PAGE)
        return linear ^ (1 << 60 if self.chance.random() < 0.1 else 0)

    def _value(self) -> int:
        return self.chance.choice(VALUES) if self.chance.random() < 0.6 \
            else self.chance.getrandbits(64)

    def _spot(self) -> int:
        if self.space is None:
            return self.chance.choice((0x5000, 0xffff_f000, 0x7fff_f000))
        return self.chance.choice(self.space.spots)

    def _end(self) -> int:
        """A linear address where a page ends, often one where another begins."""
        if self.space is not None and self.space.borders and self.chance.random() < 0.7:
            return self.chance.choice(self.space.borders)
        return self._spot() + PAGE

    def _linear(self, state: ControlState, size: int) -> int:
        chance = self.chance
        linear = self._spot() + chance.choice((
            chance.randrange(PAGE), chance.randrange(PAGE // size) * size,
            chance.randrange(PAGE // 8) * 8 + 8 - size // 2, chance.choice((0, 8, 0x28))))
        if chance.random() < self.mood.crossing:
            linear = self._end() - chance.choice((size, size // 2, chance.randrange(1, 9)))
        linear &= (1 << 64) - 1
        if state.mode is not PagingMode.FOUR_LEVELS:
            return linear & 0xffff_ffff | chance.choice((0, chance.getrandbits(32) << 32))
        if chance.random() < self.mood.foreign:
            linear ^= 1 << chance.randrange(48, 64)
        return linear


def scene(chance: Random, machine: Features, *, daring: bool = False) -> Scene:
    """A random scene. In a ``daring`` one, accesses may write tables."""
    long = machine.long_mode and chance.random() < 0.6
    off  = chance.random() < 0.06
    mood = Mood.of(chance)

    def flag(bit: int, likely: float, exists: bool = True) -> int:
        return bit * (exists and chance.random() < likely)

    cr0  = CR0_PE | CR0_PG | flag(WP, 0.6) | flag(0x2e, 0.2) | flag(3 << 29, 0.2)
    cr4  = flag(SMEP, 0.4, machine.smep) | flag(SMAP, 0.4, machine.smap)
    cr4 |= flag(PGE, 0.6, machine.pge) | flag(PSE, 0.7, machine.pse) | CR4_PAE * long
    efer = flag(NXE, 0.7, machine.nx) | flag(1, 0.3, machine.long_mode) | EFER_LME * long
    registers = [(Register.CR4, cr4), (Register.EFER, efer), (Register.RFLAGS, flag(AC, 0.4))]
    if off:
        return Scene(chance, machine, mood, None, [(Register.CR0, cr0 & ~PG), *registers])
    space = Space(chance, machine, long, bool(cr4 & PSE), bool(efer & NXE),
                  mood.defects, daring)
    # CR3 comes last: before long mode is active, only 32 bits of it can be written.
    registers += [(Register.CR0, cr0), (Register.CR3, space.root | chance.choice((0, 8, 0x18)))]
    return Scene(chance, machine, mood, space, registers)
