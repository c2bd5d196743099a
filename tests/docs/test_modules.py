"""Tables of modules: each package of hw and sim lists what is in it, and so does the README."""

import importlib
import re
from pathlib import Path
from pkgutil import iter_modules

import pytest

from hw.boards import BOARDS
from sim.scenarios.article import ACTS


ROOT = Path(__file__).parents[2]

README = (ROOT / "README.md").read_text()

#: Modules that another table has: the boards, and the acts of the article.
FOUND_BY_THEMSELVES = {f"hw.boards.{name}" for name in BOARDS} | {
    act.__name__ for act, _ in ACTS}

#: Packages of ``hw`` and ``sim``. The kernel has a map of its own.
PACKAGES = sorted(
    ".".join(file.parent.relative_to(ROOT).parts)
    for layer in ("hw", "sim") for file in (ROOT / layer).rglob("__init__.py"))


def modules_in(package):
    """All modules and packages directly in a package, but for programs."""
    path  = ROOT.joinpath(*package.split("."))
    names = {f"{package}.{found.name}" for found in iter_modules([str(path)])}
    return {name for name in names if not name.endswith(".__main__")} - FOUND_BY_THEMSELVES


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_lists_its_modules_once_each(package):
    listed = re.findall(r"^:mod:`([\w.]+)`  ", importlib.import_module(package).__doc__,
                        re.MULTILINE)
    assert sorted(listed) == sorted(modules_in(package))


def section(title):
    """A section of the README."""
    return README.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def test_the_readme_lists_every_folder():
    listed   = re.findall(r"^\| `([\w./]+)/` \|", section("Where things are"), re.MULTILINE)
    packages = {package.replace(".", "/") for package in PACKAGES if package.count(".") <= 1}
    assert sorted(listed) == sorted(packages - {"sim"} | {"sw", "tests", "docs"})


def test_the_readme_names_files_that_there_are():
    named = re.findall(r"`((?:hw|sw|sim|tests|\.ci)/[\w./*]*)`", section("Where things are"))
    assert [path for path in named if not list(ROOT.glob(path))] == []
    assert len(named) > 20


@pytest.mark.parametrize("name, path", re.findall(
    r"`(\w+)` in `([\w./]+)`", section("Where things are")))
def test_the_readme_names_functions_where_they_are(name, path):
    assert re.search(rf"^ *(async )?(def|class) {name}\b", (ROOT / path).read_text(), re.MULTILINE)
