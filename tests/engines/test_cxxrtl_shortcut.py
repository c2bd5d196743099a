"""A machine whose design nobody has changed is found without its design being written."""

import subprocess
import sys

import pytest
from files_support import own_cache

import sim.engines.cxxrtl.native
from hw.arbiter import Arbiter
from hw.presets import PRESETS
from sim.engines.cxxrtl import shortcut
from sim.engines.cxxrtl.native import Native
from sim.engines.cxxrtl.shortcut import Shortcut


pytestmark = pytest.mark.slow


@pytest.fixture(name="cache")
def _cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", own_cache(tmp_path / "cache"))
    return tmp_path / "cache/dragoncage"


def found(name):
    """A function that returns ``name``, and the list of its calls."""
    calls = []
    return (lambda: calls.append(name) or name), calls


def test_what_is_known_is_not_found_again(cache):
    name, calls = found("machine")
    assert [Shortcut("a", "1").name(name) for _ in range(3)] == ["machine"] * 3
    assert len(calls) == 1


def test_another_part_is_another_machine(cache):
    assert Shortcut("a", "1").name(lambda: "machine") == "machine"
    assert Shortcut("a", "2").name(lambda: "other") == "other"


def test_a_change_of_any_file_of_the_code_is_noticed(cache, monkeypatch, tmp_path):
    files = list(shortcut.code_files())
    assert {"permission.py", "native.py", "machine.cc", "unit_driver.h", "signals.py",
            "bus.py"} <= {file.name for file in files}
    changed = tmp_path / "permission.py"
    changed.write_bytes(next(file for file in files if file.name == "permission.py").read_bytes()
                        + b"\n")
    before = shortcut.code()
    monkeypatch.setattr(shortcut, "code_files", lambda: [
        changed if file.name == "permission.py" else file for file in files])
    shortcut.code.cache_clear()
    try:
        assert shortcut.code() != before
    finally:
        shortcut.code.cache_clear()


def test_an_entry_that_somebody_has_damaged_is_made_anew(cache):
    assert Shortcut("a").name(lambda: "machine") == "machine"
    [file] = cache.glob("*/name")
    file.write_text("another", encoding="ascii")
    assert Shortcut("a").name(lambda: "machine") == "machine"


def test_without_a_cache_the_name_is_found_each_time(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "a file"))
    (tmp_path / "a file").touch()
    name, calls = found("machine")
    assert Shortcut("a").name(name) == Shortcut("a").name(name) == "machine"
    assert len(calls) == 2


def test_the_design_of_a_known_machine_is_not_made(monkeypatch):
    """The machine of the preset tiny is compiled for others, too."""
    choice = {"cpus": 1, "arbiter": Arbiter}
    Native(PRESETS["tiny"], **choice, shipped=True)
    monkeypatch.setattr(sim.engines.cxxrtl.native.ports, "designs", None)
    Native(PRESETS["tiny"], **choice, shipped=True)
    with pytest.raises(TypeError, match="'NoneType' object is not callable"):
        Native(PRESETS["tiny"], **choice, shipped=False)


def test_a_waveform_of_a_known_machine_comes_without_a_warning(tmp_path):
    """Its signals are those of a design, of which nothing else is needed."""
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-Walways", "-m", "dragoncage", "run", "article", "--engine",
             "cxxrtl", "--preset", "tiny", "--waves", tmp_path], capture_output=True,
            encoding="utf-8", check=False)
        assert "never used" not in done.stderr
    assert (tmp_path / "article-32bit-5.x/waves.vcd").exists()


@pytest.mark.parametrize("words, known", [
    (["article"], True), (["article", "own.py"], False), (["own.py"], False),
], ids=["ours", "ours beside another's", "another's"])
def test_whoever_brings_code_of_his_own_gets_the_machine_that_he_made(tmp_path, words, known):
    """A scenario in a file may have changed a rule before the machine is made."""
    (tmp_path / "own.py").write_text(
        '"""Own."""\nMODES = ("4level",)\nasync def play(stage):\n    pass\n', encoding="utf-8")
    program = ("import sys\n"
               "from sim.cli import run\n"
               "from sim.cli.main import main\n"
               "machine_choice = run.machine_choice\n"
               "def told(*args, **options):\n"
               "    print(machine_choice(*args, **options)['options'], file=sys.stderr)\n"
               "    sys.exit(0)\n"
               "run.machine_choice = told\n"
               f"main(['run', '--engine', 'cxxrtl', '--preset', 'tiny', *{words}])\n")
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True,
                          encoding="utf-8", check=False)
    assert f"'shipped': {known}" in done.stderr
