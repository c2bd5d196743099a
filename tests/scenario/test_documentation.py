"""The page on scenarios: each recipe is played, and the tables are those of the code."""

import inspect
import re
from pathlib import Path

import pytest

from sim.record import claims, coherence
import sim.scenario
from sim.scenario.scenario import LIMIT, load

from .story_support import FAST


pytestmark = pytest.mark.slow


ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/scenarios.md").read_text(encoding="utf-8")

#: Text of each recipe by the name of its file.
RECIPES = dict(re.findall(r"^`(\w+\.py)`:.*?```python\n(.*?)```", PAGE,
                          re.DOTALL | re.MULTILINE))


def is_judge(function):
    """True if a function returns a verdict."""
    return inspect.signature(function).return_annotation is sim.scenario.Verdict


JUDGES = [judge for module in (claims, coherence)
          for name in module.__all__ if is_judge(judge := getattr(module, name))]


def row(judge):
    """The row of a judge in the table: its name, its parameters, and what it is about."""
    parameters = ", ".join(f"**{name}" if kind.kind is kind.VAR_KEYWORD else
                           f"*{name}" if kind.kind is kind.VAR_POSITIONAL else name
                           for name, kind in inspect.signature(judge).parameters.items())
    about = " ".join(judge.__doc__.split("\n\n")[0].split()).replace("``", "`")
    return f"| `{judge.__name__}({parameters})` | {about} |"


@pytest.mark.parametrize("mode", ["4level", "32bit"])
@pytest.mark.parametrize("name", RECIPES)
def test_each_recipe_holds(name, mode, tmp_path):
    path = tmp_path / name
    path.write_text(RECIPES[name], encoding="utf-8")
    run = load(path).perform(engine=FAST, era="6.x", mode=mode)
    assert run.mistake is run.failure is None
    assert [claim.text for claim in run.claims if not claim.holds] == []


def test_there_are_five_recipes_and_the_first_is_that_of_the_readme():
    assert len(RECIPES) == 5
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"```python\n{next(iter(RECIPES.values()))}```" in readme


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_imports_from_one_place(name):
    assert set(re.findall(r"^(?:from|import) (\S+)", RECIPES[name], re.MULTILINE)) == {
        "sim.scenario"}


def test_the_table_of_judges_is_that_of_the_code():
    rows = [line for line in PAGE.splitlines()
            if re.match(r"\| `\w+\(traces?, ", line)]
    assert rows == [row(judge) for judge in JUDGES]


def test_all_that_judges_whoever_writes_a_scenario_can_import():
    assert {judge.__name__ for judge in JUDGES} <= set(sim.scenario.__all__)


def test_the_page_names_the_limit_of_cycles():
    assert f"{LIMIT:,}" in PAGE


def test_what_a_scenario_can_import_is_there_and_told_in_the_package():
    for name in sim.scenario.__all__:
        assert hasattr(sim.scenario, name)
    for name in re.findall(r":(?:class|func):`(\w+)`", sim.scenario.__doc__):
        assert name in sim.scenario.__all__, name
