"""Reading scripts: what the format has, and one line for what it has not."""

from pathlib import Path

import pytest

from sim.script.parser import load, parse
from sim.script.script import ScriptError


HEAD = 'format = 1\ntitle = "A test"\n'

MMAP = ('[[step]]\nwho = "a"\ndo = "mmap"\nas = "p"\nlength = 4096\nprot = "r"\n'
        'flags = ["private", "anonymous"]\n')


def step(text):
    """A script whose second step is ``text``, which begins in line 10."""
    return f'{HEAD}{MMAP}[[step]]\nwho = "a"\n{text}'


def test_a_script_is_read_with_the_lines_of_its_steps():
    script = parse(step('do = "load"\nat = "p+2*8-1"\nexpect = { value = 0 }'), "f", "f")
    first, second = script.steps
    assert (first.line, second.line) == (3, 10)
    assert first.args["flags"] == ["private", "anonymous"]
    assert second.args["at"].value({"p": 100}.__getitem__) == 115
    assert str(second) == "a load at=p+2*8-1"


@pytest.mark.parametrize("text, line, said", [
    ("format = 1\n[[step", 2, "this is no TOML"),
    ("title = 'x'\n[[step]]\nwho = 'a'\ndo = 'int3'", 1, "format is missing"),
    ("format = 2\ntitle = 'x'\nstep = []", 1, "this is format 2; formats: 1"),
    ("format = '1'\ntitle = 'x'\nstep = []", 1, "format is a number, not '1'"),
    ("format = 2\nname = 'x'", 1, "this is format 2; formats: 1"),
    (HEAD + "step = []", 1, "a script has a step at least"),
    (HEAD + "steps = []", 3, 'there is no key "steps" here'),
    (HEAD + "needs = ['luck']\n" + MMAP, 3, "needs: there is no 'luck'; there are: root"),
    (HEAD + "differs = ' '\n" + MMAP, 3, "differs is empty"),
    (HEAD + "[[file]]\npath = 'a/b'\ndata = ''\n" + MMAP, 4, "path is a name without folders"),
    (HEAD + "[[file]]\npath = 'a'\ndata = '4'\n" + MMAP, 5, "data is bytes in hex"),
    (HEAD + "[process.b]\nuid = 'root'\n" + MMAP, 4, "uid is a number, not 'root'"),
    (HEAD + MMAP + "[set]\nvm.nr_hugepage = 4\n", 10, 'set: "vm.nr_hugepage=4" is no switch'),
    (HEAD + MMAP + "[set]\nvm.nr_hugepages = 4\n", 10, 'vm.nr_hugepages: write needs = ["huget'),
    (HEAD + MMAP + "[set]\n'kernel.vdso' = 1\n", 10, 'kernel.vdso: write needs = ["vdso"] in'),
    (HEAD + MMAP + "[set]\nmachine.cpus = 2\n", 10, "set: machine.cpus is none of the kernel's"),
    (HEAD + MMAP + "[set]\nkernel.wp = false\n", 10, 'kernel.wp is 0 or 1, not "False"'),
    (step("do = 'mmapp'"), 12, 'there is no "mmapp"; did you mean mmap, munmap or mremap? docs'),
    (step("do = 'load'\natt = 'p'"), 13, 'key "att" here; did you mean at? there are: who, do'),
    (step("do = 'zzz'"), 12, 'there is no "zzz"; docs/scripts.md has all'),
    (step(f"do = '{'z' * 99}'"), 12, f'there is no "{"z" * 40}"; docs/scripts.md has all'),
    (step(""), 10, "a step needs do: what is done"),
    (step("do = 'load'\nat = 'q'"), 13, "at: no step before has made q"),
    (step("do = 'load'\nat = 'p+'"), 13, '"p+" is no number and no sum such as p+4096'),
    (step("do = 'load'\nat = 1.5"), 13, "at is a number or a sum such as p+4096, not 1.5"),
    (step("do = 'load'"), 12, "load needs at: a number or a sum"),
    (step("do = 'load'\nat = 'p'\nof = 1"), 14, 'there is no key "of" here; there are: who'),
    (step("do = 'load'\nat = 'p'\nas = 'p'"), 14, "p is a name already"),
    (step("do = 'load'\nat = 'p'\nas = '1'"), 14, "as is a name of letters"),
    (step("do = 'pipe'\nas = 'r'"), 13, "pipe gives 2 results a name"),
    (step("do = 'madvise'\nat = 'p'\nlength = 1\nadvice = 'dontned'"), 15,
     "advice: there is no 'dontned'; did you mean dontneed, "),
    (step("do = 'mprotect'\nat = 'p'\nlength = 1\nprot = 'rr'"), 15, 'prot is letters of "rwx"'),
    (step("do = 'write'\nfile = 'f'\ndata = '41'"), 13, "file: no step before has made f"),
    (step("do = 'write'\nfile = '/proc/{b}/mem'\ndata = '41'"), 13, "file: there is no 'b'"),
    (step("do = 'kill'\npid = 'b'\nsignal = 'SIGKILL'"), 13, "pid: there is no 'b'"),
    (step("do = 'kill'\npid = 'a'\nsignal = 'SIGKIL'"), 14, "signal: there is no 'SIGKIL'"),
    (step("do = 'writev'\nfile = 0\niov = [{}]"), 14, "iov is a list of { data }"),
    (HEAD + "step = [\n  { who = 'a', do = 'int3' },\n  { who = 'a', do = 'int4' },\n]", 5,
     'there is no "int4"'),
    (step("do = 'int3'\nexpect = { signl = 1 }"), 13, "expect: there is no 'signl'"),
    (step("do = 'int3'\nexpect = { signal = 1 }"), 13, "expect: signal is a text, not 1"),
    (step("do = 'int3'\nexpect = { signal = 'SIGFO' }"), 13, "expect: there is no signal 'SIGFO'"),
    (step("do = 'int3'\nexpect = { killed = 'EIO' }"), 13, "expect: there is no killed 'EIO'"),
    (step("do = 'int3'\nexpect = { errno = 'SIGIO' }"), 13, "expect: there is no errno 'SIGIO'"),
    (step("do = 'load'\nat = 'p'\nsize = 3"), 14, "size is 1, 2, 4 or 8, not 3"),
    (step("do = 'load'\nat = 'p'\nsize = true"), 14, "size is 1, 2, 4 or 8, not True"),
    (step("do = 'sigaction'\nsignal = 10\naction = 1"), 14, "action: there is no 1; there are: ha"),
    (step("do = 'lseek'\nfile = 0\noffset = 0\nwhence = true"), 15, "whence: there is no True"),
    (step("do = 'close'\nfile = true"), 13, "file is the name of a descriptor"),
    (step("do = 'read'\nfile = 0\ncount = 32769"), 14, "count: bytes up to 32768 have room"),
    (step("do = 'read'\nfile = 0\ncount = 'p'"), 14, "count: bytes up to 32768 have room"),
    (step(f"do = 'read'\nfile = 0\ncount = {-1 << 64}"), 14, "count: bytes up to 32768 have room"),
    (step("do = 'writev'\nfile = 0\niov = [{ data = '00*20000' }, { data = '00*20000' }]"), 14,
     "iov: bytes up to 32768 have room"),
    (step(f"do = 'readv'\nfile = 0\niov = [{', '.join(65 * ['{ count = 1 }'])}]"), 14,
     "iov has 64 parts at most"),
    (HEAD + "".join(f"[[step]]\nwho = 'a{number}'\ndo = 'int3'\n" for number in range(17)), 52,
     "a script has 16 processes and threads at most"),
    (HEAD + 16 * "[[step]]\nwho = 'a'\ndo = 'fork'\n", 49,
     "a script has 16 processes and threads at most"),
    (step("do = 'query'\nat = 'p'\nexpect = { frame = 'f' }"), 14,
     "expect: no query before has made f"),
])
def test_a_mistake_is_one_line_with_the_place_and_what_was_expected(text, line, said):
    with pytest.raises(ScriptError) as error:
        parse(text, "dir/f.toml", "f")
    message = str(error.value)
    assert message.startswith(f"dir/f.toml:{line}: ") and said in message, message
    assert "\n" not in message and len(message) < 160


def test_what_has_memory_of_its_own_or_a_name_needs_no_room():
    for text in ("do = 'read'\nfile = 0\nbuf = 'p'\ncount = 99999",
                 "do = 'readv'\nfile = 0\niov = [{ at = 'p', count = 99999 }]",
                 "do = 'read'\nfile = 0\ncount = -1",
                 "do = 'int3'\nexpect = { signal = 'SIG34' }"):
        assert len(parse(step(text), "f", "f").steps) == 2


def test_a_file_that_is_no_text_is_refused(tmp_path: Path):
    file = tmp_path / "x.toml"
    file.write_bytes(b"\xff")
    with pytest.raises(ScriptError, match="a script is text in UTF-8"):
        load(file)
