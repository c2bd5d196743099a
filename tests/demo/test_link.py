"""Requests and responses: done once, however often they are sent, and whatever gets lost."""

import pytest

from hw.demo.protocol import ResponseKind

from .demo_link import HELLO, talk
from .demo_support import CONNECT, framed, segments


def test_nothing_is_done_before_somebody_connects():
    received, done = talk(framed(0, b"a"), framed(1, b"b"), framed(255, b""), HELLO)
    assert done == [CONNECT]
    assert received == [[], [], [], [(0, b"\x01hello")]]


def test_requests_are_done_in_turn():
    received, done = talk(HELLO, framed(1, b"one"), framed(2, b""), framed(3, b"\x7e\x7d"))
    assert done == [CONNECT, b"one", b"", b"\x7e\x7d"]
    assert received == [[(0, b"\x01hello")], [(1, b"\x02one")], [(2, b"\x02")],
                        [(3, b"\x02\x7e\x7d")]]


def test_numbers_go_on_from_that_of_connect_and_wrap():
    received, done = talk(framed(254, CONNECT), framed(255, b"a"), framed(0, b"b"), framed(1, b"c"))
    assert done == [CONNECT, b"a", b"b", b"c"]
    assert [number for [(number, _)] in received] == [254, 255, 0, 1]


def test_the_same_request_again_has_the_same_response_and_does_nothing():
    received, done = talk(HELLO, framed(1, b"one"), framed(1, b"one"), framed(1, b"one"),
                          framed(2, b"two"))
    assert done == [CONNECT, b"one", b"two"]
    assert received[1:4] == [[(1, b"\x02one")]] * 3
    assert received[4] == [(2, b"\x02two")]


def test_only_the_number_says_what_is_the_same():
    received, done = talk(HELLO, framed(1, b"one"), framed(1, b"other"), framed(1, b""))
    assert done == [CONNECT, b"one"]
    assert received[1:] == [[(1, b"\x02one")]] * 3


@pytest.mark.slow
def test_other_numbers_are_dropped():
    for number in (0, 3, 4, 129, 255):
        received, done = talk(HELLO, framed(1, b"a"), framed(number, b"x"), framed(2, b"b"))
        assert done == [CONNECT, b"a", b"b"]
        assert received[2] == []


def test_connect_is_done_whenever_it_comes():
    received, done = talk(HELLO, HELLO, framed(1, b"a"), framed(77, CONNECT), framed(78, b"b"),
                          framed(78, CONNECT), framed(79, b"c"))
    assert done == [CONNECT, CONNECT, b"a", CONNECT, b"b", CONNECT, b"c"]
    assert [number for [(number, _)] in received] == [0, 0, 1, 77, 78, 78, 79]


def test_connect_interrupts_a_request():
    # Slow enough that its response is not complete when the other frame has come.
    received, done = talk(HELLO, (framed(1, b"q"), framed(9, CONNECT)), framed(10, b"b"),
                          responses={b"q": (b"x" * 40, ResponseKind.ROWS)}, slow=20)
    assert done == [CONNECT, b"q", CONNECT, b"b"]
    assert received[1:] == [[(9, b"\x01hello")], [(10, b"\x02b")]]


@pytest.mark.slow
def test_connect_interrupts_a_request_that_is_read():
    received, done = talk(HELLO, (*segments(1, b"a" * 1000), framed(9, CONNECT)),
                          framed(10, b"b"), slow=1)
    assert done == [CONNECT, done[1], CONNECT, b"b"]
    assert b"a" * 1000 != done[1] == b"a" * len(done[1])
    assert received[1:] == [[(9, b"\x01hello")], [(10, b"\x02b")]]


@pytest.mark.slow
def test_a_request_that_comes_while_another_is_done_is_dropped():
    received, done = talk(HELLO, (framed(1, b"a" * 40), framed(2, b"early")), framed(2, b"late"),
                          slow=40)
    assert done == [CONNECT, b"a" * 40, b"late"]
    assert received[1:] == [[(1, b"\x02" + b"a" * 40)], [(2, b"\x02late")]]


@pytest.mark.slow
def test_a_request_that_comes_while_a_response_is_sent_is_dropped():
    # The last of them begin before the response is out, and end after it: the board says so.
    long, ended_late = {b"q": (b"x" * 40, ResponseKind.ROWS)}, []
    for size in (1, 20, 36, 40, 44, 50, 64):
        received, done = talk(HELLO, (framed(1, b"q"), framed(2, b"b" * size)),
                              framed(2, b"c" * size), framed(3, b"d"), responses=long)
        assert received[1] in ([(1, b"\x02" + b"x" * 40)],
                               [(1, b"\x02" + b"x" * 40), (1, b"\x06")])
        ended_late.append(len(received[1]) == 2)
        assert done == [CONNECT, b"q", b"c" * size, b"d"]
    assert ended_late[0] is False and ended_late[-1] is True


@pytest.mark.slow
def test_frames_that_share_a_flag_are_no_different():
    # When the flag comes nothing is done yet; the bytes after it come while something is.
    for size in (1, 20, 40, 64):
        early = framed(2, b"b" * size)[1:]
        received, done = talk(HELLO, framed(1, b"a" * 20) + early, framed(2, b"c"),
                              framed(3, b"d"), slow=60)
        assert done == [CONNECT, b"a" * 20, b"c", b"d"]
        assert received[1:] == [[(1, b"\x02" + b"a" * 20)], [(2, b"\x02c")], [(3, b"\x02d")]]


def test_an_empty_request_after_connect_is_another():
    received, done = talk(HELLO, framed(1, b""), framed(2, b""))
    assert done == [CONNECT, b"", b""]


def test_duplicates_in_a_row_do_nothing_twice():
    received, done = talk(HELLO, (framed(1, b"a"),) * 4, (framed(2, b"b"),) * 3)
    assert done == [CONNECT, b"a", b"b"]
    assert set(received[1]) == {(1, b"\x02a")}
    assert set(received[2]) == {(2, b"\x02b")}


@pytest.mark.slow
def test_what_is_not_whole_is_dropped():
    received, done = talk(
        HELLO, framed(1, b"a", crc=1), framed(1, b"a" * 65), framed(1, b"a" * 640),
        framed(1, b"a")[:-3] + b"\x7e", framed(9, CONNECT, crc=1), framed(1, b"b"))
    assert done == [CONNECT, b"b"]
    assert received[1:] == [[], [], [], [], [], [(1, b"\x02b")]]


def test_a_broken_frame_leaves_the_response_of_the_last_request_alone():
    received, done = talk(HELLO, framed(1, b"a" * 30), framed(2, b"b" * 60, crc=1),
                          framed(1, b"a" * 30))
    assert done == [CONNECT, b"a" * 30]
    assert received == [[(0, b"\x01hello")], [(1, b"\x02" + b"a" * 30)], [],
                        [(1, b"\x02" + b"a" * 30)]]
