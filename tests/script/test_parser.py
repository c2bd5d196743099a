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
    (HEAD + MMAP + "[set]\nvm.nr_hugepage = 4\n", 10, 'set: there is no switch "vm.nr_hu'),
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
    (step("do = 'madvise'\nat = 'p'\nlength = 1\nadvice = 'MADV_FREE'"), 15,
     "advice: there is no 'MADV_FREE'; did you mean free"),
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
    (step(f"do = 'read'\nfile = 0\ncount = '-{1 << 62}*p'"), 14, "count: bytes up to 32768 have"),
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


def expected(text):
    """A script whose second step expects something, in line 13."""
    return step(f"do = 'int3'\nexpect = {{ {text} }}")


@pytest.mark.parametrize("text, said", [
    ("signal = 'SIGSEGV', code = 'SEGV_ACC'",
     "there is no code 'SEGV_ACC'; did you mean SEGV_ACCERR or "),
    ("signal = 'SIGSEGV', code = 'BUS_ADRERR'", "there is no code 'BUS_ADRERR'; there are: SEGV_"),
    ("code = 'ACCERR'",              "there is no code 'ACCERR'; did you mean SEGV_ACCERR"),
    ("signal = 'SIGSEGV', code = '2'", "code 2 is called SEGV_ACCERR"),
    ("code = '-6'",                  "code -6 is called SI_TKILL"),
    ("signal = 'SIGSEG'",            "there is no signal 'SIGSEG'; did you mean SIGSEGV"),
    ("signal = 'SIG11'",             "there is no signal 'SIG11'"),
    ("signal = 'SIG65'",             "there is no signal 'SIG65'"),
    ("killed = 'exited'",            "there is no killed 'exited'; did you mean exit?"),
    ("errno = 'EINVL'",              "there is no errno 'EINVL'; did you mean EINVAL"),
    ("perms = 'rw'",                 "there is no perms 'rw'; did you mean "),
    ("perms = 'rwp-'",               "there is no perms 'rwp-'; did you mean "),
    ("status = 'exited'",            "there is no status 'exited'; did you mean exited "),
    ("status = 'exited 256'",        "there is no status 'exited 256'; did you mean exited 56, "),
    ("status = 'killed SIGKIL'",     "there is no status 'killed SIGKIL'; did you mean killed SIG"),
    ("status = 'stopped SIGTRAP event 8'", "there is no status 'stopped SIGTRAP event 8'; did you"),
    ("signals = ['SIGUSR3']",        "there is no signal 'SIGUSR3'; did you mean SIGUSR2"),
    ("signals = ['SIGCHLD']",        "there is no signal 'SIGCHLD'; did you mean SIGCHLD "),
    ("signals = [1]",                "there is no signal '1'"),
    ("error_code = '7'",             'error_code is a number in hex such as "0x7", not \'7\''),
    ("error_code = '0x07'",          'error_code is a number in hex such as "0x7", not \'0x07\''),
    ("trap = 32",                    "trap is a number from 0 to 31, not 32"),
    ("mode = 0o10000",               "mode is a number from 0 to 4095, not 4096"),
    ("owner = -1",                   "owner is a number from 0 to 4294967295, not -1"),
    ("faults = -1",                  "faults is a number from 0 to "),
    ("stopped = false",              "stopped is true, or left out"),
    ("child = 'p'",                  "there is no 'p'; there are: a"),
    ("child = 1",                    "there is no 1; there are: a"),
    ("frame = 'p'",                  "no query before has made p"),
])
def test_what_no_step_can_come_to_is_no_expectation(text, said):
    with pytest.raises(ScriptError) as error:
        parse(expected(text), "f", "f")
    message = str(error.value)
    assert message.startswith(f"f:13: expect: {said}") and "\n" not in message, message


def test_all_that_a_step_can_come_to_is_an_expectation():
    for text in ("signal = 'SIG34'", "killed = 'SIG64'", "killed = 'exit'", "errno = 'EDQUOT'",
                 "signal = 'SIGSEGV', code = '9'", "signal = 'SIGBUS', code = 'BUS_ADRALN'",
                 "signal = 'SIGSEGV', code = 'SI_KERNEL', trap = 13", "error_code = '0x15'",
                 "status = 'exited 255'", "status = 'continued'", "child = 'a'", "child = 0",
                 "status = 'dumped SIGSEGV'", "status = 'trapped SIGTRAP event 128'",
                 "status = 'killed SIG34'",
                 "status = 'stopped SIGTRAP event 128'", "perms = '', stopped = true",
                 "perms = '--xs', mode = 0o7777", "signals = ['SIGCHLD CLD_DUMPED', 'SIG34']",
                 "signals = ['SIGCHLD SI_USER']", f"ret = '{(1 << 64) - 1}', value = {-1 << 63}"):
        assert parse(expected(text), "f", "f").steps[1].expect


@pytest.mark.parametrize("text, line, said", [
    (f"{HEAD}{MMAP.replace('4096', '0x1fffffffffffffffffff')}", 7, "length: "),
    (f"{HEAD}{MMAP.replace('4096', '`0x1fffffffffffffffffff`')}", 7, "length: "),
    (step(f"do = 'load'\nat = {1 << 64}"), 13, "at: "),
    (step(f"do = 'load'\nat = {-(1 << 63) - 1}"), 13, "at: "),
    (step(f"do = 'load'\nat = 'p+{1 << 64}'"), 13, "at: "),
    (step(f"do = 'load'\nat = 'p+{1 << 32}*{1 << 32}'"), 13, "at: "),
    (step(f"do = 'load'\nat = '{(1 << 64) - 1}+1'"), 13, "at: "),
    (step(f"do = 'load'\nat = 'p'\nexpect = {{ value = {1 << 64} }}"), 14, "expect: "),
    (step(f"do = 'load'\nat = 'p'\nexpect = {{ value = '{1 << 64}' }}"), 14, "expect: "),
    (step(f"do = 'readv'\nfile = 0\niov = [{{ at = 'p', count = {1 << 64} }}]"), 14, "iov: "),
    (step(f"do = 'madvise'\nat = 'p'\nlength = 1\nadvice = {1 << 64}"), 15, "advice: "),
    (step(f"do = 'mprotect'\nat = 'p'\nlength = 1\nprot = {1 << 64}"), 15, "prot: "),
    (step(f"do = 'kill'\npid = {1 << 64}\nsignal = 1"), 13, "pid: "),
    (f"{HEAD}needs = [0x{'f' * 9999}]\n{MMAP}", 3, "needs: "),
    (f"{HEAD}file = 0x{'f' * 9999}\n{MMAP}", 3, "file: "),
    (f"format = 0x{'f' * 9999}\ntitle = 'x'\n{MMAP}", 1, "format: "),
    (f"{HEAD}[[file]]\npath = 'a'\ndata = ''\nmode = {1 << 64}\n{MMAP}", 6, "mode: "),
    (f"{HEAD}[process.b]\nuid = {1 << 64}\n{MMAP}", 4, "uid: "),
    (f"{HEAD}{MMAP}[set]\nvm.overcommit_ratio = {1 << 64}\n", 10, "vm: "),
    (step(f"do = 'load'\nat = {'9' * 9999}"), 13, ""),
])
def test_a_number_of_more_than_64_bits_is_refused_in_its_line(text, line, said):
    with pytest.raises(ScriptError) as error:
        parse(text.replace("`", '"'), "f", "f")
    message = str(error.value)
    assert message.startswith(f"f:{line}: {said}a number has 64 bits at most"), message
    assert "\n" not in message and len(message) < 160


@pytest.mark.parametrize("text, line, said", [
    (step("do = 'load'\nat = 'p+007'"), 13, 'at: "p+007" is no number and no sum'),
    (step(f"do = 'load'\nat = '{'9' * 9999}'"), 13, f'at: "{"9" * 40}" is no number and no sum'),
    (step(f"do = 'write'\nfile = 1\ndata = '41*{'9' * 9999}'"), 14, "data is bytes in hex"),
    (f"{HEAD}needs = {'[' * 9999}{']' * 9999}", 3, "lists and tables stand in each other too deep"),
])
def test_what_python_cannot_read_is_refused_in_its_line(text, line, said):
    with pytest.raises(ScriptError) as error:
        parse(text, "f", "f")
    assert str(error.value).startswith(f"f:{line}: {said}")


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
