"""``dragoncage access``: files, exit status, complaints, and what is left behind."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from files_support import await_drafts, drafts, files_of_at_most
from process_support import Child, started
from vector_support import as_text, long_mode, random_line

from sim.cli.main import main
from sim.errors import Unavailable
from sim.output.progress import Progress
from sim.vectors.engines.golden import GoldenVectors

from .sequence_lines_support import access as sequence_access
from .sequence_lines_support import sequence


ROOT = Path(__file__).parents[2]

CANNOT = long_mode(cr4="0x800020")
WRONG  = long_mode(cpl=1)
SAID   = "line {}: cpl: expected 0 or 3, not 1\n"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder to work in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(name, *lines):
    Path(name).write_text(as_text(*lines), encoding="utf-8")


def access(*arguments):
    """Run the command on the golden model; return the exit status."""
    return main(["access", "--engine", "golden", *arguments])


def dragoncage(*arguments, **parameters):
    """The command as a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "dragoncage", "access", "--engine", "golden", *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT)}, text=True, check=False,
        **{"capture_output": True} | parameters)


def ids(text):
    return [json.loads(line)["id"] for line in text.splitlines()]


def test_each_line_has_its_outcome_in_order(folder, capsys, monkeypatch):
    monkeypatch.setattr(GoldenVectors, "batch", 7)
    write("in", *map(random_line, range(100)))
    assert access("in") == 0
    out, err = capsys.readouterr()
    assert (ids(out), err) == (list(range(100)), "")
    assert access("in", "-o", "out") == 0
    assert capsys.readouterr() == ("", "")
    assert Path("out").read_text() == out
    assert sorted(os.listdir()) == ["in", "out"]


@pytest.mark.slow
def test_the_gateware_in_amaranths_simulator_is_the_default(folder, capsys):
    write("in", long_mode())
    assert main(["access", "in"]) == 0
    assert json.loads(capsys.readouterr().out)["cycles"] == 26


def test_an_empty_file_has_no_outcomes(folder, capsys):
    write("in")
    assert access("in", "-o", "out") == 0
    assert Path("out").read_bytes() == b""


def test_the_end_of_the_last_line_may_be_missing(folder, capsys):
    Path("in").write_text(as_text(long_mode())[:-1])
    assert access("in") == 0
    assert ids(capsys.readouterr().out) == [1]


def test_a_line_that_cannot_be_done_is_status_1(folder, capsys):
    write("in", long_mode(id="a"), CANNOT, long_mode(id="c"))
    assert access("in", "-o", "out") == 1
    assert capsys.readouterr() == ("", "")
    found = [json.loads(line) for line in Path("out").read_text().splitlines()]
    assert [outcome["id"] for outcome in found] == ["a", 1, "c"]
    assert found[1] == {"id": 1, "error": "this unit has no CR4.CET"}


@pytest.mark.parametrize("batch", [1, 2, 3, 100])
def test_a_malformed_line_ends_it_with_status_2(folder, capsys, monkeypatch, batch):
    monkeypatch.setattr(GoldenVectors, "batch", batch)
    write("in", long_mode(id=1), long_mode(id=2), CANNOT, WRONG, long_mode(id=5))
    assert access("in") == 2
    out, err = capsys.readouterr()
    assert ids(out) == [1, 2, 1]    # the outcomes of what came before
    assert err == "dragoncage: in: " + SAID.format(4)


def test_a_malformed_line_leaves_the_old_file(folder, capsys):
    Path("out").write_text("old")
    write("in", long_mode(), WRONG)
    assert access("in", "-o", "out") == 2
    assert Path("out").read_text() == "old"
    assert sorted(os.listdir()) == ["in", "out"]


def test_bytes_that_are_no_text_are_malformed(folder, capsys):
    Path("in").write_bytes(as_text(long_mode(id="x")).encode().replace(b'"x"', b'"\xff"'))
    assert access("in") == 2
    assert capsys.readouterr().err == "dragoncage: in: line 1: not UTF-8 at column 9\n"


def test_an_empty_line_is_malformed(folder, capsys):
    Path("in").write_text(as_text(long_mode()) + "\n" + as_text(long_mode()))
    assert access("in") == 2
    assert capsys.readouterr().err == (
        "dragoncage: in: line 2: expected a JSON object: Expecting value at column 1\n")


def test_output_may_replace_its_input(folder):
    write("file", long_mode(id="x"))
    assert access("file", "-o", "file") == 0
    assert json.loads(Path("file").read_text())["fault"] is None


def test_a_link_stays_a_link(folder):
    write("in", long_mode())
    Path("real").write_text("old")
    Path("link").symlink_to("real")
    assert access("in", "-o", "link") == 0
    assert Path("link").is_symlink()
    assert ids(Path("real").read_text()) == [1]


def test_what_is_no_ordinary_file_is_written_to_and_stays(folder):
    write("in", long_mode())
    os.mkfifo("pipe")
    with Child("cat", "pipe") as reader:
        assert access("in", "-o", "pipe") == 0
        assert reader.wait() == 0
        assert ids(reader.out.decode()) == [1]
    assert Path("pipe").is_fifo()
    assert sorted(os.listdir()) == ["in", "pipe"]


@pytest.mark.parametrize("arguments, complaint", [
    (["no/such"],          "cannot read no/such: No such file or directory"),
    (["."],                "cannot read .: Is a directory"),
    (["in", "-o", "."],    "cannot write .: Is a directory"),
    (["in", "-o", "no/such"], "cannot write no/such: No such file or directory"),
    (["in", "-o", "in/x"], "cannot write in/x: Not a directory"),
    (["in", "-o", ""],     'cannot write "": a file needs a name'),
    (["in", "-o", "x" * 300], f"cannot write {'x' * 300}: File name too long"),
    (["", "-o", "out"],    'cannot read "": No such file or directory'),
    (["no\nsuch"],         "cannot read no such: No such file or directory"),
    ([],                   "the following arguments are required: FILE"),
    (["in", "--engine", "paper"], "argument --engine: invalid choice: 'paper'"),
])
def test_a_file_that_cannot_be_used_is_one_line_and_status_2(
        folder, capsys, arguments, complaint):
    write("in", long_mode())
    assert access(*arguments) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.startswith(f"dragoncage: {complaint}") and err.count("\n") == 1
    assert os.listdir() == ["in"]


def test_a_full_disk_leaves_nothing(folder, capsys):
    write("in", long_mode())
    with files_of_at_most(10):
        assert access("in", "-o", "out") == 2
    assert capsys.readouterr().err == "dragoncage: cannot write out: File too large\n"
    assert os.listdir() == ["in"]


def test_an_engine_that_is_not_there_is_status_2(folder, capsys, monkeypatch):
    def run(engine, vectors):
        raise Unavailable("the engine needs a compiler")

    monkeypatch.setattr(GoldenVectors, "run", run)
    write("in", long_mode())
    assert access("in", "-o", "out") == 2
    assert capsys.readouterr().err == "dragoncage: the engine needs a compiler\n"
    assert os.listdir() == ["in"]


def test_an_interrupt_leaves_nothing(folder, capsys, monkeypatch):
    def run(engine, vectors):
        assert len(os.listdir()) == 2 and len(drafts()) == 1
        raise KeyboardInterrupt

    monkeypatch.setattr(GoldenVectors, "run", run)
    write("in", long_mode())
    assert access("in", "-o", "out") == 130
    assert capsys.readouterr().err == "dragoncage: interrupted\n"
    assert os.listdir() == ["in"]


@pytest.mark.slow
@pytest.mark.parametrize("number, status", [
    (signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129),
])
def test_a_signal_leaves_nothing(folder, number, status):
    Path("out").write_text("old")
    # Standard input stays open, so that the command waits for the rest.
    with started("access", "-", "-o", "out", stdin=subprocess.PIPE) as child:
        await_drafts(child)
        child.send_signal(number)
        assert child.wait() == status
    assert os.listdir() == ["out"] and Path("out").read_text() == "old"


@pytest.mark.slow
def test_two_commands_may_write_one_file_at_once(folder):
    command = ("access", "--engine", "golden", "-", "-o", "out")
    with (started(*command, stdin=subprocess.PIPE) as first,
          started(*command, stdin=subprocess.PIPE) as second):
        await_drafts(first, second)
        for name, child in (("a", first), ("b", second)):
            child.tell(as_text(*(long_mode(id=name) for _ in range(50))))
            assert child.wait() == 0, child.err
            assert ids(Path("out").read_text()) == [name] * 50
    assert os.listdir() == ["out"]


@pytest.mark.slow
def test_standard_input_and_output_are_pipes():
    done = dragoncage("-", input=as_text(long_mode(id="é"), CANNOT), encoding="utf-8")
    assert (done.returncode, done.stderr) == (1, "")
    assert ids(done.stdout) == ["é", 1]
    done = dragoncage("-", "-o", "-", input=as_text(long_mode(), WRONG))
    assert (done.returncode, ids(done.stdout)) == (2, [1])
    assert done.stderr == "dragoncage: standard input: " + SAID.format(2)


@pytest.mark.slow
def test_standard_output_that_is_full_is_one_line_and_status_2():
    with open("/dev/full", "w") as full:
        done = dragoncage("-", input=as_text(long_mode()), capture_output=False, stdout=full,
                          stderr=subprocess.PIPE)
    assert done.returncode == 2
    assert done.stderr == "dragoncage: cannot write standard output: No space left on device\n"


@pytest.mark.slow
def test_standard_streams_that_are_closed_are_one_line_and_status_2():
    command = f"cd {ROOT} && {sys.executable} -m dragoncage access --engine golden -"
    for redirection, said in (("<&-", "read standard input: it is closed"),
                              (">&- </dev/null", "write standard output: it is closed")):
        done = subprocess.run(f"{command} {redirection}", shell=True, capture_output=True,
                              text=True, check=False)
        assert (done.returncode, done.stderr) == (2, f"dragoncage: cannot {said}\n")


@pytest.mark.slow
def test_a_reader_that_has_enough_ends_it_quietly(folder):
    write("in", *(long_mode(id=number) for number in range(20_000)))
    read, write_end = os.pipe()
    with started("access", "--engine", "golden", "in", stdout=write_end) as child:
        os.close(write_end)
        assert os.read(read, 8) == b'{"id": 0'
        os.close(read)
        assert child.wait() == 141
        assert all(re.fullmatch(r"\d+ s, [\d,]+ vectors \([\d,]+/s\)", said)
                   for said in child.err.decode().splitlines())


@pytest.mark.slow
def test_a_file_is_not_held_in_memory(folder):
    # A file of 100 MB, in a process whose data may not exceed 130 MB in all.
    write("in", *(long_mode(id="x" * 20_000) for _ in range(5_000)))
    limit = "import resource; resource.setrlimit(resource.RLIMIT_DATA, (130 << 20, -1)); "
    done  = subprocess.run(
        [sys.executable, "-c", limit + "from sim.cli.main import main; "
         "raise SystemExit(main(['access', '--engine', 'golden', 'in', '-o', 'out']))"],
        env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_a_line_without_an_end_is_not_held_in_memory(folder):
    write("in", long_mode(id=1))
    limit = "import resource; resource.setrlimit(resource.RLIMIT_DATA, (130 << 20, -1)); "
    done  = subprocess.run(
        ["sh", "-c", f"cat in /dev/zero | {sys.executable} -c '{limit}from sim.cli.main import main"
                     '; raise SystemExit(main(["access", "--engine", "golden", "-"]))\''],
        env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False)
    assert (done.returncode, ids(done.stdout)) == (2, [1])
    assert done.stderr == "dragoncage: standard input: line 2: longer than 1,048,576 characters\n"


def test_a_file_may_begin_with_a_byte_order_mark(folder, capsys):
    Path("in").write_bytes(b"\xef\xbb\xbf" + as_text(long_mode(id=1), long_mode(id=2)).encode())
    assert access("in") == 0
    assert ids(capsys.readouterr().out) == [1, 2]


def test_a_number_of_many_digits_is_malformed(folder, capsys):
    Path("in").write_text(as_text(long_mode(id="x")).replace('"x"', "-" + "7" * 5000))
    assert access("in") == 2
    assert capsys.readouterr().err == (
        "dragoncage: in: line 1: expected a JSON object: a number of 5,000 digits is too long; "
        "4,300 are read\n")


def test_allowed_is_added_to_sequences_alone(folder, capsys):
    write("in", long_mode(id=1), sequence(sequence_access(), id=2))
    assert access("in", "--allowed") == 0
    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    end = {"fault": None, "physical": "0x5008", "data": "0x0"}
    assert "allowed" not in first
    assert second["steps"] == [end | {"allowed": [end]}]


def test_progress_is_told_after_each_batch(folder, capsys, monkeypatch):
    told = []
    monkeypatch.setattr(GoldenVectors, "batch", 4)
    monkeypatch.setattr(Progress, "count", lambda progress, done: told.append(done))
    write("in", *(long_mode() for _ in range(10)))
    assert access("in") == 0
    assert told == [4, 8, 10]
