"""CONTRIBUTING.md names files, names and commands that there are."""

import re
import shlex
import tomllib
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml

from sim.cli.main import parser


ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "CONTRIBUTING.md").read_text()

CODE     = [*re.findall(r"`([^`\n]+)`", PAGE),
            *(line for block in re.findall(r"```\n(.*?)```", PAGE, re.DOTALL)
              for line in re.split(r"\n| && ", block.strip()))]
COMMANDS = [code for code in CODE if code.startswith((".venv/bin/", "dragoncage "))]

TOML = tomllib.loads((ROOT / "pyproject.toml").read_text())


def test_every_file_is_there():
    named = [code for code in CODE
             if re.fullmatch(r"\.ci/run|(hw|sw|sim|tests|docs)/[\w/.*]+", code)]
    links = re.findall(r"\]\(([\w/.-]+)(?:#[\w-]+)?\)", PAGE)
    assert [path for path in named + links if not list(ROOT.glob(path))] == []
    assert len(named) > 30


@pytest.mark.parametrize("name, path", re.findall(r"`(\w+)`\s+(?:of|in)\s+`([\w/]+\.py)`", PAGE))
def test_every_name_is_in_its_file(name, path):
    assert re.search(rf"^(class )?{name}\b", (ROOT / path).read_text(), re.MULTILINE)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_one(command):
    program, *arguments = shlex.split(command)
    match Path(program).name:
        case "dragoncage":
            parser().parse_args(arguments)
        case "pip":
            assert arguments[:2] == ["install", "-e"]
            [extra] = re.fullmatch(r"\.\[(\w+)\]", arguments[2]).groups()
            assert extra in TOML["project"]["optional-dependencies"]
        case "pytest":
            assert all((ROOT / path).exists() for path in arguments if path.startswith("tests"))
            assert [marker for marker in re.findall(r"\bslow\b", command)
                    if not any(known.startswith(f"{marker}:")
                               for known in TOML["tool"]["pytest"]["ini_options"]["markers"])] == []
        case "python":
            assert arguments[0] == "-m"
            assert find_spec(f"{arguments[1]}.__main__")
        case "ruff" | "mypy" | "sphinx-build":
            assert all((ROOT / path).exists() for path in arguments
                       if not path.startswith(("-", "build/", "check")))
        case _:
            pytest.fail(f"a command that no test knows: {command}")


def test_the_packages_are_those_of_the_readme():
    [wanted], [known] = (re.findall(r"apt-get install -y ([a-z0-9+ -]+)", text)
                         for text in (PAGE, (ROOT / "README.md").read_text()))
    assert wanted.split() == known.split()


def test_the_public_ci_runs_the_suite_on_what_the_readme_takes_for_granted():
    steps = "\n".join(step.get("run", "") for step in yaml.safe_load(
        (ROOT / ".github/workflows/tests.yml").read_text())["jobs"]["suite"]["steps"])
    granted, = re.findall(r"\(packages (.+?)\)", (ROOT / "README.md").read_text())
    assert f"apt-get install -y {' '.join(re.findall('`(.+?)`', granted))}\n" in steps
    assert steps.endswith(".ci/run")


def test_a_reader_is_through_with_it_soon():
    assert len(PAGE.splitlines()) <= 200
