"""The computer's end of the link, against boards that are made up."""

import pytest

from sim.engines.serial.link.client import (
    CONNECT_PATIENCE, LONGEST_SILENCE, PATIENCE, SILENCE, Client, Counters, Greeting,
)
from sim.errors import MachineLost, Unavailable

from .link_support import GREETING, Board, response


ROWS, MORE, COUNTED, NONSENSE = 2, 3, 4, 5


def client(*answers):
    board = Board(*answers)
    return board, Client(board)


def test_the_greeting():
    board, end = client(GREETING)
    assert end.connect() == Greeting(version=3, preset=0, ram_kib=128, clock_khz=12_000)
    assert board.requests[0].payload == b"\x01"


def test_numbers_follow_each_other():
    board, end = client((ROWS,))
    for _ in range(300):
        assert list(end.do(b"\x05")) == [b""]
    first = board.requests[0].number
    assert [frame.number for frame in board.requests] == [(first + n) % 256 for n in range(300)]
    assert end.traffic.requests == 300 and end.traffic.repeated == 0


def test_rows_that_take_several_answers():
    board, end = client((MORE, b"abc"), (MORE, b"def"), (ROWS, b"g"))
    assert list(end.do(b"\x05")) == [b"abc", b"def", b"g"]
    assert [frame.payload for frame in board.requests] == [b"\x05", b"\x02", b"\x02"]


def test_counters():
    board, end = client((COUNTED, b"\x05\x04\x03\x02\x81\x01"))
    assert end.counters() == Counters(cycles=5, hits=4, misses=3, walks=2, page_faults=129)
    assert board.requests[0].payload == b"\x03"


@pytest.mark.parametrize("trouble", [
    None,
    lambda frame: b"\x7enoise\x7e",
    lambda frame: response(frame.number, ROWS, b"x")[:-3] + b"zz\x7e",
    lambda frame: response((frame.number - 1) % 256, ROWS, b"late"),
], ids=["silence", "noise", "spoilt", "another's"])
def test_a_request_is_repeated_unchanged_until_its_answer_comes(trouble):
    board, end = client(trouble, trouble, (ROWS, b"rows"))
    assert list(end.do(b"\x05")) == [b"rows"]
    assert len(board.requests) == 3 and len(set(board.requests)) == 1
    assert end.traffic.repeated == 2


def test_an_answer_that_comes_twice_is_taken_once():
    board, end = client(lambda frame: 2 * response(frame.number, ROWS, b"one"), (ROWS, b"two"))
    assert list(end.do(b"\x05")) == [b"one"]
    assert list(end.do(b"\x05")) == [b"two"]
    assert len(board.requests) == 2 and end.traffic.unwanted == 1


def test_an_answer_is_taken_though_a_broken_frame_comes_right_before_it():
    board, end = client(lambda frame: b"x\x7e" + response(frame.number, ROWS))
    assert list(end.do(b"\x05")) == [b""]
    assert len(board.requests) == 1 and end.traffic.broken == 1


def test_after_silence_a_request_is_repeated_and_after_a_broken_frame_sooner():
    waited = []
    for trouble in (None, lambda frame: b"noise\x7e"):
        board, end = client(trouble, (ROWS,))
        list(end.do(b"\x05"))
        waited.append(board.time)
    assert waited[0] == SILENCE and 0 < waited[1] < SILENCE / 2


def test_a_slow_board_is_given_more_time_with_each_repetition():
    # It begins anew when it is asked once more, as one that connects does.
    class Slow(Board):
        def write(self, data):
            self.begun = self.time
            self._out  = b""
            super().write(data)

        def read(self, seconds):
            needed = self.begun + 1.5 - self.time
            if needed <= 0 or seconds >= needed:
                self.time = max(self.time, self.begun + 1.5)
                return super().read(0)
            self.time += seconds
            return b""

    assert Client(Slow(GREETING)).connect().version == 3


def test_a_board_that_is_heard_no_more_is_given_up_after_some_time():
    board, end = client(None)
    with pytest.raises(MachineLost, match=r"no response from the board in 11\.5 s, to 7 frames"):
        list(end.do(b"\x05"))
    assert PATIENCE <= board.time <= PATIENCE + LONGEST_SILENCE


def test_a_line_on_which_nothing_whole_comes_is_called_too_bad():
    board, end = client((ROWS,), lambda frame: b"noise\x7e")
    list(end.do(b"\x05"))
    with pytest.raises(MachineLost, match="the line is too bad: .* try another cable"):
        list(end.do(b"\x05"))
    assert board.time <= PATIENCE + LONGEST_SILENCE


def test_a_line_on_which_too_little_gets_through_is_called_too_bad():
    board, end = client(*[None, (ROWS,)] * 200)
    with pytest.raises(MachineLost, match="the line is too bad: of "):
        for _ in range(200):
            list(end.do(b"\x05"))
    assert board.time < 60


def test_noise_of_some_time_does_not_end_a_run():
    # A plug that is moved: for some seconds each frame is lost, then all is well.
    board, end = client(*[(ROWS,)] * 50, *[None] * 5, (ROWS,))
    for _ in range(500):
        assert list(end.do(b"\x05")) == [b""]
    assert end.traffic.repeated == 5 and board.time > 5


def test_noise_at_the_start_does_not_spend_all_attempts():
    # A frame's worth of noise after each try, for longer than any number of tries at once.
    board, end = client(*[lambda frame: b"\x7e\x00" * 500] * 40, GREETING)
    assert end.connect().version == 3
    assert 1 < board.time < CONNECT_PATIENCE and end.traffic.broken > 10_000


@pytest.mark.slow
@pytest.mark.parametrize("chatter", [b"AT+OK\r\n", b"\x7e\x00\x7e", b"\x00"])
def test_a_device_that_never_stops_talking_is_given_up(chatter):
    class Chatter(Board):
        def read(self, seconds):
            self.time += 0.001
            return chatter

    board = Chatter(None)
    with pytest.raises(Unavailable, match="no board answers"):
        Client(board).connect()
    assert CONNECT_PATIENCE <= board.time < 2 * CONNECT_PATIENCE


@pytest.mark.parametrize("greeting", [b"", b"\x80", b"\x03", b"\x03\x00\x80"])
def test_a_greeting_that_is_cut_short_is_one_line(greeting):
    _, end = client((1, greeting))
    with pytest.raises(Unavailable, match="response has not the . numbers that it must"):
        end.connect()


def test_a_port_that_goes_away_while_it_connects_is_said_to_be_gone():
    class Gone(Board):
        def read(self, seconds):
            raise MachineLost("the serial port is gone: was the board unplugged?")

    with pytest.raises(Unavailable, match="^the serial port is gone: was the board unplugged[?]$"):
        Client(Gone(None)).connect()


def test_what_greets_but_is_no_board_is_said():
    _, end = client((ROWS,))
    with pytest.raises(Unavailable, match="not a board of dragoncage"):
        end.connect()


@pytest.mark.parametrize("answer, complaint", [
    ((NONSENSE,),       "makes no sense of a request"),
    ((COUNTED, b"\x00"), "answers 4 when it is asked for operations"),
])
def test_operations_without_rows_are_said_to_have_none(answer, complaint):
    _, end = client(answer)
    with pytest.raises(MachineLost, match=complaint):
        list(end.do(b"\x99"))


@pytest.mark.parametrize("answer, complaint", [
    ((ROWS,),              "answers 2 when it is asked for its counters"),
    ((COUNTED, b"\x01\x02"), "has not the 5 numbers"),
    ((COUNTED, b"\x80"),   "has not the 5 numbers"),
])
def test_counters_that_make_no_sense_are_said_to(answer, complaint):
    _, end = client(answer)
    with pytest.raises(MachineLost, match=complaint):
        end.counters()
