"""Oracles of this machine, for tests, and vectors for them."""

import os
import shutil

import pytest

from sim.oracles import ORACLES
from sim.oracles.engine import OracleVectors
from sim.vectors.vector import Vector, VectorStep


__all__ = ["NEEDS", "SEEDED", "oracle", "vector"]


#: What the tests of an oracle need, by its name.
NEEDS = {
    "kvm": pytest.mark.skipif(not os.access("/dev/kvm", os.R_OK | os.W_OK),
                              reason="this machine has no KVM for us"),
    "qemu": pytest.mark.skipif(shutil.which("qemu-system-x86_64") is None,
                               reason="QEMU is not installed"),
}

#: Each oracle that can be, with what it needs.
SEEDED = [pytest.param(name, marks=mark) for name, mark in NEEDS.items()]


def oracle(name):
    return OracleVectors(ORACLES[name].start)


def vector(kind="write", cpl=0, *, wp=1, rights=0x7, number=1, **changes):
    """An access to a page of 4-level paging at 0x70_1234_5008, whose PTE has ``rights``."""
    linear  = 0x70_1234_5008
    entries = [(0x20_0000 + 0x1000 * level + 8 * (linear >> shift & 0x1ff),
                0x20_1000 + 0x1000 * level | 0x7) for level, shift in enumerate((39, 30, 21))]
    entries.append((0x20_3000 + 8 * (linear >> 12 & 0x1ff), 0x30_0000 | rights))
    changes = {"cr4": 0x20, "efer": 0xd01, "pkru": 0, "pkrs": 0, "maxphyaddr": 40} | changes
    return Vector(number, 0x8000_0011 | wp << 16, 0x20_0000, changes["cr4"], changes["efer"],
                  changes["pkru"], changes["pkrs"], changes["maxphyaddr"],
                  VectorStep(kind, linear, 4, 0, cpl, changes.get("ac", 0)), entries,
                  changes.get("before"))
