"""Notices in a page: nothing is carried without its licence."""

from importlib import import_module
from importlib.metadata import packages_distributions

import pytest

from sim.lab.notices import notices
from sim.lab.packages import OTHERS
from sim.lab.pyodide import PYTHON, pyodide


FOUND = {notice["name"]: notice for notice in notices()}


@pytest.mark.parametrize("name", FOUND)
def test_each_part_has_the_text_of_its_licence(name):
    assert len(FOUND[name]["text"].split()) > 100
    assert FOUND[name]["licence"]


@pytest.mark.slow
@pytest.mark.parametrize("package", OTHERS)
def test_each_package_of_others_is_among_them(package):
    assert import_module(package).__file__
    [distribution] = set(packages_distributions()[package])
    assert distribution in FOUND or distribution.capitalize() in FOUND


@pytest.mark.slow
def test_python_is_the_release_that_is_named():
    assert f'"python": "{PYTHON}"'.encode() in pyodide()["pyodide-lock.json"]
