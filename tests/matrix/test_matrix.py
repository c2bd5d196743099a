"""The matrix: what comes of each way to write, at each kind of memory."""

import json

import pytest
from browser_support import visit

from sim.cli.main import main
from sim.matrix.memory import MEMORY
from sim.matrix.play import COLUMNS, played
from sim.matrix.text import word_for
from sim.matrix.ways import WAYS
from sim.switches import Switches


pytestmark = pytest.mark.slow


#: Outcomes on the default machine, by way: private, shared, code, none, hole, sealed, secret.
OUTCOMES = {
    "store":             "SEGV 7,SEGV 7,SEGV 7,SEGV 6,SEGV 6,SEGV 7,done+",
    "kernel store":      "oops 3,oops 3,oops 3,oops 2,oops 2,oops 3,oops 3",
    "copy_to_user":      "EFAULT,EFAULT,EFAULT,EFAULT,EFAULT,EFAULT,done+",
    "/proc/self/mem":    "done,EIO,done,done,EIO,done,EIO",
    "/proc/PID/mem":     "done,EIO,done,done,EIO,done,EIO",
    "POKEDATA":          "done,EIO,done,done,EIO,done,EIO",
    "process_vm_writev": "EFAULT,EFAULT,EFAULT,EFAULT,EFAULT,EFAULT,EFAULT",
    "mprotect":          "done,done+,done,done,ENOMEM,EPERM,done+",
    "mapped twice":      "-,done+,done+,-,-,-,done+",
}


def machine(**choice):
    """The default machine, on the compiled engine."""
    return {"engine": "cxxrtl", "era": "5.x", "switches": Switches()} | choice


def words(matrix, way):
    """Outcomes of one way, column by column."""
    return [word_for(matrix.cells[way, column.name]) for column in matrix.columns]


@pytest.mark.parametrize("mode", ["4level", "32bit"])
@pytest.mark.parametrize("era", ["5.x", "6.x"])
def test_each_way_does_what_it_does_to_each_kind_of_memory(mode, era):
    matrix  = played([COLUMNS[memory.name] for memory in MEMORY], machine(mode=mode, era=era))
    missing = {"32bit": ["sealed", "secret"]}.get(mode, [])
    for way in WAYS:
        expected = ["-" if memory.name in missing else word
                    for memory, word in zip(MEMORY, OUTCOMES[way.name].split(","), strict=True)]
        assert words(matrix, way.name) == expected, way.name


def test_a_condition_changes_what_it_is_about():
    names  = ["private", "wp=0", "smap=0", "wp=smap=0", "ptrace", "never", "user", "root"]
    matrix = played([COLUMNS[name] for name in names], machine())
    assert {way.name: words(matrix, way.name) for way in WAYS} == {
        "store":             ["SEGV 7"] * 8,
        "kernel store":      ["oops 3", "oops 3", "oops 3", "done", *["oops 3"] * 4],
        "copy_to_user":      ["EFAULT", "done", "EFAULT", "done", *["EFAULT"] * 4],
        "/proc/self/mem":    [*["done"] * 4, "EIO", "EIO", "done", "done"],
        "/proc/PID/mem":     [*["done"] * 4, "EIO", "EIO", "EACCES", "done"],
        "POKEDATA":          [*["done"] * 6, "EPERM", "done"],
        "process_vm_writev": [*["EFAULT"] * 6, "EPERM", "EFAULT"],
        "mprotect":          ["done"] * 8,
        "mapped twice":      ["-"] * 8,
    }


def test_without_wp_a_copy_to_a_private_page_changes_the_file():
    matrix = played([COLUMNS["private"], COLUMNS["code"]],
                    machine(switches=Switches.parse(["kernel.wp=0"])))
    assert words(matrix, "copy_to_user") == ["done", "done+"]


def test_costs_are_those_of_the_attempt():
    matrix  = played([COLUMNS["private"], COLUMNS["code"]], machine(era="6.x"))
    private = matrix.cells["/proc/self/mem", "private"]
    code    = matrix.cells["/proc/self/mem", "code"]
    assert (private.faults, private.exceptions, private.shootdowns) == (0, 0, 0)
    assert (code.faults, code.exceptions, code.shootdowns) == (1, 0, 1)
    assert code.visible == ("process",)
    assert 0 < private.cycles < 200 < 1000 < code.cycles
    twice = matrix.cells["mapped twice", "code"]
    assert (twice.faults, twice.shootdowns, twice.visible) == (0, 0, ("process", "object"))


def test_as_text_in_eighty_columns_with_words_for_all(capsys):
    assert main(["matrix", "--columns", "private,conditions"]) == 0
    said = capsys.readouterr().out
    assert max(map(len, said.splitlines())) <= 80
    assert "/proc/self/mem     done" in said
    assert "never: 6.x, and proc_mem.force_override=never" in said
    for way in WAYS:
        assert f"{way.name}: {way.meaning}"[:70] in said


def test_as_json_each_cell_has_its_figures(capsys):
    assert main(["matrix", "--columns", "hole", "--json", "--mode", "32bit"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["schema"] == 1 and found["mode"] == "32bit"
    assert [cell["way"] for cell in found["cells"]] == [way.name for way in WAYS]
    store = found["cells"][0]
    assert (store["outcome"], store["error_code"], store["column"]) == ("SIGSEGV", 6, "hole")


def test_as_a_page_it_opens_without_errors_in_each_width(chromium, tmp_path):
    page = tmp_path / "matrix.html"
    assert main(["matrix", "--columns", "private,code", "--report", str(page)]) == 0
    for width in (390, 1440):
        with visit(chromium, viewport={"width": width, "height": 800}) as tab:
            tab.page.goto(page.as_uri())
            assert tab.page.locator("td.done").count() == 9
            assert tab.page.evaluate("document.documentElement.scrollWidth") <= width
            assert tab.errors == [] and len(tab.requests) == 1


@pytest.mark.parametrize("arguments, complaint", [
    (["--columns", "privat"], 'there is no column "privat"; did you mean private? (see: d'),
    (["--mode", "4level", "--preset", "tiny"], "the unit has no 4level paging"),
    (["--force-override", "never"], "--force-override: Linux has proc_mem.force_override= since"),
    (["--report", "/nowhere/m.html", "--columns", "hole"], "cannot write /nowhere/m.html"),
])
def test_what_cannot_be_is_one_line(arguments, complaint, capsys):
    try:
        status = main(["matrix", *arguments])
    except SystemExit as stop:
        status = stop.code
    said = capsys.readouterr().err
    assert status == 2
    assert complaint in said and said.count("\n") == 1
