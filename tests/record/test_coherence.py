"""Judges of several processors: what they say when there is nothing to see."""

import pytest

from sim.record import coherence
from sim.record.interval import Interval

from .trace_records import trace


#: Judgements of two empty records, and what each had expected.
EXPECTED = [
    (lambda made: coherence.nothing_lost(made, word=0x2008, during=Interval(10, 20)),
     "locked updates of physical 0x2008, none over a store that came between its read and its own "
     "in cycles 10 to 19"),
    (lambda made: coherence.written_back(made, word=0x2008, clear=0x2, set_=0x20),
     "a last store at physical 0x2008 with the bits 0x20 set and 0x2 clear"),
    (lambda made: coherence.interrupted(made, source=0, target=1, vector=0xFB),
     "processor 0 sends vector 0xfb to processor 1, which takes it"),
    (lambda made: coherence.no_stale_access(made[1], linear=0x1000, physical=range(0x5000, 0x6000),
                                            during=Interval(7)),
     "accesses of 0x1000 that are done, none at physical 0x5000 to 0x5fff from cycle 7 on"),
]


@pytest.mark.parametrize("judge, expected", EXPECTED)
def test_every_judge_says_what_it_expected(judge, expected):
    verdict = judge([trace(), trace()])
    assert not verdict.holds and verdict.expected == expected
