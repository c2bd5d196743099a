"""Progress: silence for two seconds, then one line on a terminal, or one every ten seconds."""

import io

import pytest

from sim.output.progress import Progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def now(monkeypatch):
    """The time in seconds, in a list."""
    time = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: time[0])
    return time


def test_what_takes_less_than_two_seconds_says_nothing(now):
    for stream in (Terminal(), io.StringIO()):
        with Progress("work", stream=stream) as progress:
            for now[0] in 100.0, 101.0, 101.9:
                progress.show()
        assert stream.getvalue() == ""
        now[0] = 100.0


@pytest.mark.parametrize("stream, said", [
    (Terminal(),    ["", "3 s: work", "13 s: work", "14 s: work", ""]),
    (io.StringIO(), ["3 s: work\n13 s: work\n"]),
], ids=["terminal", "file"])
def test_a_line_changes_on_a_terminal_and_is_repeated_from_time_to_time_elsewhere(
        now, stream, said):
    with Progress("work", stream=stream) as progress:
        for now[0] in 101.0, 103.0, 103.1, 113.0, 113.1, 114.0:
            progress.show()
    assert stream.getvalue().split("\r\x1b[K") == said


def test_parts_have_names(now):
    stream = io.StringIO()
    with Progress(stream=stream) as progress:
        for now[0], part in ((101.0, "one"), (103.0, "two"), (104.0, "three"), (113.0, "three")):
            progress.part(part)
    assert stream.getvalue() == "3 s: two\n13 s: three\n"


def test_work_that_is_counted_begins_with_the_first_count(now):
    stream = io.StringIO()
    with Progress("boot", unit="cycles", stream=stream) as progress:
        now[0] = 160.0            # until then something was compiled
        progress.part("The act")
        progress.count(256)
        now[0] = 161.9
        progress.count(300)
        assert stream.getvalue() == ""
        now[0] = 164.0
        progress.count(1536)
        progress.count(1537)      # too soon after the last
    assert stream.getvalue() == "4 s, 1,536 cycles (320/s): The act\n"


def test_a_line_has_79_columns_at_most_and_moves_no_cursor(now):
    stream = Terminal()
    with Progress("a\x1b[2J " + "b" * 200, stream=stream) as progress:
        now[0] = 103.0
        progress.show()
    [_, line, _] = stream.getvalue().split("\r\x1b[K")
    assert line.startswith("3 s: a\\x1b[2J b") and len(line) == 79


def test_a_line_is_taken_away_whatever_ends_the_work(now):
    stream = Terminal()
    with pytest.raises(KeyboardInterrupt), Progress("work", stream=stream) as progress:
        now[0] = 103.0
        progress.show()
        raise KeyboardInterrupt
    assert stream.getvalue().endswith("work\r\x1b[K")


def test_a_total_tells_what_part_is_done_and_the_time_that_is_left(now):
    stream = io.StringIO()
    with Progress("boot", unit="cycles", total=10_000, stream=stream) as progress:
        progress.count(0)
        now[0] = 104.0
        progress.count(2_000)
        now[0] = 115.0
        progress.count(10_001)     # it was no such run, after all
    assert stream.getvalue() == ("4 s, 2,000 of 10,000 cycles (500/s, 16 s left): boot\n"
                                 "15 s, 10,001 cycles (667/s): boot\n")


def test_the_line_makes_way_for_what_else_is_printed(now):
    stream = Terminal()
    with Progress("work", stream=stream) as progress:
        progress.clear()
        now[0] = 103.0
        progress.show()
        progress.clear()
        stream.write("an act\n")
        now[0] = 104.0
        progress.show()
    assert stream.getvalue() == ("\r\x1b[K3 s: work\r\x1b[Kan act\n\r\x1b[K4 s: work"
                                 "\r\x1b[K")


@pytest.mark.parametrize("stream, said", [
    (Terminal(),    "\r\x1b[K1 s: writing a file\r\x1b[K"),
    (io.StringIO(), ""),
], ids=["terminal", "file"])
def test_the_last_part_is_shown_at_once_on_a_terminal_and_without_what_was_counted(
        now, stream, said):
    with Progress("boot", unit="cycles", total=10_000, stream=stream) as progress:
        progress.count(0)
        now[0] = 101.0
        progress.count(9_000)
        progress.last_part("writing a file")
    assert stream.getvalue() == said
