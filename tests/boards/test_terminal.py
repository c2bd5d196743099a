"""The pseudo-terminal of a simulated board, with a board that is made up, and the command."""

import os
import select
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from process_support import started

from sim.boards.simulated.terminal import HELD, Terminal


pytestmark = pytest.mark.slow


ROOT = Path(__file__).parents[2]

CLOCK = 1_000_000


class Echo:
    """A board that sends back what it gets, and lights a light while its button is pressed."""

    def __init__(self):
        self.cycles  = 0
        self.pressed = []
        self._data   = b""

    @property
    def busy(self):
        return bool(self._data)

    def send(self, data):
        self._data += data

    def press(self, pressed):
        if pressed != bool(self.pressed and self.pressed[-1][1]):
            self.pressed.append((self.cycles, pressed))

    def lit(self):
        return ("fault",) if self.pressed and self.pressed[-1][1] else ()

    def run(self, cycles):
        self.cycles += cycles
        data, self._data = self._data[:100], self._data[100:]
        return data


@pytest.fixture
def served():
    """A terminal that is served, its board, and what presses the button; what was shown."""
    board = Echo()
    terminal, shown = Terminal(board, clock_hz=CLOCK), []
    read, write = os.pipe()
    with open(read) as keys:
        server = threading.Thread(target=terminal.serve,
                                  kwargs={"keys": keys, "shown": shown.append})
        server.start()
        line = os.open(terminal.device, os.O_RDWR | os.O_NOCTTY)
        yield board, line, write, shown
        os.close(write)  # the end of the keys ends it
        server.join(10)
        assert not server.is_alive()
        os.close(line)
        terminal.close()


def heard(line, count):
    data = b""
    while len(data) < count and select.select([line], [], [], 5)[0]:
        data += os.read(line, 4096)
    return data


def test_all_bytes_go_both_ways_unchanged(served):
    _, line, _, _ = served
    data = bytes(range(256)) * 40  # more than a terminal holds
    writer = threading.Thread(target=lambda: [os.write(line, data[start:start + 512])
                                              for start in range(0, len(data), 512)])
    writer.start()
    assert heard(line, len(data)) == data
    writer.join()


def test_a_line_presses_the_button_for_a_while(served):
    board, line, keys, shown = served
    os.write(keys, b"\n")
    os.write(line, b"x")
    assert heard(line, 1) == b"x"
    while len(board.pressed) < 2:
        select.select([], [], [], 0.01)
    (begun, _), (ended, _) = board.pressed
    assert ended - begun >= HELD * CLOCK
    os.write(line, b"x")
    assert heard(line, 1) == b"x"
    assert shown == [(), ("fault",), ()]


def test_a_board_that_has_nothing_to_do_stands_still(served):
    board, line, _, _ = served
    os.write(line, b"x")
    assert heard(line, 1) == b"x"
    before = -1
    while board.cycles != before:
        before = board.cycles
        select.select([], [], [], 0.1)
    assert before > 0


def test_on_a_terminal_the_lights_are_shown_in_a_line_of_80_columns():
    with started("simulate-board", "icebreaker", terminal=True) as child:
        device = child.line()
        child.until(lambda: b"busy" in child.err)
        child.send_signal(signal.SIGTERM)
        assert child.wait() == 143
    lines = child.err.decode().replace("\x1b[K", "").replace("\r", "\n").splitlines()
    assert f"now, elsewhere: dragoncage run --engine serial --port {device}" in lines
    assert "Enter presses the WP button, Ctrl-C ends" in lines
    assert ". fault  . bypass  . wp  . busy" in lines
    assert all(len(line) <= 80 for line in lines)


def test_a_board_that_there_is_not_is_one_line():
    done = subprocess.run([sys.executable, "-m", "dragoncage", "simulate-board", "pdp11"], cwd=ROOT,
                          capture_output=True, text=True)
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr.count("\n") == 1 and "icebreaker" in done.stderr
