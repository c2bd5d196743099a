"""Texts of all languages, on terminals and in locales that know nothing but ASCII."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from files_support import own_cache
from pywellen.pywellen import Waveform

from sim.cli.main import main


pytestmark = pytest.mark.slow


ROOT = Path(__file__).parents[2]

#: The locale C as it is when nobody helps: neither Python, nor the environment of the tests.
ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}

CLAIM = "größer als … 用户"

STORY = f'''"""Eine Gänsegeschichte – a story."""

from sim.record.verdict import Verdict


MODES   = ("4level",)
MACHINE = {{"ram": 1 << 21}}


async def play(stage):
    async with stage.act("Erster Akt: 用户"):
        stage.did("é")
        async with stage.testing("{CLAIM}"):
            await stage.user("dragon")
        stage.claim("{CLAIM}", Verdict(True, 1, "░"))
'''


@pytest.fixture
def story(tmp_path):
    """A scenario whose texts, and whose file's name, are not ASCII."""
    path = tmp_path / "gänse.py"
    path.write_text(STORY, encoding="utf-8")
    return path


def run(story, *arguments, engine="cxxrtl", **environment):
    """Run a scenario in an environment that is a little different."""
    return subprocess.run([sys.executable, "-m", "dragoncage", "run", story, "--engine", engine,
                           *arguments], cwd=ROOT, check=False,
                          env={**os.environ, **environment}, capture_output=True)


@pytest.mark.parametrize("environment", [ASCII, {"PYTHONIOENCODING": "ascii"},
                                         {"PYTHONIOENCODING": "latin-1"}], ids=str)
def test_what_a_terminal_cannot_show_is_escaped(story, environment):
    done = run(story, **environment)
    assert done.returncode == 0 and b"Traceback" not in done.stderr
    assert b"ok: 1 of 1 claims hold" in done.stdout
    assert b"\\u7528\\u6237" in done.stdout
    assert (b"gr\xf6\xdfer" if "latin" in str(environment) else b"gr\\xf6\\xdfer") in done.stdout


def test_a_terminal_that_can_show_it_shows_it(story):
    done = run(story, PYTHONIOENCODING="utf-8")
    assert done.returncode == 0 and b"Traceback" not in done.stderr
    assert CLAIM in done.stdout.decode("utf-8")


def test_json_is_the_same_everywhere(story):
    done = run(story, "--json", **ASCII)
    assert done.returncode == 0 and done.stdout.isascii()
    [told] = json.loads(done.stdout)["runs"]
    assert told["acts"][0]["claims"][0]["text"] == CLAIM


def test_files_are_utf_8_whatever_the_locale(story, tmp_path):
    done = run(story, "--waves", tmp_path, **ASCII)
    assert done.returncode == 0
    folder = tmp_path / "gänse-4level-5.x"
    assert sorted(path.name for path in folder.iterdir()) == [
        "waves.gtkw", "waves.sucl", "waves.vcd"]
    assert f'[dumpfile] "{folder}/waves.vcd"' in \
        (folder / "waves.gtkw").read_text(encoding="utf-8")
    [claim] = [var for var in Waveform(path=str(folder / "waves.vcd")).all_vars()
               if var.full_name == "machine.software.claim"]
    assert CLAIM in [value.encode("latin-1").decode("utf-8") for _, value in claim.tv]


def test_a_name_that_is_not_utf_8_is_told_as_it_is(tmp_path):
    path = os.fsencode(tmp_path) + b"/\xff.py"
    Path(os.fsdecode(path)).write_text(STORY, encoding="utf-8")
    done = run(path, "--waves", tmp_path, PYTHONIOENCODING="utf-8")
    assert done.returncode == 0 and done.stdout.startswith(b"\\udcff: Eine G\xc3\xa4nse")
    folder = os.fsencode(tmp_path) + b"/\xff-4level-5.x"
    assert b'[dumpfile] "' + folder in Path(os.fsdecode(folder), "waves.gtkw").read_bytes()


def test_a_cache_and_an_environment_with_any_name_will_do(story, tmp_path):
    done = run(story, "--simulator", "icarus", engine="cocotb", **ASCII,
               XDG_CACHE_HOME=own_cache(tmp_path / "Vorräte"))
    assert done.returncode == 0 and b"ok: 1 of 1 claims hold" in done.stdout


def test_a_key_that_is_no_utf_8_ends_nothing(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"\xff\n"), encoding="utf-8"))
    assert main(["list"]) == 0
    assert sys.stdin.readline() == "\\xff\n"
