"""Divisors of a PLL."""

import pytest

from hw.boards.pll import dividers


MHZ = 1_000_000


@pytest.mark.parametrize("given, wanted", [(100, 25), (100, 30), (100, 50), (25, 50), (12, 60),
                                           (48, 48), (100, 125), (50, 400)])
def test_frequencies_come_out_exactly_within_the_limits(given, wanted):
    reference, feedback, output = dividers(given * MHZ, wanted * MHZ)
    phase = given * MHZ / reference
    assert phase * feedback == wanted * MHZ
    assert 10 * MHZ <= phase <= 400 * MHZ
    assert 400 * MHZ <= wanted * MHZ * output <= 800 * MHZ
    assert reference <= 128 and feedback <= 80 and output <= 128


@pytest.mark.parametrize("given, wanted", [(25, 24), (25, 40), (16, 24), (12, 25), (100, 2),
                                           (100, 500)])
def test_what_cannot_be_made_is_refused(given, wanted):
    with pytest.raises(ValueError, match=f"makes {wanted * MHZ} Hz from {given * MHZ} Hz"):
        dividers(given * MHZ, wanted * MHZ)


def test_the_phase_detector_is_as_fast_as_can_be_and_the_oscillator_in_the_middle():
    assert dividers(100 * MHZ, 50 * MHZ) == (2, 1, 12)
    assert dividers(100 * MHZ, 30 * MHZ) == (10, 3, 20)
