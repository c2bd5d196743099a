"""The built page: the very bytes that its sources make, small, and with its licences."""

import re
from importlib.resources import files
from pathlib import Path

import pytest


pytestmark = pytest.mark.slow

BUILT = files("sim.page").joinpath("built/page.html")
LAB   = files("sim.page").joinpath("built/lab.html")

LOCK = Path(__file__).parents[2] / "sim/page/web/package-lock.json"

#: Bytes that the page may have without a document.
MOST = 300_000


def test_the_sources_make_the_same_bytes(npm, tmp_path):
    npm("run", "build", "--", str(tmp_path))
    for built in (BUILT, LAB):
        assert (tmp_path / built.name).read_bytes() == built.read_bytes()


def test_the_types_are_right(npm):
    npm("run", "check")


def test_the_modules_do_what_their_own_tests_say(npm):
    npm("test")


def test_it_is_small():
    assert len(BUILT.read_bytes()) <= MOST


def test_there_is_one_place_for_a_document():
    assert BUILT.read_text(encoding="utf-8").count("<!--RUN-->") == 1


def test_it_allows_itself_nothing_from_elsewhere():
    [policy] = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]+)"',
                          BUILT.read_text(encoding="utf-8"))
    said = dict(part.split(" ", 1) for part in policy.split("; "))
    assert said["default-src"] == "'none'"
    assert re.fullmatch(r"'sha256-[\w+/=]+'", said["script-src"])
    assert re.fullmatch(r"'sha256-[\w+/=]+'", said["style-src"])
    assert {name: value for name, value in said.items() if name.endswith("-src")}.keys() == {
        "default-src", "script-src", "style-src", "img-src"}
    assert said["img-src"] == "data:"


def test_the_lab_may_compile_a_part_of_its_own_and_ask_whom_the_maker_allows():
    [policy] = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]+)"',
                          LAB.read_text(encoding="utf-8"))
    said = dict(part.split(" ", 1) for part in policy.split("; "))
    assert re.fullmatch(r"'sha256-[\w+/=]+' 'wasm-unsafe-eval' blob:", said["script-src"])
    assert {name: said[name] for name in ("default-src", "worker-src", "connect-src")} == {
        "default-src": "'none'", "worker-src": "blob:", "connect-src": "<!--ASKED-->"}


def test_it_has_the_licences_of_what_is_in_it():
    notices = BUILT.read_text(encoding="utf-8").rpartition("<!--")[2]
    for package in ("d3-scale", "d3-zoom", "lit-html"):
        assert re.search(rf"^{package} \d", notices, re.MULTILINE)
    assert notices.count("Permission to use, copy, modify") + notices.count(
        "Redistribution and use in source") >= len(re.findall(r"^[\w-]+ \d+\.\d+\.\d+$", notices,
                                                              re.MULTILINE))


def test_the_lock_file_says_what_is_installed_and_not_from_where():
    text = LOCK.read_text(encoding="utf-8")
    assert '"integrity"' in text
    assert '"resolved"' not in text
