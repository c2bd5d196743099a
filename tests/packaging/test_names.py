"""The command's packages are its own, whoever else has packages of these names."""

import shutil

import pytest

from dragoncage import PACKAGES

from .packaging_support import foreign_package


pytestmark = pytest.mark.slow

ADVICE = "; install and run dragoncage in an environment of its own\n"

MODULE = ("-m", "dragoncage")


def listed(done):
    """Tell whether a command has listed the scenarios, and nothing else."""
    return ((done.returncode, done.stderr) == (0, "")
            and "shootdown  [4level, 32bit, pae, 5level]" in done.stdout)


def test_what_runs_is_what_was_installed(installed):
    code  = "import dragoncage; dragoncage.activate(); import hw, sw, sim\n" \
            "print(*(module.__path__[0] for module in (dragoncage, hw, sw, sim)))"
    place = installed.python.parents[1]
    assert all(folder.startswith(f"{place}/lib/") for folder in installed.ask(code).split())


def test_the_script_is_not_misled_by_the_path(installed):
    assert listed(installed.run(installed.script, "list", PYTHONPATH="."))


def test_the_module_is_not_misled_by_the_folder(installed):
    assert listed(installed.run(installed.python, *MODULE, "list"))


def test_a_file_instead_of_a_package_misleads_nobody(installed):
    for name in PACKAGES:
        shutil.rmtree(installed.folder / name)
        (installed.folder / f"{name}.py").write_text("raise RuntimeError\n")
    assert listed(installed.run(installed.python, *MODULE, "list"))


def test_a_scenario_gets_our_packages_and_the_modules_beside_it(installed):
    story = installed.folder / "story.py"
    story.write_text(story.read_text().replace("MODES", "from beside import NAME\n\n\nMODES", 1)
                     .replace('"writer"', "NAME"))
    (installed.folder / "beside.py").write_text('NAME = "somebody"\n')
    done = installed.run(installed.python, *MODULE, "run", "story.py")
    assert done.returncode == 0, done.stderr
    assert "ok: 1 of 1 claims hold" in done.stdout


def test_a_program_of_ones_own_gets_our_packages_too(installed):
    code = "import dragoncage; dragoncage.activate(); dragoncage.activate()\n" \
           "from hw.mmu import Mmu; print(Mmu.__module__)"
    assert installed.ask(code) == "hw.mmu"


@pytest.mark.parametrize("name", PACKAGES)
def test_a_foreign_package_that_was_imported_before_is_named(installed, name):
    foreign_package(installed.folder, name, "")
    (installed.folder / "sitecustomize.py").write_text(f"import {name}\n")
    done = installed.run(installed.script, "list", PYTHONPATH=str(installed.folder))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (f'dragoncage: another package "{name}" was imported before that of '
                           f"dragoncage, from {installed.folder}/{name}/__init__.py{ADVICE}")


@pytest.mark.parametrize("name", PACKAGES)
def test_a_foreign_package_without_an_init_file_that_was_imported_before_is_named(installed, name):
    (installed.folder / name / "__init__.py").unlink()
    (installed.folder / "sitecustomize.py").write_text(f"import {name}\n")
    # Only the folder's are on the path at that time.
    done = installed.run(installed.python, "-S", "-c", "import runpy, sitecustomize, site; "
                         "site.main(); runpy.run_module('dragoncage', run_name='__main__')")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f'dragoncage: another package "{name}" was imported before')
    assert f"from {installed.folder}/{name}; " in done.stderr


def test_a_module_from_no_file_is_named_too(installed):
    code = "import sys, types, dragoncage; sys.modules['hw'] = types.ModuleType('hw')\n" \
           "try: dragoncage.activate()\n" \
           "except ImportError as error: print(error)"
    assert installed.ask(code) == (
        'another package "hw" was imported before that of dragoncage, from no file')


def test_a_program_of_ones_own_is_told_by_an_exception(installed):
    foreign_package(installed.folder, "sw", "")
    code = "import sw, dragoncage\n" \
           "try: dragoncage.activate()\n" \
           "except ImportError as error: print(error.name, error)"
    assert installed.ask(code).startswith('sw another package "sw" was imported before that of ')
