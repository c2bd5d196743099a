"""Byte lanes of words of memory: masks and rotations. Pure functions of values.

A word has 8 bytes, and a lane for each. The bytes of an access that do not all lie in one word are
in the last lanes of the first, and in the first lanes of the second: no two are in one lane.
"""

from amaranth import *


__all__ = ["beyond", "lanes_of", "rotated"]


def lanes_of(offset, size):
    """Lanes of the first word, and above them those of the second, as a mask of 16 bits.

    ``offset`` is that of the first byte in its word, ``size`` the number of bytes as a power of
    two.
    """
    return (Array(C(0xff >> 8 - (1 << n), 8) for n in range(4))[size] << offset)[:16]


def beyond(size):
    """Mask of those of 8 bytes, from the lowest on, that an access of ``size`` does not have."""
    return Array(C(0xff << (1 << n), 8) for n in range(4))[size]


def rotated(word, offset):
    """``word``, rotated to the left by ``offset`` bytes, modulo 8."""
    for bit in range(3):
        word = Mux(offset[bit], word.rotate_left(8 << bit), word)
    return word
