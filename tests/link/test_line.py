"""Serial ports, at pseudo-terminals."""

import os
import tty

import pytest

from sim.engines.serial.link import line
from sim.errors import MachineLost, Unavailable


@pytest.fixture
def ends():
    """A line, and the other end of it."""
    other, device = os.openpty()
    tty.setraw(device)
    opened = line.opened(os.ttyname(device))
    yield opened, other
    opened.close()
    os.close(device)
    os.close(other)


def test_bytes_go_both_ways(ends):
    opened, other = ends
    opened.write(bytes(range(256)))
    assert os.read(other, 256) == bytes(range(256))
    os.write(other, b"\x00\x7e\x0d\x0a\x11\x13\xff")
    assert opened.read(1) == b"\x00\x7e\x0d\x0a\x11\x13\xff"


def test_nothing_comes_within_the_time(ends):
    assert ends[0].read(0.05) == b""


def test_a_port_that_takes_nothing_is_given_up(monkeypatch):
    monkeypatch.setattr(line, "PATIENCE", 0.1)
    other, device = os.openpty()
    opened = line.opened(os.ttyname(device))
    with pytest.raises(MachineLost, match="takes nothing"):
        opened.write(bytes(1 << 20))
    opened.close()
    os.close(device)
    os.close(other)


def test_a_port_that_goes_away_is_lost():
    other, device = os.openpty()
    opened = line.opened(os.ttyname(device))
    os.close(device)
    os.close(other)
    with pytest.raises(MachineLost, match="is gone"):
        opened.read(1)
    with pytest.raises(MachineLost, match="is gone"):
        opened.write(b"x")
    opened.close()


@pytest.mark.parametrize("port, reason", [
    ("/nowhere",  "No such file or directory"),
    ("/",         "Is a directory"),
    ("/dev/null", "it is no serial port"),
])
def test_what_is_no_port_is_one_line(port, reason):
    with pytest.raises(Unavailable) as refusal:
        line.opened(port)
    assert str(refusal.value) == f"cannot open the serial port {port}: {reason}"


def test_a_port_that_another_program_uses_is_said_to_be_in_use(ends):
    port = ends[0]._serial.port
    with pytest.raises(Unavailable, match=f"serial port {port}: another program uses it"):
        line.opened(port)
