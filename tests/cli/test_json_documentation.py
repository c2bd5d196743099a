"""docs/json.md has every key of the JSON that commands print, and no other."""

import contextlib
import io
import json
import re
from collections import Counter
from pathlib import Path

import pytest

from hw.boards import BOARDS
from sim.benchmark.hardware.document import as_json as hardware_as_json
from sim.benchmark.report import as_json
from sim.boards.build import STEPS, BuildResult
from sim.boards.nextpnr import Clock, NextpnrReport
from sim.boards.report import build_as_json
from sim.cli.main import main
from sim.oracles.campaign import Campaign, Difference
from sim.oracles.report import as_json as campaign_as_json
from sim.script import SCRIPTS
from sim.proofs.report import as_json as proofs_as_json
from tests.benchmark.benchmark_support import figures
from tests.benchmark.hardware_support import measurement
from tests.coverage.coverage_support import document
from tests.mutation.mutation_support import document_with_a_survivor
from tests.oracles.oracle_support import vector
from tests.formal.prove_support import few
from tests.json_support import documented, paths
from tests.scenario.story_support import FAST
from tests.sweep.sweep_support import document_with_a_difference


PAGE = (Path(__file__).parents[2] / "docs" / "json.md").read_text(encoding="utf-8")

SECTIONS = dict(re.findall(r"^## dragoncage ((?:bench )?\w+(?: --all)?).*?\n(.*?)(?=^## |\Z)", PAGE,
                           re.DOTALL | re.MULTILINE))

STORY = '''"""A story that stops."""

from sim.record.verdict import Verdict


MODES = ("4level",)


async def play(stage):
    async with stage.act("Act"):
        stage.did("something")
        stage.claim("so", Verdict(True, None, "seen"))
        {end}
'''

#: A bad end of a machine, and a mistake of the scenario's author.
ENDS = ('assert False, "the end"', "stage.nothing()")


def built():
    board  = BOARDS["ulx3s"]
    report = NextpnrReport([Clock("clk", 30e6, 20e6)], {"TRELLIS_COMB": (1, 2)})
    return build_as_json(board, BuildResult(
        report, ["too slow"], "", None, Path("log"), dict.fromkeys(STEPS, 1.0)))


def compared():
    counts = Counter({"flags after a fault": 1})
    return campaign_as_json(
        Campaign(deviations=counts, left_out=counts, differences=[Difference(vector(), ["so"])]),
        "qemu", "7.2", {"PAE": 40})


def printed(command, tmp_path, capsys):
    if command == "bench engines":
        return as_json(figures(), seconds=1.0)
    if command == "bench hardware":
        return hardware_as_json(measurement("tiny", "default", unfit={("default", "up5k")}))
    if command == "build":
        return built()
    if command == "compare":
        return json.dumps(compared())
    if command == "mutate":
        return json.dumps(document_with_a_survivor())
    if command == "coverage":
        return json.dumps(document())
    if command == "prove":
        return json.dumps(proofs_as_json([few.tried("one", 3)], {few.name: few}))
    if command == "sweep":
        return json.dumps(document_with_a_difference())
    stories = [tmp_path / f"story{number}.py" for number, _ in enumerate(ENDS)]
    for story, end in zip(stories, ENDS, strict=True):
        story.write_text(STORY.format(end=end))
    arguments = {"run": map(str, stories), "matrix": ["--columns", "code"],
                 "walk": ["0xffff888000004000", str(stories[0])],
                 "script": ["--compare", str(SCRIPTS / "forced" / "hole.toml")],
                 # There the TLB of a processor holds a page otherwise than memory.
                 # A flaw, so that there is something to complain of.
                 "litmus": ["CoWT+invlpg", "--engine", "pysim", "--flaw", "INVLPG does nothing"],
                 "conform": ["race", "--mode", "32bit", "--engine", FAST],
                 "explore": ["dirty-cow", "--jobs", "1", "--strategy", "pct:2", "--schedules",
                             "60", "--confirm", FAST],
                 "walk --all": ["shootdown", "--cpu", "1", "--at", "8566", "--engine", FAST]}
    main([*command.split(), *arguments.get(command, ()), "--json"])
    return capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.parametrize("command", SECTIONS)
def test_the_page_has_the_keys_of(command, tmp_path, capsys):
    names    = documented(SECTIONS[command])
    document = json.loads(printed(command, tmp_path, capsys))
    assert set(paths(document, names)) == names
    version = re.search(r"\| `schema` \| (\d+)", SECTIONS[command])[1]
    assert document["schema"] == int(version)


def help_of(*words):
    """Return the help that a command prints."""
    printed = io.StringIO()
    with pytest.raises(SystemExit), contextlib.redirect_stdout(printed):
        main([*words, "--help"])
    return printed.getvalue()


def commands(*words):
    """Yield the commands of the command line, of one that has parts each of them."""
    parts = re.findall(r"^    ([a-z-]+)", help_of(*words), re.MULTILINE)
    for part in parts:
        yield from commands(*words, part)
    if not parts:
        yield words


@pytest.mark.slow
def test_every_command_with_json_is_on_the_page():
    with_json = {" ".join(words) for words in commands() if "--json" in help_of(*words)}
    assert set(SECTIONS) - {"walk --all"} == with_json
