"""The cache: what was compiled is kept for the user alone, and nothing else is ever run."""

import ctypes
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from sim.errors import Unavailable
from sim.toolchain.cache import cache, name_of
from sim.toolchain.compiler import Compiler, kept, loaded


WHO = "the test"

NAME = "answer"

ADVICE = "set XDG_CACHE_HOME to a folder of your own"


@pytest.fixture
def root(tmp_path, monkeypatch):
    """An empty folder for caches."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path


def program(compiling: Compiler):
    """Make a program that cannot be mistaken for another."""
    made = compiling.folder / "program"
    made.write_text("compiled")
    return made


def answer(name="answer", number=42):
    """Something that makes a library, whose function ``name`` returns ``number``."""
    def make(compiling):
        (compiling.folder / "library.c").write_text(f"int {name}(void) {{ return {number}; }}\n")
        compiling.run(["gcc", "-shared", "-fPIC", "-o", "library.so", "library.c"])
        return compiling.folder / "library.so"

    return make


def called():
    """The number that the library returns, which is compiled if need be."""
    return loaded(NAME, answer(), [("answer", ctypes.c_int, [])], who=WHO).answer()


def entry():
    """The one file of the one entry, and its digest."""
    [folder] = cache().iterdir()
    [file]   = [path for path in folder.iterdir() if path.name != "sha256"]
    return file, folder / "sha256"


def refused():
    """Reason, in one line, for which nothing is kept."""
    with pytest.raises(Unavailable) as raised:
        kept(NAME, program, who=WHO)
    said = str(raised.value)
    assert "\n" not in said and said.startswith(WHO) and said.endswith(ADVICE)
    return said


def test_something_is_compiled_once(root, monkeypatch):
    commands, run = [], Compiler.run
    monkeypatch.setattr(Compiler, "run", lambda compiler, command:
                        commands.append(command) or run(compiler, command))
    assert called() == called() == 42
    assert len(commands) == 1


def test_progress_of_a_compiler_is_shown_after_two_seconds(root, monkeypatch, capsys):
    now = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])

    def slow(compiling):
        for now[0] in 101.0, 102.0, 103.0, 112.0:
            compiling.run(["true"])
        return program(compiling)

    kept(NAME, slow, who=WHO)
    assert capsys.readouterr().err == ("2 s: compiling the machine, once for this design\n"
                                       "12 s: compiling the machine, once for this design\n")


def test_folders_are_made_for_the_user_alone(root, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(root / "new" / "caches"))
    before = os.umask(0)
    try:
        path = kept(NAME, program, who=WHO)
    finally:
        os.umask(before)
    made = [path.parent, cache(), root / "new" / "caches", root / "new"]
    assert {stat.S_IMODE(folder.stat().st_mode) for folder in made} == {0o700}


@pytest.mark.parametrize("mode", [0o770, 0o707, 0o777, 0o1777])
def test_a_cache_that_others_can_write_to_is_refused(root, mode):
    cache().mkdir()
    cache().chmod(mode)
    assert refused() == (f"{WHO} does not run what is in {cache()}: others can write to it; "
                         f"delete it, or {ADVICE}")
    assert list(cache().iterdir()) == []


@pytest.mark.parametrize("mode", [0o755, 0o750, 0o700])
def test_others_may_read_it(root, mode):
    cache().mkdir()
    cache().chmod(mode)
    assert kept(NAME, program, who=WHO).read_text() == "compiled"


def test_a_cache_of_somebody_else_is_refused(root, monkeypatch):
    cache().mkdir(mode=0o700)
    monkeypatch.setattr("os.geteuid", lambda: cache().stat().st_uid + 1)
    assert f"{cache()}: it belongs to " in refused()


def test_a_link_that_somebody_else_has_planted_is_refused(root, monkeypatch):
    (root / "elsewhere").mkdir(mode=0o700)
    cache().symlink_to(root / "elsewhere")
    assert kept(NAME, program, who=WHO).exists()  # the user's own link

    class Planted:
        st_uid = os.geteuid() + 1

    lstat = Path.lstat
    monkeypatch.setattr(Path, "lstat", lambda path: Planted if path == cache() else lstat(path))
    assert f"{cache()}: it belongs to " in refused()


@pytest.mark.parametrize("mode, trusted", [(0o777, False), (0o1777, True), (0o775, True)])
def test_the_folder_above_may_be_shared_only_if_nobody_can_exchange_the_cache(root, mode, trusted):
    root.chmod(mode)
    if trusted:
        assert kept(NAME, program, who=WHO).exists()
    else:
        assert f"anybody can write to {root}" in refused()


def test_a_file_that_somebody_else_has_planted_is_not_run(root, monkeypatch, capsys):
    file = kept(NAME, program, who=WHO)
    lstat = Path.lstat

    class Planted:
        st_uid = os.geteuid() + 1
        st_mode = 0o755

    monkeypatch.setattr(Path, "lstat", lambda path: Planted if path == file else lstat(path))
    with pytest.raises(Unavailable):  # since what is made anew seems to be planted too
        kept(NAME, program, who=WHO)
    assert "compiling anew: what was compiled is damaged" in capsys.readouterr().err


def truncate(file, digest):
    os.truncate(file, 1000)


def empty(file, digest):
    os.truncate(file, 0)


def change_a_byte(file, digest):
    with file.open("r+b") as opened:
        opened.seek(5000)
        opened.write(bytes([opened.read(1)[0] ^ 1]))


def lose_the_digest(file, digest):
    digest.unlink()


def lose_the_file(file, digest):
    file.unlink()


def garble_the_digest(file, digest):
    digest.write_bytes(b"\xff")


def open_the_entry(file, digest):
    file.parent.chmod(0o777)


def make_it_a_link(file, digest):
    os.rename(file, file.parent.parent.parent / "planted")
    file.symlink_to(file.parent.parent.parent / "planted")


def make_it_a_folder(file, digest):
    file.unlink()
    file.mkdir()


def make_the_entry_a_file(file, digest):
    os.rename(file.parent, file.parent.parent.parent / "moved")
    file.parent.write_text("no folder")


@pytest.mark.parametrize("damage", [
    truncate, empty, change_a_byte, lose_the_digest, lose_the_file, garble_the_digest,
    make_it_a_link, make_it_a_folder, make_the_entry_a_file, open_the_entry,
])
def test_what_is_damaged_is_compiled_anew(root, capfd, damage):
    kept(NAME, answer(), who=WHO)
    damage(*entry())
    capfd.readouterr()
    assert called() == 42
    notice, *progress = capfd.readouterr().err.splitlines()
    assert notice == "dragoncage: compiling anew: what was compiled is damaged"
    assert all("s: compiling the machine" in line for line in progress)
    assert called() == 42
    assert capfd.readouterr().err == ""


def test_a_whole_library_of_something_else_is_compiled_anew(root, capfd):
    kept(NAME, answer(name="question"), who=WHO)
    capfd.readouterr()
    assert called() == 42
    assert "compiling anew: what was compiled cannot be used" in capfd.readouterr().err
    assert called() == 42
    assert capfd.readouterr().err == ""


def test_what_is_no_library_at_all_is_an_error_in_one_line(root):
    with pytest.raises(Unavailable, match="cannot load what it has compiled: ") as raised:
        loaded(NAME, program, [], who=WHO)
    assert "\n" not in str(raised.value)


def test_nothing_is_left_of_a_compiler_that_fails(root):
    def fail(compiling):
        compiling.run(["sh", "-c", "echo 'error: no'; exit 1"])

    with pytest.raises(Unavailable, match="the test: sh failed: error: no"):
        kept(NAME, fail, who=WHO)
    assert list(cache().iterdir()) == []


def test_whoever_is_slower_leaves_what_the_other_has_made(root):
    def overtaken(compiling):
        theirs.append(kept(NAME, program, who=WHO).stat().st_ino)
        return program(compiling)

    theirs = []
    assert kept(NAME, overtaken, who=WHO).stat().st_ino == theirs[0]
    assert [path.name for path in cache().iterdir()] == [NAME]


@pytest.mark.slow
def test_equal_designs_are_equal_wherever_they_are_seen_from(tmp_path):
    program = ("import hashlib\n"
               "from hw.boards import BOARDS\n"
               "from sim.boards.simulated import system as board\n"
               "from sim.engines.testbench import Testbench\n"
               "from sim.engines.cxxrtl.ports import designs, header\n"
               "from hw.config import MmuConfig\n"
               "bench = Testbench(MmuConfig(), view=True)\n"
               "found, view = designs(bench)\n"
               "system = board.text(BOARDS['icebreaker'], models=True)\n"
               "print([hashlib.sha256(text.encode()).hexdigest() for text in\n"
               "       (*found.values(), header(bench, view), system)])\n")
    here, there = Path(__file__).parents[2], tmp_path / "another checkout"
    for package in "hw", "sim", "sw":
        (there / package).mkdir(parents=True)
        for file in (here / package).rglob("*.py"):
            copy = there / file.relative_to(here)
            copy.parent.mkdir(parents=True, exist_ok=True)
            # An edited comment moves every line.
            copy.write_text("# A comment.\n" + file.read_text())
    one, other = (subprocess.run([sys.executable, "-c", program], cwd=place, check=True,
                                 env=os.environ | {"PYTHONPATH": str(place)},
                                 capture_output=True, text=True).stdout for place in (here, there))
    assert one == other and one.count(",") == 3


def test_equal_parts_have_equal_names_and_others_have_not():
    assert name_of("a", "b") == name_of("a", "b")
    assert len({name_of("a", "b"), name_of("b", "a"), name_of("ab"), name_of("a"),
                name_of("a", "b", "")}) == 5
    # The name of a file need not be UTF-8.
    assert name_of("\udcff") != name_of("\ufffd")
