"""Mistakes in a scenario: one message with file and line, and a status of their own."""

import json
import re

import pytest
from board_support import DirectLine, board_named, engine_on

from sim.cli import main
from sim.machine import ENGINES
from sim.mistakes import ScenarioError
from sim.scenario import load


#: The engine on which a run takes least time; where it matters, others.
FAST = "cxxrtl"

#: That of the simulators of cocotb which need not compile, if it is there.
ANY = "icarus"

HEAD = '''"""Story."""

from sim.claims import Verdict
from sim.stage import Stage
from sw.errno import Errno, KernelError


MODES = ("4level",)

YES = Verdict(True, 1, "seen")


'''

PLAY = "async def play(stage):\n"

#: A call in a program, which ends like a play.
HOLDS = """
    async with stage.act("Act"):
        stage.claim("so", YES)
"""


def written(folder, text, name="story.py"):
    """A scenario in a file of its own. The line of a ``# <--`` is the one that has a mistake."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    lines = [number for number, line in enumerate(text.splitlines(), 1) if "# <--" in line]
    return path, lines[0] if lines else 1


def mistake_in(path, engine=FAST, **options):
    """Play a file; return its mistake."""
    run = load(path).perform(engine=engine, era="6.x", **options)
    assert run.failure is None and not run.holds
    return run.mistake


#: What stands in the file's play, and what is said about it.
PLAYS = {
    "a name that is not there": ("""
    user = await stage.user("dragon")
    await usr.mmap(4096)  # <--
""", r"NameError: name 'usr' is not defined$"),
    "an argument that is missing": ("""
    user = await stage.user("dragon")
    await user.store(0x1000)  # <--
""", r"TypeError: .*store\(\) missing 1 required positional argument: 'value'$"),
    "something deeper": ("""
    import json
    json.loads("{")  # <--
""", r"JSONDecodeError: .*, raised in decoder.py:\d+$"),
    "no await": ("""
    user = await stage.user("dragon")
    page = await user.mmap(4096)
    user.store(page, 1)  # <--
""" + HOLDS, r"User.store\(\) is called, but never awaited: write await before it$"),
    "no await of what is used later": ("""
    user = await stage.user("dragon")
    page = user.mmap(4096)  # <--
    await user.store(page + 8, 1)
""", r"User.mmap\(\) is called, but never awaited"),
    "no await of a number that is passed on": ("""
    user = await stage.user("dragon")
    page = await user.mmap(4096)
    await user.store(page, user.load(page))  # <--
""" + HOLDS, r"User.load\(\) is called, but never awaited"),
    "no await of what is kept": ("""
    user = await stage.user("dragon")
    stage.kept = [user.mmap(4096)]  # <--
""" + HOLDS, r"User.mmap\(\) is called, but never awaited"),
    "no await of a function of one's own": ("""
    async def step():
        pass

    step()  # <--
""" + HOLDS, r"play.<locals>.step\(\) is called, but never awaited"),
    "no await, and the run stops for it": ("""
    user = await stage.user("dragon")
    user.creat("/file")  # <--
    await user.open("/file")
""", r"User.creat\(\) is called, but never awaited"),
    "no claim": ("""
    async with stage.act("Act"):
        stage.did("nothing")
""", r"it claims nothing: call stage.claim in an act$"),
    "no claim, nor an act": ("""
    pass
""", r"it claims nothing"),
    "did before any act": ("""
    stage.did("something")  # <--
""", r"there is no act here: call stage.did within async with stage.act\(...\):$"),
    "a claim before any act": ("""
    stage.claim("so", YES)  # <--
""", r"there is no act here: call stage.claim within"),
    "a claim of what is left out": ("""
    stage.leave_out("Act", "the unit is small")
    stage.claim("so", YES)  # <--
""", r"there is no act here: call stage.claim within"),
    "a test before any act": ("""
    async with stage.testing("so"):  # <--
        pass
""", r"there is no act here: call stage.testing within"),
    "an act that is no statement": ("""
    stage.act("Act")  # <--
    stage.claim("so", YES)
""", r"this does nothing by itself: write it as async with stage.act\(...\):"),
    "an act that is awaited": ("""
    await stage.act("Act")  # <--
""", r"this does nothing by itself"),
    "an act that is with": ("""
    with stage.act("Act"):  # <--
        stage.claim("so", YES)
""", r"this does nothing by itself"),
    "a test that is no statement": ("""
    async with stage.act("Act"):
        stage.testing("so")  # <--
        stage.claim("so", YES)
""", r"this does nothing by itself"),
    "a judge that is none": ("""
    async with stage.act("Act"):
        stage.claim("so", True)  # <--
""", r"stage.claim wants a Verdict, such as those of sim.claims, or .*, not True$"),
    "an act within an act": ("""
    async with stage.act("One"):
        async with stage.act("Two"):  # <--
            pass
""", "an act is being played, and there are none within others: end it first"),
    "a title that is no text": ("""
    async with stage.act(3):  # <--
        pass
""", "stage.act wants a text, not 3"),
    "a claim that is no text": (HOLDS + """
    stage.claim(["so"], YES)  # <--
""", r"stage.claim wants a text, not \['so'\]$"),
    "a verdict of other types": (HOLDS + """
    stage.claim("so", Verdict("yes", "cycle", 3))  # <--
""", r"stage.claim wants a Verdict, .*, not Verdict\(holds='yes', cycle='cycle', detail=3,"),
    "a processor that there is not": ("""
    async with stage.act("Act"):
        await stage.start(5, stage.user)  # <--
""", "stage.start wants the number of another processor, not 5: there are 1, see \"cpus\" in "
     "MACHINE"),
    "a process that has ended": ("""
    user = await stage.user("gone")
    await user.exit(3)
    await user.fork()  # <--
""", r"^RuntimeError: process 1 has ended, with status 3, raised in user.py:\d+$"),
    "another's coroutine": ("""
    import asyncio
    async with stage.act("Act"):
        stage.claim("so", YES)
        await asyncio.sleep(0)  # <--
""", r"what it awaits is nothing that a machine can do$"),
    "an exit": ("""
    import sys
    sys.exit()  # <--
""", r"SystemExit$"),
}


@pytest.mark.parametrize("body, said", PLAYS.values(), ids=PLAYS)
def test_what_an_author_has_to_mend_is_said_with_its_line(body, said, tmp_path):
    path, line = written(tmp_path, HEAD + PLAY + body)
    if line == 1:
        line = HEAD.count("\n") + 1   # that of the play
    mistake = mistake_in(path)
    assert (mistake.place.file, mistake.place.line) == (str(path), line)
    assert mistake.place.text == path.read_text().splitlines()[line - 1].strip()
    with pytest.raises(AssertionError, match=said):
        raise AssertionError(mistake.reason)


#: What stands in the file of a scenario that is not played at all, and what is said about it.
FILES = {
    "no Python":      (HEAD + "def play(  # <--\n", "SyntaxError: '(' was never closed"),
    "raises":         (HEAD + "1 / 0  # <--\n", "ZeroDivisionError: division by zero"),
    "imports":        (HEAD + "import dragonfly  # <--\n",
                       "ModuleNotFoundError: No module named 'dragonfly'"),
    "opens":          (HEAD + "open('/no/such')  # <--\n",
                       "FileNotFoundError: [Errno 2] No such file or directory: '/no/such'"),
    "exits":          (HEAD + "raise SystemExit(0)  # <--\n", "SystemExit: 0"),
    "nothing":        ("", "story is not a scenario: it lacks MODES, play, a docstring"),
    "no play":        (HEAD, "story is not a scenario: it lacks play"),
    "def":            (HEAD + "def play(stage):  # <--\n    pass\n",
                       "story is not a scenario: its play is not written as "
                       "async def play(stage)"),
    "no stage":       (HEAD + "async def play():  # <--\n    pass\n",
                       "story is not a scenario: its play is not written as "
                       "async def play(stage)"),
    "a generator":    (HEAD + "async def play(stage):  # <--\n    yield\n",
                       "story is not a scenario: its play is not written as "
                       "async def play(stage)"),
    "another mode":   (HEAD + 'MODES = ("4level", "pae")  # <--\n\n' + PLAY + "    pass\n",
                       "story is not a scenario: its MODES are ('4level', 'pae'), but must be "
                       'some of 4level, 32bit, such as ("4level",)'),
    "a mode, bare":   (HEAD + 'MODES = ("4level")  # <--\n\n' + PLAY + "    pass\n",
                       "story is not a scenario: its MODES are '4level', but must be "
                       'some of 4level, 32bit, such as ("4level",)'),
    "lists of modes": (HEAD + 'MODES = (["4level"],)  # <--\n\n' + PLAY + "    pass\n",
                       "story is not a scenario: its MODES are (['4level'],), but must be "
                       'some of 4level, 32bit, such as ("4level",)'),
    "a null byte":    ("\0  # <--\n", "SyntaxError: source code string cannot contain null bytes"),
    "a word":         (HEAD + 'MACHINE = {"cpus": "two"}  # <--\n\n' + PLAY + "    pass\n",
                       "story is not a scenario: its MACHINE cannot have 'two' cpus"),
    "a machine":      (HEAD + "MACHINE = 16  # <--\n\n" + PLAY + "    pass\n",
                       "story is not a scenario: its MACHINE is not a dictionary"),
}


@pytest.mark.parametrize("text, said", FILES.values(), ids=FILES)
def test_a_file_that_is_no_scenario_is_one_line_and_status_3(
    text, said, tmp_path, capsys, monkeypatch,
):
    path, line = written(tmp_path, text)
    assert main(["run", str(path), "--json"]) == 3
    out, err = capsys.readouterr()
    assert err == f"dragoncage: the scenario has a mistake: {path}:{line}: {said}\n"
    [mistake] = json.loads(out)["mistakes"]
    assert (mistake["file"], mistake["line"], mistake["reason"]) == (str(path), line, said)
    monkeypatch.chdir(tmp_path)
    assert main(["run", "story.py"]) == 3
    assert capsys.readouterr() == (
        "", f"dragoncage: the scenario has a mistake: story.py:{line}: {said}\n")


@pytest.mark.parametrize("machine, said", [
    ('{"rams": 1}',  "there is no such MACHINE: .*unexpected keyword argument 'rams'"),
    ('{"cpus": 99}', "there is no such MACHINE: a machine has 1 to 32 processors, not 99"),
])
def test_a_machine_that_does_not_exist_is_a_mistake(machine, said, tmp_path):
    path, line = written(tmp_path, f"{HEAD}MACHINE = {machine}  # <--\n\n\n{PLAY}{HOLDS}")
    with pytest.raises(ScenarioError, match=f"^{path}:{line}: {said}"):
        load(path).perform(engine="pysim", era="6.x")


TWO = """
MACHINE = {"cpus": 2}


async def program(cpu):
    await cpu.pause()
%s

async def play(stage):
    await stage.start(1, program)
    for _ in range(10_000):
        await stage.cpu.pause()
"""


def test_a_mistake_on_another_processor_does_not_keep_the_first_waiting(tmp_path):
    path, line = written(tmp_path, HEAD + TWO % "    undefined  # <--\n")
    run = load(path).perform(engine=FAST, era="6.x")
    assert (run.mistake.place.line, run.mistake.reason) == \
        (line, "NameError: name 'undefined' is not defined")
    assert run.cycles < 10_000


def test_a_refusal_that_nobody_waits_for_stops_the_run(tmp_path):
    two = TWO % "    raise KernelError(Errno.ENOENT)  # <--\n"
    path, line = written(tmp_path, HEAD + two + HOLDS)
    run = load(path).perform(engine=FAST, era="6.x")
    assert run.mistake is None and run.failure.place.line == line


@pytest.mark.parametrize("called, said", [
    ("program(stage.cpus[1])", "stage.start wants a function that it calls with the processor"),
    ("print",                  "stage.start wants an async function, and <built-in function print>"
                               " is none"),
])
def test_a_program_is_an_async_function_of_a_processor(called, said, tmp_path):
    path, _ = written(tmp_path, HEAD + (TWO % "").replace("(1, program)", f"(1, {called})"))
    mistake = mistake_in(path)
    assert said in mistake.reason or "program() is called, but never awaited" in mistake.reason


MISTAKEN = HEAD + PLAY + """
    async with stage.act("Act"):
        stage.claim("so", YES)
        user = await stage.user("dragon")
        user.mmap(4096)  # <--
"""


@pytest.mark.parametrize("engine", [["pysim"], ["cxxrtl"], ["cocotb", "--simulator", ANY]],
                         ids=lambda engine: engine[0])
def test_every_engine_says_the_same(engine, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path, line = written(tmp_path, MISTAKEN)
    assert main(["run", "story.py", "--json", "--engine", *engine]) == 3
    document = json.loads(capsys.readouterr().out)
    assert document["mistakes"] == [document["runs"][0]["mistake"]] == [{
        "file": str(path), "line": line, "text": "user.mmap(4096)  # <--",
        "reason": "User.mmap() is called, but never awaited: write await before it"}]
    assert not document["runs"][0]["holds"]


def test_an_exit_in_a_simulator_is_a_mistake_too(tmp_path, capsys):
    path, _ = written(tmp_path, HEAD + PLAY + "    raise SystemExit(0)\n")
    assert main(["run", str(path), "--engine", "cocotb", "--simulator", ANY]) == 3
    assert "SystemExit: 0" in capsys.readouterr().out


def test_what_a_scenario_prints_is_no_part_of_the_document(tmp_path, capsys):
    path, _ = written(tmp_path, HEAD + "print('loaded')\n\n" + PLAY + "    print('played')"
                      + HOLDS)
    assert main(["run", str(path), "--json", "--engine", FAST]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["runs"][0]["holds"]
    assert "loaded\nplayed\n" in err


def test_the_report_ends_with_the_mistake(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    _, line = written(tmp_path, MISTAKEN)
    assert main(["run", "story.py", "--engine", FAST]) == 3
    out = capsys.readouterr().out
    assert "\nMISTAKE: 1 of 1 claims hold; " in out
    assert " ".join(out.split()).endswith(
        f"the scenario has a mistake: story.py:{line}: User.mmap() is called, but never awaited: "
        "write await before it")


def test_a_mistake_outweighs_a_claim_that_does_not_hold(tmp_path):
    failing, _  = written(tmp_path, HEAD + PLAY + HOLDS.replace("YES", "YES._replace(holds=False)"),
                          "fails.py")
    mistaken, _ = written(tmp_path, MISTAKEN)
    assert main(["run", str(failing), "--engine", FAST]) == 1
    assert main(["run", str(mistaken), str(failing), "--engine", FAST]) == 3


def test_a_mistake_in_a_scenario_of_ours_is_said_alike(monkeypatch, capsys):
    monkeypatch.setattr("sim.acts.punch._claim_walk", None)
    assert main(["run", "article", "--engine", FAST, "--json"]) == 3
    [mistake] = json.loads(capsys.readouterr().out)["mistakes"]
    assert mistake["file"].endswith("sim/scenarios/article.py")
    assert mistake["text"] == "await act.play(stage, cast)"
    assert mistake["reason"].startswith(
        "TypeError: 'NoneType' object is not callable, raised in punch.py:")


def test_a_unit_that_can_show_nothing_of_it_is_status_2(tmp_path, capsys):
    path, _ = written(tmp_path, HEAD + PLAY + "    stage.leave_out('Act', 'the unit is small')\n")
    assert main(["run", str(path), "--engine", FAST]) == 2
    assert capsys.readouterr().err == (
        'dragoncage: scenario "story": the unit can show none of its acts; choose another '
        "--preset\n")


def test_a_fault_of_ours_is_not_called_a_mistake_of_theirs(tmp_path, monkeypatch):
    def broken(*arguments):
        raise LookupError("ours")

    path, _ = written(tmp_path, HEAD + PLAY + HOLDS)
    monkeypatch.setattr("sw.kernel.kernel.Kernel.boot", broken)
    with pytest.raises(LookupError):
        load(path).perform(engine="pysim", era="6.x")


STOPPED = HEAD + PLAY + """
    async with stage.act("Act"):
        stage.claim("so", YES)
        user = await stage.user("dragon")
        page = await user.mmap(4096)
        %s  # <--
"""


@pytest.mark.parametrize("statement, reason, call", [
    ('await user.open("/no/such")', "KernelError: ENOENT",
     'open(path="/no/such", flags=0x2, mode=0x0)'),
    ("await user.pwrite(7, page, 8, 16)", "KernelError: EBADF",
     "pwrite64(fd=0x7, buf=0xPAGE, count=0x8, pos=0x10)"),
    ("await user.mmap(4096, fd=-1, flags=2)", "KernelError: EBADF",
     "mmap(addr=0x0, length=0x1000, prot=0x3, flags=0x2, fd=-0x1, offset=0x0)"),
    ("await user.syscall(999, 1)", "KernelError: ENOSYS", "system call 999(0x1)"),
    ("await user.store(0x1000, 1)", "Killed: killed by signal 11, code 1, address 0x1000", ""),
    ("assert page == 0, 'where it is'", "AssertionError: where it is", ""),
])
def test_a_run_that_stops_says_in_which_line_and_in_which_system_call(
    statement, reason, call, tmp_path,
):
    path, line = written(tmp_path, STOPPED % statement)
    run = load(path).perform(engine=FAST, era="6.x")
    assert run.mistake is None and run.failure.reason == reason
    assert (run.failure.place.file, run.failure.place.line) == (str(path), line)
    assert re.sub("0x7fff[0-9a-f]+", "0xPAGE", run.failure.call) == call


def test_a_machine_that_hangs_in_a_system_call_says_so_too(tmp_path):
    path, line = written(tmp_path, STOPPED % (
        'fd = await user.creat("/file"); stage.memory.latency = 1 << 20; '
        "await user.write(fd, page, 8)"))
    run = load(path).perform(engine="pysim", era="6.x")
    assert run.failure.reason.startswith("BusHang") and run.failure.place.line == line
    assert run.failure.call.startswith("write(fd=0x0, buf=0x7fff")
    assert run.failure.call.endswith(", count=0x8)")


def test_a_machine_that_hangs_where_the_kernel_has_to_tidy_up_says_so_too(tmp_path):
    path, line = written(tmp_path, STOPPED % (
        "from sim.acts.cast import in_kernel_thread; stage.memory.latency = 1 << 20; "
        "await in_kernel_thread(stage, user, lambda: stage.cpu.load(page, 8))"))
    run = load(path).perform(engine="pysim", era="6.x")
    assert run.failure.reason.startswith("BusHang")
    assert (run.failure.place.line, run.failure.call) == (line, "")


def test_a_reader_who_has_had_enough_is_no_mistake(tmp_path):
    path, _ = written(tmp_path, STOPPED % "raise BrokenPipeError")
    with pytest.raises(BrokenPipeError):
        load(path).perform(engine=FAST, era="6.x")


def test_a_stop_is_in_report_and_json(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path, line = written(tmp_path, STOPPED % 'await user.open("/no/such")')
    assert main(["run", "story.py", "--engine", FAST]) == 1
    out = capsys.readouterr().out
    assert ('   KernelError: ENOENT\n'
            '   in the system call open(path="/no/such", flags=0x2, mode=0x0)\n'
            f'   at story.py:{line}: await user.open("/no/such")  # <--\n') in out
    assert main(["run", "story.py", "--engine", FAST, "--json"]) == 1
    [run] = json.loads(capsys.readouterr().out)["runs"]
    assert run["failure"]["call"] == 'open(path="/no/such", flags=0x2, mode=0x0)'
    assert run["failure"]["place"] == {
        "file": str(path), "line": line, "text": 'await user.open("/no/such")  # <--'}




def test_a_board_says_the_same(tmp_path, monkeypatch):
    def on_board(config, **rest):
        return engine_on(DirectLine(board_named("icebreaker")), config, **rest)

    monkeypatch.setitem(ENGINES, "serial", on_board)
    path, line = written(tmp_path, MISTAKEN.replace("4level", "32bit"))
    mistake = mistake_in(path, "serial")
    assert mistake.place.line == line
    assert mistake.reason.startswith("User.mmap() is called, but never awaited")
    path, line = written(tmp_path, (STOPPED % "await user.close(99)").replace("4level", "32bit"),
                         "stops.py")
    run = load(path).perform(engine="serial", era="6.x")
    assert (run.failure.place.line, run.failure.call) == (line, "close(fd=0x63)")
