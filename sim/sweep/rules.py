"""Outcomes by the manual, of all cases of a block at once, on arrays of bits.

This is a reading of its own: :mod:`sim.golden` decides entry by entry for one access, these are
sentences on all of them. Each sweep compares the two on cases that it draws.

Ref: Intel SDM Vol. 3A, sections 4.6 "Access Rights", 4.6.2 "Protection Keys", 4.7 "Page-Fault
Exceptions", 4.8 "Accessed and Dirty Flags".
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sim.golden.permission import Refusal

from .spaces import BLOCK, CHANGES, KEYS, KINDS, Space


__all__ = ["CAUSES", "Attempt", "Bits", "Expected", "attempt", "digits", "outcomes"]


#: A bit of each case of a block.
Bits = npt.NDArray[np.bool_]

#: How cases end: for which reason they fault, or what they have changed in the entries.
CAUSES = (*(reason.name.lower() for reason in Refusal), "done", "done_accessed", "done_dirty")

_CODE = {name: number for number, name in enumerate(CAUSES)}


class Expected(NamedTuple):
    """Outcomes of the cases of a block.

    Attributes
    ----------
    cause : array
        Index in :data:`CAUSES`.
    faults : bits
        It ends in a page fault.
    error : tuple of bits
        The error code, the lowest bit first.
    accessed : tuple of bits
        Of each entry, root first: A is set afterwards, and was not before.
    dirtied : bits
        The same of D in the leaf.
    stored : bits
        The access has stored.
    """

    cause:    npt.NDArray[np.uint8]
    faults:   Bits
    error:    tuple[Bits, ...]
    accessed: tuple[Bits, ...]
    dirtied:  Bits
    stored:   Bits


def digits(space: Space) -> dict[str, npt.NDArray[np.intp]]:
    """Values of the digits that differ within a block, case by case: the same in every block."""
    numbers, found = np.arange(BLOCK), {}
    for name, radix in space.fast:
        found[name] = numbers % radix
        numbers = numbers // radix
    return found


class Attempt(NamedTuple):
    """The accesses of a block, as far as rights are concerned."""

    write:    Bits
    fetch:    Bits
    locked:   Bits
    user:     Bits
    implicit: Bits


def attempt(values: Mapping[str, npt.NDArray[np.intp] | int]) -> Attempt:
    """The accesses. A locked one is a write, whether or not it stores."""
    kind     = np.broadcast_to(values["kind"], BLOCK)
    implicit = _bits(values["implicit"])
    locked   = kind == KINDS.index("rmw")
    return Attempt((kind == KINDS.index("write")) | locked, kind == KINDS.index("fetch"), locked,
                   _bits(values["user"]) & ~implicit, implicit)


def outcomes(space: Space, values: Mapping[str, npt.NDArray[np.intp] | int]) -> Expected:
    """Outcomes of the cases of these digits, each of which is one for all or one for each."""
    tried   = attempt(values)
    entries = [_entry(space, values, level) for level in range(len(space.levels))]
    nxe     = bool(values.get("nxe", 0))
    alive   = np.full(BLOCK, not values.get("pdpte", 0))
    present, reserved = alive.copy(), np.zeros(BLOCK, bool)
    accessed: list[Bits] = []
    for entry in entries:
        present  = np.where(alive, entry["p"], present)
        bad      = alive & entry["p"] & (entry["reserved"] | (False if nxe else entry["xd"]))
        reserved = reserved | bad
        alive    = alive & entry["p"] & ~bad
        accessed.append(alive & ~entry["a"])
    writable = np.logical_and.reduce([entry["rw"] for entry in entries])
    user     = np.logical_and.reduce([entry["us"] for entry in entries])
    disabled = np.logical_or.reduce([entry["xd"] for entry in entries])

    reasons = {Refusal.NOT_PRESENT: ~present, Refusal.RESERVED: reserved}
    by_rights, by_key = _refusals(values, tried, writable, user, nxe & disabled)
    reasons |= {reason: alive & held for reason, held in (by_rights | by_key).items()}
    faults = np.logical_or.reduce([*reasons.values()])
    done   = ~faults
    accessed[-1] &= done
    dirtied = done & tried.write & ~entries[-1]["d"]

    cause = np.full(BLOCK, _CODE["done"], np.uint8)
    cause[done & np.logical_or.reduce(accessed)] = _CODE["done_accessed"]
    cause[dirtied] = _CODE["done_dirty"]
    for reason, held in reversed(reasons.items()):
        cause[held] = _CODE[reason.name.lower()]

    tells_fetches = bool(values["smep"]) or nxe
    error = (faults & present, faults & tried.write, faults & tried.user, reserved,
             faults & tried.fetch & tells_fetches,
             alive & np.logical_or.reduce([*by_key.values()]))
    return Expected(cause, faults, error, tuple(accessed), dirtied,
                    done & tried.write & ~tried.locked)


def _refusals(values: Mapping[str, npt.NDArray[np.intp] | int], tried: Attempt, writable: Bits,
              user: Bits, disabled: Bits) -> tuple[dict[Refusal, Bits], dict[Refusal, Bits]]:
    """Reasons by the rights of a page, and those by its key, the first ones first."""
    wp, smep, smap, ac = (bool(values[name]) for name in ("wp", "smep", "smap", "ac"))
    data, supervisor   = ~tried.fetch, ~tried.user
    open_to = supervisor & user & data & smap
    by_rights = {
        Refusal.SUPERVISOR_PAGE: tried.user & ~user,
        Refusal.READ_ONLY:       tried.user & tried.write & ~writable,
        Refusal.WRITE_PROTECT:   supervisor & tried.write & ~writable & wp,
        Refusal.SMEP:            supervisor & tried.fetch & user & smep,
        Refusal.SMAP:            open_to & (not ac),
        Refusal.IMPLICIT:        open_to & tried.implicit & ac,
        Refusal.EXECUTE_DISABLE: tried.fetch & disabled,
    }
    pke, pks, rights = KEYS[int(values.get("keys", 0))]
    counts  = tried.write & (tried.user | wp)
    pkru, pkrs = rights, rights ^ 3
    by_key = {
        Refusal.PKRU_ACCESS: data & user & bool(pke and pkru & 1),
        Refusal.PKRU_WRITE:  counts & user & bool(pke and pkru & 2),
        Refusal.PKRS_ACCESS: data & ~user & bool(pks and pkrs & 1),
        Refusal.PKRS_WRITE:  counts & ~user & bool(pks and pkrs & 2),
    }
    return by_rights, by_key


def _entry(space: Space, values: Mapping[str, npt.NDArray[np.intp] | int],
           level: int) -> dict[str, Bits]:
    """Conditions of an entry; where a space has no digit for one, it is as if it were 0."""
    if level >= space.uppers:
        return {name: _bits(values.get(f"{name}{level}", 0)) for name in (*CHANGES, "d")}
    entry = dict.fromkeys(CHANGES, False) | {"p": True, "rw": True, "us": True, "a": True}
    upper = int(values["upper"])
    if upper and (upper - 1) // len(CHANGES) == level:
        changed = CHANGES[(upper - 1) % len(CHANGES)]
        entry[changed] = not entry[changed]
    return {name: _bits(value) for name, value in entry.items()}


def _bits(value: npt.NDArray[np.intp] | int) -> Bits:
    return np.broadcast_to(np.asarray(value, bool), BLOCK)
