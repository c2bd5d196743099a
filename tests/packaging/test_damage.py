"""Packages of others in the very folder of ours, or where ours are missing."""

import shutil
import zipfile

import pytest

from dragoncage import PACKAGES

from .packaging_support import OTHERS, Installed, bare, foreign_package


ADVICE = "; install and run dragoncage in an environment of its own\n"


@pytest.fixture
def loose(distributions, tmp_path):
    """The project as the files of the wheel, in a folder "lib", which comes last on the path."""
    with zipfile.ZipFile(distributions.wheel) as file:
        file.extractall(tmp_path / "lib")
    return Installed(bare(tmp_path / "environment", *OTHERS, tmp_path / "lib"), tmp_path)


def complaint(loose):
    """Complaint of the command on standard error, for which it does nothing."""
    done = loose.run(loose.python, "-m", "dragoncage", "list")
    assert (done.returncode, done.stdout) == (2, "")
    return done.stderr


@pytest.mark.slow
def test_a_foreign_package_in_an_environment_of_ours_is_not_taken_for_it(loose):
    [packages] = loose.folder.glob("environment/lib/python*/site-packages")
    for name in PACKAGES:
        foreign_package(packages, name)
    done = loose.run(loose.python, "-m", "dragoncage", "list")
    assert (done.returncode, done.stderr) == (0, "") and "shootdown" in done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("name", PACKAGES)
def test_a_foreign_package_that_was_installed_over_ours_is_named(loose, name):
    foreign_package(loose.folder / "lib", name, "")
    assert complaint(loose) == (f'dragoncage: another package "{name}" was installed over that of '
                                f"dragoncage: {loose.folder}/lib/{name}/__init__.py{ADVICE}")


@pytest.mark.slow
def test_another_copy_of_ours_that_was_imported_before_is_named(loose):
    copy = loose.folder / "copy/hw"
    shutil.copytree(loose.folder / "lib/hw", copy)
    (copy.parent / "sitecustomize.py").write_text("import hw\n")
    done = loose.run(loose.python, "-m", "dragoncage", "list", PYTHONPATH=str(copy.parent))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (f'dragoncage: another package "hw" was imported before that of '
                           f"dragoncage, from {copy}/__init__.py{ADVICE}")


@pytest.mark.slow
@pytest.mark.parametrize("remove", [shutil.rmtree, lambda path: (path / "__init__.py").unlink()],
                         ids=["wholly", "in part"])
def test_a_package_that_was_removed_is_named(loose, remove):
    remove(loose.folder / "lib/sw")
    assert complaint(loose) == (f'dragoncage: the package "sw" of dragoncage is not in '
                                f"{loose.folder}/lib{ADVICE}")


@pytest.mark.slow
def test_a_foreign_module_that_was_installed_over_ours_is_named(loose):
    file = loose.folder / "lib/hw/presets.py"
    file.write_text("")
    [line] = complaint(loose).splitlines(keepends=True)
    assert line.startswith("dragoncage: cannot import name 'PRESETS' from 'hw.presets'")
    assert str(file) in line and line.endswith(ADVICE)


@pytest.mark.slow
def test_a_package_of_others_that_is_missing_is_named(loose):
    alone = Installed(bare(loose.folder / "another", loose.folder / "lib"), loose.folder)
    assert complaint(alone) == f"dragoncage: No module named 'amaranth'{ADVICE}"
