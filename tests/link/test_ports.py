"""Serial ports with something else than a board behind them: each is one line that says what."""

import os
import threading
import tty
from binascii import crc_hqx

import pytest

from sim.cli.main import main
from sim.engines.serial.link import client, version1
from sim.engines.serial.link.client import Client
from sim.engines.serial.link.diagnosis import no_board
from sim.errors import Unavailable

from .link_support import Board


def echo(data):
    """Bytes that a loopback plug sends back."""
    return data


def login(data):
    """Bytes that a login on a terminal sends back: echoes, control characters as ^X, prompts."""
    echoed = b"".join(bytes([byte]) if 32 <= byte < 127 else b"^" + bytes([byte % 32 + 64])
                      for byte in data)
    return echoed + b"\r\nLogin incorrect\r\nraspberrypi login: "


@pytest.fixture
def port(request):
    """A pseudo-terminal, at whose other end a function of what is sent says what comes back."""
    other, device = os.openpty()
    tty.setraw(device)
    name = os.ttyname(device)

    def serve():
        while data := os.read(other, 4096):
            if data.endswith(b"\x04\x04\x04"):
                return
            os.write(other, request.param(data))

    server = threading.Thread(target=serve)
    server.start()
    yield name
    os.write(device, b"\x04\x04\x04")
    server.join(10)
    os.close(device)
    os.close(other)


@pytest.mark.parametrize("port, complaint", [
    (echo,  "the port echoes what is sent to it, and no board answers"),
    (login, "what comes from the port is text ('raspberrypi login:')"),
], indirect=["port"])
def test_what_is_no_board_is_one_line(port, complaint, capsys, monkeypatch):
    monkeypatch.setattr(client, "CONNECT_PATIENCE", 1.0)
    assert main(["run", "--engine", "serial", "--port", port]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1 and complaint in err
    assert "is the board programmed (dragoncage program), and is this its port?" in err


class Echoing(Board):
    """A board on a line that also brings back what is sent, as an RS-485 adapter may."""

    def write(self, data):
        self._out += data
        super().write(data)


def test_a_line_that_echoes_besides_is_no_fault():
    end = Client(Echoing((1, b"\x03\x00\x80\x01\xe0\x5d"), (2, b"rows")))
    assert end.connect().version == 3
    assert list(end.do(b"\x05")) == [b"rows"]
    assert end.traffic.echoed == 2 and end.traffic.repeated == 0


@pytest.mark.parametrize("heard, echoed, complaint", [
    (b"",                     0, "no response from the board in 5.0 s"),
    (b"x\x90\x80\xff" * 50,   0, "from the port is noise, and no board answers in 5.0 s"),
    (bytes(range(256)) * 3,   0, "is noise"),
    (b"OK\r\n" * 20,          0, "is text ('OK')"),
    (b"anything",             1, "the port echoes what is sent to it"),
])
def test_what_is_heard_is_named(heard, echoed, complaint):
    said = no_board(heard, echoed=echoed, seconds=5.0)
    assert complaint in said and said.endswith("and is this its port?")


class Version1(Board):
    """A board of version 1: it drops what is not whole in its sense, and greets to CONNECT."""

    def write(self, data):
        for content in data.split(b"\x7e"):
            plain = content.replace(b"\x7d\x5e", b"\x7e").replace(b"\x7d\x5d", b"\x7d")
            if len(plain) == plain[0] + 5 and crc_hqx(plain, 0xFFFF) == 0 if plain else False:
                assert plain[3:-2] == b"\x01"
                greeting  = b"\x07\x00" + plain[2:3] + b"\x01\x01\x00\x80\x01\xe0\x5d"
                greeting += crc_hqx(greeting, 0xFFFF).to_bytes(2, "big")
                self._out += b"\x7e" + greeting + b"\x7e"


def test_a_board_of_version_1_is_said_to_be_one():
    with pytest.raises(Unavailable) as refusal:
        Client(Version1()).connect()
    assert str(refusal.value) == ("the board speaks version 1 of the link, and this program "
                                  "version 3: build and program it anew")


def test_a_board_of_a_later_version_is_said_to_be_one():
    with pytest.raises(Unavailable, match="version 4 of the link, and this program version 3: "):
        Client(Board((1, b"\x04anything else"))).connect()


@pytest.mark.parametrize("data, greets", [
    ("7e 0700 00 01 01 00 8001 e05d {crc} 7e", True),
    ("7e 0700 00 01 02 00 8001 e05d {crc} 7e", False),
    ("7e 0700 01 01 01 00 8001 e05d {crc} 7e", False),
    ("7e 0700 00 01 01 00 8001 e05d 0000 7e",  False),
    ("7e 7d 7e", False),
    ("",         False),
])
def test_a_greeting_of_version_1_is_known_by_its_crc(data, greets):
    content = bytes.fromhex(data.replace("7e", "").replace("{crc}", ""))
    data  = data.replace("{crc}", crc_hqx(content, 0xFFFF).to_bytes(2, "big").hex())
    assert version1.greets(b"noise" + bytes.fromhex(data)) is greets
