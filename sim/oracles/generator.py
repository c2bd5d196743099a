"""Random access vectors for machines with little memory: any mode, right and wrong entries."""

import random
from collections.abc import Iterator, Mapping

from sim.vectors.vector import Vector, VectorStep

from .layout import MEMORY, Mode


__all__ = ["random_vectors"]


_P, _RW, _US, _A, _D, _PS, _G, _XD = (1 << bit for bit in (0, 1, 2, 5, 6, 7, 8, 63))

_LME, _LMA, _SCE, _NXE = 1 << 8, 1 << 10, 1 << 0, 1 << 11

_ADDRESS = 0x000f_ffff_ffff_f000

#: Bits of CR4 that a vector has or not: PSE, PGE, SMEP, SMAP; and, in long mode, PKE and PKS.
_CR4, _CR4_KEYS = (1 << 4, 1 << 7, 1 << 20, 1 << 21), (1 << 22, 1 << 24)

#: Page numbers of tables and pages: above what a PC keeps at 1 MiB.
_FRAMES = range(0x200, 0x7_0000)


def random_vectors(seed: int, modes: Mapping[Mode, int], *, keys: bool) -> Iterator[Vector]:
    """Yield vectors without end, in any of ``modes``, whose physical addresses have so many bits.

    With ``keys`` long mode has protection keys as well. The same seed brings the same vectors.
    """
    rng   = random.Random(seed)
    known = list(modes)
    for number in range(1 << 63):
        mode = rng.choice(known)
        yield _vector(rng, number, mode, modes[mode], keys=keys and mode.long)


def _vector(rng: random.Random, number: int, mode: Mode, maxphyaddr: int, *, keys: bool) -> Vector:
    linear = _linear(rng, mode)
    root   = rng.choice(_FRAMES[:0x4000]) << 12
    if mode.levels == 3:
        root |= rng.randrange(128) << 5
    entries: dict[int, int] = {}
    for page in (linear, linear + 0x1000 & mode.highest):
        _map(rng, entries, mode, root, page, maxphyaddr)
    cr4 = mode.cr4 & 0x1020 | sum(bit for bit in _CR4 if rng.random() < 0.5)
    if keys:
        cr4 |= sum(bit for bit in _CR4_KEYS if rng.random() < 0.5)
    before = None
    if rng.random() < 0.3:
        before = [_access(rng, linear + rng.choice([0, 0, 1, 8]) & mode.highest)
                  for _ in range(rng.randrange(3))]
    return Vector(
        number, 0x8000_0011 | rng.getrandbits(1) << 16, root, cr4,
        (_LME | _LMA | _SCE if mode.long else 0) | rng.choice([0, _NXE]),
        # Key 0 is that of the guest itself.
        rng.getrandbits(32) if keys else 0, rng.getrandbits(30) << 2 if keys else 0,
        maxphyaddr, _access(rng, linear), list(entries.items()), before)


def _linear(rng: random.Random, mode: Mode) -> int:
    if not mode.long:
        linear = rng.getrandbits(32)
    else:
        bits   = 12 + 9 * mode.levels
        linear = rng.getrandbits(bits)
        linear |= ((1 << 64) - (1 << bits)) * (linear >> bits - 1)
        if rng.random() < 0.02:
            linear ^= 1 << rng.randrange(bits - 1, 64)
    if rng.random() < 0.2:
        linear = linear & -0x1000 | rng.randrange(0xff9, 0x1000)
    return linear


def _access(rng: random.Random, linear: int) -> VectorStep:
    return VectorStep(rng.choice(["read", "write", "fetch", "rmw"]), linear,
                      rng.choice([1, 2, 4, 8]), 0, rng.choice([0, 3]), rng.getrandbits(1))


def _map(rng: random.Random, entries: dict[int, int], mode: Mode, root: int, linear: int,
         maxphyaddr: int) -> None:
    """Add entries for a page, as far down as they lead."""
    table = root
    for level in range(mode.levels, 0, -1):
        mask  = 3 if mode.levels == level == 3 else (1 << mode.index_bits) - 1
        place = table + mode.word * (linear >> mode.shift(level) & mask)
        if place not in entries:
            entries[place] = _entry(rng, mode, level, maxphyaddr)
        value = entries[place]
        table = value & _ADDRESS
        if not value & _P or value & _PS or table >= MEMORY:
            return


def _entry(rng: random.Random, mode: Mode, level: int, maxphyaddr: int) -> int:
    """Return an entry that mostly is in order, and mostly allows something."""
    frame = rng.choice(_FRAMES) << 12
    if mode.levels == level == 3:
        return frame | (rng.random() < 0.95)
    flags = _some(rng, {_P: 0.95, _RW: 0.75, _US: 0.75, _A: 0.5, _D: 0.5, _G: 0.3})
    flags |= rng.getrandbits(2) << 3 | rng.getrandbits(3) << 9
    if level > 1 and rng.random() < (0.2 if level < 4 else 0.02):
        flags |= _PS
        if rng.random() < 0.9:
            frame &= -1 << mode.shift(level)
        frame |= (rng.random() < 0.2) << 12
    if mode.word == 8:
        flags |= _some(rng, {_XD: 0.2, 1 << rng.randrange(52, 63): 0.2,
                             1 << rng.randrange(maxphyaddr, 52): 0.03})
    return frame | flags


def _some(rng: random.Random, chances: Mapping[int, float]) -> int:
    return sum(bit for bit, chance in chances.items() if rng.random() < chance)
