"""Reduced states: all that decides whether an access in 4-level paging is done.

Ref: Intel SDM Vol. 3A, sections 4.6.1, 4.7.
"""

from collections.abc import Iterator, Mapping
from itertools import chain, product
from typing import NamedTuple

from sim.golden.permission import BY_KEY
from sim.paging.decision import CONTROLS_OF
from sim.paging.walk import ATTEMPTS
from sim.vectors.vector import Vector, VectorStep


__all__ = ["CONTROLS", "FIRSTS", "MAXPHYADDR", "Reduced", "all_reduced", "vector"]


#: The first entry from the root on that is not as it should be: none; not present; with a
#: reserved bit. XD is one while EFER.NXE is 0.
FIRSTS = ("whole", "missing", "malformed")

#: Control bits by their names: those that some refusal needs, but for protection keys, which the
#: unit that is asked does not have.
CONTROLS = tuple(dict.fromkeys(chain.from_iterable(
    controls for reason, controls in CONTROLS_OF.items() if reason not in BY_KEY)))

#: Width of physical addresses; an entry's bits from here to 51 are reserved.
MAXPHYADDR = 40

#: PE, PG, ET; PAE; LME and LMA.
_CR0, _CR4, _EFER = 0x8000_0011, 0x20, 0x500

_LINEAR = 0x4060_5008
_ROOT   = 0x1000


class Reduced(NamedTuple):
    """A state, with the entries of all levels put together.

    Attributes
    ----------
    first : :class:`str`
        One of :data:`FIRSTS`.
    writable, user, execute_disable : :class:`bool`
        R/W of all levels, U/S of all levels, XD of some level.
    controls : tuple of :class:`bool`
        Those of :data:`CONTROLS`.
    attempt : :class:`str`
        One of :data:`sim.paging.walk.ATTEMPTS`.
    hit : :class:`bool`
        The TLB has the translation.
    """

    first:           str
    writable:        bool
    user:            bool
    execute_disable: bool
    controls:        tuple[bool, ...]
    attempt:         str
    hit:             bool

    @property
    def control(self) -> Mapping[str, bool]:
        """The control bits by name."""
        return dict(zip(CONTROLS, self.controls, strict=True))


def all_reduced() -> Iterator[Reduced]:
    """All of them, the last field changing fastest."""
    flag = (False, True)
    for first, writable, user, execute_disable in product(FIRSTS, flag, flag, flag):
        for controls, attempt, hit in product(product(*len(CONTROLS) * [flag]), ATTEMPTS, flag):
            yield Reduced(first, writable, user, execute_disable, controls, attempt, hit)


def vector(state: Reduced, *, may: bool) -> Vector:
    """A state as an access vector, in which the last entry alone is not a plain one.

    For a hit, a read that is always allowed comes first; and the access itself, if it ``may`` be
    done, so that a write finds D set.
    """
    present = state.first != "missing"
    leaf = (0x5000 | present | state.writable << 1 | state.user << 2 | state.execute_disable << 63
            | (state.first == "malformed") << MAXPHYADDR)
    control = state.control
    access  = _step(state.attempt, ac=control["RFLAGS.AC"])
    read    = _step("user read" if state.user else "kernel read", ac=control["RFLAGS.AC"])
    return Vector(
        None, _CR0 | control["CR0.WP"] << 16, _ROOT,
        _CR4 | control["CR4.SMEP"] << 20 | control["CR4.SMAP"] << 21,
        _EFER | control["EFER.NXE"] << 11, 0, 0, MAXPHYADDR, access,
        [(_ROOT + 0x1000 * level + 8 * (_LINEAR >> shift & 0x1FF), value) for level, (shift, value)
         in enumerate([(39, 0x2007), (30, 0x3007), (21, 0x4007), (12, leaf)])],
        [read, *[access] * may] if state.hit else None)


def _step(attempt: str, *, ac: bool) -> VectorStep:
    asked = ATTEMPTS[attempt]
    kind  = "fetch" if asked.fetch else "write" if asked.write else "read"
    return VectorStep(kind, _LINEAR, 1, int(asked.implicit), 3 if asked.user else 0, int(ac))
