"""Files that a command reads and writes: whole or not at all, and nobody else's are touched."""

import fcntl
import os
import signal
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from files_support import drafts, files_of_at_most
from process_support import Child

from sim.output import files
from sim.output.files import FileTrouble, lines, new_folder, output, written


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A folder to work in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(name, text="new"):
    with output(name) as file:
        file.write(text)


def trouble(name, text="new"):
    with pytest.raises(FileTrouble) as raised:
        write(name, text)
    return str(raised.value)


def mode(name):
    return stat.S_IMODE(os.stat(name).st_mode)


def text(name):
    return Path(name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", [".out.part", ".dragoncage-0", "out.part"])
def test_other_files_of_the_folder_are_left_alone(name):
    Path(name).write_text("mine")
    write("out")
    assert text(name) == "mine" and text("out") == "new"


@pytest.mark.parametrize("plant", [
    lambda name: Path(name).write_text("mine"),
    lambda name: Path(name).symlink_to("mine"),
    lambda name: Path(name).symlink_to("nothing"),
    lambda name: Path(name).mkdir(),
], ids=["file", "link", "dangling link", "folder"])
def test_what_is_planted_under_a_fresh_name_is_not_followed(plant, monkeypatch):
    names = iter(["planted", "fresh"])
    monkeypatch.setattr(files, "_fresh_name", lambda: next(names))
    Path("mine").write_text("mine")
    plant("planted")
    before = os.lstat("planted")
    write("out")
    assert text("out") == "new" and text("mine") == "mine"
    assert os.lstat("planted") == before
    assert sorted(os.listdir()) == ["mine", "out", "planted"]


def test_fresh_names_differ_and_are_short():
    names = {files._fresh_name() for _ in range(100)}
    assert len(names) == 100 and max(map(len, names)) < 50


def test_a_new_file_has_the_mode_of_any_new_file():
    before = os.umask(0o027)
    try:
        write("out")
    finally:
        os.umask(before)
    assert mode("out") == 0o640


@pytest.mark.parametrize("kept", [0o600, 0o664, 0o755])
def test_the_mode_of_a_file_that_is_replaced_is_kept(kept):
    Path("out").write_text("old")
    os.chmod("out", kept)
    write("out")
    assert text("out") == "new" and mode("out") == kept


def test_a_file_that_replaces_another_is_given_to_its_owner(monkeypatch):
    Path("out").write_text("old")
    os.chmod("out", 0o4755)
    given = []
    # Only root can give files away.
    monkeypatch.setattr(os, "fchown", lambda _, user, group: given.append((user, group)))
    write("out")
    assert given == [(os.stat("out").st_uid, os.stat("out").st_gid)]
    assert mode("out") == 0o755    # any writing takes the right away to run as the owner


def test_a_file_that_is_write_protected_stays(monkeypatch):
    Path("out").write_text("old")
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK)  # root may write anywhere
    assert trouble("out") == "cannot write out: Permission denied"
    assert text("out") == "old" and os.listdir() == ["out"]


@pytest.mark.parametrize("name", ["x" * 255, "é" * 127 + "x", "x" * 252])
def test_a_name_may_have_as_many_bytes_as_the_file_system_allows(name):
    write(name)
    write(name, "newer")
    assert text(name) == "newer" and os.listdir() == [name]


@pytest.mark.parametrize("name, said", [
    ("x" * 256,    f"cannot write {'x' * 256}: File name too long"),
    ("x" * 300,    f"cannot write {'x' * 300}: File name too long"),
    ("",           'cannot write "": a file needs a name'),
    (".",          "cannot write .: Is a directory"),
    ("no/such",    "cannot write no/such: No such file or directory"),
    ("loop",       "cannot write loop: Too many levels of symbolic links"),
])
def test_a_name_that_cannot_be_is_told_before_anything_is_done(name, said):
    os.symlink("loop", "loop")
    with pytest.raises(FileTrouble) as raised, output(name):
        pytest.fail("too late")
    assert str(raised.value) == said
    assert os.listdir() == ["loop"]


def test_a_link_stays_and_what_it_leads_to_is_replaced():
    Path("there").mkdir()
    Path("link").symlink_to("there/new")
    for content in ("first", "second"):
        write("link", content)
        assert Path("link").is_symlink() and text("there/new") == content
    assert os.listdir("there") == ["new"]


def test_a_pipe_is_written_to_and_stays():
    os.mkfifo("pipe")
    with Child("cat", "pipe") as reader:
        write("pipe", "through it")
        assert reader.wait() == 0
        assert reader.out == b"through it"
    assert Path("pipe").is_fifo() and os.listdir() == ["pipe"]


def test_a_device_is_written_to_and_stays():
    write("/dev/null")
    assert not Path("/dev/null").is_file()
    assert trouble("/dev/full") == "cannot write /dev/full: No space left on device"


@pytest.mark.parametrize("receiver", ["| cat", "> file && cat file"])
def test_standard_output_may_be_named_as_a_device(receiver):
    done = subprocess.run(
        ["sh", "-c", f"{sys.executable} -c \"from sim.output.files import output\n"
                     f"with output('/dev/stdout') as file: file.write('text')\" {receiver}"],
        env={**os.environ, "PYTHONPATH": str(Path(files.__file__).parents[1])},
        capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("text", "")


def test_a_file_that_is_open_and_deleted_is_written_to():
    with open("gone", "w+") as gone:
        os.unlink("gone")
        write(f"/proc/self/fd/{gone.fileno()}", "kept")
        assert gone.read() == "kept"
    assert os.listdir() == []


@pytest.mark.parametrize("stop", [ValueError, KeyboardInterrupt, SystemExit, OSError(5, "trouble")])
def test_after_an_exception_all_is_as_before(stop):
    Path("out").write_text("old")
    with pytest.raises((type(stop), FileTrouble) if isinstance(stop, OSError) else stop):
        with output("out") as file:
            file.write("half of")
            assert len(drafts()) == 1
            raise stop
    assert text("out") == "old" and os.listdir() == ["out"]


@pytest.mark.parametrize("size", [10, 100_000])   # more and less than a buffer
def test_after_a_full_disk_all_is_as_before(size):
    Path("out").write_text("old")
    with files_of_at_most(size // 2):
        assert trouble("out", "x" * size) == "cannot write out: File too large"
    assert text("out") == "old" and os.listdir() == ["out"]


def test_what_is_written_is_utf_8_with_plain_line_ends():
    write("out", "é\n\u2028")
    assert Path("out").read_bytes() == "é\n\u2028".encode()


def test_two_at_once_do_not_meet():
    with output("out") as first:
        first.write("first")
        write("out", "second")
        assert text("out") == "second"
    assert text("out") == "first" and os.listdir() == ["out"]


SET = ("a", "b", "c")


def write_set(content):
    with written(*SET) as found:
        for file in found:
            file.write(content)


def test_several_files_appear_together():
    with written(*SET) as found:
        for file in found:
            file.write("all")
        assert len(os.listdir()) == len(drafts()) == 3
    assert sorted(os.listdir()) == [*SET]


def test_several_files_are_those_of_one_of_two_who_write_them(monkeypatch):
    replace = os.replace
    second  = threading.Thread(target=write_set, args=["second"])

    def meanwhile(*arguments):
        replace(*arguments)
        if threading.current_thread() is not second and not second.ident:
            second.start()
            second.join(0.5)   # it must wait, and if it does not, it is done by now

    monkeypatch.setattr(os, "replace", meanwhile)
    write_set("first")
    second.join()
    assert {text(name) for name in SET} == {"second"}


def test_a_signal_does_not_part_several_files(monkeypatch):
    def replace(*arguments, really=os.replace):
        really(*arguments)
        os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(os, "replace", replace)
    with pytest.raises(KeyboardInterrupt):
        write_set("all")
    assert {text(name) for name in SET} == {"all"} and sorted(os.listdir()) == [*SET]


def test_if_one_of_several_cannot_be_opened_there_is_none():
    Path("b").mkdir()
    with pytest.raises(FileTrouble, match="cannot write b: Is a directory"), written(*SET):
        pytest.fail("too late")
    assert os.listdir() == ["b"]


def test_others_go_when_the_new_ones_appear():
    Path("old").write_text("")
    with written("new", instead=[Path("old"), Path("never")]):
        assert Path("old").exists()
    assert os.listdir() == ["new"]


def test_a_folder_that_was_made_for_nothing_goes():
    Path("here").mkdir()
    with pytest.raises(KeyboardInterrupt), new_folder(Path("here/new/er")):
        assert Path("here/new/er").is_dir()
        raise KeyboardInterrupt
    assert os.listdir("here") == []


def test_a_folder_with_something_in_it_stays():
    with new_folder(Path("new/er")):
        Path("new/er/file").write_text("")
    assert Path("new/er/file").exists()


def test_a_folder_that_cannot_be_made_leaves_nothing():
    name = "x" * 256
    with pytest.raises(FileTrouble, match="File name too long"), new_folder(Path("new") / name):
        pytest.fail("too late")
    assert os.listdir() == []


def batches(contents, count=3):
    Path("in").write_bytes(contents)
    return list(lines("in", count))


def test_lines_come_in_batches():
    assert batches(b"a\nb\n\nc\r\n\xff") == [["a", "b", ""], ["c\r", "\udcff"]]
    assert batches(b"") == []


def test_a_byte_order_mark_is_left_out_at_the_beginning_only():
    assert batches(b"\xef\xbb\xbfa\n\xef\xbb\xbfb\n") == [["a", "\ufeffb"]]
    assert batches(b"\xef\xbb") == [["\udcef\udcbb"]]


def test_a_batch_is_no_larger_than_about_the_longest_line(monkeypatch):
    monkeypatch.setattr(files, "LONGEST", 10)
    assert batches(b"123456\n123456\n1\n1\n1\n1\n") == [
        ["123456", "123456"], ["1", "1", "1"], ["1"]]


@pytest.mark.parametrize("line", [b"1234567890\n", b"1234567890"])
def test_a_line_may_have_as_many_characters_as_the_longest(line, monkeypatch):
    monkeypatch.setattr(files, "LONGEST", 10)
    assert batches(b"a\n" + line) == [["a", "1234567890"]]


def test_a_line_that_is_longer_is_refused_when_those_before_it_are_taken(monkeypatch):
    monkeypatch.setattr(files, "LONGEST", 10)
    found = lines("in", 5)
    Path("in").write_bytes(b"a\nb\n12345678901\nc\n")
    assert next(found) == ["a", "b"]
    with pytest.raises(FileTrouble) as raised:
        next(found)
    assert str(raised.value) == "in: line 3: longer than 10 characters"


def test_a_name_that_ends_like_a_folder_s_is_refused():
    assert trouble("new/") == "cannot write new/: Is a directory"
    assert os.listdir() == []


@pytest.fixture
def a_locked_folder(folder):
    """The folder is locked by somebody else, who may only read it."""
    descriptor = os.open(folder, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    yield folder
    os.close(descriptor)


def test_one_file_does_not_wait_for_who_has_locked_the_folder(a_locked_folder):
    write("out")
    assert text("out") == "new"


def test_several_files_do_not_wait_for_ever(a_locked_folder, monkeypatch):
    monkeypatch.setattr("sim.output.critical.PATIENCE", 0.1)
    with (pytest.raises(FileTrouble, match="cannot write .*: another program has had it locked"),
          written("one", "two")):
        pass
    assert os.listdir() == []
