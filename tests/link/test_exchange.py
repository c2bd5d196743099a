"""One request and its response: what is sent, and what is sent again."""

from random import Random

import pytest

from sim.engines.serial.link.exchange import CAPACITY, Exchange
from sim.engines.serial.link.frames import Frame
from sim.engines.serial.link.traffic import Traffic


ROWS, MISSING = 2, 6

REQUEST  = Random(1).randbytes(200)
RESPONSE = Random(2).randbytes(600)


def begun(request=REQUEST, *, number=7):
    """An exchange that has begun, and what it has sent."""
    exchange = Exchange(number, request, Traffic())
    return exchange, exchange.begin()


def response(*indices, number=7, payload=RESPONSE):
    """Segments of a response."""
    parts = [payload[start:start + 64] for start in range(0, len(payload) + 1, 64)]
    return [Frame(True, number, index, index == len(parts) - 1, ROWS, parts[index])
            for index in indices]


def wanted(frame):
    """The first and the last segment that a frame asks for."""
    return frame.about & 15, frame.about >> 4


def test_a_request_is_sent_in_segments_and_asks_for_all_of_its_response():
    _, sent = begun()
    assert [frame.payload for frame in sent] == [REQUEST[:64], REQUEST[64:128], REQUEST[128:192],
                                                 REQUEST[192:]]
    assert [(frame.response, frame.number, frame.segment, frame.last) for frame in sent] == [
        (False, 7, 0, False), (False, 7, 1, False), (False, 7, 2, False), (False, 7, 3, True)]
    assert {wanted(frame) for frame in sent} == {(0, 15)}


@pytest.mark.parametrize("size, segments", [(0, 1), (1, 1), (64, 1), (65, 2), (CAPACITY, 16)])
def test_a_request_has_as_many_segments_as_it_needs(size, segments):
    _, sent = begun(bytes(size))
    assert len(sent) == segments and [frame.last for frame in sent][:-1] == [False] * (segments - 1)
    assert sent[-1].last


def test_a_request_has_a_greatest_length():
    with pytest.raises(ValueError, match="1024 bytes at most, not 1025"):
        Exchange(0, bytes(CAPACITY + 1), Traffic())


def test_a_response_may_come_in_any_order():
    exchange, _ = begun()
    indices = list(range(10))
    Random(3).shuffle(indices)
    for frame in response(*indices):
        exchange.take(frame)
    assert exchange.complete and exchange.payload == RESPONSE and exchange.kind == ROWS


def test_segments_that_are_missing_at_the_end_are_asked_for_at_once_and_alone():
    exchange, _ = begun()
    for frame in response(0, 1, 3, 4, 5, 7, 8):
        assert exchange.take(frame) == []
    [again] = exchange.take(*response(9))
    assert again.last and again.payload == REQUEST[192:] and wanted(again) == (2, 6)
    for frame in response(2, 3, 4, 5):
        assert exchange.take(frame) == []
    assert exchange.take(*response(6)) == []
    assert exchange.complete and exchange.payload == RESPONSE


def test_when_the_last_that_was_asked_for_comes_the_rest_is_asked_for_again():
    exchange, _ = begun()
    for frame in response(0, 1, 3, 4, 6, 7, 8):
        exchange.take(frame)
    [again] = exchange.take(*response(9))
    assert wanted(again) == (2, 5)
    assert exchange.take(*response(3)) == []   # twice; 2 got lost once more
    [again] = exchange.take(*response(5))
    assert wanted(again) == (2, 2)


def test_after_silence_the_last_segment_asks_for_what_is_missing():
    exchange, sent = begun()
    assert exchange.repeat() == [sent[-1]]
    for frame in response(0, 1, 2):
        exchange.take(frame)
    [again] = exchange.repeat()
    assert again._replace(about=sent[-1].about) == sent[-1] and wanted(again) == (3, 15)


def test_segments_of_the_request_that_the_board_lacks_are_sent_again():
    exchange, sent = begun()
    assert exchange.take(Frame(True, 6, 1, True, MISSING, b"")) == sent[1:]
    assert exchange.news == 1
    assert exchange.take(Frame(True, 6, 1, True, MISSING, b"")) == sent[1:]
    assert exchange.news == 1
    assert exchange.take(Frame(True, 6, 3, True, MISSING, b"")) == sent[3:]
    assert exchange.news == 2 and not exchange.complete


@pytest.mark.parametrize("frame", [
    Frame(True, 5, 1, True, MISSING, b""),     # of another request
    Frame(True, 7, 1, True, MISSING, b""),
    Frame(True, 6, 4, True, MISSING, b""),     # no such segment
    Frame(True, 6, 0, True, ROWS, b"late"),
    Frame(True, 8, 0, True, ROWS, b"early"),
])
def test_what_belongs_to_another_request_is_dropped(frame):
    traffic  = Traffic()
    exchange = Exchange(7, REQUEST, traffic)
    exchange.begin()
    assert exchange.take(frame) == [] and exchange.news == 0 and not exchange.complete
    assert traffic.unwanted == 1


def test_a_board_that_has_responded_lacks_nothing():
    # What it has said before may come late.
    exchange, _ = begun()
    exchange.take(*response(0))
    assert exchange.take(Frame(True, 6, 1, True, MISSING, b"")) == []
