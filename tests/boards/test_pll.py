"""Divisors of PLLs."""

import pytest

from hw.boards.pll import dividers, ice40_dividers


MHZ = 1_000_000


@pytest.mark.parametrize("given, wanted", [(100, 25), (100, 30), (25, 20), (25, 24), (25, 50),
                                           (12, 60), (48, 48), (100, 125), (50, 400), (100, 4)])
def test_frequencies_come_out_exactly_within_the_limits(given, wanted):
    compared, output = dividers(given * MHZ, wanted * MHZ)
    oscillator = given * MHZ * compared
    assert oscillator == wanted * MHZ * output
    assert 400 * MHZ <= oscillator <= 800 * MHZ
    assert 1 <= compared <= 128 and 1 <= output <= 128


@pytest.mark.parametrize("given, wanted", [(100, 47), (25, 41), (12, 500), (100, 2), (100, 500),
                                           (5, 50), (401, 401)])
def test_what_cannot_be_made_is_refused(given, wanted):
    with pytest.raises(ValueError, match=f"makes {wanted * MHZ} Hz from {given * MHZ} Hz"):
        dividers(given * MHZ, wanted * MHZ)


def test_the_oscillator_is_in_the_middle_of_its_range():
    assert dividers(100 * MHZ, 30 * MHZ) == (6, 20)
    assert dividers(25 * MHZ, 20 * MHZ) == (24, 30)


@pytest.mark.parametrize("given, wanted", [(12, 18), (12, 21), (12, 48), (100, 25), (10, 20)])
def test_an_ice40_makes_frequencies_exactly_within_the_limits(given, wanted):
    compared, shift = ice40_dividers(given * MHZ, wanted * MHZ)
    oscillator = given * MHZ * compared
    assert oscillator == wanted * MHZ << shift
    assert 533 * MHZ <= oscillator <= 1066 * MHZ
    assert 1 <= compared <= 128 and 1 <= shift <= 6


@pytest.mark.parametrize("given, wanted", [(12, 17), (12, 15), (12, 276), (9, 18), (134, 67)])
def test_what_an_ice40_cannot_make_is_refused(given, wanted):
    with pytest.raises(ValueError, match=f"an iCE40 makes {wanted * MHZ} Hz from {given * MHZ} Hz"):
        ice40_dividers(given * MHZ, wanted * MHZ)
