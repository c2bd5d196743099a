"""Mistakes in a scenario: what is said of each, and the line that it names."""

import json

import pytest

from sim.cli.main import main
from sim.scenario.mistakes import ScenarioError
from sim.scenario.scenario import load

from .story_support import FAST, HEAD, HOLDS, PLAY, mistake_in, written


pytestmark = pytest.mark.slow


#: Text of the file's play, and the mistake reported about it.
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
""", r"this does nothing by itself: write async with before it"),
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
""", r"stage.claim takes a Verdict, as a judge returns it, or .*, not True$"),
    "an act within an act": ("""
    async with stage.act("One"):
        async with stage.act("Two"):  # <--
            pass
""", "an act cannot begin within another: end the other first"),
    "a title that is no text": ("""
    async with stage.act(3):  # <--
        pass
""", "stage.act takes a text, not 3"),
    "a claim that is no text": (HOLDS + """
    stage.claim(["so"], YES)  # <--
""", r"stage.claim takes a text, not \['so'\]$"),
    "a verdict of other types": (HOLDS + """
    stage.claim("so", Verdict("yes", "cycle", 3))  # <--
""", r"stage.claim takes a Verdict, .*, not Verdict\(holds='yes', cycle='cycle', detail=3,"),
    "a processor that there is not": ("""
    async with stage.act("Act"):
        await stage.start(5, stage.user)  # <--
""", "there is no other processor with the number 5: \"cpus\" in MACHINE says how many there "
     "are, here 1"),
    "a process that has ended": ("""
    user = await stage.user("gone")
    await user.exit(3)
    await user.fork()  # <--
""", r"^RuntimeError: process 1 has ended, with status 3, raised in thread.py:\d+$"),
    "another's coroutine": ("""
    import asyncio
    async with stage.act("Act"):
        stage.claim("so", YES)
        await asyncio.sleep(0)  # <--
""", r"this awaits something that no machine can do$"),
    "an exit": ("""
    import sys
    sys.exit()  # <--
""", r"SystemExit$"),
}


@pytest.mark.parametrize("body, said", PLAYS.values(), ids=PLAYS)
def test_what_an_author_has_to_mend_is_said_with_its_line(body, said, tmp_path):
    path, line = written(tmp_path, HEAD + PLAY + body)
    if line == 1:
        line = HEAD.count("\n") + 1   # the line of the play
    mistake = mistake_in(path)
    assert (mistake.location.file, mistake.location.line) == (str(path), line)
    assert mistake.location.text == path.read_text().splitlines()[line - 1].strip()
    with pytest.raises(AssertionError, match=said):
        raise AssertionError(mistake.reason)


#: Text of a file of a scenario that is not played at all, and the mistake reported about it.
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
                       "story is not a scenario: its play must be written as "
                       "async def play(stage)"),
    "no stage":       (HEAD + "async def play():  # <--\n    pass\n",
                       "story is not a scenario: its play must be written as "
                       "async def play(stage)"),
    "a generator":    (HEAD + "async def play(stage):  # <--\n    yield\n",
                       "story is not a scenario: its play must be written as "
                       "async def play(stage)"),
    "another mode":   (HEAD + 'MODES = ("4level", "3level")  # <--\n\n' + PLAY + "    pass\n",
                       "story is not a scenario: its MODES are ('4level', '3level'), but must be "
                       'some of 4level, 32bit, pae, 5level, such as ("4level",)'),
    "a mode, bare":   (HEAD + 'MODES = ("4level")  # <--\n\n' + PLAY + "    pass\n",
                       "story is not a scenario: its MODES are '4level', but must be "
                       'some of 4level, 32bit, pae, 5level, such as ("4level",)'),
    "lists of modes": (HEAD + 'MODES = (["4level"],)  # <--\n\n' + PLAY + "    pass\n",
                       "story is not a scenario: its MODES are (['4level'],), but must be "
                       'some of 4level, 32bit, pae, 5level, such as ("4level",)'),
    "a null byte":    ("\0  # <--\n", "a null byte is in no Python file"),
    "a word":         (HEAD + 'MACHINE = {"cpus": "two"}  # <--\n\n' + PLAY + "    pass\n",
                       "story is not a scenario: its MACHINE has 'two' for \"cpus\", which must "
                       "be a whole number"),
    "a machine":      (HEAD + "MACHINE = 16  # <--\n\n" + PLAY + "    pass\n",
                       "story is not a scenario: its MACHINE must be a dictionary"),
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
    assert (run.mistake.location.line, run.mistake.reason) == \
        (line, "NameError: name 'undefined' is not defined")
    assert run.cycles < 10_000


def test_a_refusal_that_nobody_waits_for_stops_the_run(tmp_path):
    two = TWO % "    raise KernelError(Errno.ENOENT)  # <--\n"
    path, line = written(tmp_path, HEAD + two + HOLDS)
    run = load(path).perform(engine=FAST, era="6.x")
    assert run.mistake is None and run.failure.location.line == line


@pytest.mark.parametrize("called, said", [
    ("program(stage.cpus[1])", "stage.start takes a function, which it calls with the processor"),
    ("print",                  "stage.start takes an async function, and <built-in function print>"
                               " is none"),
])
def test_a_program_is_an_async_function_of_a_processor(called, said, tmp_path):
    path, _ = written(tmp_path, HEAD + (TWO % "").replace("(1, program)", f"(1, {called})"))
    mistake = mistake_in(path)
    assert said in mistake.reason or "program() is called, but never awaited" in mistake.reason
