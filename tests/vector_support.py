"""Lines of access vectors for tests: one by hand, and any number at random."""

import json
import random

from paging_support import (
    CR0_32, CR4_LA57, CR4_LONG, DIRECTORIES, FIVE_LEVELS, FOUR_LEVELS, PAE_TABLES, PDPTES, ROOT,
    TWO_LEVELS, chain,
)


__all__ = ["ENTRIES", "LINEAR", "as_text", "five_levels", "long_mode", "pae_paging", "random_line",
           "two_levels"]


LINEAR = 0x4060_5008
WP, NXE, LONG, ET = 1 << 16, 1 << 11, 0x500, 0x10
PKE, PKS = 1 << 22, 1 << 24

#: Four levels to the page at 0x5000, which the user may write.
ENTRIES = [[hex(address), hex(0x2000 + 0x1000 * level | 7)]
           for level, address in enumerate(chain(FOUR_LEVELS, LINEAR))]


def long_mode(access=(), **changes):
    """A line for a supervisor's read of one byte in 4-level paging, but for ``changes``."""
    return {
        "id": 1, "cr0": hex(CR0_32 | ET), "cr3": hex(ROOT), "cr4": hex(CR4_LONG),
        "efer": hex(LONG), "ac": 0, "cpl": 0,
        "access": {"kind": "read", "linear": hex(LINEAR), **dict(access)},
        "entries": [list(entry) for entry in ENTRIES],
    } | changes


def two_levels(access=(), **changes):
    """The same in 32-bit paging; the page is at 0x3000."""
    entries = [[hex(address), hex(0x2000 + 0x1000 * level | 7)]
               for level, address in enumerate(chain(TWO_LEVELS, LINEAR))]
    return long_mode(access, cr4="0x0", efer="0x0", entries=entries) | changes


def five_levels(access=(), **changes):
    """The same in 5-level paging; the page is at 0x6000."""
    entries = [[hex(address), hex(0x2000 + 0x1000 * level | 7)]
               for level, address in enumerate(chain(FIVE_LEVELS, LINEAR))]
    return long_mode(access, cr4=hex(CR4_LA57), entries=entries) | changes


def pae_paging(access=(), **changes):
    """The same in PAE paging; the PDPTEs come first, and the page is at 0x202000."""
    quarter = LINEAR >> 30
    root    = DIRECTORIES[quarter]
    entries = [[hex(ROOT + 8 * number), hex(pdpte)] for number, pdpte in enumerate(PDPTES)]
    entries += [[hex(address), hex(root + 0x1000 * (level + 1) | 7)]
                for level, address in enumerate(chain(PAE_TABLES, LINEAR, root=root))]
    return long_mode(access, efer="0x0", entries=entries) | changes


def as_text(*found):
    """Lines of a file."""
    return "".join(json.dumps(line) + "\n" for line in found)


def random_line(number):
    """Line ``number`` of an endless file: any mode, right and wrong entries, all kinds of access.

    Not a fair sample of all machines: most tables lead somewhere, and defects are rare.
    """
    rng        = random.Random(number)
    form, bits = rng.choice([(FOUR_LEVELS, 48), (FIVE_LEVELS, 57), (TWO_LEVELS, 32),
                             (PAE_TABLES, 32), (None, 32)])
    maxphyaddr = rng.choice([36, 40, 52])
    long_mode  = form in (FOUR_LEVELS, FIVE_LEVELS)
    top        = maxphyaddr if form in (FOUR_LEVELS, FIVE_LEVELS, PAE_TABLES) else 32

    linear = rng.getrandbits(bits)
    if long_mode and linear >> bits - 1:
        linear |= (1 << 64) - (1 << bits)
    if _rarely(rng, 0.05):
        linear ^= 1 << rng.randrange(46, 64)
    if rng.random() < 0.3:
        linear = linear & -0x1000 | 0xff9 + rng.randrange(7)

    root    = rng.randrange(1, 1 << (top if long_mode else 32) - 12) << 12
    entries = {}
    if form is PAE_TABLES:
        root |= rng.randrange(128) << 5
        for place in range(root, root + 32, 8):
            flags = rng.choice([1, 1, 1, 0x19, 0xe01, 0])
            entries[place] = rng.randrange(1 << top - 12) << 12 | flags
    for page in (linear, linear + 0x1000):
        if form is PAE_TABLES:
            directory = entries[root + (page >> 30 & 3) * 8] & (1 << top) - 0x1000
            _map(rng, entries, form, directory, page, top)
        elif form is not None:
            _map(rng, entries, form, root, page, top)
    cr0 = 0x11 | (form is not None) << 31 | rng.choice([0, WP])
    cr4 = sum(bit for bit in (1 << 4, 1 << 7, 1 << 20, 1 << 21) if rng.random() < 0.5)
    line = {
        "id": number, "cr0": hex(cr0), "cr3": hex(root),
        "cr4": hex(cr4 | {FOUR_LEVELS: CR4_LONG, FIVE_LEVELS: CR4_LA57, PAE_TABLES: CR4_LONG}.get(
            form, 0)),
        "efer": hex((LONG if long_mode else 0) | rng.choice([0, NXE])),
        "maxphyaddr": maxphyaddr, **_rights(rng), "access": _access(rng, linear),
        "entries": [[hex(address), hex(value)] for address, value in entries.items()],
    }
    if rng.random() < 0.4:
        line["before"] = [
            {**_access(rng, linear + rng.choice([0, 0, 1, 8, 0x1000])), **_rights(rng)}
            for _ in range(rng.randrange(4))]
    if form is FOUR_LEVELS and _rarely(rng, 0.3):
        line |= _keys(rng, line)
    return line


def _keys(rng, line):
    """Changes that make a line one with protection keys: registers, a key in each entry."""
    return {
        "cr4": hex(int(line["cr4"], 16) | rng.choice([PKE, PKS, PKE | PKS])),
        "pkru": hex(rng.getrandbits(32)), "pkrs": hex(rng.getrandbits(32)),
        "entries": [[address, hex(int(value, 16) | rng.choice([0, 1, 7, 15]) << 59)]
                    for address, value in line["entries"]],
    }


def _rarely(rng, share):
    return rng.random() < share


def _rights(rng):
    return {"ac": rng.randrange(2), "cpl": rng.choice([0, 3])}


def _access(rng, linear):
    return {"kind": rng.choice(["read", "write", "fetch", "rmw"]),
            "linear": hex(linear & (1 << 64) - 1), "size": rng.choice([1, 2, 4, 8]),
            "implicit": int(_rarely(rng, 0.15))}


def _map(rng, entries, form, root, linear, top):
    """Add what is missing of the tables for ``linear``, as a chain in random frames."""
    levels, size = form
    table = root
    for shift, bits in levels:
        address = table + (linear >> shift & (1 << bits) - 1) * size
        if address not in entries:
            frame = rng.randrange(1 << top - 12) << 12
            flags = 1 | sum(bit for bit, share in (
                (0x2, 0.85), (0x4, 0.7), (0x20, 0.5), (0x40, 0.5), (0x100, 0.3),
            ) if rng.random() < share)
            if shift > 12 and _rarely(rng, 0.15):
                frame, flags = frame & -1 << shift, flags | 0x80
            value = frame | flags ^ _rarely(rng, 0.04)
            if size == 8 and _rarely(rng, 0.08):
                value |= 1 << 63
            if _rarely(rng, 0.03):
                value ^= 1 << rng.randrange(8 * size)
            entries[address] = value
        table = entries[address] & (1 << top) - 0x1000
