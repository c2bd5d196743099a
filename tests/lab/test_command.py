"""The command that makes a lab."""

import re
import sys
from urllib.request import urlopen

import pytest
from process_support import Child, awaited

import sim.cli.lab
from sim.cli.main import main
from sim.errors import Unavailable
from sim.lab.pyodide import pyodide


@pytest.fixture
def small(monkeypatch):
    """Labs that have one small part."""
    monkeypatch.setattr(sim.cli.lab, "parts",
                        lambda announce, remark, *, pyodide_file: {"part": b"of a lab"})


def test_a_folder_is_made(small, tmp_path, capsys):
    assert main(["lab", str(tmp_path / "DIR")]) == 0
    assert capsys.readouterr().out == f"lab: {tmp_path / 'DIR'}; put it on any web server\n"
    assert (tmp_path / "DIR/parts/part.gz").read_bytes() == b"of a lab"
    page = (tmp_path / "DIR/index.html").read_text(encoding="utf-8")
    assert '<script type="application/json" id="parts">["part"]</script>' in page
    assert "connect-src 'self'" in page


def test_one_file_is_made_that_may_ask_for_nothing(small, tmp_path, capsys):
    assert main(["lab", "--single", str(tmp_path / "FILE.html")]) == 0
    assert capsys.readouterr().out == f"lab: {tmp_path / 'FILE.html'}; open it in a browser\n"
    page = (tmp_path / "FILE.html").read_text(encoding="utf-8")
    assert 'id="part-part" data-size="8"' in page
    assert "connect-src 'none'" in page


def test_both_at_once_are_refused(small, tmp_path, capsys):
    assert main(["lab", str(tmp_path / "DIR"), "--single", str(tmp_path / "FILE")]) == 2
    assert "as a folder, DIR, or as one file, --single" in capsys.readouterr().err


def test_a_port_without_a_server_is_refused(small, tmp_path, capsys):
    assert main(["lab", str(tmp_path / "DIR"), "--port", "80"]) == 2
    assert "--port" in capsys.readouterr().err


def test_what_is_no_pyodide_is_refused(tmp_path, capsys):
    (tmp_path / "FILE").write_bytes(b"no archive")
    assert main(["lab", "--pyodide", str(tmp_path / "FILE")]) == 2
    assert "FILE is no archive of Pyodide" in capsys.readouterr().err


def test_without_npm_it_is_said_how_to_do_without(monkeypatch, tmp_path):
    monkeypatch.setattr("sim.lab.pyodide.program", lambda name: None)
    with pytest.raises(Unavailable, match="needs npm, .* or give --pyodide FILE"):
        pyodide()


@pytest.mark.slow
def test_it_is_served_here():
    code = ("import sim.cli.lab, sys\n"
            "sim.cli.lab.parts = lambda *_, **__: {'part': b'of a lab'}\n"
            "from sim.cli.main import main\n"
            "sys.exit(main(['lab']))")
    with Child(sys.executable, "-c", code) as serving:
        [url] = awaited(lambda: re.findall(rb"lab: (http://127\.0\.0\.1:\d+/)\n", serving.out))
        with urlopen(f"{url.decode()}parts/part.gz") as found:
            assert found.read() == b"of a lab"
        with urlopen(url.decode()) as found:
            assert found.headers["Content-Type"] == "text/html"
