"""Stimuli can be drawn for every unit."""

from dataclasses import replace
from random import Random

import pytest

from hw.presets import PRESETS
from sim.golden.state import PagingMode
from sim.paging.walk import features_of
from sim.verification.stimulus import random_stimulus


# Widths of a physical address that leave many bits of an entry reserved, one, and none.
@pytest.mark.parametrize("maxphyaddr", [32, 51, 52])
def test_there_are_tables_of_each_mode_for_addresses_as_wide_as_any(maxphyaddr):
    features = features_of(replace(PRESETS["full"], maxphyaddr=maxphyaddr))
    drawn    = [random_stimulus(Random(seed), features) for seed in range(80)]
    assert {stimulus.tables.mode for stimulus in drawn if stimulus.tables} == {
        PagingMode.BITS_32, PagingMode.PAE, PagingMode.FOUR_LEVELS, PagingMode.FIVE_LEVELS}
