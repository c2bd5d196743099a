"""The computer's end of the link, against boards that are made up."""

import pytest

from sim.engine import MachineLost, Unavailable
from sim.link.client import Client, Counters, Greeting
from sim.link.frames import Deframer, framed


GREETING = b"\x01\x01\x00\x80\x01\xe0\x5d"  # version 1, preset 0, 128 KiB, 12000 kHz


class Board:
    """Answers as it is told: a list of what to do with each request that comes.

    A payload answers with the request's number; None says nothing; a function makes octets of
    the number.
    """

    def __init__(self, *answers):
        self.answers  = list(answers)
        self.requests = []
        self._deframer = Deframer()
        self._out      = b""

    def write(self, octets):
        for frame in self._deframer.feed(octets):
            self.requests.append(frame)
            answer = self.answers.pop(0)
            if callable(answer):
                self._out += answer(frame.number)
            elif answer is not None:
                self._out += framed(frame.number, answer)

    def read(self, seconds):
        octets, self._out = self._out[:5], self._out[5:]
        return octets

    def close(self):
        pass


def client(*answers):
    board = Board(*answers)
    return board, Client(board, patience=0.01, attempts=4)


def test_the_greeting():
    board, end = client(GREETING)
    assert end.connect() == Greeting(version=1, preset=0, ram_kib=128, clock_khz=12_000)
    assert board.requests[0].payload == b"\x01"


def test_numbers_follow_each_other():
    board, end = client(*[b"\x02"] * 300)
    for _ in range(300):
        assert list(end.do(b"\x05")) == [b""]
    first = board.requests[0].number
    assert [frame.number for frame in board.requests] == [(first + n) % 256 for n in range(300)]
    assert end.repeated == 0


def test_rows_that_take_several_answers():
    board, end = client(b"\x03abc", b"\x03def", b"\x02g")
    assert list(end.do(b"\x05")) == [b"abc", b"def", b"g"]
    assert [frame.payload for frame in board.requests] == [b"\x05", b"\x02", b"\x02"]


def test_counters():
    board, end = client(b"\x04\x05\x04\x03\x02\x81\x01")
    assert end.counters() == Counters(cycles=5, hits=4, misses=3, walks=2, page_faults=129)
    assert board.requests[0].payload == b"\x03"


@pytest.mark.parametrize("trouble", [
    None,
    lambda number: b"\x7enoise\x7e",
    lambda number: framed(number, b"\x02x")[:-3] + b"zz\x7e",
    lambda number: framed((number - 1) % 256, b"\x02late"),
    lambda number: framed(number, b""),
], ids=["silence", "noise", "spoilt", "another's", "empty"])
def test_a_request_is_repeated_unchanged_until_its_answer_comes(trouble):
    board, end = client(trouble, trouble, b"\x02rows")
    assert list(end.do(b"\x05")) == [b"rows"]
    assert len(board.requests) == 3 and len(set(board.requests)) == 1
    assert end.repeated == 2


def test_an_answer_that_comes_twice_is_taken_once():
    board, end = client(lambda number: 2 * framed(number, b"\x02one"), b"\x02two")
    assert list(end.do(b"\x05")) == [b"one"]
    assert list(end.do(b"\x05")) == [b"two"]
    assert len(board.requests) == 2


def test_an_answer_is_taken_though_a_broken_frame_comes_right_before_it():
    board, end = client(lambda number: b"x\x7e" + framed(number, b"\x02"))
    board.read = lambda seconds: board._out
    assert list(end.do(b"\x05")) == [b""]
    assert len(board.requests) == 1


def test_what_makes_no_sense_is_not_called_silence():
    _, end = client(*[lambda number: b"noise\x7e"] * 4)
    with pytest.raises(MachineLost, match="what comes from the board is no answer to any of 4 "
                                          r"requests in 0\.\d s"):
        list(end.do(b"\x05"))


def test_a_board_that_never_answers_is_given_up():
    board, end = client(*[None] * 4)
    with pytest.raises(MachineLost, match="no answer from the board to any of 4 requests"):
        list(end.do(b"\x05"))
    assert len(board.requests) == 4


def test_a_device_that_never_stops_talking_is_given_up():
    class Chatter(Board):
        def write(self, octets):
            pass

        def read(self, seconds):
            return b"AT+OK\r\n"

    with pytest.raises(MachineLost, match="what comes from the board is no answer"):
        list(Client(Chatter(), patience=60, attempts=2).do(b"\x05"))


@pytest.mark.parametrize("answer, complaint", [
    (None,          "is the board programmed"),
    (b"\x01\x02\x00", "version 2 of the link, and this program version 1"),
    (b"\x02",       "not a board of dragoncage"),
])
def test_connecting_to_something_else_says_so(answer, complaint):
    _, end = client(*[answer] * 4)
    with pytest.raises(Unavailable, match=complaint):
        end.connect()


@pytest.mark.parametrize("answer, complaint", [
    (b"\x05",     "makes no sense of a request"),
    (b"\x04\x00", "answers 4 when it is asked for operations"),
])
def test_operations_without_rows_are_said_to_have_none(answer, complaint):
    _, end = client(answer)
    with pytest.raises(MachineLost, match=complaint):
        list(end.do(b"\x99"))


@pytest.mark.parametrize("answer, complaint", [
    (b"\x02",         "answers 2 when it is asked for its counters"),
    (b"\x04\x01\x02", "has not the 5 numbers"),
    (b"\x04\x80",     "has not the 5 numbers"),
])
def test_counters_that_make_no_sense_are_said_to(answer, complaint):
    _, end = client(answer)
    with pytest.raises(MachineLost, match=complaint):
        end.counters()
