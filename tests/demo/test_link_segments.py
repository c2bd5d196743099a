"""Requests and responses in segments: what got lost is sent again, and nothing else."""

import random
from functools import partial

import pytest

from hw.demo.protocol import ResponseKind

from . import demo_link, demo_support
from .demo_link import HELLO
from .demo_support import CONNECT, CONTINUE, Frame, framed, frames_in


pytestmark = pytest.mark.slow


ROWS, MORE, NONSENSE, MISSING = 2, 3, 5, 6

#: Bytes of a segment of the link that most tests talk to, so that 16 segments are soon sent.
SEGMENT  = 8
CAPACITY = 16 * SEGMENT

REQUEST  = bytes(random.Random(3).randrange(2, 256) for _ in range(1024))
RESPONSE = bytes(random.Random(4).randrange(256) for _ in range(2500))

#: A request of four segments, the last of one byte.
FOUR = REQUEST[:3 * SEGMENT + 1]

responses_in = partial(demo_support.responses_in, segment=SEGMENT)
segments     = partial(demo_support.segments, segment=SEGMENT)
talk         = partial(demo_link.talk, segment=SEGMENT, found=responses_in)


def parts_of(payload, *, number, about=ROWS, only=range(16), segment=SEGMENT):
    """The frames of a response, of ``only`` some segments."""
    parts = [payload[start:start + segment] for start in range(0, len(payload) + 1, segment)]
    return [Frame(1, number, place, place == len(parts) - 1, about, part)
            for place, part in enumerate(parts) if place in only]


def missing(segment, *, number):
    """Frame of a board that has done request ``number``, and lacks a segment of the next."""
    return Frame(1, number, segment, 1, MISSING, b"")


# The size of a board's

def test_the_longest_request_and_response_of_a_board():
    received, done = demo_link.talk(
        HELLO, demo_support.segments(1, REQUEST), framed(2, b"b"),
        responses={REQUEST: (RESPONSE[:1023], ResponseKind.ROWS)}, found=frames_in)
    assert done == [CONNECT, REQUEST, b"b"]
    assert received[1] == parts_of(RESPONSE[:1023], number=1, segment=64)


def test_a_response_that_is_one_byte_too_long_for_a_board():
    received, _ = demo_link.talk(HELLO, framed(1, b"q"), framed(2, CONTINUE),
                                 responses={b"q": (RESPONSE[:1024], ResponseKind.ROWS)})
    assert received[1:] == [[(1, b"\x03" + RESPONSE[:1023])], [(2, b"\x02" + RESPONSE[1023:1024])]]


# Requests

@pytest.mark.parametrize("size", [7, 8, 9, 15, 16, 17, 120, 121, 127, 128])
def test_a_request_in_segments_is_done_when_the_last_has_come(size):
    _, done = talk(HELLO, segments(1, REQUEST[:size]), framed(2, b"b"),
                   responses={REQUEST[:size]: (b"!", ResponseKind.ROWS)})
    assert done == [CONNECT, REQUEST[:size], b"b"]


def test_nothing_is_done_or_said_before_the_last_segment():
    received, done = talk(HELLO, segments(1, FOUR)[:3])
    assert done == [CONNECT] and received[1] == []


@pytest.mark.parametrize("lost", [{0}, {1}, {2}, {0, 2}, {1, 2}, {0, 1, 2}])
def test_from_the_first_segment_that_is_missing_the_request_is_sent_again(lost):
    sent = segments(1, FOUR)
    some = [frame for place, frame in enumerate(sent) if place not in lost]
    received, done = talk(HELLO, some, sent[min(lost):], responses={
        FOUR: (b"!", ResponseKind.ROWS)}, found=frames_in)
    assert received[1:] == [[missing(min(lost), number=0)], parts_of(b"!", number=1)]
    assert done == [CONNECT, FOUR]


def test_without_the_last_segment_it_alone_brings_the_response():
    sent = segments(1, FOUR)
    received, done = talk(HELLO, sent[:-1], sent[-1])
    assert done == [CONNECT, FOUR]


def test_segments_that_come_again_are_dropped():
    one, two, three, four = segments(1, FOUR)
    _, done = talk(HELLO, [one, one, two, one, two, three, two, four, four])
    assert done == [CONNECT, FOUR]


def test_a_broken_segment_leaves_those_that_are_kept_alone():
    longest = REQUEST[:CAPACITY]
    sent    = segments(1, longest)
    for broken in (framed(1, b"x" * SEGMENT, segment=0, last=False, crc=1),
                   framed(1, b"x" * SEGMENT, segment=15, crc=1),
                   framed(1, b"x" * (SEGMENT + 6), segment=2, last=False)):
        _, done = talk(HELLO, [*sent[:-1], broken, sent[-1]],
                       responses={longest: (b"!", ResponseKind.ROWS)})
        assert done == [CONNECT, longest]


def test_only_the_last_segment_may_be_shorter():
    short = framed(1, b"x" * (SEGMENT - 1), segment=1, last=False)
    sent  = segments(1, FOUR)
    received, done = talk(HELLO, [sent[0], short, sent[2], sent[3]], sent[1:], found=frames_in)
    assert received[1] == [missing(1, number=0)]
    assert done == [CONNECT, FOUR]


def test_connect_drops_what_has_come_of_a_request():
    sent = segments(1, FOUR)
    _, done = talk(HELLO, sent[:2], HELLO, sent[2:], sent)
    assert done == [CONNECT, CONNECT, FOUR]


def test_what_a_board_sends_is_no_request():
    # It comes back where a line echoes, or is joined to itself.
    received, done = talk(HELLO, framed(1, b"a", response=True), framed(0, CONNECT, response=True),
                          framed(0, b"", response=True), framed(1, b"b"))
    assert done == [CONNECT, b"b"]
    assert received[1:] == [[], [], [], [(1, b"\x02b")]]


def test_frames_of_version_1_are_dropped():
    connect = bytes.fromhex("7e 01 00 00 01 e2 55 7e")
    received, done = talk(HELLO, connect, framed(1, b"b"))
    assert done == [CONNECT, b"b"] and received[1] == []


# Responses

@pytest.mark.parametrize("size", [0, 1, 7, 8, 9, 16, 120, 126, 127])
def test_a_response_has_as_many_segments_as_it_needs(size):
    received, _ = talk(HELLO, framed(1, b"q"), responses={
        b"q": (RESPONSE[:size], ResponseKind.ROWS)}, found=frames_in)
    assert received[1] == parts_of(RESPONSE[:size], number=1)


@pytest.mark.parametrize("first, final", [(0, 15), (3, 3), (0, 0), (2, 7), (9, 15), (10, 10)])
def test_segments_of_a_response_are_sent_as_they_are_requested(first, final):
    responses  = {b"q": (RESPONSE[:85], ResponseKind.ROWS)}
    range_   = range(first, final + 1)
    received, done = talk(HELLO, framed(1, b"q"), framed(1, b"q", about=first | final << 4),
                          framed(1, b"", about=first | final << 4),
                          framed(2, b"q", about=first | final << 4),
                          responses=responses, found=frames_in)
    assert done == [CONNECT, b"q", b"q"]
    assert received[1] == parts_of(RESPONSE[:85], number=1)
    assert received[2] == received[3] == parts_of(RESPONSE[:85], number=1, only=range_)
    assert received[4] == parts_of(RESPONSE[:85], number=2, only=range_)


def test_only_the_last_segment_of_the_last_request_brings_its_response_again():
    sent = segments(1, FOUR)
    received, done = talk(HELLO, sent, sent[:3], sent)
    assert done == [CONNECT, FOUR]
    assert received[1:] == [[(1, b"\x02" + FOUR)], [], [(1, b"\x02" + FOUR)]]


#: A response of three parts.
LONG  = {b"q": (RESPONSE[:312], ResponseKind.NONSENSE)}
PARTS = [b"\x03" + RESPONSE[:127], b"\x03" + RESPONSE[127:254], b"\x05" + RESPONSE[254:312]]


def test_a_response_that_is_too_long_comes_in_parts():
    received, done = talk(HELLO, framed(1, b"q"), framed(2, CONTINUE), framed(3, CONTINUE),
                          framed(4, b"b"), responses=LONG)
    assert done == [CONNECT, b"q", b"b"]
    assert received[1:] == [[(1, PARTS[0])], [(2, PARTS[1])], [(3, PARTS[2])], [(4, b"\x02b")]]


def test_one_byte_too_many_makes_two_parts():
    received, done = talk(HELLO, framed(1, b"q"), framed(2, CONTINUE),
                          responses={b"q": (RESPONSE[:128], ResponseKind.ROWS)})
    assert received[1:] == [[(1, b"\x03" + RESPONSE[:127])], [(2, b"\x02" + RESPONSE[127:128])]]
    assert done == [CONNECT, b"q"]


def test_each_part_is_sent_again_until_the_next_is_asked_for():
    received, done = talk(HELLO, framed(1, b"q"), framed(1, b"q"), framed(2, CONTINUE),
                          framed(2, CONTINUE), framed(3, CONTINUE), framed(3, CONTINUE),
                          responses=LONG)
    assert done == [CONNECT, b"q"]
    assert received[1:] == [[(number, PARTS[number - 1])] for number in (1, 1, 2, 2, 3, 3)]


def test_other_numbers_do_not_go_on():
    received, done = talk(HELLO, framed(1, b"q"), framed(3, CONTINUE), framed(0, CONTINUE),
                          framed(2, CONTINUE), responses=LONG)
    assert done == [CONNECT, b"q"]
    assert received[1:] == [[(1, PARTS[0])], [], [], [(2, PARTS[1])]]


def test_connect_ends_a_response_in_parts():
    received, done = talk(HELLO, framed(1, b"q"), framed(2, CONTINUE), framed(40, CONNECT),
                          framed(41, b"b"), responses=LONG)
    assert done == [CONNECT, b"q", CONNECT, b"b"]
    assert received[3:] == [[(40, b"\x01hello")], [(41, b"\x02b")]]


def test_anything_else_under_the_next_number_goes_on_too():
    # The board cannot do it: the request before is not done.
    received, done = talk(HELLO, framed(1, b"q"), framed(2, b"other"), responses=LONG)
    assert done == [CONNECT, b"q"]
    assert received[2] == [(2, PARTS[1])]
