"""Contents of wheel and source distribution, and their metadata."""

import subprocess
import sys
import tarfile
import zipfile
from email.parser import Parser
from pathlib import PurePath

import pytest

from dragoncage import PACKAGES, __version__

from .packaging_support import environment


pytestmark = pytest.mark.slow

#: Packages that are imported, and so are in a wheel.
IMPORTED = ("dragoncage", *PACKAGES)

#: Sources of the page, which is in the wheel as it is built.
SOURCES = "sim/page/web"


@pytest.fixture(scope="module")
def in_wheel(distributions):
    """Texts of the files in the wheel, by their names."""
    with zipfile.ZipFile(distributions.wheel) as file:
        return {name: file.read(name) for name in file.namelist()}


@pytest.fixture(scope="module")
def metadata(in_wheel):
    """Metadata of the wheel."""
    [text] = [text for name, text in in_wheel.items() if name.endswith(".dist-info/METADATA")]
    return Parser().parsestr(text.decode("utf-8"))


def test_the_wheel_has_all_files_of_the_packages_and_no_others(distributions, in_wheel):
    assert {name for name in in_wheel if ".dist-info/" not in name} == {
        name for name in distributions.files
        if PurePath(name).parts[0] in IMPORTED and not PurePath(name).is_relative_to(SOURCES)}


@pytest.mark.parametrize("package", IMPORTED)
def test_each_package_says_that_it_is_typed(in_wheel, package):
    assert f"{package}/py.typed" in in_wheel


def test_the_source_distribution_has_all_files(distributions):
    with tarfile.open(distributions.sdist) as file:
        found = {str(PurePath(*PurePath(member.name).parts[1:]))
                 for member in file.getmembers() if member.isfile()}
    made = {"PKG-INFO", "setup.cfg"}
    assert {name for name in found if ".egg-info/" not in name} - made == {*distributions.files}


def test_version_and_licence_are_said(metadata, in_wheel):
    assert metadata["Version"] == __version__
    assert metadata["License-Expression"] == "BSD-2-Clause"
    assert metadata.get_all("License-File") == ["LICENSE"]
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in in_wheel)
    assert not any(line.startswith("License ::") for line in metadata.get_all("Classifier"))


def test_the_command_says_the_version(installed):
    done = installed.run(installed.script, "--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"dragoncage {__version__}\n", "")


def test_tests_run_from_the_source_distribution(distributions, tmp_path):
    # A process of its own: what extraction is called with differs between versions of Python.
    subprocess.run([sys.executable, "-m", "tarfile", "-e", distributions.sdist, tmp_path],
                   stdout=subprocess.DEVNULL, check=True)
    [source] = tmp_path.iterdir()
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider",
         "tests/test_layering.py", "tests/test_lint.py", "tests/boards/test_documentation.py",
         "tests/vectors/test_documentation.py"],
        cwd=source, env=environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
