"""Builds the project and installs it, once for all tests of a process."""

import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from .packaging_support import OTHERS, ROOT, STORY, Installed, bare, environment, foreign_package


#: Names that running and building leave at the top of a checkout, or Git needs there.
LEFT = re.compile(r"\..*|build|dist|waves|.*\.egg-info")


#: Packages for building the page, where somebody has installed them.
MODULES = ROOT / "sim" / "page" / "web" / "node_modules"


@dataclass(frozen=True)
class Distributions:
    """Wheel and source distribution, and the names of the files that they were made of."""

    files: list[str]
    sdist: Path
    wheel: Path


@pytest.fixture(scope="session")
def distributions(tmp_path_factory):
    """Wheel and source distribution, built as they are for a release."""
    folder = tmp_path_factory.mktemp("distributions")
    source = folder / "source"
    files  = sorted(str(path.relative_to(ROOT)) for top in ROOT.iterdir()
                    if not LEFT.fullmatch(top.name)
                    for path in (top.rglob("*") if top.is_dir() else [top])
                    if path.is_file() and path.suffix != ".pyc"
                    and not path.is_relative_to(MODULES))
    for name in files:
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, source / name)
    subprocess.run([sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, source],
                   env=environment(), check=True, stdout=subprocess.DEVNULL)
    [sdist], [wheel] = folder.glob("*.tar.gz"), folder.glob("*.whl")
    return Distributions(files, sdist, wheel)


@pytest.fixture(scope="session", params=[
    "wheel", pytest.param("sdist", marks=pytest.mark.slow)])
def python(request, distributions, tmp_path_factory):
    """The Python of an environment with the project in it, from the wheel or from source.

    Other packages, but not the project, it has from the environment that the tests run in.
    """
    folder = tmp_path_factory.mktemp(request.param) / "environment"
    made   = bare(folder, *OTHERS)
    subprocess.run([sys.executable, "-m", "pip", "--python", made, "install", "--quiet",
                    "--no-index", "--no-deps", "--no-build-isolation",
                    getattr(distributions, request.param)],
                   env=environment(), check=True)
    return made


@pytest.fixture
def installed(python, tmp_path):
    """The project, in a folder with packages that have the names of ours and cannot be imported."""
    (tmp_path / "story.py").write_text(STORY, encoding="utf-8")
    for name in ("hw", "sw", "sim"):
        foreign_package(tmp_path, name)
    return Installed(python, tmp_path)
